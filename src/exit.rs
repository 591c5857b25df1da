//! Exit codes: a contract that scripts rely on, and the guard that turns a panic into one.
//!
//! The main type is [`Exit`]. No other file names a number.

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, or there was nothing to do.
    Done,
    /// 1: failed, and nothing that was asked for was done.
    Failed,
    /// 2: with `--detailed-exitcode`, changes are pending.
    Pending,
    /// 3: applied in part.
    Partial,
    /// 4: another run holds the state.
    Locked,
    /// 64: the command line is wrong.
    Usage,
    /// 70: a bug in `infra`.
    Bug,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::Partial => 3,
            Self::Locked => 4,
            Self::Usage => 64,
            Self::Bug => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Runs the command. A panic in it is reported as a bug of `infra` and becomes [`Exit::Bug`].
pub(crate) fn guarded(command: impl FnOnce() -> Exit) -> Exit {
    std::panic::set_hook(Box::new(report_bug));
    std::panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or(Exit::Bug)
}

fn report_bug(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
    let report = format!(
        "error[infra::bug]: this is a bug in infra\n  = {}{}\n  = infra {}\n  \
         = hint: run the command again, nothing is lost; report the lines above\n",
        message(info.payload()),
        place.unwrap_or_default(),
        env!("CARGO_PKG_VERSION"),
    );
    // Nobody is left to tell when stderr is closed too.
    let _ = std::io::stderr().write_all(report.as_bytes());
}

fn message(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_has_the_number_of_the_contract() {
        let exits = [
            Exit::Done,
            Exit::Failed,
            Exit::Pending,
            Exit::Partial,
            Exit::Locked,
            Exit::Usage,
            Exit::Bug,
        ];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 3, 4, 64, 70]);
    }

    #[test]
    fn a_panic_is_a_bug_and_nothing_else_is() {
        assert_eq!(guarded(|| Exit::Pending), Exit::Pending);
        assert_eq!(guarded(|| panic!("on purpose, for the test")), Exit::Bug);
        // Other tests of this process have panics of their own.
        drop(std::panic::take_hook());
    }
}
