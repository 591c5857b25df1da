//! An instance of an Aurora cluster. The first one is the writer. Slow: it takes minutes.
//!
//! API: CreateDBInstance, DescribeDBInstances, DescribeDBClusters, ModifyDBInstance,
//! DeleteDBInstance, AddTagsToResource, RemoveTagsFromResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Days, Object, Outputs, Resource, Seconds, Tags};

use super::rules::{identifiers, insights, monitoring, windows};
use super::{
    BackupWindow, ClusterEngine, ClusterIdentifier, InstanceIdentifier, MaintenanceWindow,
    ParameterGroupName, SubnetGroupName,
};
use crate::iam::Role;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// A database server of a cluster.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_rds_cluster_instance", outputs = ClusterInstanceOutputs, validate = validate)]
pub struct ClusterInstance {
    /// The cluster.
    #[field(force_new)]
    pub cluster_identifier: ClusterIdentifier,
    /// The cluster's engine.
    #[field(force_new)]
    pub engine: ClusterEngine,
    /// Size of the machine: `db.r6g.large`, `db.serverless`.
    pub instance_class: String,
    /// Make changes at once and not in the next maintenance window; some restart the database.
    #[field(default = false, write_only)]
    pub apply_immediately: bool,
    /// Let AWS upgrade the minor version in the maintenance window.
    #[field(default = true)]
    pub auto_minor_version_upgrade: bool,
    /// Availability zone. Left out, AWS's choice.
    #[field(force_new, computed)]
    pub availability_zone: Option<String>,
    /// Certificate authority of the server's certificate: `rds-ca-rsa2048-g1`.
    #[field(computed)]
    pub ca_cert_identifier: Option<String>,
    /// Give snapshots the instance's tags. Aurora takes the cluster's setting.
    #[field(default = false)]
    pub copy_tags_to_snapshot: bool,
    /// Parameter group. Left out, the engine's default.
    #[field(computed)]
    pub db_parameter_group_name: Option<ParameterGroupName>,
    /// Subnets that it may be in: those of the cluster.
    #[field(force_new, computed)]
    pub db_subnet_group_name: Option<SubnetGroupName>,
    /// Version, which is the cluster's: it is changed there.
    #[field(computed)]
    pub engine_version: Option<String>,
    /// Name, unique in the region, at most 63 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub identifier: Option<InstanceIdentifier>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub identifier_prefix: Option<String>,
    /// Seconds between measurements of Enhanced Monitoring: 1, 5, 10, 15, 30, 60; 0 makes none.
    #[field(computed)]
    pub monitoring_interval: Option<Seconds>,
    /// Role that sends the measurements to CloudWatch Logs.
    #[field(computed)]
    pub monitoring_role_arn: Option<Arn<Role>>,
    /// Collect what the load of the database is made of. Left out, as the cluster says.
    #[field(computed)]
    pub performance_insights_enabled: Option<bool>,
    /// Key that encrypts what Performance Insights collects. Left out, AWS's own.
    #[field(computed)]
    pub performance_insights_kms_key_id: Option<KeyRef>,
    /// How long that is kept, in days: 7, 731, or 31 times a number of months.
    #[field(computed)]
    pub performance_insights_retention_period: Option<Days>,
    /// When automated backups are made, in UTC, which is the cluster's.
    #[field(computed)]
    pub preferred_backup_window: Option<BackupWindow>,
    /// When maintenance may be done, in UTC. Left out, AWS's choice.
    #[field(computed)]
    pub preferred_maintenance_window: Option<MaintenanceWindow>,
    /// Who becomes the writer when the writer fails: the lowest first.
    #[field(default = 0_u32, range = 0..=15)]
    pub promotion_tier: u32,
    /// Give it an address that is reached from the internet. Left out, AWS's choice.
    #[field(computed)]
    pub publicly_accessible: Option<bool>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`ClusterInstance`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ClusterInstanceOutputs {
    /// The instance's identifier.
    pub id: InstanceIdentifier,
    /// ARN.
    pub arn: Arn<ClusterInstance>,
    /// Resource id.
    pub dbi_resource_id: String,
    /// Host name.
    pub endpoint: Option<String>,
    /// Port.
    pub port: Option<u32>,
    /// Version that runs.
    pub engine_version_actual: String,
    /// Whether it is the writer.
    pub writer: bool,
    /// `available`, or what it is busy with.
    pub status: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    identifiers(&mut rules, "identifier", "identifier_prefix");
    if !rules.text("instance_class").unwrap_or("db.").starts_with("db.") {
        rules.refuse("instance_class", "must start with `db.`, such as `db.r6g.large`");
    }
    if rules.text("engine").is_some_and(|engine| !engine.starts_with("aurora")) {
        rules.refuse("engine", "must be of Aurora: RDS makes the instances of a Multi-AZ cluster");
    }
    monitoring(&mut rules);
    if rules.has("performance_insights_enabled") {
        insights(&mut rules);
    }
    windows(&mut rules, "preferred_backup_window", "preferred_maintenance_window");
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn instances_are_of_aurora() {
        let check = |engine: &str, class: &str| {
            let inputs = Object::from([
                ("engine".to_owned(), Value::from(engine)),
                ("instance_class".to_owned(), Value::from(class)),
            ]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        assert_eq!(check("aurora-mysql", "db.serverless"), [""; 0]);
        assert_eq!(check("mysql", "db.r6g.large"), ["engine"]);
        assert_eq!(check("aurora-mysql", "r6g.large"), ["instance_class"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::rds::subnet_group::tests::subnets;
    use crate::rds::{Cluster, SubnetGroup};

    fn instance(stack: &mut Stack, name: &str, class: &str) -> ClusterInstanceArguments {
        let [a, b, _] = subnets(stack);
        let group = stack.add("group", SubnetGroup::new([a, b]).name(format!("{name}-member")));
        let cluster = Cluster::new(ClusterEngine::AuroraPostgreSql)
            .cluster_identifier(format!("{name}-member"))
            .master_username("app")
            .master_password("correct horse battery")
            .db_subnet_group_name(group.id())
            .skip_final_snapshot(true);
        let cluster = stack.add("cluster", cluster);
        let engine = ClusterEngine::AuroraPostgreSql;
        ClusterInstance::new(cluster.id(), engine, class).apply_immediately(true)
    }

    conforms!(
        aws_rds_cluster_instance,
        Fixture {
            base: |stack, name| {
                let it =
                    instance(stack, name, "db.r6g.large").identifier(format!("{name}-member-1"));
                stack.add("it", it.promotion_tier(1_u32).tag("Name", name));
            },
            update: Some(|stack, name| {
                let it = instance(stack, name, "db.r6g.xlarge");
                let it = it.identifier(format!("{name}-member-1")).promotion_tier(1_u32);
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let it =
                    instance(stack, name, "db.r6g.large").identifier(format!("{name}-member-2"));
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
