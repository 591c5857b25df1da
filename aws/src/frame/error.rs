//! Errors of calls: from whatever the SDK says to a [`Failure`] with a class and all facts.
//!
//! One function classifies, here and nowhere else.

use std::error::Error as StdError;
use std::time::{Duration, SystemTime};

use aws_config::imds::client::error::ImdsError;
use aws_config::meta::ProviderChainError;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use infra_sdk::DecodeError;
use infra_sdk::provider::{Effect, Failure, FailureClass};

use super::hints::hint_for;

/// How far the clocks of AWS and of this machine may be apart. Source: AWS general reference,
/// Signature Version 4: requests are good for five minutes, of S3 for fifteen.
const CLOCKS_APART: Duration = Duration::from_secs(4 * 60);

/// What is said where nothing has credentials: whatever the SDK asks.
const NO_CREDENTIALS: &str = "no credentials were found in the environment, a profile, a web \
                              identity, a container or the instance";

/// Result of a call or a handler method.
pub type Result<T> = std::result::Result<T, Failure>;

/// The operation of an SDK error type, behind the prefix of its service: `ec2:CreateVpc`. The IAM
/// action that allows it may be called otherwise.
///
/// The SDK's errors do not say which operation they are of, but each operation has a type of its
/// own, `aws_sdk_ec2::operation::create_vpc::CreateVpcError`.
#[must_use]
pub fn operation_of<E>() -> String {
    let path = std::any::type_name::<E>();
    let service = path.split("::").next().unwrap_or_default().trim_start_matches("aws_sdk_");
    let service = match service {
        "applicationautoscaling" => "application-autoscaling",
        "cloudwatchlogs" => "logs",
        "elasticloadbalancingv2" => "elasticloadbalancing",
        other => other,
    };
    let operation = path.rsplit("::").next().unwrap_or_default().trim_end_matches("Error");
    format!("{service}:{operation}")
}

/// The failure behind an SDK error.
pub fn failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let code = error.code().map(str::to_owned);
    let status = error.raw_response().map(|response| response.status().as_u16());
    let class = match error {
        SdkError::ServiceError(_) if is_about_rights(code.as_deref(), &message(error)) => {
            FailureClass::Denied
        }
        SdkError::ServiceError(_) => classify(code.as_deref().unwrap_or_default(), status),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => FailureClass::Network,
        SdkError::DispatchFailure(dispatch) if is_credentials(dispatch) => {
            FailureClass::Credentials
        }
        SdkError::DispatchFailure(_) => FailureClass::Network,
        _ => FailureClass::Invalid,
    };
    let effect = match error {
        SdkError::ServiceError(_) if status.is_some_and(|status| status < 500) => Effect::None,
        // A 5xx with a throttling code is a refusal; any other may come after the work was done.
        SdkError::ServiceError(_) if class == FailureClass::Throttled => Effect::None,
        SdkError::ConstructionFailure(_) => Effect::None,
        SdkError::DispatchFailure(_) if class == FailureClass::Credentials => Effect::None,
        SdkError::DispatchFailure(dispatch)
            if dispatch.as_connector_error().is_some_and(|e| never_sent(e)) =>
        {
            Effect::None
        }
        _ => Effect::Unknown,
    };
    let message = absent(error).unwrap_or_else(|| message(error));
    let operation = operation_of::<E>();
    let known = || hint_for(&operation, code.as_deref()?, &message);
    let usual = || usual(class, status.is_some()).map(str::to_owned);
    let hint = clock(class, error).or_else(known).or_else(usual);
    Failure {
        effect,
        status,
        request_id: error.request_id().map(str::to_owned),
        hints: hint.into_iter().collect(),
        code,
        operation: Some(operation),
        ..Failure::new(class, message)
    }
}

fn message<E: ProvideErrorMetadata + StdError + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> String {
    ProvideErrorMetadata::message(error).map_or_else(|| with_causes(error), str::to_owned)
}

/// What an error says, and what all that led to it says.
fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// What to say where nothing has credentials; `None` where something has and fails, which says why.
fn absent<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let SdkError::DispatchFailure(dispatch) = error else { return None };
    let mut source = dispatch.as_connector_error().and_then(StdError::source);
    while let Some(cause) = source {
        // Only the profile has more to say than that it is not there.
        if let Some(chain) = cause.downcast_ref::<ProviderChainError<CredentialsError>>() {
            let profile = chain.attempts().iter().find(|attempt| attempt.name() == "Profile");
            let why = profile.and_then(|attempt| attempt.error().source()).map(with_causes);
            return Some(match why {
                Some(why) => format!("{NO_CREDENTIALS}; {why}"),
                None => NO_CREDENTIALS.to_owned(),
            });
        }
        // The instance is asked last, where nothing else has any.
        if let Some(instance) = cause.downcast_ref::<ImdsError>() {
            let why = with_causes(instance);
            let why = why.trim_end_matches('.');
            return Some(format!("{NO_CREDENTIALS}; the instance's metadata service: {why}"));
        }
        source = cause.source();
    }
    None
}

/// Whether an error of the connection means that no byte of the request left.
fn never_sent(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        let text = error.to_string();
        if text.contains("dns error") || text.contains("tcp connect error") {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_credentials(error: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    error.as_connector_error().is_some_and(|error| {
        let mut cause: Option<&dyn StdError> = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            if text.contains("credential") || text.contains("identity") {
                return true;
            }
            cause = error.source();
        }
        false
    })
}

/// What a service's code means. Codes: each service's API reference, common errors.
#[must_use]
pub fn classify(code: &str, status: Option<u16>) -> FailureClass {
    use FailureClass as Class;
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "TransactionInProgressException"
        | "ProvisionedThroughputExceededException" => Class::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "RequestInTheFuture"
        | "InvalidSignatureException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId"
        | "RequestTimeTooSkewed"
        | "InvalidToken" => Class::Credentials,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "Forbidden" => {
            Class::Denied
        }
        "DependencyViolation"
        | "DeleteConflict"
        | "ResourceInUse"
        | "ResourceInUseException"
        | "BucketNotEmpty"
        | "InvalidIPAddress.InUse"
        | "WAFAssociatedItemException" => Class::DependsOn,
        "OperationAborted"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "IncorrectState"
        | "IncorrectInstanceState"
        | "OperationAbortedException"
        | "LimitExceededException.Concurrent"
        | "WAFOptimisticLockException" => Class::Busy,
        _ if code.ends_with("LimitExceeded") || code.ends_with("LimitExceededException") => {
            Class::Quota
        }
        "LimitExceeded"
        | "QuotaExceeded"
        | "ServiceQuotaExceededException"
        | "InsufficientInstanceCapacity"
        | "TooManyBuckets"
        | "WAFLimitsExceededException" => Class::Quota,
        _ if is_not_found(code) => Class::Gone,
        _ if code.contains("AlreadyExists")
            || code.ends_with(".Duplicate")
            || code == "BucketAlreadyOwnedByYou"
            || code == "InvalidPermission.Duplicate"
            || code == "ResourceExistsException"
            || code == "WAFDuplicateItemException" =>
        {
            Class::Exists
        }
        _ if matches!(status, Some(500 | 502 | 503 | 504)) => Class::Network,
        "" => Class::Other,
        _ => Class::Invalid,
    }
}

fn is_not_found(code: &str) -> bool {
    code.ends_with("NotFound")
        || code.ends_with("NotFoundException")
        || code.ends_with("NotFoundFault")
        || code.starts_with("NoSuch")
        || code.ends_with("NotFoundError")
        || code == "NotFound"
        || code == "QueueDoesNotExist"
        || code == "AWS.SimpleQueueService.NonExistentQueue"
        || code == "WAFNonexistentItemException"
        // Systems Manager, of tags of what is not there.
        || code == "InvalidResourceId"
}

/// Whether a code that two things have in EC2 is not about who calls but about what may be done: one
/// such call says nothing about the next. Source: EC2 API reference, client error codes.
fn is_about_rights(code: Option<&str>, message: &str) -> bool {
    code == Some("AuthFailure") && !message.contains("credentials")
}

/// What to do where the cause is a clock: every service has a code of its own for that, and some
/// only say that the signature is wrong. The time of the answer tells.
fn clock<E>(class: FailureClass, error: &SdkError<E, HttpResponse>) -> Option<String> {
    if class != FailureClass::Credentials {
        return None;
    }
    let told = error.raw_response()?.headers().get("date")?;
    let theirs = DateTime::from_str(told, Format::HttpDate).ok()?;
    off(SystemTime::now(), SystemTime::try_from(theirs).ok()?)
}

fn off(ours: SystemTime, theirs: SystemTime) -> Option<String> {
    let (apart, how) = match theirs.duration_since(ours) {
        Ok(apart) => (apart, "slow"),
        Err(error) => (error.duration(), "fast"),
    };
    (apart > CLOCKS_APART).then(|| {
        format!(
            "set the clock of this machine: it is {} min {how}, and AWS refuses requests whose \
             time is off",
            apart.as_secs().div_ceil(60)
        )
    })
}

/// What to do about a class of errors, where nothing is known of the very error. Credentials that
/// AWS has answered to are there: they are no longer good.
fn usual(class: FailureClass, is_answered: bool) -> Option<&'static str> {
    match class {
        FailureClass::Credentials if is_answered => {
            Some("sign in again, for example with `aws sso login`, and repeat the command")
        }
        FailureClass::Credentials => Some(
            "sign in, for example with `aws sso login`, or name a profile in AWS_PROFILE: \
             `aws configure list-profiles` lists them",
        ),
        FailureClass::Denied => Some("ask for the permission named above, or use another role"),
        FailureClass::Quota => Some("ask for a higher quota in the Service Quotas console"),
        FailureClass::Exists => {
            Some("choose another name, or take the object over with the option `import_id`")
        }
        _ => None,
    }
}

/// A field of an answer that AWS documents as always there and that is not.
pub fn missing(field: &str) -> Failure {
    Failure::new(FailureClass::Other, format!("the answer has no `{field}`"))
}

/// Reads a text of an answer as what AWS documents it to be.
///
/// # Errors
/// When it is absent or something else.
pub fn parsed<T: std::str::FromStr>(text: Option<&str>, field: &str) -> Result<T> {
    let text = text.ok_or_else(|| missing(field))?;
    text.parse().map_err(|_| {
        Failure::new(FailureClass::Other, format!("the answer has `{text}` as `{field}`"))
    })
}

/// A part of a request that lacks what AWS requires in it.
#[must_use]
pub fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> Failure {
    Failure::new(FailureClass::Invalid, error.to_string())
}

/// A value that does not fit the type's definition.
#[must_use]
pub fn decode(error: &DecodeError) -> Failure {
    Failure::new(FailureClass::Invalid, error.to_string())
}

#[cfg(test)]
mod tests {
    use aws_config::imds::client::Client as ImdsClient;
    use aws_config::imds::credentials::ImdsCredentialsProvider;
    use aws_config::meta::credentials::CredentialsProviderChain;
    use aws_credential_types::credential_fn::provide_credentials_fn;
    use aws_credential_types::provider::ProvideCredentials;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;
    use crate::frame::test_server::{Answer, TestServer};

    /// What a call fails with where credentials come from nowhere else.
    async fn without_credentials(provider: impl ProvideCredentials + 'static) -> Failure {
        let chain = CredentialsProviderChain::first_try("Profile", provider);
        let error = chain.provide_credentials().await.expect_err("there are none");
        let error = ConnectorError::other(error.into(), None);
        failure::<GetCallerIdentityError>(&SdkError::dispatch_failure(error))
    }

    #[tokio::test]
    async fn credentials_that_are_nowhere_are_told_as_that() {
        let failure = without_credentials(provide_credentials_fn(|| async {
            Err(CredentialsError::not_loaded("profile `nope` was not defined"))
        }))
        .await;
        assert_eq!(failure.class, FailureClass::Credentials);
        assert_eq!(failure.message, format!("{NO_CREDENTIALS}; profile `nope` was not defined"));
        let hint = failure.hints.concat();
        assert!(hint.starts_with("sign in, for example with `aws sso login`, or"), "{hint}");

        let failure = without_credentials(provide_credentials_fn(|| async {
            Err(CredentialsError::provider_error("the SSO token has expired"))
        }))
        .await;
        assert_eq!(failure.class, FailureClass::Credentials);
        assert!(failure.message.ends_with(": the SSO token has expired"), "{}", failure.message);
    }

    #[tokio::test]
    async fn an_instance_that_gives_no_credentials_is_told_last() {
        let server = TestServer::new(|_, _| Answer::new(403, ""));
        let client = ImdsClient::builder().endpoint(format!("http://{}", server.address()));
        let client = client.expect("a URL").build();
        let provider = ImdsCredentialsProvider::builder().imds_client(client).build();
        let failure = without_credentials(provider).await;
        assert_eq!(failure.class, FailureClass::Credentials);
        let why = format!("{NO_CREDENTIALS}; the instance's metadata service: ");
        assert!(failure.message.starts_with(&why), "{}", failure.message);
        assert!(!failure.message.ends_with('.'), "{}", failure.message);
    }

    #[test]
    fn operations_have_the_prefix_of_their_service() {
        assert_eq!(
            operation_of::<aws_sdk_ec2::operation::create_vpc::CreateVpcError>(),
            "ec2:CreateVpc"
        );
        assert_eq!(
            operation_of::<aws_sdk_cloudwatchlogs::operation::create_log_group::CreateLogGroupError>(
            ),
            "logs:CreateLogGroup"
        );
    }

    #[tokio::test]
    async fn a_wrong_clock_is_told_by_how_much() {
        let refusal =
            "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}";
        for (minutes, expected) in [(14, "it is 14 min slow"), (0, "sign in again")] {
            let server = TestServer::new(move |_, _| {
                let now = SystemTime::now() + Duration::from_secs(60 * minutes);
                let date = DateTime::from(now).fmt(Format::HttpDate).expect("a date");
                Answer { headers: vec![("date", date)], ..Answer::new(400, refusal) }
            });
            let aws = server.aws().await;
            let failure = aws
                .call(|| aws.kms().list_aliases().send())
                .await
                .expect_err("the server refuses everything");
            assert_eq!(failure.class, FailureClass::Credentials);
            assert!(failure.hints.concat().contains(expected), "{:?}", failure.hints);
        }
        let now = SystemTime::now();
        assert!(off(now, now - Duration::from_secs(600)).is_some_and(|hint| hint.contains("fast")));
    }

    #[test]
    fn one_object_that_is_not_ours_says_nothing_about_the_credentials() {
        let about_rights = |message| is_about_rights(Some("AuthFailure"), message);
        assert!(about_rights("Not authorized for images: [ami-0]"));
        assert!(!about_rights("AWS was not able to validate the provided access credentials"));
    }

    #[test]
    fn codes_have_classes() {
        let cases = [
            ("InvalidVpcID.NotFound", Some(400), FailureClass::Gone),
            ("NoSuchEntity", Some(404), FailureClass::Gone),
            ("AWS.SimpleQueueService.NonExistentQueue", Some(400), FailureClass::Gone),
            ("RequestLimitExceeded", Some(503), FailureClass::Throttled),
            ("UnauthorizedOperation", Some(403), FailureClass::Denied),
            ("DependencyViolation", Some(400), FailureClass::DependsOn),
            ("VpcLimitExceeded", Some(400), FailureClass::Quota),
            ("InvalidGroup.Duplicate", Some(400), FailureClass::Exists),
            ("EntityAlreadyExists", Some(409), FailureClass::Exists),
            ("EntityTemporarilyUnmodifiable", Some(409), FailureClass::Busy),
            ("ExpiredToken", Some(400), FailureClass::Credentials),
            ("InvalidSignatureException", Some(400), FailureClass::Credentials),
            ("InternalError", Some(500), FailureClass::Network),
            ("WAFAssociatedItemException", Some(400), FailureClass::DependsOn),
            ("WAFDuplicateItemException", Some(400), FailureClass::Exists),
            ("WAFLimitsExceededException", Some(400), FailureClass::Quota),
            ("WAFNonexistentItemException", Some(400), FailureClass::Gone),
            ("InvalidResourceId", Some(400), FailureClass::Gone),
            ("WAFOptimisticLockException", Some(400), FailureClass::Busy),
            ("InvalidParameterValue", Some(400), FailureClass::Invalid),
        ];
        for (code, status, class) in cases {
            assert_eq!(classify(code, status), class, "{code}");
        }
    }

    /// What a call fails with that is answered so. Shapes: each service's API reference.
    async fn answered<T, E, S>(
        (status, headers, body): (u16, Vec<(&'static str, String)>, String),
        send: impl Fn(crate::frame::clients::Aws) -> S + Send + Sync,
    ) -> Failure
    where
        S: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
        T: Send + std::fmt::Debug,
    {
        let server = TestServer::new(move |_, _| Answer {
            headers: headers.clone(),
            ..Answer::new(status, body.clone())
        });
        let aws = server.aws().await;
        aws.call(|| send(aws.clone())).await.expect_err("the server refuses everything")
    }

    #[tokio::test]
    async fn answers_of_ec2_become_failures_with_every_fact_and_a_next_step() {
        let encoded = "You are not authorized to perform this operation. Encoded authorization \
                       failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm";
        let cases = [
            ("VpcLimitExceeded", "The maximum number of VPCs has been reached.", 400, "L-F678F1CE"),
            ("UnauthorizedOperation", encoded, 403, "decode-authorization-message"),
            ("OptInRequired", "You are not subscribed to this service.", 401, "open the service"),
        ];
        for (code, message, status, step) in cases {
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Errors><Error>\
                 <Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>ea966190-f9aa-478e-9ede-example</RequestID></Response>"
            );
            let id = ("x-amzn-requestid", "ea966190-f9aa-478e-9ede-example".to_owned());
            let failure = answered((status, vec![id], body), |aws| async move {
                aws.ec2().create_vpc().cidr_block("10.0.0.0/16").send().await
            })
            .await;
            assert_eq!(failure.operation.as_deref(), Some("ec2:CreateVpc"));
            assert_eq!((failure.code.as_deref(), failure.status), (Some(code), Some(status)));
            assert_eq!(failure.request_id.as_deref(), Some("ea966190-f9aa-478e-9ede-example"));
            assert_eq!(failure.message, message);
            let [hint] = failure.hints.as_slice() else { panic!("{:?}", failure.hints) };
            assert!(hint.contains(step) && !hint.contains("4GIOH"), "{hint}");
        }
    }

    #[tokio::test]
    async fn answers_of_other_protocols_have_hints_of_their_service() {
        let id = ("x-amz-request-id", "4442587FB7D0A2F9".to_owned());
        let body = "<Error><Code>BucketAlreadyExists</Code><Message>The requested bucket name is not \
                    available.</Message><BucketName>shop</BucketName></Error>";
        let failure = answered((409, vec![id], body.to_owned()), |aws| async move {
            aws.s3().create_bucket().bucket("shop").send().await
        })
        .await;
        assert_eq!(failure.request_id.as_deref(), Some("4442587FB7D0A2F9"));
        assert!(failure.hints.concat().contains("somebody else's"), "{:?}", failure.hints);
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot \
                    delete entity, must detach all policies first.</Message></Error><RequestId>r-1\
                    </RequestId></ErrorResponse>";
        let failure = answered((409, Vec::new(), body.to_owned()), |aws| async move {
            aws.iam().delete_role().role_name("shop").send().await
        })
        .await;
        assert!(failure.hints.concat().starts_with("detach"), "{:?}", failure.hints);
        let id = ("x-amzn-requestid", "r-2".to_owned());
        let body = "{\"__type\":\"KMSInvalidStateException\",\"message\":\"arn:aws:kms:k is pending \
                    deletion.\"}";
        let failure = answered((400, vec![id], body.to_owned()), |aws| async move {
            aws.kms()
                .create_grant()
                .key_id("k")
                .grantee_principal("arn:p")
                .operations("Decrypt".into())
                .send()
                .await
        })
        .await;
        assert!(failure.hints.concat().contains("cancel-key-deletion"), "{:?}", failure.hints);
        assert_eq!(failure.request_id.as_deref(), Some("r-2"));
    }
}
