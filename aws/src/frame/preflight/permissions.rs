//! Permissions that the caller lacks: the actions of the plan's operations, simulated by IAM.
//!
//! Source: IAM API Reference, SimulatePrincipalPolicy. It weighs the principal's policies, boundary
//! and, for members of an organization, its service control policies. It does not see policies of
//! resources and sessions. Without a resource it judges `*`, which a policy for some resources does
//! not allow; so only what is forbidden outright or not allowed for the very resource is an error.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult};
use futures_util::stream::{self, StreamExt as _};
use infra_sdk::Diagnostic;
use infra_sdk::preflight::{PlannedAction, PlannedOperation, Preflight};
use infra_sdk::provider::Place;

use super::blocking::text;
use super::caller::{Principal, principal};
use super::denials::{Denial, Doubt, told};
use super::run::unchecked;
use crate::frame::calls::Calls;
use crate::frame::clients::{Account, Aws};
use crate::frame::error::Result;
use crate::frame::provider::{AwsProvider, handler};

/// Actions of one call, as many as one page of its answer has.
const BATCH: usize = 100;
/// Resources for which an action is judged, at most.
const RESOURCES: usize = 20;
/// Calls in flight: IAM allows few.
const AT_ONCE: usize = 4;

/// What an action is needed for.
#[derive(Debug, Default)]
pub(super) struct Need<'a> {
    /// Whether an operation of the plan is sure to call it.
    pub(super) certain: bool,
    /// The operations.
    pub(super) operations: Vec<&'a PlannedOperation>,
}

/// The actions of the plan that the caller may not do.
pub(super) async fn find(provider: &AwsProvider, flight: &Preflight) -> Vec<Diagnostic> {
    let mut places: BTreeMap<&Place, BTreeMap<&'static str, Need<'_>>> = BTreeMap::new();
    for operation in &flight.operations {
        let Some(handler) = handler(&operation.type_name) else { continue };
        let needs = places.entry(&operation.place).or_default();
        for (action, certain) in actions(handler.calls(), operation.action) {
            let need = needs.entry(action).or_default();
            need.certain |= certain;
            need.operations.push(operation);
        }
    }
    let mut found = Vec::new();
    for (place, needs) in places {
        let judged = async {
            let aws = provider.clients(place).await?;
            judge(&aws, &needs).await
        };
        let what = "the caller's permissions";
        found.extend(judged.await.unwrap_or_else(|failure| vec![unchecked(what, &failure)]));
    }
    // The same action lacks in every region alike.
    found.dedup();
    found
}

/// The actions that an operation needs, each with whether it is sure to be called. Which of a
/// type's actions are of which operation is told by their verbs.
fn actions(calls: &Calls, action: PlannedAction) -> Vec<(&'static str, bool)> {
    let delete = deleting(calls.create);
    let makes = matches!(action, PlannedAction::Create | PlannedAction::Replace { .. });
    let deletes = matches!(action, PlannedAction::Delete | PlannedAction::Replace { .. });
    let sort = |name: &&'static str| {
        let removes = is_verb(name, &["Delete", "Detach", "Release", "Deregister", "Terminate"]);
        if *name == calls.create {
            return makes.then_some((*name, true));
        }
        if delete.as_deref() == Some(*name) {
            return deletes.then_some((*name, true));
        }
        // The plan has read what is there; so it may read.
        if is_verb(name, &["Get", "List", "Describe", "Head", "BatchGet"]) {
            return None;
        }
        match action {
            PlannedAction::Create if removes => None,
            PlannedAction::Delete if !removes => None,
            _ => Some((*name, false)),
        }
    };
    calls.actions.iter().filter_map(sort).collect()
}

/// The action that undoes a create: `ec2:DeleteVpc`.
fn deleting(create: &str) -> Option<String> {
    let (service, name) = create.split_once(':')?;
    let verbs = [("Create", "Delete"), ("Put", "Delete"), ("Attach", "Detach")];
    let (verb, inverse) = verbs.into_iter().find(|(verb, _)| name.starts_with(verb))?;
    Some(format!("{service}:{inverse}{}", &name[verb.len()..]))
}

fn is_verb(action: &str, verbs: &[&str]) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    verbs.iter().any(|verb| name.starts_with(verb))
}

async fn judge(aws: &Aws, needs: &BTreeMap<&'static str, Need<'_>>) -> Result<Vec<Diagnostic>> {
    let account = aws.account().await?.clone();
    let caller = match principal(aws, &account).await {
        Principal::Known(arn) => arn,
        Principal::Root => return Ok(Vec::new()),
        Principal::Other => {
            let summary = "the caller's permissions could not be checked";
            return Ok(vec![Diagnostic::warning("preflight::unchecked", summary).detail(format!(
                "`{}` is no user and no role, and IAM simulates no others",
                account.arn
            ))]);
        }
    };
    let names: Vec<&str> = needs.keys().copied().collect();
    let mut denials = Vec::new();
    for chunk in names.chunks(BATCH) {
        for result in simulate(aws, &caller, chunk, None).await? {
            let Some((name, need)) = needs.get_key_value(result.eval_action_name.as_str()) else {
                continue;
            };
            let Some(doubt) = Doubt::of(&result) else { continue };
            denials.push(Denial { action: name, need, doubt, resource: None });
        }
    }
    let checks: Vec<_> =
        denials.into_iter().map(|denial| closer(aws, &account, &caller, denial)).collect();
    let denials: Vec<_> = stream::iter(checks).buffered(AT_ONCE).collect().await;
    let denials = denials.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(told(&caller, denials.into_iter().flatten().collect()))
}

/// What no policy allows for everything may be allowed for the resources that are meant.
async fn closer<'n>(
    aws: &Aws,
    account: &Account,
    caller: &str,
    denial: Denial<'n>,
) -> Result<Option<Denial<'n>>> {
    if !denial.need.certain || denial.doubt.is_explicit() {
        return Ok(Some(denial));
    }
    let arns: Option<BTreeSet<String>> =
        denial.need.operations.iter().map(|operation| arn(aws, account, operation)).collect();
    let Some(arns) = arns else { return Ok(Some(denial)) };
    for arn in arns.into_iter().take(RESOURCES) {
        for result in simulate(aws, caller, &[denial.action], Some(&arn)).await? {
            if let Some(doubt) = Doubt::of(&result) {
                return Ok(Some(Denial { doubt, resource: Some(arn), ..denial }));
            }
        }
    }
    Ok(None)
}

async fn simulate(
    aws: &Aws,
    caller: &str,
    actions: &[&str],
    resource: Option<&str>,
) -> Result<Vec<EvaluationResult>> {
    let actions: Vec<String> = actions.iter().map(|action| (*action).to_owned()).collect();
    let context = context(aws);
    let resources = resource.map(|arn| vec![arn.to_owned()]);
    let pages = aws
        .pages(
            |marker| {
                aws.iam()
                    .simulate_principal_policy()
                    .policy_source_arn(caller)
                    .set_action_names(Some(actions.clone()))
                    .set_resource_arns(resources.clone())
                    .set_context_entries(Some(context.clone()))
                    .set_marker(marker)
                    .send()
            },
            |page| page.marker(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.evaluation_results.unwrap_or_default()).collect())
}

/// What is known of the calls that will be made. Source: IAM user guide, global condition keys.
fn context(aws: &Aws) -> Vec<ContextEntry> {
    let entry = |name: &str, kind: ContextKeyTypeEnum, value: &str| {
        ContextEntry::builder()
            .context_key_name(name)
            .context_key_type(kind)
            .context_key_values(value)
            .build()
    };
    vec![
        entry("aws:RequestedRegion", ContextKeyTypeEnum::String, aws.region()),
        entry("aws:SecureTransport", ContextKeyTypeEnum::Boolean, "true"),
        entry("aws:ViaAWSService", ContextKeyTypeEnum::Boolean, "false"),
    ]
}

/// The ARN that an operation is about: the object's own, or the one that its name will give it.
/// Source: Service Authorization Reference, resource types.
fn arn(aws: &Aws, account: &Account, operation: &PlannedOperation) -> Option<String> {
    if let Some(arn) = text(&operation.before, "arn") {
        return Some(arn.to_owned());
    }
    let handler = handler(&operation.type_name)?;
    let name = text(&operation.after, handler.calls().named_by?)?;
    let (partition, region, id) = (&account.partition, aws.region(), &account.id);
    let regional = |service: &str, kind: &str| {
        Some(format!("arn:{partition}:{service}:{region}:{id}:{kind}{name}"))
    };
    match operation.type_name.as_str() {
        "aws_s3_bucket" => Some(format!("arn:{partition}:s3:::{name}")),
        "aws_iam_role" | "aws_iam_user" | "aws_iam_group" | "aws_iam_policy" => {
            let kind = operation.type_name.trim_start_matches("aws_iam_");
            let path = text(&operation.after, "path").unwrap_or("/");
            Some(format!("arn:{partition}:iam::{id}:{kind}{path}{name}"))
        }
        "aws_cloudwatch_log_group" => regional("logs", "log-group:"),
        "aws_db_instance" => regional("rds", "db:"),
        "aws_dynamodb_table" => regional("dynamodb", "table/"),
        "aws_ecr_repository" => regional("ecr", "repository/"),
        "aws_eks_cluster" => regional("eks", "cluster/"),
        "aws_lambda_function" => regional("lambda", "function:"),
        "aws_rds_cluster" => regional("rds", "cluster:"),
        "aws_sns_topic" => regional("sns", ""),
        "aws_sqs_queue" => regional("sqs", ""),
        "aws_ssm_parameter" => {
            let name = name.trim_start_matches('/');
            Some(format!("arn:{partition}:ssm:{region}:{id}:parameter/{name}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_needs_the_actions_of_its_own_verb() {
        let calls = handler("aws_s3_bucket").expect("known").calls();
        let of = |action| actions(calls, action);
        let create = of(PlannedAction::Create);
        assert!(create.contains(&("s3:CreateBucket", true)), "{create:?}");
        assert!(create.contains(&("s3:PutBucketTagging", false)), "{create:?}");
        assert!(!create.iter().any(|(name, _)| name.contains("Delete")), "{create:?}");
        let delete = of(PlannedAction::Delete);
        assert!(delete.contains(&("s3:DeleteBucket", true)), "{delete:?}");
        assert!(!delete.iter().any(|(name, _)| name.contains("Create")), "{delete:?}");
        assert!(!delete.iter().any(|(name, _)| name.starts_with("s3:Get")), "{delete:?}");
        let update = of(PlannedAction::Update);
        assert!(!update.iter().any(|(_, certain)| *certain), "{update:?}");
        let replace = of(PlannedAction::Replace { create_first: false });
        assert_eq!(replace.iter().filter(|(_, certain)| *certain).count(), 2, "{replace:?}");
    }
}
