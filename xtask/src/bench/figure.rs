//! A figure as a benchmark tells it: five cells of a line.
//!
//! The main type is [`Figure`].

use std::fmt;

/// Units that figures have. Source: the programs; another one is a slip.
const UNITS: &[&str] = &["s", "ms", "MB", "calls", "x", "per second", "exponent", "count"];

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The benchmark's name.
    pub benchmark: String,
    /// How large what was measured is, or which one.
    pub size: String,
    /// What was measured, in a few words.
    pub measure: String,
    /// The number.
    pub value: f64,
    /// What the number counts.
    pub unit: String,
}

impl Figure {
    /// Reads a line: benchmark, size, measure, value, unit, with tabs between.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(line: &str) -> Result<Self, String> {
        let cells: Vec<_> = line.split('\t').collect();
        let [benchmark, size, measure, value, unit] = cells.as_slice() else {
            return Err(format!("a figure has five cells: `{line}`"));
        };
        let number: f64 = value.parse().map_err(|_| format!("not a number: `{line}`"))?;
        if !number.is_finite() || !UNITS.contains(unit) || measure.is_empty() {
            return Err(format!("not a figure: `{line}`"));
        }
        Ok(Self {
            benchmark: (*benchmark).to_owned(),
            size: (*size).to_owned(),
            measure: (*measure).to_owned(),
            value: number,
            unit: (*unit).to_owned(),
        })
    }

    /// The value with its unit, as long as is of interest.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{} {}", number(self.value), self.unit)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { benchmark, size, measure, value, unit } = self;
        write!(f, "{benchmark}\t{size}\t{measure}\t{value}\t{unit}")
    }
}

/// A number with three digits that say something; whole ones as they are.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value.fract() == 0.0 || magnitude >= 100.0 {
        format!("{value:.0}")
    } else if magnitude >= 10.0 {
        format!("{value:.1}")
    } else if magnitude >= 1.0 {
        format!("{value:.2}")
    } else if magnitude >= 0.01 {
        format!("{value:.3}")
    } else {
        format!("{value:.5}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, number};

    #[test]
    fn a_figure_is_read_as_it_is_written() {
        let line = "engine\t1000\tplan, whole process\t0.125\ts";
        let figure = Figure::read(line).unwrap();
        assert_eq!(figure.to_string(), line);
        assert_eq!(figure.shown(), "0.125 s");
        for wrong in ["", "engine\t1\tplan\ts", "engine\t1\tplan\tNaN\ts", "engine\t1\tplan\t1\tkg"]
        {
            assert!(Figure::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        let shown = [0.0, 1481.0, 1481.3, 24.68, 1.049, 0.6312, 0.000_42].map(number);
        assert_eq!(shown, ["0", "1481", "1481", "24.7", "1.05", "0.631", "0.00042"]);
    }
}
