//! Which capacity providers a cluster has. Destroying it leaves the cluster without any.
//!
//! API: PutClusterCapacityProviders, DescribeClusters.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{BlockSet, Object, Outputs, Resource};

use super::{CapacityProviderName, CapacityProviderStrategy, ClusterName};
use crate::rules::Rules;

/// Which capacity providers a cluster has.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_ecs_cluster_capacity_providers",
    outputs = ClusterCapacityProvidersOutputs,
    validate = validate
)]
pub struct ClusterCapacityProviders {
    /// The cluster.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// The capacity providers: `FARGATE`, `FARGATE_SPOT`, those of the account.
    pub capacity_providers: BTreeSet<CapacityProviderName>,
    /// What services and tasks get that say nothing themselves.
    pub default_capacity_provider_strategy: BlockSet<CapacityProviderStrategy>,
}

/// What identifies [`ClusterCapacityProviders`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ClusterCapacityProvidersOutputs {
    /// The cluster's name.
    pub id: ClusterName,
    /// What ECS is busy with for the providers, if it is.
    pub attachments_status: Option<String>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let strategy = "default_capacity_provider_strategy";
    let (providers, known) = (
        rules.texts("capacity_providers"),
        !inputs.get("capacity_providers").is_some_and(infra_sdk::Value::has_unknown),
    );
    let mut bases = 0;
    rules.blocks(strategy, |rules| {
        let unknown = |name: &&str| known && !providers.contains(name);
        if let Some(name) = rules.text("capacity_provider").filter(unknown) {
            rules.refuse(
                "capacity_provider",
                format!("`{name}` is not one of `capacity_providers`"),
            );
        }
    });
    if let Some(items) = inputs.get(strategy).and_then(infra_sdk::Value::as_list) {
        let base = |item: &infra_sdk::Value| item.as_map()?.get("base")?.as_int();
        bases += items.iter().filter_map(base).filter(|base| *base > 0).count();
    }
    if bases > 1 {
        rules.refuse(strategy, "can have only one provider with a `base`");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ecs::types::Cluster as Wire;
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::ecs::common::{CLUSTERS_AT_ONCE, NO_CLUSTER, clusters};
    use crate::ecs::names::cluster_of;
    use crate::ecs::strategy::wire;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &["ecs:DescribeClusters", "ecs:PutClusterCapacityProviders"];
    const BUSY: (&str, &str) = ("UpdateInProgressException", "");

    impl Handler for ClusterCapacityProviders {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ecs:PutClusterCapacityProviders",
            operations: OPERATIONS,
            actions: OPERATIONS,
            vanishes: false,
            gone: &[NO_CLUSTER],
            not_yet: &[(NO_CLUSTER, ""), BUSY],
            // Services that use a provider go on draining after they are deleted.
            lingering: &[("ResourceInUseException", ""), BUSY],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want.cluster_name.as_str(), Some(want)).await?;
            Ok(want.cluster_name.to_string())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, CLUSTERS_AT_ONCE, |chunk| async move {
                let ids: Vec<_> = chunk.into_iter().map(|known| known.id).collect();
                let found = clusters(aws, &ids).await?.into_iter().map(see);
                found
                    .map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                    .collect::<Result<HashMap<_, _>>>()
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, id, Some(want)).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            put(aws, id, None).await
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            match seen.outputs.attachments_status.as_deref() {
                Some("UPDATE_FAILED") => {
                    Readiness::Failed("ECS could not attach the capacity providers".to_owned())
                }
                Some(busy) if busy.ends_with("_IN_PROGRESS") => Readiness::Waiting(busy.to_owned()),
                _ => Readiness::Ready,
            }
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![want.cluster_name.to_string()])
        }
    }

    async fn put(aws: &Aws, id: &str, want: Option<&ClusterCapacityProviders>) -> Result<()> {
        let providers = want.iter().flat_map(|want| &want.capacity_providers);
        let providers: Vec<_> = providers.map(ToString::to_string).collect();
        let strategy = want.map_or(&[][..], |want| &want.default_capacity_provider_strategy.0);
        let strategy = wire::items(strategy)?;
        aws.call(|| {
            aws.ecs()
                .put_cluster_capacity_providers()
                .cluster(id)
                .set_capacity_providers(Some(providers.clone()))
                .set_default_capacity_provider_strategy(Some(strategy.clone()))
                .send()
        })
        .await
        .map(drop)
    }

    fn see(wire: Wire) -> Result<Seen<ClusterCapacityProviders>> {
        let arn = wire.cluster_arn.ok_or_else(|| missing("clusterArn"))?;
        let name = cluster_of(&arn);
        let providers = wire.capacity_providers.unwrap_or_default().into_iter();
        let inputs = ClusterCapacityProviders {
            cluster_name: ClusterName::new(name),
            capacity_providers: providers.map(CapacityProviderName::new).collect(),
            default_capacity_provider_strategy: BlockSet(wire::see(
                wire.default_capacity_provider_strategy,
            )),
        };
        let outputs = ClusterCapacityProvidersOutputs {
            id: ClusterName::new(name),
            attachments_status: wire.attachments_status,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_strategy_is_made_of_the_providers_of_the_cluster() {
        let check = |bases: &[(&str, i64)]| -> Vec<String> {
            let item = |(name, base): &(&str, i64)| {
                Value::Map(Object::from([
                    ("capacity_provider".to_owned(), Value::from(*name)),
                    ("base".to_owned(), Value::Int(*base)),
                ]))
            };
            let inputs = Object::from([
                ("capacity_providers".to_owned(), Value::List(vec!["FARGATE".into(), "a".into()])),
                (
                    "default_capacity_provider_strategy".to_owned(),
                    Value::List(bases.iter().map(item).collect()),
                ),
            ]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(check(&[("FARGATE", 1), ("a", 0)]), [""; 0]);
        assert_eq!(check(&[("b", 0)]), ["default_capacity_provider_strategy[0].capacity_provider"]);
        assert_eq!(check(&[("FARGATE", 1), ("a", 1)]), ["default_capacity_provider_strategy"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ecs::Cluster;

    fn providers(stack: &mut infra_sdk::Stack, name: &str, of: &str, spot: u32) {
        let one = stack.add("one", Cluster::new(format!("{name}-one")));
        let other = stack.add("other", Cluster::new(format!("{name}-other")));
        let cluster = if of == "one" { one.name() } else { other.name() };
        let fargate = CapacityProviderStrategy::new("FARGATE").base(1_u32).weight(1_u32);
        let spot = CapacityProviderStrategy::new("FARGATE_SPOT").weight(spot);
        let it = ClusterCapacityProviders::new(cluster);
        let it = it.capacity_providers(["FARGATE", "FARGATE_SPOT"]);
        stack.add("it", it.default_capacity_provider_strategy([fargate, spot]));
    }

    conforms!(
        aws_ecs_cluster_capacity_providers,
        Fixture {
            base: |stack, name| providers(stack, name, "one", 1),
            update: Some(|stack, name| providers(stack, name, "one", 4)),
            replace: Some(|stack, name| providers(stack, name, "other", 4)),
            gaps: &[],
        }
    );
}
