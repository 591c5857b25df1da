//! What can scale: the three arguments by which every type of the service has it.

use crate::rules::{Rules, wrong_length};

/// Every scalable dimension, which begins with its service namespace. Source: Application Auto
/// Scaling API Reference, RegisterScalableTarget.
const DIMENSIONS: &[&str] = &[
    "appstream:fleet:DesiredCapacity",
    "cassandra:table:ReadCapacityUnits",
    "cassandra:table:WriteCapacityUnits",
    "comprehend:document-classifier-endpoint:DesiredInferenceUnits",
    "comprehend:entity-recognizer-endpoint:DesiredInferenceUnits",
    "custom-resource:ResourceType:Property",
    "dynamodb:index:ReadCapacityUnits",
    "dynamodb:index:WriteCapacityUnits",
    "dynamodb:table:ReadCapacityUnits",
    "dynamodb:table:WriteCapacityUnits",
    "ec2:spot-fleet-request:TargetCapacity",
    "ecs:service:DesiredCount",
    "elasticache:cache-cluster:Nodes",
    "elasticache:replication-group:NodeGroups",
    "elasticache:replication-group:Replicas",
    "elasticmapreduce:instancegroup:InstanceCount",
    "kafka:broker-storage:VolumeSize",
    "lambda:function:ProvisionedConcurrency",
    "neptune:cluster:ReadReplicaCount",
    "rds:cluster:ReadReplicaCount",
    "sagemaker:inference-component:DesiredCopyCount",
    "sagemaker:variant:DesiredInstanceCount",
    "sagemaker:variant:DesiredProvisionedConcurrency",
    "workspaces:workspacespool:DesiredUserSessions",
];

/// Rules for `service_namespace`, `scalable_dimension` and `resource_id`.
pub(super) fn check(rules: &mut Rules<'_>) {
    if let Some(dimension) = rules.text("scalable_dimension") {
        let namespace = rules.text("service_namespace");
        if !DIMENSIONS.contains(&dimension) {
            let all = DIMENSIONS.join(", ");
            rules.refuse("scalable_dimension", format!("must be one of {all}, not `{dimension}`"));
        } else if let Some(namespace) = namespace
            && dimension.split(':').next() != Some(namespace)
        {
            let message = format!("must be of the namespace `{namespace}`, not `{dimension}`");
            rules.refuse("scalable_dimension", message);
        }
    }
    if let Some(wrong) = rules.text("resource_id").and_then(|id| wrong_length(id, 1, 1600)) {
        rules.refuse("resource_id", wrong);
    }
}

/// What can scale, as an id has it: `ecs`, `service/main/api`, `ecs:service:DesiredCount`.
#[cfg(feature = "provider")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalable {
    pub(super) namespace: String,
    pub(super) resource: String,
    pub(super) dimension: String,
}

#[cfg(feature = "provider")]
impl Scalable {
    /// `namespace/resource/dimension`, which Terraform imports by.
    pub(super) fn id(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.resource, self.dimension)
    }

    /// Reads an id. Resources have slashes themselves; namespaces and dimensions have none.
    pub(super) fn parse(id: &str) -> crate::prelude::Result<Self> {
        use infra_sdk::provider::{Failure, FailureClass};
        let parts = id.split_once('/').and_then(|(namespace, rest)| {
            let (resource, dimension) = rest.rsplit_once('/')?;
            Some((namespace, resource, dimension))
        });
        let Some((namespace, resource, dimension)) = parts else {
            let message = format!("`{id}` is not `namespace/resource-id/scalable-dimension`");
            return Err(Failure::new(FailureClass::Invalid, message));
        };
        Ok(Self {
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            dimension: dimension.to_owned(),
        })
    }
}

/// Something with a name that belongs to what scales: a policy, a scheduled action.
#[cfg(feature = "provider")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) of: Scalable,
    pub(super) name: String,
}

#[cfg(feature = "provider")]
impl Named {
    /// `namespace/resource/dimension/name`, which Terraform imports by.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.of.id(), self.name)
    }

    /// Reads an id. The dimension is the part that begins with the namespace; resources and names
    /// may have slashes.
    pub(super) fn parse(id: &str) -> crate::prelude::Result<Self> {
        use infra_sdk::provider::{Failure, FailureClass};
        let parts = id.split_once('/').and_then(|(namespace, rest)| {
            let at = rest.find(&format!("/{namespace}:"))?;
            let (dimension, name) = rest[at + 1..].split_once('/')?;
            (!name.is_empty()).then_some((namespace, &rest[..at], dimension, name))
        });
        let Some((namespace, resource, dimension, name)) = parts else {
            let message = format!("`{id}` is not `namespace/resource-id/scalable-dimension/name`");
            return Err(Failure::new(FailureClass::Invalid, message));
        };
        let of = Scalable {
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            dimension: dimension.to_owned(),
        };
        Ok(Self { of, name: name.to_owned() })
    }
}

/// The names of what is read, by namespace: the lists of the service are of one namespace each.
#[cfg(feature = "provider")]
pub(super) fn by_namespace(
    known: &[crate::prelude::Known],
) -> crate::prelude::Result<std::collections::BTreeMap<String, Vec<String>>> {
    let mut asked = std::collections::BTreeMap::<String, Vec<String>>::new();
    for item in known {
        let item = Named::parse(&item.id)?;
        asked.entry(item.of.namespace).or_default().push(item.name);
    }
    for names in asked.values_mut() {
        names.sort();
        names.dedup();
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Object, Value};

    use super::*;

    #[test]
    fn dimensions_are_of_their_namespace() {
        let wrong = |namespace: &str, dimension: &str| -> Vec<String> {
            let inputs = Object::from([
                ("service_namespace".to_owned(), Value::from(namespace)),
                ("scalable_dimension".to_owned(), Value::from(dimension)),
            ]);
            let mut rules = Rules::new(&inputs);
            check(&mut rules);
            rules.finish().into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(wrong("ecs", "ecs:service:DesiredCount"), [""; 0]);
        assert_eq!(wrong("rds", "ecs:service:DesiredCount"), ["scalable_dimension"]);
        assert_eq!(wrong("ecs", "ecs:service:Count"), ["scalable_dimension"]);
    }

    #[cfg(feature = "provider")]
    #[test]
    fn ids_lead_back() {
        let id = "ecs/service/main/api/ecs:service:DesiredCount";
        let parsed = Scalable::parse(id).expect("an id");
        assert_eq!((parsed.resource.as_str(), parsed.id().as_str()), ("service/main/api", id));
        assert!(Scalable::parse("ecs/service").is_err());
    }

    #[cfg(feature = "provider")]
    #[test]
    fn ids_of_what_has_a_name_lead_back() {
        let id = "ecs/service/main/api/ecs:service:DesiredCount/cpu/memory";
        let parsed = Named::parse(id).expect("an id");
        assert_eq!(
            (parsed.of.resource.as_str(), parsed.name.as_str()),
            ("service/main/api", "cpu/memory")
        );
        assert_eq!(parsed.id(), id);
        assert!(Named::parse("ecs/service/main/api/ecs:service:DesiredCount").is_err());
        assert!(Named::parse("ecs/service/main/api/ecs:service:DesiredCount/").is_err());
    }
}
