//! What is done with requests: actions, what they put into requests, what they answer.
//!
//! Terraform has a block for each action, most of them empty: `block {}` is `Action::block()` here,
//! with the word in `type`, because nothing and an empty block mean the same in a plan.

use std::collections::BTreeSet;

use infra_sdk::{Block, BlockSet, Choice, Object, Scope, Value};

use crate::rules::{NameRule, Rules, wrong_length};

/// What is done with a request that matches a rule.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Action {
    /// What is done.
    pub r#type: ActionType,
    /// What is put into the request that goes on. Not when it is blocked.
    pub custom_request_handling: Option<CustomRequestHandling>,
    /// What is answered instead of 403. When it is blocked.
    pub custom_response: Option<CustomResponse>,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ActionType {
    /// The request goes on.
    Allow,
    /// The request is refused.
    Block,
    /// The request is counted, and the next rule looks at it.
    Count,
    /// Whoever sends it has to solve a puzzle.
    Captcha,
    /// The browser has to show that it is one.
    Challenge,
}

impl Action {
    /// Lets the request go on.
    pub fn allow<R: Scope>() -> ActionArguments<R> {
        Self::new(ActionType::Allow)
    }

    /// Refuses the request.
    pub fn block<R: Scope>() -> ActionArguments<R> {
        Self::new(ActionType::Block)
    }

    /// Counts the request; the next rule looks at it.
    pub fn count<R: Scope>() -> ActionArguments<R> {
        Self::new(ActionType::Count)
    }

    /// Has whoever sends the request solve a puzzle.
    pub fn captcha<R: Scope>() -> ActionArguments<R> {
        Self::new(ActionType::Captcha)
    }

    /// Has the browser show that it is one.
    pub fn challenge<R: Scope>() -> ActionArguments<R> {
        Self::new(ActionType::Challenge)
    }
}

/// What is done with requests that no rule allows or blocks.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DefaultAction {
    /// What is done.
    pub r#type: DefaultActionType,
    /// What is put into the request that goes on. When it is allowed.
    pub custom_request_handling: Option<CustomRequestHandling>,
    /// What is answered instead of 403. When it is blocked.
    pub custom_response: Option<CustomResponse>,
}

/// What is done with requests that no rule allows or blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DefaultActionType {
    /// They go on.
    Allow,
    /// They are refused.
    Block,
}

impl DefaultAction {
    /// Lets requests go on.
    pub fn allow<R: Scope>() -> DefaultActionArguments<R> {
        Self::new(DefaultActionType::Allow)
    }

    /// Refuses requests.
    pub fn block<R: Scope>() -> DefaultActionArguments<R> {
        Self::new(DefaultActionType::Block)
    }
}

/// Whether the actions of a group's rules are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum OverrideAction {
    /// They are.
    None,
    /// Requests that match are counted only.
    Count,
}

/// What is put into a request.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CustomRequestHandling {
    /// Headers, each with `x-amzn-waf-` before its name.
    #[field(required)]
    pub insert_header: BlockSet<CustomHttpHeader>,
}

/// A header of a request or an answer.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CustomHttpHeader {
    /// Name, at most 64 characters.
    pub name: String,
    /// Value, at most 255 characters.
    pub value: String,
}

/// What is answered to a request that is refused.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CustomResponse {
    /// Status: 200 to 599.
    #[field(range = 200..=599)]
    pub response_code: i32,
    /// Key of a `custom_response_body` of the web ACL or group.
    pub custom_response_body_key: Option<String>,
    /// Headers.
    pub response_header: BlockSet<CustomHttpHeader>,
}

/// A text that actions may answer with.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CustomResponseBody {
    /// What actions call it.
    pub key: String,
    /// The text, at most 4 kB.
    pub content: String,
    /// What kind of text it is.
    pub content_type: ResponseContentType,
}

/// What kind of text an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ResponseContentType {
    /// Plain text.
    #[choice("TEXT_PLAIN")]
    TextPlain,
    /// HTML.
    #[choice("TEXT_HTML")]
    TextHtml,
    /// JSON.
    #[choice("APPLICATION_JSON")]
    ApplicationJson,
}

/// How long a puzzle that was solved, or a challenge, is good for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ImmunityConfig {
    /// The time.
    pub immunity_time_property: ImmunityTime,
}

/// A time of immunity.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ImmunityTime {
    /// Seconds: 60 to 259,200 for puzzles, at least 300 for challenges.
    #[field(range = 60..=259_200)]
    pub immunity_time: u32,
}

impl ImmunityConfig {
    /// Immunity for that many seconds.
    pub fn seconds<R: Scope>(seconds: u32) -> ImmunityConfigArguments<R> {
        Self::new(ImmunityTime::new::<R>(seconds))
    }
}

const KEY: NameRule = NameRule {
    shortest: 1,
    longest: 128,
    allows: |c| c.is_ascii_alphanumeric() || "-_".contains(c),
    characters: "letters, digits, `-` and `_`",
};

/// An action under that name. Source: WAFV2 API Reference, RuleAction, DefaultAction.
pub(super) fn action(rules: &mut Rules<'_>, name: &str) {
    rules.blocks(name, |rules| {
        let Some(kind) = rules.text("type") else { return };
        let other = if kind == "block" { "custom_request_handling" } else { "custom_response" };
        rules.without(&[other], &format!("with the type `{kind}`"));
        rules.blocks("custom_request_handling", |rules| headers(rules, "insert_header"));
        rules.blocks("custom_response", |rules| {
            rules.follows("custom_response_body_key", &KEY);
            headers(rules, "response_header");
        });
    });
}

fn headers(rules: &mut Rules<'_>, name: &str) {
    rules.blocks(name, |rules| {
        for (argument, shortest, longest) in [("name", 1, 64), ("value", 1, 255)] {
            if let Some(wrong) =
                rules.text(argument).and_then(|text| wrong_length(text, shortest, longest))
            {
                rules.refuse(argument, wrong);
            }
        }
    });
}

/// The immunity of puzzles and challenges. Source: WAFV2 API Reference, ImmunityTimeProperty.
pub(super) fn immunity(rules: &mut Rules<'_>) {
    rules.blocks("challenge_config", |rules| {
        rules.blocks("immunity_time_property", |rules| {
            if rules.number("immunity_time").is_some_and(|seconds| seconds < 300) {
                rules.refuse("immunity_time", "must be at least 300 for challenges");
            }
        });
    });
}

/// The texts that actions may answer with. Source: WAFV2 API Reference, CreateWebACL.
pub(super) fn bodies(rules: &mut Rules<'_>) {
    rules.blocks("custom_response_body", |rules| {
        rules.follows("key", &KEY);
        let length = rules.text("content").map_or(1, str::len);
        if !(1..=4096).contains(&length) {
            rules.refuse("content", format!("must have 1 to 4096 bytes, not {length}"));
        }
    });
}

/// An action must not answer with a text that there is not. `at` says where it stands.
pub(super) fn answers(rules: &mut Rules<'_>, inputs: &Object, at: &str, action: &Object) {
    let Some(key) = body_key(action) else { return };
    if body_keys(inputs).is_some_and(|keys| !keys.contains(key)) {
        let message = format!("names `{key}`, of which there is no `custom_response_body`");
        rules.refuse(&format!("{at}.custom_response.custom_response_body_key"), message);
    }
}

fn body_key(action: &Object) -> Option<&str> {
    action.get("custom_response")?.as_map()?.get("custom_response_body_key")?.as_str()
}

/// The keys of the texts; `None` when one is not known yet.
fn body_keys(inputs: &Object) -> Option<BTreeSet<&str>> {
    match inputs.get("custom_response_body") {
        None | Some(Value::Null) => Some(BTreeSet::new()),
        Some(bodies) => {
            let keys = bodies.as_list()?.iter().map(|body| body.as_map()?.get("key")?.as_str());
            keys.collect()
        }
    }
}
