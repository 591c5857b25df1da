//! Endpoints that take a connection and never say a word.

use std::time::{Duration, Instant};

use infra_sandbox::gate::{FaultKind, FaultRule, HoldAt};
use tokio::net::TcpListener;

use crate::figures;
use crate::kills::LIFE;
use crate::ledger::Tally;
use crate::world::{Ended, World};

/// How long a run may wait for an answer that does not come, and a little for its own start.
const LIMIT: Duration = Duration::from_secs(65 + 5);

/// An endpoint that accepts and never answers, for as long as the test runs.
async fn black_hole() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok(connection) = listener.accept().await {
            kept.push(connection);
        }
    });
    url
}

/// Notes a run that took too long, or does not say what each of these words says.
fn judge(tally: &mut Tally, what: &str, took: Duration, ended: &Ended, words: &[&str]) {
    tally.blows += 1;
    if took > LIMIT {
        tally.stick(format!("{what}: it took {took:?}:\n{}", ended.stderr));
    }
    let missing: Vec<_> = words.iter().filter(|word| !ended.stderr.contains(**word)).collect();
    if ended.code.is_none_or(|code| code == 0 || code == 70) || !missing.is_empty() {
        let (code, said) = (ended.code, &ended.stderr);
        tally.stick(format!("{what}: it ended with {code:?} and without {missing:?}:\n{said}"));
    }
}

/// Replaces a text of the project's configuration.
fn configure(world: &World, from: &str, to: &str) {
    let path = world.folder().join("infra.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_never_answers_is_named_within_65_seconds() {
    let mut world = World::new().await;
    let hole = black_hole().await;
    let mut tally = Tally::default();
    let endpoint = world.endpoint();
    let way_out = "hint: check the network";

    configure(&world, &endpoint, &hole);
    let began = Instant::now();
    let ended = world.infra(&["plan"]).await;
    let words = ["aws::unreachable", "sts:GetCallerIdentity", &hole, way_out];
    judge(&mut tally, "a plan", began.elapsed(), &ended, &words);
    configure(&world, &hole, &endpoint);

    // The state is silent, and the cloud is not.
    configure(&world, "visible_within", "state = \"s3://silent/team\"\nvisible_within");
    let text =
        format!("visible_within = 1\n[environments.dev.state_options]\nendpoint = \"{hole}\"");
    configure(&world, "visible_within = 1", &text);
    let began = Instant::now();
    let ended = world.infra(&["plan"]).await;
    let words = ["state::unavailable", "s3://silent/", &hole, "hint: "];
    judge(&mut tally, "a plan with its state on S3", began.elapsed(), &ended, &words);
    world.reset().await;

    // A service falls silent in the middle of an apply.
    let mut rules = Vec::new();
    for mutating in [true, false] {
        rules.push(FaultRule {
            service: Some("ec2".to_owned()),
            operation: None,
            mutating,
            nth: (4..200).collect(),
            probability: None,
            seed: 0,
            times: None,
            kind: FaultKind::Hold { at: HoldAt::Before },
        });
    }
    world.faults(&rules[..1]).await;
    let step = LIFE[0];
    let running = world.start(&step.words());
    world.held().await;
    let began = Instant::now();
    world.faults(&rules[1..]).await;
    let ended = running.ended().await;
    let words = ["ec2:", &endpoint, "gave no answer for", way_out];
    judge(&mut tally, "an apply", began.elapsed(), &ended, &words);
    world.control.drop_held().await.unwrap();
    tally.add(step.recover(&mut world, "silent").await);
    world.stop().await;
    figures::record("23: silent endpoints, named within 65 s", &tally);
    tally.assert_clean();
}
