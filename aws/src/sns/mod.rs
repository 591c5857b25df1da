//! SNS: topics.
