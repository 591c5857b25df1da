//! A DB cluster parameter group: what the engine's parameters are set to. Parameters are changed twenty
//! at a time.
//!
//! API: CreateDBClusterParameterGroup, DescribeDBClusterParameterGroups, ModifyDBClusterParameterGroup,
//! ResetDBClusterParameterGroup, DescribeDBClusterParameters, DeleteDBClusterParameterGroup, ListTagsForResource,
//! AddTagsToResource, RemoveTagsFromResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, BlockSet, Object, Outputs, Resource, Tags};

use super::parameters::once_each;
use super::rules::group_names;
use super::{ClusterParameterGroupName, Parameter};
use crate::rules::Rules;

/// What the parameters of the engine of a cluster are set to.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_rds_cluster_parameter_group", outputs = ClusterParameterGroupOutputs, validate = validate)]
pub struct ClusterParameterGroup {
    /// Engine and version that the parameters are of: `aurora-postgresql16`, `aurora-mysql8.0`.
    #[field(force_new)]
    pub family: String,
    /// Name, unique in the region, at most 255 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<ClusterParameterGroupName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for.
    #[field(force_new, default = String::from("Managed by infra"))]
    pub description: String,
    /// Parameters that are not as the engine has them by default.
    pub parameter: BlockSet<Parameter>,
    /// Leave the group where it is when the resource is destroyed.
    #[field(default = false, write_only)]
    pub skip_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`ClusterParameterGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ClusterParameterGroupOutputs {
    /// The group's name.
    pub id: ClusterParameterGroupName,
    /// The group's ARN.
    pub arn: Arn<ClusterParameterGroup>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    group_names(&mut rules);
    if rules.text("description").is_some_and(str::is_empty) {
        rules.refuse("description", "must not be empty");
    }
    once_each(&mut rules, inputs);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_rds::types::DbClusterParameterGroup as Wire;

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;
    use crate::rds::common::{arn_of, list_tags, retag, wire_tags};
    use crate::rds::parameters_handler::{self as parameters, Group};

    const OPERATIONS: &[&str] = &[
        "rds:AddTagsToResource",
        "rds:CreateDBClusterParameterGroup",
        "rds:DeleteDBClusterParameterGroup",
        "rds:DescribeDBClusterParameterGroups",
        "rds:DescribeDBClusterParameters",
        "rds:ListTagsForResource",
        "rds:ModifyDBClusterParameterGroup",
        "rds:RemoveTagsFromResource",
        "rds:ResetDBClusterParameterGroup",
    ];
    const GONE: &[&str] = &["DBParameterGroupNotFound"];

    impl Handler for ClusterParameterGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "rds:CreateDBClusterParameterGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["parameter"],
            naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
            gone: GONE,
            // A new group may not be ready to be changed. Source: RDS user guide, parameter groups.
            not_yet: &[("InvalidDBParameterGroupState", "")],
            // Databases that are being deleted hold their group for a while.
            lingering: &[("InvalidDBParameterGroupState", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.rds()
                        .create_db_cluster_parameter_group()
                        .set_db_cluster_parameter_group_name(
                            want.name.as_ref().map(ToString::to_string),
                        )
                        .db_parameter_group_family(&want.family)
                        .description(&want.description)
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let name = answer
                .db_cluster_parameter_group
                .and_then(|group| group.db_cluster_parameter_group_name);
            name.ok_or_else(|| missing("DBClusterParameterGroupName"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, known| see(aws, wire, known);
            let name = Wire::db_cluster_parameter_group_name;
            read_named(known, GONE, name, |name| list(aws, name), see).await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, _: &Changed) -> Result<()> {
            parameters::set(aws, Group::Cluster, id, &was.parameter.0, &want.parameter.0).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| {
                aws.rds()
                    .delete_db_cluster_parameter_group()
                    .db_cluster_parameter_group_name(id)
                    .send()
            })
            .await
            .map(drop)
        }

        fn is_kept(was: &Self) -> bool {
            was.skip_destroy
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(name) = &want.name else { return Ok(Vec::new()) };
            let found = absent(list(aws, Some(name.to_string())).await.map(Some), GONE)?;
            let mut ours = Vec::new();
            for group in found.unwrap_or_default() {
                let arn = group
                    .db_cluster_parameter_group_arn
                    .ok_or_else(|| missing("DBClusterParameterGroupArn"))?;
                if is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0) {
                    ours.extend(group.db_cluster_parameter_group_name);
                }
            }
            Ok(ours)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, &arn_of(aws, "cluster-pg", id).await?, change).await
        }
    }

    async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.rds().describe_db_cluster_parameter_groups().set_marker(marker);
                    call.set_db_cluster_parameter_group_name(name.clone()).send()
                },
                |page| page.marker(),
            )
            .await?;
        Ok(pages
            .into_iter()
            .flat_map(|page| page.db_cluster_parameter_groups.unwrap_or_default())
            .collect())
    }

    async fn see(aws: &Aws, group: Wire, known: Known) -> Result<Seen<ClusterParameterGroup>> {
        let name = group
            .db_cluster_parameter_group_name
            .ok_or_else(|| missing("DBClusterParameterGroupName"))?;
        let arn = group
            .db_cluster_parameter_group_arn
            .ok_or_else(|| missing("DBClusterParameterGroupArn"))?;
        let (parameter, tags) = futures_util::try_join!(
            parameters::read(aws, Group::Cluster, &name, &known.recorded),
            list_tags(aws, &arn),
        )?;
        let family = group.db_parameter_group_family;
        let inputs = ClusterParameterGroup {
            family: family.ok_or_else(|| missing("DBParameterGroupFamily"))?,
            name_prefix: prefix_of(&name),
            name: Some(ClusterParameterGroupName::new(&name)),
            description: group.description.unwrap_or_default(),
            parameter,
            skip_destroy: recorded_flag(&known.recorded, "skip_destroy").unwrap_or(false),
            tags,
        };
        let outputs = ClusterParameterGroupOutputs {
            id: ClusterParameterGroupName::new(name),
            arn: Arn::new(arn),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_parameter_stands_once() {
        let parameter = |name: &str| {
            Value::Map(Object::from([
                ("name".to_owned(), Value::from(name)),
                ("value".to_owned(), Value::from("1")),
            ]))
        };
        let check = |names: &[&str]| {
            let list = Value::List(names.iter().map(|name| parameter(name)).collect());
            validate(&Object::from([("parameter".to_owned(), list)])).len()
        };
        assert_eq!(check(&["work_mem", "max_connections"]), 0);
        assert_eq!(check(&["work_mem", "Work_Mem"]), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::rds::ApplyMethod;

    conforms!(
        aws_rds_cluster_parameter_group,
        Fixture {
            base: |stack, name| {
                let preload = Parameter::new("rds.logical_replication", "1");
                let group = ClusterParameterGroup::new("aurora-postgresql16")
                    .name(format!("{name}-pg"))
                    .description("parameters")
                    .parameter([
                        Parameter::new("log_statement", "ddl"),
                        preload.apply_method(ApplyMethod::PendingReboot),
                    ]);
                stack.add("it", group.tag("Name", name));
            },
            update: Some(|stack, name| {
                let statement = Parameter::new("log_statement", "all");
                let group = ClusterParameterGroup::new("aurora-postgresql16")
                    .name(format!("{name}-pg"))
                    .description("parameters")
                    .parameter([
                        Parameter::new("log_min_duration_statement", "1000"),
                        statement.apply_method(ApplyMethod::Immediate),
                    ]);
                stack.add("it", group.tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                stack.add(
                    "it",
                    ClusterParameterGroup::new("aurora-postgresql15").name_prefix("other-"),
                );
            }),
            gaps: &[],
        }
    );
}
