//! Signals and readers that go away: what is in flight is finished, nothing is begun, and what
//! happens is said at once.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Project, under_shell, with_credentials};

/// What "at once" may take on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(5);

const TWO: &str =
    "desired(resource('a', cidr_block='10.0.0.0/16'), resource('b', cidr_block='10.1.0.0/16'))";

const APPLY: &str = "apply --env dev --program program --auto-approve --parallelism 1";

/// A command that runs, and what it has said so far on standard error.
struct Running {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    seen: String,
}

struct Ended {
    code: Option<i32>,
    stdout: String,
    seen: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("infra starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        Self { child, stderr, seen: String::new() }
    }

    fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.stderr.read_line(&mut self.seen).expect("read") > 0, "{}", self.seen);
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(kill.expect("kill runs").success());
    }

    fn end(mut self) -> Ended {
        self.stderr.read_to_string(&mut self.seen).expect("read");
        let output = self.child.wait_with_output().expect("infra ends");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Ended { code: output.status.code(), stdout, seen: self.seen }
    }
}

impl Ended {
    fn shown(&self) -> String {
        format!("{:?}\n{}{}", self.code, self.stdout, self.seen)
    }
}

fn apply(project: &Project) -> Command {
    let mut command = project.command(&APPLY.split(' ').collect::<Vec<_>>());
    with_credentials(&mut command);
    command
}

#[test]
fn a_signal_waits_for_what_is_in_flight_and_begins_nothing() {
    for (signal, name) in [("INT", "interrupt"), ("TERM", "termination"), ("HUP", "hang-up")] {
        let project = Project::with_slow_cloud(Duration::from_secs(2));
        project.program(TWO);
        let mut run = Running::start(&mut apply(&project));
        run.until("a: creating");
        let begun = Instant::now();
        run.signal(signal);
        run.until("Interrupt again to stop at once.");
        assert!(begun.elapsed() < Duration::from_secs(1), "it was not said at once");
        let ended = run.end();
        assert_eq!(ended.code, Some(1), "{}", ended.shown());
        assert!(begun.elapsed() < AT_ONCE, "{}", ended.shown());
        assert!(
            ended.seen.contains(&format!("Stopping by {name}: no new calls")),
            "{}",
            ended.seen
        );
        assert!(
            ended.seen.contains("Stopping: waiting for 1 operation in flight; 1 not begun"),
            "{}",
            ended.shown()
        );
        assert!(ended.seen.contains("UnauthorizedOperation"), "{}", ended.shown());
        assert!(ended.stdout.contains("web: b not begun"), "{}", ended.shown());
        assert!(ended.stdout.contains("Apply interrupted:"), "{}", ended.shown());
    }
}

#[test]
fn the_second_signal_stops_at_once_and_names_the_way_on() {
    let project = Project::with_slow_cloud(Duration::from_secs(600));
    project.program(TWO);
    let mut run = Running::start(&mut apply(&project));
    run.until("a: creating");
    run.signal("INT");
    run.until("Interrupt again to stop at once.");
    let begun = Instant::now();
    run.signal("INT");
    let ended = run.end();
    assert!(begun.elapsed() < AT_ONCE, "{}", ended.shown());
    // What was in flight may have been made.
    assert_eq!(ended.code, Some(3), "{}", ended.shown());
    assert!(ended.seen.contains("stays in the journal"), "{}", ended.shown());
    let goes_on = "`infra apply --env dev --program program` finds out";
    assert!(ended.seen.contains(goes_on), "{}", ended.shown());
    // The journal knows what was in flight: nothing may be renamed before it is settled.
    let run = project.infra("history --env dev");
    assert!(run.stdout.contains("killed"), "{}", run.shown());
}

#[test]
fn before_anything_changes_a_signal_ends_the_command_and_the_program() {
    for signal in ["INT", "TERM", "HUP"] {
        let project = Project::with_cloud();
        project.program(
            "import time\nprint('pid', os.getpid(), file=sys.stderr, flush=True)\ntime.sleep(600)",
        );
        let mut run = Running::start(&mut apply(&project));
        run.until("pid ");
        let pid = run.seen.split("pid ").last().expect("there").trim().to_owned();
        let begun = Instant::now();
        run.signal(signal);
        let ended = run.end();
        assert!(begun.elapsed() < AT_ONCE, "{}", ended.shown());
        assert_eq!(ended.code, Some(1), "{}", ended.shown());
        assert!(ended.seen.contains("nothing was changed"), "{}", ended.shown());
        assert!(!project.has_state());
        gone(&pid);
    }
}

/// Waits until a process has ended.
fn gone(pid: &str) {
    let deadline = Instant::now() + AT_ONCE;
    let status = PathBuf::from(format!("/proc/{pid}/status"));
    // One that nobody has waited for yet has ended all the same.
    let runs = || std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("State:\tZ"));
    while runs() {
        assert!(Instant::now() < deadline, "process {pid} goes on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_build_ends_with_the_command() {
    let project = Project::with_cloud();
    project.write("cargo", "#!/bin/sh\necho $$ > pid\nexec sleep 600\n");
    let cargo = project.path().join("cargo");
    std::fs::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("permitted");
    let mut command = project.command(&["plan", "--env", "dev"]);
    with_credentials(&mut command);
    let run = Running::start(command.env("CARGO", &cargo));
    let file = project.path().join("pid");
    let deadline = Instant::now() + AT_ONCE;
    let pid = loop {
        match std::fs::read_to_string(&file) {
            Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
            _ => assert!(Instant::now() < deadline, "cargo does not start"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    run.signal("TERM");
    let ended = run.end();
    assert_eq!(ended.code, Some(1), "{}", ended.shown());
    assert!(ended.seen.contains("Stopped by termination: nothing was changed."), "{}", ended.seen);
    gone(&pid);
}

#[test]
fn a_hang_up_that_was_to_be_ignored_is_ignored() {
    let project = Project::with_slow_cloud(Duration::from_secs(1));
    project.program(TWO);
    let mut run = Running::start(&mut under_shell(&apply(&project), "trap '' HUP"));
    run.until("a: creating");
    run.signal("HUP");
    let ended = run.end();
    assert!(!ended.seen.contains("hang-up"), "{}", ended.shown());
    assert!(ended.seen.contains("b: creating"), "{}", ended.shown());
}

#[test]
fn an_answer_that_nobody_reads_begins_nothing() {
    let project = Project::with_slow_cloud(Duration::from_secs(1));
    project.program(TWO);
    let mut command = apply(&project);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("infra starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("infra ends");
    let seen = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{seen}");
    assert!(seen.contains("Stopping, because nobody reads the answer"), "{seen}");
    assert!(!seen.contains("creating"), "{seen}");
}

#[test]
fn a_reader_that_leaves_a_run_stops_it_in_order() {
    let project = Project::with_slow_cloud(Duration::from_secs(1));
    project.program(&TWO.replace("))", "), resource('c', cidr_block='10.2.0.0/16'))"));
    let mut run = Running::start(&mut apply(&project));
    run.until("a: creating");
    // The next that is said, about `a`, meets nobody; what comes after it may be in flight by then.
    let Running { child, stderr, .. } = run;
    drop(stderr);
    let output = child.wait_with_output().expect("infra ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("web: c not begun"), "{stdout}");
    assert!(stdout.contains("1 failed") || stdout.contains("2 failed"), "{stdout}");
}
