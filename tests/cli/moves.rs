//! Refactoring: renames that a plan finds, and records that go from one stack to another.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use infra_sdk::Address;
use infra_sdk::store::{Edit, RunRecord, State};
use infra_state::{Config, Location, LockOwner};

use crate::sandboxed::infra;
use crate::support::{Project, Run};

/// A project with two stacks, each with what its list says: `ADDRESS=INPUT`.
fn declare(project: &Project, web: &[&str], network: &[&str]) {
    let list = |resources: &[&str]| {
        let one = |text: &&str| {
            let (address, input) = text.split_once('=').expect("address=input");
            format!("resource('{address}', 'infra_data', input='{input}')")
        };
        resources.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let (web, network) = (list(web), list(network));
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    project.program(&format!(
        "stacks = {{'web': [{web}], 'network': [{network}]}}\ndesired(*stacks[hello['stack']])"
    ));
}

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

fn apply(project: &Project) -> Run {
    done(project.stacks("apply --env dev --auto-approve"))
}

fn assert_no_changes(project: &Project) {
    let run = done(project.stacks("plan --env dev --detailed-exitcode"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
}

/// The ids of objects differ from run to run.
fn without_ids(text: &str) -> String {
    let hide = |word: &str| {
        let id = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let random = id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if random { word.replace(id, "ID") } else { word.to_owned() }
    };
    let line = |line: &str| line.split(' ').map(hide).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("threads").block_on(work)
}

async fn open(project: &Project, stack: &str) -> Box<dyn infra_sdk::store::Store> {
    let location = Location::Local { root: project.path().join(".infra") };
    let owner = LockOwner {
        pid: 4242,
        host: "build-3".to_owned(),
        user: "ann".to_owned(),
        command: "infra state mv".to_owned(),
        started: "2026-11-22T04:57:00Z".to_owned(),
    };
    infra_state::open(&Config::new(location, "dev", stack), &owner).await.expect("opened")
}

fn state(project: &Project, stack: &str) -> State {
    wait(async { open(project, stack).await.load().await.expect("read") })
}

fn ids(project: &Project, stack: &str) -> Vec<String> {
    state(project, stack).records.values().map(|record| record.id.clone()).collect()
}

fn addresses(project: &Project, stack: &str) -> Vec<String> {
    state(project, stack).records.keys().map(ToString::to_string).collect()
}

#[test]
fn a_rename_is_found_and_the_command_of_its_hint_moves_the_record() {
    let project = Project::with_cloud();
    declare(&project, &["note=one", "other=two"], &[]);
    drop(apply(&project));
    declare(&project, &["notes.first=one", "other=two"], &[]);
    let run = done(project.stacks("plan --env dev"));
    insta::assert_snapshot!(without_ids(&run.stderr), @r#"
    warning[plan::renamed]: a resource looks renamed
      ┌─ stacks/src/main.rs:7:5
      = `notes.first`
      = `note` (infra_data ID) is no longer declared and will be destroyed,
        `notes.first` is declared as it was and will be created
      = hint: to keep the object, say it in the code: `.moved_from("note")`
      = hint: or move its record:
        `infra state mv note notes.first --env dev --stack web`
    "#);
    assert!(run.stdout.contains("1 to add, 0 to change, 1 to destroy"), "{}", run.shown());
    let command = run.stderr.lines().find_map(|line| line.trim().strip_prefix("`infra "));
    let command = command.expect("a command").trim_end_matches('`').to_owned();
    drop(done(project.infra(&command)));
    assert_no_changes(&project);
    // Two that could be it: none is taken.
    declare(&project, &["a=one", "b=one", "other=two"], &[]);
    let run = done(project.stacks("plan --env dev"));
    insta::assert_snapshot!(without_ids(&run.stderr), @r#"
    warning[plan::renamed]: a resource may be renamed, and several could be meant
      ┌─ stacks/src/main.rs:7:5
      = `notes.first`
      = `notes.first` (infra_data ID) is no longer declared, and 2 of those that are new could be it:
        `a`, `b`
      = hint: if it is one of them, say so there: `.moved_from("notes.first")`
      = hint: or move its record, such as
        `infra state mv notes.first a --env dev --stack web`
    "#);
    // Another text, and it is another resource.
    declare(&project, &["a=three", "other=two"], &[]);
    let run = done(project.stacks("plan --env dev"));
    assert_eq!(run.stderr, "", "{}", run.shown());
}

#[test]
fn a_renamed_scope_is_one_warning() {
    let project = Project::with_cloud();
    declare(&project, &["app.a=one", "app.b=two"], &[]);
    drop(apply(&project));
    declare(&project, &["shop.a=one", "shop.b=two"], &[]);
    let run = done(project.stacks("plan --env dev"));
    insta::assert_snapshot!(without_ids(&run.stderr), @r#"
    warning[plan::renamed]: a scope looks renamed
      ┌─ stacks/src/main.rs:7:5
      = `shop.a`
      = what stood in `app` stands in `shop` now, and would be destroyed and made anew:
        `app.a` (infra_data ID) -> `shop.a`
        `app.b` (infra_data ID) -> `shop.b`
      = hint: to keep the objects, give each its `.moved_from("...")` in the code
      = hint: or move their records:
        `infra state mv app shop --env dev --stack web`
    "#);
    // Somebody is asked before the apply; elsewhere nobody is.
    let run = project.stacks("apply --env dev");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    let answers = [("go on without: ", "no"), ("Type `yes` to apply: ", "no")];
    let words = ["apply", "--env", "dev", "--program", "program"];
    let run = project.on_terminal(&words, &answers);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.contains("2 to add, 0 to change, 2 to destroy"), "{}", run.shown());
    assert_eq!(addresses(&project, "web"), ["app.a", "app.b"]);
    let ids = ids(&project, "web");
    let run = project.on_terminal(&words, &[("go on without: ", "yes"), ("to apply: ", "yes")]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let asked = "Type `yes` to record these 2 as they are named now and keep the objects";
    assert!(run.stdout.contains(asked), "{}", run.shown());
    assert!(run.stdout.contains("0 to add, 0 to change, 0 to destroy"), "{}", run.shown());
    assert_eq!(addresses(&project, "web"), ["shop.a", "shop.b"]);
    assert_eq!(self::ids(&project, "web"), ids);
    assert_no_changes(&project);
}

#[test]
fn one_that_is_taken_for_a_rename_is_kept_and_the_rest_of_the_plan_is_asked_about() {
    let project = Project::with_cloud();
    declare(&project, &["note=one", "other=two"], &[]);
    drop(apply(&project));
    declare(&project, &["notes.first=one", "other=three"], &[]);
    let id = ids(&project, "web").remove(0);
    let words = ["apply", "--env", "dev", "--program", "program"];
    let question = "record `note` as `notes.first` and keep the object, anything else";
    let answers = [(question, "yes"), ("Type `yes` to apply: ", "yes")];
    let run = project.on_terminal(&words, &answers);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("0 to add, 1 to change, 0 to destroy"), "{}", run.shown());
    assert_eq!(addresses(&project, "web"), ["notes.first", "other"]);
    assert_eq!(ids(&project, "web")[0], id);
    assert_no_changes(&project);
    // Whoever has approved already is asked nothing.
    declare(&project, &["note=one", "other=three"], &[]);
    let words = ["apply", "--env", "dev", "--program", "program", "--auto-approve"];
    let run = project.on_terminal(&words, &[]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("1 added, 0 changed, 1 destroyed"), "{}", run.shown());
}

#[test]
fn a_scope_is_moved_in_one_step_and_listed() {
    let project = Project::with_cloud();
    declare(
        &project,
        &["net.a=one", "net.in.b=two", "network=three", "edge.c=four", "rest.a=five"],
        &[],
    );
    drop(apply(&project));
    let refused = |words: &str| {
        let before = state(&project, "web");
        let run = project.infra(&format!("state mv --env dev {words}"));
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.shown());
        assert_eq!(state(&project, "web"), before);
        without_ids(&run.stderr)
    };
    insta::assert_snapshot!(refused("ne edge"), @r"
    error[state::unknown]: nothing is recorded there
      = `ne`
      = hint: choose one of those that there are: edge.c, net.a, net.in.b, network, rest.a
    ");
    insta::assert_snapshot!(refused("net rest"), @r"
    error[state::move]: a resource cannot be moved there
      = `rest.a` is taken by the infra_data ID
      = hint: choose another address, or move what is there away first
    ");
    insta::assert_snapshot!(refused("net rest --to-stack network"), @r"
    error[state::unknown]: nothing is recorded there
      = `net`
      = hint: it is a scope: name what is in it, such as `net.a`
    ");
    let run = done(project.infra("state mv --env dev net edge --dry-run"));
    insta::assert_snapshot!(without_ids(&run.stdout), @r"
    web: net.a (infra_data ID) would be recorded as edge.a
    web: net.in.b (infra_data ID) would be recorded as edge.in.b
    Nothing was changed: leave `--dry-run` out to do it.
    ");
    let run = done(project.infra("state mv --env dev net edge"));
    insta::assert_snapshot!(without_ids(&run.stdout), @r"
    web: net.a (infra_data ID) is recorded as edge.a
    web: net.in.b (infra_data ID) is recorded as edge.in.b
    Give them those names in the code too; `moved_from` is not needed.
    ");
    assert_eq!(addresses(&project, "web"), ["edge.a", "edge.c", "edge.in.b", "network", "rest.a"]);
    declare(
        &project,
        &["edge.a=one", "edge.in.b=two", "network=three", "edge.c=four", "rest.a=five"],
        &[],
    );
    assert_no_changes(&project);
    // One step of the history, and the way back leaves what was there before.
    let run = done(project.infra("history --env dev --stack web --format json"));
    let runs: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let run = runs.as_array().and_then(|runs| runs.last()).expect("a run");
    assert_eq!(run["command"], "state mv net edge");
    let run = infra(&project, &format!("undo --env dev {}", run["id"].as_str().expect("text")));
    assert_eq!(run.code, Some(1), "{}", run.shown());
    for back in ["edge.a net.a", "edge.in.b net.in.b"] {
        let command = format!("`infra state mv {back} --env dev --stack web`");
        assert!(run.stderr.contains(&command), "{}", run.shown());
    }
}

#[test]
fn a_record_goes_to_another_stack_and_both_have_nothing_to_do() {
    let project = Project::with_cloud();
    declare(&project, &["note=one", "other=two"], &["base=zero"]);
    drop(apply(&project));
    let words = "state mv --env dev note notes.first --to-stack network";
    let run = done(project.infra(&format!("{words} --dry-run")));
    insta::assert_snapshot!(without_ids(&run.stdout), @r"
    web: note (infra_data ID) would be recorded as notes.first in network
    Nothing was changed: leave `--dry-run` out to do it.
    ");
    assert_eq!(addresses(&project, "web"), ["note", "other"]);
    let run = done(project.infra(words));
    insta::assert_snapshot!(without_ids(&run.stdout), @r"
    web: note (infra_data ID) is recorded as notes.first in network
    Move its declaration too, or the next apply of its new stack destroys it.
    ");
    assert_eq!(addresses(&project, "web"), ["other"]);
    assert_eq!(addresses(&project, "network"), ["base", "notes.first"]);
    declare(&project, &["other=two"], &["base=zero", "notes.first=one"]);
    assert_no_changes(&project);
    let run = done(project.infra("history --env dev --stack network"));
    assert!(run.stdout.contains("state mv"), "{}", run.shown());
    // What has gone is not moved twice.
    let run = project.infra(words);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[state::unknown]"), "{}", run.shown());
    // A run of records is not undone but moved back, as its history says.
    let run = done(project.infra("history --env dev --stack web --format json"));
    let runs: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let id = runs.as_array().and_then(|runs| runs.last()).expect("a run")["id"].clone();
    let run = infra(&project, &format!("undo --env dev {}", id.as_str().expect("text")));
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let back = "`infra state mv notes.first note --to-stack web --env dev --stack network`";
    assert!(run.stderr.contains(back), "{}", run.shown());
}

#[test]
fn a_move_that_was_cut_off_is_ended_by_the_same_command() {
    let project = Project::with_cloud();
    declare(&project, &["note=one", "other=two"], &[]);
    drop(apply(&project));
    // As a run leaves it that wrote the new state and died before the old one.
    wait(async {
        let note = Address::parse("note").expect("valid");
        let record = open(&project, "web").await.load().await.expect("read").records.remove(&note);
        let store = open(&project, "network").await;
        let run = RunRecord {
            id: "30c1aaaa".to_owned(),
            command: "state mv note note --from-stack web".to_owned(),
            by: "ann on build-3".to_owned(),
            started: "2026-11-22T04:57:00Z".to_owned(),
            ended: None,
            complete: false,
        };
        store.start(&run).await.expect("started");
        let put = Edit::Put(Box::new(record.expect("recorded")));
        store.commit(None, &[put]).await.expect("written");
    });
    let run = project.infra("state mv --env dev --stack web note other --to-stack network");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let ends = "`infra state mv note note --to-stack network --env dev --stack web`";
    assert!(run.stderr.contains(ends), "{}", run.shown());
    drop(done(project.infra("state mv --env dev --stack web note note --to-stack network")));
    assert_eq!(addresses(&project, "web"), ["other"]);
    assert_eq!(addresses(&project, "network"), ["note"]);
    declare(&project, &["other=two"], &["note=one"]);
    assert_no_changes(&project);
}

#[test]
fn a_move_that_cannot_be_is_refused_and_changes_nothing() {
    let project = Project::with_cloud();
    declare(&project, &["note=one"], &["base=zero"]);
    drop(apply(&project));
    let refused = |words: &str, code: i32| {
        let before = (state(&project, "web"), state(&project, "network"));
        let run = project.infra(&format!("state mv --env dev {words}"));
        assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{}", run.shown());
        assert_eq!((state(&project, "web"), state(&project, "network")), before);
        without_ids(&run.stderr)
    };
    insta::assert_snapshot!(refused("note base --to-stack network", 1), @r"
    error[state::move]: a resource cannot be moved there
      = `base` of `network` is taken by the infra_data ID
      = hint: choose another address, or move what is there away first
    ");
    insta::assert_snapshot!(refused("note note --to-stack netwrok", 64), @r"
    error[state::stack]: there is no such stack in this environment
      = `netwrok` has neither settings nor a state in `dev`
      = hint: write `network` if that is what you mean
    ");
    insta::assert_snapshot!(refused("note note --to-stack web --stack web", 64), @r"
    error[state::move]: a resource cannot be moved there
      = `web` is the stack that it is to leave, too
      = hint: name two stacks, or leave `--to-stack` out
    ");
    insta::assert_snapshot!(refused("nte note --to-stack network", 1), @r"
    error[state::unknown]: nothing is recorded there
      = `nte`
      = hint: write `note` if that is what you mean
    ");
}
