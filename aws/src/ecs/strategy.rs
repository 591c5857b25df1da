//! Which capacity tasks run on, for clusters and services.

use infra_sdk::Block;

use super::CapacityProviderName;

/// A share of the tasks that a capacity provider gets.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CapacityProviderStrategy {
    /// The capacity provider.
    pub capacity_provider: CapacityProviderName,
    /// Tasks that it gets before others get any; one provider of a strategy may have some.
    #[field(default = 0_u32, range = 0..=100_000)]
    pub base: u32,
    /// Its share of the other tasks, relative to the others' weights.
    #[field(default = 0_u32, range = 0..=1_000)]
    pub weight: u32,
}

#[cfg(feature = "provider")]
pub(super) mod wire {
    use aws_sdk_ecs::types::CapacityProviderStrategyItem;

    use super::*;
    use crate::frame::error::incomplete;
    use crate::prelude::*;

    /// A strategy as ECS takes it.
    pub(in crate::ecs) fn items(
        strategy: &[CapacityProviderStrategy],
    ) -> Result<Vec<CapacityProviderStrategyItem>> {
        let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        let item = |item: &CapacityProviderStrategy| {
            CapacityProviderStrategyItem::builder()
                .capacity_provider(item.capacity_provider.as_str())
                .base(number(item.base))
                .weight(number(item.weight))
                .build()
                .map_err(incomplete)
        };
        strategy.iter().map(item).collect()
    }

    /// A strategy as ECS shows it.
    pub(in crate::ecs) fn see(
        items: Option<Vec<CapacityProviderStrategyItem>>,
    ) -> Vec<CapacityProviderStrategy> {
        let number = |value: i32| u32::try_from(value).unwrap_or_default();
        let items = items.unwrap_or_default().into_iter();
        items
            .map(|item| CapacityProviderStrategy {
                capacity_provider: CapacityProviderName::new(item.capacity_provider),
                base: number(item.base),
                weight: number(item.weight),
            })
            .collect()
    }
}
