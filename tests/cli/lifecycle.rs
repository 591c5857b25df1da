//! What a declaration says about the life of its resource, each option once through the whole command.
//! The resources are built in: no cloud is asked but for who the caller is.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use crate::support::{Project, Run};

const LOCATION: &str = "stacks/src/main.rs:7";

/// A resource with options, as the stack program says it.
fn resource(address: &str, kind: &str, inputs: &str, options: &str) -> String {
    format!("resource('{address}', '{kind}', {inputs}) | {{'options': {{{options}}}}}")
}

fn data(address: &str, input: &str, options: &str) -> String {
    resource(address, "infra_data", &format!("input='{input}'"), options)
}

fn declare(project: &Project, resources: &[String]) {
    project.program(&format!("desired({})", resources.join(", ")));
}

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

fn apply(project: &Project, resources: &[String]) -> Run {
    declare(project, resources);
    done(project.stacks("apply --env dev --auto-approve"))
}

/// What a plan says that is sure to change something.
fn plan(project: &Project, resources: &[String]) -> String {
    declare(project, resources);
    let run = project.stacks("plan --env dev --detailed-exitcode");
    assert_eq!(run.code, Some(2), "{}", run.shown());
    run.stdout
}

fn assert_no_changes(project: &Project) {
    let run = done(project.stacks("plan --env dev --detailed-exitcode"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
}

/// The events of an apply or a destruction in their order, as `note create apply_start`.
fn events(run: &Run) -> Vec<String> {
    let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    let text = |json: &serde_json::Value| json.as_str().unwrap_or_default().to_owned();
    let lines = run.stdout.lines().map(parse).filter(|line| line.get("hook").is_some());
    let event = |line: serde_json::Value| {
        let hook = &line["hook"];
        let (address, action) = (text(&hook["resource"]["addr"]), text(&hook["action"]));
        format!("{address} {action} {}", text(&line["type"]))
    };
    lines.map(event).collect()
}

fn position(events: &[String], event: &str) -> usize {
    let found = events.iter().position(|known| known == event);
    found.unwrap_or_else(|| panic!("{event}: {events:?}"))
}

#[test]
fn prevent_destroy_holds_after_the_declaration_is_gone_and_can_be_taken_off() {
    let project = Project::with_cloud();
    let protected = [data("note", "one", "'prevent_destroy': True"), data("other", "one", "")];
    drop(apply(&project, &protected));
    let refused = |words: &str| {
        let run = project.stacks(words);
        assert_eq!(run.code, Some(1), "{}", run.shown());
        assert!(run.stderr.contains("error[plan::prevent-destroy]"), "{}", run.shown());
        assert!(run.stderr.contains(LOCATION), "{}", run.shown());
        run
    };
    drop(refused("destroy --env dev --auto-approve"));
    declare(&project, &protected[1..]);
    let run = refused("apply --env dev --auto-approve");
    assert!(run.stderr.contains("it is no longer declared"), "{}", run.shown());
    drop(refused("destroy --env dev --auto-approve"));
    // Declared again without it, nothing of the object changes, and nothing is asked.
    let free = [data("note", "one", ""), data("other", "one", "")];
    declare(&project, &free);
    let run = done(project.stacks("apply --env dev"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
    let run = apply(&project, &free[1..]);
    assert!(run.stdout.contains("1 destroyed"), "{}", run.shown());
}

#[test]
fn create_before_destroy_makes_the_new_one_first() {
    let project = Project::with_cloud();
    for (options, first, second) in [
        ("'create_before_destroy': True", "id create apply_complete", "id delete apply_start"),
        ("", "id delete apply_complete", "id create apply_start"),
    ] {
        let id =
            |length: u32| [resource("id", "random_id", &format!("byte_length={length}"), options)];
        drop(apply(&project, &id(4)));
        let shown = plan(&project, &id(8));
        let says = shown.contains("must be replaced, the new one first");
        assert_eq!(says, !options.is_empty(), "{shown}");
        let run = done(project.stacks("apply --env dev --auto-approve --format json"));
        let events = events(&run);
        assert!(position(&events, first) < position(&events, second), "{events:?}");
        drop(apply(&project, &[]));
    }
}

#[test]
fn ignore_changes_leaves_a_difference_alone() {
    let project = Project::with_cloud();
    let note = |input: &str| [data("note", input, "'ignore_changes': ['input']")];
    drop(apply(&project, &note("one")));
    declare(&project, &note("two"));
    assert_no_changes(&project);
    let run = done(project.infra("state show --env dev note"));
    assert!(run.stdout.contains("input = \"one\""), "{}", run.shown());
    declare(&project, &[data("note", "two", "'ignore_changes': ['inptu']")]);
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("write `input` if that is what you mean"), "{}", run.shown());
}

#[test]
fn replace_triggered_by_replaces_when_the_other_changes() {
    let project = Project::with_cloud();
    let both = |input: &str| {
        let options = "'replace_triggered_by': [['source', 'input']]";
        [data("source", input, ""), data("note", "same", options)]
    };
    drop(apply(&project, &both("one")));
    assert_no_changes(&project);
    let shown = plan(&project, &both("two"));
    assert!(shown.contains("-/+ note (infra_data) must be replaced"), "{shown}");
    let way = "      # because of `source`:\n\
               \x20     #   `source` is updated: `input` changes\n\
               \x20     #   -> this is replaced: `replace_triggered_by` names `source.input`\n";
    assert!(shown.contains(way), "{shown}");
    drop(apply(&project, &both("two")));
    assert_no_changes(&project);
}

#[test]
fn depends_on_orders_what_nothing_else_does() {
    let project = Project::with_cloud();
    // By name they would be made the other way round.
    let both = [data("a", "one", "'depends_on': ['z']"), data("z", "one", "")];
    declare(&project, &both);
    let run = done(project.stacks("apply --env dev --auto-approve --format json"));
    let made = events(&run);
    let (first, second) = ("z create apply_complete", "a create apply_start");
    assert!(position(&made, first) < position(&made, second), "{made:?}");
    let run = done(project.stacks("destroy --env dev --auto-approve --format json"));
    let gone = events(&run);
    let (first, second) = ("a delete apply_complete", "z delete apply_start");
    assert!(position(&gone, first) < position(&gone, second), "{gone:?}");
}

#[test]
fn moved_from_keeps_the_object() {
    let project = Project::with_cloud();
    drop(apply(&project, &[data("old", "one", "")]));
    let id = |address: &str| {
        let run = done(project.infra(&format!("state show --env dev {address}")));
        run.stdout.lines().next().expect("a line").rsplit(' ').next().expect("an id").to_owned()
    };
    let before = id("old");
    let moved = [data("notes.new", "one", "'moved_from': 'old'")];
    let shown = plan(&project, &moved);
    assert!(shown.contains("~ notes.new (infra_data) moves in the state"), "{shown}");
    assert!(shown.contains("# it was `old` before"), "{shown}");
    drop(apply(&project, &moved));
    assert_eq!(id("notes.new"), before);
    assert_no_changes(&project);
}

#[test]
fn what_is_forgotten_stays_and_a_plan_says_so() {
    let project = Project::with_cloud();
    drop(apply(
        &project,
        &[data("notes.old", "one", "'prevent_destroy': True"), data("b", "one", "")],
    ));
    let rest = format!("desired({}, forgotten=['notes.old'])", data("b", "one", ""));
    project.program(&rest);
    let run = project.stacks("plan --env dev --detailed-exitcode");
    assert_eq!(run.code, Some(2), "{}", run.shown());
    let shown = &run.stdout;
    assert!(shown.contains(". notes.old (infra_data) will be forgotten, and stays"), "{shown}");
    assert!(shown.contains("0 to destroy, 1 to forget."), "{shown}");
    let run = project.stacks("plan --env dev --format json");
    assert!(run.stdout.contains("\"forget\""), "{}", run.shown());
    let run = done(project.stacks("apply --env dev --auto-approve"));
    assert!(run.stdout.contains("0 destroyed"), "{}", run.shown());
    let run = done(project.infra("state list --env dev"));
    assert!(!run.stdout.contains("notes.old"), "{}", run.shown());
    // The line may stay.
    assert_no_changes(&project);
    let declared = data("b", "one", "");
    project.program(&format!("desired({declared}, forgotten=['b'])"));
    let run = project.stacks("plan --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[plan::forget]"), "{}", run.shown());
    assert!(run.stderr.contains("stacks/src/main.rs:12"), "{}", run.shown());
}

#[test]
fn timeouts_end_a_wait() {
    let project = Project::with_blind_cloud();
    let timeouts = "'create_timeout': 1";
    declare(&project, &[resource("vpc", "aws_vpc", "cidr_block='10.0.0.0/16'", timeouts)]);
    let begun = std::time::Instant::now();
    let run = project.stacks("apply --env dev --auto-approve");
    // What was made is waited for as long as a minute where nobody says otherwise.
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{}", run.shown());
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("AWS does not show it"), "{}", run.shown());
    let run = done(project.infra("state list --env dev"));
    assert!(run.stdout.contains("vpc-0a1b2c3d4e5f60718"), "{}", run.shown());
}
