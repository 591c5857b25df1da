//! How often the proofs are repeated, and how they report.

use std::io::Write as _;

/// How many rounds a proof has: few in a normal run, many with `INFRA_RELIABILITY=full`.
pub(crate) fn rounds(normal: usize, full: usize) -> usize {
    let asked = std::env::var_os("INFRA_RELIABILITY").is_some_and(|value| value == "full");
    if asked { full } else { normal }
}

/// Reports a figure of the scoreboard.
pub(crate) fn figure(number: &str, text: &str) {
    infra_testkit::figure(number, text);
}

/// Says why a proof is not made here.
pub(crate) fn skipped(number: &str, reason: &str) {
    writeln!(std::io::stdout(), "figure {number} skipped: {reason}").expect("written");
}

/// Numbers that are the same in every run of a test.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("small")
    }
}
