//! Services as ECS takes them.

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, DeploymentAlarms as WireAlarms,
    DeploymentCircuitBreaker as WireBreaker, DeploymentConfiguration, LoadBalancer,
    NetworkConfiguration, PlacementConstraint, PlacementConstraintType, PlacementStrategy,
    PlacementStrategyType, ServiceConnectClientAlias, ServiceConnectConfiguration,
    ServiceConnectService as WireConnected, ServiceRegistry, TimeoutConfiguration,
};

use super::common::wire_number;
use super::container_write::log;
use super::service::{Service, ServiceConnectService};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// Where tasks are connected.
pub(super) fn network(want: &Service) -> Result<Option<NetworkConfiguration>> {
    let Some(network) = &want.network_configuration else { return Ok(None) };
    let groups: Vec<_> = network.security_groups.iter().map(ToString::to_string).collect();
    let public =
        if network.assign_public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let inside = AwsVpcConfiguration::builder()
        .set_subnets(Some(network.subnets.iter().map(ToString::to_string).collect()))
        .set_security_groups((!groups.is_empty()).then_some(groups))
        .assign_public_ip(public)
        .build()
        .map_err(incomplete)?;
    Ok(Some(NetworkConfiguration::builder().awsvpc_configuration(inside).build()))
}

/// How deployments go.
pub(super) fn deployment(want: &Service) -> Result<DeploymentConfiguration> {
    let breaker = &want.deployment_circuit_breaker;
    let breaker = WireBreaker::builder().enable(breaker.enable).rollback(breaker.rollback).build();
    let alarms = match &want.alarms {
        Some(alarms) => WireAlarms::builder()
            .set_alarm_names(Some(alarms.alarm_names.iter().cloned().collect()))
            .enable(alarms.enable)
            .rollback(alarms.rollback),
        None => WireAlarms::builder().set_alarm_names(Some(vec![])).enable(false).rollback(false),
    };
    Ok(DeploymentConfiguration::builder()
        .set_maximum_percent(want.deployment_maximum_percent.map(wire_number))
        .set_minimum_healthy_percent(want.deployment_minimum_healthy_percent.map(wire_number))
        .deployment_circuit_breaker(breaker)
        .alarms(alarms.build().map_err(incomplete)?)
        .build())
}

/// Target groups.
pub(super) fn load_balancers(want: &Service) -> Vec<LoadBalancer> {
    let target = |target: &super::service::ServiceLoadBalancer| {
        LoadBalancer::builder()
            .target_group_arn(target.target_group_arn.as_str())
            .container_name(&target.container_name)
            .container_port(wire_number(target.container_port))
            .build()
    };
    want.load_balancer.0.iter().map(target).collect()
}

/// Cloud Map.
pub(super) fn registries(want: &Service) -> Vec<ServiceRegistry> {
    let registry = |registry: &super::service::ServiceRegistry| {
        ServiceRegistry::builder()
            .registry_arn(registry.registry_arn.as_str())
            .set_port(registry.port.map(wire_number))
            .set_container_name(registry.container_name.clone())
            .set_container_port(registry.container_port.map(wire_number))
            .build()
    };
    want.service_registries.iter().map(registry).collect()
}

/// Service Connect; off where nothing is said.
pub(super) fn connect(want: &Service) -> Result<ServiceConnectConfiguration> {
    let Some(connect) = &want.service_connect_configuration else {
        return Ok(ServiceConnectConfiguration::builder().enabled(false).build());
    };
    let services = connect.service.iter().map(connected).collect::<Result<Vec<_>>>()?;
    Ok(ServiceConnectConfiguration::builder()
        .enabled(connect.enabled)
        .set_namespace(connect.namespace.as_ref().map(ToString::to_string))
        .set_log_configuration(connect.log_configuration.as_ref().map(log).transpose()?)
        .set_services(Some(services))
        .build())
}

fn connected(want: &ServiceConnectService) -> Result<WireConnected> {
    let alias = |port: u32| {
        ServiceConnectClientAlias::builder()
            .port(wire_number(port))
            .set_dns_name(want.dns_name.clone())
            .build()
            .map_err(incomplete)
    };
    let alias = want.port.map(alias).transpose()?;
    let (idle, request) = (want.idle_timeout_seconds, want.per_request_timeout_seconds);
    let timeout = (idle.is_some() || request.is_some()).then(|| {
        TimeoutConfiguration::builder()
            .set_idle_timeout_seconds(idle.map(wire_number))
            .set_per_request_timeout_seconds(request.map(wire_number))
            .build()
    });
    WireConnected::builder()
        .port_name(&want.port_name)
        .set_discovery_name(want.discovery_name.clone())
        .set_ingress_port_override(want.ingress_port_override.map(wire_number))
        .set_client_aliases(alias.map(|alias| vec![alias]))
        .set_timeout(timeout)
        .build()
        .map_err(incomplete)
}

/// On which container instances tasks may be placed.
pub(super) fn placement_constraints(want: &Service) -> Vec<PlacementConstraint> {
    let constraint = |constraint: &super::service::ServicePlacementConstraint| {
        PlacementConstraint::builder()
            .r#type(PlacementConstraintType::from(constraint.r#type.as_str()))
            .set_expression(constraint.expression.clone())
            .build()
    };
    want.placement_constraints.0.iter().map(constraint).collect()
}

/// By what container instances are chosen.
pub(super) fn placement_strategy(want: &Service) -> Vec<PlacementStrategy> {
    let strategy = |strategy: &super::service::PlacementStrategy| {
        PlacementStrategy::builder()
            .r#type(PlacementStrategyType::from(strategy.r#type.as_str()))
            .set_field(strategy.field.clone())
            .build()
    };
    want.ordered_placement_strategy.iter().map(strategy).collect()
}
