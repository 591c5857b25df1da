//! Who may use a topic. Compared by what it says. A topic always has a policy: deleting this one sets
//! the one that SNS gives to new topics.
//!
//! API: SetTopicAttributes, GetTopicAttributes.

use infra_sdk::{Arn, Outputs, Resource};

use super::Topic;
use crate::iam::PolicyJson;

/// Who may use a topic.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_sns_topic_policy", outputs = TopicPolicyOutputs)]
pub struct TopicPolicy {
    /// The topic.
    #[field(force_new)]
    pub arn: Arn<Topic>,
    /// The policy.
    pub policy: PolicyJson,
}

/// What identifies a [`TopicPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TopicPolicyOutputs {
    /// The topic's ARN.
    pub id: Arn<Topic>,
    /// The account that the topic is of.
    pub owner: String,
}

#[cfg(feature = "provider")]
mod handler {
    use serde_json::json;

    use super::*;
    use crate::prelude::*;
    use crate::sns::common::{GONE, NO_PRINCIPAL_YET, attributes, set};

    const OPERATIONS: &[&str] = &["sns:GetTopicAttributes", "sns:SetTopicAttributes"];

    impl Handler for TopicPolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "sns:SetTopicAttributes",
            operations: OPERATIONS,
            actions: OPERATIONS,
            vanishes: false,
            gone: GONE,
            not_yet: &[NO_PRINCIPAL_YET, ("ConcurrentAccess", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let arn = want.arn.as_str();
            set(aws, arn, "Policy", want.policy.as_str()).await?;
            Ok(arn.to_owned())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| see(aws, item)).await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            set(aws, id, "Policy", want.policy.as_str()).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            set(aws, id, "Policy", &default(id)).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let arn = want.arn.as_str();
            let found = absent(attributes(aws, arn).await.map(Some), GONE)?;
            Ok(found.map(|_| arn.to_owned()).into_iter().collect())
        }
    }

    /// The policy of a new topic: its account may do everything. Source: SNS developer guide, default
    /// access policy.
    fn default(arn: &str) -> String {
        let account = arn.split(':').nth(4).unwrap_or_default();
        let statement = json!({
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes",
                "SNS:SetTopicAttributes",
                "SNS:AddPermission",
                "SNS:RemovePermission",
                "SNS:DeleteTopic",
                "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic",
                "SNS:Publish",
            ],
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": account } },
        });
        let policy = json!({
            "Version": "2008-10-17",
            "Id": "__default_policy_ID",
            "Statement": [statement],
        });
        policy.to_string()
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<TopicPolicy>>> {
        let mut seen = attributes(aws, &item.id).await?;
        let inputs = TopicPolicy {
            arn: Arn::new(&item.id),
            policy: PolicyJson::new(seen.remove("Policy").ok_or_else(|| missing("Policy"))?),
        };
        let outputs = TopicPolicyOutputs {
            id: Arn::new(item.id),
            owner: seen.remove("Owner").ok_or_else(|| missing("Owner"))?,
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_policy_of_a_new_topic_is_for_its_account() {
            let policy = default("arn:aws:sns:us-west-2:123456789012:alarms");
            assert!(policy.contains(r#""AWS:SourceOwner":"123456789012""#), "{policy}");
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{PolicyDocument, Principal, Statement};

    fn policy(stack: &mut Stack, name: &str, of: &str, service: &str) {
        let one = stack.add("one", Topic::new().name(format!("{name}-shared")));
        let other = stack.add("other", Topic::new().name(format!("{name}-shared-too")));
        let topic = if of == "one" { one } else { other };
        let statement = Statement::allow().principal(Principal::service(service));
        let statement = statement.action("SNS:Publish").resource(topic.arn());
        stack.add("it", TopicPolicy::new(topic.arn(), PolicyDocument::new().statement(statement)));
    }

    conforms!(
        aws_sns_topic_policy,
        Fixture {
            base: |stack, name| policy(stack, name, "one", "cloudwatch.amazonaws.com"),
            update: Some(|stack, name| policy(stack, name, "one", "events.amazonaws.com")),
            replace: Some(|stack, name| policy(stack, name, "other", "events.amazonaws.com")),
            gaps: &[],
        }
    );
}
