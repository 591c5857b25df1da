//! CloudTrail: who called what.
