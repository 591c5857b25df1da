//! When images of the registry of the account are scanned for vulnerabilities. There is one a
//! registry; deleting it means basic scans, of images that repositories ask it for.
//!
//! API: PutRegistryScanningConfiguration, GetRegistryScanningConfiguration.

use infra_sdk::kind::Problem;
use infra_sdk::{Block, BlockSet, Choice, Object, Outputs, Resource};

use super::RegistryId;
use crate::rules::{Rules, wrong_length};

/// When images of the registry are scanned.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_ecr_registry_scanning_configuration",
    outputs = RegistryScanningOutputs,
    validate = validate
)]
pub struct RegistryScanningConfiguration {
    /// What scans.
    pub scan_type: RegistryScanType,
    /// Which images are scanned when; one rule for each frequency.
    pub rule: BlockSet<RegistryScanRule>,
}

/// What scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RegistryScanType {
    /// ECR, for vulnerabilities of operating systems.
    #[choice("BASIC")]
    Basic,
    /// Amazon Inspector, for those of packages too.
    #[choice("ENHANCED")]
    Enhanced,
}

/// Which images are scanned when.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RegistryScanRule {
    /// When.
    pub scan_frequency: RegistryScanFrequency,
    /// Repositories.
    #[field(required)]
    pub repository_filter: BlockSet<RegistryScanFilter>,
}

/// When images are scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RegistryScanFrequency {
    /// Again and again; by Inspector only.
    #[choice("CONTINUOUS_SCAN")]
    Continuous,
    /// When somebody asks for it; by ECR only.
    #[choice("MANUAL")]
    Manual,
    /// When they are pushed.
    #[choice("SCAN_ON_PUSH")]
    OnPush,
}

/// Repositories that are scanned.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RegistryScanFilter {
    /// Pattern of names, in which `*` stands for anything.
    pub filter: String,
    /// How it is read.
    #[field(default = RegistryScanFilterType::Wildcard)]
    pub filter_type: RegistryScanFilterType,
}

/// How a filter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RegistryScanFilterType {
    /// `*` stands for anything.
    #[choice("WILDCARD")]
    Wildcard,
}

/// What AWS assigns to a [`RegistryScanningConfiguration`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RegistryScanningOutputs {
    /// The registry's id.
    pub id: RegistryId,
    /// The registry's id, once more.
    pub registry_id: RegistryId,
}

/// Source: ECR API Reference, PutRegistryScanningConfiguration, RegistryScanningRule.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let scanner = rules.text("scan_type");
    let list = rules.items("rule").unwrap_or_default();
    let words: Vec<_> =
        list.iter().filter_map(|rule| rule.as_map()?.get("scan_frequency")?.as_str()).collect();
    let twice = words.iter().enumerate().find(|(at, word)| words[..*at].contains(word));
    if let Some((_, word)) = twice {
        rules.refuse("rule", format!("`{word}` stands twice"));
    }
    rules.blocks("rule", |rules| {
        match (scanner, rules.text("scan_frequency")) {
            (Some("BASIC"), Some(word @ "CONTINUOUS_SCAN"))
            | (Some("ENHANCED"), Some(word @ "MANUAL")) => {
                rules.refuse("scan_frequency", format!("must not be `{word}` with this scanner"));
            }
            _ => {}
        }
        rules.blocks("repository_filter", |rules| {
            if let Some(wrong) = rules.text("filter").and_then(|t| wrong_length(t, 1, 256)) {
                rules.refuse("filter", wrong);
            }
        });
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_ecr::operation::get_registry_scanning_configuration::GetRegistryScanningConfigurationOutput;
    use aws_sdk_ecr::types::{
        RegistryScanningRule, ScanFrequency, ScanType, ScanningRepositoryFilter,
        ScanningRepositoryFilterType,
    };
    use futures_util::future::ready;
    use infra_sdk::FieldType as _;

    use super::*;
    use crate::frame::error::incomplete;
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["ecr:GetRegistryScanningConfiguration", "ecr:PutRegistryScanningConfiguration"];
    /// The operations, and what enhanced scans need. Source: ECR user guide, enhanced scanning.
    const ACTIONS: &[&str] = actions!(
        OPERATIONS,
        [
            "iam:CreateServiceLinkedRole",
            "inspector2:Disable",
            "inspector2:Enable",
            "inspector2:ListAccountPermissions",
            "inspector2:ListCoverage"
        ]
    );

    impl Handler for RegistryScanningConfiguration {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ecr:PutRegistryScanningConfiguration",
            operations: OPERATIONS,
            actions: ACTIONS,
            vanishes: false,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            get(aws).await?.registry_id.ok_or_else(|| missing("registryId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let seen = get(aws).await.and_then(see);
            read_each(known, &[], |known| {
                let own = |seen: &Seen<Self>| {
                    (seen.outputs.id.as_str() == known.id).then(|| seen.clone())
                };
                ready(seen.as_ref().map(own).map_err(Clone::clone))
            })
            .await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        /// Sets back what a new registry has.
        async fn delete(aws: &Aws, _: &str, _: &Self) -> Result<()> {
            let basic = Self { scan_type: RegistryScanType::Basic, rule: BlockSet::default() };
            put(aws, &basic).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let seen = see(get(aws).await?)?;
            let rules = <BlockSet<RegistryScanRule>>::KIND;
            let same = seen.inputs.scan_type == want.scan_type
                && rules.same(&want.rule.to_value(), &seen.inputs.rule.to_value());
            Ok(same.then(|| seen.outputs.id.to_string()).into_iter().collect())
        }
    }

    async fn get(aws: &Aws) -> Result<GetRegistryScanningConfigurationOutput> {
        aws.call(|| aws.ecr().get_registry_scanning_configuration().send()).await
    }

    async fn put(aws: &Aws, want: &RegistryScanningConfiguration) -> Result<()> {
        let filter = |filter: &RegistryScanFilter| {
            ScanningRepositoryFilter::builder()
                .filter(&filter.filter)
                .filter_type(ScanningRepositoryFilterType::from(filter.filter_type.as_str()))
                .build()
                .map_err(incomplete)
        };
        let rule = |rule: &RegistryScanRule| {
            let filters = rule.repository_filter.0.iter().map(filter).collect::<Result<_>>()?;
            RegistryScanningRule::builder()
                .scan_frequency(ScanFrequency::from(rule.scan_frequency.as_str()))
                .set_repository_filters(Some(filters))
                .build()
                .map_err(incomplete)
        };
        let rules = want.rule.0.iter().map(rule).collect::<Result<Vec<_>>>()?;
        aws.call(|| {
            aws.ecr()
                .put_registry_scanning_configuration()
                .scan_type(ScanType::from(want.scan_type.as_str()))
                .set_rules(Some(rules.clone()))
                .send()
        })
        .await
        .map(drop)
    }

    fn see(
        answer: GetRegistryScanningConfigurationOutput,
    ) -> Result<Seen<RegistryScanningConfiguration>> {
        let id = RegistryId::new(answer.registry_id.ok_or_else(|| missing("registryId"))?);
        let wire = answer.scanning_configuration.ok_or_else(|| missing("scanningConfiguration"))?;
        let filter = |wire: ScanningRepositoryFilter| {
            let filter_type = parsed(Some(wire.filter_type.as_str()), "filterType")?;
            Ok(RegistryScanFilter { filter: wire.filter, filter_type })
        };
        let rule = |wire: RegistryScanningRule| {
            let filters = wire.repository_filters.into_iter().map(filter);
            Ok(RegistryScanRule {
                scan_frequency: parsed(Some(wire.scan_frequency.as_str()), "scanFrequency")?,
                repository_filter: BlockSet(filters.collect::<Result<_>>()?),
            })
        };
        let rules = wire.rules.unwrap_or_default().into_iter().map(rule);
        let inputs = RegistryScanningConfiguration {
            scan_type: parsed(wire.scan_type.as_ref().map(ScanType::as_str), "scanType")?,
            rule: BlockSet(rules.collect::<Result<_>>()?),
        };
        Ok(Seen::new(inputs, RegistryScanningOutputs { registry_id: id.clone(), id }))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn frequencies_go_with_scanners_and_stand_once() {
        let check = |scanner: &str, words: &[&str]| -> Vec<String> {
            let rule = |word: &&str| {
                Value::Map(Object::from([("scan_frequency".to_owned(), Value::from(*word))]))
            };
            let inputs = Object::from([
                ("scan_type".to_owned(), Value::from(scanner)),
                ("rule".to_owned(), Value::List(words.iter().map(rule).collect())),
            ]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(check("BASIC", &["SCAN_ON_PUSH", "MANUAL"]), [""; 0]);
        assert_eq!(check("BASIC", &["CONTINUOUS_SCAN"]), ["rule[0].scan_frequency"]);
        assert_eq!(check("ENHANCED", &["MANUAL"]), ["rule[0].scan_frequency"]);
        assert_eq!(check("ENHANCED", &["SCAN_ON_PUSH", "SCAN_ON_PUSH"]), ["rule"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn rule(frequency: RegistryScanFrequency, filter: &str) -> RegistryScanRuleArguments {
        RegistryScanRule::new(frequency, [RegistryScanFilter::new(filter)])
    }

    conforms!(
        aws_ecr_registry_scanning_configuration,
        Fixture {
            base: |stack, _| {
                let scans = RegistryScanningConfiguration::new(RegistryScanType::Basic);
                let rule = rule(RegistryScanFrequency::OnPush, "production/*");
                stack.add("it", scans.rule([rule]));
            },
            update: Some(|stack, _| {
                let scans = RegistryScanningConfiguration::new(RegistryScanType::Enhanced);
                stack.add(
                    "it",
                    scans.rule([
                        rule(RegistryScanFrequency::Continuous, "production/*"),
                        rule(RegistryScanFrequency::OnPush, "staging/*"),
                    ]),
                );
            }),
            replace: None,
            gaps: &[],
        }
    );
}
