//! A database and a cache of a real system are made anew of snapshots that settings name, and a
//! protected environment keeps those that it has.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use infra_sandbox::gate::LogEntry;
use infra_sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

use crate::{Project, project};

/// Only where the data is, with what it needs.
const DATA: [&str; 8] = [
    "--env",
    "staging",
    "--stack",
    "faultmaven",
    "--target",
    "data.database",
    "--target",
    "data.cache",
];

/// What names the snapshots.
const RESTORED: [&str; 4] = ["--var", "database.snapshot=before", "--var", "cache.snapshot=kept"];

/// Runs `infra` over the data; it must end with this code.
fn run(project: &Project, command: &str, words: &[&str], code: i32) -> (String, String) {
    let words: Vec<_> = [command].iter().chain(&DATA).chain(words).copied().collect();
    let output = project.infra(&words);
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(output.status.code(), Some(code), "{words:?}: {stdout}{stderr}");
    (stdout, stderr)
}

/// What a plan replaces, and that it does nothing else.
fn replaced(plan: &str) -> BTreeSet<String> {
    let plan: Value = serde_json::from_str(plan).unwrap_or_else(|error| panic!("{error}: {plan}"));
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    let changed =
        changes.filter(|change| change["change"]["actions"] != serde_json::json!(["no-op"]));
    let replaced = changed.map(|change| {
        let actions = &change["change"]["actions"];
        assert_eq!(*actions, serde_json::json!(["delete", "create"]), "{change}");
        change["address"].as_str().unwrap_or_default().to_owned()
    });
    replaced.collect()
}

/// Somebody takes snapshots of both without `infra`.
fn take_snapshots(python: &Path, endpoint: &str) {
    let script = format!(
        "import boto3\n\
         session = boto3.Session('123456789012', 'sandbox', region_name='us-west-2')\n\
         def client(service):\n\
         \x20   return session.client(service, endpoint_url='{endpoint}')\n\
         client('rds').create_db_snapshot(DBInstanceIdentifier='faultmaven-staging',\n\
         \x20   DBSnapshotIdentifier='before')\n\
         client('elasticache').create_snapshot(ReplicationGroupId='faultmaven-staging',\n\
         \x20   SnapshotName='kept')\n"
    );
    let output = Command::new(python).arg("-c").arg(script).output();
    let output = output.unwrap_or_else(|error| panic!("Python does not start: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The calls of an operation that a run made, by one of their parameters.
fn calls(log: &[LogEntry], operation: &str, parameter: &str) -> Vec<String> {
    let of = log.iter().filter(|entry| entry.operation == operation);
    of.map(|entry| entry.parameters[parameter].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_and_a_cache_are_restored_of_the_snapshots_that_settings_name() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("a folder: {error}"));
    let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
    let python = config.venv_directory().join("bin/python");
    let sandbox =
        Sandbox::start(config).await.unwrap_or_else(|error| panic!("no sandbox: {error}"));
    let (control, endpoint) = (sandbox.control(), sandbox.endpoint());
    let project = project(endpoint.clone());
    run(&project, "apply", &["--auto-approve"], 0);
    take_snapshots(&python, &endpoint);

    // A name that no snapshot has would cost both what they are: their deletes come first.
    let wrong =
        ["--auto-approve", "--var", "database.snapshot=befor", "--var", "cache.snapshot=ket"];
    let (_, refused) = run(&project, "apply", &wrong, 1);
    assert_eq!(refused.matches("error[preflight::source]").count(), 2, "{refused}");
    for name in ["befor", "ket"] {
        assert!(refused.contains(&format!("there is no snapshot `{name}`")), "{refused}");
    }
    assert!(refused.contains("2 things would fail, and nothing was changed"), "{refused}");
    run(&project, "plan", &["--detailed-exitcode"], 0);

    let planning: Vec<_> = RESTORED.iter().copied().chain(["--format", "json"]).collect();
    let both = ["data.cache.group", "data.database.instance"].map(str::to_owned);
    assert_eq!(replaced(&run(&project, "plan", &planning, 0).0), BTreeSet::from(both));
    control.clear_log().await.unwrap_or_else(|error| panic!("{error}"));
    let applying: Vec<_> = RESTORED.iter().copied().chain(["--auto-approve"]).collect();
    let (told, _) = run(&project, "apply", &applying, 0);
    assert!(told.contains("Apply complete: 2 added, 0 changed, 2 destroyed."), "{told}");
    let log = control.log(0).await.unwrap_or_else(|error| panic!("{error}"));
    let restore = "RestoreDBInstanceFromDBSnapshot";
    assert_eq!(calls(&log, restore, "DBSnapshotIdentifier"), ["before"]);
    assert_eq!(calls(&log, "CreateReplicationGroup", "SnapshotName"), ["kept"]);
    // What is restored is as declared, and the settings may stay or go.
    for settings in [&RESTORED[..], &[]] {
        let words: Vec<_> = settings.iter().copied().chain(["--detailed-exitcode"]).collect();
        run(&project, "plan", &words, 0);
    }

    let path = project.folder.path().join("infra.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}"));
    let protected =
        text.replace("[environments.staging]", "[environments.staging]\nprotected = true");
    std::fs::write(&path, protected).unwrap_or_else(|error| panic!("{error}"));
    let other = ["--var", "database.snapshot=older", "--var", "cache.snapshot=older"];
    let (_, refused) = run(&project, "plan", &other, 1);
    assert_eq!(refused.matches("error[plan::stateful]").count(), 2, "{refused}");
    for address in ["data.database.instance", "data.cache.group"] {
        assert!(refused.contains(&format!("`--accept-loss {address}`")), "{refused}");
    }
    let accepted = ["--accept-loss", "data.database.instance", "--accept-loss", "data.cache.group"];
    let words: Vec<_> = other.iter().copied().chain(accepted).collect();
    run(&project, "plan", &words, 0);
    sandbox.stop().await;
}
