//! Runs that are taken back: planned from the history, shown, asked about and carried out.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use crate::support::{Project, Run, with_credentials};

/// The resource `note` with this text, and one more for each name.
fn stack(text: &str, more: &[&str]) -> String {
    let resource =
        |name: &str, text: &str| format!("resource('{name}', 'infra_data', input='{text}')");
    let more = more.iter().map(|name| resource(name, "more"));
    let all: Vec<_> = std::iter::once(resource("note", text)).chain(more).collect();
    format!("desired({})", all.join(", "))
}

fn applied(project: &Project, text: &str, more: &[&str]) -> String {
    project.program(&stack(text, more));
    done(&project.stacks("apply --env dev --auto-approve"));
    latest(project)
}

fn done(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

/// The id of the latest run.
fn latest(project: &Project) -> String {
    let run = project.infra("history --env dev --format json");
    let runs: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let runs = runs.as_array().expect("a list");
    runs.last().expect("a run")["id"].as_str().expect("a text").to_owned()
}

fn undo(project: &Project, words: &str) -> Run {
    let words = format!("undo --env dev {words}");
    let mut command = project.command(&words.split_whitespace().collect::<Vec<_>>());
    with_credentials(&mut command);
    project.run(&mut command)
}

/// What was refused changed nothing.
fn refused(project: &Project, words: &str, code: i32) -> Run {
    let before = project.infra("state export --env dev").stdout;
    let run = undo(project, words);
    assert_eq!(run.code, Some(code), "{}", run.shown());
    assert_eq!(project.infra("state export --env dev").stdout, before);
    run
}

/// Replaces the ids of runs and of objects, which differ from run to run.
fn ids_hidden(text: &str) -> String {
    let hide = |word: &str| {
        let id = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let random = id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if random { word.replace(id, "ID") } else { word.to_owned() }
    };
    let line = |line: &str| line.split(' ').map(hide).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn a_run_is_taken_back_and_the_taking_back_too() {
    let project = Project::with_cloud();
    applied(&project, "one", &["gone"]);
    let second = applied(&project, "two", &["fresh"]);
    let run = undo(&project, &format!("{} --auto-approve", &second[..10]));
    done(&run);
    insta::assert_snapshot!(ids_hidden(&run.stdout), @r#"
    web in dev

      Destroyed or replaced (1)

      - fresh (infra_data) will be destroyed (ID)
          # it is no longer declared

      Changed in place (1)

      ~ note (infra_data) will be updated in place (ID)
          ~ input = "two" -> "one"
            # (1 unchanged attribute)

      Created (1)

      + gone (infra_data) will be created
          + input = "more"
            # (known after apply): id

    Plan: 1 to add, 1 to change, 1 to destroy.
    Nothing that holds data is destroyed or replaced.
    Undo complete: 1 added, 1 changed, 1 destroyed.
    "#);
    // What is begun at once is said in any order.
    let warned = run.stderr.split("gone: creating").next().unwrap_or_default();
    insta::assert_snapshot!(ids_hidden(warned.split("note: updating").next().unwrap_or_default()), @r"
    warning[undo::new-object]: an object does not come back, a new one does
      = `gone`
      = the infra_data `ID` is made anew: it gets another id, and what it held is not in it
      = hint: restore its data from a backup, if there is any
    ");
    // The program of then has nothing to do.
    project.program(&stack("one", &["gone"]));
    let run = project.stacks("plan --env dev --detailed-exitcode");
    done(&run);
    let undone = latest(&project);
    let run = project.infra("history --env dev");
    assert!(run.stdout.contains(&format!("undo {}", &second[..8])), "{}", run.shown());
    done(&undo(&project, &format!("{undone} --auto-approve --format json")));
    project.program(&stack("two", &["fresh"]));
    done(&project.stacks("plan --env dev --detailed-exitcode"));
}

#[test]
fn nothing_is_taken_back_before_somebody_says_yes() {
    let project = Project::with_cloud();
    let first = applied(&project, "one", &[]);
    let run = refused(&project, &first, 64);
    assert!(run.stdout.contains("will be destroyed"), "{}", run.shown());
    assert!(run.stderr.contains("nobody is there to approve"), "{}", run.shown());
    let run = refused(&project, &format!("{first} --format json"), 64);
    assert_eq!(run.stdout, "", "{}", run.shown());
    let words = ["undo", "--env", "dev", &first];
    let run = project.on_terminal(&words, &[("Type `yes` to undo: ", "no")]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.contains("Not approved: nothing was changed."), "{}", run.shown());
    let run = project.on_terminal(&words, &[("Type `yes` to undo: ", "yes")]);
    done(&run);
    assert!(run.stdout.contains("Undo complete:"), "{}", run.shown());
    assert_eq!(project.infra("state list --env dev").stdout, "");
}

#[test]
fn what_a_later_run_did_is_lost_only_when_that_is_accepted() {
    let project = Project::with_cloud();
    applied(&project, "one", &[]);
    let second = applied(&project, "two", &[]);
    let third = applied(&project, "three", &[]);
    let run = refused(&project, &format!("{second} --auto-approve"), 1);
    assert!(run.stderr.starts_with("error[undo::conflict]"), "{}", run.shown());
    assert!(run.stderr.contains(&format!("run `{third}`")), "{}", run.shown());
    assert!(run.stderr.contains("`--accept-conflict note`"), "{}", run.shown());
    let run = refused(&project, &format!("{second} --auto-approve --accept-conflict no/te"), 64);
    assert!(run.stderr.contains("error[state::address]"), "{}", run.shown());
    done(&undo(&project, &format!("{second} --auto-approve --accept-conflict note")));
    project.program(&stack("one", &[]));
    done(&project.stacks("plan --env dev --detailed-exitcode"));
}

#[test]
fn what_is_no_run_over_objects_is_refused_with_what_to_use() {
    let project = Project::with_cloud();
    let first = applied(&project, "one", &[]);
    done(&project.infra("state mv --env dev note notes.first"));
    let run = refused(&project, &format!("{} --auto-approve", latest(&project)), 1);
    insta::assert_snapshot!(ids_hidden(&run.stderr), @r"
    error[undo::records]: the run changed records, and no object
      = run `ID`: infra state mv note notes.first
      = hint: move it back:
        `infra state mv notes.first note --env dev --stack web`
    ");
    let run = refused(&project, "zz --auto-approve", 1);
    assert!(run.stderr.starts_with("error[history::unknown]"), "{}", run.shown());
    assert!(run.stderr.contains(&first), "{}", run.shown());
    let run = refused(&project, "", 64);
    assert!(run.stderr.contains("<RUN>"), "{}", run.shown());
}
