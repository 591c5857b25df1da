//! Random stacks, edits, failures, lags, interrupts, deaths and lost states: whatever happens, nothing
//! is lost, the same command reaches the goal, a plan after it is empty, and a destruction leaves
//! nothing.
//!
//! Start reading at [`Story`], which is what is made at random. After every run: each object with our
//! tags is recorded or known to an open intent; none is recorded twice and no two open creates are of
//! one address; and what the store acknowledged is there. `PROPTEST_CASES` says how many stories are
//! told, where the few of a normal run are not enough.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

#[path = "lifecycle/harness.rs"]
#[expect(dead_code, reason = "the harness of the lifecycle tests; these here need a part of it")]
mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use infra_engine::{Goal, Mode, Stop};
use infra_sdk::Value;
use infra_sdk::provider::{Effect, Failure, FailureClass, Settling};
use infra_sdk::store::{Edit, Operation, Store as _};
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
    settling: Class,
    loss: Loss,
}

/// How the cloud lets lost creates be settled.
#[derive(Debug, Clone, Copy)]
enum Class {
    /// A search tells at once.
    AtOnce,
    /// What is made shows up within [`WITHIN`].
    Late,
    /// The same, and the same token makes the same object.
    Token,
}

/// What is lost of the state in the end.
#[derive(Debug, Clone)]
enum Loss {
    Nothing,
    /// These records.
    Records([bool; NODES]),
    Everything,
}

/// How long what is made may take to show up.
const WITHIN: Duration = Duration::from_secs(30);

/// One edit of the stack, and how the run goes that applies it.
#[derive(Debug, Clone)]
struct Round {
    /// In this order, each may refer to those before it; `None` is not declared.
    nodes: Vec<Option<Node>>,
    /// Addresses by position.
    order: Vec<usize>,
    faults: Vec<(Verb, usize, usize, Mishap)>,
    /// How many seconds what is made at these addresses takes to show up, and to be ready.
    lags: Vec<(usize, u64, usize)>,
    /// How many seconds calls take.
    delays: Vec<(Verb, usize, u64)>,
    /// How many seconds pass before.
    pause: u64,
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
    /// Stopped after so many tenths of a second, and ended as many later.
    StopAt(u64, Option<u64>),
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
        2 => (0..400_u64, prop::option::of(0..60_u64)).prop_map(|(at, end)| End::StopAt(at, end)),
        2 => (1..20_usize, any::<bool>()).prop_map(|(nth, after)| End::DieAt(nth, after)),
    ];
    (
        prop::collection::vec(prop::option::weighted(0.8, node()), NODES),
        Just((0..NODES).collect::<Vec<_>>()).prop_shuffle(),
        prop::collection::vec((verb.clone(), 0..NODES, 1..3_usize, mishap), 0..4),
        prop::collection::vec((0..NODES, 0..WITHIN.as_secs() - 1, 0..40_usize), 0..4),
        prop::collection::vec((verb, 0..NODES, 0..20_u64), 0..3),
        prop_oneof![Just(0), 0..60_u64],
        end,
        prop::option::weighted(0.2, 0..NODES),
    )
        .prop_map(|(nodes, order, faults, lags, delays, pause, end, deleted)| Round {
            nodes,
            order,
            faults,
            lags,
            delays,
            pause,
            end,
            deleted,
        })
}

fn story() -> impl Strategy<Value = Story> {
    let loss = prop_oneof![
        Just(Loss::Nothing),
        prop::array::uniform6(prop::bool::weighted(0.4)).prop_map(Loss::Records),
        Just(Loss::Everything),
    ];
    (
        prop::collection::vec(round(), 1..5),
        prop::sample::select(vec![1, 3]),
        prop::sample::select(vec![Class::AtOnce, Class::Late, Class::Token]),
        loss,
    )
        .prop_map(|(rounds, parallelism, settling, loss)| Story {
            rounds,
            parallelism,
            settling,
            loss,
        })
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
    bench.recover_for(&goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)))
}

async fn live_through(bench: &Bench, round: &Round, class: Class, gone: &mut BTreeSet<String>) {
    tokio::time::sleep(Duration::from_secs(round.pause)).await;
    if let Some(number) = round.deleted {
        let address = address(number);
        let live = bench.fake.live();
        gone.extend(live.into_iter().filter(|(_, a)| *a == address).map(|(id, _)| id));
        bench.fake.delete_outside(&address);
    }
    let plan = planned(bench, Bench::goal(&round.sheet())).await;
    for (number, seconds, polls) in &round.lags {
        bench.fake.slow(&address(*number), *polls);
        if !matches!(class, Class::AtOnce) {
            bench.fake.hide(&address(*number), Duration::from_secs(*seconds));
        }
    }
    for (verb, number, seconds) in &round.delays {
        bench.fake.delay(*verb, &address(*number), Duration::from_secs(*seconds));
    }
    for (verb, number, nth, mishap) in &round.faults {
        bench.fake.inject(*verb, &address(*number), *nth, fault(*mishap));
    }
    let store = bench.open();
    if let End::DieAt(nth, after) = round.end {
        let side = if after { Crash::AfterWrite } else { Crash::BeforeWrite };
        store.crash_at(nth, side);
    }
    let count = std::sync::atomic::AtomicUsize::new(0);
    let stops = bench.stops.clone();
    let timer = async {
        if let End::StopAt(at, end) = round.end {
            tokio::time::sleep(Duration::from_millis(at * 100)).await;
            stops.send_replace(Stop::Stopping);
            if let Some(end) = end {
                tokio::time::sleep(Duration::from_millis(end * 100)).await;
                stops.send_replace(Stop::Abort);
            }
        }
        std::future::pending::<()>().await;
    };
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
        () = timer => {}
        _ = run => {}
    }
    drop(store);
    bench.fake.clear_faults();
    bench.fake.clear_delays();
    bench.fake.assert_clean();
    bench.assert_nothing_lost_but(gone);
    let open = bench.state().open;
    let creates = open.iter().filter(|(_, intent)| intent.operation == Operation::Create);
    let mut addresses = BTreeSet::new();
    for (_, intent) in creates {
        assert!(addresses.insert(&intent.address), "two creates of {}", intent.address);
    }
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

/// Loses the state, or a part of it, and takes up by tags what is there.
async fn lose(bench: Bench, loss: &Loss, round: &Round) -> Bench {
    let sheet = round.sheet();
    let bench = match loss {
        Loss::Nothing => return bench,
        Loss::Records(which) => {
            let lost = (0..NODES).filter(|number| which[*number]);
            let edits: Vec<_> = lost.map(|number| Edit::Remove(at(&address(number)))).collect();
            bench.open().commit(None, &edits).await.expect("removed");
            bench
        }
        Loss::Everything => {
            let bench = bench.without_state();
            if !round.declared().is_empty() {
                let refused = bench.refused(&sheet).await;
                assert!(refused.starts_with("[plan::lost-state]"), "{refused}");
            }
            bench
        }
    };
    bench.adopt(&sheet).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    let plan = planned(&bench, Bench::goal(&sheet)).await;
    assert!(plan.is_empty(), "{}", show(&plan));
    let ran = bench.run(plan).await;
    assert_eq!(ran.log, "", "what was adopted is changed");
    bench.assert_settled(&sheet).await;
    assert_as_declared(&bench, round);
    bench
}

async fn tell(story: Story) {
    let mut bench = Bench { parallelism: story.parallelism, ..Bench::new() };
    bench.fake.settle_by(match story.settling {
        Class::AtOnce => Settling::Search(Duration::ZERO),
        Class::Late => Settling::Search(WITHIN),
        Class::Token => Settling::Replay(WITHIN),
    });
    let mut gone = BTreeSet::new();
    for round in &story.rounds {
        live_through(&bench, round, story.settling, &mut gone).await;
    }
    if let Some(last) = story.rounds.last() {
        let runs = converge(&bench, last).await;
        assert!(runs <= 1, "it took {runs} undisturbed runs");
        assert_as_declared(&bench, last);
        bench = lose(bench, &story.loss, last).await;
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

/// Few stories, so that a normal run takes seconds, unless the environment asks for a number.
fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(128),
    }
}

proptest! {
    #![proptest_config(config())]

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
