//! An environment of `infra.toml`: `[environments.NAME]`.
//!
//! The main type is [`Environment`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use infra_aws::OtherAccount;
use infra_sdk::{Diagnostic, Location};
use toml::de::{DeTable, DeValue};

use crate::config::fields::{Fields, Text};
use crate::config::notify::{Notify, NotifyKeys};
use crate::config::state::{self, StateKey, StateOptions, StatePlace};
use crate::config::{Document, Thresholds};

/// Where stacks are applied, and with what care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environment {
    /// Its name: `staging`.
    pub(crate) name: String,
    /// Its region: `us-west-2`.
    pub(crate) region: String,
    /// The only account that it may be applied to.
    pub(crate) account: Option<String>,
    /// Refuses destruction, and asks before it applies.
    pub(crate) protected: bool,
    /// How many objects a plan may destroy, where there is a limit.
    pub(crate) max_destroy: Option<usize>,
    /// Who answers for AWS.
    pub(crate) endpoint: Endpoint,
    /// Where its states are kept.
    pub(crate) state: StatePlace,
    /// What wraps the keys of its states, where it is not the key file beside them.
    pub(crate) state_key: Option<StateKey>,
    /// What else there is to say about its states.
    pub(crate) state_options: StateOptions,
    /// Tags of everything in it.
    pub(crate) default_tags: BTreeMap<String, String>,
    /// How long a new object may take to be found by a search, where it is not what fits AWS.
    pub(crate) visible_within: Option<Duration>,
    /// How many findings of the checks are let through.
    pub(crate) checks: Thresholds,
    /// Other accounts that its resources may be in, by name.
    pub(crate) accounts: BTreeMap<String, OtherAccount>,
    /// Who is told how a run ended.
    pub(crate) notify: Option<Notify>,
    /// The line of `infra.toml` that begins it.
    pub(crate) location: Location,
}

/// Who answers for AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// AWS, or what the SDK's own configuration names instead.
    Standard,
    /// This URL.
    Url(String),
    /// The emulators of this machine.
    Sandbox,
}

impl From<String> for Endpoint {
    fn from(text: String) -> Self {
        if text == "sandbox" { Self::Sandbox } else { Self::Url(text) }
    }
}

impl Environment {
    /// Reads the table of an environment; what is wrong is added to `problems`.
    pub(crate) fn read(
        name: &str,
        document: &Document,
        table: &DeTable<'_>,
        location: Location,
        notify_of_file: &NotifyKeys,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let before = problems.len();
        let mut fields = Fields::new(document, table, &format!("environments.{name}"), problems);
        let region = fields.text("region");
        let account = fields.text("account");
        let protected = fields.truth("protected").unwrap_or(false);
        let max_destroy = fields.count("max_destroy");
        let endpoint = fields.text("endpoint");
        let state = fields.text("state");
        let state_key = fields.text("state_key");
        let state_options = fields.table("state_options");
        let default_tags = fields.texts("default_tags").unwrap_or_default();
        let visible_within = fields.seconds("visible_within").map(Duration::from_secs);
        let checks = fields.table("checks");
        let accounts = fields.table("accounts");
        let notify = fields.table("notify");
        let region_given = table.keys().any(|key| &**key.get_ref() == "region");
        fields.finish();
        if !region_given {
            problems.push(
                Diagnostic::error("config::missing", "an environment has no region")
                    .detail(format!("`[environments.{name}]` needs `region`"))
                    .location(Some(location.clone()))
                    .hint("add a line such as `region = \"us-west-2\"`"),
            );
        }
        let accounts = accounts.map(|table| read_accounts(name, document, table, problems));
        problems.extend(account.as_ref().and_then(account_problem));
        problems.extend(endpoint.as_ref().and_then(endpoint_problem));
        let state_options = state_options.map(|table| {
            let path = format!("environments.{name}.state_options");
            StateOptions::read(Fields::new(document, table, &path, problems))
        });
        let checks = checks.map(|table| {
            let path = format!("environments.{name}.checks");
            Thresholds::read(Fields::new(document, table, &path, problems))
        });
        let notify = read_notify(name, document, notify, &location, notify_of_file, problems);
        let state = state::place(state.as_ref(), problems);
        let state_key = state::key(state_key.as_ref(), problems);
        let endpoint =
            endpoint.map_or(Endpoint::Standard, |endpoint| Endpoint::from(endpoint.text));
        if problems.len() > before {
            return None;
        }
        let account = account.map(|account| account.text);
        Some(Self {
            name: name.to_owned(),
            region: region?.text,
            account: match endpoint {
                Endpoint::Sandbox => {
                    Some(account.unwrap_or_else(|| infra_sandbox::gate::ACCOUNT.to_owned()))
                }
                _ => account,
            },
            protected,
            max_destroy,
            endpoint,
            state,
            state_key,
            state_options: state_options.unwrap_or_default(),
            default_tags,
            visible_within,
            checks: checks.unwrap_or_default(),
            accounts: accounts.unwrap_or_default(),
            notify,
            location,
        })
    }
}

/// Reads `[environments.NAME.notify]` over that of the file.
fn read_notify(
    environment: &str,
    document: &Document,
    table: Option<&DeTable<'_>>,
    location: &Location,
    file: &NotifyKeys,
    problems: &mut Vec<Diagnostic>,
) -> Option<Notify> {
    let Some(table) = table else { return NotifyKeys::default().over(file) };
    let path = format!("environments.{environment}.notify");
    let before = problems.len();
    let own = NotifyKeys::read(Fields::new(document, table, &path, problems));
    let notify = own.over(file);
    if notify.is_none() && problems.len() == before {
        problems.push(NotifyKeys::without_webhook(&path, location.clone()));
    }
    notify
}

/// Reads `[environments.NAME.accounts]`: a table for each account.
fn read_accounts(
    environment: &str,
    document: &Document,
    table: &DeTable<'_>,
    problems: &mut Vec<Diagnostic>,
) -> BTreeMap<String, OtherAccount> {
    let mut accounts = BTreeMap::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let path = format!("environments.{environment}.accounts.{name}");
        let location = document.location(key.span());
        let DeValue::Table(table) = value.get_ref() else {
            problems.push(
                Diagnostic::error("config::type", "a value has the wrong type")
                    .detail(format!("`{path}` is a table"))
                    .location(Some(location)),
            );
            continue;
        };
        let mut fields = Fields::new(document, table, &path, problems);
        let role = fields.text("role_arn");
        let external_id = fields.text("external_id").map(|text| text.text);
        let account = fields.text("account");
        let region = fields.text("region").map(|text| text.text);
        fields.finish();
        problems.extend(account.as_ref().and_then(account_problem));
        problems.extend(role.as_ref().and_then(role_problem));
        let Some(role) = role else {
            problems.push(
                Diagnostic::error("config::missing", "an account has no role")
                    .detail(format!("`[{path}]` needs `role_arn`"))
                    .location(Some(location))
                    .hint("name the role that is assumed there"),
            );
            continue;
        };
        let account = account.map(|account| account.text);
        accounts.insert(name, OtherAccount { role_arn: role.text, external_id, account, region });
    }
    accounts
}

fn role_problem(role: &Text) -> Option<Diagnostic> {
    let parts: Vec<_> = role.text.splitn(6, ':').collect();
    let valid = matches!(parts.as_slice(), ["arn", _, "iam", "", account, resource]
        if account.len() == 12 && resource.starts_with("role/"));
    (!valid).then(|| {
        Diagnostic::error("config::role", "a role is not the ARN of an IAM role")
            .detail(format!("`{}`", role.text))
            .location(Some(role.location.clone()))
            .hint("write it as `arn:aws:iam::111122223333:role/NAME`")
    })
}

fn account_problem(account: &Text) -> Option<Diagnostic> {
    let valid = account.text.len() == 12 && account.text.bytes().all(|b| b.is_ascii_digit());
    (!valid).then(|| {
        Diagnostic::error("config::account", "an account is not an AWS account id")
            .detail(format!("`{}` is not twelve digits", account.text))
            .location(Some(account.location.clone()))
            .hint("write the id that `aws sts get-caller-identity` shows, in quotes")
    })
}

/// Whether a text is a URL that the SDK can send requests to.
pub(crate) fn is_endpoint_url(text: &str) -> bool {
    let address = ["http://", "https://"].iter().find_map(|s| text.strip_prefix(s));
    address.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let stands = |c: char| c.is_ascii_alphanumeric() || "-._~:@[]%".contains(c);
        !host.is_empty() && host.chars().all(stands) && !rest.contains(char::is_whitespace)
    })
}

/// Whether what is sent to a URL can be read on the way: it leaves this machine without TLS.
pub(crate) fn is_readable_by_others(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let here = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    !(here || host == "localhost" || host.ends_with(".localhost"))
}

pub(super) fn endpoint_problem(endpoint: &Text) -> Option<Diagnostic> {
    let valid = endpoint.text == "sandbox" || is_endpoint_url(&endpoint.text);
    (!valid).then(|| {
        Diagnostic::error("config::endpoint", "an endpoint is neither a URL nor the sandbox")
            .detail(format!("`{}`", endpoint.text))
            .location(Some(endpoint.location.clone()))
            .hint("write a URL such as `http://localhost:4566`, or `sandbox`")
    })
}
