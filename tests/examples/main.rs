//! The examples, as a newcomer uses them: each folder of `examples/` that is a project is copied, and
//! what its README says is done in the copy, in the order of the page, against the sandbox.
//!
//! Start reading at [`example::Example`], which is found by itself: a new folder needs no line here.
//! One sandbox serves all of them, and they go side by side. Needs Python for the emulators.

#![expect(clippy::expect_used, reason = "a test fails where its surroundings do")]

mod example;
#[path = "../fixtures/programs.rs"]
mod programs;
mod world;

use std::sync::Arc;

use example::Example;
use tokio::task::{JoinSet, spawn_blocking};
use world::World;

#[test]
fn every_example_is_whole() {
    let wrong: Vec<_> = Example::all().iter().flat_map(Example::what_is_missing).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_does_what_its_readme_says() {
    let examples = Example::all();
    let names: Vec<_> = examples.iter().map(|example| example.name.clone()).collect();
    let built = spawn_blocking(move || {
        programs::build(&names.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let regions = examples.iter().flat_map(Example::regions).collect();
    let world = Arc::new(World::new(regions).await);
    let programs = built.await.expect("they build");
    let mut running = JoinSet::new();
    for example in examples {
        let (world, program) = (world.clone(), programs[&example.name].clone());
        running.spawn(async move { world.run(&example, &program).await });
    }
    let mut failed = Vec::new();
    for ended in running.join_all().await {
        failed.extend(ended.err());
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    world.expect_nothing_left().await;
    Arc::into_inner(world).expect("all have ended").stop().await;
}
