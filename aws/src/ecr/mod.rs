//! ECR: image repositories.
