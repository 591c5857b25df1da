//! What the tasks are given in secret: where the data is, who may call, and what signs tokens.

use std::collections::BTreeMap;

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use super::data::Data;
use super::month::Month;
use super::settings::Settings;
use crate::components::secret::{self, Secret};

/// Environment variable with the URL of the database.
const DATABASE_URL: &str = "DATABASE_URL";

/// Environment variable with the URL of the cache.
const REDIS_URL: &str = "REDIS_URL";

/// Environment variable with the origins that may call.
const CORS_ORIGINS: &str = "CORS_ORIGINS";

/// Environment variable with the key that tokens are signed with.
const JWT_SIGNING_KEY: &str = "JWT_SIGNING_KEY";

/// Environment variable with the key of the month before, which tokens may still be signed with.
const JWT_PREVIOUS_KEY: &str = "JWT_PREVIOUS_KEY";

/// The secrets of faultmaven.
pub(super) struct Secrets {
    /// Where the data is, and who may call.
    pub(super) application: Secret,
    /// What signs tokens.
    pub(super) signing: Secret,
}

impl Secrets {
    /// Environment variables of the service, and from where each is taken.
    pub(super) fn service(&self) -> BTreeMap<String, Output<String, Global>> {
        let of = |secret: &Secret, name: &str| (name.to_owned(), secret.value(name));
        BTreeMap::from([
            of(&self.application, DATABASE_URL),
            of(&self.application, REDIS_URL),
            of(&self.application, CORS_ORIGINS),
            of(&self.signing, JWT_SIGNING_KEY),
            of(&self.signing, JWT_PREVIOUS_KEY),
        ])
    }

    /// Environment variables of the migration.
    pub(super) fn migration(&self) -> BTreeMap<String, Output<String, Global>> {
        BTreeMap::from([(DATABASE_URL.to_owned(), self.application.value(DATABASE_URL))])
    }
}

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    key: &KeyHandle,
    data: &Data,
) -> Result<Secrets> {
    let environment = stack.env().name().to_owned();
    let full = |name: &str| format!("faultmaven/{environment}/{name}");
    let application = BTreeMap::from([
        (DATABASE_URL, data.database_url.clone()),
        (REDIS_URL, data.cache.url()),
        (CORS_ORIGINS, text!(settings.cors_origins.join(","))),
    ]);
    let application = secret::declare(stack, "application", full("application"), key, application);
    let month = Month::parse(&settings.jwt_key_month)?;
    let signing = BTreeMap::from([
        (JWT_SIGNING_KEY, signing_key(stack, month)),
        (JWT_PREVIOUS_KEY, signing_key(stack, month.before())),
    ]);
    let signing = secret::declare(stack, "signing", full("signing"), key, signing);
    Ok(Secrets { application, signing })
}

/// The key of a month. Its address has the month, so that it stays while it is the one before.
fn signing_key(stack: &mut Stack, month: Month) -> Output<String, Global> {
    stack.add(format!("signing-key-{month}"), random::Password::new(64).special(false)).result()
}
