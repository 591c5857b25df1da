//! What a run is to be, and where its figures go: three variables that `cargo xtask reliability` sets.

use std::fmt::Display;
use std::io::Write;

/// Whether everything is to be run, and not a sample.
pub(crate) fn whole() -> bool {
    std::env::var_os("INFRA_RELIABILITY_WHOLE").is_some()
}

/// How much of something is to be run: a sample, or all unless the caller said how much.
pub(crate) fn amount(sample: usize, all: usize) -> usize {
    if !whole() {
        return sample;
    }
    let most = std::env::var("INFRA_RELIABILITY_MOST").ok();
    most.map_or(all, |most| most.parse::<usize>().expect("a number").min(all))
}

/// Where chance starts from.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var("INFRA_RELIABILITY_SEED").ok();
    seed.map_or(1, |seed| seed.parse().expect("the seed is a number"))
}

/// Says a figure, and appends it to the file of the figures where one is asked for.
#[expect(clippy::print_stderr, reason = "who runs it wants to see the figure")]
pub(crate) fn record(figure: &str, counts: &dyn Display) {
    eprintln!("{figure}: {counts}");
    let Some(path) = std::env::var_os("INFRA_RELIABILITY_FIGURES") else { return };
    let row = format!("{figure}\t{}\t{counts}\n", seed());
    let mut file =
        std::fs::File::options().append(true).create(true).open(path).expect("the figures' file");
    file.write_all(row.as_bytes()).expect("the figures are written");
}

/// Says how far a long run is.
#[expect(clippy::print_stderr, reason = "who runs it for an hour wants to see it move")]
pub(crate) fn progress(what: &dyn Display) {
    eprintln!("{what}");
}
