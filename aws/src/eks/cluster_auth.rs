//! A token to sign in to a cluster with. A lookup: answered while the program runs, with a value that
//! the program hands on and cannot look into. It is another one each time and valid for a quarter of an
//! hour, so that it is never recorded: what lasts must not be made from it.
//!
//! Nobody is asked: the token is a signed request that the cluster sends to STS to learn who we are.
//! Source: EKS user guide, cluster authentication; README of aws-iam-authenticator, "API authorization
//! from outside a cluster".

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, SecretText, Value};

use super::ClusterName;

/// Asks for a token to sign in to a cluster with.
#[derive(Debug, Clone)]
pub struct FindClusterAuth(ClusterName);

impl FindClusterAuth {
    /// A token for the cluster of this name.
    #[must_use]
    pub fn named(name: ClusterName) -> Self {
        Self(name)
    }
}

impl Lookup for FindClusterAuth {
    type Answer = ClusterAuthFound;

    const NAME: &'static str = "aws_eks_cluster_auth";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("name".to_owned(), Value::from(self.0.as_str()))])
    }
}

/// What to sign in with.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct ClusterAuthFound {
    /// The cluster's name.
    pub name: ClusterName,
    /// The token, valid for a quarter of an hour.
    pub token: SecretText,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::ProvideCredentials as _;
    use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
    use aws_sigv4::http_request::{
        SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
    };
    use aws_sigv4::sign::v4;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    /// What tokens begin with.
    pub(crate) const PREFIX: &str = "k8s-aws-v1.";
    /// The header that ties a token to a cluster.
    const CLUSTER: &str = "x-k8s-aws-id";
    /// As long as the request says that it is valid. The cluster takes it for a quarter of an hour all
    /// the same.
    const EXPIRES: Duration = Duration::from_secs(60);
    /// Characters that stand for themselves in a signed URL. Source: IAM user guide, create a canonical
    /// request.
    const ENCODED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindClusterAuth::NAME,
            doc: "A token to sign in to an EKS cluster with, valid for a quarter of an hour. It is \
                  another one each time, and never recorded.",
            answer: ClusterAuthFound::KIND,
            placeholder: |_| {
                let token = SecretText::new(format!("{PREFIX}placeholder"));
                ClusterAuthFound { name: ClusterName::new("name"), token }.to_value()
            },
        },
        // Nobody is called, and nobody needs leave to say who he is.
        operations: &[],
        actions: &[],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let name = text(arguments, "name").unwrap_or_default();
        let config = aws.config();
        let failed = |class, message: String| Failure::new(class, message);
        let provider = config.credentials_provider().ok_or_else(|| {
            failed(FailureClass::Credentials, "there are no credentials to sign with".to_owned())
        })?;
        let credentials = provider.provide_credentials().await.map_err(|error| {
            failed(FailureClass::Credentials, format!("there are no usable credentials: {error}"))
        })?;
        let asked = Params::builder()
            .region(aws.region())
            .use_global_endpoint(false)
            .use_fips(config.use_fips().unwrap_or(false))
            .use_dual_stack(config.use_dual_stack().unwrap_or(false))
            .set_endpoint(config.endpoint_url().map(str::to_owned))
            .build()
            .map_err(|error| failed(FailureClass::Invalid, error.to_string()))?;
        let sts = DefaultResolver::new().resolve_endpoint(&asked).await.map_err(|error| {
            failed(FailureClass::Invalid, format!("there is no endpoint of STS: {error}"))
        })?;
        let token = token(name, sts.url(), aws.region(), credentials, SystemTime::now())?;
        let found =
            ClusterAuthFound { name: ClusterName::new(name), token: SecretText::new(token) };
        Ok(found.to_value())
    }

    /// A token for a cluster, signed at a time.
    ///
    /// # Errors
    /// When the endpoint is no URL, or the name no value of a header.
    pub(crate) fn token(
        cluster: &str,
        endpoint: &str,
        region: &str,
        credentials: Credentials,
        at: SystemTime,
    ) -> Result<String> {
        let cannot = |error: &dyn std::error::Error| {
            Failure::new(FailureClass::Invalid, format!("the token cannot be signed: {error}"))
        };
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(EXPIRES);
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("sts")
            .time(at)
            .settings(settings)
            .build()
            .map_err(|error| cannot(&error))?
            .into();
        let endpoint = endpoint.trim_end_matches('/');
        let mut url = format!("{endpoint}/?Action=GetCallerIdentity&Version=2011-06-15");
        let headers = std::iter::once((CLUSTER, cluster));
        let request = SignableRequest::new("GET", url.as_str(), headers, SignableBody::Bytes(&[]))
            .map_err(|error| cannot(&error))?;
        let (signed, _) = sign(request, &parameters).map_err(|error| cannot(&error))?.into_parts();
        for (name, value) in signed.params() {
            url.push_str(&format!("&{name}={}", utf8_percent_encode(value, ENCODED)));
        }
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url)))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use infra_sdk::FieldType as _;

    use super::handler::{PREFIX, token};
    use super::*;
    use crate::test_endpoint::look_up;

    fn url(token: &str) -> String {
        let coded = token.strip_prefix(PREFIX).expect("the prefix");
        let url = URL_SAFE_NO_PAD.decode(coded).expect("Base64");
        String::from_utf8(url).expect("text")
    }

    /// What `botocore.signers.RequestSigner("sts", "us-west-2", "sts", "v4", …)` 1.43.106 answers to
    /// `generate_presigned_url({"method": "GET", "url": "https://sts.us-west-2.amazonaws.com/?Action=`
    /// `GetCallerIdentity&Version=2011-06-15", "body": {}, "headers": {"x-k8s-aws-id": "main"}, …},
    /// expires_in=60)` on 2026-01-02 at 03:04:05, which is how the AWS CLI makes tokens: without a
    /// session, and with one.
    #[test]
    fn a_token_is_the_request_that_the_aws_cli_signs() {
        let expected = [
            (
                None,
                "X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fsts%2Faws4_request\
                 &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60\
                 &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
                 &X-Amz-Signature=\
                 60ef43feb34841fa18e5c340a3777c353baac113276fe82c76f06c6bbf0b7a9a",
            ),
            (
                Some("session/token+="),
                "X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fsts%2Faws4_request\
                 &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60\
                 &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
                 &X-Amz-Security-Token=session%2Ftoken%2B%3D\
                 &X-Amz-Signature=\
                 d08be829da63e4b84081284631a82c8578950e1782b457cf93ff2ec31812a061",
            ),
        ];
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        for (session, expected) in expected {
            let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            let session = session.map(str::to_owned);
            let credentials = Credentials::new("AKIDEXAMPLE", key, session, None, "test");
            let endpoint = "https://sts.us-west-2.amazonaws.com";
            let token = token("main", endpoint, "us-west-2", credentials, at).expect("a token");
            let url = url(&token);
            let (head, query) = url.split_once("15&").expect("parameters");
            assert_eq!(head, format!("{endpoint}/?Action=GetCallerIdentity&Version=2011-06-"));
            // The order of parameters is not part of what is signed.
            let set = |query: &str| query.split('&').map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(set(query), set(expected));
        }
    }

    #[tokio::test]
    async fn a_token_is_made_of_the_callers_own_credentials_and_stays_secret() {
        let find = FindClusterAuth::named(ClusterName::new("main"));
        let answer = look_up(&find).await.expect("signed");
        assert!(!format!("{answer:?}").contains(PREFIX), "{answer:?}");
        let found = ClusterAuthFound::from_value(&answer).expect("an answer");
        assert_eq!(found.name, ClusterName::new("main"));
        let Value::Sensitive(token) = found.token.to_value() else { panic!("{answer:?}") };
        let url = url(token.as_str().expect("text"));
        assert!(url.contains("X-Amz-Credential=123456789012%2F"), "{url}");
        assert!(url.contains("%2Fus-west-2%2Fsts%2Faws4_request"), "{url}");
    }
}
