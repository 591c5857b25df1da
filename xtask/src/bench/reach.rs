//! What the benchmarks are to reach, as ratios of one run or as counts, and whether they do.
//!
//! Start reading at [`verdicts`].

use super::figure::number;
use super::{Benchmark, Figure, Section};

/// On which side of its bound a value has to be.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// What stands before a value that is one end of where the true one is.
const AT_LEAST: &str = "at least";
const AT_MOST: &str = "at most";

/// Which measure: what else it says may name a verb or a program.
#[derive(Debug, Clone, Copy)]
enum Measure {
    Is(&'static str),
    Begins(&'static str),
    Ends(&'static str),
    Has(&'static str),
}

/// What is to be reached.
struct Target {
    what: &'static str,
    benchmark: Benchmark,
    /// Of figures of this size; of all without.
    size: Option<&'static str>,
    measure: Measure,
    unit: &'static str,
    bound: Bound,
}

const TARGETS: &[Target] = &[
    Target {
        what: "apply of 4,000 resources, times faster than Terraform's",
        benchmark: Benchmark::Engine,
        size: Some("4000"),
        measure: Measure::Begins("apply, times faster than "),
        unit: "x",
        bound: Bound::AtLeast(100.0),
    },
    Target {
        what: "its peak memory, as a part of Terraform's",
        benchmark: Benchmark::Engine,
        size: Some("4000"),
        measure: Measure::Begins("apply, memory as a part of that of "),
        unit: "x",
        bound: Bound::AtMost(0.1),
    },
    Target {
        what: "growth of time with the number of resources, every verb, the whole process",
        benchmark: Benchmark::Engine,
        size: Some("100000"),
        measure: Measure::Ends(", whole process, growth"),
        unit: "exponent",
        bound: Bound::AtMost(1.1),
    },
    Target {
        what: "growth of the engine's own processor time, every verb",
        benchmark: Benchmark::Engine,
        size: Some("100000"),
        measure: Measure::Ends(", processor time of the engine alone, growth"),
        unit: "exponent",
        bound: Bound::AtMost(1.1),
    },
    Target {
        what: "growth of memory, every verb",
        benchmark: Benchmark::Engine,
        size: Some("100000"),
        measure: Measure::Ends(", peak memory, growth"),
        unit: "exponent",
        bound: Bound::AtMost(1.1),
    },
    Target {
        what: "processor time of the engine in a plan of 1,000 resources",
        benchmark: Benchmark::Engine,
        size: Some("1000"),
        measure: Measure::Is("plan, processor time of the engine alone"),
        unit: "ms",
        bound: Bound::AtMost(100.0),
    },
    Target {
        what: "calls of a plan without changes of 1,000 network resources",
        benchmark: Benchmark::Network,
        size: Some("1000"),
        measure: Measure::Is("no-op plan, calls"),
        unit: "calls",
        bound: Bound::AtMost(40.0),
    },
    Target {
        what: "calls of a plan without changes of 300 security groups with 1,400 rules",
        benchmark: Benchmark::Network,
        size: Some("1701"),
        measure: Measure::Is("security groups: no-op plan, calls"),
        unit: "calls",
        bound: Bound::AtMost(20.0),
    },
    Target {
        what: "apply, as a multiple of the critical path",
        benchmark: Benchmark::Waits,
        size: None,
        measure: Measure::Has(": apply over critical path, "),
        unit: "x",
        bound: Bound::AtMost(1.1),
    },
    Target {
        what: "durable operations of 16 writers, of what the disk's sync rate allows with two for each",
        benchmark: Benchmark::Store,
        size: Some("16"),
        measure: Measure::Is("in flight: share of two syncs for each operation"),
        unit: "x",
        bound: Bound::AtLeast(0.6),
    },
    Target {
        what: "the same, of what it allows with two for each sixteen: a perfect group commit",
        benchmark: Benchmark::Store,
        size: Some("16"),
        measure: Measure::Is("in flight: share of the fsync-bound rate"),
        unit: "x",
        bound: Bound::AtLeast(0.6),
    },
];

/// Whether a target was reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What is to be reached.
    pub(super) what: &'static str,
    /// Its bound.
    pub(super) bound: String,
    /// What was measured; of several the worst.
    pub(super) measured: String,
    /// Whether that is enough; `None` where it was not measured.
    pub(super) reached: Option<bool>,
}

/// Holds what was measured against all targets.
pub(super) fn verdicts(sections: &[Section]) -> Vec<Verdict> {
    TARGETS.iter().map(|target| target.verdict(sections)).collect()
}

impl Target {
    fn verdict(&self, sections: &[Section]) -> Verdict {
        let of = sections.iter().filter(|section| section.benchmark == self.benchmark);
        let values = of.flat_map(|section| &section.figures).filter(|figure| {
            figure.unit == self.unit
                && self.size.is_none_or(|size| figure.size == size)
                && match self.measure {
                    Measure::Is(words) => figure.measure == words,
                    Measure::Begins(words) => figure.measure.starts_with(words),
                    Measure::Ends(words) => figure.measure.ends_with(words),
                    Measure::Has(words) => figure.measure.contains(words),
                }
        });
        let by_value = |a: &&Figure, b: &&Figure| a.value.total_cmp(&b.value);
        let (sign, limit, worst) = match self.bound {
            Bound::AtMost(limit) => (AT_MOST, limit, values.max_by(by_value)),
            Bound::AtLeast(limit) => (AT_LEAST, limit, values.min_by(by_value)),
        };
        let unit = if self.unit == "exponent" { "" } else { self.unit };
        let shown = |value| format!("{} {unit}", number(value)).trim_end().to_owned();
        // A measure says itself where its value is a bound of what would have been measured.
        let measured = |worst: &Figure| {
            let bounds = [AT_LEAST, AT_MOST].into_iter();
            let bound = bounds.filter(|bound| worst.measure.ends_with(&format!(", {bound}")));
            bound.chain([shown(worst.value).as_str()]).collect::<Vec<_>>().join(" ")
        };
        Verdict {
            what: self.what,
            bound: format!("{sign} {}", shown(limit)),
            measured: worst.map_or_else(|| "not measured".to_owned(), measured),
            reached: worst.map(|worst| match self.bound {
                Bound::AtMost(limit) => worst.value <= limit,
                Bound::AtLeast(limit) => worst.value >= limit,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Benchmark, Section, verdicts};
    use crate::bench::Figure;

    fn measured(benchmark: Benchmark, lines: &[&str]) -> Vec<Section> {
        let figures = lines.iter().map(|line| Figure::read(line).unwrap()).collect();
        let [commit, day, machine] = ["c", "d", "m"].map(str::to_owned);
        vec![Section { benchmark, commit, day, machine, figures }]
    }

    fn reached(benchmark: Benchmark, lines: &[&str]) -> Vec<(String, bool)> {
        let verdicts = verdicts(&measured(benchmark, lines)).into_iter();
        verdicts.filter_map(|verdict| Some((verdict.measured, verdict.reached?))).collect()
    }

    #[test]
    fn the_worst_of_several_is_held_against_the_bound() {
        let rows = [
            "engine\t100000\tplan, whole process, growth\t1.02\texponent",
            "engine\t100000\tapply, whole process, growth\t1.3\texponent",
            "engine\t100000\tapply, whole process, steepest growth\t9\texponent",
            "engine\t4000\tapply, times faster than tofu\t140\tx",
            "engine\t1000\tapply, times faster than tofu\t20\tx",
            "engine\t4000\tapply, memory as a part of that of tofu, at most\t0.05\tx",
        ];
        let expected = [("140 x", true), ("at most 0.050 x", true), ("1.30", false)];
        let expected = expected.map(|(measured, reached)| (measured.to_owned(), reached));
        assert_eq!(reached(Benchmark::Engine, &rows), expected);
    }

    #[test]
    fn a_bound_itself_is_reached_and_what_was_not_measured_is_not() {
        let rows = [
            "network\t1000\tno-op plan, calls\t40\tcalls",
            "network\t1000\tno-op plan, calls a resource\t1\tcalls",
            "network\t3000\tno-op plan, calls\t400\tcalls",
        ];
        assert_eq!(reached(Benchmark::Network, &rows), [("40 calls".to_owned(), true)]);
        assert_eq!(reached(Benchmark::Store, &rows), []);
        assert!(verdicts(&[]).iter().all(|verdict| verdict.reached.is_none()));
    }
}
