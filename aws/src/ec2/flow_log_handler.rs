//! The AWS calls of [`FlowLog`].

use std::collections::HashMap;

use aws_sdk_ec2::types::{
    DestinationFileFormat, DestinationOptionsRequest, Filter, FlowLog as Wire,
    FlowLogsResourceType, LogDestinationType as WireDestinationType, ResourceType as Tagged,
    TrafficType as WireTrafficType,
};
use infra_sdk::{Arn, Seconds};

use super::common::{by_ids, by_owner, is_owned, refused, retag, tag_specification, tags_of};
use super::flow_log::{
    DestinationOptions, FileFormat, FlowLog, FlowLogOutputs, LogDestinationType,
};
use super::{
    FlowLogId, NatGatewayId, NetworkInterfaceId, SubnetId, TransitGatewayAttachmentId,
    TransitGatewayId, VpcId,
};
use crate::AnyArn;
use crate::frame::clients::Account;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "ec2:CreateFlowLogs",
    "ec2:CreateTags",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteTags",
    "ec2:DescribeFlowLogs",
];

impl Handler for FlowLog {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "ec2:CreateFlowLogs",
        operations: OPERATIONS,
        // Source: VPC user guide, publish flow logs: a delivery for buckets and streams, and
        // the role for log groups.
        actions: &[
            "ec2:CreateFlowLogs",
            "ec2:CreateTags",
            "ec2:DeleteFlowLogs",
            "ec2:DeleteTags",
            "ec2:DescribeFlowLogs",
            "iam:PassRole",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
        ],
        gone: &["InvalidFlowLogId.NotFound"],
        not_yet: &[
            // A fresh role. Source: VPC user guide, troubleshoot flow logs.
            ("InvalidParameter", "Unable to assume given IAM role"),
            ("InvalidVpcID.NotFound", ""),
            ("InvalidSubnetID.NotFound", ""),
            ("InvalidNetworkInterfaceID.NotFound", ""),
        ],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let (kind, id) = watched(want).ok_or_else(|| missing("ResourceId"))?;
        let interval = i32::try_from(want.max_aggregation_interval.0).ok();
        let traffic = want.traffic_type.map(|kind| WireTrafficType::from(kind.as_str()));
        let answer = aws
            .call(|| {
                aws.ec2()
                    .create_flow_logs()
                    .client_token(creating.token)
                    .resource_type(kind.clone())
                    .resource_ids(&id)
                    .set_traffic_type(traffic.clone())
                    .log_destination_type(WireDestinationType::from(
                        want.log_destination_type.as_str(),
                    ))
                    .log_destination(want.log_destination.as_str())
                    .set_deliver_logs_permission_arn(text(&want.iam_role_arn))
                    .set_deliver_cross_account_role(text(&want.deliver_cross_account_role))
                    .set_log_format(want.log_format.clone())
                    .set_max_aggregation_interval(interval)
                    .set_destination_options(want.destination_options.as_ref().map(options))
                    .set_tag_specifications(tag_specification(Tagged::VpcFlowLog, &want.tags))
                    .send()
            })
            .await?;
        refused(Self::CALLS.create, answer.unsuccessful)?;
        let id = answer.flow_log_ids.unwrap_or_default().pop();
        id.ok_or_else(|| missing("FlowLogIds"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, EC2_FILTER_VALUES, |chunk| async move {
            let found = list(aws, vec![by_ids("flow-log-id", &chunk)]).await?;
            let account = aws.account().await?;
            let seen = found.into_iter().map(|log| see(aws, account, log));
            seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                .collect::<Result<HashMap<_, _>>>()
        })
        .await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let answer = aws.call(|| aws.ec2().delete_flow_logs().flow_log_ids(id).send()).await?;
        refused("ec2:DeleteFlowLogs", answer.unsuccessful)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = list(aws, by_owner(&want.tags)).await?;
        let ours = found.into_iter().filter(|log| is_owned(&log.tags, &want.tags));
        Ok(ours.filter_map(|log| log.flow_log_id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_flow_logs().set_next_token(token);
                call.set_filter(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.flow_logs.unwrap_or_default()).collect())
}

fn watched(want: &FlowLog) -> Option<(FlowLogsResourceType, String)> {
    use FlowLogsResourceType as Type;
    let all = [
        (Type::Vpc, text(&want.vpc_id)),
        (Type::Subnet, text(&want.subnet_id)),
        (Type::NetworkInterface, text(&want.eni_id)),
        (Type::TransitGateway, text(&want.transit_gateway_id)),
        (Type::TransitGatewayAttachment, text(&want.transit_gateway_attachment_id)),
        (Type::RegionalNatGateway, text(&want.regional_nat_gateway_id)),
    ];
    all.into_iter().find_map(|(kind, id)| Some((kind, id?)))
}

fn options(options: &DestinationOptions) -> DestinationOptionsRequest {
    DestinationOptionsRequest::builder()
        .file_format(DestinationFileFormat::from(options.file_format.as_str()))
        .hive_compatible_partitions(options.hive_compatible_partitions)
        .per_hour_partition(options.per_hour_partition)
        .build()
}

fn see(aws: &Aws, account: &Account, log: Wire) -> Result<Seen<FlowLog>> {
    let id = log.flow_log_id.ok_or_else(|| missing("FlowLogId"))?;
    let watched = log.resource_id.ok_or_else(|| missing("ResourceId"))?;
    let is = |prefix: &str| watched.starts_with(prefix).then(|| watched.clone());
    let attachment = is("tgw-attach-");
    let gateway = is("tgw-").filter(|_| attachment.is_none());
    let traffic = log.traffic_type.filter(|_| is("tgw-").is_none());
    let interval = log.max_aggregation_interval.and_then(|number| u32::try_from(number).ok());
    let destination = log.log_destination.ok_or_else(|| missing("LogDestination"))?;
    let inputs = FlowLog {
        vpc_id: is("vpc-").map(VpcId::new),
        subnet_id: is("subnet-").map(SubnetId::new),
        eni_id: is("eni-").map(NetworkInterfaceId::new),
        transit_gateway_id: gateway.map(TransitGatewayId::new),
        transit_gateway_attachment_id: attachment.map(TransitGatewayAttachmentId::new),
        regional_nat_gateway_id: is("nat-").map(NatGatewayId::new),
        traffic_type: traffic.map(|kind| parsed(Some(kind.as_str()), "TrafficType")).transpose()?,
        log_destination_type: log
            .log_destination_type
            .map(|kind| parsed(Some(kind.as_str()), "LogDestinationType"))
            .transpose()?
            .unwrap_or(LogDestinationType::CloudWatchLogs),
        log_destination: AnyArn::new(destination),
        iam_role_arn: log.deliver_logs_permission_arn.map(Arn::new),
        deliver_cross_account_role: log.deliver_cross_account_role.map(Arn::new),
        log_format: log.log_format,
        max_aggregation_interval: Seconds(interval.unwrap_or(600)),
        destination_options: log
            .destination_options
            .map(|options| {
                Ok(DestinationOptions {
                    file_format: options
                        .file_format
                        .map(|format| parsed(Some(format.as_str()), "FileFormat"))
                        .transpose()?
                        .unwrap_or(FileFormat::PlainText),
                    hive_compatible_partitions: options.hive_compatible_partitions.unwrap_or(false),
                    per_hour_partition: options.per_hour_partition.unwrap_or(false),
                })
            })
            .transpose()?,
        tags: tags_of(log.tags),
    };
    let outputs = FlowLogOutputs {
        arn: aws.arn("ec2", &account.id, &format!("vpc-flow-log/{id}")),
        id: FlowLogId::new(id),
    };
    Ok(Seen::new(inputs, outputs))
}
