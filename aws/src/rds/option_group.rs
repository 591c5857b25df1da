//! An option group: features of an engine that are added to it, such as Oracle's native network
//! encryption or MariaDB's audit plug-in. Its handler is in `option_group_handler`.
//!
//! API: CreateOptionGroup, DescribeOptionGroups, ModifyOptionGroup, DeleteOptionGroup,
//! ListTagsForResource, AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Object, Outputs, Resource, Tags, Value};

use super::OptionGroupName;
use super::rules::group_names;
use crate::ec2::SecurityGroupId;
use crate::rules::Rules;

/// Features that are added to an engine.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_db_option_group", outputs = OptionGroupOutputs, validate = validate)]
pub struct OptionGroup {
    /// Engine that the options are of: `mysql`, `oracle-ee`.
    #[field(force_new)]
    pub engine_name: String,
    /// Its major version: `8.0`, `19`.
    #[field(force_new)]
    pub major_engine_version: String,
    /// Name, unique in the region, at most 255 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<OptionGroupName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for.
    #[field(force_new, default = String::from("Managed by infra"))]
    pub option_group_description: String,
    /// Options. They are added, changed and removed at once.
    pub option: BlockSet<OptionGroupOption>,
    /// Leave the group where it is when the resource is destroyed.
    #[field(default = false, write_only)]
    pub skip_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// A feature that is added to an engine.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct OptionGroupOption {
    /// Name: `MARIADB_AUDIT_PLUGIN`.
    pub option_name: String,
    /// Settings. Those left out are as AWS has them by default.
    pub option_settings: BlockSet<OptionSetting>,
    /// Port, of options that have one.
    #[field(computed, range = 1..=65535)]
    pub port: Option<u32>,
    /// Version. Left out, AWS's choice.
    #[field(computed)]
    pub version: Option<String>,
    /// Security groups of the port.
    #[field(computed)]
    pub vpc_security_group_memberships: BTreeSet<SecurityGroupId>,
}

/// A setting of an option.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct OptionSetting {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// What AWS assigns to an [`OptionGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct OptionGroupOutputs {
    /// The group's name.
    pub id: OptionGroupName,
    /// The group's ARN.
    pub arn: Arn<OptionGroup>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    group_names(&mut rules);
    if rules.text("option_group_description").is_some_and(str::is_empty) {
        rules.refuse("option_group_description", "must not be empty");
    }
    let options = inputs.get("option").and_then(Value::as_list).unwrap_or_default();
    let names: Vec<_> =
        options.iter().filter_map(|o| o.as_map()?.get("option_name")?.as_str()).collect();
    let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
    if let Some((_, name)) = twice {
        rules.refuse("option", format!("`{name}` stands twice"));
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn an_option_stands_once() {
        let option =
            |name: &str| Value::Map(Object::from([("option_name".to_owned(), Value::from(name))]));
        let check = |names: &[&str]| {
            let list = Value::List(names.iter().map(|name| option(name)).collect());
            validate(&Object::from([("option".to_owned(), list)])).len()
        };
        assert_eq!(check(&["MEMCACHED", "MARIADB_AUDIT_PLUGIN"]), 0);
        assert_eq!(check(&["MEMCACHED", "MEMCACHED"]), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_db_option_group,
        Fixture {
            base: |stack, name| {
                let group = OptionGroup::new("mysql", "8.0").name(format!("{name}-og"));
                stack.add("it", group.option_group_description("options").tag("Name", name));
            },
            update: Some(|stack, name| {
                let group = OptionGroup::new("mysql", "8.0").name(format!("{name}-og"));
                let group = group.option_group_description("options");
                stack.add("it", group.tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                stack.add("it", OptionGroup::new("mysql", "5.7").name_prefix("other-"));
            }),
            gaps: &[],
        }
    );
}
