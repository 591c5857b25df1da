//! Credentials of the database, the cache and the application.

use std::collections::BTreeMap;

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use super::data::Data;
use crate::components::secret::{self, Secret};

/// Environment variable with the URL of the database.
const DATABASE_URL: &str = "DATABASE_URL";

/// Environment variable with the URL of the cache.
const REDIS_URL: &str = "REDIS_URL";

/// Environment variable with the key that sessions are sealed with.
const SESSION_SECRET: &str = "SESSION_SECRET";

/// The secrets of omniportal, each with the environment variable that it is for.
pub(super) struct Secrets {
    /// Of the database.
    pub(super) database: Secret,
    /// Of the cache.
    pub(super) cache: Secret,
    /// Of the application itself.
    pub(super) application: Secret,
}

impl Secrets {
    /// All of them.
    pub(super) fn all(&self) -> [(&'static str, &Secret); 3] {
        [
            (DATABASE_URL, &self.database),
            (REDIS_URL, &self.cache),
            (SESSION_SECRET, &self.application),
        ]
    }
}

pub(super) fn declare(stack: &mut Stack, key: &KeyHandle, data: &Data) -> Secrets {
    let session = random::Password::new(64).special(false);
    let session = stack.add("session-secret", session).result();
    let environment = stack.env().name().to_owned();
    let mut secret = |name: &str, variable, value| {
        let full = format!("omniportal/{environment}/{name}");
        secret::declare(stack, name, full, key, BTreeMap::from([(variable, value)]))
    };
    Secrets {
        database: secret("database", DATABASE_URL, data.database_url.clone()),
        cache: secret("cache", REDIS_URL, data.cache.url()),
        application: secret("application", SESSION_SECRET, session),
    }
}
