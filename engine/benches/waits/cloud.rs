//! A cloud whose objects take a thousandth of the time that AWS takes until they are ready.
//!
//! The main type is [`Cloud`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use infra_sdk::kind::TEXT;
use infra_sdk::preflight::Preflight;
use infra_sdk::provider::{
    BoxFuture, Create, Failure, FailureClass, LookupRequest, Made, Observed, Provider, Readiness,
    Settling, Target, Update, Words,
};
use infra_sdk::schema::no_rules;
use infra_sdk::store::Operation;
use infra_sdk::{Diagnostic, Field, Kind, LookupSchema, Object, Schema, Value};

static TEXTS: Kind = Kind::Text(&TEXT);

/// Every type has the same attributes.
macro_rules! types {
    ($($name:ident = $time:literal),* $(,)?) => {
        /// The types, and how many milliseconds one takes to be created.
        pub(crate) static TYPES: &[(&Schema, u64)] = &[$((&Schema {
            type_name: stringify!($name),
            doc: "A thing.",
            inputs: &[Field::new("needs", Kind::Set(&TEXTS))],
            outputs: &[Field::new("id", TEXTS)],
            validate: no_rules,
            stateful: false,
        }, $time)),*];
    };
}

types! {
    aws_acm_certificate = 3,
    aws_acm_certificate_validation = 120,
    aws_cloudwatch_dashboard = 1,
    aws_cloudwatch_log_group = 1,
    aws_cloudwatch_metric_alarm = 1,
    aws_db_instance = 360,
    aws_db_parameter_group = 2,
    aws_db_subnet_group = 2,
    aws_ecr_repository = 1,
    aws_ecs_cluster = 3,
    aws_ecs_service = 120,
    aws_ecs_task_definition = 1,
    aws_eip = 1,
    aws_eks_addon = 60,
    aws_eks_cluster = 540,
    aws_eks_node_group = 180,
    aws_elasticache_replication_group = 500,
    aws_elasticache_subnet_group = 2,
    aws_iam_openid_connect_provider = 1,
    aws_iam_role = 2,
    aws_iam_role_policy_attachment = 1,
    aws_internet_gateway = 1,
    aws_kms_alias = 1,
    aws_kms_key = 3,
    aws_lb = 120,
    aws_lb_listener = 1,
    aws_lb_target_group = 1,
    aws_nat_gateway = 90,
    aws_route = 1,
    aws_route53_record = 35,
    aws_route_table = 1,
    aws_route_table_association = 1,
    aws_s3_bucket = 2,
    aws_s3_bucket_policy = 2,
    aws_s3_bucket_public_access_block = 1,
    aws_s3_bucket_versioning = 2,
    aws_secretsmanager_secret = 1,
    aws_secretsmanager_secret_version = 1,
    aws_security_group = 2,
    aws_sns_topic = 1,
    aws_subnet = 2,
    aws_vpc = 3,
    aws_vpc_endpoint = 60,
    aws_vpc_security_group_ingress_rule = 1,
    aws_wafv2_web_acl = 3,
    aws_wafv2_web_acl_association = 2,
}

/// How long one of a type takes to be created.
pub(crate) fn time(type_name: &str) -> Duration {
    let found = TYPES.iter().find(|(schema, _)| schema.type_name == type_name);
    Duration::from_millis(found.expect("a type of the table").1)
}

/// A cloud in which everything succeeds, in time.
pub(crate) struct Cloud {
    /// Whether it tells how long things take.
    tells: bool,
    made: AtomicUsize,
}

impl Cloud {
    pub(crate) fn new(tells: bool) -> Self {
        Self { tells, made: AtomicUsize::new(0) }
    }
}

impl Provider for Cloud {
    fn schema(&self, type_name: &str) -> Option<&'static Schema> {
        let found = TYPES.iter().find(|(schema, _)| schema.type_name == type_name);
        found.map(|(schema, _)| *schema)
    }

    fn type_names(&self) -> Vec<&'static str> {
        TYPES.iter().map(|(schema, _)| schema.type_name).collect()
    }

    fn lookup_schema(&self, _name: &str) -> Option<&'static LookupSchema> {
        None
    }

    fn read<'a>(
        &'a self,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Result<Option<Observed>, Failure>>> {
        Box::pin(async move { targets.iter().map(|target| Ok(Some(observed(target)))).collect() })
    }

    fn patience(&self, _type_name: &str, _operation: Operation) -> Option<Duration> {
        None
    }

    fn usual_time(&self, type_name: &str, _operation: Operation) -> Option<Duration> {
        self.tells.then(|| time(type_name))
    }

    fn preflight<'a>(&'a self, _flight: &'a Preflight) -> BoxFuture<'a, Vec<Diagnostic>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn settling(&self, _type_name: &str) -> Settling {
        Settling::Search(Duration::ZERO)
    }

    fn create<'a>(&'a self, _request: &'a Create) -> BoxFuture<'a, Result<Made, Failure>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(Made::new(format!("id-{number}")))))
    }

    fn update<'a>(&'a self, _request: &'a Update) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn await_ready<'a>(
        &'a self,
        target: &'a Target,
        _wanted: &'a Object,
        _timeout: Option<Duration>,
        _words: Words<'a>,
    ) -> BoxFuture<'a, Result<Observed, Failure>> {
        Box::pin(async move {
            tokio::time::sleep(time(&target.type_name)).await;
            Ok(observed(target))
        })
    }

    fn delete<'a>(&'a self, _target: &'a Target) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn await_gone<'a>(
        &'a self,
        _target: &'a Target,
        _timeout: Option<Duration>,
        _words: Words<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn find<'a>(&'a self, _request: &'a Create) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn lookup<'a>(&'a self, _request: &'a LookupRequest) -> BoxFuture<'a, Result<Value, Failure>> {
        let failure = Failure::new(FailureClass::Invalid, "there is nothing to look up");
        Box::pin(std::future::ready(Err(failure)))
    }
}

fn observed(target: &Target) -> Observed {
    let outputs = Object::from([("id".to_owned(), Value::from(target.id.as_str()))]);
    Observed { inputs: target.recorded.clone(), outputs, readiness: Readiness::Ready }
}
