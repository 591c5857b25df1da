//! `infra new`: a workspace that plans at once.
//!
//! Start reading at [`command`]. What is made stands in `template/`, as the files that a user gets.

mod command;
mod name;
mod sdk;
mod workspace;

pub(crate) use command::{NewArgs, run};
