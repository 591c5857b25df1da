//! What was changed outside of infra is shown with whose it is, and has an exit code. Against a
//! sandbox.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use infra_state::{Config, Location, LockOwner};

use crate::sandboxed::Sandboxed;
use crate::support::{Project, Run};

const SECRETS: [&str; 2] = ["canary-4d11", "canary-9f02"];

fn ended(run: Run, code: i32) -> Run {
    assert_eq!(run.code, Some(code), "{}", run.shown());
    for secret in SECRETS {
        assert!(!run.shown().contains(secret), "{}", run.shown().replace(secret, "<<<SECRET>>>"));
    }
    run
}

fn vpc(name: &str, secret: &str, options: &str) -> String {
    format!(
        "desired(resource('vpc', cidr_block='10.0.0.0/16', tags={{'Name': '{name}', \
         'Key': {{'$sensitive': '{secret}'}}}}) | {{'options': {{{options}}}}}, \
         resource('note', 'infra_data', input='x'))"
    )
}

#[test]
fn drift_is_shown_in_three_views_with_its_owner() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    project.program(&vpc("code", SECRETS[0], ""));
    drop(ended(project.stacks("apply --env dev --auto-approve"), 0));
    let run = ended(project.stacks("drift --env dev"), 0);
    insta::assert_snapshot!(run.shown(), @r"
    exit: 0
    --- stdout
    web in dev: 2 resources, as the last run left them

    No drift.
    ");
    let list = ended(project.infra("state list --env dev"), 0);
    let line = list.stdout.lines().find(|line| line.starts_with("vpc")).expect("recorded");
    let id = line.split_whitespace().last().expect("an id");
    let shown = |run: &Run| run.shown().replace(id, "vpc-ID");
    // Somebody else: another state in which the same object is.
    let outside = Project::new();
    outside.environment(&format!("endpoint = \"{}\"", sandboxed.endpoint));
    outside.program(&vpc("outside", SECRETS[1], &format!("'import_id': '{id}'")));
    drop(ended(outside.stacks("apply --env dev --auto-approve"), 0));
    let run = ended(project.stacks("drift --env dev"), 2);
    insta::assert_snapshot!(shown(&run), @r#"
    exit: 2
    --- stdout
    web in dev: 2 resources

      ! vpc (aws_vpc) was changed outside of infra (vpc-ID)
          tags
              code and last applied -> real:
                ~ Key = (sensitive value) -> (sensitive value)
                ~ Name = "code" -> "outside"

    Drift: 1 changed.
    `infra apply --env dev` puts it back as it is declared.
    `infra apply --refresh-only --env dev` records it as it is now.
    "#);
    let run = ended(project.stacks("drift --env dev --format json"), 2);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(json["drifted"], true);
    let attribute = &json["stacks"][0]["resources"][0]["attributes"][0];
    assert_eq!((&attribute["name"], &attribute["owner"]), (&"tags".into(), &"infra".into()));
    let names = ["code", "applied", "real"].map(|view| attribute[view]["Name"].clone());
    assert_eq!(names, ["code", "code", "outside"].map(serde_json::Value::from));
    // A plan still says it, and nothing was written.
    let run = ended(project.stacks("plan --env dev"), 0);
    assert!(run.stdout.contains("was changed outside of infra"), "{}", run.shown());
    // What an outside writer owns is no drift, neither here nor in a plan.
    project.program(&vpc("code", SECRETS[0], "'ignore_changes': ['tags']"));
    let run = ended(project.stacks("drift --env dev"), 0);
    insta::assert_snapshot!(shown(&run), @r#"
    exit: 0
    --- stdout
    web in dev: 2 resources

      . vpc (aws_vpc) is written from outside, as declared (vpc-ID)
          tags  # owned outside: `ignore_changes` names it
              code and last applied -> real:
                ~ Key = (sensitive value) -> (sensitive value)
                ~ Name = "code" -> "outside"

    No drift. 1 attribute is left to its outside writer.
    "#);
    let run = ended(project.stacks("plan --env dev"), 0);
    assert!(!run.stdout.contains("outside of infra"), "{}", run.shown());
    held(project, || {
        let run = ended(project.stacks("drift --env dev"), 0);
        assert!(run.stderr.contains("a run is in progress"), "{}", run.shown());
        assert!(run.stdout.contains("written from outside, as declared"), "{}", run.shown());
    });
    // A state that was lost knows nothing of what is there.
    let state = project.path().join(".infra/state");
    std::fs::rename(&state, project.path().join("kept")).expect("renamed");
    let run = ended(project.stacks("drift --env dev"), 2);
    insta::assert_snapshot!(shown(&run), @r"
    exit: 2
    --- stdout
    web in dev: 0 resources

      + vpc (aws_vpc) is there by its tags, and not recorded (vpc-ID)

    Drift: 1 not recorded.
    `infra plan --adopt --env dev` records what is not recorded.
    ");
    std::fs::rename(project.path().join("kept"), &state).expect("renamed");
    drop(ended(outside.stacks("destroy --env dev --auto-approve"), 0));
    let run = ended(project.stacks("drift --env dev"), 2);
    insta::assert_snapshot!(shown(&run), @r"
    exit: 2
    --- stdout
    web in dev: 2 resources

      - vpc (aws_vpc) was deleted outside of infra (vpc-ID)

    Drift: 1 deleted.
    `infra apply --env dev` puts it back as it is declared.
    `infra apply --refresh-only --env dev` records it as it is now.
    ");
    drop(ended(project.stacks("drift --env dev --stack wbe"), 64));
}

/// Does something while another run holds the state.
fn held(project: &Project, work: impl FnOnce()) {
    let location = Location::Local { root: project.path().join(".infra") };
    let owner = LockOwner {
        pid: 4242,
        host: "build-3".to_owned(),
        user: "ann".to_owned(),
        command: "infra apply --env dev".to_owned(),
        started: "2026-11-22T04:57:00Z".to_owned(),
    };
    tokio::runtime::Runtime::new().expect("threads").block_on(async {
        let config = Config::new(location, "dev", "web");
        let store = infra_state::open(&config, &owner).await.expect("opened");
        work();
        drop(store);
    });
}
