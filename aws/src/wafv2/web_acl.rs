//! A web ACL: the rules of a web firewall, and what is done with requests that none is for.
//!
//! Rules are compared by their names and not by their order. What cannot be set here and was set
//! elsewhere (attributes of the application, protection from floods of load balancers, prices) is
//! left as it is by a change.
//!
//! API: CreateWebACL, GetWebACL, ListWebACLs, UpdateWebACL, DeleteWebACL, ListTagsForResource,
//! TagResource, UntagResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags, Value};

use super::action::{action, answers, bodies, immunity};
use super::rule::{rules_of, visibility};
use super::scope::named;
use super::{CustomResponseBody, DefaultAction, ImmunityConfig, Rule, VisibilityConfig, WafScope};
use crate::rules::{Rules, wrong_length};

/// The rules of a web firewall.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_wafv2_web_acl", outputs = WebAclOutputs, validate = validate)]
pub struct WebAcl {
    /// What it is for. One for CloudFront has to be in us-east-1.
    #[field(force_new)]
    pub scope: WafScope,
    /// What is done with requests that no rule allows or blocks.
    pub default_action: DefaultAction,
    /// What its metric is called, and whether requests are kept to look at.
    pub visibility_config: VisibilityConfig,
    /// Name, unique in its scope, at most 128 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, 3 to 256 characters.
    pub description: Option<String>,
    /// The rules.
    pub rule: BlockSet<Rule>,
    /// Texts that its actions answer with.
    pub custom_response_body: BlockSet<CustomResponseBody>,
    /// How long a puzzle that was solved is good for; left out, 300 seconds.
    pub captcha_config: Option<ImmunityConfig>,
    /// How long a challenge is good for; left out, 300 seconds.
    pub challenge_config: Option<ImmunityConfig>,
    /// Domains whose tokens are accepted besides those of what is protected.
    pub token_domains: BTreeSet<String>,
    /// How much of the bodies of requests it gets to see.
    pub association_config: Option<AssociationConfig>,
    /// What its logs and samples do not show.
    pub data_protection_config: Option<DataProtectionConfig>,
    /// Tags.
    pub tags: Tags,
}

/// How much of the bodies of requests a web ACL gets to see.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AssociationConfig {
    /// How much, by what is protected.
    pub request_body: RequestBody,
}

/// How much of the bodies of requests a web ACL gets to see; left out, 16 KB.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RequestBody {
    /// Behind an API Gateway.
    pub api_gateway: Option<BodyLimit>,
    /// Behind App Runner.
    pub app_runner_service: Option<BodyLimit>,
    /// Behind CloudFront.
    pub cloudfront: Option<BodyLimit>,
    /// Behind a user pool of Cognito.
    pub cognito_user_pool: Option<BodyLimit>,
    /// Behind Verified Access.
    pub verified_access_instance: Option<BodyLimit>,
}

/// How much of a body is looked at.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BodyLimit {
    /// The most that is.
    pub default_size_inspection_limit: SizeInspectionLimit,
}

/// The most of a body that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SizeInspectionLimit {
    /// 16 KB.
    #[choice("KB_16")]
    Kb16,
    /// 32 KB.
    #[choice("KB_32")]
    Kb32,
    /// 48 KB.
    #[choice("KB_48")]
    Kb48,
    /// 64 KB.
    #[choice("KB_64")]
    Kb64,
}

/// What logs and samples do not show.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DataProtectionConfig {
    /// The parts, at most 26.
    #[field(required)]
    pub data_protection: BlockSet<DataProtection>,
}

/// A part of requests that logs and samples do not show.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DataProtection {
    /// What they show instead.
    pub action: DataProtectionAction,
    /// The part.
    pub field: ProtectedField,
    /// Show it where a rule says what it matched.
    #[field(default = false)]
    pub exclude_rule_match_details: bool,
    /// Show it where a rate says what it counted.
    #[field(default = false)]
    pub exclude_rate_based_details: bool,
}

/// What is shown instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DataProtectionAction {
    /// `REDACTED`.
    #[choice("SUBSTITUTION")]
    Substitution,
    /// A hash.
    #[choice("HASH")]
    Hash,
}

/// A part of requests that is not shown.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ProtectedField {
    /// Which part.
    pub field_type: ProtectedFieldType,
    /// Names of headers, cookies or arguments; left out, all.
    pub field_keys: BTreeSet<String>,
}

/// A part of requests that is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ProtectedFieldType {
    /// Headers.
    #[choice("SINGLE_HEADER")]
    SingleHeader,
    /// Cookies.
    #[choice("SINGLE_COOKIE")]
    SingleCookie,
    /// Arguments of the query.
    #[choice("SINGLE_QUERY_ARGUMENT")]
    SingleQueryArgument,
    /// The query.
    #[choice("QUERY_STRING")]
    QueryString,
    /// The body.
    #[choice("BODY")]
    Body,
}

infra_sdk::id_types! {
    /// Identifies a web ACL, as Terraform imports it: `id/name/scope`.
    WebAclId("web ACL id", "");
}

/// What AWS assigns to a [`WebAcl`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct WebAclOutputs {
    /// Id, name and scope: `id/name/scope`, which is also what Terraform imports by.
    pub id: WebAclId,
    /// The web ACL's ARN.
    pub arn: Arn<WebAcl>,
    /// Capacity units (WCU) that its rules take.
    pub capacity: i64,
    /// Where applications of one's own fetch tokens, if the web ACL has rules for that.
    pub application_integration_url: Option<String>,
}

/// Source: WAFV2 API Reference, CreateWebACL.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    named(&mut rules);
    action(&mut rules, "default_action");
    bodies(&mut rules);
    immunity(&mut rules);
    visibility(&mut rules);
    rules_of(&mut rules, inputs, false);
    if let Some(action) = inputs.get("default_action").and_then(Value::as_map) {
        answers(&mut rules, inputs, "default_action", action);
    }
    let domain = |domain: &str| wrong_length(domain, 1, 253);
    if let Some(wrong) = rules.texts("token_domains").into_iter().find_map(domain) {
        rules.refuse("token_domains", wrong);
    }
    rules.blocks("data_protection_config", |rules| {
        let count = rules.count("data_protection");
        if count > 26 {
            rules.refuse("data_protection", format!("must be at most 26, not {count}"));
        }
        rules.blocks("data_protection", |rules| {
            rules.blocks("field", |rules| {
                if let Some(whole @ ("QUERY_STRING" | "BODY")) = rules.text("field_type") {
                    rules.without(&["field_keys"], &format!("with `{whole}`"));
                }
            });
        });
    });
    rules.finish()
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use crate::conformance::{Fixture, conforms};
    use crate::wafv2::fixtures;

    conforms!(
        aws_wafv2_web_acl,
        Fixture {
            base: fixtures::web_acl,
            update: Some(fixtures::web_acl_changed),
            replace: Some(fixtures::web_acl_again),
            gaps: &[],
        }
    );
}
