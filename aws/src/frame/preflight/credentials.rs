//! Credentials that end before the run does.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::Diagnostic;
use infra_sdk::preflight::Preflight;
use infra_sdk::provider::{Failure, FailureClass};

use super::run::unchecked;
use crate::frame::provider::AwsProvider;

/// Whether the credentials have ended, or will before the run is likely to.
pub(super) async fn find(provider: &AwsProvider, flight: &Preflight) -> Vec<Diagnostic> {
    let Some(source) = provider.home().config().credentials_provider() else { return Vec::new() };
    let credentials = match source.provide_credentials().await {
        Ok(credentials) => credentials,
        Err(error) => {
            let failure = Failure::new(FailureClass::Credentials, error.to_string());
            return vec![unchecked("how long the credentials last", &failure)];
        }
    };
    let end = end(&credentials, provider.credentials_expire());
    end.and_then(|end| judge(end, SystemTime::now(), flight.expected)).into_iter().collect()
}

/// When the credentials end and are not renewed by themselves. `told`: what the environment says of
/// keys that stand in variables.
fn end(credentials: &Credentials, told: Option<SystemTime>) -> Option<SystemTime> {
    let features = credentials.get_property::<Vec<Feature>>().map(Vec::as_slice);
    let from = |wanted: &[Feature]| {
        features.unwrap_or_default().iter().any(|feature| wanted.contains(feature))
    };
    if from(&[Feature::CredentialsEnvVars]) {
        return credentials.expiry().or(told);
    }
    // These renew themselves for as long as the machine or job that they belong to lives.
    let machine = [
        Feature::CredentialsImds,
        Feature::CredentialsHttp,
        Feature::CredentialsEnvVarsStsWebIdToken,
        Feature::CredentialsProfileStsWebIdToken,
        Feature::CredentialsStsAssumeRoleWebId,
    ];
    if from(&machine) { None } else { credentials.expiry() }
}

fn judge(end: SystemTime, now: SystemTime, expected: Duration) -> Option<Diagnostic> {
    let shown = DateTime::from(end).fmt(Format::DateTime).unwrap_or_default();
    let hint = "sign in again first, for example with `aws sso login`";
    let Ok(left) = end.duration_since(now) else {
        return Some(
            Diagnostic::error("preflight::credentials", "the credentials have expired")
                .detail(format!("they ended at {shown}"))
                .hint(hint),
        );
    };
    let minutes = |time: Duration| time.as_secs().div_ceil(60);
    (left < expected).then(|| {
        let (left, expected) = (minutes(left), minutes(expected));
        let summary = "the credentials may expire before the run ends";
        Diagnostic::warning("preflight::credentials", summary)
            .detail(format!(
                "they end at {shown}, in {left} min, and the run takes about {expected} min; \
                 what is not renewed by then fails, and the next run goes on from there"
            ))
            .hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_end_too_early_are_told() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(judge(now + minutes(30), now, minutes(20)), None);
        let warning = judge(now + minutes(10), now, minutes(20)).expect("told");
        assert!(!warning.is_error(), "{warning:?}");
        assert!(warning.detail.starts_with("they end at 2001-09-09T01:56:40Z, in 10 min, and"));
        assert!(judge(now - minutes(1), now, minutes(1)).expect("told").is_error());
    }

    #[test]
    fn what_renews_itself_has_no_end() {
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(5);
        let from = |feature: Option<Feature>, expiry: Option<SystemTime>| {
            let mut credentials = Credentials::new("a", "b", None, expiry, "test");
            if let Some(feature) = feature {
                credentials.set_property(vec![feature]);
            }
            credentials
        };
        let told = Some(later);
        assert_eq!(end(&from(Some(Feature::CredentialsEnvVars), None), told), told);
        assert_eq!(end(&from(Some(Feature::CredentialsImds), told), None), None);
        assert_eq!(end(&from(Some(Feature::CredentialsSso), told), None), told);
        assert_eq!(end(&from(None, None), told), None, "the variables are of other keys");
    }
}
