//! KMS as what wraps the data keys of states.
//!
//! The main type is [`KmsWrapper`]. The key of KMS never leaves it; what it wraps is bound to the
//! state by the encryption context, which KMS writes to its log as well. Nothing here prints, and no
//! key that was unwrapped is part of an error.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;

use aws_config::retry::RetryConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use infra_sdk::store::StoreError;
use zeroize::Zeroizing;

use crate::envelope::{KeyContext, KeyWrapper};
use crate::s3::{judge, sdk_config};

/// A key of KMS that wraps data keys.
#[derive(Clone, PartialEq, Eq)]
pub struct KmsWrapper {
    /// Id, alias or ARN of a symmetric key.
    pub key_id: String,
    /// The key's region.
    pub region: String,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
    /// Credentials for an endpoint that is not AWS: access key and secret. `None` uses the SDK's
    /// standard chain.
    pub credentials: Option<(String, String)>,
}

impl fmt::Debug for KmsWrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = self.credentials.as_ref().map(|(key, _)| (key, "(redacted)"));
        f.debug_struct("KmsWrapper")
            .field("key_id", &self.key_id)
            .field("region", &self.region)
            .field("endpoint_url", &self.endpoint_url)
            .field("credentials", &credentials)
            .finish()
    }
}

impl KmsWrapper {
    /// A client. Neither request changes anything, so the SDK may repeat them.
    async fn client(&self) -> Client {
        let Self { region, endpoint_url, credentials, .. } = self;
        let config = sdk_config(region, endpoint_url.as_deref(), credentials.as_ref()).await;
        let retries = RetryConfig::standard().with_max_attempts(5);
        Client::from_conf(Builder::from(&config).retry_config(retries).build())
    }

    async fn encrypt(&self, key: &[u8; 32], context: &KeyContext) -> Result<String, StoreError> {
        let request = self.client().await.encrypt().key_id(&self.key_id);
        let request = request.plaintext(Blob::new(key.as_slice()));
        let sent =
            request.set_encryption_context(Some(encryption_context(context))).send().boxed().await;
        let reply = sent.map_err(|error| self.refuse("wrap", judge(&error).text()))?;
        let wrapped = reply.ciphertext_blob.ok_or_else(|| self.refuse("wrap", no_answer()))?;
        Ok(STANDARD.encode(wrapped.as_ref()))
    }

    async fn decrypt(
        &self,
        wrapped: &str,
        context: &KeyContext,
    ) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let wrapped = STANDARD.decode(wrapped).map_err(|_| StoreError::Damaged {
            what: "the wrapped key of the state".to_owned(),
            reason: "it is not base64".to_owned(),
        })?;
        let request = self.client().await.decrypt().key_id(&self.key_id);
        let request = request.ciphertext_blob(Blob::new(wrapped));
        let sent =
            request.set_encryption_context(Some(encryption_context(context))).send().boxed().await;
        let reply = sent.map_err(|error| self.refuse("unwrap", judge(&error).text()))?;
        let plain = reply.plaintext.ok_or_else(|| self.refuse("unwrap", no_answer()))?;
        let plain = Zeroizing::new(plain.into_inner());
        let mut key = Zeroizing::new([0; 32]);
        if plain.len() != key.len() {
            return Err(self.refuse("unwrap", "it has not 32 bytes".to_owned()));
        }
        key.copy_from_slice(&plain);
        Ok(key)
    }

    fn refuse(&self, verb: &str, reason: String) -> StoreError {
        let action = format!("{verb} the key of the state with the KMS key {}", self.key_id);
        StoreError::Key { action, reason }
    }

    /// Runs a request on a thread and a runtime of its own: whoever waits may be on a thread of
    /// another runtime, which must not be entered twice.
    fn wait<T: Send>(
        &self,
        verb: &str,
        request: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| self.refuse(verb, error.to_string()))?;
            runtime.block_on(request)
        };
        std::thread::scope(|scope| {
            let done = scope.spawn(run).join();
            done.unwrap_or_else(|_| Err(self.refuse(verb, "its thread has stopped".to_owned())))
        })
    }
}

impl KeyWrapper for KmsWrapper {
    fn kind(&self) -> &'static str {
        "kms"
    }

    fn wrap(&self, key: &[u8; 32], context: &KeyContext) -> Result<String, StoreError> {
        self.wait("wrap", self.encrypt(key, context))
    }

    fn unwrap(
        &self,
        wrapped: &str,
        context: &KeyContext,
    ) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        self.wait("unwrap", self.decrypt(wrapped, context))
    }
}

/// Everything that the key is bound to. Source: KMS developer guide, encryption context.
fn encryption_context(context: &KeyContext) -> HashMap<String, String> {
    let KeyContext { lineage, stack } = context;
    HashMap::from([("lineage".to_owned(), lineage.clone()), ("stack".to_owned(), stack.clone())])
}

fn no_answer() -> String {
    "the reply holds no key".to_owned()
}
