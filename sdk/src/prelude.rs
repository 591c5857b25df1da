//! What a stack's file usually needs: `use infra_sdk::prelude::*;`.
//!
//! Only glob imports let a stack call its own settings `Settings` and still derive them.

pub use crate::builtin::{self, random};
pub use crate::ipnet::{Ipv4Net, Ipv6Net};
pub use crate::units::{Days, Gibibytes, Seconds};
pub use crate::{
    Arn, CommonOptions, Error, Global, Home, Output, Region, Result, Scope, Settings, Stack, text,
};
