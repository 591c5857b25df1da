//! ACM: certificates of load balancers and others.
