//! The messages about checks: a plan on its way to the program, and findings on their way back.
//!
//! The main type is [`CheckRequest`]. Sensitive values are masked when it is made: of them only the
//! mark travels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::messages::{PROTOCOL, WireLocation, address};
use super::wire::{value_from_json, value_to_json};
use crate::checks::{Action, Finding, PlanView, PlannedResource, Rule, Severity};
use crate::{Environment, Location, Object, Reference, Value};

/// A plan to hold against the checks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRequest {
    /// Version of the conversation.
    pub protocol: u32,
    /// The stack.
    pub stack: String,
    /// The environment's name.
    pub environment: String,
    /// The environment's region.
    pub region: String,
    /// Whether the environment is protected.
    pub protected: bool,
    /// Everything that is declared or recorded.
    pub resources: Vec<WirePlanned>,
}

/// A planned resource on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `PlannedResource`")]
pub struct WirePlanned {
    pub address: String,
    pub resource_type: String,
    pub action: Action,
    pub region: String,
    pub location: Option<WireLocation>,
    pub before: Option<BTreeMap<String, Json>>,
    pub after: Option<BTreeMap<String, Json>>,
    #[serde(default)]
    pub inputs: BTreeMap<String, Vec<(String, String)>>,
    #[serde(default)]
    pub documents: BTreeMap<String, Json>,
}

impl From<&PlanView> for CheckRequest {
    fn from(plan: &PlanView) -> Self {
        Self {
            protocol: PROTOCOL,
            stack: plan.stack.clone(),
            environment: plan.environment.name.clone(),
            region: plan.environment.region.clone(),
            protected: plan.environment.protected,
            resources: plan.all.iter().map(WirePlanned::from).collect(),
        }
    }
}

impl CheckRequest {
    /// The plan as rules see it.
    ///
    /// # Errors
    /// When a part is not what the protocol says.
    pub fn read(self) -> Result<PlanView, String> {
        Ok(PlanView {
            stack: self.stack,
            environment: Environment {
                name: self.environment,
                region: self.region,
                protected: self.protected,
            },
            all: self.resources.into_iter().map(WirePlanned::read).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&PlannedResource> for WirePlanned {
    fn from(resource: &PlannedResource) -> Self {
        let attributes = |object: &Object| {
            object.iter().map(|(name, value)| (name.clone(), masked_json(value))).collect()
        };
        let reference = |r: &Reference| (r.address.to_string(), r.attribute.clone());
        Self {
            address: resource.address.to_string(),
            resource_type: resource.type_name.clone(),
            action: resource.action,
            region: resource.region.clone(),
            location: resource.location.as_ref().map(WireLocation::from),
            before: resource.before.as_ref().map(attributes),
            after: resource.after.as_ref().map(attributes),
            inputs: resource
                .inputs
                .iter()
                .map(|(name, to)| (name.clone(), to.iter().map(reference).collect()))
                .collect(),
            documents: attributes(&resource.documents),
        }
    }
}

impl WirePlanned {
    fn read(self) -> Result<PlannedResource, String> {
        let attributes = |wire: BTreeMap<String, Json>| {
            wire.into_iter()
                .map(|(name, json)| Ok((name, value_from_json(&json)?)))
                .collect::<Result<Object, String>>()
        };
        let reference = |(at, attribute): (String, String)| {
            Ok::<_, String>(Reference { address: address(&at)?, attribute })
        };
        Ok(PlannedResource {
            address: address(&self.address)?,
            type_name: self.resource_type,
            action: self.action,
            region: self.region,
            location: self.location.map(Location::from),
            before: self.before.map(attributes).transpose()?,
            after: self.after.map(attributes).transpose()?,
            inputs: self
                .inputs
                .into_iter()
                .map(|(name, to)| {
                    Ok((name, to.into_iter().map(reference).collect::<Result<_, String>>()?))
                })
                .collect::<Result<_, String>>()?,
            documents: attributes(self.documents)?,
        })
    }
}

/// JSON of a value, of whose sensitive parts only the mark is left.
fn masked_json(value: &Value) -> Json {
    value_to_json(&masked(value))
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Sensitive(_) => Value::Null.sensitive(),
        Value::List(items) => Value::List(items.iter().map(masked).collect()),
        Value::Map(entries) => {
            Value::Map(entries.iter().map(|(name, item)| (name.clone(), masked(item))).collect())
        }
        other => other.clone(),
    }
}

/// A rule on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the parts of `Rule` that are data")]
pub struct WireRule {
    pub code: String,
    pub severity: Severity,
    pub title: String,
    #[serde(default)]
    pub sources: Vec<String>,
}

impl From<&Rule> for WireRule {
    fn from(rule: &Rule) -> Self {
        Self {
            code: rule.code().to_owned(),
            severity: rule.severity(),
            title: rule.title().to_owned(),
            sources: rule.written_in().iter().map(|source| (*source).to_owned()).collect(),
        }
    }
}

/// A finding on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `Finding`")]
pub struct WireFinding {
    pub code: String,
    pub severity: Severity,
    pub message: String,
    pub address: Option<String>,
    #[serde(default)]
    pub hints: Vec<String>,
}

impl From<&Finding> for WireFinding {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.clone(),
            severity: finding.severity,
            message: finding.message.clone(),
            address: finding.address.as_ref().map(ToString::to_string),
            hints: finding.hints.clone(),
        }
    }
}

impl WireFinding {
    /// The finding as the vocabulary has it.
    ///
    /// # Errors
    /// When the address is none.
    pub fn read(self) -> Result<Finding, String> {
        Ok(Finding {
            code: self.code,
            severity: self.severity,
            message: self.message,
            address: self.address.as_deref().map(address).transpose()?,
            hints: self.hints,
        })
    }
}
