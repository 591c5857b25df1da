//! Sizes to measure, and where figures go: two variables that whoever runs all benchmarks sets.

use std::fmt::Display;
use std::io::Write;

/// The sizes that are asked for; a small one where none is.
pub(crate) fn sizes() -> Vec<usize> {
    let sizes = std::env::var("INFRA_BENCH_SIZES").unwrap_or_else(|_| "60".to_owned());
    sizes.split(',').map(|size| size.trim().parse().expect("sizes are numbers")).collect()
}

/// Says a figure, and appends it to the file of the figures where one is asked for.
#[expect(clippy::print_stderr, reason = "who runs it wants to see the figure")]
pub(crate) fn record(size: usize, measure: &str, value: &dyn Display, unit: &str) {
    eprintln!("network of {size}: {measure}: {value} {unit}");
    let Some(path) = std::env::var_os("INFRA_BENCH_FIGURES") else { return };
    let row = format!("network\t{size}\t{measure}\t{value}\t{unit}\n");
    let mut file =
        std::fs::File::options().append(true).create(true).open(path).expect("the figures' file");
    file.write_all(row.as_bytes()).expect("the figures are written");
}

/// Says how many calls there were of each operation.
#[expect(clippy::print_stderr, reason = "who runs it wants to see where the calls go")]
pub(crate) fn list(what: &str, calls: &std::collections::BTreeMap<String, usize>) {
    for (operation, count) in calls {
        eprintln!("    {what}: {count:>6} {operation}");
    }
}
