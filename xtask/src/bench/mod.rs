//! `cargo xtask bench`: runs the benchmarks, prints their figures and writes docs/benchmarks.md.
//!
//! Start reading at [`run()`]. A benchmark is a program of its own that tells its figures in a file
//! ([`Figure`]); what is measured here itself is the stacks crate and the command. What was measured
//! last of each is kept in docs/benchmarks/ ([`Section`]), of which the page is made.

mod benchmark;
mod binary;
mod figure;
mod page;
mod plan;
mod process;
mod program;
mod reach;
mod run;
mod section;
mod stacks;

pub use benchmark::Benchmark;
pub use figure::Figure;
pub use run::{Options, run};
pub use section::Section;
