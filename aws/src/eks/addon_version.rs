//! A version of an add-on for a version of Kubernetes. A lookup: answered while the program runs.
//!
//! API: DescribeAddonVersions.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

/// Asks for the version of an add-on that EKS installs by default, or for the latest.
#[derive(Debug, Clone)]
pub struct AddonVersion {
    addon_name: String,
    kubernetes_version: String,
    most_recent: bool,
}

impl AddonVersion {
    /// The default version of an add-on for clusters of a version: `vpc-cni`, `1.33`.
    #[must_use]
    pub fn of(addon_name: impl Into<String>, kubernetes_version: impl Into<String>) -> Self {
        Self {
            addon_name: addon_name.into(),
            kubernetes_version: kubernetes_version.into(),
            most_recent: false,
        }
    }

    /// The latest, not the default.
    #[must_use]
    pub fn most_recent(mut self) -> Self {
        self.most_recent = true;
        self
    }
}

impl Lookup for AddonVersion {
    type Answer = AddonVersionFound;

    const NAME: &'static str = "aws_eks_addon_version";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([
            ("addon_name".to_owned(), Value::from(self.addon_name.clone())),
            ("kubernetes_version".to_owned(), Value::from(self.kubernetes_version.clone())),
            ("most_recent".to_owned(), Value::Bool(self.most_recent)),
        ])
    }
}

/// The version found.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct AddonVersionFound {
    /// Version: `v1.20.0-eksbuild.1`.
    pub version: String,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_eks::types::AddonVersionInfo;
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: AddonVersion::NAME,
            doc: "A version of an add-on of EKS: the default for a version of Kubernetes, or the latest.",
            answer: AddonVersionFound::KIND,
            placeholder: |_| {
                AddonVersionFound { version: "v1.0.0-eksbuild.1".to_owned() }.to_value()
            },
        },
        operations: &["eks:DescribeAddonVersions"],
        actions: &["eks:DescribeAddonVersions"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let given = |name: &str| text(arguments, name).map(str::to_owned);
        let latest = arguments.get("most_recent").and_then(Value::as_bool) == Some(true);
        let pages = aws
            .pages(
                |token| {
                    aws.eks()
                        .describe_addon_versions()
                        .set_addon_name(given("addon_name"))
                        .set_kubernetes_version(given("kubernetes_version"))
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let addons = pages.into_iter().flat_map(|page| page.addons.unwrap_or_default());
        let versions: Vec<_> =
            addons.flat_map(|addon| addon.addon_versions.unwrap_or_default()).collect();
        let version = choose(&versions, latest).ok_or_else(|| {
            let message = "EKS has no version of this add-on for this version of Kubernetes";
            Failure::new(FailureClass::Gone, message)
        })?;
        Ok(AddonVersionFound { version }.to_value())
    }

    /// The latest, or the one that EKS installs by default.
    fn choose(versions: &[AddonVersionInfo], latest: bool) -> Option<String> {
        let name = |version: &AddonVersionInfo| version.addon_version.clone();
        if latest {
            return versions.iter().filter_map(name).max_by_key(|version| numbers(version));
        }
        let default = |version: &&AddonVersionInfo| {
            version.compatibilities().iter().any(|fits| fits.default_version())
        };
        versions.iter().find(default).and_then(name)
    }

    /// The numbers of a version, in their order: those of `v1.20.0-eksbuild.1`.
    fn numbers(version: &str) -> Vec<u64> {
        version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_eks::types::Compatibility;

        use super::*;

        #[test]
        fn the_latest_is_told_by_numbers() {
            let version = |name: &str, default: bool| {
                let fits = Compatibility::builder().default_version(default).build();
                AddonVersionInfo::builder().addon_version(name).compatibilities(fits).build()
            };
            let all = [
                version("v1.9.3-eksbuild.2", true),
                version("v1.10.0-eksbuild.10", false),
                version("v1.10.0-eksbuild.9", false),
            ];
            assert_eq!(choose(&all, true).as_deref(), Some("v1.10.0-eksbuild.10"));
            assert_eq!(choose(&all, false).as_deref(), Some("v1.9.3-eksbuild.2"));
            assert_eq!(choose(&[], true), None);
        }
    }
}
