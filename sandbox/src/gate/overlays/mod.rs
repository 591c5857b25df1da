//! What no emulator has, each in a file of its own and each with a switch.

pub(crate) mod dependencies;
pub(crate) mod echo;
pub(crate) mod faults;
pub(crate) mod paging;
pub(crate) mod settings;
pub(crate) mod states;
pub(crate) mod throttle;
pub(crate) mod tokens;
