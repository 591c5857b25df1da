//! A target of a target group: an instance, an address, a function, or another load balancer. What is
//! taken out still ends its connections for a while, and counts as gone.
//!
//! API: RegisterTargets, DescribeTargetHealth, DeregisterTargets.

use infra_sdk::input::ValidIn;
use infra_sdk::{
    Arn, DecodeError, Expr, FieldType, IntoInput, Kind, Output, Outputs, Resource, Scope, Value,
};

use super::TargetGroup;

/// A target of a target group.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lb_target_group_attachment", outputs = TargetGroupAttachmentOutputs)]
pub struct TargetGroupAttachment {
    /// The target group.
    #[field(force_new)]
    pub target_group_arn: Arn<TargetGroup>,
    /// The target: the id of an instance, an address, or an ARN, as the type of the group says.
    #[field(force_new)]
    pub target_id: TargetId,
    /// Port of the target; the group's by default. Not for functions.
    #[field(force_new, computed, range = 1..=65_535)]
    pub port: Option<u16>,
    /// Zone of an address; `all` where it is outside of the VPC.
    #[field(force_new, computed)]
    pub availability_zone: Option<String>,
}

/// What identifies a [`TargetGroupAttachment`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TargetGroupAttachmentOutputs {
    /// Target group, target, port and zone, as far as they were given: `arn,i-1,80`.
    pub id: String,
}

/// A target: the id of an instance, an address, or an ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetId(String);

impl TargetId {
    /// A target that this stack does not declare.
    #[must_use]
    pub fn new(target: impl Into<String>) -> Self {
        Self(target.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldType for TargetId {
    const KIND: Kind = <String as FieldType>::KIND;

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for TargetId {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<TargetId, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

impl<T, R: Scope> IntoInput<TargetId, R> for Arn<T> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

/// The ARN of a declared function or load balancer.
impl<T, R: Scope, S: Scope + ValidIn<R>> IntoInput<TargetId, R> for Output<Arn<T>, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

/// The address of something that is declared, or the text of the id of an instance.
impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<TargetId, R> for Output<String, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_elasticloadbalancingv2::types::{
        TargetDescription, TargetHealthDescription, TargetHealthReasonEnum,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:DescribeTargetHealth",
        "elasticloadbalancing:RegisterTargets",
    ];
    const GONE: &[&str] = &["TargetGroupNotFound"];

    impl Handler for TargetGroupAttachment {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "elasticloadbalancing:RegisterTargets",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[
                // An instance that was just started.
                ("InvalidTarget", "not in a running state"),
                // A permission of a function that was just given.
                ("AccessDenied", "permission to invoke"),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let key = Key::of(want);
            aws.call(|| {
                let call = aws.elbv2().register_targets().target_group_arn(&key.group);
                call.targets(key.target()).send()
            })
            .await?;
            Ok(key.id())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move {
                let key = Key::parse(&item.id)?;
                Ok(registered(aws, &key).await?.map(|target| {
                    let inputs = Self {
                        target_group_arn: Arn::new(&key.group),
                        target_id: TargetId::new(&key.target),
                        port: target.port.and_then(|port| u16::try_from(port).ok()),
                        availability_zone: target.availability_zone.or(key.zone),
                    };
                    Seen::new(inputs, TargetGroupAttachmentOutputs { id: item.id })
                }))
            })
            .await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let key = Key::parse(id)?;
            let deregister = || {
                let call = aws.elbv2().deregister_targets().target_group_arn(&key.group);
                call.targets(key.target()).send()
            };
            match aws.call(deregister).await {
                // What is not registered.
                Err(failure) if failure.code.as_deref() == Some("InvalidTarget") => Ok(()),
                other => other.map(drop),
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let key = Key::of(want);
            let found = absent(registered(aws, &key).await, GONE)?;
            Ok(found.map(|_| key.id()).into_iter().collect())
        }
    }

    /// What tells a target from the others.
    #[derive(Debug, PartialEq, Eq)]
    struct Key {
        group: String,
        target: String,
        port: Option<u16>,
        zone: Option<String>,
    }

    impl Key {
        fn of(want: &TargetGroupAttachment) -> Self {
            Self {
                group: want.target_group_arn.as_str().to_owned(),
                target: want.target_id.as_str().to_owned(),
                port: want.port,
                zone: want.availability_zone.clone(),
            }
        }

        fn id(&self) -> String {
            let port = self.port.map(|port| port.to_string()).unwrap_or_default();
            let zone = self.zone.as_deref().unwrap_or_default();
            let id = format!("{},{},{port},{zone}", self.group, self.target);
            id.trim_end_matches(',').to_owned()
        }

        fn parse(id: &str) -> Result<Self> {
            let wrong = || {
                let message = format!("`{id}` is not `TARGET_GROUP_ARN,TARGET[,PORT[,ZONE]]`");
                Failure::new(FailureClass::Invalid, message)
            };
            let parts: Vec<_> = id.split(',').collect();
            let (Some(group), Some(target)) = (parts.first(), parts.get(1)) else {
                return Err(wrong());
            };
            let given = |place: usize| parts.get(place).filter(|part| !part.is_empty());
            let port = given(2).map(|port| port.parse().map_err(|_| wrong())).transpose()?;
            if !group.starts_with("arn:") || target.is_empty() || parts.len() > 4 {
                return Err(wrong());
            }
            let zone = given(3).map(|zone| (*zone).to_owned());
            Ok(Self { group: (*group).to_owned(), target: (*target).to_owned(), port, zone })
        }

        fn target(&self) -> TargetDescription {
            TargetDescription::builder()
                .id(&self.target)
                .set_port(self.port.map(i32::from))
                .set_availability_zone(self.zone.clone())
                .build()
        }
    }

    /// The target as the group has it. The group's port is filled in by AWS.
    async fn registered(aws: &Aws, key: &Key) -> Result<Option<TargetDescription>> {
        let ask = || {
            let call = aws.elbv2().describe_target_health().target_group_arn(&key.group);
            call.targets(key.target()).send()
        };
        match aws.call(ask).await {
            // An instance that is gone.
            Err(failure) if failure.code.as_deref() == Some("InvalidTarget") => Ok(None),
            other => Ok(still_there(other?.target_health_descriptions.unwrap_or_default())),
        }
    }

    fn still_there(all: Vec<TargetHealthDescription>) -> Option<TargetDescription> {
        let out = [
            TargetHealthReasonEnum::NotRegistered,
            TargetHealthReasonEnum::DeregistrationInProgress,
        ];
        let one = all.into_iter().next()?;
        let reason = one.target_health.and_then(|health| health.reason);
        one.target.filter(|_| !reason.is_some_and(|reason| out.contains(&reason)))
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_elasticloadbalancingv2::types::TargetHealth;

        use super::*;

        #[test]
        fn ids_lead_back() {
            let key = |port, zone: Option<&str>| Key {
                group: "arn:aws:elasticloadbalancing:x:1:targetgroup/a/1".to_owned(),
                target: "10.0.0.4".to_owned(),
                port,
                zone: zone.map(str::to_owned),
            };
            for key in [key(None, None), key(Some(80), None), key(None, Some("all"))] {
                assert_eq!(Key::parse(&key.id()).ok(), Some(key));
            }
            for wrong in ["", "arn:a", "arn:a,", "a,b", "arn:a,b,x", "arn:a,b,1,c,d"] {
                assert!(Key::parse(wrong).is_err(), "{wrong}");
            }
        }

        #[test]
        fn what_is_being_taken_out_is_gone() {
            let health = |reason: Option<TargetHealthReasonEnum>| {
                let health = TargetHealth::builder().set_reason(reason).build();
                let target = TargetDescription::builder().id("i-1").port(80).build();
                let one = TargetHealthDescription::builder().target(target).target_health(health);
                still_there(vec![one.build()]).is_some()
            };
            assert!(health(None));
            assert!(health(Some(TargetHealthReasonEnum::FailedHealthChecks)));
            assert!(!health(Some(TargetHealthReasonEnum::DeregistrationInProgress)));
            assert!(!health(Some(TargetHealthReasonEnum::NotRegistered)));
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::Vpc;
    use crate::elbv2::{Protocol, TargetType};

    fn group(stack: &mut Stack, name: &str) -> Output<Arn<TargetGroup>> {
        let vpc = stack.add("vpc", Vpc::new("10.40.0.0/16".parse::<Ipv4Net>().expect("valid")));
        let group = TargetGroup::new().name(format!("{name}-fixed")).port(8000_u16);
        let group = group.protocol(Protocol::Http).vpc_id(vpc.id()).target_type(TargetType::Ip);
        stack.add("group", group).arn()
    }

    conforms!(
        aws_lb_target_group_attachment,
        Fixture {
            base: |stack, name| {
                let group = group(stack, name);
                stack.add("it", TargetGroupAttachment::new(group, "10.40.0.10"));
            },
            update: None,
            replace: Some(|stack, name| {
                let group = group(stack, name);
                stack.add("it", TargetGroupAttachment::new(group, "10.40.0.11").port(9000_u16));
            }),
            gaps: &[],
        }
    );
}
