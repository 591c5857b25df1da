//! How long the stacks crate takes to build, cold and after an edit.
//!
//! Builds in a target directory of its own, which is removed afterwards, so that nothing is warm
//! that a newcomer would not have. The registry's sources are expected to be downloaded.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Figure;
use super::process::{median, timed};
use super::program::{cargo, figure};

/// Edits that are timed; the median is reported.
const EDITS: usize = 5;

/// Measures the stacks crate of the repository at `root`.
pub(super) fn measure(root: &Path) -> Result<Vec<Figure>, String> {
    let target = std::env::temp_dir().join(format!("infra-bench-{}", std::process::id()));
    let measured = builds(root, &target);
    let removed = fs::remove_dir_all(&target).map_err(|error| error.to_string());
    let figures = measured?;
    removed?;
    Ok(figures)
}

fn builds(root: &Path, target: &Path) -> Result<Vec<Figure>, String> {
    let main = root.join("stacks/src/main.rs");
    let cold = build(root, target)?.as_secs_f64();
    let unchanged = median(EDITS, || build(root, target))? / 1e3;
    let edited = median(EDITS, || {
        touch(&main)?;
        build(root, target)
    })? / 1e3;
    let of = |measure, value| figure("stacks crate, debug", measure, value, "s");
    Ok(vec![
        of("build, cold, all dependencies", cold),
        of("build, after an edit of its main.rs", edited),
        of("build, nothing changed", unchanged),
    ])
}

fn build(root: &Path, target: &Path) -> Result<Duration, String> {
    timed(
        Command::new(cargo())
            .args(["build", "--quiet", "--locked", "--package", "stacks"])
            .env("CARGO_TARGET_DIR", target)
            .current_dir(root),
    )
}

fn touch(file: &Path) -> Result<(), String> {
    fs::File::options()
        .append(true)
        .open(file)
        .and_then(|file| file.set_modified(std::time::SystemTime::now()))
        .map_err(|error| format!("{}: {error}", file.display()))
}
