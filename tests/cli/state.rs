//! What is recorded: looked at, renamed, forgotten, restored, and who changed it when.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use infra_sdk::provider::Place;
use infra_sdk::store::{Edit, Operation, Record, RunChange, RunRecord, State, Status};
use infra_sdk::{Address, Object, Value};
use infra_state::{Config, Location, LockOwner};

use crate::support::{Project, Run, with_credentials};

const SECRET: &str = "canary-5c1d";

fn config(project: &Project) -> Config {
    let location = Location::Local { root: project.path().join(".infra") };
    Config::new(location, "dev", "web")
}

fn owner() -> LockOwner {
    LockOwner {
        pid: 4242,
        host: "build-3".to_owned(),
        user: "ann".to_owned(),
        command: "infra apply --env dev".to_owned(),
        started: "2026-11-22T04:57:00Z".to_owned(),
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("threads").block_on(work)
}

fn record(address: &str, needs: &[&str]) -> Record {
    let at = |text: &str| Address::parse(text).expect("valid");
    let id = format!("vpc-{}", address.replace('.', "-"));
    let outputs = [("id", Value::from(id.as_str())), ("secret", Value::from(SECRET).sensitive())];
    Record {
        address: at(address),
        type_name: "aws_vpc".to_owned(),
        place: Place::default(),
        id,
        inputs: Object::from([("cidr_block".to_owned(), Value::from("10.0.0.0/16"))]),
        outputs: outputs.map(|(name, value)| (name.to_owned(), value)).into(),
        dependencies: needs.iter().map(|text| at(text)).collect(),
        status: Status::Ready,
        prevent_destroy: false,
        create_before_destroy: false,
        location: None,
        deposed: Vec::new(),
    }
}

/// A project whose stack `web` has `vpc` and `private`, which needs it, from the run `30c1aaaa`.
pub(crate) fn project() -> Project {
    let project = Project::new();
    wait(async {
        let store = infra_state::open(&config(&project), &owner()).await.expect("opened");
        let mut run = RunRecord {
            id: "30c1aaaa".to_owned(),
            command: "apply".to_owned(),
            by: "ann on build-3".to_owned(),
            started: "2026-11-22T04:57:00Z".to_owned(),
            ended: None,
            complete: false,
        };
        store.start(&run).await.expect("started");
        for record in [record("vpc", &[]), record("private", &["vpc"])] {
            let note = RunChange {
                run: run.id.clone(),
                at: "2026-11-22T04:58:00Z".to_owned(),
                address: record.address.clone(),
                type_name: record.type_name.clone(),
                operation: Operation::Create,
                id: record.id.clone(),
                before: None,
            };
            let edits = [Edit::Put(Box::new(record)), Edit::Note(Box::new(note))];
            store.commit(None, &edits).await.expect("written");
        }
        run.ended = Some("2026-11-22T04:59:00Z".to_owned());
        run.complete = true;
        store.finish(&run).await.expect("ended");
    });
    project
}

fn state(project: &Project) -> State {
    wait(async {
        let store = infra_state::open(&config(project), &owner()).await.expect("opened");
        store.load().await.expect("read")
    })
}

/// What was refused changed nothing.
fn refused(project: &Project, words: &str, code: i32) -> Run {
    let before = state(project);
    let run = project.infra(words);
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{}", run.shown());
    assert_eq!(state(project), before);
    run
}

#[test]
fn a_resource_is_recorded_under_another_address() {
    let project = project();
    let before = state(&project);
    let run = project.infra("state mv --env dev vpc network.vpc --dry-run");
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    web: vpc (aws_vpc vpc-vpc) would be recorded as network.vpc
    Nothing was changed: leave `--dry-run` out to do it.
    ");
    assert_eq!(state(&project), before);
    let run = project.infra("state mv --env dev vpc network.vpc");
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    web: vpc (aws_vpc vpc-vpc) is recorded as network.vpc
    Give it that name in the code too; `moved_from` is not needed.
    ");
    let run = project.infra("state list --env dev");
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    network.vpc  aws_vpc  vpc-vpc
    private      aws_vpc  vpc-private
    ");
    let after = state(&project);
    let (old, new) = (&before.records, &after.records);
    let (from, to) = (record("vpc", &[]).address, record("network.vpc", &[]).address);
    assert_eq!(new[&to], Record { address: to.clone(), ..old[&from].clone() });
    assert_eq!(new[&record("private", &[]).address].dependencies, [to]);
    assert_eq!((new.len(), after.serial), (2, before.serial + 1));
}

#[test]
fn what_is_recorded_is_listed_for_programs_too() {
    let project = project();
    let run = project.infra("state list --env dev --format json");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let listed: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let of = |name: &str| {
        let id = format!("vpc-{name}");
        serde_json::json!({
            "stack": "web", "address": name, "type": "aws_vpc", "id": id, "ready": true,
        })
    };
    assert_eq!(listed, serde_json::json!([of("private"), of("vpc")]));
}

#[test]
fn what_cannot_be_moved_is_refused_with_a_way_out() {
    let project = project();
    let run = refused(&project, "state mv --env dev vcp network.vpc", 1);
    insta::assert_snapshot!(run.stderr, @r"
    error[state::unknown]: nothing is recorded there
      = `vcp`
      = hint: write `vpc` if that is what you mean
    ");
    let run = refused(&project, "state mv --env dev vpc private", 1);
    insta::assert_snapshot!(run.stderr, @r"
    error[state::move]: a resource cannot be moved there
      = `private` is taken by the aws_vpc vpc-private
      = hint: choose another address, or move what is there away first
    ");
    let run = refused(&project, "state mv --env dev vpc Not/An/Address", 64);
    assert!(run.stderr.contains("error[state::address]"), "{}", run.shown());
    let run = refused(&project, "state mv --env dev vpc", 64);
    assert!(run.stderr.contains("<TO>"), "{}", run.shown());
}

#[test]
fn what_is_forgotten_leaves_the_others_whole() {
    let project = project();
    let run = refused(&project, "state rm --env dev vpc privte", 1);
    insta::assert_snapshot!(run.stderr, @r"
    error[state::unknown]: nothing is recorded there
      = `privte`
      = hint: write `private` if that is what you mean
    ");
    let run = project.infra("state rm --env dev vpc");
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    web: vpc (aws_vpc vpc-vpc) is forgotten; the object stays as it is
    Take what is forgotten out of the code too, or the next apply makes another.
    ");
    let after = state(&project);
    assert_eq!(after.records.len(), 1);
    assert_eq!(after.records[&record("private", &[]).address].dependencies, []);
}

/// Replaces the ids of runs and times, which differ from run to run.
fn without_ids(text: &str) -> String {
    let word = |word: &str| {
        let id = word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let time = word.len() == 20 && word.ends_with('Z') && !word.starts_with("2026-11-22T04:");
        if id {
            "RUN"
        } else if time {
            "TIME"
        } else {
            word
        }
        .to_owned()
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_history_tells_what_was_run_and_what_it_changed() {
    let project = project();
    assert_eq!(project.infra("state mv --env dev vpc network.vpc").code, Some(0));
    let mut command = project.command(&["history", "--env", "dev"]);
    let run = project.run(command.env("USER", "bob"));
    let shown = without_ids(&run.stdout);
    let who = |part: &str| if part.starts_with("somebody on ") { "WHO" } else { part }.to_owned();
    let columns = |line: &str| {
        let parts = line.split("  ").map(str::trim).filter(|part| !part.is_empty());
        parts.map(who).collect::<Vec<_>>().join("  ")
    };
    insta::assert_snapshot!(shown.lines().map(columns).collect::<Vec<_>>().join("\n"), @r"
    30c1aaaa  2026-11-22T04:57:00Z  complete  +2 ~0 -0  ann on build-3  apply
    RUN  TIME  complete  +0 ~1 -0  WHO  state mv vpc network.vpc
    ");
    let run = project.infra("history --env dev 30c1");
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    30c1aaaa apply (complete)
        # 2026-11-22T04:57:00Z until 2026-11-22T04:59:00Z by ann on build-3
        + vpc (aws_vpc) vpc-vpc
        + private (aws_vpc) vpc-private
    ");
    let run = project.infra("history --env dev 30c1 --format json");
    insta::assert_snapshot!(run.stdout, @r#"
    {
      "add": 2,
      "by": "ann on build-3",
      "change": 0,
      "changes": [
        {
          "address": "vpc",
          "at": "2026-11-22T04:58:00Z",
          "id": "vpc-vpc",
          "operation": "create",
          "type": "aws_vpc"
        },
        {
          "address": "private",
          "at": "2026-11-22T04:58:00Z",
          "id": "vpc-private",
          "operation": "create",
          "type": "aws_vpc"
        }
      ],
      "command": "apply",
      "ended": "2026-11-22T04:59:00Z",
      "id": "30c1aaaa",
      "remove": 0,
      "result": "complete",
      "started": "2026-11-22T04:57:00Z"
    }
    "#);
    let run = project.infra("history --env dev --format json");
    assert!(run.stdout.contains("\"command\": \"state mv vpc network.vpc\""), "{}", run.shown());
    assert!(!run.stdout.contains(SECRET), "{}", run.shown());
    let run = refused(&project, "history --env dev 30c2aaaa", 1);
    assert!(run.stderr.contains("write `30c1aaaa` if that is"), "{}", run.shown());
}

#[test]
fn a_run_that_never_ended_was_killed() {
    let project = project();
    wait(async {
        let store = infra_state::open(&config(&project), &owner()).await.expect("opened");
        let run = RunRecord {
            id: "dead".to_owned(),
            command: "apply".to_owned(),
            by: "ann on build-3".to_owned(),
            started: "2026-11-22T05:00:00Z".to_owned(),
            ended: None,
            complete: false,
        };
        store.start(&run).await.expect("started");
    });
    let run = project.infra("history --env dev dead");
    assert!(run.stdout.starts_with("dead apply (killed)\n"), "{}", run.shown());
}

#[test]
fn an_export_that_cannot_be_meant_is_refused_and_the_state_is_not_called_damaged() {
    let project = project();
    let export = project.infra("state export --env dev").stdout;
    project.write("backup.json", &export);
    project.write("half.json", &export[..export.len() / 2]);
    for (file, stack, words) in [
        ("backup.json", "other", "it is of `web` in `dev`, and `--stack` says `other`"),
        ("half.json", "web", "the export cannot be read"),
        ("nowhere.json", "web", "the export cannot be read"),
    ] {
        let run = refused(&project, &format!("state restore --env dev --stack {stack} {file}"), 1);
        assert!(run.stderr.contains(words), "{}", run.shown());
        assert!(!run.stderr.contains("infra state restore"), "{}", run.shown());
    }
    // What cannot be compared with is told, and hinders nobody.
    let words = "state restore --env dev --stack other backup.json --auto-approve";
    project.write(".infra/state/dev/web/export.json", &export[..export.len() / 2]);
    let run = project.infra(words);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(
        run.stderr.contains("whether the export is of `web` cannot be told"),
        "{}",
        run.shown()
    );
    // Without its key no export opens either.
    project.write(".infra/state.key", "garbage\n");
    let run = project.infra("state list --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[state::key]"), "{}", run.shown());
    assert!(!run.stderr.contains("infra state restore"), "{}", run.shown());
}

#[test]
fn an_export_is_put_in_the_place_of_what_is_there_after_asking() {
    let project = project();
    let export = project.infra("state export --env dev");
    assert_eq!(export.code, Some(0), "{}", export.shown());
    project.write("backup.json", &export.stdout);
    assert!(!export.stdout.contains(SECRET));
    assert_eq!(project.infra("state rm --env dev vpc private").code, Some(0));
    let words = "state restore --env dev --stack web backup.json";
    let run = refused(&project, words, 64);
    assert!(run.stderr.contains("add `--auto-approve`"), "{}", run.shown());
    // Its serial is one lower than that of the run that forgot everything.
    let run = refused(&project, &format!("{words} --auto-approve"), 1);
    insta::assert_snapshot!(run.stderr, @r"
    web: .infra/state/dev/web holds 0 resources of run 2, which will be kept aside
    error[state::refused]: the state does not allow what was asked for
      = stack `web`: restore the state from the export: the export is older than the state: its serial is 1, and the one here is 2; what was done since would be known to the cloud alone
      = hint: `--accept-older` takes an export older than this state
      = hint: `--accept-other-lineage` takes an export of another state
    ");
    let run = project.infra(&format!("{words} --auto-approve --accept-older"));
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    web: restored 2 resources of run 1
    What was there is kept in .infra/state/dev/web.
    `infra plan --env dev --stack web` shows what has changed since.
    --- stderr
    web: .infra/state/dev/web holds 0 resources of run 2, which will be kept aside
    ");
    assert_eq!(state(&project).records.len(), 2);
    let kept = std::fs::read_dir(project.path().join(".infra/state/dev/web")).expect("there");
    let kept = kept.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert!(kept.into_iter().any(|name| name.contains("replaced")));
}

#[test]
fn an_export_that_was_changed_is_refused() {
    let project = project();
    let export = project.infra("state export --env dev").stdout;
    project.write("bad.json", &export.replace("10.0.0.0", "10.9.0.0"));
    let words = "state restore --env dev --stack web --auto-approve";
    let run = refused(&project, &format!("{words} bad.json"), 1);
    assert!(run.stderr.contains("error[state::export]"), "{}", run.shown());
    let run = refused(&project, &format!("{words} missing.json"), 1);
    assert!(run.stderr.contains("missing.json"), "{}", run.shown());
    let run = refused(&project, "state restore --env dev --stack ../x bad.json", 64);
    assert!(run.stderr.contains("error[state::stack]"), "{}", run.shown());
}

/// Holds the lock of `web` for as long as the test wants.
fn holding<T>(project: &Project, work: impl FnOnce() -> T) -> T {
    wait(async {
        let store = infra_state::open(&config(project), &owner()).await.expect("opened");
        let done = tokio::task::block_in_place(work);
        drop(store);
        done
    })
}

#[test]
fn readers_do_not_wait_for_a_run_and_say_that_there_is_one() {
    let project = project();
    let run = holding(&project, || project.infra("state list --env dev"));
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    private  aws_vpc  vpc-private
    vpc      aws_vpc  vpc-vpc
    --- stderr
    warning[state::in-progress]: a run is in progress, and this is what the run before it left
      = stack `web`: ann runs `infra apply --env dev` on build-3 (process 4242) since 2026-11-22T04:57:00Z
    ");
    let run = holding(&project, || project.infra("state show --env dev vpc"));
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("vpc-vpc"), "{}", run.shown());
    let run = holding(&project, || project.infra("output --env dev"));
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

#[test]
fn the_second_run_is_told_who_is_first_and_may_wait() {
    let project = project();
    let run = holding(&project, || project.infra("history --env dev"));
    insta::assert_snapshot!(run.shown(), @r"
    exit: 4
    --- stderr
    error[state::locked]: another run holds the state
      = stack `web`: the state is locked: ann runs `infra apply --env dev` on build-3 (process 4242) since 2026-11-22T04:57:00Z
      = hint: wait for it with `--lock-timeout 10m`; a run that died holds nothing
    ");
    let run = holding(&project, || {
        let child = project.command(&["state", "rm", "--env", "dev", "vpc"]).output();
        let child = child.expect("ends");
        assert_eq!(child.status.code(), Some(4));
        project.infra("history --env dev --lock-timeout 1s")
    });
    assert_eq!(run.code, Some(4), "{}", run.shown());
    assert!(run.stderr.starts_with("web: waiting for the state: ann runs"), "{}", run.shown());
    // One that ends in time is waited for.
    let mut command = project.command(&["history", "--env", "dev", "--lock-timeout", "50s"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child: Child = holding(&project, || {
        let mut child = command.spawn().expect("starts");
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        stderr.read_line(&mut line).expect("read");
        assert!(line.contains("waiting for the state"), "{line}");
        child
    });
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0));
    let run = project.infra("history --env dev --lock-timeout soon");
    assert_eq!(run.code, Some(64), "{}", run.shown());
}

#[test]
fn a_plan_without_the_lock_says_that_it_may_be_old() {
    let project = Project::with_cloud();
    project.program("desired(outputs=[('name', 'value')])");
    assert_eq!(project.stacks("apply --env dev --auto-approve").code, Some(0));
    project.program("desired(outputs=[('name', 'other')])");
    let plan = |words: &[&str]| -> Command {
        let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
        command.args(words);
        with_credentials(&mut command);
        command
    };
    let run = holding(&project, || project.run(&mut plan(&[])));
    assert_eq!(run.code, Some(4), "{}", run.shown());
    let run = holding(&project, || project.run(&mut plan(&["--lock=false"])));
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("\"value\" -> \"other\""), "{}", run.shown());
    insta::assert_snapshot!(run.stderr, @r"
    warning[plan::unlocked]: without the lock, what is recorded may be old
      = stack `web`: it is what run 1 of the state left; what a run begins meanwhile does not show
      = hint: leave `--lock=false` out to plan with what is recorded now
    ");
}

#[test]
fn a_damaged_state_names_the_command_that_mends_it() {
    let project = project();
    let database = project.path().join(".infra/state/dev/web/sled");
    std::fs::remove_dir_all(&database).expect("removed");
    let run = project.infra("state list --env dev");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.shown());
    assert!(run.stderr.starts_with("error[state::damaged]"), "{}", run.shown());
    let words = run.stderr.split_once("hint: run `infra ").expect("a command").1;
    let words = words.split('`').next().expect("its end");
    let export = "$PROJECT/.infra/state/dev/web/export.json";
    assert_eq!(words, format!("state restore {export} --env dev --stack web"));
    let words = words.replace("$PROJECT", &project.path().display().to_string());
    let run = project.infra(&format!("{words} --auto-approve"));
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stderr.contains("a state that cannot be read"), "{}", run.shown());
    assert_eq!(state(&project).records.len(), 2);
}

#[test]
fn the_doctor_looks_at_the_key_and_the_lock() {
    let project = project();
    let line = |run: &Run, name: &str| {
        let found = run.stdout.lines().find(|line| line.contains(name));
        found.unwrap_or_else(|| panic!("{}", run.shown())).to_owned()
    };
    let run = project.infra("doctor --env dev");
    assert!(line(&run, "web in dev").contains("2 recorded, 0 unfinished, not locked"));
    assert!(line(&run, "key of dev").contains("readable for nobody else"));
    let run = holding(&project, || project.infra("doctor --env dev"));
    assert!(line(&run, "web in dev").contains("ann runs `infra apply --env dev`"));
    let key = project.path().join(".infra/state.key");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&key, mode).expect("changed");
    let run = project.infra("doctor --env dev");
    assert!(line(&run, "key of dev").contains("others may read"), "{}", run.shown());
    assert!(run.stdout.contains("chmod 600 $PROJECT/.infra/state.key"), "{}", run.shown());
}

#[test]
fn a_passphrase_takes_the_place_of_the_key_file_and_back() {
    let project = project();
    let with = |words: &str, variables: &[(&str, &str)]| {
        let mut command = project.command(&words.split(' ').collect::<Vec<_>>());
        project.run(command.envs(variables.iter().copied()))
    };
    let (now, next) = ("INFRA_STATE_PASSPHRASE", "INFRA_STATE_NEW_PASSPHRASE");
    let run = refused(&project, "state rekey --env dev --to passphrase", 64);
    insta::assert_snapshot!(run.stderr, @r"
    error[state::passphrase]: there is no passphrase for the states
      = nobody is there to be asked for it
      = hint: put it into the variable INFRA_STATE_NEW_PASSPHRASE, or run on a terminal
    ");
    let run = refused(&project, "state rekey --env dev --to hunter2", 64);
    assert!(run.stderr.contains("write `passphrase`, or `file:`"), "{}", run.shown());
    let run = refused(&project, "state rekey --env dev", 64);
    assert!(run.stderr.contains("--rotate"), "{}", run.shown());
    let run = with("state rekey --env dev --to passphrase", &[(next, "correct horse")]);
    insta::assert_snapshot!(run.shown(), @r#"
    exit: 0
    --- stdout
    web: sealed anew
    Write `state_key = "passphrase"` into `[environments.dev]` of `infra.toml`.
    "#);
    // What `infra.toml` says does not fit any more.
    let run = project.infra("state show --env dev vpc");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.shown());
    project.environment("endpoint = \"http://127.0.0.1:1\"\nstate_key = \"passphrase\"");
    let run = project.infra("state show --env dev vpc");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("error[state::passphrase]"), "{}", run.shown());
    let run = with("state show --env dev vpc", &[(now, "wrong")]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.shown());
    assert!(run.stderr.contains("not the one that it was sealed with"), "{}", run.shown());
    assert!(!run.stderr.contains("wrong"), "{}", run.shown());
    let run = with("state show --env dev vpc", &[(now, "correct horse")]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let words = "state rekey --env dev --to file:.infra/state.key --rotate";
    let run = with(words, &[(now, "correct horse")]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    project.environment("endpoint = \"http://127.0.0.1:1\"");
    let run = project.infra("output --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert_eq!(state(&project).records.len(), 2);
}

#[test]
fn a_passphrase_is_typed_unseen() {
    let project = Project::with_cloud();
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    project.write("infra.toml", &format!("{text}state_key = \"passphrase\"\n"));
    project.program("desired(outputs=[('name', 'value')])");
    let words = ["apply", "--env", "dev", "--program", "program", "--auto-approve"];
    let answers = [("Passphrase of the states: ", "tall ship"), ("Once more: ", "tall ship")];
    let run = project.on_terminal(&words, &answers);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(!run.stdout.contains("tall"), "{}", run.shown());
    let mut command = project.command(&["output", "--env", "dev"]);
    let run = project.run(command.env("INFRA_STATE_PASSPHRASE", "tall ship"));
    assert_eq!(run.stdout, "name = \"value\"\n", "{}", run.shown());
    // Two that differ make no state that nobody could open.
    let other = Project::with_cloud();
    let text = std::fs::read_to_string(other.path().join("infra.toml")).expect("there");
    other.write("infra.toml", &format!("{text}state_key = \"passphrase\"\n"));
    other.program("desired(outputs=[('name', 'value')])");
    let answers = [("Passphrase of the states: ", "tall ship"), ("Once more: ", "tall shop")];
    let run = other.on_terminal(&words, &answers);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.contains("what was typed differs"), "{}", run.shown());
    assert!(!other.has_state());
}
