//! An [`EventTarget`] as calls take it, and as answers show it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_eventbridge::types::{
    AssignPublicIp, AwsVpcConfiguration, BatchArrayProperties, BatchParameters, BatchRetryStrategy,
    CapacityProviderStrategyItem, DeadLetterConfig, EcsParameters, HttpParameters,
    InputTransformer as WireTransformer, KinesisParameters, LaunchType as WireLaunch,
    NetworkConfiguration, PlacementConstraint, PlacementConstraintType as WireConstraint,
    PlacementStrategy as WireStrategy, PlacementStrategyType as WireStrategyType,
    PropagateTags as WirePropagate, RetryPolicy, RunCommandParameters,
    RunCommandTarget as WireCommand, SqsParameters, Tag, Target as Wire,
};
use infra_sdk::{Arn, BlockSet, Seconds};

use super::target::{
    BatchTarget, EcsTarget, EventRetryPolicy, EventTarget, EventTargetId, EventTargetOutputs,
    HttpTarget, InputTransformer, KinesisTarget, RunCommandTarget, SqsTarget,
};
use super::{EventBusName, EventDeadLetters, RuleName};
use crate::AnyArn;
use crate::ec2::{SecurityGroupId, SubnetId};
use crate::ecs::{
    CapacityProviderName, CapacityProviderStrategy, PlacementStrategy, ServiceNetwork,
    ServicePlacementConstraint,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// A target as a call takes it.
pub(super) fn wire(want: &EventTarget, id: &str) -> Result<Wire> {
    let transformer = want.input_transformer.as_ref().map(|block| {
        WireTransformer::builder()
            .set_input_paths_map(map(&block.input_paths))
            .input_template(&block.input_template)
            .build()
            .map_err(incomplete)
    });
    let kinesis = want.kinesis_target.as_ref().map(|block| {
        let wire = KinesisParameters::builder().partition_key_path(&block.partition_key_path);
        wire.build().map_err(incomplete)
    });
    let dead = want.dead_letter_config.as_ref();
    let sqs = want.sqs_target.as_ref();
    Wire::builder()
        .id(id)
        .arn(want.arn.as_str())
        .set_role_arn(want.role_arn.as_ref().map(ToString::to_string))
        .set_input(want.input.clone())
        .set_input_path(want.input_path.clone())
        .set_input_transformer(transformer.transpose()?)
        .set_retry_policy(want.retry_policy.as_ref().map(retry))
        .set_dead_letter_config(
            dead.map(|block| DeadLetterConfig::builder().arn(block.arn.as_str()).build()),
        )
        .set_ecs_parameters(want.ecs_target.as_ref().map(task).transpose()?)
        .set_batch_parameters(want.batch_target.as_ref().map(job).transpose()?)
        .set_kinesis_parameters(kinesis.transpose()?)
        .set_sqs_parameters(
            sqs.map(|s| SqsParameters::builder().message_group_id(&s.message_group_id).build()),
        )
        .set_http_parameters(want.http_target.as_ref().map(http))
        .set_run_command_parameters(commands(&want.run_command_targets)?)
        .build()
        .map_err(incomplete)
}

fn map(entries: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!entries.is_empty()).then(|| entries.clone().into_iter().collect())
}

fn retry(policy: &EventRetryPolicy) -> RetryPolicy {
    RetryPolicy::builder()
        .maximum_event_age_in_seconds(number(policy.maximum_event_age_in_seconds.0))
        .maximum_retry_attempts(number(policy.maximum_retry_attempts))
        .build()
}

fn task(want: &EcsTarget) -> Result<EcsParameters> {
    let provider = |one: &CapacityProviderStrategy| {
        CapacityProviderStrategyItem::builder()
            .capacity_provider(one.capacity_provider.as_str())
            .base(number(one.base))
            .weight(number(one.weight))
            .build()
            .map_err(incomplete)
    };
    let providers = want.capacity_provider_strategy.0.iter().map(provider);
    let providers = providers.collect::<Result<Vec<_>>>()?;
    let constraints = want.placement_constraint.0.iter().map(|one| {
        PlacementConstraint::builder()
            .r#type(WireConstraint::from(one.r#type.as_str()))
            .set_expression(one.expression.clone())
            .build()
    });
    let strategies = want.ordered_placement_strategy.iter().map(|one| {
        WireStrategy::builder()
            .r#type(WireStrategyType::from(one.r#type.as_str()))
            .set_field(one.field.clone())
            .build()
    });
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().map_err(incomplete);
    let tags = want.tags.iter().map(tag).collect::<Result<Vec<_>>>()?;
    EcsParameters::builder()
        .task_definition_arn(want.task_definition_arn.as_str())
        .task_count(number(want.task_count))
        .set_launch_type(want.launch_type.map(|launch| WireLaunch::from(launch.as_str())))
        .set_capacity_provider_strategy(some(providers))
        .set_platform_version(want.platform_version.clone())
        .set_network_configuration(want.network_configuration.as_ref().map(network).transpose()?)
        .set_group(want.group.clone())
        .set_placement_constraints(some(constraints.collect()))
        .set_placement_strategy(some(strategies.collect()))
        .enable_ecs_managed_tags(want.enable_ecs_managed_tags)
        .enable_execute_command(want.enable_execute_command)
        .set_propagate_tags(
            want.propagate_task_definition_tags.then_some(WirePropagate::TaskDefinition),
        )
        .set_tags(some(tags))
        .build()
        .map_err(incomplete)
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn network(want: &ServiceNetwork) -> Result<NetworkConfiguration> {
    let public =
        if want.assign_public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let wire = AwsVpcConfiguration::builder()
        .set_subnets(Some(want.subnets.iter().map(ToString::to_string).collect()))
        .set_security_groups(some(want.security_groups.iter().map(ToString::to_string).collect()))
        .assign_public_ip(public)
        .build()
        .map_err(incomplete)?;
    Ok(NetworkConfiguration::builder().awsvpc_configuration(wire).build())
}

fn job(want: &BatchTarget) -> Result<BatchParameters> {
    let array = |size| BatchArrayProperties::builder().size(number(size)).build();
    let retry = |attempts| BatchRetryStrategy::builder().attempts(number(attempts)).build();
    BatchParameters::builder()
        .job_definition(&want.job_definition)
        .job_name(&want.job_name)
        .set_array_properties(want.array_size.map(array))
        .set_retry_strategy(want.job_attempts.map(retry))
        .build()
        .map_err(incomplete)
}

fn http(want: &HttpTarget) -> HttpParameters {
    HttpParameters::builder()
        .set_path_parameter_values(some(want.path_parameter_values.clone()))
        .set_header_parameters(map(&want.header_parameters))
        .set_query_string_parameters(map(&want.query_string_parameters))
        .build()
}

fn commands(want: &[RunCommandTarget]) -> Result<Option<RunCommandParameters>> {
    if want.is_empty() {
        return Ok(None);
    }
    let command = |one: &RunCommandTarget| {
        let wire = WireCommand::builder().key(&one.key).set_values(Some(one.values.clone()));
        wire.build().map_err(incomplete)
    };
    let all = want.iter().map(command).collect::<Result<Vec<_>>>()?;
    let wire = RunCommandParameters::builder().set_run_command_targets(Some(all));
    wire.build().map(Some).map_err(incomplete)
}

/// A target as an answer shows it.
pub(super) fn see(id: &str, bus: &str, rule: &str, wire: Wire) -> Result<Seen<EventTarget>> {
    let transformer = |wire: WireTransformer| InputTransformer {
        input_paths: wire.input_paths_map.unwrap_or_default().into_iter().collect(),
        input_template: wire.input_template,
    };
    let commands = wire.run_command_parameters.map(|wire| wire.run_command_targets);
    let command = |wire: WireCommand| RunCommandTarget { key: wire.key, values: wire.values };
    let inputs = EventTarget {
        rule: RuleName::new(rule),
        event_bus_name: EventBusName::new(bus),
        target_id: Some(wire.id),
        arn: AnyArn::new(wire.arn),
        role_arn: wire.role_arn.map(Arn::new),
        input: wire.input,
        input_path: wire.input_path,
        input_transformer: wire.input_transformer.map(transformer),
        retry_policy: wire.retry_policy.map(retry_policy),
        dead_letter_config: wire
            .dead_letter_config
            .and_then(|config| config.arn)
            .map(|arn| EventDeadLetters { arn: AnyArn::new(arn) }),
        ecs_target: wire.ecs_parameters.map(ecs_target).transpose()?,
        batch_target: wire.batch_parameters.map(batch_target),
        kinesis_target: wire
            .kinesis_parameters
            .map(|wire| KinesisTarget { partition_key_path: wire.partition_key_path }),
        sqs_target: wire
            .sqs_parameters
            .and_then(|wire| wire.message_group_id)
            .map(|message_group_id| SqsTarget { message_group_id }),
        http_target: wire.http_parameters.map(|wire| HttpTarget {
            path_parameter_values: wire.path_parameter_values.unwrap_or_default(),
            header_parameters: wire.header_parameters.unwrap_or_default().into_iter().collect(),
            query_string_parameters: wire
                .query_string_parameters
                .unwrap_or_default()
                .into_iter()
                .collect(),
        }),
        run_command_targets: commands.unwrap_or_default().into_iter().map(command).collect(),
        force_destroy: false,
    };
    Ok(Seen::new(inputs, EventTargetOutputs { id: EventTargetId::new(id) }))
}

fn positive(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// What is left out is as AWS has it by default. Source: API Reference, RetryPolicy.
fn retry_policy(wire: RetryPolicy) -> EventRetryPolicy {
    EventRetryPolicy {
        maximum_event_age_in_seconds: Seconds(
            wire.maximum_event_age_in_seconds.map_or(86400, positive),
        ),
        maximum_retry_attempts: wire.maximum_retry_attempts.map_or(185, positive),
    }
}

fn batch_target(wire: BatchParameters) -> BatchTarget {
    BatchTarget {
        job_definition: wire.job_definition,
        job_name: wire.job_name,
        array_size: wire.array_properties.map(|a| positive(a.size)).filter(|size| *size > 0),
        job_attempts: wire.retry_strategy.map(|r| positive(r.attempts)).filter(|n| *n > 0),
    }
}

fn ecs_target(wire: EcsParameters) -> Result<EcsTarget> {
    let provider = |wire: CapacityProviderStrategyItem| CapacityProviderStrategy {
        capacity_provider: CapacityProviderName::new(wire.capacity_provider),
        base: positive(wire.base),
        weight: positive(wire.weight),
    };
    let providers = wire.capacity_provider_strategy.unwrap_or_default().into_iter();
    let constraint = |wire: PlacementConstraint| {
        let kind = wire.r#type.as_ref().map(WireConstraint::as_str);
        let r#type = parsed(kind, "PlacementConstraints.type")?;
        Ok(ServicePlacementConstraint { r#type, expression: wire.expression })
    };
    let constraints = wire.placement_constraints.unwrap_or_default().into_iter();
    let strategy = |wire: WireStrategy| {
        let kind = wire.r#type.as_ref().map(WireStrategyType::as_str);
        Ok(PlacementStrategy { r#type: parsed(kind, "PlacementStrategy.type")?, field: wire.field })
    };
    let strategies = wire.placement_strategy.unwrap_or_default().into_iter();
    let launch = wire.launch_type.as_ref().map(WireLaunch::as_str);
    let tags = wire.tags.unwrap_or_default().into_iter();
    Ok(EcsTarget {
        task_definition_arn: Arn::new(wire.task_definition_arn),
        task_count: wire.task_count.map_or(1, positive),
        launch_type: launch.map(|launch| parsed(Some(launch), "LaunchType")).transpose()?,
        capacity_provider_strategy: BlockSet(providers.map(provider).collect()),
        platform_version: wire.platform_version,
        network_configuration: wire
            .network_configuration
            .and_then(|network| network.awsvpc_configuration)
            .map(vpc_network),
        group: wire.group,
        placement_constraint: BlockSet(constraints.map(constraint).collect::<Result<_>>()?),
        ordered_placement_strategy: strategies.map(strategy).collect::<Result<_>>()?,
        enable_ecs_managed_tags: wire.enable_ecs_managed_tags,
        enable_execute_command: wire.enable_execute_command,
        propagate_task_definition_tags: wire.propagate_tags == Some(WirePropagate::TaskDefinition),
        tags: tags.map(|tag| (tag.key, tag.value)).collect(),
    })
}

fn vpc_network(wire: AwsVpcConfiguration) -> ServiceNetwork {
    let groups = wire.security_groups.unwrap_or_default();
    ServiceNetwork {
        subnets: wire.subnets.into_iter().map(SubnetId::new).collect(),
        security_groups: groups.into_iter().map(SecurityGroupId::new).collect(),
        assign_public_ip: wire.assign_public_ip == Some(AssignPublicIp::Enabled),
    }
}
