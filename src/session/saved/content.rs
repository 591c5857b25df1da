//! What a saved plan holds of one stack. Wire structs only.
//!
//! The main type is [`Content`]. It is only ever written sealed: declarations hold secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_engine::{ChangeImprint, Goal, Imprint, Mode};
use infra_sdk::protocol::messages::WireDesired;
use infra_sdk::provider::Owner;
use infra_sdk::{Address, Externals};
use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::session::cloud::Cloud;

/// What a plan of a stack was made from, and what it does.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    /// The account that it was made in.
    pub(super) account: String,
    /// Who made it there: the ARN of a user or role.
    pub(super) caller: String,
    /// What the environment was.
    pub(super) environment: EnvironmentWire,
    /// How many runs had written the state.
    pub(super) serial: u64,
    mode: ModeWire,
    refresh: bool,
    targets: Vec<String>,
    excludes: Vec<String>,
    replace: Vec<String>,
    /// The resources that may be lost.
    accepted: Vec<String>,
    /// What the stack program declared.
    declared: WireDesired,
    changes: Vec<ChangeWire>,
    outputs: BTreeMap<String, String>,
}

/// What of an environment goes into plans.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentWire {
    /// Its region.
    pub(super) region: String,
    /// Tags of everything in it.
    pub(super) default_tags: BTreeMap<String, String>,
    /// Other accounts that its resources may be in.
    pub(super) accounts: BTreeMap<String, AccountWire>,
}

/// Another account.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountWire {
    role_arn: String,
    external_id: Option<String>,
    account: Option<String>,
    region: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeWire {
    Apply,
    Destroy,
    Refresh,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeWire {
    address: String,
    deposed: Option<String>,
    action: String,
    digest: String,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

impl EnvironmentWire {
    pub(super) fn of(environment: &Environment) -> Self {
        let accounts = environment.accounts.iter().map(|(name, other)| {
            let wire = AccountWire {
                role_arn: other.role_arn.clone(),
                external_id: other.external_id.clone(),
                account: other.account.clone(),
                region: other.region.clone(),
            };
            (name.clone(), wire)
        });
        Self {
            region: environment.region.clone(),
            default_tags: environment.default_tags.clone(),
            accounts: accounts.collect(),
        }
    }
}

impl Content {
    pub(super) fn new(
        cloud: &Cloud,
        environment: &Environment,
        serial: u64,
        (goal, accepted): (&Goal, &[Address]),
        imprint: Imprint,
    ) -> Self {
        let texts = |addresses: &[Address]| addresses.iter().map(ToString::to_string).collect();
        Self {
            account: cloud.account.clone(),
            caller: cloud.caller.clone(),
            environment: EnvironmentWire::of(environment),
            serial,
            mode: match goal.mode {
                Mode::Apply => ModeWire::Apply,
                Mode::Destroy => ModeWire::Destroy,
                Mode::Refresh => ModeWire::Refresh,
            },
            refresh: goal.refresh,
            targets: texts(&goal.targets),
            excludes: texts(&goal.excludes),
            replace: texts(&goal.replace),
            accepted: texts(accepted),
            declared: WireDesired::from(&goal.declarations),
            changes: imprint.changes.into_iter().map(ChangeWire::from).collect(),
            outputs: imprint.outputs,
        }
    }

    /// The resources that may be lost.
    ///
    /// # Errors
    /// With what cannot be read.
    pub(super) fn accepted(&self) -> Result<Vec<Address>, String> {
        addresses(&self.accepted)
    }

    /// What was to be reached, without the values of other stacks, and what the plan was to do.
    ///
    /// # Errors
    /// With what cannot be read.
    pub(super) fn read(self, owner: Arc<Owner>) -> Result<(Goal, Imprint), String> {
        let goal = Goal {
            owner,
            declarations: self.declared.read()?,
            external: Externals::new(),
            mode: match self.mode {
                ModeWire::Apply => Mode::Apply,
                ModeWire::Destroy => Mode::Destroy,
                ModeWire::Refresh => Mode::Refresh,
            },
            refresh: self.refresh,
            targets: addresses(&self.targets)?,
            excludes: addresses(&self.excludes)?,
            replace: addresses(&self.replace)?,
        };
        let changes =
            self.changes.into_iter().map(ChangeWire::read).collect::<Result<_, String>>()?;
        Ok((goal, Imprint { changes, outputs: self.outputs }))
    }
}

impl From<ChangeImprint> for ChangeWire {
    fn from(change: ChangeImprint) -> Self {
        Self {
            address: change.address.to_string(),
            deposed: change.deposed,
            action: change.action,
            digest: change.digest,
            before: change.before,
            after: change.after,
        }
    }
}

impl ChangeWire {
    fn read(self) -> Result<ChangeImprint, String> {
        Ok(ChangeImprint {
            address: address(&self.address)?,
            deposed: self.deposed,
            action: self.action,
            digest: self.digest,
            before: self.before,
            after: self.after,
        })
    }
}

fn addresses(texts: &[String]) -> Result<Vec<Address>, String> {
    texts.iter().map(|text| address(text)).collect()
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|error| error.to_string())
}
