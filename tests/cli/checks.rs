//! Checks of plans: what is found, what is let through, and the forms of the answer. The cloud of these
//! tests knows who the caller is and nothing else.

use serde_json::Value;

use crate::support::{Project, Run};

const DESIRED: &str = "if hello['type'] != 'check':\n\
    \x20   desired(resource('vpc', cidr_block='10.0.0.0/16'), has_checks=True)\n\
    \x20   sys.exit(0)\n";

/// A project whose stack `guarded` is owned by somebody.
fn guarded(owner: &str) -> Project {
    let project = Project::with_cloud();
    project.write("stacks/settings/dev.toml", &format!("[guarded]\nowner = \"{owner}\"\n"));
    project
}

/// A project with the stack that the pack `baseline` finds much wrong with.
fn shop() -> Project {
    let project = Project::with_cloud();
    project.write("stacks/settings/dev.toml", "[shop]\n");
    project
}

/// Adds lines to `infra.toml`.
fn configure(project: &Project, lines: &str) {
    let known = std::fs::read_to_string(project.path().join("infra.toml")).unwrap_or_default();
    project.write("infra.toml", &format!("{known}\n{lines}\n"));
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.shown()))
}

#[test]
fn what_is_found_is_shown_and_too_much_has_an_exit_code_of_its_own() {
    let run = guarded("me").typed("check --env dev");
    insta::assert_snapshot!(run.shown(), @r#"
    exit: 5
    --- stdout
    critical[team::owner]: guarded/version is owned by me
      ┌─ tests/fixtures/stacks.rs:72:15
      = `version`
      = hint: ask the platform

    Checks: 1 critical, 0 high, 0 medium, 0 low (2 rules over 1 stack)
    --- stderr
    error[checks::threshold]: the checks found too much
      = critical: 1 found, at most 0 let through
      = hint: mend what they found, or waive it where it is declared: `.waive(CODE, REASON)`
      = hint: how much is let through is said in `[environments.dev.checks]` of `infra.toml`
    "#);
}

#[test]
fn nothing_found_is_done() {
    let run = guarded("platform").typed("check --env dev --lock=false");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let summary = "Checks: 0 critical, 0 high, 0 medium, 0 low (2 rules over 1 stack)\n";
    assert_eq!(run.stdout, summary, "{}", run.shown());
}

#[test]
fn thresholds_let_findings_through_and_the_environment_goes_first() {
    let project = guarded("me");
    configure(&project, "[checks]\ncritical = 1");
    assert_eq!(project.typed("check --env dev").code, Some(0));
    configure(&project, "[environments.dev.checks]\ncritical = 0");
    let run = project.typed("check --env dev");
    assert_eq!(run.code, Some(5), "{}", run.shown());
    let why = "critical: 1 found, at most 0 let through";
    assert!(run.stderr.contains(why), "{}", run.shown());
}

#[test]
fn a_threshold_that_is_none_is_refused_where_it_is_written() {
    let project = guarded("me");
    configure(&project, "[checks]\nhigh = \"five\"\nhihg = 5");
    let run = project.typed("check --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    for part in ["`checks.high` is a number from 0 on, not text", "write `high` if"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.shown());
    }
    assert!(run.stderr.contains("┌─ infra.toml:7:8"), "{}", run.shown());
}

#[test]
fn what_is_waived_is_shown_with_its_reason_and_does_not_count() {
    let run = guarded("me").typed("check --env dev --var waive=team::owner");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("[team::owner] it is a test"), "{}", run.shown());
    assert!(run.stdout.contains("0 low; 1 waived"), "{}", run.shown());
}

#[test]
fn a_waiver_of_a_rule_that_is_not_there_names_the_nearest() {
    let run = guarded("me").typed("check --env dev --var waive=team::ownr");
    assert_eq!(run.code, Some(5), "{}", run.shown());
    assert!(run.stderr.contains("warning[checks::waiver]"), "{}", run.shown());
    assert!(run.stderr.contains("write `team::owner` if"), "{}", run.shown());
}

#[test]
fn the_comment_on_a_pull_request_has_what_is_found() {
    let run = guarded("me").typed("plan --env dev --format markdown");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    insta::assert_snapshot!(run.shown());
    let run = guarded("me").typed("plan --env dev --format markdown --var waive=team::owner");
    assert!(run.stdout.contains("Checks: 0 critical, 0 high, 0 medium, 0 low; 1 waived (2 rules"));
    assert!(!run.stdout.contains("Found by the checks"), "{}", run.shown());
    let run = guarded("me").typed("plan --env dev --format markdown --destroy");
    assert!(!run.stdout.contains("Checks:"), "{}", run.shown());
}

#[test]
fn apply_is_refused_before_anything_is_asked_or_changed() {
    let project = guarded("me");
    let run = project.typed("plan --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.ends_with("(2 rules over 1 stack)\n"), "{}", run.shown());
    for words in ["apply --env dev", "apply --env dev --auto-approve"] {
        let run = project.typed(words);
        assert_eq!(run.code, Some(5), "{}", run.shown());
        for part in ["critical[team::owner]", "error[checks::threshold]"] {
            assert!(run.stderr.contains(part), "{part}: {}", run.shown());
        }
        assert!(!run.stdout.contains("Apply complete"), "{}", run.shown());
    }
    assert!(!project.infra("history --env dev").stdout.contains("apply"));
    let run = project.typed("apply --env dev --auto-approve --skip-checks");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stderr.contains("warning[checks::skipped]"), "{}", run.shown());
    let history = project.infra("history --env dev");
    assert!(history.stdout.contains("apply --skip-checks"), "{}", history.shown());
    // Nothing is left to do, and nothing is refused.
    let run = project.typed("apply --env dev --auto-approve");
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

#[test]
fn rules_see_what_is_deleted() {
    let project = guarded("platform");
    assert_eq!(project.typed("apply --env dev --auto-approve").code, Some(0));
    let run = project.typed("check --env dev --var owner=gone --format json");
    let finding = &json(&run)["stacks"][0]["findings"][0];
    assert_eq!((&finding["code"], &finding["address"]), (&"team::kept".into(), &"version".into()));
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

#[test]
fn the_pack_that_ships_finds_what_is_wrong_and_no_secret_reaches_a_rule() {
    let run = shop().typed("check --env dev --format json");
    assert_eq!(run.code, Some(5), "{}", run.shown());
    let document = json(&run);
    let findings = document["stacks"][0]["findings"].as_array().cloned().unwrap_or_default();
    let at = |code: &str| {
        let found = findings.iter().find(|finding| finding["code"] == code);
        found.map(|finding| finding["address"].clone()).unwrap_or_default()
    };
    assert_eq!(at("baseline::public-ingress"), "ssh");
    assert_eq!(at("baseline::public-bucket"), "uploads");
    assert_eq!(at("baseline::flow-logs"), "vpc");
    let told = findings.iter().filter(|finding| finding["code"] == "team::tells");
    assert_eq!(told.count(), 5, "one for each resource");
    assert!(!run.shown().contains("hunter2"), "{}", run.shown());
    let place = findings[0]["location"]["filename"].as_str().unwrap_or_default();
    assert!(place.ends_with("tests/fixtures/stacks.rs"), "{place}");
}

/// What the schema of SARIF 2.1.0 requires, and what GitHub requires of what it reads.
#[test]
fn sarif_has_what_its_schema_and_its_readers_require() {
    let run = shop().typed("check --env dev --format sarif");
    assert_eq!(run.code, Some(5), "{}", run.shown());
    let log = json(&run);
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|s| s.ends_with("sarif-schema-2.1.0.json")));
    let runs = log["runs"].as_array().cloned().unwrap_or_default();
    let [run] = &runs[..] else { panic!("one run: {log}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "infra");
    let rules = driver["rules"].as_array().cloned().unwrap_or_default();
    for rule in &rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule}");
        let level = rule["defaultConfiguration"]["level"].as_str().unwrap_or_default();
        assert!(["none", "note", "warning", "error"].contains(&level), "{rule}");
        let score = rule["properties"]["security-severity"].as_str().unwrap_or_default();
        assert!(score.parse::<f64>().is_ok_and(|score| (0.0..=10.0).contains(&score)), "{rule}");
    }
    let results = run["results"].as_array().cloned().unwrap_or_default();
    assert!(!results.is_empty());
    for result in &results {
        assert!(result["message"]["text"].is_string(), "{result}");
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
        let rule = index.and_then(|index| rules.get(index));
        assert_eq!(rule.map(|rule| &rule["id"]), Some(&result["ruleId"]), "{result}");
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap_or_default();
        assert!(!uri.is_empty() && !uri.contains(' '), "{result}");
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line >= 1), "{result}");
        assert!(result["partialFingerprints"].is_object(), "{result}");
    }
}

#[test]
fn junit_has_a_case_for_every_rule() {
    let run = guarded("me").typed("check --env dev --format junit");
    assert_eq!(run.code, Some(5), "{}", run.shown());
    insta::assert_snapshot!(run.stdout, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="infra check dev" tests="2" failures="1">
      <testsuite name="guarded" tests="2" failures="1" errors="0" skipped="0">
        <testcase classname="guarded" name="team::owner: the platform owns">
          <failure type="critical" message="broken in 1 place">version is owned by me (tests/fixtures/stacks.rs:72)
      hint: ask the platform
    </failure>
        </testcase>
        <testcase classname="guarded" name="team::kept: nothing is deleted"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn a_form_that_is_not_there_is_wrong_usage() {
    let run = guarded("me").typed("check --env dev --format xml");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("sarif"), "{}", run.shown());
}

#[test]
fn a_check_that_panics_is_named_and_nothing_is_changed() {
    let project = guarded("nobody");
    for words in ["check --env dev", "apply --env dev --auto-approve"] {
        let run = project.typed(words);
        assert_eq!(run.code, Some(1), "{}", run.shown());
        assert!(run.stderr.contains("error[checks::panic]"), "{}", run.shown());
        assert!(run.stderr.contains("`team::owner`: nobody owns it"), "{}", run.shown());
    }
}

#[test]
fn a_program_without_checks_is_told() {
    let project = Project::with_cloud();
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/16'))");
    let run = project.stacks("check --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stderr.contains("warning[checks::none]"), "{}", run.shown());
    let run = project.stacks("plan --env dev");
    assert!(!run.stdout.contains("Checks:"), "{}", run.shown());
}

#[test]
fn a_program_of_an_earlier_version_is_told_apart() {
    let project = Project::with_cloud();
    let old = "send({'type': 'desired', 'protocol': 1, 'resources': [], 'outputs': [], \
        'diagnostics': []})";
    project.program(&format!("{DESIRED}{old}"));
    let run = project.stacks("check --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("infra speaks 2, the program 1"), "{}", run.shown());
}

#[test]
fn answers_that_are_none_are_refused() {
    for (answer, code) in [
        ("send({'type': 'stacks', 'protocol': 2, 'stacks': []})", "program::message"),
        (
            "send({'type': 'findings', 'protocol': 2, 'rules': [], 'codes': [], 'diagnostics': [],\n\
             'findings': [{'code': 'a::b', 'severity': 'high', 'message': 'm', 'address': 'No'}]})",
            "program::message",
        ),
        ("sys.exit(3)", "program::exit"),
    ] {
        let project = Project::with_cloud();
        project.program(&format!("{DESIRED}{answer}"));
        let run = project.stacks("check --env dev");
        assert_eq!(run.code, Some(1), "{}", run.shown());
        assert!(run.stderr.contains(&format!("error[{code}]")), "{}", run.shown());
    }
}
