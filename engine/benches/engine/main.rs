//! The engine alone: plan, apply, no-op plan and destroy of layers of trivial resources, and how time
//! and memory grow with their number; beside Terraform on the same graph, where it is on the path.
//!
//! Every verb at every size is a process of its own, which starts from files as a command does: what
//! the program declared, in the words of the protocol, and the state in the real store. What is
//! called the engine alone goes to a store in memory instead. Sizes come from `INFRA_BENCH_SIZES`;
//! those that Terraform gets, which takes minutes for 4,000, from `INFRA_BENCH_TERRAFORM_SIZES`.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod child;
mod figures;
mod graph;
mod terraform;
mod verbs;

use std::path::Path;

use child::{Kept, measure};
use figures::{Figures, exponent, most_exponent};
use verbs::Verb;

const SIZES: &[usize] = &[1_000, 4_000, 10_000, 100_000];

/// Sizes that Terraform is asked for as well.
const TERRAFORM_SIZES: &[usize] = &[1_000, 4_000];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [word, verbs, kept, folder, size] = arguments.as_slice()
        && word == child::WORD
    {
        child::run(verbs, Kept::of(kept), Path::new(folder), size.parse().expect("a number"));
        return;
    }
    let sizes = sizes("INFRA_BENCH_SIZES", SIZES);
    let compared = self::sizes("INFRA_BENCH_TERRAFORM_SIZES", TERRAFORM_SIZES);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut figures = Figures::new("engine");
    for &size in &sizes {
        one_size(size, folder.path(), &mut figures);
    }
    grown(&mut figures);
    for &size in sizes.iter().filter(|size| compared.contains(size)) {
        terraform::compare(size, folder.path(), &mut figures);
    }
}

fn sizes(variable: &str, otherwise: &[usize]) -> Vec<usize> {
    let Ok(text) = std::env::var(variable) else { return otherwise.to_vec() };
    let numbers = text.split([',', ' ']).filter(|word| !word.is_empty());
    numbers.map(|word| word.parse().unwrap_or_else(|_| panic!("{variable}: `{word}`"))).collect()
}

/// All verbs at one size: in memory, then each in a process of its own with the real store.
fn one_size(size: usize, folder: &Path, figures: &mut Figures) {
    let folder = folder.join(size.to_string());
    child::prepare(&folder, size);
    for (measure, value, unit) in measure("all", Kept::InMemory, &folder, size).told {
        figures.add(size, &measure, value, &unit);
    }
    for verb in Verb::ALL {
        let ran = measure(verb.name(), Kept::OnDisk, &folder, size);
        let name = verb.name();
        figures.add(size, &format!("{name}, whole process"), ran.took.as_secs_f64(), "s");
        for (measure, value, unit) in ran.told {
            figures.add(size, &measure, value, &unit);
        }
    }
}

/// How time and memory grow with the number of resources.
fn grown(figures: &mut Figures) {
    for verb in Verb::ALL {
        for what in ["processor time of the engine alone", "whole process", "peak memory"] {
            let measure = format!("{}, {what}", verb.name());
            let points = figures.of(&measure);
            if let (Some((largest, _)), Some(slope)) = (points.last(), exponent(&points)) {
                figures.add(*largest, &format!("{measure}, growth"), slope, "exponent");
                let most = most_exponent(&points).unwrap_or(slope);
                figures.add(*largest, &format!("{measure}, steepest growth"), most, "exponent");
            }
        }
    }
}
