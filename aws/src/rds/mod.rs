//! RDS: relational databases.
