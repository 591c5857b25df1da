//! A version of a database engine. A lookup: answered while the program runs.
//!
//! API: DescribeDBEngineVersions.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

use super::{ClusterEngine, Engine};

/// Asks for a version of an engine: the default one, the latest, or one of those that are preferred.
#[derive(Debug, Clone)]
pub struct EngineVersion {
    engine: &'static str,
    version: Option<String>,
    family: Option<String>,
    preferred: Vec<String>,
    latest: bool,
}

impl EngineVersion {
    /// The version of an engine that AWS has by default.
    #[must_use]
    pub fn of(engine: Engine) -> Self {
        Self::of_word(engine.as_str())
    }

    /// The version of a cluster's engine that AWS has by default.
    #[must_use]
    pub fn of_cluster(engine: ClusterEngine) -> Self {
        Self::of_word(engine.as_str())
    }

    fn of_word(engine: &'static str) -> Self {
        Self { engine, version: None, family: None, preferred: Vec::new(), latest: false }
    }

    /// Of these versions alone: `16` or `16.3`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Of the versions whose parameters are of this family alone: `postgres16`.
    #[must_use]
    pub fn parameter_group_family(mut self, family: impl Into<String>) -> Self {
        self.family = Some(family.into());
        self
    }

    /// The first of these that AWS has.
    #[must_use]
    pub fn preferred_versions(
        mut self,
        versions: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.preferred = versions.into_iter().map(Into::into).collect();
        self
    }

    /// The latest, not the default.
    #[must_use]
    pub fn latest(mut self) -> Self {
        self.latest = true;
        self
    }
}

impl Lookup for EngineVersion {
    type Answer = EngineVersionFound;

    const NAME: &'static str = "aws_rds_engine_version";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        BTreeMap::from([
            ("engine".to_owned(), Value::from(self.engine)),
            ("version".to_owned(), text(&self.version)),
            ("parameter_group_family".to_owned(), text(&self.family)),
            ("preferred_versions".to_owned(), Value::from(self.preferred.clone())),
            ("latest".to_owned(), Value::Bool(self.latest)),
        ])
    }
}

/// The version found.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct EngineVersionFound {
    /// Engine.
    pub engine: String,
    /// Version: `16.3`.
    pub version: String,
    /// Family of its parameters: `postgres16`.
    pub parameter_group_family: String,
    /// Logs that it can export.
    pub exportable_log_types: Vec<String>,
    /// Versions that it can be upgraded to.
    pub valid_upgrade_targets: Vec<String>,
    /// Certificate authorities that it can have.
    pub supported_ca_certificate_identifiers: Vec<String>,
    /// Whether it can have replicas.
    pub supports_read_replica: bool,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_rds::types::DbEngineVersion;
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: EngineVersion::NAME,
            doc: "A version of a database engine: the default, the latest, or a preferred one.",
            answer: EngineVersionFound::KIND,
            placeholder,
        },
        operations: &["rds:DescribeDBEngineVersions"],
        actions: &["rds:DescribeDBEngineVersions"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(_: &str) -> Value {
        EngineVersionFound {
            engine: "postgres".to_owned(),
            version: "16.3".to_owned(),
            parameter_group_family: "postgres16".to_owned(),
            exportable_log_types: vec!["postgresql".to_owned(), "upgrade".to_owned()],
            valid_upgrade_targets: Vec::new(),
            supported_ca_certificate_identifiers: vec!["rds-ca-rsa2048-g1".to_owned()],
            supports_read_replica: true,
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let given = |name: &str| text(arguments, name).map(str::to_owned);
        let latest = arguments.get("latest").and_then(Value::as_bool) == Some(true);
        let preferred = preferred(arguments);
        // What is neither named nor the latest is what AWS has by default.
        let default = !latest && preferred.is_empty();
        let pages = aws
            .pages(
                |marker| {
                    aws.rds()
                        .describe_db_engine_versions()
                        .set_engine(given("engine"))
                        .set_engine_version(given("version"))
                        .set_db_parameter_group_family(given("parameter_group_family"))
                        .set_default_only(default.then_some(true))
                        .set_marker(marker)
                        .send()
                },
                |page| page.marker(),
            )
            .await?;
        let all = pages.into_iter().flat_map(|page| page.db_engine_versions.unwrap_or_default());
        see(choose(all.collect(), &preferred)?).map(|found| found.to_value())
    }

    fn preferred(arguments: &Arguments) -> Vec<String> {
        let list = arguments.get("preferred_versions").and_then(Value::as_list).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The first of those that are preferred, or else the latest.
    fn choose(mut versions: Vec<DbEngineVersion>, preferred: &[String]) -> Result<DbEngineVersion> {
        let none = || Failure::new(FailureClass::Gone, "AWS has no such version of the engine");
        if preferred.is_empty() {
            versions.sort_by_key(|version| parts(version.engine_version().unwrap_or_default()));
            return versions.pop().ok_or_else(none);
        }
        let find = |wanted: &String| {
            versions.iter().find(|version| version.engine_version() == Some(wanted)).cloned()
        };
        preferred.iter().find_map(find).ok_or_else(none)
    }

    /// A version as it is compared: numbers as numbers, words after them.
    fn parts(version: &str) -> Vec<(u64, String)> {
        version
            .split(['.', '-'])
            .map(|part| {
                part.parse().map_or_else(|_| (u64::MAX, part.to_owned()), |n| (n, String::new()))
            })
            .collect()
    }

    fn see(version: DbEngineVersion) -> Result<EngineVersionFound> {
        let targets = version.valid_upgrade_target.unwrap_or_default().into_iter();
        Ok(EngineVersionFound {
            engine: version.engine.ok_or_else(|| missing("Engine"))?,
            version: version.engine_version.ok_or_else(|| missing("EngineVersion"))?,
            parameter_group_family: version
                .db_parameter_group_family
                .ok_or_else(|| missing("DBParameterGroupFamily"))?,
            exportable_log_types: version.exportable_log_types.unwrap_or_default(),
            valid_upgrade_targets: targets.filter_map(|target| target.engine_version).collect(),
            supported_ca_certificate_identifiers: version
                .supported_ca_certificate_identifiers
                .unwrap_or_default(),
            supports_read_replica: version.supports_read_replica.unwrap_or(false),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_latest_is_told_by_numbers_and_preferences_come_first() {
            let version = |text: &str| DbEngineVersion::builder().engine_version(text).build();
            let all = || ["16.9", "16.10", "9.6"].map(version).to_vec();
            let chosen = |preferred: &[&str]| {
                let preferred: Vec<_> = preferred.iter().map(|text| (*text).to_owned()).collect();
                choose(all(), &preferred).ok().and_then(|found| found.engine_version)
            };
            assert_eq!(chosen(&[]).as_deref(), Some("16.10"));
            assert_eq!(chosen(&["17.1", "16.9", "16.10"]).as_deref(), Some("16.9"));
            assert_eq!(chosen(&["17.1"]), None);
        }
    }
}
