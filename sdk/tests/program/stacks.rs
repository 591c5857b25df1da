//! A stack program with one stack for every way in which a conversation can go.

#![expect(clippy::print_stdout, reason = "stacks may print, and must not break the protocol by it")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;

use infra_sdk::checks::{Rule, Severity};
use infra_sdk::{
    CommonOptions, Lookup, LookupAnswer, Outputs, Program, Resource, Result, Settings, Stack,
    StackOutput, Value,
};

/// A queue.
#[derive(Resource)]
#[resource(type = "aws_sqs_queue", outputs = QueueOutputs)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// A secret.
    #[field(sensitive)]
    pub password: Option<String>,
}

/// What AWS assigns to a queue.
#[derive(Outputs)]
pub struct QueueOutputs {
    /// Its URL.
    pub id: String,
}

/// Settings of the stack `queues`.
#[derive(Settings)]
pub struct Queues {
    /// Names.
    pub names: Vec<String>,
    /// What stands before each name.
    #[setting(default = "shop-")]
    pub prefix: String,
}

/// Asks for the zones of the region.
pub struct Zones;

/// The zones of a region.
#[derive(LookupAnswer)]
pub struct ZonesAnswer {
    /// Their names.
    pub names: Vec<String>,
}

impl Lookup for Zones {
    type Answer = ZonesAnswer;

    const NAME: &'static str = "aws_availability_zones";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("state".to_owned(), Value::from("available"))])
    }
}

infra_sdk::region! {
    /// Where backups go.
    pub Recovery
}

fn queues(stack: &mut Stack, settings: &Queues) -> Result<()> {
    for name in &settings.names {
        let queue = Queue::new(format!("{}{name}", settings.prefix)).password("hunter2");
        let queue = stack.add(name, queue);
        stack.output(name, queue.id());
    }
    stack.output("environment", stack.env().name().to_owned());
    Ok(())
}

fn zones(stack: &mut Stack, (): &()) -> Result<()> {
    for zone in stack.lookup(Zones)?.names {
        stack.add(format!("here-{zone}"), Queue::new(zone));
    }
    let mut recovery = stack.in_region::<Recovery>("us-east-1");
    for zone in recovery.lookup(Zones)?.names {
        recovery.add(format!("there-{zone}"), Queue::new(zone));
    }
    Ok(())
}

fn prints(stack: &mut Stack, (): &()) -> Result<()> {
    print!("no end of line");
    stack.lookup(Zones)?;
    println!("a line");
    std::io::stdout().write_all(b"\xff no text, and no end")?;
    stack.add("queue", Queue::new("a\n@infra {}\n"));
    Ok(())
}

fn panics(stack: &mut Stack, (): &()) -> Result<()> {
    stack.add("before", Queue::new("before"));
    let names: Vec<String> = Vec::new();
    stack.add("first", Queue::new(&names[0]));
    Ok(())
}

fn panics_in_a_thread(stack: &mut Stack, (): &()) -> Result<()> {
    let outcome = std::thread::spawn(|| panic!("out of luck")).join();
    stack.output("failed", outcome.is_err().to_string());
    Ok(())
}

fn fails(_: &mut Stack, (): &()) -> Result<()> {
    let number: u32 = "three".parse()?;
    Err(infra_sdk::Error::new(format!("{number} is not what it should be")))
}

fn mistakes(stack: &mut Stack, (): &()) -> Result<()> {
    stack.add("twice", Queue::new("one"));
    stack.add("twice", Queue::new("other"));
    stack.add("Upper", Queue::new("upper"));
    Ok(())
}

const ADDRESS: StackOutput<String> = StackOutput::new("publishes", "address");
const NAMES: StackOutput<Vec<String>> = StackOutput::new("publishes", "names");
const OTHER: StackOutput<String> = StackOutput::new("queues", "other");

fn publishes(stack: &mut Stack, (): &()) -> Result<()> {
    let queue = stack.add("queue", Queue::new("a"));
    stack.publish(ADDRESS, queue.id());
    stack.publish(NAMES, ["a", "b"]);
    stack.publish(OTHER, "theirs");
    let _ = stack.read(NAMES); // its own
    Ok(())
}

fn reads(stack: &mut Stack, (): &()) -> Result<()> {
    let address = stack.read(ADDRESS);
    stack.add("queue", Queue::new(address));
    stack.scope("inner", |stack| {
        let name = stack.read(NAMES).index(0);
        stack.add("queue", Queue::new(name));
    });
    Ok(())
}

fn waives(stack: &mut Stack, (): &()) -> Result<()> {
    stack.waive("team::prefix", "it is an example");
    let unreasonable = Queue::new("queue").waive("team::prefix", " ");
    stack.add("queue", unreasonable); // it has no reason
    Ok(())
}

fn main() -> ExitCode {
    Program::new()
        .check(Rule::new(
            "team::prefix",
            Severity::High,
            "names begin with shop",
            |plan, report| {
                for queue in plan.resources::<Queue>() {
                    if !queue.get(|q| q.name()).is_known_and(|name| name.starts_with("shop-")) {
                        report.finding(&queue, "has another name");
                    }
                }
            },
        ))
        .stack("waives", waives)
        .stack("queues", queues)
        .stack("zones", zones)
        .stack("prints", prints)
        .stack("panics", panics)
        .stack("panics-in-a-thread", panics_in_a_thread)
        .stack("fails", fails)
        .stack("mistakes", mistakes)
        .stack("publishes", publishes)
        .stack("reads", reads)
        .run()
}
