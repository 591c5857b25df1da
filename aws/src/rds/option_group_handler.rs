//! The AWS calls of [`OptionGroup`].

use std::collections::BTreeSet;

use aws_sdk_rds::types::{
    Option as WireOption, OptionConfiguration, OptionGroup as Wire, OptionSetting as WireSetting,
};
use infra_sdk::{Arn, BlockSet, FieldType as _, Object};

use super::OptionGroupName;
use super::common::{arn_of, filled, list_tags, retag, wire_tags};
use super::option_group::{OptionGroup, OptionGroupOption, OptionGroupOutputs, OptionSetting};
use crate::ec2::SecurityGroupId;
use crate::frame::names::prefix_of;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "rds:AddTagsToResource",
    "rds:CreateOptionGroup",
    "rds:DeleteOptionGroup",
    "rds:DescribeOptionGroups",
    "rds:ListTagsForResource",
    "rds:ModifyOptionGroup",
    "rds:RemoveTagsFromResource",
];
/// Options may name a role, which RDS takes on.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);
const GONE: &[&str] = &["OptionGroupNotFoundFault"];

impl Handler for OptionGroup {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        create: "rds:CreateOptionGroup",
        operations: OPERATIONS,
        actions: ACTIONS,
        after_create: &["option"],
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        gone: GONE,
        // A role that an option names may have been made a moment ago.
        not_yet: &[
            ("InvalidParameterValue", "IAM role ARN value is invalid or does not include"),
            ("InvalidOptionGroupStateFault", ""),
        ],
        // Databases that are being deleted hold their group for a while.
        lingering: &[("InvalidOptionGroupStateFault", "")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let answer = aws
            .call(|| {
                aws.rds()
                    .create_option_group()
                    .set_option_group_name(want.name.as_ref().map(ToString::to_string))
                    .engine_name(&want.engine_name)
                    .major_engine_version(&want.major_engine_version)
                    .option_group_description(&want.option_group_description)
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let name = answer.option_group.and_then(|group| group.option_group_name);
        name.ok_or_else(|| missing("OptionGroupName"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let see = |wire, known| see(aws, wire, known);
        read_named(known, GONE, Wire::option_group_name, |name| list(aws, name), see).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, _: &Changed) -> Result<()> {
        let include: Vec<_> = want
            .option
            .0
            .iter()
            .filter(|option| !was.option.0.contains(option))
            .map(|option| configuration(option, was))
            .collect();
        let names: BTreeSet<_> = want.option.0.iter().map(|option| &option.option_name).collect();
        let remove: Vec<_> = was
            .option
            .0
            .iter()
            .map(|option| &option.option_name)
            .filter(|name| !names.contains(name))
            .cloned()
            .collect();
        if include.is_empty() && remove.is_empty() {
            return Ok(());
        }
        aws.call(|| {
            aws.rds()
                .modify_option_group()
                .option_group_name(id)
                .set_options_to_include((!include.is_empty()).then(|| include.clone()))
                .set_options_to_remove((!remove.is_empty()).then(|| remove.clone()))
                .apply_immediately(true)
                .send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.rds().delete_option_group().option_group_name(id).send()).await.map(drop)
    }

    fn is_kept(was: &Self) -> bool {
        was.skip_destroy
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(name) = &want.name else { return Ok(Vec::new()) };
        let found = absent(list(aws, Some(name.to_string())).await.map(Some), GONE)?;
        let mut ours = Vec::new();
        for group in found.unwrap_or_default() {
            let arn = group.option_group_arn.ok_or_else(|| missing("OptionGroupArn"))?;
            if is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0) {
                ours.extend(group.option_group_name);
            }
        }
        Ok(ours)
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, &arn_of(aws, "og", id).await?, change).await
    }
}

/// An option as it is to be. A setting that was taken back is set to its default by leaving it out
/// of an option that is included anew; RDS keeps others. Source: RDS API Reference,
/// ModifyOptionGroup.
fn configuration(option: &OptionGroupOption, was: &OptionGroup) -> OptionConfiguration {
    let before = was.option.0.iter().find(|other| other.option_name == option.option_name);
    let settings: Vec<_> = option
        .option_settings
        .0
        .iter()
        .filter(|setting| before.is_none_or(|b| !b.option_settings.0.contains(setting)))
        .map(|setting| WireSetting::builder().name(&setting.name).value(&setting.value).build())
        .collect();
    let groups: Vec<_> =
        option.vpc_security_group_memberships.iter().map(ToString::to_string).collect();
    OptionConfiguration::builder()
        .option_name(&option.option_name)
        .set_port(option.port.map(number))
        .set_option_version(option.version.clone())
        .set_vpc_security_group_memberships((!groups.is_empty()).then_some(groups))
        .set_option_settings((!settings.is_empty()).then_some(settings))
        .build()
}

async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.rds().describe_option_groups().set_marker(marker);
                call.set_option_group_name(name.clone()).send()
            },
            |page| page.marker(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.option_groups_list.unwrap_or_default()).collect())
}

async fn see(aws: &Aws, group: Wire, known: Known) -> Result<Seen<OptionGroup>> {
    let name = group.option_group_name.ok_or_else(|| missing("OptionGroupName"))?;
    let arn = group.option_group_arn.ok_or_else(|| missing("OptionGroupArn"))?;
    let recorded = options(&known.recorded);
    let seen = group.options.unwrap_or_default().into_iter();
    let inputs = OptionGroup {
        engine_name: group.engine_name.ok_or_else(|| missing("EngineName"))?,
        major_engine_version: group
            .major_engine_version
            .ok_or_else(|| missing("MajorEngineVersion"))?,
        name_prefix: prefix_of(&name),
        name: Some(OptionGroupName::new(&name)),
        option_group_description: group.option_group_description.unwrap_or_default(),
        option: BlockSet(seen.filter_map(|option| see_option(option, &recorded)).collect()),
        skip_destroy: recorded_flag(&known.recorded, "skip_destroy").unwrap_or(false),
        tags: list_tags(aws, &arn).await?,
    };
    let outputs = OptionGroupOutputs { id: OptionGroupName::new(name), arn: Arn::new(arn) };
    Ok(Seen::new(inputs, outputs))
}

fn options(recorded: &Object) -> Vec<OptionGroupOption> {
    let option = recorded.get("option").and_then(|value| BlockSet::from_value(value).ok());
    option.unwrap_or_default().0
}

/// An option. RDS shows all its settings; those that are as by default and were not asked for are
/// left out, and so is what RDS chose where nothing was asked for.
fn see_option(option: WireOption, recorded: &[OptionGroupOption]) -> Option<OptionGroupOption> {
    let name = option.option_name?;
    let known = recorded.iter().find(|known| known.option_name == name);
    let asked = |setting: &str| {
        known.is_some_and(|known| known.option_settings.0.iter().any(|s| s.name == setting))
    };
    let settings = option
        .option_settings
        .unwrap_or_default()
        .into_iter()
        .filter(|setting| setting.value.is_some() && setting.is_modifiable != Some(false))
        .filter(|setting| {
            setting.value != setting.default_value || asked(setting.name().unwrap_or_default())
        })
        .filter_map(|setting| Some(OptionSetting { name: setting.name?, value: setting.value? }));
    let groups = option.vpc_security_group_memberships.unwrap_or_default().into_iter();
    let groups: BTreeSet<_> =
        groups.filter_map(|g| g.vpc_security_group_id.map(SecurityGroupId::new)).collect();
    Some(OptionGroupOption {
        option_settings: BlockSet(settings.collect()),
        port: option
            .port
            .and_then(|port| u32::try_from(port).ok())
            .filter(|_| known.is_none_or(|known| known.port.is_some())),
        version: filled(option.option_version)
            .filter(|_| known.is_none_or(|known| known.version.is_some())),
        vpc_security_group_memberships: if known
            .is_none_or(|known| !known.vpc_security_group_memberships.is_empty())
        {
            groups
        } else {
            BTreeSet::new()
        },
        option_name: name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str, default: &str) -> WireSetting {
        WireSetting::builder().name(name).value(value).default_value(default).build()
    }

    fn asked(settings: &[(&str, &str)]) -> OptionGroupOption {
        let setting = |(name, value): &(&str, &str)| OptionSetting {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        OptionGroupOption {
            option_name: "MARIADB_AUDIT_PLUGIN".to_owned(),
            option_settings: BlockSet(settings.iter().map(setting).collect()),
            port: None,
            version: None,
            vpc_security_group_memberships: BTreeSet::new(),
        }
    }

    fn group(option: Vec<OptionGroupOption>) -> OptionGroup {
        OptionGroup {
            engine_name: "mysql".to_owned(),
            major_engine_version: "8.0".to_owned(),
            name: None,
            name_prefix: None,
            option_group_description: "options".to_owned(),
            option: BlockSet(option),
            skip_destroy: false,
            tags: infra_sdk::Tags::default(),
        }
    }

    #[test]
    fn settings_by_default_show_only_where_they_were_asked_for() {
        let wire = || {
            WireOption::builder()
                .option_name("MARIADB_AUDIT_PLUGIN")
                .option_version("1.0")
                .option_settings(setting("SERVER_AUDIT_EVENTS", "CONNECT", "CONNECT,QUERY"))
                .option_settings(setting("SERVER_AUDIT_LOGGING", "ON", "ON"))
                .build()
        };
        let names = |recorded: &[OptionGroupOption]| {
            let seen = see_option(wire(), recorded).expect("an option");
            seen.option_settings.0.into_iter().map(|s| s.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["SERVER_AUDIT_EVENTS"]);
        assert_eq!(
            names(&[asked(&[("SERVER_AUDIT_LOGGING", "ON")])]),
            ["SERVER_AUDIT_EVENTS", "SERVER_AUDIT_LOGGING"]
        );
        assert_eq!(see_option(wire(), &[asked(&[])]).expect("an option").version, None);
        assert_eq!(see_option(wire(), &[]).expect("an option").version.as_deref(), Some("1.0"));
    }

    #[test]
    fn only_settings_that_differ_are_sent() {
        let was = group(vec![asked(&[("A", "1"), ("B", "1")])]);
        let sent = configuration(&asked(&[("A", "1"), ("B", "2")]), &was);
        let names: Vec<_> = sent.option_settings().iter().filter_map(WireSetting::name).collect();
        assert_eq!(names, ["B"]);
    }
}
