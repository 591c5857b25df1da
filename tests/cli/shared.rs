//! States that several machines share: in a bucket, with a lock that outlives nobody, moved there and
//! back. Against a sandbox.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::{Duration, Instant};

use crate::sandboxed::{Sandboxed, infra};
use crate::support::{Project, Run};

/// The lease of the lock: long enough to tell a lock that was freed from one that has run out.
const LEASE: Duration = Duration::from_secs(24);

const STACK: &str = "desired(resource('note', 'infra_data', input='one'), \
     resource('suffix', 'random_id', byte_length=4), outputs=[('name', 'value')])";

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

/// Keeps the states of a project in a place.
fn keep_in(project: &Project, endpoint: &str, place: &str) {
    project.environment(&format!(
        "endpoint = \"{endpoint}\"\nstate = \"{place}\"\n\
         [environments.dev.state_options]\nlease = {}",
        LEASE.as_secs()
    ));
}

/// Another machine: the same project and key, and nothing else.
fn elsewhere(project: &Project) -> Project {
    let other = Project::new();
    for name in ["infra.toml", ".infra/state.key"] {
        let text = std::fs::read_to_string(project.path().join(name)).expect("there");
        other.write(name, &text);
    }
    let key = other.path().join(".infra/state.key");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(key, mode).expect("permitted");
    other.program(STACK);
    other
}

/// What stands between two texts.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("{before}: {text}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("{after}: {text}")).0
}

const BUCKET: &str = "s3://team-states/infra";

#[test]
fn a_team_shares_a_state_moves_it_and_frees_the_lock_of_the_dead() {
    let sandboxed = Sandboxed::new();
    let (project, endpoint) = (&sandboxed.project, sandboxed.endpoint.as_str());
    project.program(STACK);
    // A folder needs nothing, and has no lock that outlives its holder.
    let run = infra(project, "state bootstrap --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("a folder needs no preparation"), "{}", run.shown());
    keep_in(project, endpoint, BUCKET);
    let run = project.stacks("apply --env dev --auto-approve");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let made = done(infra(project, "state bootstrap --env dev"));
    assert!(made.stdout.contains("made  the bucket team-states"), "{}", made.shown());
    let kept = done(infra(project, "state bootstrap --env dev"));
    assert!(!kept.stdout.contains("made"), "{}", kept.shown());
    let run = done(project.stacks("apply --env dev --auto-approve"));
    assert!(run.stdout.contains("2 added"), "{}", run.shown());
    assert!(!project.path().join(".infra/state").exists());

    let other = elsewhere(project);
    let list = done(infra(&other, "state list --env dev")).stdout;
    assert!(list.contains("note") && list.contains("suffix"), "{list}");
    let run = done(other.stacks("plan --env dev"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
    a_saved_plan(project, &other);
    a_lock_of_the_dead(project, &other);
    let history = done(infra(&other, "history --env dev")).stdout;
    assert_eq!(history.lines().count(), 3, "{history}");
    there_and_back(project, &other, endpoint, &list);
}

/// A plan is saved on one machine and carried out on another, without the program, once and never after
/// somebody else was faster.
fn a_saved_plan(project: &Project, other: &Project) {
    project.program(&STACK.replace("'one'", "'saved'"));
    let _ = done(project.stacks("plan --env dev --out plan"));
    let plan = std::fs::read_to_string(project.path().join("plan")).expect("written");
    other.write("plan", &plan);
    let run = done(infra(other, "apply plan"));
    assert!(run.stdout.contains("0 added, 1 changed, 0 destroyed"), "{}", run.shown());
    let run = done(infra(project, "state show --env dev note"));
    assert!(run.stdout.contains("input = \"saved\""), "{}", run.shown());
    for who in [project, other] {
        let run = infra(who, "apply plan");
        assert_eq!(run.code, Some(1), "{}", run.shown());
        assert!(run.stderr.starts_with("error[plan-file::stale]"), "{}", run.shown());
    }
    let _ = done(other.stacks("apply --env dev --auto-approve"));
    project.program(STACK);
}

/// A run waits for an answer and holds the state; it is killed, and its lock is freed by its id.
fn a_lock_of_the_dead(project: &Project, other: &Project) {
    project.program(&STACK.replace("'one'", "'two'"));
    std::thread::scope(|scope| {
        // It waits for nobody: what only looks takes no lock, and cannot send it away.
        let words = ["apply", "--env", "dev", "--program", "program"];
        let holder = scope.spawn(move || project.on_terminal(&words, &[]));
        let patience = Instant::now() + Duration::from_secs(40);
        loop {
            let run = done(infra(other, "history --env dev"));
            if run.stderr.contains("warning[state::in-progress]") {
                break;
            }
            assert!(Instant::now() < patience, "{}", run.shown());
            std::thread::sleep(Duration::from_millis(500));
        }
        for look in ["state list --env dev", "output --env dev", "state show --env dev note"] {
            let run = done(infra(other, look));
            assert!(run.stderr.contains("what is recorded by now"), "{}", run.shown());
        }
        let run = done(other.stacks("plan --env dev --lock=false"));
        assert!(run.stderr.contains("warning[plan::unlocked]"), "{}", run.shown());
        let locked = other.stacks("plan --env dev");
        assert_eq!(locked.code, Some(4), "{}", locked.shown());
        assert!(locked.stderr.contains("error[state::locked]"), "{}", locked.shown());
        let way = between(&locked.stderr, "`infra state unlock ", "`");
        let run = infra(other, &format!("state unlock 0{way}"));
        assert_eq!(run.code, Some(1), "{}", run.shown());
        assert!(run.stderr.contains("error[state::refused]"), "{}", run.shown());
        let process = between(&locked.stderr, "(process ", ")");
        let kill = Command::new("kill").args(["-KILL", process]).status();
        assert!(kill.expect("kill runs").success());
        let killed = Instant::now();
        let run = done(infra(other, &format!("state unlock {way}")));
        assert!(run.stdout.contains("web: the lock is free"), "{}", run.shown());
        let _ = done(other.stacks("plan --env dev"));
        assert!(killed.elapsed() < LEASE, "the lock ran out by itself");
        drop(holder.join());
    });
    project.program(STACK);
}

fn there_and_back(project: &Project, other: &Project, endpoint: &str, list: &str) {
    let run = done(infra(project, "state move-backend --env dev --to kept"));
    insta::assert_snapshot!(run.shown(), @r#"
    exit: 0
    --- stdout
    web: moved from s3://team-states/infra to kept
    Write into `[environments.dev]` of `infra.toml`:
        state = "kept"
        state_key = "file:.infra/state.key"
    "#);
    // Whoever has not heard of it is told, and makes nothing a second time.
    let run = other.stacks("apply --env dev --auto-approve");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.starts_with("error[state::moved]"), "{}", run.shown());
    let run = infra(other, "state list --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.starts_with("error[state::moved]"), "{}", run.shown());
    assert!(run.stderr.contains("kept/state/dev/web"), "{}", run.shown());
    keep_in(project, endpoint, "kept");
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    let key = "state = \"kept\"\nstate_key = \"file:.infra/state.key\"";
    project.write("infra.toml", &text.replace("state = \"kept\"", key));
    assert_eq!(done(infra(project, "state list --env dev")).stdout, list);
    let run = infra(project, "state move-backend --env dev --to kept");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    let run = infra(project, "state move-backend --env dev");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    let run = infra(project, "state move-backend --env dev --to s3://NO");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    let run = infra(project, "state unlock --env dev abc");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("ends with its process"), "{}", run.shown());
    // Without the line about the key the way back is refused, and nothing was moved.
    keep_in(project, endpoint, BUCKET);
    let run = infra(project, "state move-backend --env dev --from kept");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.starts_with("error[state::key]"), "{}", run.shown());
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    let bucket = format!("state = \"{BUCKET}\"");
    let key = format!("{bucket}\nstate_key = \"file:.infra/state.key\"");
    project.write("infra.toml", &text.replace(&bucket, &key));
    let run = done(infra(project, "state move-backend --env dev --from kept"));
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    web: moved from kept to s3://team-states/infra
    `infra.toml` says so already.
    ");
    let run = done(other.stacks("plan --env dev --detailed-exitcode"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
    let history = done(infra(other, "history --env dev")).stdout;
    assert_eq!(history.lines().count(), 3, "{history}");
}
