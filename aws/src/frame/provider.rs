//! The AWS provider: the port's methods, sent to the handler of each type in the right region.
//!
//! The main type is [`AwsProvider`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use infra_sdk::preflight::Preflight;
use infra_sdk::provider::{
    BoxFuture, Create, Declared, Existing, Failure, FailureClass, LookupRequest, Made, Observed,
    Place, Provider, Settling, Target, Update, Words,
};
use infra_sdk::store::Operation;
use infra_sdk::{Diagnostic, LookupSchema, Object, Options, Schema, Value};
use tokio::sync::OnceCell;

use super::adapter::{AnyHandler, Context};
use super::calls::CreateClass;
use super::clients::{Account, Aws, Connection, OtherAccount, assume, configure};
use super::error::Result;
use super::limiter::Limits;
use super::preflight::usual_time;
use super::wait::{until_gone, until_ready};
use crate::types::{LOOKUPS, MOMENTARY, TYPES};

/// How long a new object may take to be found by a search. Source: EC2 developer guide, eventual
/// consistency; it names no bound, and objects are seen within seconds.
const VISIBLE_WITHIN: Duration = Duration::from_secs(30);

/// By account and region; the environment's own account has no name.
type Places = HashMap<(Option<String>, String), Arc<Aws>>;

/// AWS, as the engine sees it.
pub struct AwsProvider {
    home: Arc<Aws>,
    others: BTreeMap<String, Other>,
    regions: Mutex<Places>,
    default_tags: BTreeMap<String, String>,
    account: Option<String>,
    visible_within: Duration,
    credentials_expire: Option<SystemTime>,
    limits: Arc<Limits>,
}

/// Another account, whose role is assumed when it is first needed.
struct Other {
    access: OtherAccount,
    home: OnceCell<Arc<Aws>>,
}

impl AwsProvider {
    /// A provider for a connection. Nothing is asked yet; see [`guard`](Self::guard).
    pub async fn connect(connection: Connection) -> Self {
        let limits = Arc::new(Limits::kept_in(connection.limits.clone()));
        let home = Aws::limited(configure(&connection).await, Arc::clone(&limits));
        let other = |access| Other { access, home: OnceCell::new() };
        let others = connection.accounts.into_iter();
        Self {
            home: Arc::new(home),
            others: others.map(|(name, access)| (name, other(access))).collect(),
            regions: Mutex::default(),
            default_tags: connection.default_tags,
            account: connection.account,
            visible_within: connection.visible_within.unwrap_or(VISIBLE_WITHIN),
            credentials_expire: connection.credentials_expire,
            limits,
        }
    }

    /// Asks who the caller is and refuses an account that is not the environment's.
    ///
    /// # Errors
    /// When there are no credentials, AWS cannot be reached, or the account is another one.
    pub async fn guard(&self) -> Result<Account> {
        self.home.guard(self.account.as_deref()).await.cloned()
    }

    /// Another endpoint than AWS's own, which the connection, a variable or the profile names.
    #[must_use]
    pub fn endpoint_url(&self) -> Option<&str> {
        self.home.config().endpoint_url()
    }

    /// The clients of the environment's own account and region.
    pub(crate) fn home(&self) -> &Aws {
        &self.home
    }

    /// When keys that stand in variables end, as far as the environment says.
    pub(crate) fn credentials_expire(&self) -> Option<SystemTime> {
        self.credentials_expire
    }

    /// The clients of a place.
    pub(crate) async fn clients(&self, place: &Place) -> Result<Arc<Aws>> {
        let home = match &place.provider {
            None => &self.home,
            Some(name) => self.other(name).await?,
        };
        let Some(region) = place.region.as_deref().filter(|region| *region != home.region()) else {
            return Ok(Arc::clone(home));
        };
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = regions
            .entry((place.provider.clone(), region.to_owned()))
            .or_insert_with(|| Arc::new(home.in_region(region)));
        Ok(Arc::clone(clients))
    }

    /// The region that options lead to; nothing where its account is not configured.
    fn region_of(&self, place: &Options) -> Option<String> {
        let home = self.home.region();
        match (&place.region, &place.provider) {
            (Some(region), _) => Some(region.clone()),
            (None, None) => Some(home.to_owned()),
            (None, Some(name)) => {
                let other = self.others.get(name)?;
                Some(other.access.region.as_deref().unwrap_or(home).to_owned())
            }
        }
    }

    /// The clients of another account, which is the one that it is said to be.
    async fn other(&self, name: &str) -> Result<&Arc<Aws>> {
        let Some(other) = self.others.get(name) else {
            let message = format!("no account is configured for the provider `{name}`");
            let hint = format!("add `[environments.ENV.accounts.{name}]` to infra.toml");
            let failure = Failure::new(FailureClass::Invalid, message);
            return Err(Failure { hints: vec![hint], ..failure });
        };
        other
            .home
            .get_or_try_init(|| async {
                let config = assume(self.home.config(), &other.access).await;
                let aws = Aws::limited(config, Arc::clone(&self.limits));
                aws.guard(other.access.account.as_deref()).await?;
                Ok(Arc::new(aws))
            })
            .await
    }

    /// What a handler is given besides a request.
    pub(crate) fn context<'a>(&'a self, aws: &'a Aws) -> Context<'a> {
        Context { aws, default_tags: &self.default_tags }
    }
}

impl Drop for AwsProvider {
    /// The end of a run is where its limits are kept.
    fn drop(&mut self) {
        self.limits.keep();
    }
}

/// The handler of the type of that name.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn AnyHandler> {
    TYPES
        .binary_search_by(|handler| handler.schema().type_name.cmp(type_name))
        .ok()
        .map(|index| TYPES[index])
}

fn known(type_name: &str) -> Result<&'static dyn AnyHandler> {
    handler(type_name).ok_or_else(|| {
        Failure::new(FailureClass::Invalid, format!("there is no resource type `{type_name}`"))
    })
}

/// All reads of one account and region: some of what their types ask is asked together.
struct Visit<'a> {
    aws: Result<Arc<Aws>>,
    groups: BTreeMap<&'a str, Vec<usize>>,
}

impl Provider for AwsProvider {
    fn schema(&self, type_name: &str) -> Option<&'static Schema> {
        handler(type_name).map(AnyHandler::schema)
    }

    fn type_names(&self) -> Vec<&'static str> {
        TYPES.iter().map(|handler| handler.schema().type_name).collect()
    }

    fn lookup_schema(&self, name: &str) -> Option<&'static LookupSchema> {
        LOOKUPS.iter().map(|lookup| lookup.schema).find(|schema| schema.name == name)
    }

    fn is_momentary(&self, lookup: &str) -> bool {
        MOMENTARY.contains(&lookup)
    }

    fn check_together(&self, declared: &[Declared<'_>]) -> Vec<Diagnostic> {
        let mut problems = crate::ec2::check_ranges(declared);
        problems.extend(crate::wafv2::check_scopes(declared, |options| self.region_of(options)));
        problems
    }

    fn read<'a>(
        &'a self,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<std::result::Result<Option<Observed>, Failure>>> {
        Box::pin(async move {
            let visits = self.visits(targets).await;
            let reads = visits.iter().map(|visit| self.visit(targets, visit));
            let mut answers: Vec<_> = targets.iter().map(|_| Ok(None)).collect();
            for (index, answer) in futures_util::future::join_all(reads).await.into_iter().flatten()
            {
                answers[index] = answer;
            }
            answers
        })
    }

    fn patience(&self, type_name: &str, operation: Operation) -> Option<Duration> {
        let patience = handler(type_name)?.calls().patience;
        Some(match operation {
            Operation::Create => patience.create,
            Operation::Update => patience.update,
            Operation::Delete => patience.delete,
        })
    }

    fn loose_inputs(&self, type_name: &str) -> &'static [&'static str] {
        handler(type_name).map_or(&[], |handler| handler.calls().loose)
    }

    fn usual_time(&self, type_name: &str, operation: Operation) -> Option<Duration> {
        usual_time(type_name, operation, self.patience(type_name, operation)?)
    }

    fn held_up(&self) -> Vec<String> {
        self.limits.held_up().told()
    }

    fn preflight<'a>(&'a self, flight: &'a Preflight) -> BoxFuture<'a, Vec<Diagnostic>> {
        Box::pin(self.look_ahead(flight))
    }

    fn settling(&self, type_name: &str) -> Settling {
        match handler(type_name).map(|handler| handler.calls().class) {
            Some(CreateClass::Token) => Settling::Replay(self.visible_within),
            Some(CreateClass::Neither) => Settling::Discard(self.visible_within),
            _ => Settling::Search(self.visible_within),
        }
    }

    fn create<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let aws = self.clients(&request.place).await?;
            known(&request.type_name)?.create(self.context(&aws), request).await
        })
    }

    fn update<'a>(&'a self, request: &'a Update) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let aws = self.clients(&request.target.place).await?;
            known(&request.target.type_name)?.update(self.context(&aws), request).await
        })
    }

    fn await_ready<'a>(
        &'a self,
        target: &'a Target,
        wanted: &'a Object,
        timeout: Option<Duration>,
        words: Words<'a>,
    ) -> BoxFuture<'a, Result<Observed>> {
        Box::pin(async move {
            let aws = self.clients(&target.place).await?;
            let handler = known(&target.type_name)?;
            let patience = timeout.unwrap_or(handler.calls().patience.create);
            until_ready(handler, self.context(&aws), target, wanted, patience, words).await
        })
    }

    fn delete<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let aws = self.clients(&target.place).await?;
            known(&target.type_name)?.delete(self.context(&aws), target).await
        })
    }

    fn await_gone<'a>(
        &'a self,
        target: &'a Target,
        timeout: Option<Duration>,
        words: Words<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let aws = self.clients(&target.place).await?;
            let handler = known(&target.type_name)?;
            if !handler.calls().vanishes || handler.is_kept(target)? {
                return Ok(());
            }
            let patience = timeout.unwrap_or(handler.calls().patience.delete);
            until_gone(handler, self.context(&aws), target, patience, words).await
        })
    }

    fn find<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let aws = self.clients(&request.place).await?;
            known(&request.type_name)?.find(self.context(&aws), request).await
        })
    }

    fn not_importable(&self, type_name: &str) -> Option<&'static str> {
        let class = handler(type_name)?.calls().class;
        let told = "what makes it useful is told once, when it is made, and to nobody else";
        (class == CreateClass::Neither).then_some(told)
    }

    fn tells_existing(&self, type_name: &str, inputs: &Object) -> bool {
        handler(type_name).is_some_and(|handler| {
            let calls = handler.calls();
            let named = |name| inputs.get(name).is_some_and(|value| !value.is_null());
            calls.class == CreateClass::Relation || calls.named_by.is_some_and(named)
        })
    }

    fn existing<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Option<Existing>>> {
        Box::pin(async move {
            let aws = self.clients(&request.place).await?;
            known(&request.type_name)?.existing(self.context(&aws), request).await
        })
    }

    fn lookup<'a>(&'a self, request: &'a LookupRequest) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let aws = self.clients(&request.place).await?;
            let lookup = LOOKUPS.iter().find(|lookup| lookup.schema.name == request.name);
            let Some(lookup) = lookup else {
                let message = format!("there is no data source `{}`", request.name);
                return Err(Failure::new(FailureClass::Invalid, message));
            };
            (lookup.answer)(&aws, &request.arguments).await
        })
    }
}

impl AwsProvider {
    /// What is to be read, by account and region, and there by type.
    async fn visits<'a>(&self, targets: &'a [Target]) -> Vec<Visit<'a>> {
        let mut places: BTreeMap<&Place, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (index, target) in targets.iter().enumerate() {
            let groups = places.entry(&target.place).or_default();
            groups.entry(&target.type_name).or_default().push(index);
        }
        let mut visits: Vec<Visit<'a>> = Vec::new();
        for (place, groups) in places {
            let aws = self.clients(place).await;
            let same = |visit: &&mut Visit<'_>| match (&visit.aws, &aws) {
                (Ok(one), Ok(other)) => one.is(other),
                _ => false,
            };
            // A region that is named is no other place than the same region by default.
            match visits.iter_mut().find(same) {
                Some(visit) => {
                    for (type_name, indices) in groups {
                        visit.groups.entry(type_name).or_default().extend(indices);
                    }
                }
                None => visits.push(Visit { aws, groups }),
            }
        }
        visits
    }

    async fn visit(
        &self,
        targets: &[Target],
        visit: &Visit<'_>,
    ) -> Vec<(usize, Result<Option<Observed>>)> {
        let aws = match &visit.aws {
            Ok(aws) => aws,
            Err(failure) => {
                let indices = visit.groups.values().flatten();
                return indices.map(|index| (*index, Err(failure.clone()))).collect();
            }
        };
        let members = |indices: &[usize]| -> Vec<&Target> {
            indices.iter().map(|index| &targets[*index]).collect()
        };
        let aws = aws.reading(|readings| {
            for (type_name, indices) in &visit.groups {
                if let Some(handler) = handler(type_name) {
                    handler.announce(readings, &members(indices));
                }
            }
        });
        let reads = visit.groups.iter().map(|(type_name, indices)| {
            let (aws, members) = (&aws, members(indices));
            async move {
                match known(type_name) {
                    Ok(handler) => {
                        let answers = handler.read(self.context(aws), &members).await;
                        indices.iter().copied().zip(answers).collect()
                    }
                    Err(failure) => {
                        let failed = |index: &usize| (*index, Err(failure.clone()));
                        indices.iter().map(failed).collect::<Vec<_>>()
                    }
                }
            }
        });
        futures_util::future::join_all(reads).await.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Address;
    use infra_sdk::provider::{Owner, UNHEARD};

    use super::*;

    #[tokio::test]
    async fn what_is_to_be_kept_is_neither_deleted_nor_waited_for() {
        let endpoint = crate::test_endpoint::endpoint().await;
        let provider = AwsProvider::connect(Connection {
            region: "us-west-2".to_owned(),
            endpoint_url: Some(endpoint),
            credentials: Some(("123456789012".to_owned(), "test".to_owned())),
            ..Connection::default()
        })
        .await;
        let kept = |skip: bool| {
            Object::from([
                ("name".to_owned(), Value::from("/conformance/kept")),
                ("skip_destroy".to_owned(), Value::Bool(skip)),
            ])
        };
        let owner = Owner { stack: "kept".to_owned(), environment: "test".to_owned() };
        let create = Create {
            address: Address::parse("it").expect("valid"),
            type_name: "aws_cloudwatch_log_group".to_owned(),
            place: Place::default(),
            inputs: kept(true),
            token: "t".to_owned(),
            owner: Arc::new(owner),
            started: "2026-11-22T00:00:00Z".to_owned(),
            replaces: None,
        };
        let id = provider.create(&create).await.expect("it is created").id;
        let target = |skip| Target {
            address: create.address.clone(),
            type_name: create.type_name.clone(),
            place: Place::default(),
            id: id.clone(),
            recorded: kept(skip),
            outputs: Object::new(),
            owner: Arc::clone(&create.owner),
        };
        for (skip, left) in [(true, true), (false, false)] {
            provider.delete(&target(skip)).await.expect("it is deleted");
            provider.await_gone(&target(skip), None, UNHEARD).await.expect("nobody waits");
            let seen = provider.read(&[target(skip)]).await.pop().expect("one answer");
            assert_eq!(seen.expect("it answers").is_some(), left);
        }
    }
}
