//! Benchmark b: calls by operation, calls a resource, time and peak memory of a network's life.

use std::collections::BTreeMap;

use crate::figures;
use crate::world::{Run, World};

/// Calls of a plan without changes that are there whatever the size: who we are, and the first chunk of
/// each list.
const BASE: usize = 14;

/// Applies, plans without a change and destroys a stack; says what it took, and gives the plan's run.
async fn life(stack: &str, size: usize, variables: &[String]) -> Run {
    let world = World::new().await;
    let selected = |words: &[&str]| {
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        all.extend(["--stack".to_owned(), stack.to_owned()]);
        all.extend(variables.iter().flat_map(|it| ["--var".to_owned(), it.clone()]));
        all
    };
    let mut plan = None;
    for (name, words) in [
        ("apply", &["apply", "--auto-approve"][..]),
        ("no-op plan", &["plan", "--detailed-exitcode"]),
        ("destroy", &["destroy", "--auto-approve"]),
    ] {
        let words = selected(words);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let run = world.infra(&words).await;
        say(stack, size, name, &run);
        if name == "no-op plan" {
            plan = Some(run);
        }
    }
    world.stop().await;
    plan.expect("it was planned")
}

fn say(stack: &str, size: usize, name: &str, run: &Run) {
    let calls = run.count();
    let each = f64::from(u32::try_from(calls).unwrap()) / f64::from(u32::try_from(size).unwrap());
    let measure = |what: &str| match stack {
        "network" => format!("{name}, {what}"),
        _ => format!("security groups: {name}, {what}"),
    };
    figures::list(name, &run.calls);
    figures::record(size, &measure("calls"), &calls, "calls");
    figures::record(size, &measure("calls a resource"), &format!("{each:.3}"), "calls");
    figures::record(size, &measure("time"), &format!("{:.2}", run.took.as_secs_f64()), "s");
    figures::record(size, &measure("peak memory"), &format!("{:.1}", run.memory), "MB");
}

/// How many more calls a plan may have for every 200 objects of a kind, and for every VPC, whose three
/// attributes are a call each at AWS.
fn most(size: usize) -> usize {
    BASE + size.div_ceil(250) * 3 + size / 100
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_changes_reads_a_network_in_few_calls() {
    for size in figures::sizes() {
        let plan = life("network", size, &[format!("size={size}")]).await;
        let calls = plan.count();
        assert!(calls <= most(size), "{calls} calls for {size} resources: {:?}", plan.calls);
        if size == 1000 {
            assert!(calls <= 40, "the promise: {calls} calls: {:?}", plan.calls);
        }
    }
}

/// 300 groups with 1,400 rules at a size of 1,000; fewer of both at smaller ones. No more at larger
/// ones: the emulator takes hours for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_changes_reads_the_rules_of_many_groups_together() {
    for size in figures::sizes().into_iter().filter(|size| *size <= 1000) {
        let (groups, rules) = (size * 3 / 10, size * 14 / 10);
        let variables = [format!("groups={groups}"), format!("rules={rules}")];
        let plan = life("groups", groups + rules + 1, &variables).await;
        let of = |operation: &str| plan.calls.get(operation).copied().unwrap_or_default();
        let chunks = groups.div_ceil(200);
        let expected = BTreeMap::from([
            // And the default group of the VPC.
            ("ec2:DescribeSecurityGroups", chunks + 1),
            // Pages of 1,000, and a chunk of groups is one list.
            ("ec2:DescribeSecurityGroupRules", chunks + rules / 1000),
        ]);
        for (operation, most) in expected {
            assert!(of(operation) <= most, "{operation}: {} calls, not {most}", of(operation));
        }
        let calls = plan.count();
        assert!(calls <= 20 + size / 250, "{calls} calls: {:?}", plan.calls);
        if size == 1000 {
            assert!(calls <= 20, "the promise: {calls} calls: {:?}", plan.calls);
        }
    }
}
