//! The cloud of an environment: credentials, endpoint, account guard.
//!
//! Start reading at [`connect`], the one place that decides which provider a run talks to.

use std::ffi::OsString;
use std::time::SystemTime;

use infra_aws::{AwsProvider, Connection};
use infra_engine::Builtin;
use infra_sdk::provider::{Failure, FailureClass, Provider};
use infra_sdk::{Diagnostic, Location};
use jiff::Timestamp;

use super::failure::call_failure;
use super::sandbox::started_sandbox;
use crate::cli::Context;
use crate::config::{Endpoint, Environment, Project, is_endpoint_url, is_readable_by_others};
use crate::error::Result;

/// The variable by which the SDK finds another endpoint than AWS's.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// The beginning of those for one service each: `AWS_ENDPOINT_URL_S3`.
const ENDPOINTS: &str = "AWS_ENDPOINT_URL_";

/// The variable that names the profile whose credentials the SDK takes.
const PROFILE: &str = "AWS_PROFILE";

/// What runs learn about AWS's limits, in the folder of what is kept about the project.
const LIMITS: &str = "limits.json";

/// A cloud whose account has been checked.
pub(crate) struct Cloud {
    /// What the engine talks to.
    pub(crate) provider: Box<dyn Provider>,
    /// The account that is used.
    pub(crate) account: String,
    /// Who uses it: the ARN of a user or of a role, whatever its session is called.
    pub(crate) caller: String,
}

/// Connects to the cloud of an environment, and refuses every account but its own.
///
/// # Errors
/// When there are no credentials, nobody answers, or the account is another one. Nothing was
/// changed by then.
pub(crate) async fn connect(
    context: &Context,
    project: &Project,
    environment: &Environment,
) -> Result<Cloud> {
    let (endpoint_url, credentials) = match &environment.endpoint {
        Endpoint::Standard => {
            check_variables(std::env::vars_os())?;
            (None, None)
        }
        Endpoint::Url(url) => (Some(url.clone()), None),
        Endpoint::Sandbox => {
            let url = started_sandbox(context, project).await?.endpoint;
            // The emulators take any; real ones must never reach them.
            (Some(url), Some(("sandbox".to_owned(), "sandbox".to_owned())))
        }
    };
    let provider = AwsProvider::connect(Connection {
        region: environment.region.clone(),
        endpoint_url,
        credentials,
        account: environment.account.clone(),
        default_tags: environment.default_tags.clone(),
        visible_within: environment.visible_within,
        credentials_expire: credentials_expire(),
        accounts: environment.accounts.clone(),
        limits: Some(project.own_folder().join(LIMITS)),
    })
    .await;
    if let (Endpoint::Standard, Some(url)) = (&environment.endpoint, provider.endpoint_url()) {
        if is_readable_by_others(url) {
            return Err(readable("the variable AWS_ENDPOINT_URL or the profile", url).into());
        }
        context.terminal.diagnostics([&elsewhere(url)]);
    }
    let account = provider.guard().await.map_err(|failure| {
        let place = environment.location.clone();
        let profile = std::env::var(PROFILE).ok().filter(|profile| !profile.is_empty());
        refused(&environment.endpoint, place, profile.as_deref(), &failure)
    })?;
    Ok(Cloud {
        provider: Box::new(Builtin::new(Box::new(provider))),
        caller: without_session(&account.arn),
        account: account.id,
    })
}

/// Who a caller is: a role is the same in every session.
fn without_session(arn: &str) -> String {
    match arn.split_once(":assumed-role/") {
        Some((account, role)) => {
            let name = role.split('/').next().unwrap_or_default();
            format!("{account}:assumed-role/{name}")
        }
        None => arn.to_owned(),
    }
}

/// A note that it is not AWS that is asked: whoever set the variable long ago may not think of it.
fn elsewhere(url: &str) -> Diagnostic {
    Diagnostic::warning("aws::endpoint", "it is not AWS's own endpoint that is asked")
        .detail(format!(
            "calls go to `{url}`, which the variable {ENDPOINT} or `endpoint_url` of the profile names"
        ))
        .hint("unset it for AWS, or name it as `endpoint` in infra.toml if it is meant")
}

/// What is secret would go through the network in clear.
fn readable(who: &str, url: &str) -> Diagnostic {
    Diagnostic::error("aws::endpoint", "the endpoint is neither here nor reached over TLS")
        .detail(format!("{who} names `{url}`: whatever is sent there can be read on the way"))
        .hint("use `https://`, or name it as `endpoint` in infra.toml if it is meant")
}

/// When credentials of environment variables end, as `aws configure export-credentials` says it; a
/// text that is no time says nothing.
fn credentials_expire() -> Option<SystemTime> {
    let told = std::env::var("AWS_CREDENTIAL_EXPIRATION").ok()?;
    told.parse::<Timestamp>().ok().map(SystemTime::from)
}

/// Refuses variables of the environment that lead the SDK to nowhere: it breaks off where an endpoint
/// is no URL, or goes to AWS itself.
///
/// # Errors
/// With the first variable whose value is none, or to which secrets would travel in clear.
pub(super) fn check_variables(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> std::result::Result<(), Diagnostic> {
    let mut endpoints: Vec<_> = variables
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| name == ENDPOINT || name.starts_with(ENDPOINTS))
        .collect();
    endpoints.sort();
    let open = endpoints.iter().find_map(|(name, value)| {
        let url =
            value.to_str().filter(|url| is_endpoint_url(url) && is_readable_by_others(url))?;
        Some(readable(&format!("the variable {name}"), url))
    });
    if let Some(open) = open {
        return Err(open);
    }
    let wrong = endpoints.into_iter().find_map(|(name, value)| {
        let text = value.to_string_lossy().into_owned();
        (!is_endpoint_url(&text)).then_some((name, text))
    });
    let Some((name, text)) = wrong else { return Ok(()) };
    let what = if text.is_empty() { "is empty".to_owned() } else { format!("is `{text}`") };
    Err(Diagnostic::error("aws::endpoint", "the endpoint of AWS is not a URL")
        .detail(format!("the variable {name} {what}"))
        .hint(format!("unset {name}, or set it to a URL such as `http://localhost:4566`")))
}

fn refused(
    endpoint: &Endpoint,
    place: Location,
    profile: Option<&str>,
    failure: &Failure,
) -> Diagnostic {
    let (code, summary) = match failure.class {
        FailureClass::Credentials => ("aws::credentials", "there are no usable AWS credentials"),
        FailureClass::Network => ("aws::unreachable", "AWS cannot be reached"),
        FailureClass::Denied if failure.operation.is_none() => {
            ("aws::account", "the credentials are of another account")
        }
        _ => ("aws::identity", "AWS does not say who we are"),
    };
    let mut diagnostic = call_failure(code, summary, failure).location(Some(place));
    // Credentials that were sent are there, wherever they come from.
    if let (FailureClass::Credentials, None, Some(profile)) =
        (failure.class, failure.status, profile)
    {
        diagnostic.detail.push_str(&format!("; {PROFILE} is `{profile}`"));
    }
    if !diagnostic.hints.is_empty() {
        return diagnostic;
    }
    let is_answered = failure.status.is_some() || failure.class == FailureClass::Other;
    let hint = match (failure.class, endpoint) {
        // Every error of AWS has a code.
        (_, Endpoint::Url(url)) if is_answered && failure.code.is_none() => {
            format!("check `endpoint` in infra.toml: what answers at `{url}` is not AWS")
        }
        (FailureClass::Network, Endpoint::Url(url)) => {
            format!("check that something listens at `{url}`")
        }
        (FailureClass::Network, _) => "check the network, and the region's name".to_owned(),
        (_, Endpoint::Url(url)) => format!(
            "try `aws sts get-caller-identity --endpoint-url {url}` with the same credentials"
        ),
        _ => "try `aws sts get-caller-identity` with the same credentials".to_owned(),
    };
    diagnostic.hint(hint)
}

/// What is known of resource types without asking a cloud.
pub(crate) async fn definitions(environment: &Environment) -> Box<dyn Provider> {
    let connection = Connection { region: environment.region.clone(), ..Connection::default() };
    Box::new(Builtin::new(Box::new(AwsProvider::connect(connection).await)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Detail and hints of a refusal.
    fn told(endpoint: &Endpoint, profile: Option<&str>, failure: &Failure) -> String {
        let place = Location { file: "infra.toml".to_owned(), line: 3, column: 15 };
        let Diagnostic { detail, hints, .. } = refused(endpoint, place, profile, failure);
        format!("{detail}\n{}", hints.join("\n"))
    }

    #[test]
    fn the_profile_is_named_where_no_credentials_were_sent() {
        let none = Failure::new(FailureClass::Credentials, "no credentials were found");
        let told = |profile: Option<&str>, failure: &Failure| {
            let told = told(&Endpoint::Standard, profile, failure);
            told.lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(told(Some("nope"), &none), "no credentials were found; AWS_PROFILE is `nope`");
        assert_eq!(told(None, &none), "no credentials were found");
        let expired = Failure { status: Some(400), ..none };
        assert_eq!(told(Some("nope"), &expired), "no credentials were found");
    }

    #[test]
    fn an_endpoint_that_answers_and_is_not_aws_is_named() {
        let endpoint = Endpoint::Url("http://localhost:8080".to_owned());
        let failure = |class| Failure::new(class, "no root element");
        for (class, status) in [
            (FailureClass::Other, Some(404)),
            (FailureClass::Other, None),
            (FailureClass::Network, Some(502)),
        ] {
            let told = told(&endpoint, None, &Failure { status, ..failure(class) });
            assert!(told.ends_with("what answers at `http://localhost:8080` is not AWS"), "{told}");
        }
        let silent = told(&endpoint, None, &failure(FailureClass::Network));
        assert!(silent.ends_with("check that something listens at `http://localhost:8080`"));
        let refused = Failure {
            status: Some(400),
            code: Some("InvalidAction".to_owned()),
            ..failure(FailureClass::Invalid)
        };
        let told = told(&endpoint, None, &refused);
        assert!(told.contains("--endpoint-url http://localhost:8080"), "{told}");
    }
}
