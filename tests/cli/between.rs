//! Values between stacks: order, plans, what is recorded, what is refused.

use crate::support::{Project, Run};

/// A project with settings of `network` and `web`, in this order of names.
fn project() -> Project {
    let project = Project::with_cloud();
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    project
}

/// The program with these bodies of its two stacks; `name` is what `network` publishes.
fn program(project: &Project, network: &str, web: &str) {
    let body = format!(
        "name = {{'$external': ['network', 'note']}}\n\
         if hello['stack'] == 'network':\n\
         \x20   {network}\n\
         else:\n\
         \x20   {web}\n"
    );
    project.program(&body);
}

fn network(text: &str) -> String {
    format!(
        "desired(resource('note', 'infra_data', input='{text}'), \
         outputs=[('note', {{'$ref': ['note', 'id']}}), ('text', '{text}')])"
    )
}

const WEB: &str = "desired(resource('page', 'infra_data', input=name), \
                   outputs=[('page', name)], reads=reads('network.note'))";

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

fn failed(run: Run) -> Run {
    assert_eq!(run.code, Some(1), "{}", run.shown());
    run
}

/// Ids of objects and of runs differ from run to run.
fn without_ids(text: &str) -> String {
    let hide = |word: &str| {
        let id = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let random =
            id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if random { word.replace(id, "ID") } else { word.to_owned() }
    };
    let line = |line: &str| line.split(' ').map(hide).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

fn output(project: &Project, name: &str) -> String {
    done(project.infra(&format!("output --env dev {name}"))).stdout
}

#[test]
fn a_value_goes_from_the_stack_that_publishes_it_to_the_one_that_reads_it() {
    let project = project();
    program(&project, &network("a"), WEB);
    let run = done(project.stacks("plan --env dev"));
    insta::assert_snapshot!(run.stdout, @r#"
    network in dev

      Created (1)

      + note (infra_data) will be created
          + input = "a"
            # (known after apply): id

      Outputs
          + note = (known after apply)
          + text = "a"

    web in dev

      Created (1)

      + page (infra_data) will be created
          + input = (known after apply)
            # (known after apply): id

      Outputs
          + page = (known after apply)

    Plan: 2 to add, 0 to change, 0 to destroy.
    "#);
    drop(done(project.stacks("apply --env dev --auto-approve")));
    assert_eq!(output(&project, "page"), output(&project, "note"));
    drop(done(project.stacks("plan --env dev --detailed-exitcode")));
    // One stack alone: what it reads is taken from what the other's run left.
    drop(done(project.stacks("plan --env dev --stack web --detailed-exitcode")));
    // Another object: the value is unknown in the plan of both, and known in the apply.
    let moved = network("a").replace("'note', 'infra_data'", "'other', 'infra_data'");
    program(&project, &moved.replace("['note', 'id']", "['other', 'id']"), WEB);
    let run = done(project.stacks("plan --env dev"));
    assert!(run.stdout.contains("(known after apply)"), "{}", run.shown());
    let run = done(project.stacks("apply --env dev --auto-approve"));
    let at = |text: &str| run.stderr.find(text).unwrap_or_else(|| panic!("{}", run.shown()));
    assert!(at("other: created") < at("page: updat"), "{}", run.shown());
    assert_eq!(output(&project, "page"), output(&project, "note"));
    drop(done(project.stacks("plan --env dev --detailed-exitcode")));
}

#[test]
fn names_do_not_decide_the_order_and_a_destruction_goes_the_other_way_round() {
    let project = Project::with_cloud();
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    // Here it is `network` that reads of `web`.
    project.program(
        "name = {'$external': ['web', 'text']}\n\
         if hello['stack'] == 'web':\n\
         \x20   desired(resource('page', 'infra_data', input='x'), outputs=[('text', {'$ref': ['page', 'id']})])\n\
         else:\n\
         \x20   desired(resource('note', 'infra_data', input=name), reads=reads('web.text'))\n",
    );
    let run = done(project.stacks("apply --env dev --auto-approve"));
    let at =
        |run: &Run, text: &str| run.stderr.find(text).unwrap_or_else(|| panic!("{}", run.shown()));
    assert!(at(&run, "page: created") < at(&run, "note: creating"), "{}", run.shown());
    let refused = failed(project.stacks("destroy --env dev --stack web --auto-approve"));
    insta::assert_snapshot!(refused.stderr, @r#"
    error[stacks::still-read]: another stack reads what would go
      = `network` reads `text` of `web`
      = hint: destroy that one first:
        `infra destroy --env dev --stack network`
      = hint: or both in one run; or apply it without what it reads
    "#);
    assert_eq!(project.infra("state list --env dev --stack web").stdout.lines().count(), 1);
    let run = done(project.stacks("destroy --env dev --auto-approve"));
    assert!(at(&run, "note: destroyed") < at(&run, "page: destroying"), "{}", run.shown());
    // Nothing is read any more.
    drop(done(project.stacks("apply --env dev --stack web --auto-approve")));
    drop(done(project.stacks("destroy --env dev --stack web --auto-approve")));
}

#[test]
fn what_is_not_there_is_told_with_near_names_and_where_it_is_read() {
    let project = project();
    program(&project, &network("a"), WEB);
    let run = failed(project.stacks("plan --env dev --stack web"));
    insta::assert_snapshot!(run.stderr, @r#"
    error[stacks::not-applied]: what is read is not applied yet
      ┌─ stacks/src/main.rs:11:5
      = `network`, which publishes `note`, was never applied in `dev`
      = hint: apply it first:
        `infra apply --env dev --stack network`
      = hint: or select both, or none: then it comes first by itself
    "#);
    assert!(!project.has_state(), "a plan that is refused leaves nothing");
    program(&project, &network("a").replace("'note', {", "'notes', {"), WEB);
    for words in ["plan --env dev", "validate --env dev", "apply --env dev --auto-approve"] {
        let run = failed(project.stacks(words));
        assert_eq!(run.stderr, failed(project.stacks("plan --env dev")).stderr);
    }
    insta::assert_snapshot!(failed(project.stacks("plan --env dev")).stderr, @r#"
    error[stacks::read]: what is read of another stack is not there
      ┌─ stacks/src/main.rs:11:5
      = `network` publishes no `note`
      = hint: write `notes` if that is what you mean
    "#);
    drop(done(project.stacks("apply --env dev --stack network --auto-approve")));
    let run = failed(project.stacks("plan --env dev --stack web"));
    insta::assert_snapshot!(run.stderr, @r#"
    error[stacks::read]: what is read of another stack is not there
      ┌─ stacks/src/main.rs:11:5
      = the latest run of `network` left no output `note`
      = hint: write `notes` if that is what you mean
      = hint: or apply that stack first, if it publishes it by now:
        `infra apply --env dev --stack network`
    "#);
    program(&project, &network("a"), &WEB.replace("network.note", "netwrk.note"));
    insta::assert_snapshot!(failed(project.stacks("plan --env dev --stack web")).stderr, @r#"
    error[stacks::read]: what is read of another stack is not there
      ┌─ stacks/src/main.rs:11:5
      = the program has no stack `netwrk`
      = hint: write `network` if that is what you mean
    "#);
}

#[test]
fn stacks_that_read_of_one_another_are_refused_with_the_chain() {
    let project = project();
    let both = network("a").replace("outputs=", "reads=reads('web.page', line=5), outputs=");
    program(&project, &both, WEB);
    let run = failed(project.stacks("plan --env dev"));
    insta::assert_snapshot!(run.stderr, @r#"
    error[stacks::circle]: stacks read of one another in a circle
      ┌─ stacks/src/main.rs:5:5
      = `network` -> `web` -> `network`, by way of `web.page`, `network.note`
      = hint: put what both need into a stack of its own
    "#);
    assert_eq!(failed(project.stacks("validate --env dev")).stderr, run.stderr);
}

#[test]
fn what_reads_of_a_stack_that_failed_is_not_begun() {
    let project = project();
    // The server of the tests refuses a VPC.
    let network = "desired(resource('note', 'infra_data', input='a'), resource('vpc', cidr_block='10.0.0.0/16'), \
                   outputs=[('note', {'$ref': ['note', 'id']})])";
    program(&project, network, WEB);
    let run = project.stacks("apply --env dev --auto-approve");
    assert_eq!(run.code, Some(3), "{}", run.shown());
    assert!(run.stderr.contains("error[stacks::not-begun]"), "{}", run.shown());
    assert!(run.stderr.contains("it reads of `network`, which was not applied completely"));
    assert_eq!(project.infra("state list --env dev --stack web").stdout, "");
    assert!(!run.stderr.contains("page: creat"), "{}", run.shown());
}

#[test]
fn an_output_that_goes_away_and_is_read_is_warned_of() {
    let project = project();
    program(&project, &network("a"), WEB);
    drop(done(project.stacks("apply --env dev --auto-approve")));
    let without = "desired(resource('note', 'infra_data', input='a'))";
    program(&project, without, WEB);
    let run = done(project.stacks("plan --env dev --stack network"));
    insta::assert_snapshot!(run.stderr, @r#"
    warning[stacks::read-elsewhere]: another stack reads an output that goes away
      = `web` reads `note` of `network`
      = hint: `web` cannot be planned again before it reads something else
    "#);
    // With both, it is an error of the one that reads.
    drop(failed(project.stacks("plan --env dev")));
    // Once nobody reads it, nobody is warned.
    program(&project, without, "desired(resource('page', 'infra_data', input='own'))");
    let run = done(project.stacks("apply --env dev --stack web --auto-approve"));
    assert!(run.stdout.contains("1 changed"), "{}", without_ids(&run.shown()));
    let run = done(project.stacks("plan --env dev --stack network"));
    assert_eq!(run.stderr, "");
}

#[test]
fn a_secret_stays_one_on_the_way() {
    let project = project();
    let secret = "desired(resource('note', 'infra_data', input='a'), \
                  outputs=[('note', {'$sensitive': 'hunter2'})])";
    program(&project, secret, WEB);
    let planned = done(project.stacks("plan --env dev"));
    let applied = done(project.stacks("apply --env dev --auto-approve"));
    for run in [planned, applied, done(project.infra("output --env dev"))] {
        assert!(!run.shown().contains("hunter2"), "{}", run.shown());
    }
    let run = project.infra("output --env dev --stack web page");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(!project.infra("state export --env dev --stack web").stdout.contains("hunter2"));
    let run = done(project.infra("output --env dev --stack web page --reveal"));
    assert_eq!(run.stdout, "hunter2\n");
}

#[test]
fn the_graph_and_the_plan_as_json_show_what_is_read() {
    let project = project();
    program(&project, &network("a"), WEB);
    let run = done(project.stacks("graph --env dev"));
    assert!(run.stdout.contains("\"web/page\" -> \"network/output note\""), "{}", run.shown());
    assert!(run.stdout.contains("\"network/output note\" -> \"network/note\""), "{}", run.shown());
    drop(done(project.stacks("apply --env dev --auto-approve")));
    let run = done(project.stacks("plan --env dev --stack web --format json"));
    let plan: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let page = &plan["configuration"]["root_module"]["resources"][0]["expressions"]["input"];
    let names =
        ["data.terraform_remote_state.network.outputs.note", "data.terraform_remote_state.network"];
    assert_eq!(page["references"], serde_json::json!(names));
}
