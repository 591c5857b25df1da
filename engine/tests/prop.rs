//! Random stacks, edits, failures, interrupts and deaths: whatever happens, nothing is lost, the
//! same command reaches the goal, a plan after it is empty, and a destruction leaves nothing.
//!
//! Start reading at [`Story`], which is what is made at random.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

#[path = "lifecycle/harness.rs"]
#[expect(dead_code, reason = "the harness of the lifecycle tests; these here need a part of it")]
mod harness;

use std::collections::{BTreeMap, BTreeSet};

use infra_engine::{Goal, Mode, Stop};
use infra_sdk::Value;
use infra_sdk::provider::{Effect, Failure, FailureClass};
use infra_testkit::fake::{Fault, Verb};
use infra_testkit::memory_store::Crash;
use proptest::prelude::*;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

/// How many addresses there are.
const NODES: usize = 6;

/// A stack as it changes over some runs, each of which may go wrong.
#[derive(Debug, Clone)]
struct Story {
    rounds: Vec<Round>,
    parallelism: usize,
}

/// One edit of the stack, and how the run goes that applies it.
#[derive(Debug, Clone)]
struct Round {
    /// In this order, each may refer to those before it; `None` is not declared.
    nodes: Vec<Option<Node>>,
    /// Addresses by position.
    order: Vec<usize>,
    faults: Vec<(Verb, usize, usize, Mishap)>,
    end: End,
    /// Addresses that somebody deletes before.
    deleted: Option<usize>,
}

#[derive(Clone)]
struct Node {
    text: u8,
    /// Cannot be changed in place.
    label: u8,
    /// Referred to, cannot be changed in place, and keeps the other from being deleted.
    parents: [bool; NODES],
    /// Referred to.
    links: [bool; NODES],
    /// Depended on without a reference.
    depends: [bool; NODES],
    create_first: bool,
}

/// In one line: a failing story is long enough.
impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let chosen = |flags: &[bool; NODES]| -> Vec<usize> {
            (0..NODES).filter(|number| flags[*number]).collect()
        };
        let (parents, links, depends) =
            (chosen(&self.parents), chosen(&self.links), chosen(&self.depends));
        let (text, label, first) = (self.text, self.label, self.create_first);
        write!(f, "text {text} label {label} parents {parents:?} links {links:?} ")?;
        write!(f, "depends {depends:?} create first {first}")
    }
}

#[derive(Debug, Clone, Copy)]
enum Mishap {
    Refused,
    NotSent,
    AnswerLost,
    Panic,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Normal,
    StopAfter(usize),
    AbortAfter(usize),
    DieAt(usize, bool),
}

fn node() -> impl Strategy<Value = Node> {
    let rarely = || prop::array::uniform6(prop::bool::weighted(0.25));
    (0..3_u8, 0..2_u8, rarely(), rarely(), rarely(), prop::bool::weighted(0.3)).prop_map(
        |(text, label, parents, links, depends, create_first)| Node {
            text,
            label,
            parents,
            links,
            depends,
            create_first,
        },
    )
}

fn round() -> impl Strategy<Value = Round> {
    let verb = prop::sample::select(vec![
        Verb::Create,
        Verb::Update,
        Verb::Delete,
        Verb::AwaitReady,
        Verb::AwaitGone,
    ]);
    let mishap = prop::sample::select(vec![
        Mishap::Refused,
        Mishap::NotSent,
        Mishap::AnswerLost,
        Mishap::Panic,
    ]);
    let end = prop_oneof![
        3 => Just(End::Normal),
        1 => (1..8_usize).prop_map(End::StopAfter),
        1 => (1..8_usize).prop_map(End::AbortAfter),
        2 => (1..20_usize, any::<bool>()).prop_map(|(nth, after)| End::DieAt(nth, after)),
    ];
    (
        prop::collection::vec(prop::option::weighted(0.8, node()), NODES),
        Just((0..NODES).collect::<Vec<_>>()).prop_shuffle(),
        prop::collection::vec((verb, 0..NODES, 1..3_usize, mishap), 0..4),
        end,
        prop::option::weighted(0.2, 0..NODES),
    )
        .prop_map(|(nodes, order, faults, end, deleted)| Round {
            nodes,
            order,
            faults,
            end,
            deleted,
        })
}

fn story() -> impl Strategy<Value = Story> {
    (prop::collection::vec(round(), 1..5), prop::sample::select(vec![1, 3]))
        .prop_map(|(rounds, parallelism)| Story { rounds, parallelism })
}

fn address(number: usize) -> String {
    format!("n{number}")
}

impl Round {
    /// The declared nodes with their addresses and those they can refer to.
    fn declared(&self) -> Vec<(usize, &Node, Vec<usize>)> {
        let mut before = Vec::new();
        let mut declared = Vec::new();
        for (position, node) in self.nodes.iter().enumerate() {
            if let Some(node) = node {
                let number = self.order[position];
                declared.push((number, node, before.clone()));
                before.push(number);
            }
        }
        declared
    }

    fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::new();
        for (number, node, before) in self.declared() {
            let ids = |flags: &[bool; NODES]| -> Vec<String> {
                let chosen = before.iter().filter(|other| flags[**other]);
                chosen.map(|other| format!("${}.id", address(*other))).collect()
            };
            let inputs = json!({
                "text": node.text.to_string(), "label": node.label.to_string(),
                "parent_ids": ids(&node.parents), "links": ids(&node.links),
            });
            sheet = sheet.add_with(&address(number), "test_note", inputs, |options| {
                let depends = before.iter().filter(|other| node.depends[**other]);
                options.depends_on = depends.map(|other| at(&address(*other))).collect();
                options.create_before_destroy = node.create_first;
            });
        }
        sheet
    }
}

fn fault(mishap: Mishap) -> Fault {
    let unknown =
        Failure { effect: Effect::Unknown, ..Failure::new(FailureClass::Network, "reset") };
    match mishap {
        Mishap::Refused => Fault::Fail(Failure::new(FailureClass::Denied, "you may not")),
        Mishap::NotSent => Fault::Fail(unknown),
        Mishap::AnswerLost => Fault::Lost(unknown),
        Mishap::Panic => Fault::Panic,
    }
}

/// Plans from what is there, after settling what was left open.
async fn planned(bench: &Bench, goal: Goal) -> infra_engine::Plan {
    bench.recover().await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)))
}

async fn live_through(bench: &Bench, round: &Round, gone: &mut BTreeSet<String>) {
    if let Some(number) = round.deleted {
        let address = address(number);
        let live = bench.fake.live();
        gone.extend(live.into_iter().filter(|(_, a)| *a == address).map(|(id, _)| id));
        bench.fake.delete_outside(&address);
    }
    let plan = planned(bench, Bench::goal(&round.sheet())).await;
    for (verb, number, nth, mishap) in &round.faults {
        bench.fake.inject(*verb, &address(*number), *nth, fault(*mishap));
    }
    let store = bench.open();
    if let End::DieAt(nth, after) = round.end {
        let side = if after { Crash::AfterWrite } else { Crash::BeforeWrite };
        store.crash_at(nth, side);
    }
    let count = std::sync::atomic::AtomicUsize::new(0);
    let run = bench.run_on(&store, plan, |_, switch| {
        let count = 1 + count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match round.end {
            End::StopAfter(after) if after == count => {
                switch.send_replace(Stop::Stopping);
            }
            End::AbortAfter(after) if after == count => {
                switch.send_replace(Stop::Abort);
            }
            _ => {}
        }
    });
    tokio::select! {
        biased;
        () = store.crashed() => {}
        _ = run => {}
    }
    drop(store);
    bench.fake.clear_faults();
    bench.fake.assert_clean();
    bench.assert_nothing_lost_but(gone);
}

/// Applies until there is nothing to do, and says how many runs it took.
async fn converge(bench: &Bench, round: &Round) -> usize {
    let sheet = round.sheet();
    for runs in 0..4 {
        let plan = planned(bench, Bench::goal(&sheet)).await;
        if plan.is_empty() && !plan.has_bookkeeping() {
            bench.assert_settled(&sheet).await;
            return runs;
        }
        let shown = show(&plan);
        let ran = bench.run(plan).await;
        assert!(ran.summary.is_complete(), "{shown}\n{}\n{:#?}", ran.log, ran.summary);
    }
    panic!("four runs do not reach the goal: {}", show(&bench.plan(&sheet).await));
}

/// What is there is what was declared, and nothing else.
fn assert_as_declared(bench: &Bench, round: &Round) {
    let ids: BTreeMap<String, String> =
        bench.fake.live().into_iter().map(|(id, address)| (address, id)).collect();
    assert_eq!(bench.fake.live().len(), round.declared().len());
    for (number, node, before) in round.declared() {
        let inputs = bench.fake.inputs_of(&ids[&address(number)]).expect("it is there");
        let expected = |flags: &[bool; NODES]| -> BTreeSet<String> {
            let chosen = before.iter().filter(|other| flags[**other]);
            chosen.map(|other| ids[&address(*other)].clone()).collect()
        };
        let found = |name: &str| -> BTreeSet<String> {
            let items = inputs.get(name).and_then(Value::as_list).unwrap_or_default();
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        assert_eq!(inputs["text"], Value::from(node.text.to_string()));
        assert_eq!(inputs["label"], Value::from(node.label.to_string()));
        assert_eq!(found("parent_ids"), expected(&node.parents));
        assert_eq!(found("links"), expected(&node.links));
    }
}

async fn tell(story: Story) {
    let bench = Bench { parallelism: story.parallelism, ..Bench::new() };
    let mut gone = BTreeSet::new();
    for round in &story.rounds {
        live_through(&bench, round, &mut gone).await;
    }
    if let Some(last) = story.rounds.last() {
        let runs = converge(&bench, last).await;
        assert!(runs <= 1, "it took {runs} undisturbed runs");
        assert_as_declared(&bench, last);
    }
    let goal = Goal { mode: Mode::Destroy, ..Bench::goal(&Sheet::new()) };
    let plan = planned(&bench, goal).await;
    let ran = bench.run(plan).await;
    assert!(ran.summary.is_complete(), "{:#?}", ran.summary);
    assert!(bench.fake.live().is_empty());
    let state = bench.state();
    assert!(state.records.is_empty() && state.open.is_empty());
    assert_eq!(bench.fake.out_of_order(), Vec::<String>::new());
}

proptest! {
    #[test]
    fn whatever_happens_nothing_is_lost_and_the_goal_is_reached(story in story()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(tell(story));
    }
}
