//! What every handler needs.

pub(crate) use crate::frame::calls::{Calls, CreateClass, Naming, actions};
pub(crate) use crate::frame::clients::Aws;
pub(crate) use crate::frame::error::{Result, missing, parsed};
pub(crate) use crate::frame::handler::{Changed, Creating, Handler, Known, Reads, Seen, TagChange};
pub(crate) use crate::frame::preflight::{self, Leaving};
pub(crate) use crate::frame::read::{
    EC2_FILTER_VALUES, absent, read_each, read_many, read_named, read_shared,
};
pub(crate) use crate::frame::readings::{Question, Readings};
pub(crate) use crate::frame::wire::{number, recorded_flag, text, time};
pub(crate) use infra_sdk::Diagnostic;
