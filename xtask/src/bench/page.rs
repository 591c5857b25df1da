//! docs/benchmarks.md, made of what was measured last of each benchmark.
//!
//! Start reading at [`page`].

use super::reach::verdicts;
use super::{Benchmark, Section};

const HEAD: &str = "# Benchmarks

Written by `cargo xtask bench`; `make bench` runs all of them and `cargo xtask bench NAME` one. A
section is of the run that it names, its figures are in `docs/benchmarks/`, and sections of
benchmarks that were not run since are as they were. Times are of one machine that may have had other
things to do: compare ratios and counts, and times within a section.
";

/// The page.
pub(super) fn page(sections: &[Section]) -> String {
    let mut text = format!("{HEAD}\n## Reach\n\n{}", reach(sections));
    for benchmark in Benchmark::ALL {
        let name = benchmark.name();
        text.push_str(&format!("\n## {name}\n\n{}\n\n", benchmark.about()));
        match sections.iter().find(|section| section.benchmark == benchmark) {
            None => text.push_str(&format!("Not measured yet: `cargo xtask bench {name}`.\n")),
            Some(section) => {
                let Section { commit, day, machine, .. } = section;
                let run = format!("`cargo xtask bench {name}`, {day}, commit {commit}, {machine}.");
                text.push_str(&format!("{run}\n\n{}", table(section)));
            }
        }
    }
    text
}

/// Targets as a table of Markdown.
pub(super) fn reach(sections: &[Section]) -> String {
    let mut text = "| what | is to be | is | reached |\n| --- | --- | ---: | --- |\n".to_owned();
    for verdict in verdicts(sections) {
        let reached = match verdict.reached {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let (what, bound, measured) = (verdict.what, verdict.bound, verdict.measured);
        text.push_str(&format!("| {what} | {bound} | {measured} | {reached} |\n"));
    }
    text
}

/// Figures of a benchmark as a table of Markdown: a row a measure, a column a size.
pub(super) fn table(section: &Section) -> String {
    let (mut sizes, mut measures) = (Vec::new(), Vec::new());
    for figure in &section.figures {
        if !sizes.contains(&&figure.size) {
            sizes.push(&figure.size);
        }
        if !measures.contains(&&figure.measure) {
            measures.push(&figure.measure);
        }
    }
    // Names stay in the order in which they were told.
    sizes.sort_by_key(|size| size.parse::<u64>().unwrap_or_default());
    let mut text = format!("| {} |", section.benchmark.sizes());
    text.extend(sizes.iter().map(|size| format!(" {size} |")));
    text.push_str("\n| --- |");
    text.extend(sizes.iter().map(|_| " ---: |"));
    text.push('\n');
    for measure in measures {
        text.push_str(&format!("| {measure} |"));
        for size in &sizes {
            // A measure that was told twice was measured twice: the later one counts.
            let figure = section
                .figures
                .iter()
                .rev()
                .find(|figure| figure.measure == *measure && figure.size == **size);
            let shown = figure.map(|figure| format!(" {}", figure.shown())).unwrap_or_default();
            text.push_str(&format!("{shown} |"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{page, table};
    use crate::bench::{Benchmark, Figure, Section};

    fn section() -> Section {
        let rows = [
            "engine\t4000\tplan\t0.25\ts",
            "engine\t1000\tplan\t0.0625\ts",
            "engine\t1000\tpeak\t12\tMB",
            "engine\t1000\tplan\t0.05\ts",
        ];
        Section {
            benchmark: Benchmark::Engine,
            commit: "0a1b2c3".to_owned(),
            day: "2026-11-22".to_owned(),
            machine: "2 processors".to_owned(),
            figures: rows.map(|row| Figure::read(row).unwrap()).to_vec(),
        }
    }

    #[test]
    fn a_row_is_a_measure_and_a_column_is_a_size() {
        let expected = "| resources | 1000 | 4000 |\n| --- | ---: | ---: |\n\
            | plan | 0.050 s | 0.250 s |\n| peak | 12 MB | |\n";
        assert_eq!(table(&section()), expected);
    }

    #[test]
    fn the_page_says_what_was_run_and_what_was_not() {
        let page = page(&[section()]);
        let run = "`cargo xtask bench engine`, 2026-11-22, commit 0a1b2c3, 2 processors.";
        assert!(page.contains(run), "{page}");
        assert!(page.contains("Not measured yet: `cargo xtask bench store`."), "{page}");
    }
}
