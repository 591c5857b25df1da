//! A selection: what a plan backs up, by ARN, tag or condition. It cannot be changed.
//!
//! API: CreateBackupSelection, GetBackupSelection, ListBackupSelections, DeleteBackupSelection.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource};

use super::names::NAMES;
use super::{BackupPlanId, BackupSelectionId};
use crate::AnyArn;
use crate::iam::Role;
use crate::rules::Rules;

/// What a plan backs up.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_backup_selection", outputs = SelectionOutputs, validate = validate)]
pub struct Selection {
    /// Name, at most 50 characters.
    #[field(force_new)]
    pub name: String,
    /// Plan.
    #[field(force_new)]
    pub plan_id: BackupPlanId,
    /// Role that AWS Backup takes on.
    #[field(force_new)]
    pub iam_role_arn: Arn<Role>,
    /// ARNs, in which `*` stands for anything.
    #[field(force_new)]
    pub resources: BTreeSet<AnyArn>,
    /// ARNs that are left out, in which `*` stands for anything.
    #[field(force_new)]
    pub not_resources: BTreeSet<AnyArn>,
    /// Tags, one of which a resource has to have.
    #[field(force_new)]
    pub selection_tag: BlockSet<SelectionTag>,
    /// Conditions, all of which a resource has to meet.
    #[field(force_new)]
    pub condition: Option<SelectionCondition>,
}

/// A tag that a resource may have.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SelectionTag {
    /// How it is compared.
    #[field(default = SelectionTagType::StringEquals)]
    pub r#type: SelectionTagType,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// How a tag is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SelectionTagType {
    /// It is the same.
    #[choice("STRINGEQUALS")]
    StringEquals,
}

/// What a resource has to meet.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SelectionCondition {
    /// Tags that are the same.
    pub string_equals: BlockSet<SelectionParameter>,
    /// Tags that are not the same.
    pub string_not_equals: BlockSet<SelectionParameter>,
    /// Tags that fit a pattern.
    pub string_like: BlockSet<SelectionParameter>,
    /// Tags that do not fit a pattern.
    pub string_not_like: BlockSet<SelectionParameter>,
}

/// A tag in a condition.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SelectionParameter {
    /// Key, behind `aws:ResourceTag/`.
    pub key: String,
    /// Value, in which `*` stands for anything where it is a pattern.
    pub value: String,
}

/// What AWS assigns to a [`Selection`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SelectionOutputs {
    /// The plan's id and the selection's, with a `|` between.
    pub id: BackupSelectionId,
    /// The selection's id in its plan.
    pub selection_id: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    if !rules.has("resources") && !rules.has("selection_tag") && !rules.has("not_resources") {
        rules.missing(&["resources", "selection_tag", "not_resources"]);
    }
    // Source: AWS Backup API Reference, BackupSelection.
    let resources = rules.texts("resources").len();
    if resources > 500 {
        rules.refuse("resources", format!("must be at most 500, not {resources}"));
    }
    rules.blocks("condition", |rules| {
        for list in ["string_equals", "string_not_equals", "string_like", "string_not_like"] {
            rules.blocks(list, |rules| {
                if rules.text("key").is_some_and(|key| !key.starts_with("aws:ResourceTag/")) {
                    rules.refuse("key", "must begin with `aws:ResourceTag/`");
                }
            });
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_backup::types::{
        BackupSelection, Condition, ConditionParameter, ConditionType, Conditions,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::backup::common::{GONE, request_id};
    use crate::frame::error::incomplete;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "backup:CreateBackupSelection",
        "backup:DeleteBackupSelection",
        "backup:GetBackupSelection",
        "backup:ListBackupSelections",
    ];
    /// The operations, and handing over the role. Source: Service Authorization Reference, Backup.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);

    impl Handler for Selection {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "backup:CreateBackupSelection",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            // Roles and their policies that were made a moment ago.
            not_yet: &[
                ("InvalidParameterValueException", "cannot be assumed"),
                ("InvalidParameterValueException", "is not authorized to call"),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let selection = wire(want)?;
            let answer = aws
                .call(|| {
                    aws.backup()
                        .create_backup_selection()
                        .backup_plan_id(want.plan_id.as_str())
                        .backup_selection(selection.clone())
                        .creator_request_id(request_id(creating.token))
                        .send()
                })
                .await?;
            let id = answer.selection_id.ok_or_else(|| missing("SelectionId"))?;
            Ok(joined(want.plan_id.as_str(), &id))
        }

        /// The list of a plan's selections does not say what they select.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |known| async move { see(aws, &known.id).await.map(Some) }).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (plan, selection) = parts(id)?;
            aws.call(|| {
                let call = aws.backup().delete_backup_selection().backup_plan_id(plan);
                call.selection_id(selection).send()
            })
            .await
            .map(drop)
        }

        /// Selections of the plan that are just as wanted.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let plan = want.plan_id.as_str();
            let pages = aws
                .pages(
                    |token| {
                        let call = aws.backup().list_backup_selections().backup_plan_id(plan);
                        call.set_next_token(token).send()
                    },
                    |page| page.next_token(),
                )
                .await;
            let pages = absent(pages.map(Some), GONE)?.unwrap_or_default();
            let all =
                pages.into_iter().flat_map(|page| page.backup_selections_list.unwrap_or_default());
            let named = all.filter(|one| one.selection_name() == Some(want.name.as_str()));
            Ok(named.filter_map(|one| Some(joined(plan, &one.selection_id?))).collect())
        }
    }

    fn joined(plan: &str, selection: &str) -> String {
        format!("{plan}|{selection}")
    }

    fn parts(id: &str) -> Result<(&str, &str)> {
        id.split_once('|').ok_or_else(|| {
            let message = format!("`{id}` is not a plan's id and a selection's: `PLAN|SELECTION`");
            Failure::new(FailureClass::Invalid, message)
        })
    }

    fn wire(want: &Selection) -> Result<BackupSelection> {
        let tag = |tag: &SelectionTag| {
            Condition::builder()
                .condition_type(ConditionType::from(tag.r#type.as_str()))
                .condition_key(&tag.key)
                .condition_value(&tag.value)
                .build()
                .map_err(incomplete)
        };
        let tags = want.selection_tag.0.iter().map(tag).collect::<Result<Vec<_>>>()?;
        let texts = |arns: &BTreeSet<AnyArn>| {
            let all: Vec<_> = arns.iter().map(ToString::to_string).collect();
            Some(all).filter(|all| !all.is_empty())
        };
        BackupSelection::builder()
            .selection_name(&want.name)
            .iam_role_arn(want.iam_role_arn.as_str())
            .set_resources(texts(&want.resources))
            .set_not_resources(texts(&want.not_resources))
            .set_list_of_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .set_conditions(want.condition.as_ref().map(wire_conditions))
            .build()
            .map_err(incomplete)
    }

    fn wire_conditions(conditions: &SelectionCondition) -> Conditions {
        let parameters = |set: &BlockSet<SelectionParameter>| {
            let all = set.0.iter().map(|parameter| {
                let wire = ConditionParameter::builder().condition_key(&parameter.key);
                wire.condition_value(&parameter.value).build()
            });
            Some(all.collect::<Vec<_>>()).filter(|all| !all.is_empty())
        };
        Conditions::builder()
            .set_string_equals(parameters(&conditions.string_equals))
            .set_string_not_equals(parameters(&conditions.string_not_equals))
            .set_string_like(parameters(&conditions.string_like))
            .set_string_not_like(parameters(&conditions.string_not_like))
            .build()
    }

    /// The conditions of an answer; `None` where there are none.
    fn conditions(wire: Conditions) -> Option<SelectionCondition> {
        let parameters = |list: Option<Vec<ConditionParameter>>| {
            let all = list.unwrap_or_default().into_iter().map(|wire| SelectionParameter {
                key: wire.condition_key.unwrap_or_default(),
                value: wire.condition_value.unwrap_or_default(),
            });
            BlockSet(all.collect())
        };
        let seen = SelectionCondition {
            string_equals: parameters(wire.string_equals),
            string_not_equals: parameters(wire.string_not_equals),
            string_like: parameters(wire.string_like),
            string_not_like: parameters(wire.string_not_like),
        };
        let lists = [
            &seen.string_equals,
            &seen.string_not_equals,
            &seen.string_like,
            &seen.string_not_like,
        ];
        let any = lists.iter().any(|list| !list.0.is_empty());
        any.then_some(seen)
    }

    async fn see(aws: &Aws, id: &str) -> Result<Seen<Selection>> {
        let (plan, selection) = parts(id)?;
        let answer = aws
            .call(|| {
                let call = aws.backup().get_backup_selection().backup_plan_id(plan);
                call.selection_id(selection).send()
            })
            .await?;
        let wire = answer.backup_selection.ok_or_else(|| missing("BackupSelection"))?;
        let arns = |list: Option<Vec<String>>| {
            list.unwrap_or_default().into_iter().map(AnyArn::new).collect()
        };
        let tag = |wire: Condition| {
            Ok(SelectionTag {
                r#type: parsed(Some(wire.condition_type.as_str()), "ConditionType")?,
                key: wire.condition_key,
                value: wire.condition_value,
            })
        };
        let tags = wire.list_of_tags.unwrap_or_default().into_iter().map(tag);
        let inputs = Selection {
            name: wire.selection_name,
            plan_id: BackupPlanId::new(plan),
            iam_role_arn: Arn::new(wire.iam_role_arn),
            resources: arns(wire.resources),
            not_resources: arns(wire.not_resources),
            selection_tag: BlockSet(tags.collect::<Result<_>>()?),
            condition: wire.conditions.and_then(conditions),
        };
        let outputs =
            SelectionOutputs { id: BackupSelectionId::new(id), selection_id: selection.to_owned() };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_id_has_two_parts() {
            assert_eq!(parts(&joined("plan", "one")).ok(), Some(("plan", "one")));
            assert!(parts("one").is_err());
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_selection_selects_something() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(check(&[("resources", vec!["*"].into())]), [""; 0]);
        assert_eq!(check(&[]), ["resources"]);
        let parameter = |key: &str| {
            let parameter = Object::from([("key".to_owned(), Value::from(key))]);
            let list = Value::List(vec![Value::Map(parameter)]);
            ("condition", Value::Map(Object::from([("string_equals".to_owned(), list)])))
        };
        let all = ("resources", Value::from(vec!["*"]));
        assert_eq!(check(&[all.clone(), parameter("aws:ResourceTag/a")]), [""; 0]);
        assert_eq!(check(&[all, parameter("a")]), ["condition.string_equals[0].key"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Global, Output, Stack};

    use super::*;
    use crate::backup::{Plan, PlanRule, Vault};
    use crate::conformance::{Fixture, conforms};
    use crate::iam::fixtures::trust;

    type Around = (Output<BackupPlanId>, Output<Arn<Role>, Global>);

    fn around(stack: &mut Stack, name: &str) -> Around {
        let vault = stack.add("vault", Vault::new(format!("{name}-selected")));
        let plan = Plan::new(format!("{name}-plan"), [PlanRule::new("daily", vault.id())]);
        let plan = stack.add("plan", plan);
        let role = Role::new(trust("backup.amazonaws.com")).name(format!("{name}-backup"));
        (plan.id(), stack.add("role", role).arn())
    }

    conforms!(
        aws_backup_selection,
        Fixture {
            base: |stack, name| {
                let (plan, role) = around(stack, name);
                let key = SelectionParameter::new("aws:ResourceTag/env", "production");
                let selection = Selection::new("all", plan, role)
                    .resources([AnyArn::new("arn:aws:rds:*:*:db:*")])
                    .not_resources([AnyArn::new("arn:aws:rds:*:*:db:scratch")])
                    .selection_tag([SelectionTag::new("backup", "yes")])
                    .condition(SelectionCondition::new().string_equals([key]));
                stack.add("it", selection);
            },
            update: None,
            replace: Some(|stack, name| {
                let (plan, role) = around(stack, name);
                let selection = Selection::new("all", plan, role);
                stack.add("it", selection.selection_tag([SelectionTag::new("backup", "no")]));
            }),
            gaps: &[],
        }
    );
}
