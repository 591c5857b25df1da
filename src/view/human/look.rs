//! How a plan looks: how much is told, and in which characters.
//!
//! The main type is [`Look`].

/// How much is told of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Detail {
    /// A line for each change; many alike share one.
    Concise,
    /// What changes; what stays is counted.
    #[default]
    Usual,
    /// What stays, too.
    Verbose,
}

/// How much is told, and in which characters.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// How much.
    pub(crate) detail: Detail,
    /// Whether the reader's terminal shows more than ASCII.
    pub(crate) unicode: bool,
}

impl Look {
    /// Between what was and what will be, and between a cause and what follows.
    pub(crate) fn arrow(self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }

    /// Whether what stays is told.
    pub(crate) fn is_verbose(self) -> bool {
        self.detail == Detail::Verbose
    }
}
