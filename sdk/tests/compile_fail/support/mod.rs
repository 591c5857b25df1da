//! A few definitions for the mistakes to be made with.

#![allow(dead_code, reason = "no mistake uses all of them")]

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::{Arn, Block, Choice, Days, Outputs, Resource, Seconds, Tags};

infra_sdk::id_types! {
    /// Identifies a VPC.
    VpcId("VPC id", "vpc-");
    /// Identifies a subnet.
    SubnetId("subnet id", "subnet-");
    /// Identifies a queue.
    QueueId("queue URL", "https://");
    /// Identifies a role.
    RoleId("role name", "");
}

infra_sdk::region! {
    /// Where backups go.
    pub Recovery
}

/// A virtual private cloud.
#[derive(Resource)]
#[resource(type = "aws_vpc", outputs = VpcOutputs)]
pub struct Vpc {
    /// IPv4 range.
    pub cidr_block: Ipv4Net,
    /// Whether instances have their hardware to themselves.
    pub instance_tenancy: Option<Tenancy>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a VPC.
#[derive(Outputs)]
pub struct VpcOutputs {
    /// Its id.
    pub id: VpcId,
    /// Its ARN.
    pub arn: Arn<Vpc>,
}

/// Whether instances have their hardware to themselves.
#[derive(Choice)]
pub enum Tenancy {
    /// No.
    Default,
    /// Yes.
    Dedicated,
}

/// A subnet.
#[derive(Resource)]
#[resource(type = "aws_subnet", outputs = SubnetOutputs)]
pub struct Subnet {
    /// The VPC.
    pub vpc_id: VpcId,
    /// IPv4 range.
    pub cidr_block: Ipv4Net,
}

/// What AWS assigns to a subnet.
#[derive(Outputs)]
pub struct SubnetOutputs {
    /// Its id.
    pub id: SubnetId,
}

/// A queue.
#[derive(Resource)]
#[resource(type = "aws_sqs_queue", outputs = QueueOutputs)]
pub struct Queue {
    /// How long a message stays hidden.
    #[field(default = Seconds(30))]
    pub visibility_timeout: Seconds,
    /// How many messages may be on their way.
    #[field(default = 10)]
    pub limit: u32,
    /// Who may read it.
    pub reader: Option<Arn<Role>>,
    /// What happens to old messages.
    pub rule: Vec<Rule>,
}

/// What AWS assigns to a queue.
#[derive(Outputs)]
pub struct QueueOutputs {
    /// Its URL.
    pub id: QueueId,
}

/// What happens to old messages.
#[derive(Block)]
pub struct Rule {
    /// Days after which a message is removed.
    pub expire_after: Days,
}

/// A role.
#[derive(Resource)]
#[resource(type = "aws_iam_role", outputs = RoleOutputs, global)]
pub struct Role {
    /// Its name.
    pub name: String,
}

/// What AWS assigns to a role.
#[derive(Outputs)]
pub struct RoleOutputs {
    /// Its name.
    pub id: RoleId,
    /// Its ARN.
    pub arn: Arn<Role>,
}
