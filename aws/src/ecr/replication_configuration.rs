//! What the registry of the account copies to other regions and accounts. There is one a registry;
//! deleting it means that nothing is copied any more.
//!
//! API: PutReplicationConfiguration, DescribeRegistry.

use infra_sdk::kind::Problem;
use infra_sdk::{Block, BlockSet, Choice, Object, Outputs, Resource, Value};

use crate::rules::{Rules, wrong_length};

infra_sdk::id_types! {
    /// Identifies a registry: the number of its account.
    RegistryId("registry id", "");
}

/// What the registry copies to other registries.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_ecr_replication_configuration",
    outputs = ReplicationConfigurationOutputs,
    validate = validate
)]
pub struct ReplicationConfiguration {
    /// What is copied where.
    pub replication_configuration: ReplicationRules,
}

/// What is copied where.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationRules {
    /// At most 10.
    #[field(required)]
    pub rule: BlockSet<ReplicationRule>,
}

/// What is copied to some registries.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationRule {
    /// The registries, at most 25.
    #[field(required)]
    pub destination: BlockSet<ReplicationDestination>,
    /// Repositories. Left out, all.
    pub repository_filter: BlockSet<ReplicationFilter>,
}

/// A registry that images are copied to.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationDestination {
    /// Region.
    pub region: String,
    /// Account.
    #[field(any_region)]
    pub registry_id: RegistryId,
}

/// Repositories that are copied.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationFilter {
    /// What their names begin with.
    pub filter: String,
    /// How it is read.
    #[field(default = ReplicationFilterType::PrefixMatch)]
    pub filter_type: ReplicationFilterType,
}

/// How a filter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ReplicationFilterType {
    /// As the beginning of a name.
    #[choice("PREFIX_MATCH")]
    PrefixMatch,
}

/// What AWS assigns to a [`ReplicationConfiguration`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ReplicationConfigurationOutputs {
    /// The registry's id.
    pub id: RegistryId,
    /// The registry's id, once more.
    pub registry_id: RegistryId,
}

/// Source: ECR API Reference, ReplicationConfiguration, ReplicationRule, RepositoryFilter.
fn validate(inputs: &Object) -> Vec<Problem> {
    fn most(rules: &mut Rules<'_>, list: &str, most: usize) {
        let count = rules.items(list).map_or(0, <[Value]>::len);
        if count > most {
            rules.refuse(list, format!("must be at most {most}, not {count}"));
        }
    }
    let mut rules = Rules::new(inputs);
    rules.blocks("replication_configuration", |rules| {
        most(rules, "rule", 10);
        rules.blocks("rule", |rules| {
            most(rules, "destination", 25);
            most(rules, "repository_filter", 100);
            rules.blocks("destination", |rules| {
                let digits = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
                if rules.text("registry_id").is_some_and(|id| !digits(id)) {
                    rules.refuse("registry_id", "must be an account: twelve digits");
                }
            });
            rules.blocks("repository_filter", |rules| {
                let wrong = rules.text("filter").and_then(|text| wrong_length(text, 2, 256));
                if let Some(wrong) = wrong {
                    rules.refuse("filter", wrong);
                }
            });
        });
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_ecr::operation::describe_registry::DescribeRegistryOutput;
    use aws_sdk_ecr::types::{
        ReplicationConfiguration as Wire, ReplicationDestination as WireDestination,
        ReplicationRule as WireRule, RepositoryFilter, RepositoryFilterType,
    };
    use futures_util::future::ready;
    use infra_sdk::FieldType as _;

    use super::*;
    use crate::frame::error::incomplete;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &["ecr:DescribeRegistry", "ecr:PutReplicationConfiguration"];
    /// The operations, and the role of ECR that copies. Source: ECR user guide, private image
    /// replication.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:CreateServiceLinkedRole"]);

    impl Handler for ReplicationConfiguration {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ecr:PutReplicationConfiguration",
            operations: OPERATIONS,
            actions: ACTIONS,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, wire(&want.replication_configuration)?).await?;
            describe(aws).await?.registry_id.ok_or_else(|| missing("registryId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let seen = describe(aws).await.and_then(see);
            read_each(known, &[], |known| {
                let own = |seen: &Option<Seen<Self>>| {
                    let seen = seen.clone();
                    seen.filter(|seen| seen.outputs.id.as_str() == known.id)
                };
                ready(seen.as_ref().map(own).map_err(Clone::clone))
            })
            .await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, wire(&want.replication_configuration)?).await
        }

        async fn delete(aws: &Aws, _: &str, _: &Self) -> Result<()> {
            put(aws, Wire::builder().set_rules(Some(Vec::new())).build().map_err(incomplete)?).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let seen = see(describe(aws).await?)?;
            let kind = ReplicationRules::KIND;
            let same = seen.filter(|seen| {
                let there = seen.inputs.replication_configuration.to_value();
                kind.same(&want.replication_configuration.to_value(), &there)
            });
            Ok(same.map(|seen| seen.outputs.id.to_string()).into_iter().collect())
        }
    }

    async fn describe(aws: &Aws) -> Result<DescribeRegistryOutput> {
        aws.call(|| aws.ecr().describe_registry().send()).await
    }

    async fn put(aws: &Aws, wire: Wire) -> Result<()> {
        aws.call(|| {
            let call = aws.ecr().put_replication_configuration();
            call.replication_configuration(wire.clone()).send()
        })
        .await
        .map(drop)
    }

    fn wire(want: &ReplicationRules) -> Result<Wire> {
        let destination = |destination: &ReplicationDestination| {
            WireDestination::builder()
                .region(&destination.region)
                .registry_id(destination.registry_id.as_str())
                .build()
                .map_err(incomplete)
        };
        let filter = |filter: &ReplicationFilter| {
            RepositoryFilter::builder()
                .filter(&filter.filter)
                .filter_type(RepositoryFilterType::from(filter.filter_type.as_str()))
                .build()
                .map_err(incomplete)
        };
        let rule = |rule: &ReplicationRule| {
            let filters = rule.repository_filter.0.iter().map(filter);
            let filters = filters.collect::<Result<Vec<_>>>()?;
            let destinations = rule.destination.0.iter().map(destination);
            WireRule::builder()
                .set_destinations(Some(destinations.collect::<Result<_>>()?))
                .set_repository_filters(Some(filters).filter(|filters| !filters.is_empty()))
                .build()
                .map_err(incomplete)
        };
        let rules = want.rule.0.iter().map(rule).collect::<Result<_>>()?;
        Wire::builder().set_rules(Some(rules)).build().map_err(incomplete)
    }

    /// The configuration; `None` where nothing is copied.
    fn see(answer: DescribeRegistryOutput) -> Result<Option<Seen<ReplicationConfiguration>>> {
        let id = RegistryId::new(answer.registry_id.ok_or_else(|| missing("registryId"))?);
        let rules = answer.replication_configuration.map(|wire| wire.rules).unwrap_or_default();
        if rules.is_empty() {
            return Ok(None);
        }
        let destination = |wire: WireDestination| ReplicationDestination {
            region: wire.region,
            registry_id: RegistryId::new(wire.registry_id),
        };
        let filter = |wire: RepositoryFilter| {
            let filter_type = parsed(Some(wire.filter_type.as_str()), "filterType")?;
            Ok(ReplicationFilter { filter: wire.filter, filter_type })
        };
        let rule = |wire: WireRule| {
            let filters = wire.repository_filters.unwrap_or_default().into_iter().map(filter);
            Ok(ReplicationRule {
                destination: BlockSet(wire.destinations.into_iter().map(destination).collect()),
                repository_filter: BlockSet(filters.collect::<Result<_>>()?),
            })
        };
        let rule = BlockSet(rules.into_iter().map(rule).collect::<Result<_>>()?);
        let inputs =
            ReplicationConfiguration { replication_configuration: ReplicationRules { rule } };
        let outputs = ReplicationConfigurationOutputs { registry_id: id.clone(), id };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn destinations_are_accounts() {
        let check = |account: &str| -> Vec<String> {
            let block = |name: &str, value| Value::Map(Object::from([(name.to_owned(), value)]));
            let list = |value| Value::List(vec![value]);
            let destination = block("registry_id", Value::from(account));
            let rule = block("destination", list(destination));
            let rules = block("rule", list(rule));
            let inputs = Object::from([("replication_configuration".to_owned(), rules)]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(check("123456789012"), [""; 0]);
        let place = "replication_configuration.rule[0].destination[0].registry_id";
        assert_eq!(check("1234"), [place]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn rules(region: &str, filter: &str) -> ReplicationRulesArguments {
        let account = RegistryId::new("123456789012");
        let rule = ReplicationRule::new([ReplicationDestination::new(region, account)]);
        ReplicationRules::new([rule.repository_filter([ReplicationFilter::new(filter)])])
    }

    conforms!(
        aws_ecr_replication_configuration,
        Fixture {
            base: |stack, _| {
                stack.add("it", ReplicationConfiguration::new(rules("us-east-1", "production/")));
            },
            update: Some(|stack, _| {
                stack.add("it", ReplicationConfiguration::new(rules("eu-west-1", "staging/")));
            }),
            replace: None,
            gaps: &[],
        }
    );
}
