//! A cache parameter group: what the engine's parameters are set to. Parameters are changed twenty
//! at a time.
//!
//! API: CreateCacheParameterGroup, DescribeCacheParameterGroups, ModifyCacheParameterGroup,
//! ResetCacheParameterGroup, DescribeCacheParameters, DeleteCacheParameterGroup,
//! ListTagsForResource, AddTagsToResource, RemoveTagsFromResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Object, Outputs, Resource, Tags, Value};

use super::CacheParameterGroupName;
use crate::rules::{NameRule, Rules};

/// What the parameters of the engine of caches are set to.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_elasticache_parameter_group", outputs = ParameterGroupOutputs, validate = validate)]
pub struct ParameterGroup {
    /// Name, unique in the region, at most 255 characters.
    #[field(force_new)]
    pub name: CacheParameterGroupName,
    /// Engine and version that the parameters are of: `redis7`, `valkey8`, `memcached1.6`.
    #[field(force_new)]
    pub family: String,
    /// What it is for.
    #[field(force_new, default = String::from("Managed by infra"))]
    pub description: String,
    /// Parameters that are not as the engine has them by default.
    pub parameter: BlockSet<Parameter>,
    /// Tags.
    pub tags: Tags,
}

/// A parameter of the engine that is set to something else than its default.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Parameter {
    /// Name: `maxmemory-policy`.
    pub name: String,
    /// Value.
    pub value: String,
}

/// What AWS assigns to a [`ParameterGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ParameterGroupOutputs {
    /// The group's name.
    pub id: CacheParameterGroupName,
    /// The group's ARN.
    pub arn: Arn<ParameterGroup>,
}

/// Source: ElastiCache API Reference, CreateCacheParameterGroup.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii_alphanumeric() || c == '-',
    characters: "letters, digits and `-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    if let Some(name) = rules.text("name") {
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            rules.refuse("name", "must begin with a letter");
        }
        if name.ends_with('-') || name.contains("--") {
            rules.refuse("name", "must not end with `-` or contain `--`");
        }
    }
    if rules.text("description").is_some_and(str::is_empty) {
        rules.refuse("description", "must not be empty");
    }
    let parameters = inputs.get("parameter").and_then(Value::as_list).unwrap_or_default();
    let names: Vec<_> =
        parameters.iter().filter_map(|p| p.as_map()?.get("name")?.as_str()).collect();
    let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
    if let Some((_, name)) = twice {
        rules.refuse("parameter", format!("`{name}` stands twice"));
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_elasticache::types::{CacheParameterGroup as Wire, ParameterNameValue};
    use infra_sdk::FieldType as _;

    use super::*;
    use crate::elasticache::common::{arn_of, list_tags, ours, retag, wire_tags};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateCacheParameterGroup",
        "elasticache:DeleteCacheParameterGroup",
        "elasticache:DescribeCacheParameterGroups",
        "elasticache:DescribeCacheParameters",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyCacheParameterGroup",
        "elasticache:RemoveTagsFromResource",
        "elasticache:ResetCacheParameterGroup",
    ];
    const GONE: &[&str] = &["CacheParameterGroupNotFound"];
    /// Parameters that one call can change. Source: API Reference, ModifyCacheParameterGroup.
    const AT_ONCE: usize = 20;

    impl Handler for ParameterGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "elasticache:CreateCacheParameterGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["parameter"],
            gone: GONE,
            // Caches that are being made or deleted hold their group for a while.
            not_yet: &[("InvalidCacheParameterGroupState", "pending changes")],
            lingering: &[("InvalidCacheParameterGroupState", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.elasticache()
                        .create_cache_parameter_group()
                        .cache_parameter_group_name(want.name.as_str())
                        .cache_parameter_group_family(&want.family)
                        .description(&want.description)
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let group = answer.cache_parameter_group;
            let name = group.and_then(|group| group.cache_parameter_group_name);
            name.ok_or_else(|| missing("CacheParameterGroupName"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, known| see(aws, wire, known);
            let name = Wire::cache_parameter_group_name;
            read_named(known, GONE, name, |name| list(aws, name), see).await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, _: &Changed) -> Result<()> {
            let (set, reset) = changes(&was.parameter.0, &want.parameter.0);
            for chunk in reset.chunks(AT_ONCE) {
                aws.call(|| {
                    let call = aws.elasticache().reset_cache_parameter_group();
                    call.cache_parameter_group_name(id)
                        .reset_all_parameters(false)
                        .set_parameter_name_values(Some(chunk.to_vec()))
                        .send()
                })
                .await?;
            }
            for chunk in set.chunks(AT_ONCE) {
                aws.call(|| {
                    let call = aws.elasticache().modify_cache_parameter_group();
                    call.cache_parameter_group_name(id)
                        .set_parameter_name_values(Some(chunk.to_vec()))
                        .send()
                })
                .await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let delete =
                || aws.elasticache().delete_cache_parameter_group().cache_parameter_group_name(id);
            aws.call(|| delete().send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = absent(list(aws, Some(want.name.to_string())).await.map(Some), GONE)?;
            let found = found.unwrap_or_default().into_iter();
            ours(aws, &want.tags, found.map(|group| (group.arn, group.cache_parameter_group_name)))
                .await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, &arn_of(aws, "parametergroup", id).await?, change).await
        }
    }

    /// Parameters to set, and parameters to reset, as calls take them.
    fn changes(
        was: &[Parameter],
        want: &[Parameter],
    ) -> (Vec<ParameterNameValue>, Vec<ParameterNameValue>) {
        let wire = |parameter: &Parameter| {
            let wire = ParameterNameValue::builder().parameter_name(&parameter.name);
            wire.parameter_value(&parameter.value).build()
        };
        let set = want.iter().filter(|parameter| !was.contains(parameter));
        let reset = was.iter().filter(|old| !want.iter().any(|new| new.name == old.name));
        (set.map(wire).collect(), reset.map(wire).collect())
    }

    async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.elasticache().describe_cache_parameter_groups();
                    let call = call.set_marker(marker);
                    call.set_cache_parameter_group_name(name.clone()).send()
                },
                |page| page.marker(),
            )
            .await?;
        Ok(pages
            .into_iter()
            .flat_map(|page| page.cache_parameter_groups.unwrap_or_default())
            .collect())
    }

    /// The parameters of a group; of `source` `user` those that were set.
    async fn parameters(aws: &Aws, group: &str, source: Option<&str>) -> Result<Vec<Parameter>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.elasticache().describe_cache_parameters().set_marker(marker);
                    call.cache_parameter_group_name(group)
                        .set_source(source.map(str::to_owned))
                        .send()
                },
                |page| page.marker(),
            )
            .await?;
        let all = pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default());
        let all = all.filter(|p| source.is_none_or(|source| p.source() == Some(source)));
        Ok(all
            .filter_map(|p| Some(Parameter { name: p.parameter_name?, value: p.parameter_value? }))
            .collect())
    }

    async fn see(aws: &Aws, group: Wire, known: Known) -> Result<Seen<ParameterGroup>> {
        let name =
            group.cache_parameter_group_name.ok_or_else(|| missing("CacheParameterGroupName"))?;
        let arn = group.arn.ok_or_else(|| missing("ARN"))?;
        let mut parameter = parameters(aws, &name, Some("user")).await?;
        // What was set to its default does not show as set.
        let recorded = known.recorded.get("parameter");
        let recorded = recorded.and_then(|value| BlockSet::<Parameter>::from_value(value).ok());
        let shown = |p: &Parameter, all: &[Parameter]| all.iter().any(|other| other.name == p.name);
        let mut hidden = recorded.unwrap_or_default().0;
        hidden.retain(|known| !shown(known, &parameter));
        if !hidden.is_empty() {
            let all = parameters(aws, &name, None).await?;
            parameter.extend(all.into_iter().filter(|p| shown(p, &hidden)));
        }
        parameter.sort_by(|one, other| one.name.cmp(&other.name));
        let inputs = ParameterGroup {
            name: CacheParameterGroupName::new(&name),
            family: group
                .cache_parameter_group_family
                .ok_or_else(|| missing("CacheParameterGroupFamily"))?,
            description: group.description.unwrap_or_default(),
            parameter: BlockSet(parameter),
            tags: list_tags(aws, &arn).await?,
        };
        let outputs =
            ParameterGroupOutputs { id: CacheParameterGroupName::new(name), arn: Arn::new(arn) };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_differs_is_set_and_what_is_left_out_is_reset() {
            let parameter = |name: &str, value: &str| Parameter {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            let was = [parameter("a", "1"), parameter("b", "1"), parameter("c", "1")];
            let want = [parameter("a", "1"), parameter("b", "2"), parameter("d", "1")];
            let names = |list: Vec<ParameterNameValue>| {
                list.into_iter().filter_map(|p| p.parameter_name).collect::<Vec<_>>()
            };
            let (set, reset) = changes(&was, &want);
            assert_eq!(
                (names(set), names(reset)),
                (vec!["b".into(), "d".into()], vec!["c".into()])
            );
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn names_begin_with_a_letter_and_a_parameter_stands_once() {
        let named = |name: &str| validate(&Object::from([("name".to_owned(), name.into())])).len();
        assert_eq!(
            (named("data-1"), named("1-data"), named("data--1"), named("data-")),
            (0, 1, 1, 1)
        );
        let parameter = |name: &str| {
            let entry = |name: &str, text: &str| (name.to_owned(), Value::from(text));
            Value::Map(Object::from([entry("name", name), entry("value", "1")]))
        };
        let check = |names: &[&str]| {
            let list = Value::List(names.iter().map(|name| parameter(name)).collect());
            validate(&Object::from([("parameter".to_owned(), list)])).len()
        };
        assert_eq!((check(&["timeout", "databases"]), check(&["timeout", "timeout"])), (0, 1));
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_elasticache_parameter_group,
        Fixture {
            base: |stack, name| {
                let group = ParameterGroup::new(format!("{name}-redis"), "redis7");
                let group = group.description("parameters").parameter([
                    Parameter::new("maxmemory-policy", "allkeys-lru"),
                    Parameter::new("timeout", "300"),
                ]);
                stack.add("it", group.tag("Name", name));
            },
            update: Some(|stack, name| {
                let group = ParameterGroup::new(format!("{name}-redis"), "redis7");
                let group = group.description("parameters").parameter([
                    Parameter::new("maxmemory-policy", "noeviction"),
                    Parameter::new("databases", "32"),
                ]);
                stack.add("it", group.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", ParameterGroup::new(format!("{name}-redis"), "valkey8"));
            }),
            gaps: &[],
        }
    );
}
