//! What several ECR types share.

/// Source: ECR API Reference, DescribeRepositories.
pub(super) const NO_REPOSITORY: &str = "RepositoryNotFoundException";
