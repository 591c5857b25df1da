//! What a user or role may do: moto, which plays IAM, cannot simulate; ministack can, and knows no
//! user of moto's. So the policies of the one are weighed by the other.
//!
//! From the page of `SimulatePrincipalPolicy` of the API Reference: without a resource `*` is judged;
//! an unknown principal is `NoSuchEntity`. Groups, boundaries and context keys are left out.
//!
//! API: SimulatePrincipalPolicy.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::ServiceError;
use crate::gate::document::Document;
use crate::gate::route::Emulator;
use crate::gate::services::Question;
use crate::gate::upstream::UpstreamError;
use crate::gate::xml::Element;

/// Whose policies: `User` or `Role`, and the name.
struct Principal<'a> {
    kind: &'static str,
    name: &'a str,
}

/// What a question of the gate gives, or the service's refusal.
type Told<T> = Result<Result<T, ServiceError>, UpstreamError>;

/// Plays the call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    if desk.call.operation != "SimulatePrincipalPolicy" {
        return Ok(None);
    }
    let source = desk.text("PolicySourceArn");
    let resource = source.splitn(6, ':').nth(5).unwrap_or_default();
    let name = resource.rsplit('/').next().unwrap_or_default();
    let kind = if resource.starts_with("role/") { "Role" } else { "User" };
    let documents = match documents(desk, &Principal { kind, name }).await? {
        Ok(documents) => documents,
        Err(error) => return Ok(Some(Err(error))),
    };
    let resources = match desk.value("ResourceArns").and_then(Value::as_array) {
        Some(arns) if !arns.is_empty() => arns.clone(),
        _ => vec!["*".into()],
    };
    let mut results = Element::new("EvaluationResults");
    for arn in resources {
        let parameters = json!({
            "ActionNames": desk.value("ActionNames"),
            "PolicyInputList": &documents,
            "ResourceArns": [arn],
        });
        let call = Question::new("iam", "SimulateCustomPolicy", parameters).call(desk.call);
        let answer = desk.core.upstream.forward(Emulator::Ministack, &call).await?;
        let judged = answer.document();
        let judged = judged.as_ref().and_then(|document| document.find("EvaluationResults"));
        judged.into_iter().flat_map(Element::elements).for_each(|one| results.push(one.clone()));
    }
    Ok(Some(Ok(desk.result(results))))
}

/// The policies of a principal, inline and attached.
async fn documents(desk: &Desk<'_>, of: &Principal<'_>) -> Told<Vec<String>> {
    let Principal { kind, name } = of;
    let (inline, one, attached) = match *kind {
        "Role" => ("ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies"),
        _ => ("ListUserPolicies", "GetUserPolicy", "ListAttachedUserPolicies"),
    };
    let mut documents = Vec::new();
    let key = format!("{kind}Name");
    let listed = match desk.ask("iam", inline, json!({ &key: name })).await? {
        Ok(listed) => listed,
        Err(error) => return Ok(Err(error)),
    };
    for policy in listed.list(&format!("{inline}Result/PolicyNames")) {
        let parameters = json!({ &key: name, "PolicyName": policy.text("") });
        documents.extend(document(desk, one, "PolicyDocument", parameters).await?);
    }
    let listed = match desk.ask("iam", attached, json!({ &key: name })).await? {
        Ok(listed) => listed,
        Err(error) => return Ok(Err(error)),
    };
    for policy in listed.list(&format!("{attached}Result/AttachedPolicies")) {
        let arn = policy.text("PolicyArn");
        let version = json!({ "PolicyArn": &arn });
        let version = document(desk, "GetPolicy", "DefaultVersionId", version).await?;
        let parameters = json!({ "PolicyArn": arn, "VersionId": version });
        documents.extend(document(desk, "GetPolicyVersion", "Document", parameters).await?);
    }
    Ok(Ok(documents))
}

/// A text of an answer, which IAM writes as in an address.
async fn document(
    desk: &Desk<'_>,
    operation: &'static str,
    field: &str,
    parameters: Value,
) -> Result<Option<String>, UpstreamError> {
    let answer = desk.ask("iam", operation, parameters).await?;
    let Ok(Document::Xml(answer)) = answer else { return Ok(None) };
    let text = answer.find(field).map(Element::text);
    Ok(text.map(|text| percent_decode_str(&text).decode_utf8_lossy().into_owned()))
}
