//! EKS: Kubernetes clusters.
