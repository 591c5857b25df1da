//! One suite for every resource type: what is declared is created, read back, changed in place,
//! replaced, found again, lost, and deleted, against AWS as the sandbox plays it.
//!
//! A type gives a [`Fixture`]; [`check`] does the rest. The declaration of calls is held against
//! what was really called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_sdk::provider::{Create, Observed, Owner, Place, Provider, Target, UNHEARD, Update};
use infra_sdk::stack::Answerer;
use infra_sdk::{
    Address, Declaration, Diagnostic, Environment, Field, Kind, Location, Object, Reference, Stack,
    Value,
};

use crate::{AwsProvider, Connection};

/// Declares the resource under test at the address `it`, and what it needs at others.
pub(crate) type Declare = fn(&mut Stack, &str);

/// What the suite needs of a type. The second argument of each function is a text that is unique
/// to the run, for names.
#[derive(Clone, Copy)]
pub(crate) struct Fixture {
    /// The resource as created.
    pub(crate) base: Declare,
    /// The same resource, changed in ways that AWS takes in place.
    pub(crate) update: Option<Declare>,
    /// The same resource, changed in a way that needs another object.
    pub(crate) replace: Option<Declare>,
    /// Attributes that the emulator loses or misreports, with where docs/emulator-gaps.md says so.
    /// They are not compared; nothing else changes for them.
    pub(crate) gaps: &'static [&'static str],
}

/// Makes the test of a type: `conforms!(aws_vpc, Fixture { … });`
macro_rules! conforms {
    ($name:ident, $fixture:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            crate::conformance::check(stringify!($name), $fixture).await;
        }
    };
}
pub(crate) use conforms;

struct Refuse;

impl Answerer for Refuse {
    fn answer(
        &mut self,
        name: &str,
        _: &BTreeMap<String, Value>,
        _: Option<&str>,
        _: &Location,
    ) -> Result<Value, Diagnostic> {
        Err(Diagnostic::error("test", format!("a fixture may not look {name} up")))
    }
}

/// An object that a fixture made.
struct Made {
    target: Target,
    wanted: Object,
    observed: Observed,
}

struct Suite {
    provider: AwsProvider,
    owner: Arc<Owner>,
    fixture: Fixture,
}

/// Runs the whole suite on a type.
pub(crate) async fn check(type_name: &str, fixture: Fixture) {
    let endpoint = crate::test_endpoint::endpoint().await;
    let unique = format!("c{:08x}", std::process::id() ^ random());
    let provider = AwsProvider::connect(Connection {
        region: "us-west-2".to_owned(),
        endpoint_url: Some(endpoint),
        // The key tells the calls of this test from those of its neighbours in the gate's log.
        credentials: Some((unique.clone(), "test".to_owned())),
        default_tags: BTreeMap::from([("team".to_owned(), "conformance".to_owned())]),
        ..Connection::default()
    })
    .await;
    let owner = Owner { stack: format!("conformance-{unique}"), environment: "test".to_owned() };
    let suite = Suite { provider, owner: Arc::new(owner), fixture };
    let types = suite.run(type_name, &unique).await;
    only_declared_calls(&types, &unique).await;
}

/// Holds the declarations of the types against what was really called.
async fn only_declared_calls(types: &BTreeSet<String>, access_key: &str) {
    let log = crate::test_endpoint::control().await.log(0).await.expect("the gate has a log");
    let called: BTreeSet<_> = log
        .iter()
        .filter(|entry| entry.access_key == access_key)
        // CloudWatch signs as another service than IAM names it.
        .map(|entry| {
            (if entry.service == "monitoring" { "cloudwatch" } else { &entry.service }, entry)
        })
        .map(|(service, entry)| format!("{service}:{}", entry.operation))
        .collect();
    let declared: BTreeSet<_> = types
        .iter()
        .filter_map(|name| crate::frame::provider::handler(name))
        .flat_map(|handler| handler.calls().operations)
        .map(|operation| (*operation).to_owned())
        // The frame asks once who the caller is, for ARNs that no answer has.
        .chain(["sts:GetCallerIdentity".to_owned()])
        .collect();
    assert!(!called.is_empty(), "the gate saw no call of {access_key}");
    let undeclared: Vec<_> = called.difference(&declared).collect();
    assert!(undeclared.is_empty(), "called and not declared: {undeclared:?}");
}

/// A number that differs between tests of one process.
fn random() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    u32::try_from(RandomState::new().hash_one(std::thread::current().id()) >> 32).unwrap_or(1)
}

impl Suite {
    async fn run(&self, type_name: &str, unique: &str) -> BTreeSet<String> {
        let mut made = self.apply(self.fixture.base, unique, Vec::new()).await;
        let it =
            made.iter().find(|m| m.target.address.as_str() == "it").expect("the fixture adds `it`");
        assert_eq!(it.target.type_name, type_name);
        let (id, taggable) = (it.target.id.clone(), self.schema(type_name).tags().is_some());
        if taggable {
            self.finds_what_it_made(it).await;
        }
        if let Some(update) = self.fixture.update {
            made = self.apply(update, unique, made).await;
            let now = made.iter().find(|m| m.target.address.as_str() == "it").expect("still there");
            assert_eq!(now.target.id, id, "an update in place keeps the object");
        }
        if let Some(replace) = self.fixture.replace {
            made = self.replaced(replace, unique, made).await;
        }
        let types = made.iter().map(|made| made.target.type_name.clone()).collect();
        self.delete_all(made).await;
        types
    }

    fn schema(&self, type_name: &str) -> &'static infra_sdk::Schema {
        self.provider.schema(type_name).expect("the type is registered")
    }

    fn declare(&self, declare: Declare, unique: &str) -> Vec<Declaration> {
        let environment = Environment {
            name: "test".to_owned(),
            region: "us-west-2".to_owned(),
            protected: false,
        };
        let mut stack = Stack::new(environment, Box::new(Refuse));
        declare(&mut stack, unique);
        let declared = stack.take_declarations();
        assert!(declared.diagnostics.is_empty(), "{:?}", declared.diagnostics);
        declared.resources
    }

    /// Creates what is not there and updates what is, in order of declaration.
    async fn apply(&self, declare: Declare, unique: &str, before: Vec<Made>) -> Vec<Made> {
        let mut before: BTreeMap<_, _> =
            before.into_iter().map(|made| (made.target.address.clone(), made)).collect();
        let mut after: Vec<Made> = Vec::new();
        for declaration in self.declare(declare, unique) {
            let wanted = self.evaluate(&declaration, &after);
            let made = match before.remove(&declaration.address) {
                None => self.create(&declaration, wanted, self.token(&declaration.address)).await,
                Some(made) => self.update(made, wanted).await,
            };
            after.push(made);
        }
        assert!(before.is_empty(), "an update fixture keeps the resources of its base");
        after
    }

    /// The token of a create, which is the same when it is looked for.
    fn token(&self, address: &Address) -> String {
        format!("{}-{address}", self.owner.stack)
    }

    fn evaluate(&self, declaration: &Declaration, made: &[Made]) -> Object {
        let resolve = |reference: &Reference| {
            let made = made.iter().find(|made| made.target.address == reference.address)?;
            let (inputs, outputs) = (&made.observed.inputs, &made.observed.outputs);
            outputs.get(&reference.attribute).or_else(|| inputs.get(&reference.attribute)).cloned()
        };
        let mut wanted: Object = declaration
            .arguments
            .inputs
            .iter()
            .map(|(name, expr)| (name.clone(), expr.evaluate(&resolve).expect("it evaluates")))
            .collect();
        let schema = self.schema(&declaration.type_name);
        schema.fill_defaults(&mut wanted);
        assert_eq!(schema.check(&wanted), [], "{}", declaration.address);
        wanted
    }

    async fn create(&self, declaration: &Declaration, wanted: Object, token: String) -> Made {
        let create = Create {
            address: declaration.address.clone(),
            type_name: declaration.type_name.clone(),
            place: place(declaration),
            inputs: wanted.clone(),
            token,
            owner: Arc::clone(&self.owner),
            started: "2026-11-22T00:00:00Z".to_owned(),
            replaces: None,
        };
        let made = self.provider.create(&create).await.expect("it is created");
        let target = Target {
            address: declaration.address.clone(),
            type_name: declaration.type_name.clone(),
            place: place(declaration),
            id: made.id,
            recorded: wanted.clone(),
            outputs: made.outputs,
            owner: Arc::clone(&self.owner),
        };
        self.settled(target, wanted).await
    }

    async fn update(&self, made: Made, wanted: Object) -> Made {
        let schema = self.schema(&made.target.type_name);
        let changed = self.differences(schema.inputs, &wanted, &made.observed.inputs, &made.wanted);
        for name in &changed {
            let field = schema.input(name).expect("an input");
            assert!(!field.replaces(&wanted), "`{name}` cannot be changed in place");
        }
        let target = Target { recorded: wanted.clone(), ..made.target };
        if !changed.is_empty() {
            let update = Update {
                target: target.clone(),
                inputs: wanted.clone(),
                observed: made.observed.inputs,
                changed,
                token: "update".to_owned(),
            };
            self.provider.update(&update).await.expect("it is updated");
        }
        self.settled(target, wanted).await
    }

    /// Waits for the object and asserts that it reads back as asked for.
    async fn settled(&self, target: Target, wanted: Object) -> Made {
        let observed = self
            .provider
            .await_ready(&target, &wanted, None, UNHEARD)
            .await
            .expect("it becomes ready");
        let schema = self.schema(&target.type_name);
        let left = self.differences(schema.inputs, &wanted, &observed.inputs, &wanted);
        assert_eq!(
            left,
            Vec::<String>::new(),
            "wanted {wanted:#?}\nobserved {:#?}",
            observed.inputs
        );
        for field in schema.outputs {
            if let Some(value) = observed.outputs.get(field.name) {
                let mut problems = Vec::new();
                field.kind.check(field.name, value, &mut problems);
                assert_eq!(problems, [], "{}", target.type_name);
            }
        }
        Made { target, wanted, observed }
    }

    /// Names of inputs that are not as wanted, as the engine sees it.
    fn differences(
        &self,
        fields: &[Field],
        wanted: &Object,
        observed: &Object,
        recorded: &Object,
    ) -> Vec<String> {
        let null = Value::Null;
        fields
            .iter()
            .filter(|field| !self.fixture.gaps.contains(&field.name))
            .filter(|field| {
                let asked = wanted.get(field.name).unwrap_or(&null);
                let there = if field.write_only { recorded } else { observed };
                let there = there.get(field.name).unwrap_or(&null);
                !(field.computed && asked.is_null() || same(&field.kind, asked, there))
            })
            .map(|field| field.name.to_owned())
            .collect()
    }

    async fn finds_what_it_made(&self, made: &Made) {
        let create = Create {
            address: made.target.address.clone(),
            type_name: made.target.type_name.clone(),
            place: made.target.place.clone(),
            inputs: made.wanted.clone(),
            token: self.token(&made.target.address),
            owner: Arc::clone(&self.owner),
            started: "2026-11-22T00:00:00Z".to_owned(),
            replaces: None,
        };
        let found = self.provider.find(&create).await.expect("it can be looked for");
        assert_eq!(found, std::slice::from_ref(&made.target.id), "a lost create is found again");
    }

    /// Deletes `it` and creates it as the replacement says; checks that a replacement was needed.
    async fn replaced(&self, declare: Declare, unique: &str, made: Vec<Made>) -> Vec<Made> {
        let (mut it, mut rest): (Vec<_>, Vec<_>) =
            made.into_iter().partition(|made| made.target.address.as_str() == "it");
        let old = it.pop().expect("`it` is there");
        let declaration = self
            .declare(declare, unique)
            .into_iter()
            .find(|declaration| declaration.address.as_str() == "it")
            .expect("a replacement declares `it`");
        let wanted = self.evaluate(&declaration, &rest);
        let schema = self.schema(&declaration.type_name);
        let changed = self.differences(schema.inputs, &wanted, &old.observed.inputs, &old.wanted);
        let forced =
            changed.iter().any(|name| schema.input(name).is_some_and(|f| f.replaces(&wanted)));
        assert!(forced, "no changed attribute forces replacement: {changed:?}");
        self.delete(&old.target).await;
        let token = format!("{}-again", self.token(&declaration.address));
        rest.push(self.create(&declaration, wanted, token).await);
        rest
    }

    async fn delete_all(&self, made: Vec<Made>) {
        for made in made.iter().rev() {
            self.delete(&made.target).await;
        }
    }

    /// Deletes an object, twice: the second time it is gone, and that is a success.
    async fn delete(&self, target: &Target) {
        self.provider.delete(target).await.expect("it is deleted");
        self.provider.await_gone(target, None, UNHEARD).await.expect("it goes");
        self.provider.delete(target).await.expect("deleting what is gone succeeds");
        self.provider.await_gone(target, None, UNHEARD).await.expect("it stays gone");
        let handler = crate::frame::provider::handler(&target.type_name);
        if !handler.is_some_and(|handler| handler.calls().vanishes) {
            return;
        }
        let read =
            self.provider.read(std::slice::from_ref(target)).await.pop().expect("one answer");
        assert!(read.expect("gone is no error").is_none(), "{} is still there", target.id);
    }
}

/// Where a resource stands.
fn place(declaration: &Declaration) -> Place {
    let options = &declaration.arguments.options;
    Place { region: options.region.clone(), provider: options.provider.clone() }
}

/// Whether a value is as wanted; fields of blocks that AWS may choose and that were left out are.
fn same(kind: &Kind, wanted: &Value, there: &Value) -> bool {
    kind.same(wanted, &chosen(kind, wanted, there))
}

/// What is there, without what AWS chose where nothing was asked for.
fn chosen(kind: &Kind, wanted: &Value, there: &Value) -> Value {
    match (kind, wanted, there) {
        (Kind::Block(fields), Value::Map(wanted), Value::Map(there)) => Value::Map(
            fields
                .iter()
                .filter_map(|field| {
                    let null = Value::Null;
                    let asked = wanted.get(field.name).unwrap_or(&null);
                    let value = there.get(field.name)?;
                    if field.computed && asked.is_null() {
                        return None;
                    }
                    Some((field.name.to_owned(), chosen(&field.kind, asked, value)))
                })
                .collect(),
        ),
        (Kind::List(item) | Kind::Set(item), Value::List(wanted), Value::List(there))
            if wanted.len() == there.len() =>
        {
            Value::List(
                wanted.iter().zip(there).map(|(asked, value)| chosen(item, asked, value)).collect(),
            )
        }
        _ => there.clone(),
    }
}
