//! Where a stand-in works.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;

use super::{
    acm_validation, autoscaling_instances, cloudtrail_bucket, ec2_credits, ecs_calls, eks_addons,
    eks_fargate, eks_identity_providers, eks_network, eks_updates, elasticache_members,
    iam_credentials, iam_simulation, kms_replicas, logs_filters, rds_backups, rds_events,
    rds_pending, rds_quotas, rds_restores, rds_secrets, route53_vpcs, secretsmanager_rotation,
    subnet_groups, wafv2_associations,
};
use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;
use crate::gate::document::{Document, pointer};
use crate::gate::route::Emulator;
use crate::gate::serve::Core;
use crate::gate::services::Question;
use crate::gate::upstream::UpstreamError;
use crate::gate::xml::Element;

/// A call, and what a stand-in needs to answer it.
pub(crate) struct Desk<'a> {
    pub(crate) core: &'a Core,
    pub(crate) call: &'a Call,
    /// The call's number, for its answer.
    pub(crate) sequence: u64,
    /// The call's parameters.
    pub(crate) tree: Value,
}

/// What a stand-in says; nothing where the call is not its own.
pub(super) type Reply = Result<Option<Result<Document, ServiceError>>, UpstreamError>;

/// Numbers the objects that stand-ins make.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Plays the call, where a stand-in does.
///
/// # Errors
///
/// An emulator does not answer the stand-in's questions.
pub(crate) async fn serve(desk: &Desk<'_>) -> Result<Option<Answer>, UpstreamError> {
    let reply = match desk.call.service.as_str() {
        "eks" => match (eks_updates::serve(desk).await?, eks_addons::serve(desk)?) {
            (None, None) => match eks_fargate::serve(desk).await? {
                None => eks_identity_providers::serve(desk).await?,
                reply => reply,
            },
            (None, reply) | (reply, _) => reply,
        },
        "ec2" => ec2_credits::serve(desk).map(Ok),
        "ecs" => ecs_calls::serve(desk).await?,
        "iam" => match iam_credentials::serve(desk) {
            None => iam_simulation::serve(desk).await?,
            reply => reply,
        },
        "logs" => logs_filters::serve(desk).await?,
        "route53" => route53_vpcs::serve(desk).await?,
        "secretsmanager" => secretsmanager_rotation::serve(desk).await?,
        "wafv2" => wafv2_associations::serve(desk).await?,
        "autoscaling" => {
            autoscaling_instances::prepare(desk).await?;
            None
        }
        "cloudtrail" => {
            cloudtrail_bucket::prepare(desk).await?;
            None
        }
        "elasticache" => match subnet_groups::serve(desk).await? {
            None => elasticache_members::serve(desk).await?,
            reply => reply,
        },
        "rds" => match (subnet_groups::serve(desk).await?, rds_events::serve(desk)?) {
            (None, None) => match rds_backups::serve(desk).await? {
                None => {
                    rds_pending::prepare(desk).await?;
                    match rds_quotas::serve(desk).await? {
                        None => rds_restores::serve(desk).await?,
                        reply => reply,
                    }
                }
                reply => reply,
            },
            (None, reply) | (reply, _) => reply,
        },
        _ => None,
    };
    Ok(reply.map(|reply| match reply {
        Ok(document) => desk.answer(&document),
        Err(error) => error.answer(desk.call, desk.sequence),
    }))
}

/// Fills in what an emulator's answer does not know, or gets wrong, of what stand-ins keep.
///
/// # Errors
///
/// An emulator does not answer a stand-in's questions.
pub(crate) async fn fill(desk: &Desk<'_>, answer: &mut Answer) -> Result<(), UpstreamError> {
    subnet_groups::fill(desk, answer);
    ec2_credits::fill(desk, answer);
    autoscaling_instances::fill(desk, answer).await?;
    elasticache_members::fill(desk, answer).await?;
    rds_backups::fill(desk, answer);
    rds_pending::fill(desk, answer);
    rds_restores::fill(desk, answer);
    rds_secrets::fill(desk, answer).await?;
    secretsmanager_rotation::fill(desk, answer);
    wafv2_associations::forget(desk, answer);
    eks_network::fill(desk, answer).await?;
    eks_addons::fill(desk, answer).await?;
    kms_replicas::fill(desk, answer).await?;
    acm_validation::fill(desk, answer).await
}

impl<'a> Desk<'a> {
    /// The desk of a call.
    pub(crate) fn new(core: &'a Core, call: &'a Call, sequence: u64) -> Self {
        Self { core, call, sequence, tree: call.tree() }
    }

    /// A parameter that is a text; empty where it is not given.
    pub(super) fn text(&self, path: &str) -> &str {
        pointer(&self.tree, path).and_then(Value::as_str).unwrap_or_default()
    }

    /// A parameter.
    pub(super) fn value(&self, path: &str) -> Option<&Value> {
        pointer(&self.tree, path)
    }

    /// What the emulator says to a question, as it is.
    pub(super) async fn ask(
        &self,
        service: &'static str,
        operation: &'static str,
        parameters: Value,
    ) -> Result<Result<Document, ServiceError>, UpstreamError> {
        self.ask_in(&self.call.region, service, operation, parameters).await
    }

    /// What the emulator says to a question in another region, as it is.
    pub(super) async fn ask_in(
        &self,
        region: &str,
        service: &'static str,
        operation: &'static str,
        parameters: Value,
    ) -> Result<Result<Document, ServiceError>, UpstreamError> {
        let mut there = self.call.clone();
        region.clone_into(&mut there.region);
        let call = Question::new(service, operation, parameters).call(&there);
        let answer = self.core.forward(&call).await?;
        let error = || {
            let code = answer.error_code().unwrap_or_else(|| "InternalFailure".to_owned());
            ServiceError::new(answer.status.as_u16(), &code, answer.error_message())
        };
        Ok(Document::of(&call, &answer).ok_or_else(error))
    }

    /// Asks an emulator's S3 about a bucket, by a request without a body.
    pub(super) async fn bucket(
        &self,
        emulator: Emulator,
        method: Method,
        name: &str,
    ) -> Result<Answer, UpstreamError> {
        let mut call = Question::new("s3", "HeadBucket", Value::Null).call(self.call);
        // The one region that must not be named. Source: S3 API Reference, CreateBucket.
        let region = &self.call.region;
        call.body = if method == Method::PUT && region != "us-east-1" {
            let place = format!("<LocationConstraint>{region}</LocationConstraint>");
            format!("<CreateBucketConfiguration>{place}</CreateBucketConfiguration>").into()
        } else {
            Bytes::new()
        };
        call.method = method;
        call.uri = format!("/{name}").parse().unwrap_or_default();
        self.core.upstream.forward(emulator, &call).await
    }

    /// Keeps an object.
    pub(super) fn put(&self, table: &'static str, name: &str, value: Value) {
        self.core.store.put(table, &self.call.region, name, value);
    }

    /// An object that was kept.
    pub(super) fn get(&self, table: &'static str, name: &str) -> Option<Value> {
        self.core.store.get(table, &self.call.region, name)
    }

    /// Takes an object out.
    pub(super) fn take(&self, table: &'static str, name: &str) -> Option<Value> {
        self.core.store.take(table, &self.call.region, name)
    }

    /// The objects whose names begin so.
    pub(super) fn list(&self, table: &'static str, prefix: &str) -> Vec<(String, Value)> {
        self.core.store.list(table, &self.call.region, prefix)
    }

    /// An id in the form of a UUID, new in this process.
    pub(super) fn uuid(&self) -> String {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-0000-4000-8000-{number:012x}", self.sequence & 0xffff_ffff)
    }

    /// Seconds since 1970, as JSON protocols write a time.
    pub(super) fn now(&self) -> f64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as f64 / 1000.0
    }

    /// The caller's account.
    pub(super) fn account(&self) -> String {
        self.core.upstream.account(&self.call.access_key)
    }

    /// An answer of the query protocols with that in its result.
    pub(super) fn result(&self, content: Element) -> Document {
        let operation = &self.call.operation;
        let result = Element::new(&format!("{operation}Result")).with(content);
        Document::Xml(Element::new(&format!("{operation}Response")).with(result))
    }

    /// An ARN of the call's region and account.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.call.region, self.account())
    }

    fn answer(&self, document: &Document) -> Answer {
        let mut answer = ServiceError::new(200, "", "").answer(self.call, self.sequence);
        answer.headers.remove("x-amzn-errortype");
        document.store(&mut answer);
        answer
    }
}
