//! Systems Manager: parameters.
