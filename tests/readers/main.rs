//! Readers of Terraform's plan JSON, which no one here wrote, over the plans of this repository's
//! systems: checkov from PyPI, and OPA's library. A browser over its page. And the pipelines of `examples/ci/`.
//!
//! Each reads the document unchanged. That it does so proves little by itself, because a reader that
//! finds nothing is content: so every check that is named here fails on a stack that is bad on purpose
//! and passes on one that is not. Needs Python, Go, and the registries of both, the first time.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod browser;
mod checkov;
mod opa;
mod pipelines;
mod python;
#[path = "../fixtures/project.rs"]
mod repository;
mod world;

use std::collections::BTreeMap;

use world::World;

/// Stacks and their environments. Of each system the one that has most.
const SYSTEMS: [(&str, &str); 4] = [
    ("archon", "production"),
    ("faultmaven", "production"),
    ("omniportal", "production"),
    ("securenexus", "production"),
];

#[test]
fn checkov_and_opa_read_the_plans_of_the_four_systems() {
    let world = World::new();
    let checkov = checkov::Checkov::installed();
    let known = checkov.known_types();
    for (stack, environment) in SYSTEMS {
        let plan = world.system(stack, environment);
        let planned = plan.types();
        let report = checkov.read(&plan);
        assert_eq!(report.resources, plan.resources().len(), "{stack}: resources");
        let seen = report.types(&plan);
        let missing: Vec<_> = planned
            .keys()
            .filter(|kind| known.contains(*kind) && !seen.contains(*kind))
            .filter(|kind| !checkov::SILENT.contains(&kind.as_str()))
            .collect();
        assert!(missing.is_empty(), "{stack}: no check had a result for {missing:?}");
        // These are encrypted and closed, and checkov sees it.
        let failed = report.failed_of(&checkov::HELD);
        assert!(failed.is_empty(), "{stack}: {failed:#?}");
        let held = checkov::HELD.iter().filter(|check| report.has_passed(check)).count();
        assert!(held >= 8, "{stack}: only {held} of the checks had something to look at");
        let creates = plan.actions("create");
        assert_eq!(opa::value(&plan, "data.plan.creates"), creates, "{stack}");
        assert_eq!(opa::value(&plan, "data.plan.destroys"), 0, "{stack}");
    }
}

#[test]
fn what_is_bad_on_purpose_is_found_and_what_is_mended_is_not() {
    let world = World::new();
    let checkov = checkov::Checkov::installed();
    let [bad, good] = ["bad", "good"].map(|stack| world.fixture(stack));
    let (found, mended) = (checkov.read(&bad), checkov.read(&good));
    let mut wrong = BTreeMap::new();
    for (check, address) in checkov::TELLING {
        let results = (found.result(check, address), mended.result(check, address));
        if results != (Some(false), Some(true)) {
            wrong.insert(check, (address, results));
        }
    }
    assert!(wrong.is_empty(), "not failed and then passed: {wrong:#?}");
    let denied = opa::value(&bad, "data.plan.deny");
    assert_eq!(
        denied,
        serde_json::json!([
            "bucket-access: block_public_acls is off",
            "bucket-encryption: not a key of KMS",
            "database: not encrypted",
            "lonely-bucket: nothing closes it to the public",
            "ssh: open to everyone",
            "task: app can write to its root",
        ])
    );
    assert_eq!(opa::value(&good, "data.plan.deny"), serde_json::json!([]));
    assert_eq!(opa::value(&good, "data.plan.unset"), serde_json::json!(["ssh"]));
}

#[test]
fn opa_counts_what_is_destroyed() {
    let world = World::new();
    world.apply("small");
    let plan = world.destruction("small");
    assert_eq!(opa::value(&plan, "data.plan.destroys"), 3);
    assert_eq!(opa::value(&plan, "data.plan.creates"), 0);
}

#[test]
fn a_browser_shows_searches_and_leads_through_the_page() {
    let world = World::new();
    let plan = world.system("faultmaven", "production");
    let page = world.page("faultmaven", "production");
    assert!(std::fs::metadata(&page).expect("there").len() < 2_000_000, "it can be sent by mail");
    let (seen, screenshot) = browser::use_page(&page);
    let resources = plan.resources().len();
    assert_eq!(seen["console"], serde_json::json!([]), "errors in the console");
    assert_eq!(seen["loaded"], serde_json::json!([]), "nothing is loaded");
    assert!(seen["title"].as_str().is_some_and(|title| title.contains("production")), "{seen}");
    assert_eq!(seen["nodes"], resources, "{seen}");
    assert!(seen["changes"].as_u64() >= Some(resources as u64), "{seen}");
    assert_eq!(seen["slash"], "search", "{seen}");
    assert_eq!((&seen["found"], &seen["all_fit"]), (&seen["fitting"], &true.into()), "{seen}");
    assert!(seen["found"].as_u64() > Some(0) && seen["dimmed"].as_u64() > Some(0), "{seen}");
    assert_eq!(seen["after_escape"], seen["changes"], "{seen}");
    assert!(seen["without_a_risk"].as_u64() < seen["changes"].as_u64(), "{seen}");
    let clicked = &seen["clicked"];
    assert_eq!((&clicked["before"], &clicked["open"]), (&false.into(), &true.into()), "{seen}");
    assert!(clicked["diff"] == true && clicked["near"].as_u64() > Some(0), "{seen}");
    assert_eq!((&seen["entered"], &seen["zoomed"]), (&true.into(), &true.into()), "{seen}");
    assert_eq!(seen["nameless"], serde_json::json!([]), "for a screen reader");
    assert!(std::fs::metadata(screenshot).expect("there").len() > 10_000, "a picture of it");
}
