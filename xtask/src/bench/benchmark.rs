//! Which benchmarks there are, and how each is run.
//!
//! The main type is [`Benchmark`].

/// A benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Benchmark {
    /// The engine with trivial resources.
    Engine,
    /// A network at the emulator.
    Network,
    /// Waits against the critical path.
    Waits,
    /// The store.
    Store,
    /// The stacks crate and the command itself.
    Program,
}

impl Benchmark {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 5] =
        [Self::Engine, Self::Network, Self::Waits, Self::Store, Self::Program];

    /// Its name on the command line and in its figures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Network => "network",
            Self::Waits => "waits",
            Self::Store => "store",
            Self::Program => "program",
        }
    }

    /// The benchmark of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|benchmark| benchmark.name() == name)
    }

    /// What it measures, in a sentence for the page.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Engine => {
                "The engine alone, without a network: plan, apply, plan again and destroy of layers of \
                 trivial resources; beside Terraform or OpenTofu on the same graph where one is there. A \
                 command of theirs is stopped after ten minutes: it takes at least what is written."
            }
            Self::Network => {
                "A network against AWS's emulator: API calls, time and memory of apply, a plan without \
                 changes, and destroy. Most of the time is the emulator's, which answers on one processor \
                 and takes longer with every object that it has: seconds for a route table of hundreds."
            }
            Self::Waits => {
                "Apply against the critical path, with a provider whose calls take as long as AWS's do, \
                 at a thousandth of the time."
            }
            Self::Store => {
                "The store on the disk of this machine: durable operations beside what the disk itself \
                 can sync in the same run."
            }
            Self::Program => {
                "From an edit to a plan: the build of the stacks crate, the start of the command, and a \
                 plan without changes of a small stack of built-in types."
            }
        }
    }

    /// What a size is.
    #[must_use]
    pub fn sizes(self) -> &'static str {
        match self {
            Self::Engine | Self::Network | Self::Waits => "resources",
            Self::Store => "records or writers",
            Self::Program => "what",
        }
    }

    /// The words after `cargo` that run its program; none for the one that is measured here.
    #[must_use]
    pub fn words(self, quick: bool) -> &'static [&'static str] {
        match (self, quick) {
            (Self::Engine, false) => {
                &["bench", "--locked", "-p", "infra-engine", "--bench", "engine"]
            }
            (Self::Waits, false) => {
                &["bench", "--locked", "-p", "infra-engine", "--bench", "waits"]
            }
            (Self::Store, false) => &["bench", "--locked", "-p", "infra-state", "--bench", "store"],
            // As `cargo test --workspace` has built everything that they need.
            (Self::Engine, true) => {
                &["bench", "--locked", "--workspace", "--profile", "dev", "--bench", "engine"]
            }
            (Self::Waits, true) => {
                &["bench", "--locked", "--workspace", "--profile", "dev", "--bench", "waits"]
            }
            (Self::Store, true) => {
                &["bench", "--locked", "--workspace", "--profile", "dev", "--bench", "store"]
            }
            (Self::Network, _) => &[
                "test",
                "--locked",
                "--workspace",
                "--test",
                "scale",
                "--",
                "--nocapture",
                "--test-threads",
                "1",
            ],
            (Self::Program, _) => &[],
        }
    }

    /// Sizes that are given to its program; its own without.
    #[must_use]
    pub fn asked(self, quick: bool) -> Option<&'static str> {
        match (self, quick) {
            (Self::Network, false) => Some("100,1000,3000"),
            (Self::Network, true) => Some("20"),
            (Self::Engine | Self::Waits | Self::Store, true) => Some("50,100"),
            _ => None,
        }
    }
}
