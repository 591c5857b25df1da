//! What a command that carries plans out does.
//!
//! The main type is [`Verb`]: everything that is said of the command follows from it.

use infra_engine::Mode;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// What is declared is made.
    Apply,
    /// What somebody else changed is recorded.
    Refresh,
    /// What is there is deleted.
    Destroy,
    /// A run is taken back.
    Undo,
    /// A past run is gone back to.
    Rollback,
}

impl Verb {
    /// What plans of this mode are carried out by.
    pub(crate) const fn of(mode: Mode) -> Self {
        match mode {
            Mode::Apply => Self::Apply,
            Mode::Refresh => Self::Refresh,
            Mode::Destroy => Self::Destroy,
        }
    }

    /// Which way the plans go.
    pub(crate) const fn mode(self) -> Mode {
        match self {
            Self::Apply | Self::Undo | Self::Rollback => Mode::Apply,
            Self::Refresh => Mode::Refresh,
            Self::Destroy => Mode::Destroy,
        }
    }

    /// The command: `apply`.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Refresh => "apply --refresh-only",
            Self::Destroy => "destroy",
            Self::Undo => "undo",
            Self::Rollback => "rollback",
        }
    }

    /// What somebody is asked to agree to.
    pub(crate) const fn question(self) -> &'static str {
        match self {
            Self::Refresh => "record what was changed outside",
            _ => self.command(),
        }
    }

    /// What it is called at the end: `Apply complete`.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Refresh => "Refresh",
            Self::Destroy => "Destroy",
            Self::Undo => "Undo",
            Self::Rollback => "Rollback",
        }
    }
}
