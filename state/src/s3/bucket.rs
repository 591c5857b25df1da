//! Requests about objects: conditional writes, reads, lists, deletes.
//!
//! The main type is [`Bucket`]. A write whose outcome is unknown is repeated under the same
//! condition; when the condition no longer holds, the object is read first, because it may be the
//! one that was written. Only the service's own not-found code means that there is no object.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ServerSideEncryption};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use futures_util::FutureExt as _;
use infra_sdk::store::StoreError;
use tokio::time::Instant;

use super::location::S3Location;

/// How long a request is repeated while the service has troubles.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The most objects that one request deletes. Source: S3 API reference, DeleteObjects.
const DELETES: usize = 1000;

/// Objects in a bucket.
pub(crate) struct Bucket {
    client: Client,
    name: String,
    /// Who answers, where that is not AWS.
    endpoint: Option<String>,
    kms_key_id: Option<String>,
    /// Whether the store knows conditional writes. Where it does not, a lock elsewhere keeps all
    /// but one writer away, and every write is preceded and followed by a read.
    conditional: bool,
}

/// An object that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    /// Tells this content from every other: the ETag.
    pub(crate) tag: String,
}

/// When an object may be written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Condition<'a> {
    /// Nothing is there.
    New,
    /// What is there has this tag.
    Over(&'a str),
}

/// What became of a conditional write.
#[derive(Debug)]
pub(crate) enum Put {
    /// It is there, with this tag.
    Written(String),
    /// The condition does not hold: something else is there, or nothing.
    Refused(Option<Object>),
}

/// Why a request did not work.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The condition does not hold.
    Refused,
    /// Another write of the same object was in the way.
    Conflict,
    /// There is no such object.
    Gone,
    /// It may have worked or not, or will work when the service is better.
    Unsure(String),
    /// It will not work.
    Final(String),
}

impl Trouble {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Refused => "the condition does not hold".to_owned(),
            Self::Conflict => "another write was in the way".to_owned(),
            Self::Gone => "there is no such object".to_owned(),
            Self::Unsure(reason) | Self::Final(reason) => reason,
        }
    }
}

/// The SDK's configuration for a location. Retries are ours: the SDK's own would take a lost reply
/// to a conditional write for somebody else's write.
pub(crate) async fn configure(location: &S3Location) -> SdkConfig {
    let S3Location { region, endpoint_url, credentials, .. } = location;
    sdk_config(region, endpoint_url.as_deref(), credentials.as_ref()).await
}

/// The SDK's configuration for a service, without retries.
pub(crate) async fn sdk_config(
    region: &str,
    endpoint_url: Option<&str>,
    credentials: Option<&(String, String)>,
) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .read_timeout(Duration::from_secs(30))
        .operation_attempt_timeout(PATIENCE)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(endpoint) = endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some((key, secret)) = credentials {
        loader = loader.credentials_provider(Credentials::new(key, secret, None, None, "infra"));
    }
    loader.load().await
}

/// A client of S3. Bucket names are host names at AWS; an endpoint of one's own has no DNS for them.
pub(crate) fn client(config: &SdkConfig) -> Client {
    let path_style = config.endpoint_url().is_some();
    Client::from_conf(
        aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).build(),
    )
}

impl Bucket {
    pub(crate) fn new(config: &SdkConfig, location: &S3Location) -> Self {
        let (name, kms_key_id) = (location.bucket.clone(), location.kms_key_id.clone());
        let conditional = location.lock_table.is_none();
        let endpoint = location.endpoint_url.clone();
        Self { client: client(config), name, endpoint, kms_key_id, conditional }
    }

    /// Writes an object if the condition holds.
    pub(crate) async fn put(
        &self,
        key: &str,
        body: &[u8],
        condition: Condition<'_>,
        until: Instant,
    ) -> Result<Put, StoreError> {
        let refuse = |reason| self.unavailable("write", key, reason);
        if !self.conditional {
            return self.put_alone(key, body, condition, until).await;
        }
        let mut pause = Pause::until(until);
        loop {
            let trouble = match timed(until, self.try_put(key, body, Some(condition))).await {
                Ok(tag) => return Ok(Put::Written(tag)),
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Refused | Trouble::Conflict | Trouble::Gone => {
                    let there = self.get(key, until).await?;
                    match there {
                        // Ours: the reply to an earlier try was lost.
                        Some(object) if object.bytes == body => {
                            return Ok(Put::Written(object.tag));
                        }
                        there if !condition.holds(there.as_ref()) => {
                            return Ok(Put::Refused(there));
                        }
                        _ => pause.wait("the service says that others write it").await,
                    }
                }
                Trouble::Unsure(reason) => pause.wait(&reason).await,
                Trouble::Final(reason) => Err(reason),
            }
            .map_err(refuse)?;
        }
    }

    /// Writes an object in a store without conditional writes: a writer that wakes up between the
    /// two reads can still overwrite it, and the later read tells.
    async fn put_alone(
        &self,
        key: &str,
        body: &[u8],
        condition: Condition<'_>,
        until: Instant,
    ) -> Result<Put, StoreError> {
        let mut pause = Pause::until(until);
        loop {
            match self.get(key, until).await? {
                Some(object) if object.bytes == body => return Ok(Put::Written(object.tag)),
                there if !condition.holds(there.as_ref()) => return Ok(Put::Refused(there)),
                _ => {}
            }
            match timed(until, self.try_put(key, body, None)).await {
                Ok(_) => match self.get(key, until).await? {
                    Some(object) if object.bytes == body => return Ok(Put::Written(object.tag)),
                    there => return Ok(Put::Refused(there)),
                },
                Err(Trouble::Unsure(reason)) => pause.wait(&reason).await,
                Err(other) => Err(other.text()),
            }
            .map_err(|reason| self.unavailable("write", key, reason))?;
        }
    }

    async fn try_put(
        &self,
        key: &str,
        body: &[u8],
        condition: Option<Condition<'_>>,
    ) -> Result<String, Trouble> {
        let request = self.client.put_object().bucket(&self.name).key(key);
        let request = match condition {
            Some(Condition::New) => request.if_none_match("*"),
            Some(Condition::Over(tag)) => request.if_match(tag),
            None => request,
        };
        let request = match &self.kms_key_id {
            Some(id) => {
                request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(id)
            }
            None => request,
        };
        let sent = request.body(ByteStream::from(body.to_vec())).send().boxed().await;
        let answer = sent.map_err(|error| judge(&error))?;
        answer.e_tag.ok_or_else(|| Trouble::Unsure("the answer has no ETag".to_owned()))
    }

    /// Reads an object; `None` where there is none.
    pub(crate) async fn get(
        &self,
        key: &str,
        until: Instant,
    ) -> Result<Option<Object>, StoreError> {
        let refuse = |reason| self.unavailable("read", key, reason);
        let mut pause = Pause::until(until);
        loop {
            match timed(until, self.try_get(key)).await {
                Ok(object) => return Ok(Some(object)),
                Err(Trouble::Gone) => return Ok(None),
                Err(Trouble::Unsure(reason)) => pause.wait(&reason).await,
                Err(other) => Err(other.text()),
            }
            .map_err(refuse)?;
        }
    }

    async fn try_get(&self, key: &str) -> Result<Object, Trouble> {
        let sent = self.client.get_object().bucket(&self.name).key(key).send().boxed().await;
        let answer = sent.map_err(|error| judge(&error))?;
        let tag = answer.e_tag.ok_or_else(|| Trouble::Unsure("no ETag".to_owned()))?;
        // A connection that is cut within the body is no shorter object.
        let body = answer.body.collect().await;
        let bytes = body.map_err(|error| Trouble::Unsure(chain(&error)))?.to_vec();
        Ok(Object { bytes, tag })
    }

    /// All keys that begin with this prefix.
    pub(crate) async fn list(&self, prefix: &str) -> Result<BTreeSet<String>, StoreError> {
        self.pages(prefix, None).await
    }

    /// The folders directly below this prefix, with the prefix and a slash at the end.
    pub(crate) async fn folders(&self, prefix: &str) -> Result<BTreeSet<String>, StoreError> {
        self.pages(prefix, Some("/")).await
    }

    async fn pages(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let refuse = |reason| self.unavailable("list", prefix, reason);
        let mut found = BTreeSet::new();
        let mut token: Option<String> = None;
        let until = Instant::now() + PATIENCE;
        let mut pause = Pause::until(until);
        loop {
            let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
            let request = request.set_delimiter(delimiter.map(str::to_owned));
            let sent = async {
                let sent = request.set_continuation_token(token.clone()).send().boxed().await;
                sent.map_err(|error| judge(&error))
            };
            let page = match timed(until, sent).await {
                Ok(page) => page,
                Err(Trouble::Unsure(reason)) => {
                    pause.wait(&reason).await.map_err(refuse)?;
                    continue;
                }
                Err(other) => return Err(refuse(other.text())),
            };
            if delimiter.is_some() {
                let folders = page.common_prefixes.unwrap_or_default();
                found.extend(folders.into_iter().filter_map(|folder| folder.prefix));
            } else {
                let objects = page.contents.unwrap_or_default();
                found.extend(objects.into_iter().filter_map(|object| object.key));
            }
            match page.next_continuation_token {
                Some(next) if token.as_ref() == Some(&next) => {
                    return Err(refuse("the service gives the same page again and again".into()));
                }
                Some(next) => token = Some(next),
                None if page.is_truncated == Some(true) => {
                    return Err(refuse("the list is cut, and has no token to go on".into()));
                }
                None => return Ok(found),
            }
        }
    }

    /// Deletes objects. None there is no error.
    pub(crate) async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        for group in keys.chunks(DELETES) {
            let refuse = |reason| self.unavailable("delete", &group[0], reason);
            let objects: Result<Vec<_>, _> =
                group.iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect();
            let delete = objects
                .and_then(|objects| Delete::builder().set_objects(Some(objects)).build())
                .map_err(|error| refuse(error.to_string()))?;
            let mut pause = Pause::until(Instant::now() + PATIENCE);
            loop {
                let request = self.client.delete_objects().bucket(&self.name);
                match request
                    .delete(delete.clone())
                    .send()
                    .boxed()
                    .await
                    .map_err(|error| judge(&error))
                {
                    // The request as a whole works even when no object could be deleted.
                    Ok(answer) => match answer.errors.unwrap_or_default().first() {
                        Some(error) => Err(error.message().unwrap_or_default().to_owned()),
                        None => break,
                    },
                    Err(Trouble::Unsure(reason)) => pause.wait(&reason).await,
                    Err(other) => Err(other.text()),
                }
                .map_err(refuse)?;
            }
        }
        Ok(())
    }

    pub(crate) fn unavailable(&self, verb: &str, key: &str, reason: String) -> StoreError {
        let at = self.endpoint.iter().map(|endpoint| format!(" at {endpoint}")).collect::<String>();
        StoreError::Unavailable { action: format!("{verb} s3://{}/{key}{at}", self.name), reason }
    }
}

impl Condition<'_> {
    fn holds(self, there: Option<&Object>) -> bool {
        match self {
            Self::New => there.is_none(),
            Self::Over(tag) => there.is_some_and(|object| object.tag == tag),
        }
    }
}

/// Waits between tries, longer each time, with some chance in it so that many do not come at once.
pub(crate) struct Pause {
    until: Instant,
    next: Duration,
}

impl Pause {
    pub(crate) fn until(until: Instant) -> Self {
        Self { until, next: Duration::from_millis(50) }
    }

    /// Waits, or says that there is no time left and why the last try did not work.
    pub(crate) async fn wait(&mut self, reason: &str) -> Result<(), String> {
        let mut chance = [0; 1];
        // Without chance the waits are just less spread.
        getrandom::fill(&mut chance).ok();
        let wait = self.next.mul_f64(0.5 + f64::from(chance[0]) / 256.0);
        self.next = (self.next * 2).min(Duration::from_secs(2));
        if Instant::now() + wait >= self.until {
            return Err(reason.to_owned());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// A try that is given up when the time is over.
pub(crate) async fn timed<T>(
    until: Instant,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let done = tokio::time::timeout_at(until, work).await;
    done.unwrap_or_else(|_| Err(Trouble::Unsure("no answer in time".to_owned())))
}

/// What an error of the SDK means for us.
pub(crate) fn judge<E>(error: &SdkError<E, HttpResponse>) -> Trouble
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let SdkError::ServiceError(service) = error else {
        return match error {
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Trouble::Unsure(chain(error)),
            SdkError::DispatchFailure(failure) if failure.is_user() => Trouble::Final(chain(error)),
            SdkError::DispatchFailure(_) => {
                let text = chain(error);
                // Without credentials nothing is sent, now or later.
                if ["credential", "identity"].iter().any(|word| text.contains(word)) {
                    Trouble::Final(text)
                } else {
                    Trouble::Unsure(text)
                }
            }
            _ => Trouble::Final(chain(error)),
        };
    };
    let status = service.raw().status().as_u16();
    let code = error.code().unwrap_or_default();
    let request = error.request_id().unwrap_or("none");
    let message = error.message().unwrap_or("no message");
    let text = format!("{code}: {message} (HTTP status {status}, request {request})");
    match (status, code) {
        (412, _) | (_, "PreconditionFailed" | "ConditionalCheckFailedException") => {
            Trouble::Refused
        }
        (409, "ConditionalRequestConflict" | "OperationAborted") => Trouble::Conflict,
        (404, "NoSuchKey" | "NotFound" | "") => Trouble::Gone,
        (429 | 500.., _)
        | (
            _,
            "RequestTimeout"
            | "SlowDown"
            | "Throttling"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "ProvisionedThroughputExceededException"
            | "TransactionConflictException",
        ) if status != 501 => Trouble::Unsure(text),
        _ => Trouble::Final(text),
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
