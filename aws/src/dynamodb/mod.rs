//! DynamoDB: tables.
