//! Something that scales, and between which bounds.
//!
//! API: RegisterScalableTarget, DescribeScalableTargets, DeregisterScalableTarget.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Object, Outputs, Resource};

use super::scalable;
use crate::iam::Role;
use crate::rules::Rules;

/// Something that scales, and between which bounds.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_appautoscaling_target", outputs = TargetOutputs, validate = validate)]
pub struct Target {
    /// Least capacity.
    #[field(range = 0..=2_147_483_647)]
    pub min_capacity: u32,
    /// Most capacity.
    #[field(range = 0..=2_147_483_647)]
    pub max_capacity: u32,
    /// What scales: `service/cluster/name` for a service of ECS.
    #[field(force_new)]
    pub resource_id: String,
    /// What of it scales: `ecs:service:DesiredCount`.
    #[field(force_new)]
    pub scalable_dimension: String,
    /// Whose it is: `ecs`.
    #[field(force_new)]
    pub service_namespace: String,
    /// Role that scales; left out, the one that is linked with the service.
    #[field(force_new, computed)]
    pub role_arn: Option<Arn<Role>>,
    /// Which scaling is off for now.
    #[field(computed)]
    pub suspended_state: Option<SuspendedState>,
}

/// Which scaling is off for now.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SuspendedState {
    /// Whether policies may not lower the capacity.
    #[field(default = false)]
    pub dynamic_scaling_in_suspended: bool,
    /// Whether policies may not raise the capacity.
    #[field(default = false)]
    pub dynamic_scaling_out_suspended: bool,
    /// Whether scheduled actions do nothing.
    #[field(default = false)]
    pub scheduled_scaling_suspended: bool,
}

/// What AWS assigns to a [`Target`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TargetOutputs {
    /// `namespace/resource-id/scalable-dimension`, which is also what Terraform imports by.
    pub id: String,
    /// The target's ARN.
    pub arn: Option<Arn<Target>>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    scalable::check(&mut rules);
    rules.ordered("min_capacity", "max_capacity");
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::BTreeMap;

    use aws_sdk_applicationautoscaling::types::{
        ScalableDimension, ScalableTarget as Wire, ServiceNamespace, SuspendedState as WireState,
    };

    use super::scalable::Scalable;
    use super::*;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:RegisterScalableTarget",
    ];
    /// The role that is linked with the service is made at the first use.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:CreateServiceLinkedRole", "iam:PassRole"]);

    impl Handler for Target {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "application-autoscaling:RegisterScalableTarget",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: &["ObjectNotFoundException"],
            not_yet: &[
                ("ValidationException", "Unable to assume IAM role"),
                ("ValidationException", "ECS service doesn't exist"),
            ],
            // Policies are deleted at the same time.
            lingering: &[("ConcurrentUpdateException", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            register(aws, want).await?;
            Ok(scalable(want).id())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let size = known.len().max(1);
            read_many(known, size, |chunk| async move {
                let mut asked = BTreeMap::<String, Vec<String>>::new();
                for item in &chunk {
                    let item = Scalable::parse(&item.id)?;
                    asked.entry(item.namespace).or_default().push(item.resource);
                }
                let mut found = std::collections::HashMap::new();
                for (namespace, resources) in asked {
                    // Source: DescribeScalableTargets, which takes 50 ids.
                    for some in resources.chunks(50) {
                        for wire in list(aws, &namespace, some).await? {
                            let seen = see(wire);
                            found.insert(seen.outputs.id.clone(), seen);
                        }
                    }
                }
                Ok(found)
            })
            .await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            register(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let of = Scalable::parse(id)?;
            aws.call(|| {
                aws.application_autoscaling()
                    .deregister_scalable_target()
                    .service_namespace(ServiceNamespace::from(of.namespace.as_str()))
                    .resource_id(&of.resource)
                    .scalable_dimension(ScalableDimension::from(of.dimension.as_str()))
                    .send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let (id, resources) = (scalable(want).id(), [want.resource_id.clone()]);
            let found = list(aws, &want.service_namespace, &resources).await?;
            let found = found.into_iter().map(|wire| see(wire).outputs.id);
            Ok(found.filter(|found| *found == id).collect())
        }
    }

    fn scalable(want: &Target) -> Scalable {
        Scalable {
            namespace: want.service_namespace.clone(),
            resource: want.resource_id.clone(),
            dimension: want.scalable_dimension.clone(),
        }
    }

    async fn register(aws: &Aws, want: &Target) -> Result<()> {
        let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        let state = want.suspended_state.as_ref().map(|state| {
            WireState::builder()
                .dynamic_scaling_in_suspended(state.dynamic_scaling_in_suspended)
                .dynamic_scaling_out_suspended(state.dynamic_scaling_out_suspended)
                .scheduled_scaling_suspended(state.scheduled_scaling_suspended)
                .build()
        });
        aws.call(|| {
            aws.application_autoscaling()
                .register_scalable_target()
                .service_namespace(ServiceNamespace::from(want.service_namespace.as_str()))
                .resource_id(&want.resource_id)
                .scalable_dimension(ScalableDimension::from(want.scalable_dimension.as_str()))
                .min_capacity(number(want.min_capacity))
                .max_capacity(number(want.max_capacity))
                .set_role_arn(want.role_arn.as_ref().map(ToString::to_string))
                .set_suspended_state(state.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn list(aws: &Aws, namespace: &str, resources: &[String]) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |token| {
                    aws.application_autoscaling()
                        .describe_scalable_targets()
                        .service_namespace(ServiceNamespace::from(namespace))
                        .set_resource_ids(Some(resources.to_vec()))
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.scalable_targets.unwrap_or_default()).collect())
    }

    fn see(wire: Wire) -> Seen<Target> {
        let number = |value: i32| u32::try_from(value).unwrap_or_default();
        let state = |wire: WireState| SuspendedState {
            dynamic_scaling_in_suspended: wire.dynamic_scaling_in_suspended.unwrap_or(false),
            dynamic_scaling_out_suspended: wire.dynamic_scaling_out_suspended.unwrap_or(false),
            scheduled_scaling_suspended: wire.scheduled_scaling_suspended.unwrap_or(false),
        };
        let inputs = Target {
            min_capacity: number(wire.min_capacity),
            max_capacity: number(wire.max_capacity),
            resource_id: wire.resource_id,
            scalable_dimension: wire.scalable_dimension.as_str().to_owned(),
            service_namespace: wire.service_namespace.as_str().to_owned(),
            role_arn: Some(wire.role_arn).filter(|arn| !arn.is_empty()).map(Arn::new),
            suspended_state: wire.suspended_state.map(state),
        };
        let id = scalable(&inputs).id();
        Seen::new(inputs, TargetOutputs { id, arn: wire.scalable_target_arn.map(Arn::new) })
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
pub(super) mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ecs::{Cluster, ContainerDefinition, LaunchType, Service, TaskDefinition};

    /// A service of ECS that scales, and another one that does not.
    pub(in crate::appautoscaling) fn target(
        stack: &mut Stack,
        at: &str,
        name: &str,
        of: &str,
        most: u32,
    ) -> TargetHandle {
        let cluster = stack.add("cluster", Cluster::new(format!("{name}-scaled")));
        let container = ContainerDefinition::new("app", "app:1").memory(128_u32);
        let task = TaskDefinition::new(format!("{name}-scaled"), [container]);
        let task = stack.add("task", task);
        let mut service = |address: &str| {
            let service = Service::new(format!("{name}-{address}"), cluster.arn(), task.arn());
            stack.add(address, service.launch_type(LaunchType::Ec2))
        };
        let (one, other) = (service("one"), service("other"));
        let resource = if of == "one" { one } else { other };
        let resource = resource.scalable_resource_id();
        stack.add(at, Target::new(1_u32, most, resource, "ecs:service:DesiredCount", "ecs"))
    }

    conforms!(
        aws_appautoscaling_target,
        Fixture {
            base: |stack, name| drop(target(stack, "it", name, "one", 3)),
            update: Some(|stack, name| drop(target(stack, "it", name, "one", 5))),
            replace: Some(|stack, name| drop(target(stack, "it", name, "other", 5))),
            gaps: &[],
        }
    );
}
