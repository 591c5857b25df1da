//! KMS: keys.

/// A key.
#[derive(Debug)]
pub enum Key {}
