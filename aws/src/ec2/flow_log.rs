//! Records of the traffic of a VPC, a subnet, an interface or a transit gateway. Nothing but tags
//! is changed in place: AWS has no call that modifies a flow log. Its handler is in
//! `flow_log_handler`.
//!
//! API: CreateFlowLogs, DescribeFlowLogs, DeleteFlowLogs.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Choice, Object, Outputs, Resource, Seconds, Tags};

use super::{
    FlowLogId, NatGatewayId, NetworkInterfaceId, SubnetId, TransitGatewayAttachmentId,
    TransitGatewayId, VpcId,
};
use crate::AnyArn;
use crate::iam::Role;
use crate::rules::Rules;

/// Writes down which traffic went where.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_flow_log", outputs = FlowLogOutputs, validate = validate)]
pub struct FlowLog {
    /// What is watched: all interfaces of a VPC.
    #[field(force_new)]
    pub vpc_id: Option<VpcId>,
    /// What is watched: all interfaces of a subnet.
    #[field(force_new)]
    pub subnet_id: Option<SubnetId>,
    /// What is watched: one network interface.
    #[field(force_new)]
    pub eni_id: Option<NetworkInterfaceId>,
    /// What is watched: all attachments of a transit gateway.
    #[field(force_new)]
    pub transit_gateway_id: Option<TransitGatewayId>,
    /// What is watched: one attachment of a transit gateway.
    #[field(force_new)]
    pub transit_gateway_attachment_id: Option<TransitGatewayAttachmentId>,
    /// What is watched: a regional NAT gateway.
    #[field(force_new)]
    pub regional_nat_gateway_id: Option<NatGatewayId>,
    /// Which traffic is recorded. Needed for all but transit gateways, which record all.
    #[field(force_new)]
    pub traffic_type: Option<TrafficType>,
    /// What kind of destination the records go to.
    #[field(force_new, default = LogDestinationType::CloudWatchLogs)]
    pub log_destination_type: LogDestinationType,
    /// Where the records go: the ARN of a log group, of a bucket with or without a folder
    /// (`arn:aws:s3:::bucket/folder/`), or of a Firehose stream.
    #[field(force_new)]
    pub log_destination: AnyArn,
    /// Role that may write to the destination. Needed for log groups.
    #[field(force_new)]
    pub iam_role_arn: Option<Arn<Role>>,
    /// Role that may write to a destination in another account.
    #[field(force_new)]
    pub deliver_cross_account_role: Option<Arn<Role>>,
    /// Fields of a record in their order: `${srcaddr} ${dstaddr} ${action}`. AWS's format by default.
    #[field(force_new, computed)]
    pub log_format: Option<String>,
    /// Longest time that packets are counted into one record: 60 or 600 seconds.
    #[field(force_new, default = Seconds(600))]
    pub max_aggregation_interval: Seconds,
    /// How files in a bucket are written.
    #[field(force_new, computed)]
    pub destination_options: Option<DestinationOptions>,
    /// Tags.
    pub tags: Tags,
}

/// Which traffic is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TrafficType {
    /// What security groups and network ACLs let through.
    #[choice("ACCEPT")]
    Accept,
    /// What they refuse.
    #[choice("REJECT")]
    Reject,
    /// Both.
    #[choice("ALL")]
    All,
}

/// What kind of destination records go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogDestinationType {
    /// A log group.
    CloudWatchLogs,
    /// A bucket.
    #[choice("s3")]
    S3,
    /// A Firehose stream.
    KinesisDataFirehose,
}

/// How files in a bucket are written.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DestinationOptions {
    /// Format of the files.
    #[field(default = FileFormat::PlainText)]
    pub file_format: FileFormat,
    /// Name folders as Hive does, `year=2026/`.
    #[field(default = false)]
    pub hive_compatible_partitions: bool,
    /// A folder an hour instead of one a day.
    #[field(default = false)]
    pub per_hour_partition: bool,
}

/// Format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FileFormat {
    /// Text, a record a line.
    PlainText,
    /// Apache Parquet.
    Parquet,
}

/// What AWS assigns to a [`FlowLog`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct FlowLogOutputs {
    /// The flow log's id.
    pub id: FlowLogId,
    /// The flow log's ARN.
    pub arn: Arn<FlowLog>,
}

const WATCHED: &[&str] = &[
    "vpc_id",
    "subnet_id",
    "eni_id",
    "transit_gateway_id",
    "transit_gateway_attachment_id",
    "regional_nat_gateway_id",
];

/// Source: EC2 API Reference, CreateFlowLogs.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(WATCHED);
    let interval = rules.number("max_aggregation_interval");
    if rules.has("transit_gateway_id") || rules.has("transit_gateway_attachment_id") {
        rules.without(&["traffic_type"], "for a transit gateway");
        if interval.is_some_and(|seconds| seconds != 60) {
            rules.refuse("max_aggregation_interval", "must be 60 for a transit gateway");
        }
    } else {
        if !rules.has("traffic_type") {
            rules.refuse("traffic_type", "is missing: give `ACCEPT`, `REJECT` or `ALL`");
        }
        if let Some(seconds) = interval.filter(|seconds| ![60, 600].contains(seconds)) {
            rules.refuse("max_aggregation_interval", format!("must be 60 or 600, not {seconds}"));
        }
    }
    match rules.text("log_destination_type") {
        Some("s3") => {}
        Some("kinesis-data-firehose") => {
            rules.without(&["destination_options"], "without a bucket");
        }
        _ => {
            rules.without(&["destination_options"], "without a bucket");
            if !rules.has("iam_role_arn") {
                rules.refuse("iam_role_arn", "is missing: a log group is written to with a role");
            }
        }
    }
    if rules.text("log_destination").is_some_and(|arn| arn.ends_with(":*")) {
        rules.refuse("log_destination", "must be the ARN of the log group without `:*`");
    }
    rules.finish()
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Stack, Value};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::Vpc;
    use crate::ec2::vpc::VpcHandle;

    fn vpc(stack: &mut Stack) -> VpcHandle {
        stack.add("vpc", Vpc::new("10.0.0.0/16".parse::<Ipv4Net>().expect("a CIDR")))
    }

    fn log(vpc: &VpcHandle, name: &str) -> FlowLogArguments {
        let group = format!("arn:aws:logs:us-west-2:123456789012:log-group:{name}");
        FlowLog::new(AnyArn::new(group))
            .vpc_id(vpc.id())
            .traffic_type(TrafficType::All)
            .iam_role_arn(Arn::<Role>::new("arn:aws:iam::123456789012:role/flow-logs"))
            .log_format("${srcaddr} ${dstaddr} ${action}")
            .max_aggregation_interval(Seconds(60))
    }

    conforms!(
        aws_flow_log,
        Fixture {
            base: |stack, name| {
                let vpc = vpc(stack);
                stack.add("it", log(&vpc, name).tag("Name", name));
            },
            update: Some(|stack, name| {
                let vpc = vpc(stack);
                stack.add("it", log(&vpc, name).tag("Name", "other"));
            }),
            replace: Some(|stack, name| {
                let vpc = vpc(stack);
                stack.add("it", log(&vpc, name).traffic_type(TrafficType::Reject));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn what_is_watched_and_where_to_decide_what_else_is_needed() {
        let check = |given: &[(&str, Value)]| {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let problems = validate(&inputs.collect());
            problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let text = |text: &str| Value::from(text);
        let vpc = ("vpc_id", text("vpc-1"));
        let all = ("traffic_type", text("ALL"));
        let bucket = ("log_destination_type", text("s3"));
        let seconds = |seconds| ("max_aggregation_interval", Value::Int(seconds));
        assert_eq!(check(&[vpc.clone(), all.clone(), bucket.clone(), seconds(60)]), [""; 0]);
        assert_eq!(check(&[vpc.clone(), bucket.clone()]), ["traffic_type"]);
        assert_eq!(check(&[all.clone(), bucket.clone()]), ["vpc_id"]);
        assert_eq!(check(&[vpc.clone(), all.clone()]), ["iam_role_arn"]);
        assert_eq!(check(&[vpc, all, bucket.clone(), seconds(300)]), ["max_aggregation_interval"]);
        let gateway = ("transit_gateway_id", text("tgw-1"));
        assert_eq!(check(&[gateway, bucket, seconds(600)]), ["max_aggregation_interval"]);
    }
}
