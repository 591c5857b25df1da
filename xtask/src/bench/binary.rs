//! The command itself: how large it is, and how long it takes to start.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Figure;
use super::process::{median, peak, timed};
use super::program::figure;

/// Starts that are timed; the median is reported.
const STARTS: usize = 20;

/// What is started: nothing that asks anybody.
const STARTED: &[&[&str]] = &[&["--version"], &["--help"]];

/// Measures a binary that was built with a profile.
pub(super) fn measure(infra: &Path, profile: &str, quick: bool) -> Result<Vec<Figure>, String> {
    let size = format!("infra, {profile}");
    let of = |measure: &str, value, unit| figure(&size, measure, value, unit);
    let bytes = fs::metadata(infra).map_err(|e| format!("{}: {e}", infra.display()))?.len();
    let (symbols, libraries) = dynamic(infra)?;
    let mut figures = vec![
        of("size", approximately(bytes) / 1e6, "MB"),
        of("dynamic symbols", approximately(symbols), "count"),
        of("dynamic libraries", approximately(libraries), "count"),
    ];
    let starts = if quick { 1 } else { STARTS };
    for words in STARTED {
        let named = format!("infra {}", words.join(" "));
        let time = median(starts, || timed(Command::new(infra).args(*words)))?;
        figures.push(of(&named, time, "ms"));
        let most = peak(Command::new(infra).args(*words))?;
        figures.push(of(&format!("{named}, peak memory"), most, "MB"));
    }
    Ok(figures)
}

/// How many symbols and libraries the linker of the system has to look for.
fn dynamic(infra: &Path) -> Result<(u64, u64), String> {
    let output = Command::new("readelf")
        .args(["--wide", "--dyn-syms", "--dynamic"])
        .arg(infra)
        .output()
        .map_err(|error| format!("readelf, of the binutils: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let symbols = text.lines().filter(|line| line.contains(" UND ")).count();
    let libraries = text.lines().filter(|line| line.contains("(NEEDED)")).count();
    // The first symbol of every file is no symbol.
    let symbols = u64::try_from(symbols).unwrap_or_default().saturating_sub(1);
    Ok((symbols, u64::try_from(libraries).unwrap_or_default()))
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and counts are small")]
pub(super) fn approximately(number: u64) -> f64 {
    number as f64
}
