//! Objects that exist are taken over: by command, by `import_id`, and by name. Against a sandbox.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use crate::sandboxed::Sandboxed;
use crate::support::{Project, Run};

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

/// What was refused recorded nothing.
fn refused(project: &Project, words: &str, code: i32) -> String {
    let before = project.infra("state list --env dev --stack web").stdout;
    let run = project.stacks(words);
    assert_eq!(run.code, Some(code), "{}", run.shown());
    assert_eq!(project.infra("state list --env dev --stack web").stdout, before);
    run.stderr
}

/// Another project in the same cloud.
fn neighbour(sandboxed: &Sandboxed) -> Project {
    let project = Project::new();
    project.environment(&format!("endpoint = \"{}\"", sandboxed.endpoint));
    project
}

/// The id of what is recorded at an address.
fn id(project: &Project, address: &str) -> String {
    let run = done(project.infra("state list --env dev"));
    let line = run.stdout.lines().find(|line| line.starts_with(address)).expect("recorded");
    line.split_whitespace().last().expect("an id").to_owned()
}

fn vpc(address: &str, name: &str, options: &str) -> String {
    format!(
        "resource('{address}', cidr_block='10.0.0.0/16', tags={{'Name': '{name}'}}) \
         | {{'options': {{{options}}}}}"
    )
}

#[test]
fn what_exists_is_taken_over_and_not_changed() {
    let sandboxed = Sandboxed::new();
    let (project, other) = (&sandboxed.project, neighbour(&sandboxed));
    // What somebody else made.
    let made = [vpc("one", "old", ""), vpc("two", "main", ""), vpc("three", "old", "")];
    let bucket = "resource('logs', 'aws_s3_bucket', bucket='import-logs')";
    other.program(&format!("desired({}, {bucket})", made.join(", ")));
    drop(done(other.stacks("apply --env dev --auto-approve")));
    let ids = ["one", "two", "three"].map(|address| id(&other, address));
    let hidden = |text: &str| {
        let text = ids.iter().fold(text.to_owned(), |text, id| text.replace(id, "vpc-ID"));
        text.replace("vpc-0123456789abcdef0", "vpc-404")
    };
    by_command(project, &ids, &hidden);
    by_option(project, &ids);
    by_name(project, &other, bucket);
}

fn by_command(project: &Project, ids: &[String; 3], hidden: &dyn Fn(&str) -> String) {
    let note = "resource('note', 'infra_data', input='x')";
    let declared =
        format!("desired({}, {}, {note})", vpc("vpc", "main", ""), vpc("twin", "main", ""));
    project.program(&declared);
    let shown = |words: &str, code: i32| hidden(&refused(project, words, code));
    insta::assert_snapshot!(shown("import --env dev --auto-approve vcp vpc-1", 1), @r"
    error[import::undeclared]: the address is not declared
      = `vcp`: an object is taken over for a declared resource
      = hint: write `vpc` if that is what you mean
      = hint: or declare it as it is, and import it then
    ");
    let missing = "import --env dev --auto-approve vpc vpc-0123456789abcdef0";
    insta::assert_snapshot!(shown(missing, 1), @r"
    error[plan::import]: an object cannot be taken over
      ┌─ stacks/src/main.rs:7:5
      = `vpc`
      = there is no aws_vpc `vpc-404`
      = hint: check the id, the account and the region
    ");
    insta::assert_snapshot!(shown("import --env dev --auto-approve note x", 1), @r"
    error[plan::import]: an object cannot be taken over
      ┌─ stacks/src/main.rs:7:5
      = `note`
      = no infra_data can: it stands in the state alone, and there is no object of it
      = hint: let infra make one, and change what uses the old one
    ");
    let words = format!("import --env dev vpc {}", ids[0]);
    assert!(refused(project, &words, 64).contains("nobody is there to approve"));
    assert!(refused(project, &format!("{words} --format json"), 64).contains("--auto-approve"));
    let terminal = ["import", "--env", "dev", "--program", "program", "vpc", &ids[0]];
    let run = project.on_terminal(&terminal, &[("Type `yes` to import it: ", "no")]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let run = done(project.stacks(&format!("{words} --auto-approve")));
    let shown_of_it = hidden(&run.stdout);
    for part in [
        "  = vpc (aws_vpc) would be taken over (vpc-ID)\n",
        "\n      cidr_block ",
        "A plan would then change it:\n\n  ~ vpc (aws_vpc) will be updated in place (vpc-ID)\n",
        "      ~ tags =\n          ~ Name = \"old\" -> \"main\"\n",
        "Import complete: vpc-ID is recorded as vpc; it was not changed.\n",
    ] {
        assert!(shown_of_it.contains(part), "{part}: {}", run.shown());
    }
    let run = done(project.infra("history --env dev"));
    assert!(run.stdout.contains("import vpc"), "{}", run.shown());
    let run = done(project.stacks("plan --env dev"));
    assert!(run.stdout.contains("2 to add, 1 to change, 0 to destroy"), "{}", run.shown());
    insta::assert_snapshot!(shown(&format!("{words} --auto-approve"), 1), @r"
    error[plan::import]: an object cannot be taken over
      ┌─ stacks/src/main.rs:7:5
      = `vpc`
      = `vpc` is recorded already, with aws_vpc vpc-ID
      = hint: nothing has to be done
    ");
    let twin = format!("import --env dev --auto-approve twin {}", ids[0]);
    insta::assert_snapshot!(shown(&twin, 1), @r"
    error[plan::import]: an object cannot be taken over
      ┌─ stacks/src/main.rs:7:5
      = `twin`
      = `vpc-ID` belongs to `vpc` already
      = hint: move it:
        `infra state mv vpc twin --env dev --stack web`
    ");
    // Nor does another stack of the environment get it.
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    let elsewhere = format!("import --env dev --auto-approve --stack network twin {}", ids[0]);
    insta::assert_snapshot!(shown(&elsewhere, 1), @r"
    error[plan::import]: an object cannot be taken over
      ┌─ stacks/src/main.rs:7:5
      = `twin`
      = `vpc-ID` belongs to `vpc` of the stack `web` already
      = hint: move it:
        `infra state mv vpc twin --to-stack network --stack web --env dev`
    ");
    assert!(shown(&twin, 1).contains("error[import::ambiguous]"));
    project.write("stacks/settings/dev.toml", "[web]\n");
    let words = format!("import --env dev --auto-approve --format json twin {}", ids[1]);
    let run = done(project.stacks(&words));
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(json["attributes"]["cidr_block"], "10.0.0.0/16");
    assert_eq!((&json["address"], &json["id"]), (&"twin".into(), &ids[1].as_str().into()));
    assert_eq!((&json["imported"], &json["plan"]["action"]), (&true.into(), &"no-op".into()));
    let run = done(project.stacks("apply --env dev --auto-approve"));
    assert!(run.stdout.contains("1 added, 1 changed, 0 destroyed"), "{}", run.shown());
    let run = done(project.stacks("plan --env dev --detailed-exitcode"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
}

/// The option in the code, with and without differences.
fn by_option(project: &Project, ids: &[String; 3]) {
    let [one, two, three] = ids;
    let named =
        |address: &str, id: &str, name: &str| vpc(address, name, &format!("'import_id': '{id}'"));
    let base = [named("vpc", one, "main"), named("twin", two, "main")].join(", ");
    let third = |name: &str| format!("desired({base}, {})", named("third", three, name));
    for (name, plan, apply) in [
        (
            "old",
            "Plan: 1 to import, 0 to add, 0 to change, 1 to destroy.",
            "1 imported, 0 added, 0 changed",
        ),
        (
            "new",
            "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy.",
            "1 imported, 0 added, 1 changed",
        ),
    ] {
        project.program(&third(name));
        let run = done(project.stacks("plan --env dev"));
        assert!(run.stdout.contains(plan), "{}", run.shown());
        assert!(run.stdout.contains("# it is taken over, not made"), "{}", run.shown());
        let run = done(project.stacks("apply --env dev --auto-approve"));
        assert!(run.stdout.contains(apply), "{}", run.shown());
        let run = done(project.stacks("plan --env dev --detailed-exitcode"));
        assert!(run.stdout.contains("No changes."), "{}", run.shown());
        drop(done(project.infra("state rm --env dev third")));
    }
    project.program(&format!("desired({base}, {})", named("third", one, "main")));
    let run = project.stacks("plan --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("belongs to `vpc` already"), "{}", run.shown());
}

/// `adopt_existing`: what has the name is taken over, unless somebody else owns it.
fn by_name(project: &Project, other: &Project, bucket: &str) {
    let adopt =
        |resource: &str| format!("desired({resource} | {{'options': {{'adopt_existing': True}}}})");
    // The neighbour's objects carry the tags of its own stack and environment; this is another.
    project.write("stacks/settings/dev.toml", "[network]\n");
    project.program(&adopt(bucket));
    let run = project.stacks("plan --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    insta::assert_snapshot!(run.stderr, @r"
    error[plan::import]: an object cannot be taken over
      ┌─ stacks/src/main.rs:7:5
      = `logs`
      = `import-logs` carries the tags of the stack `web` in `dev`, which owns it
      = hint: give it another name, or read it from that stack instead
      = hint: or let that stack forget it and take its `infra:` tags off first
    ");
    // What nobody owns is taken over.
    let named = "resource('group', 'aws_iam_group', name='import-group')";
    other.program(&format!("desired({named})"));
    drop(done(other.stacks("apply --env dev --auto-approve")));
    project.program(&adopt(named));
    let run = done(project.stacks("plan --env dev"));
    assert!(run.stdout.contains("= group (aws_iam_group) will be imported"), "{}", run.shown());
    assert!(run.stdout.contains("`adopt_existing` is set"), "{}", run.shown());
    let run = done(project.stacks("apply --env dev --auto-approve"));
    assert!(run.stdout.contains("1 imported, 0 added, 0 changed"), "{}", run.shown());
    let run = done(project.stacks("plan --env dev --detailed-exitcode"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
    // What is not there is made.
    let new = adopt("resource('group', 'aws_iam_group', name='import-other')");
    project.program(&new.replace("'group'", "'fresh'"));
    let run = done(project.stacks("plan --env dev"));
    assert!(run.stdout.contains("1 to add"), "{}", run.shown());
    project.program(&adopt("resource('vpc', cidr_block='10.0.0.0/16')"));
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[plan::adopt-existing]"), "{}", run.shown());
}
