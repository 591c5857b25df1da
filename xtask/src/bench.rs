//! `cargo xtask bench`: how long the stacks crate takes to build, cold and after an edit.
//!
//! Builds in a target directory of its own, which is removed afterwards, so that nothing is warm
//! that a newcomer would not have. The registry's sources are expected to be downloaded.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Edits that are timed; the median is reported.
const EDITS: usize = 5;

/// A figure: what was measured, and how long it took.
pub type Figure = (&'static str, Duration);

/// Measures the stacks crate of the repository at `root`.
///
/// # Errors
/// When cargo fails or the directory cannot be made.
pub fn stacks(root: &Path) -> Result<Vec<Figure>, String> {
    let target = std::env::temp_dir().join(format!("infra-bench-{}", std::process::id()));
    let measured = measure(root, &target);
    let removed = fs::remove_dir_all(&target).map_err(|error| error.to_string());
    let figures = measured?;
    removed?;
    Ok(figures)
}

fn measure(root: &Path, target: &Path) -> Result<Vec<Figure>, String> {
    let main = root.join("stacks/src/main.rs");
    let cold = build(root, target)?;
    let unchanged = build(root, target)?;
    let mut edits = Vec::new();
    for _ in 0..EDITS {
        touch(&main)?;
        edits.push(build(root, target)?);
    }
    edits.sort();
    Ok(vec![
        ("cold, all dependencies", cold),
        ("after an edit, median of 5", edits[EDITS / 2]),
        ("nothing changed", unchanged),
    ])
}

fn build(root: &Path, target: &Path) -> Result<Duration, String> {
    let started = Instant::now();
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--locked", "--package", "stacks"])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(started.elapsed()) } else { Err(format!("cargo: {status}")) }
}

fn touch(file: &Path) -> Result<(), String> {
    fs::File::options()
        .append(true)
        .open(file)
        .and_then(|file| file.set_modified(std::time::SystemTime::now()))
        .map_err(|error| format!("{}: {error}", file.display()))
}
