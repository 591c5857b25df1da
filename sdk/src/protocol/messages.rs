//! The messages. Wire structs only: they become and come from the vocabulary's own types here and
//! nowhere else.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::{CheckRequest, WireFinding, WireRule};
use super::wire::{WireExpr, expr_from_json, expr_to_json};
use crate::checks::Outcome;
use crate::options::{Arguments, Options, Timeouts, Waiver};
use crate::settings::SettingNode;
use crate::stack::{Declaration, Declarations, Forgotten, OutputDeclaration};
use crate::{
    Address, Diagnostic, Environment, External, Location, ReadDeclaration, Reference, Severity,
};

/// Version of the conversation. A program built against another version is refused.
pub const PROTOCOL: u32 = 2;

/// Stands before every message of the program.
pub const MARKER: &str = "@infra ";

/// From `infra` to the program.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToProgram {
    /// Which stack to declare, and with what.
    Hello(Hello),
    /// A plan to hold against the checks. A conversation of its own, with this as its first message.
    Check(CheckRequest),
    /// The answer to a lookup.
    Answer {
        /// Number of the lookup.
        id: u64,
        /// The value, in the wire form of values.
        value: Json,
    },
    /// A lookup that failed.
    Refusal {
        /// Number of the lookup.
        id: u64,
        /// Why.
        diagnostic: WireDiagnostic,
    },
}

/// The first message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the conversation.
    pub protocol: u32,
    /// The stack to declare; `None` asks only for the list of stacks.
    pub stack: Option<String>,
    /// The environment's name.
    pub environment: String,
    /// The environment's region.
    pub region: String,
    /// Whether the environment is protected.
    pub protected: bool,
    /// Settings of this stack with where each came from.
    pub settings: BTreeMap<String, SettingNode>,
}

impl Hello {
    /// The environment as the vocabulary has it.
    #[must_use]
    pub fn to_environment(&self) -> Environment {
        Environment {
            name: self.environment.clone(),
            region: self.region.clone(),
            protected: self.protected,
        }
    }
}

/// From the program to `infra`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromProgram {
    /// The stacks that the program has: the answer to a hello without a stack.
    Stacks {
        /// Version of the conversation that the program speaks.
        protocol: u32,
        /// Their names.
        stacks: Vec<String>,
    },
    /// A question to AWS.
    Lookup {
        /// Number of the lookup, counted by the program.
        id: u64,
        /// Terraform's name of the data source.
        name: String,
        /// Arguments, in the wire form of values.
        arguments: BTreeMap<String, Json>,
        /// Region, where it is not the environment's.
        region: Option<String>,
        /// The line that asks.
        location: WireLocation,
    },
    /// The finished stack, or what is wrong with it. The last message.
    Desired(WireDesired),
    /// What the checks found in a plan. The last message.
    Findings {
        /// Version of the conversation that the program speaks.
        protocol: u32,
        /// The rules that looked.
        rules: Vec<WireRule>,
        /// The codes of all rules of the program, those for other stacks too.
        codes: Vec<String>,
        /// What they found.
        findings: Vec<WireFinding>,
        /// What is wrong with the rules themselves.
        diagnostics: Vec<WireDiagnostic>,
    },
}

impl FromProgram {
    /// The last message, from what was declared.
    #[must_use]
    pub fn desired(declared: &Declarations) -> Self {
        Self::Desired(WireDesired::from(declared))
    }

    /// The last message of a conversation about checks.
    #[must_use]
    pub fn findings(outcome: &Outcome<'_>) -> Self {
        Self::Findings {
            protocol: PROTOCOL,
            rules: outcome.rules.iter().map(|rule| WireRule::from(*rule)).collect(),
            codes: outcome.codes.iter().map(|code| (*code).to_owned()).collect(),
            findings: outcome.findings.iter().map(WireFinding::from).collect(),
            diagnostics: outcome.diagnostics.iter().map(WireDiagnostic::from).collect(),
        }
    }
}

fn waiver_to_wire(waiver: &Waiver) -> (String, String) {
    (waiver.code.clone(), waiver.reason.clone())
}

fn waivers(wire: Vec<(String, String)>) -> Vec<Waiver> {
    wire.into_iter().map(|(code, reason)| Waiver { code, reason }).collect()
}

/// What a program declared, on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WireDesired {
    /// Version of the conversation that the program speaks.
    pub protocol: u32,
    /// Resources in order of declaration.
    pub resources: Vec<WireResource>,
    /// Resources to forget, in order of declaration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forgotten: Vec<WireForgotten>,
    /// Outputs in order of declaration.
    pub outputs: Vec<WireOutput>,
    /// What is read of other stacks, in order of declaration.
    #[serde(default)]
    pub reads: Vec<WireRead>,
    /// Rules that the stack as a whole may break, with the reasons.
    #[serde(default)]
    pub waivers: Vec<(String, String)>,
    /// Whether the program has checks for the stack.
    #[serde(default)]
    pub has_checks: bool,
    /// What was wrong on the way.
    pub diagnostics: Vec<WireDiagnostic>,
}

impl From<&Declarations> for WireDesired {
    fn from(declared: &Declarations) -> Self {
        Self {
            protocol: PROTOCOL,
            resources: declared.resources.iter().map(WireResource::from).collect(),
            forgotten: declared.forgotten.iter().map(WireForgotten::from).collect(),
            outputs: declared.outputs.iter().map(WireOutput::from).collect(),
            reads: declared.reads.iter().map(WireRead::from).collect(),
            waivers: declared.waivers.iter().map(waiver_to_wire).collect(),
            has_checks: declared.has_checks,
            diagnostics: declared.diagnostics.iter().map(WireDiagnostic::from).collect(),
        }
    }
}

impl WireDesired {
    /// What was declared.
    ///
    /// # Errors
    /// With a message for the protocol diagnostic, when a part is not what the protocol says.
    pub fn read(self) -> Result<Declarations, String> {
        let diagnostics = self.diagnostics.into_iter().map(WireDiagnostic::read);
        Ok(Declarations {
            resources: self
                .resources
                .into_iter()
                .map(WireResource::read)
                .collect::<Result<_, _>>()?,
            forgotten: self
                .forgotten
                .into_iter()
                .map(WireForgotten::read)
                .collect::<Result<_, _>>()?,
            outputs: self.outputs.into_iter().map(WireOutput::read).collect::<Result<_, _>>()?,
            reads: self.reads.into_iter().map(WireRead::read).collect(),
            waivers: waivers(self.waivers),
            has_checks: self.has_checks,
            diagnostics: diagnostics.collect::<Result<_, _>>()?,
        })
    }
}

/// A place on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `Location`")]
pub struct WireLocation {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl From<&Location> for WireLocation {
    fn from(location: &Location) -> Self {
        Self { file: location.file.clone(), line: location.line, column: location.column }
    }
}

impl From<WireLocation> for Location {
    fn from(location: WireLocation) -> Self {
        Self { file: location.file, line: location.line, column: location.column }
    }
}

/// A diagnostic on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `Diagnostic`")]
pub struct WireDiagnostic {
    pub warning: bool,
    pub code: String,
    pub summary: String,
    pub detail: String,
    pub address: Option<String>,
    pub location: Option<WireLocation>,
    pub hints: Vec<String>,
}

impl From<&Diagnostic> for WireDiagnostic {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            warning: diagnostic.severity == Severity::Warning,
            code: diagnostic.code.clone(),
            summary: diagnostic.summary.clone(),
            detail: diagnostic.detail.clone(),
            address: diagnostic.address.as_ref().map(ToString::to_string),
            location: diagnostic.location.as_ref().map(WireLocation::from),
            hints: diagnostic.hints.clone(),
        }
    }
}

impl WireDiagnostic {
    /// The diagnostic as the vocabulary has it.
    ///
    /// # Errors
    /// When the address is none.
    pub fn read(self) -> Result<Diagnostic, String> {
        Ok(Diagnostic {
            severity: if self.warning { Severity::Warning } else { Severity::Error },
            code: self.code,
            summary: self.summary,
            detail: self.detail,
            address: self.address.as_deref().map(address).transpose()?,
            location: self.location.map(Location::from),
            hints: self.hints,
        })
    }
}

/// A resource on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `Declaration`")]
pub struct WireResource {
    pub address: String,
    #[serde(rename = "resource_type")]
    pub type_name: String,
    pub inputs: BTreeMap<String, WireExpr>,
    #[serde(default)]
    pub options: WireOptions,
    pub location: Option<WireLocation>,
}

/// Common options on the wire; what is at its default is left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields of `Options`")]
pub struct WireOptions {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_changes: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub create_before_destroy: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replace_triggered_by: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopt_existing: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<(String, String)>,
}

impl From<&Options> for WireOptions {
    fn from(options: &Options) -> Self {
        let seconds = |time: Option<Duration>| time.map(|t| t.as_secs());
        Self {
            depends_on: options.depends_on.iter().map(ToString::to_string).collect(),
            prevent_destroy: options.prevent_destroy,
            ignore_changes: options.ignore_changes.clone(),
            create_before_destroy: options.create_before_destroy,
            replace_triggered_by: options
                .replace_triggered_by
                .iter()
                .map(|r| (r.address.to_string(), r.attribute.clone()))
                .collect(),
            region: options.region.clone(),
            provider: options.provider.clone(),
            create_timeout: seconds(options.timeouts.create),
            update_timeout: seconds(options.timeouts.update),
            delete_timeout: seconds(options.timeouts.delete),
            moved_from: options.moved_from.clone(),
            import_id: options.import_id.clone(),
            adopt_existing: options.adopt_existing,
            waivers: options.waivers.iter().map(waiver_to_wire).collect(),
        }
    }
}

impl WireOptions {
    fn read(self) -> Result<Options, String> {
        let time = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        Ok(Options {
            depends_on: self.depends_on.iter().map(|a| address(a)).collect::<Result<_, _>>()?,
            prevent_destroy: self.prevent_destroy,
            ignore_changes: self.ignore_changes,
            create_before_destroy: self.create_before_destroy,
            replace_triggered_by: self
                .replace_triggered_by
                .into_iter()
                .map(|(at, attribute)| Ok(Reference { address: address(&at)?, attribute }))
                .collect::<Result<_, String>>()?,
            region: self.region,
            provider: self.provider,
            timeouts: Timeouts {
                create: time(self.create_timeout),
                update: time(self.update_timeout),
                delete: time(self.delete_timeout),
            },
            moved_from: self.moved_from,
            import_id: self.import_id,
            adopt_existing: self.adopt_existing,
            waivers: waivers(self.waivers),
        })
    }
}

impl From<&Declaration> for WireResource {
    fn from(declaration: &Declaration) -> Self {
        Self {
            address: declaration.address.to_string(),
            type_name: declaration.type_name.clone(),
            inputs: declaration
                .arguments
                .inputs
                .iter()
                .map(|(name, expr)| (name.clone(), WireExpr(expr.clone())))
                .collect(),
            options: WireOptions::from(&declaration.arguments.options),
            location: declaration.location.as_ref().map(WireLocation::from),
        }
    }
}

impl WireResource {
    fn read(self) -> Result<Declaration, String> {
        Ok(Declaration {
            address: address(&self.address)?,
            type_name: self.type_name,
            arguments: Arguments {
                inputs: self.inputs.into_iter().map(|(name, expr)| (name, expr.0)).collect(),
                options: self.options.read()?,
            },
            location: self.location.map(Location::from),
        })
    }
}

/// A resource to forget, on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `Forgotten`")]
pub struct WireForgotten {
    pub address: String,
    pub location: Option<WireLocation>,
}

impl From<&Forgotten> for WireForgotten {
    fn from(forgotten: &Forgotten) -> Self {
        Self {
            address: forgotten.address.to_string(),
            location: forgotten.location.as_ref().map(WireLocation::from),
        }
    }
}

impl WireForgotten {
    fn read(self) -> Result<Forgotten, String> {
        Ok(Forgotten {
            address: address(&self.address)?,
            location: self.location.map(Location::from),
        })
    }
}

/// An output on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `OutputDeclaration`")]
pub struct WireOutput {
    pub name: String,
    pub value: Json,
    pub location: Option<WireLocation>,
}

impl From<&OutputDeclaration> for WireOutput {
    fn from(output: &OutputDeclaration) -> Self {
        Self {
            name: output.name.clone(),
            value: expr_to_json(&output.expr),
            location: output.location.as_ref().map(WireLocation::from),
        }
    }
}

impl WireOutput {
    fn read(self) -> Result<OutputDeclaration, String> {
        Ok(OutputDeclaration {
            name: self.name,
            expr: expr_from_json(&self.value)?,
            location: self.location.map(Location::from),
        })
    }
}

/// A `read` on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `ReadDeclaration`")]
pub struct WireRead {
    pub stack: String,
    pub output: String,
    pub location: Option<WireLocation>,
}

impl From<&ReadDeclaration> for WireRead {
    fn from(read: &ReadDeclaration) -> Self {
        Self {
            stack: read.external.stack.clone(),
            output: read.external.output.clone(),
            location: read.location.as_ref().map(WireLocation::from),
        }
    }
}

impl WireRead {
    fn read(self) -> ReadDeclaration {
        ReadDeclaration {
            external: External { stack: self.stack, output: self.output },
            location: self.location.map(Location::from),
        }
    }
}

pub(super) fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|error| error.to_string())
}
