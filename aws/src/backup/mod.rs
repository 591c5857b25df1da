//! AWS Backup.
