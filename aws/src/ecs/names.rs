//! Names of ECS objects, each a type of its own, and references to clusters.

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{
    Arn, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value,
};

use super::{Cluster, TaskDefinition};
use crate::iam::names::text_types;
use crate::rules::NameRule;

/// Source: ECS API Reference, CreateCluster, CreateService, RegisterTaskDefinition.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii_alphanumeric() || "-_".contains(c),
    characters: "letters, digits, hyphens and underscores",
};

text_types! {
    /// Names a cluster.
    ClusterName(CLUSTER = name("cluster name"));
    /// Names a service.
    ServiceName(SERVICE = name("service name"));
    /// Names a family of task definitions.
    FamilyName(FAMILY = name("task definition family"));
    /// Names a capacity provider: `FARGATE`, `FARGATE_SPOT`, or one of the account.
    CapacityProviderName(CAPACITY_PROVIDER = name("capacity provider name"));
    /// A cluster by name or ARN, which mean the same.
    ClusterRef(CLUSTER_REF = Text {
        name: "cluster name or ARN",
        check: |text| NAMES.check(cluster_of(text)),
        canonical: |text| cluster_of(text).to_owned(),
    });
    /// A task definition: the ARN of a revision, `family:revision`, or `family` for the newest.
    TaskDefinitionRef(TASK_DEFINITION_REF = Text {
        name: "task definition",
        check: |text| NAMES.check(revision_of(text).0),
        canonical: |text| task_definition_of(text).to_owned(),
    });
}

const fn name(of: &'static str) -> Text {
    Text { name: of, check: |text| NAMES.check(text), canonical: as_written }
}

/// The name of a cluster that is given by name or ARN.
pub(super) fn cluster_of(text: &str) -> &str {
    match text.split_once(":cluster/") {
        Some((start, name)) if start.starts_with("arn:") => name,
        _ => text,
    }
}

/// `family:revision` of what is given so or by ARN.
fn task_definition_of(text: &str) -> &str {
    match text.split_once(":task-definition/") {
        Some((start, name)) if start.starts_with("arn:") => name,
        _ => text,
    }
}

/// Family and revision of a task definition, which may have none.
pub(super) fn revision_of(text: &str) -> (&str, Option<u32>) {
    let name = task_definition_of(text);
    match name.split_once(':').map(|(family, number)| (family, number.parse())) {
        Some((family, Ok(number))) => (family, Some(number)),
        _ => (name, None),
    }
}

impl<R: Scope> IntoInput<TaskDefinitionRef, R> for Arn<TaskDefinition> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope, S: Scope + infra_sdk::input::ValidIn<R>> IntoInput<TaskDefinitionRef, R>
    for Output<Arn<TaskDefinition>, S>
{
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl<R: Scope> IntoInput<ClusterRef, R> for Arn<Cluster> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope, S: Scope + infra_sdk::input::ValidIn<R>> IntoInput<ClusterRef, R>
    for Output<Arn<Cluster>, S>
{
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl<R: Scope, S: Scope + infra_sdk::input::ValidIn<R>> IntoInput<ClusterRef, R>
    for Output<ClusterName, S>
{
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_the_same_by_name_and_by_arn() {
        let arn = "arn:aws:ecs:us-west-2:123456789012:cluster/web";
        assert!(ClusterRef::KIND.same(&Value::from(arn), &Value::from("web")));
        assert!(!ClusterRef::KIND.same(&Value::from(arn), &Value::from("other")));
        for wrong in ["", "a/b", "arn:aws:ecs:us-west-2:123456789012:service/web"] {
            let mut problems = Vec::new();
            ClusterRef::KIND.check("cluster", &Value::from(wrong), &mut problems);
            assert_eq!(problems.len(), 1, "{wrong}");
        }
    }
}
