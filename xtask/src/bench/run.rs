//! Running benchmarks and writing down what they say.
//!
//! Start reading at [`run`].

use std::fs;
use std::path::Path;
use std::process::Command;

use super::page::{page, reach, table};
use super::{Benchmark, Figure, Section, program};
use crate::machine::{commit, day, machine};

/// What is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// These; all without.
    pub only: Vec<Benchmark>,
    /// Small sizes, unoptimised, and nothing written: whether the benchmarks still run at all.
    pub quick: bool,
}

impl Options {
    /// Reads the words after the task's name.
    ///
    /// # Errors
    /// A word that is not understood.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        for word in words {
            match (word.as_str(), Benchmark::of(&word)) {
                ("--quick", _) => options.quick = true,
                (_, Some(benchmark)) => options.only.push(benchmark),
                (_, None) => {
                    let names = Benchmark::ALL.map(Benchmark::name).join(", ");
                    return Err(format!("`{word}` is not understood; benchmarks are {names}"));
                }
            }
        }
        Ok(options)
    }
}

/// Runs benchmarks one after the other, tells their figures, and writes the page.
///
/// # Errors
/// With all that did not run; those that did are written.
pub fn run(root: &Path, options: &Options, say: &dyn Fn(&str)) -> Result<(), String> {
    let only: &[_] = if options.only.is_empty() { &Benchmark::ALL } else { &options.only };
    let mut failed = Vec::new();
    for &benchmark in only {
        match measure(root, benchmark, options.quick) {
            Ok(section) => {
                say(&format!("\n{}\n\n{}", benchmark.about(), table(&section)));
                if !options.quick {
                    section.save(root)?;
                }
            }
            Err(why) => failed.push(format!("{}: {why}", benchmark.name())),
        }
    }
    if !options.quick {
        let sections = Benchmark::ALL.into_iter().map(|known| Section::load(root, known));
        let sections: Vec<_> =
            sections.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        say(&reach(&sections));
        let path = root.join("docs/benchmarks.md");
        fs::write(&path, page(&sections)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn measure(root: &Path, benchmark: Benchmark, quick: bool) -> Result<Section, String> {
    // What is measured is what is there when it begins.
    let (commit, day, machine) = (commit(root)?, day()?, machine()?);
    let figures = match benchmark {
        Benchmark::Program => program::measure(root, quick)?,
        _ => told(root, benchmark, quick)?,
    };
    Ok(Section { benchmark, commit, day, machine, figures })
}

/// Sizes to measure, for the programs of all benchmarks.
const SIZES: &str = "INFRA_BENCH_SIZES";

/// Runs the program of a benchmark and reads the figures that it tells.
fn told(root: &Path, benchmark: Benchmark, quick: bool) -> Result<Vec<Figure>, String> {
    let name = benchmark.name();
    let file = std::env::temp_dir().join(format!("infra-bench-{}-{name}", std::process::id()));
    let mut command = Command::new(program::cargo());
    command.args(benchmark.words(quick)).current_dir(root).env("INFRA_BENCH_FIGURES", &file);
    // Who names sizes wants these: the page shows which they were.
    if let Some(sizes) = benchmark.asked(quick)
        && std::env::var_os(SIZES).is_none()
    {
        command.env(SIZES, sizes);
    }
    let status = command.status().map_err(|error| format!("cargo: {error}"))?;
    let text = fs::read_to_string(&file);
    if text.is_ok() {
        fs::remove_file(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if !status.success() {
        return Err(format!(
            "it did not run: `cargo {}`: {status}",
            benchmark.words(quick).join(" ")
        ));
    }
    let text = text.map_err(|_| "it told no figures".to_owned())?;
    let figures: Vec<_> = text.lines().map(Figure::read).collect::<Result<_, _>>()?;
    match figures.iter().find(|figure| figure.benchmark != name) {
        Some(stray) => Err(format!("a figure is of another benchmark: `{stray}`")),
        None if figures.is_empty() => Err("it told no figures".to_owned()),
        None => Ok(figures),
    }
}

#[cfg(test)]
mod tests {
    use super::{Benchmark, Options};

    #[test]
    fn words_are_understood_or_refused() {
        let parse = |text: &str| Options::parse(text.split_whitespace().map(str::to_owned));
        assert_eq!(parse(""), Ok(Options::default()));
        let two = Options { only: vec![Benchmark::Store, Benchmark::Engine], quick: true };
        assert_eq!(parse("store --quick engine"), Ok(two));
        for wrong in ["--quik", "stor"] {
            assert!(parse(wrong).unwrap_err().contains("engine, network"), "{wrong}");
        }
    }
}
