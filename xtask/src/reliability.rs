//! `cargo xtask reliability`: everything that tests/reliability and the proofs of the stores sample,
//! whole, and its figures.
//!
//! The figures are appended to docs/reliability-runs.md with the seed, the day and the machine.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::machine::{commit, day, machine};

/// What is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Where chance starts from; 1 without it.
    pub seed: Option<u64>,
    /// How many rounds of a sweep at most.
    pub most: Option<u64>,
    /// Only tests with this in their names.
    pub filter: Option<String>,
}

impl Options {
    /// Reads the words after the task's name.
    ///
    /// # Errors
    /// A word that is not understood.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let slot = match word.as_str() {
                "--seed" => &mut options.seed,
                "--most" => &mut options.most,
                _ if !word.starts_with('-') && options.filter.is_none() => {
                    options.filter = Some(word);
                    continue;
                }
                _ => return Err(format!("`{word}` is not understood")),
            };
            let number = words.next().and_then(|number| number.parse().ok());
            *slot = Some(number.ok_or_else(|| format!("`{word}` takes a number"))?);
        }
        Ok(options)
    }
}

/// Runs the tests and appends their figures, also those of tests that fail. Whether all passed.
///
/// # Errors
/// When cargo cannot be started, or the figures cannot be written.
pub fn run(root: &Path, options: &Options) -> Result<bool, String> {
    let figures = std::env::temp_dir().join(format!("infra-figures-{}", std::process::id()));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // The stack program of the tests is an example, which a single test does not build.
    let built = Command::new(&cargo)
        .args(["build", "--locked", "--workspace", "--examples"])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !built.success() {
        return Err("the examples do not build".to_owned());
    }
    let mut passed = true;
    for tests in [&["--test", "store", "--test", "s3"][..], &["--test", "reliability"]] {
        let mut command = Command::new(&cargo);
        command
            .args(["test", "--locked", "--workspace", "--no-fail-fast"])
            .args(tests)
            // One after the other: figures are of a machine at rest.
            .args(["--", "--nocapture", "--test-threads", "1"])
            .args(&options.filter)
            .current_dir(root)
            .env("INFRA_RELIABILITY", "full")
            .env("INFRA_RELIABILITY_WHOLE", "1")
            .env("INFRA_RELIABILITY_FIGURES", &figures)
            .env("INFRA_RELIABILITY_SEED", options.seed.unwrap_or(1).to_string());
        if let Some(most) = options.most {
            command.env("INFRA_RELIABILITY_MOST", most.to_string());
        }
        passed &= command.status().map_err(|error| format!("cargo: {error}"))?.success();
    }
    let rows = fs::read_to_string(&figures)
        .map_err(|error| format!("no figures: {}: {error}", figures.display()))?;
    let (day, commit, machine) = (day()?, commit(root)?, machine()?);
    let mut table = String::new();
    for row in rows.lines() {
        let cells = row.replace('\t', " | ");
        table.push_str(&format!("| {day} | {commit} | {cells} | {machine} |\n"));
    }
    let page = root.join("docs/reliability-runs.md");
    fs::File::options()
        .append(true)
        .open(&page)
        .and_then(|mut file| file.write_all(table.as_bytes()))
        .map_err(|error| format!("{}: {error}", page.display()))?;
    fs::remove_file(&figures).map_err(|error| format!("{}: {error}", figures.display()))?;
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn words_are_understood_or_refused() {
        let parse = |text: &str| Options::parse(text.split_whitespace().map(str::to_owned));
        assert_eq!(parse(""), Ok(Options::default()));
        let all = Options { seed: Some(7), most: Some(20), filter: Some("kills".to_owned()) };
        assert_eq!(parse("kills --seed 7 --most 20"), Ok(all));
        for wrong in ["--sed 7", "--seed", "--seed x", "kills faults"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
