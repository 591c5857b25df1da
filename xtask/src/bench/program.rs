//! Benchmark e: from an edit to a plan.
//!
//! The stacks crate's build, the command's start, and a plan without changes of a small stack.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::timed;
use super::{Figure, binary, plan, stacks};

/// Which build of the command is measured: `release`, or `dev` where nobody has the time.
const PROFILE: &str = "INFRA_BENCH_PROFILE";

/// Measures all parts.
pub(super) fn measure(root: &Path, quick: bool) -> Result<Vec<Figure>, String> {
    let asked = std::env::var(PROFILE).unwrap_or_else(|_| "release".to_owned());
    let profile = if quick { "dev" } else { asked.as_str() };
    let infra = command(root, profile)?;
    let mut figures = Vec::new();
    if !quick {
        figures.extend(stacks::measure(root)?);
    }
    figures.extend(binary::measure(&infra, profile, quick)?);
    figures.extend(plan::measure(root, &infra, profile, quick)?);
    Ok(figures)
}

/// Builds the command.
fn command(root: &Path, profile: &str) -> Result<PathBuf, String> {
    let folder = match profile {
        "release" => "release",
        "dev" => "debug",
        _ => return Err(format!("{PROFILE} is `release` or `dev`, not `{profile}`")),
    };
    // As a part of the whole, so that the tests' build serves too.
    timed(
        Command::new(cargo())
            .args(["build", "--locked", "--workspace", "--bin", "infra", "--profile", profile])
            .current_dir(root),
    )?;
    // This program is in the same target directory, wherever that is.
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(2).ok_or("there is no target directory")?;
    Ok(target.join(folder).join("infra"))
}

/// The cargo that runs this task.
pub(super) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A figure of this benchmark.
pub(super) fn figure(size: &str, measure: &str, value: f64, unit: &str) -> Figure {
    Figure {
        benchmark: "program".to_owned(),
        size: size.to_owned(),
        measure: measure.to_owned(),
        value,
        unit: unit.to_owned(),
    }
}
