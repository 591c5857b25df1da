//! Exit codes: a contract that scripts rely on, and the guard that turns a panic into one.
//!
//! The main type is [`Exit`]. No other file names a number. What a panic says is never shown: it may
//! hold a value that is secret.

use std::io::Write;
use std::panic::{AssertUnwindSafe, Location, PanicHookInfo};
use std::process::ExitCode;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, or there was nothing to do.
    Done,
    /// 1: failed, and nothing that was asked for was done.
    Failed,
    /// 2: with `--detailed-exitcode`, changes are pending; with `drift`, there is some.
    Pending,
    /// 3: applied in part.
    Partial,
    /// 4: another run holds the state.
    Locked,
    /// 5: the checks found more than is let through.
    Findings,
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
            Self::Findings => 5,
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
    leave_no_dump();
    std::panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or(Exit::Bug)
}

/// Secrets are in memory while a run goes on: no core file, and no other process of the user may
/// look. A system that refuses it is as safe as it was before.
fn leave_no_dump() {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
}

fn report_bug(info: &PanicHookInfo<'_>) {
    // Nobody is left to tell when stderr is closed too.
    std::io::stderr().write_all(bug(info.location()).as_bytes()).ok();
}

/// What is told about a panic: where, and never what it says.
fn bug(place: Option<&Location<'_>>) -> String {
    let place = place.map_or_else(
        || "at an unknown place".to_owned(),
        |place| format!("at {}:{}:{}", place.file(), place.line(), place.column()),
    );
    format!(
        "error[infra::bug]: this is a bug in infra\n  = a panic {place}\n  = infra {}\n  \
         = hint: run the command again, nothing is lost; report the lines above\n",
        env!("CARGO_PKG_VERSION"),
    )
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
            Exit::Findings,
            Exit::Usage,
            Exit::Bug,
        ];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 3, 4, 5, 64, 70]);
    }

    /// What must not be shown of a panic, one for each place where one can be.
    const SECRETS: [&str; 6] =
        ["Kn0/0a=q", "Kn1/1b=q", "Kn2/2c=q", "Kn3/3d=q", "Kn4/4e=q", "Kn5/5f=q"];
    /// Asks this program to panic wherever it can.
    const PLANTED: &str = "INFRA_TEST_PANICS";

    #[test]
    fn a_panic_is_a_bug_and_nothing_else_is() {
        assert_eq!(guarded(|| Exit::Pending), Exit::Pending);
        assert_eq!(guarded(|| panic!("on purpose, for the test")), Exit::Bug);
        // Other tests of this process have panics of their own.
        drop(std::panic::take_hook());
    }

    /// Not a test of its own. Without its variable it does nothing.
    #[test]
    fn panics_with_secrets() {
        if std::env::var_os(PLANTED).is_none() {
            return;
        }
        let [main, thread, task, blocking, option, result] = SECRETS.map(str::to_owned);
        let exit = guarded(|| {
            std::thread::spawn(move || panic!("{thread}")).join().expect_err("it panicked");
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                tokio::spawn(async move { panic!("{task}") }).await.expect_err("it panicked");
                let work = tokio::task::spawn_blocking(move || panic!("{blocking}"));
                work.await.expect_err("it panicked");
                let expected = tokio::spawn(async move {
                    let nothing: Option<()> = std::hint::black_box(None);
                    nothing.expect(&option);
                });
                expected.await.expect_err("it panicked");
                let wrong = tokio::spawn(async move {
                    let wrong: Result<(), String> = std::hint::black_box(Err(result));
                    wrong.expect("no");
                });
                wrong.await.expect_err("it panicked");
            });
            panic!("{main}")
        });
        assert_eq!(exit, Exit::Bug);
    }

    #[test]
    fn what_a_panic_says_is_not_shown() {
        let mut again = std::process::Command::new(std::env::current_exe().expect("a path"));
        again.args(["--exact", "exit::tests::panics_with_secrets", "--nocapture"]);
        let output = again.env(PLANTED, "1").env("RUST_BACKTRACE", "full").output();
        let output = output.expect("started");
        assert!(output.status.success(), "{output:?}");
        let shown = [output.stdout, output.stderr].concat();
        let shown = String::from_utf8_lossy(&shown);
        assert_eq!(shown.matches("error[infra::bug]").count(), SECRETS.len(), "{shown}");
        assert_eq!(shown.matches("a panic at src/exit.rs:").count(), SECRETS.len(), "{shown}");
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }

    #[test]
    fn no_core_is_left() {
        leave_no_dump();
        let limits = std::fs::read_to_string("/proc/self/limits").expect("Linux");
        let core = limits.lines().find(|line| line.starts_with("Max core file size"));
        let numbers: Vec<_> = core.expect("there").split_whitespace().collect();
        assert_eq!(numbers[4..6], ["0", "0"], "{limits}");
        let dumpable = rustix::process::dumpable_behavior().expect("Linux");
        assert_eq!(dumpable, DumpableBehavior::NotDumpable);
    }
}
