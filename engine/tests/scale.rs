//! The benchmark of the engine at small sizes: it works, and what can be counted grows with the stack
//! and no faster. Nothing here is timed.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

#[path = "../benches/engine/graph.rs"]
mod graph;
#[path = "../benches/engine/verbs.rs"]
mod verbs;

use infra_sdk::Expr;
use infra_state::{Config, Location, LockOwner};
use infra_testkit::MemoryDisk;
use verbs::Verb;

/// Changes that were planned, resources that were made or destroyed, events, writes of the store.
type Counts = (usize, usize, usize, usize);

async fn counts(size: usize) -> [Counts; 4] {
    let disk = MemoryDisk::new();
    let mut counted = [Counts::default(); 4];
    for (verb, counts) in Verb::ALL.into_iter().zip(&mut counted) {
        let before = disk.writes().len();
        let store = disk.open().expect("nobody holds the disk");
        let did = verb.run(&store, graph::declarations(size)).await;
        *counts = (did.planned, did.done, did.events, disk.writes().len() - before);
    }
    counted
}

#[tokio::test]
async fn what_lives_in_the_record_alone_is_written_once() {
    for size in [1, 150, 600] {
        // Beside the resources: the run begins, its outputs, the run ends.
        let (planned, done) = ((size, 0, 0, 0), (size, size, 2 * size, size + 3));
        assert_eq!(counts(size).await, [planned, done, (0, 0, 0, 0), done], "{size}");
    }
}

#[tokio::test]
async fn every_verb_works_on_the_real_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = Location::Local { root: folder.path().join(".infra") };
    let config = Config::new(location, "bench", "bench");
    let owner = LockOwner {
        pid: std::process::id(),
        host: "here".to_owned(),
        user: "ann".to_owned(),
        command: "bench".to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
    };
    for verb in Verb::ALL {
        let store = infra_state::open(&config, &owner).await.expect("the state opens");
        let did = verb.run(&*store, graph::declarations(300)).await;
        let changes = matches!(verb, Verb::Apply | Verb::Destroy);
        assert_eq!(did.done, if changes { 300 } else { 0 }, "{}", verb.name());
    }
}

#[test]
fn both_programs_get_the_same_graph() {
    let declared = graph::declarations(300);
    let text = graph::terraform(300);
    let resources: Vec<_> = text.split("resource \"terraform_data\"").skip(1).collect();
    assert_eq!(resources.len(), declared.resources.len());
    for (resource, text) in declared.resources.iter().zip(resources) {
        let text = text.split("output").next().expect("a part");
        let references = resource.arguments.inputs.values().flat_map(Expr::references);
        let named: Vec<_> =
            references.map(|r| format!("terraform_data.{}.id", r.address)).collect();
        assert_eq!(text.matches("terraform_data.").count(), named.len(), "{text}");
        assert!(named.iter().all(|name| text.contains(name)), "{named:?} {text}");
    }
}
