//! What was measured: for people on standard output, and for the table of all benchmarks in a file.
//!
//! The main type is [`Figures`].

use std::fs::File;
use std::io::Write as _;

/// A size with the value that was measured at it.
pub(crate) type Point = (usize, f64);

/// What was measured so far.
pub(crate) struct Figures {
    benchmark: &'static str,
    file: Option<File>,
    told: Vec<(usize, String, f64)>,
}

impl Figures {
    /// None yet. They go to the file that `INFRA_BENCH_FIGURES` names as well.
    pub(crate) fn new(benchmark: &'static str) -> Self {
        let path = std::env::var_os("INFRA_BENCH_FIGURES");
        let open = |path| File::options().append(true).create(true).open(path);
        let file = path.map(|path| open(path).expect("the file of figures can be written"));
        Self { benchmark, file, told: Vec::new() }
    }

    /// Tells one.
    pub(crate) fn add(&mut self, size: usize, measure: &str, value: f64, unit: &str) {
        println!("{size:>9}  {measure:<64} {value:>12.3} {unit}");
        if let Some(file) = &mut self.file {
            let benchmark = self.benchmark;
            writeln!(file, "{benchmark}\t{size}\t{measure}\t{value}\t{unit}")
                .expect("the file of figures can be written");
        }
        self.told.push((size, measure.to_owned(), value));
    }

    /// What was told of a measure, by size.
    pub(crate) fn of(&self, measure: &str) -> Vec<Point> {
        let told = self.told.iter().filter(|(_, name, _)| name == measure);
        told.map(|(size, _, value)| (*size, *value)).collect()
    }

    /// What was told of a measure at one size.
    pub(crate) fn at(&self, size: usize, measure: &str) -> Option<f64> {
        self.of(measure).into_iter().find(|point| point.0 == size).map(|point| point.1)
    }
}

/// By which power of the size a measure grows: the slope of its logarithm over the size's.
#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
pub(crate) fn exponent(points: &[Point]) -> Option<f64> {
    let logs: Vec<_> =
        points.iter().map(|(size, value)| ((*size as f64).ln(), value.ln())).collect();
    if logs.len() < 2 {
        return None;
    }
    let count = logs.len() as f64;
    let mean_size = logs.iter().map(|log| log.0).sum::<f64>() / count;
    let mean_value = logs.iter().map(|log| log.1).sum::<f64>() / count;
    let together: f64 = logs.iter().map(|log| (log.0 - mean_size) * (log.1 - mean_value)).sum();
    let alone: f64 = logs.iter().map(|log| (log.0 - mean_size).powi(2)).sum();
    Some(together / alone)
}

/// The steepest growth between two neighbouring sizes.
pub(crate) fn most_exponent(points: &[Point]) -> Option<f64> {
    points.windows(2).filter_map(exponent).max_by(f64::total_cmp)
}
