//! What listeners and their rules do with requests.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Block, BlockSet, Choice};

use super::TargetGroup;
use crate::any_arn::AnyArn;
use crate::rules::Rules;

/// What is done with a request. At most one action forwards, redirects or answers, and it is the
/// last; authentication stands before it.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Action {
    /// What it does.
    pub r#type: ActionType,
    /// Place among the actions, 1 to 50,000; as they stand by default.
    #[field(computed, range = 1..=50_000)]
    pub order: Option<u32>,
    /// Where it forwards to, where that is one group.
    #[field(computed)]
    pub target_group_arn: Option<Arn<TargetGroup>>,
    /// Where it forwards to, where that is several groups or clients stay with one.
    #[field(computed)]
    pub forward: Option<Forward>,
    /// Where it sends the client.
    pub redirect: Option<Redirect>,
    /// What it answers.
    pub fixed_response: Option<FixedResponse>,
    /// The user pool that the user signs in to. With HTTPS only.
    pub authenticate_cognito: Option<AuthenticateCognito>,
    /// The identity provider that the user signs in to. With HTTPS only.
    pub authenticate_oidc: Option<AuthenticateOidc>,
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ActionType {
    /// Sends the request to targets.
    #[choice("forward")]
    Forward,
    /// Sends the client to another URL.
    #[choice("redirect")]
    Redirect,
    /// Answers.
    #[choice("fixed-response")]
    FixedResponse,
    /// Has the user sign in to a user pool.
    #[choice("authenticate-cognito")]
    AuthenticateCognito,
    /// Has the user sign in to an identity provider.
    #[choice("authenticate-oidc")]
    AuthenticateOidc,
}

/// Groups that share requests.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Forward {
    /// The groups, at most five.
    #[field(required)]
    pub target_group: BlockSet<WeightedGroup>,
    /// Whether a client stays with a group.
    #[field(computed)]
    pub stickiness: Option<GroupStickiness>,
}

/// A group and its share.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct WeightedGroup {
    /// The group.
    pub arn: Arn<TargetGroup>,
    /// Its share, in relation to the others'.
    #[field(default = 1, range = 0..=999)]
    pub weight: u32,
}

/// Whether a client stays with a group.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GroupStickiness {
    /// Seconds that it stays.
    #[field(computed, range = 1..=604_800)]
    pub duration: Option<u32>,
    /// Whether it stays.
    #[field(default = false)]
    pub enabled: bool,
}

/// Where a client is sent. `#{host}`, `#{path}`, `#{port}`, `#{protocol}` and `#{query}` stand for
/// what the request has.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Redirect {
    /// For ever or for now.
    pub status_code: RedirectStatus,
    /// Host.
    #[field(default = String::from("#{host}"))]
    pub host: String,
    /// Path, from its first `/`.
    #[field(default = String::from("/#{path}"))]
    pub path: String,
    /// Port.
    #[field(default = String::from("#{port}"))]
    pub port: String,
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    #[field(default = String::from("#{protocol}"))]
    pub protocol: String,
    /// Query, without its `?`.
    #[field(default = String::from("#{query}"))]
    pub query: String,
}

/// Whether a client is sent away for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RedirectStatus {
    /// For ever.
    #[choice("HTTP_301")]
    MovedPermanently,
    /// For now.
    #[choice("HTTP_302")]
    Found,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FixedResponse {
    /// Type of the text: `text/plain`, `text/css`, `text/html`, `application/javascript`,
    /// `application/json`.
    pub content_type: String,
    /// Status: `2XX`, `4XX` or `5XX` as a number.
    pub status_code: String,
    /// The text, at most 1,024 characters.
    pub message_body: Option<String>,
}

/// What becomes of a request whose user has not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum OnUnauthenticated {
    /// It is refused.
    #[choice("deny")]
    Deny,
    /// It goes on.
    #[choice("allow")]
    Allow,
    /// The user is asked to sign in.
    #[choice("authenticate")]
    Authenticate,
}

/// Sign-in to a user pool of Cognito.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AuthenticateCognito {
    /// The pool.
    pub user_pool_arn: AnyArn,
    /// Its client.
    pub user_pool_client_id: String,
    /// Its domain, or the prefix of one.
    pub user_pool_domain: String,
    /// Parameters for the authorization endpoint, at most ten.
    pub authentication_request_extra_params: BTreeMap<String, String>,
    /// What becomes of a request whose user has not signed in.
    #[field(computed)]
    pub on_unauthenticated_request: Option<OnUnauthenticated>,
    /// What is asked for: `openid` by default.
    #[field(computed)]
    pub scope: Option<String>,
    /// Name of the cookie.
    #[field(computed)]
    pub session_cookie_name: Option<String>,
    /// Seconds that a session lasts, at most 604,800.
    #[field(computed, range = 1..=604_800)]
    pub session_timeout: Option<i64>,
}

/// Sign-in to an identity provider that speaks `OpenID` Connect.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AuthenticateOidc {
    /// The provider: `https://…`.
    pub issuer: String,
    /// Where the user is sent.
    pub authorization_endpoint: String,
    /// Where tokens are fetched.
    pub token_endpoint: String,
    /// Where the user's data is fetched.
    pub user_info_endpoint: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret. AWS never returns it.
    #[field(sensitive)]
    pub client_secret: Option<String>,
    /// Parameters for the authorization endpoint, at most ten.
    pub authentication_request_extra_params: BTreeMap<String, String>,
    /// What becomes of a request whose user has not signed in.
    #[field(computed)]
    pub on_unauthenticated_request: Option<OnUnauthenticated>,
    /// What is asked for: `openid` by default.
    #[field(computed)]
    pub scope: Option<String>,
    /// Name of the cookie.
    #[field(computed)]
    pub session_cookie_name: Option<String>,
    /// Seconds that a session lasts, at most 604,800.
    #[field(computed, range = 1..=604_800)]
    pub session_timeout: Option<i64>,
}

/// The block of each type; to forward takes one of two.
const BLOCKS: &[(&str, &str)] = &[
    ("authenticate-cognito", "authenticate_cognito"),
    ("authenticate-oidc", "authenticate_oidc"),
    ("fixed-response", "fixed_response"),
    ("redirect", "redirect"),
];

/// Rules of the actions of that name. Source: Elastic Load Balancing API Reference, Action.
pub(super) fn actions(rules: &mut Rules<'_>, name: &str) {
    rules.blocks(name, |rules| {
        let Some(kind) = rules.text("type") else { return };
        if kind == ActionType::Forward.as_str() {
            rules.exactly_one(&["target_group_arn", "forward"]);
        } else {
            rules.without(&["target_group_arn", "forward"], &format!("with the type `{kind}`"));
        }
        for (of, block) in BLOCKS {
            if *of == kind {
                rules.required(&[block], &format!("with the type `{kind}`"));
            } else {
                rules.without(&[block], &format!("with the type `{kind}`"));
            }
        }
        rules.blocks("authenticate_oidc", |rules| {
            rules.required(&["client_secret"], "to sign in");
        });
        rules.blocks("fixed_response", |rules| {
            let of_class = |code: &str| {
                code.len() == 3
                    && code.starts_with(['2', '4', '5'])
                    && code.bytes().all(|b| b.is_ascii_digit())
            };
            if rules.text("status_code").is_some_and(|code| !of_class(code)) {
                rules.refuse("status_code", "must be 2XX, 4XX or 5XX as a number");
            }
            if rules.text("message_body").is_some_and(|text| text.chars().count() > 1024) {
                rules.refuse("message_body", "must have at most 1024 characters");
            }
        });
        rules.blocks("redirect", |rules| {
            let parts = ["host", "path", "port", "protocol"];
            let keeps = |part: &&str| {
                rules.text(part).is_none_or(|text| text.contains(&format!("#{{{part}}}")))
            };
            if parts.iter().all(keeps) {
                rules.refuse("host", "leads back to where the request came: change a part");
            }
        });
    });
}
