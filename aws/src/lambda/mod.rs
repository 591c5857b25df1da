//! Lambda: functions.
