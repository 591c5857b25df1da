//! Checks: rules over the plan of a stack, written in Rust, that run in the program.
//!
//! The main types are [`Rule`], which is registered with [`Program::check`](crate::Program::check) or
//! in a [`Pack`], and [`PlanView`], which it looks at. A rule reports to a [`Report`] and decides
//! nothing: how many findings are too many is said in `infra.toml`. Sensitive values never reach the
//! program: a rule learns that a value is sensitive and nothing else of it.

mod fact;
mod planned;
mod preview;
mod rule;
mod run;
mod view;

pub use fact::Fact;
pub use planned::{Action, Planned, PlannedResource};
pub use preview::preview;
pub use rule::{Finding, Pack, Report, Rule, Severity};
pub use run::{Outcome, run};
pub use view::PlanView;
