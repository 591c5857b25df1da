//! The AWS calls for the parameters of a group, of instances or of clusters.

use std::collections::HashMap;

use aws_sdk_rds::types::{ApplyMethod as WireMethod, Parameter as Wire};
use infra_sdk::{BlockSet, FieldType as _, Object};

use super::parameters::{ApplyMethod, Parameter, ParameterName, changes, chunks};
use crate::prelude::*;

/// Which of the two kinds of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Instance,
    Cluster,
}

/// Makes a group's parameters what is wanted.
pub(super) async fn set(
    aws: &Aws,
    group: Group,
    name: &str,
    was: &[Parameter],
    want: &[Parameter],
) -> Result<()> {
    let (set, reset) = changes(was, want);
    let methods = if !reset.is_empty() || set.iter().any(|p| p.apply_method.is_none()) {
        methods(&list(aws, group, name, None).await?)
    } else {
        HashMap::new()
    };
    let wire = |parameter: &Parameter, method: Option<ApplyMethod>| {
        let key = parameter.name.as_str().to_ascii_lowercase();
        // What the list does not have is for RDS to refuse.
        let method = method.or_else(|| methods.get(&key).copied());
        let method = method.unwrap_or(ApplyMethod::Immediate);
        Wire::builder().parameter_name(key).apply_method(WireMethod::from(method.as_str()))
    };
    for chunk in chunks(reset) {
        // How it takes effect is a matter of the parameter here, not of what was asked for.
        let chunk: Vec<_> = chunk.iter().map(|p| wire(p, None).build()).collect();
        send_reset(aws, group, name, chunk).await?;
    }
    for chunk in chunks(set) {
        let chunk: Vec<_> = chunk
            .iter()
            .map(|p| wire(p, p.apply_method).parameter_value(&p.value).build())
            .collect();
        send_set(aws, group, name, chunk).await?;
    }
    Ok(())
}

async fn send_reset(aws: &Aws, group: Group, name: &str, chunk: Vec<Wire>) -> Result<()> {
    match group {
        Group::Instance => aws
            .call(|| {
                let call = aws.rds().reset_db_parameter_group().db_parameter_group_name(name);
                call.reset_all_parameters(false).set_parameters(Some(chunk.clone())).send()
            })
            .await
            .map(drop),
        Group::Cluster => aws
            .call(|| {
                let call = aws.rds().reset_db_cluster_parameter_group();
                call.db_cluster_parameter_group_name(name)
                    .reset_all_parameters(false)
                    .set_parameters(Some(chunk.clone()))
                    .send()
            })
            .await
            .map(drop),
    }
}

async fn send_set(aws: &Aws, group: Group, name: &str, chunk: Vec<Wire>) -> Result<()> {
    match group {
        Group::Instance => aws
            .call(|| {
                let call = aws.rds().modify_db_parameter_group().db_parameter_group_name(name);
                call.set_parameters(Some(chunk.clone())).send()
            })
            .await
            .map(drop),
        Group::Cluster => aws
            .call(|| {
                let call = aws.rds().modify_db_cluster_parameter_group();
                call.db_cluster_parameter_group_name(name)
                    .set_parameters(Some(chunk.clone()))
                    .send()
            })
            .await
            .map(drop),
    }
}

/// The parameters of a group; of `source` `user` those that were set.
async fn list(aws: &Aws, group: Group, name: &str, source: Option<&str>) -> Result<Vec<Wire>> {
    let source = source.map(str::to_owned);
    match group {
        Group::Instance => {
            let pages = aws
                .pages(
                    |marker| {
                        let call = aws.rds().describe_db_parameters().set_marker(marker);
                        call.db_parameter_group_name(name).set_source(source.clone()).send()
                    },
                    |page| page.marker(),
                )
                .await?;
            Ok(pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default()).collect())
        }
        Group::Cluster => {
            let pages = aws
                .pages(
                    |marker| {
                        let call = aws.rds().describe_db_cluster_parameters().set_marker(marker);
                        call.db_cluster_parameter_group_name(name).set_source(source.clone()).send()
                    },
                    |page| page.marker(),
                )
                .await?;
            Ok(pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default()).collect())
        }
    }
}

/// How each parameter takes effect where nothing else is asked for.
fn methods(parameters: &[Wire]) -> HashMap<String, ApplyMethod> {
    parameters
        .iter()
        .filter_map(|parameter| {
            let method = match parameter.apply_type() {
                Some("static") => ApplyMethod::PendingReboot,
                _ => ApplyMethod::Immediate,
            };
            Some((parameter.parameter_name()?.to_ascii_lowercase(), method))
        })
        .collect()
}

/// The parameters of a group that were set, as far as RDS tells them from defaults, and those that
/// are recorded: what is set to its default does not show as set.
pub(super) async fn read(
    aws: &Aws,
    group: Group,
    name: &str,
    recorded: &Object,
) -> Result<BlockSet<Parameter>> {
    let recorded = recorded
        .get("parameter")
        .and_then(|value| BlockSet::<Parameter>::from_value(value).ok())
        .unwrap_or_default()
        .0;
    let mut seen = see(list(aws, group, name, Some("user")).await?, &recorded);
    let missing: Vec<_> =
        recorded.iter().filter(|known| !seen.iter().any(|p| same(p, known))).collect();
    if !missing.is_empty() {
        let all = see(list(aws, group, name, None).await?, &recorded);
        seen.extend(all.into_iter().filter(|p| missing.iter().any(|known| same(p, known))));
    }
    // RDS lists them in no order that it promises.
    seen.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(BlockSet(seen))
}

fn same(one: &Parameter, other: &Parameter) -> bool {
    one.name.as_str().eq_ignore_ascii_case(other.name.as_str())
}

/// Parameters of an answer. Where none was asked for, how a parameter takes effect is not shown.
fn see(parameters: Vec<Wire>, recorded: &[Parameter]) -> Vec<Parameter> {
    parameters
        .into_iter()
        .filter_map(|wire| {
            let mut parameter = Parameter {
                name: ParameterName::new(wire.parameter_name?),
                value: wire.parameter_value?,
                apply_method: wire.apply_method.and_then(|method| method.as_str().parse().ok()),
            };
            let known = recorded.iter().find(|known| same(&parameter, known));
            if known.is_some_and(|known| known.apply_method.is_none()) {
                parameter.apply_method = None;
            }
            Some(parameter)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(name: &str, method: WireMethod) -> Wire {
        let wire = Wire::builder().parameter_name(name).parameter_value("1");
        wire.apply_method(method).apply_type("static").build()
    }

    #[test]
    fn a_static_parameter_waits_for_a_reboot() {
        let dynamic = Wire::builder().parameter_name("B").apply_type("dynamic").build();
        let methods = methods(&[wire("A", WireMethod::PendingReboot), dynamic]);
        assert_eq!(methods.get("a"), Some(&ApplyMethod::PendingReboot));
        assert_eq!(methods.get("b"), Some(&ApplyMethod::Immediate));
    }

    #[test]
    fn how_a_parameter_takes_effect_is_shown_where_it_was_asked_for() {
        let asked = |apply_method| Parameter {
            name: ParameterName::new("A"),
            value: "1".to_owned(),
            apply_method,
        };
        let shown = |recorded: &[Parameter]| {
            see(vec![wire("a", WireMethod::PendingReboot)], recorded)[0].apply_method
        };
        assert_eq!(shown(&[]), Some(ApplyMethod::PendingReboot));
        assert_eq!(shown(&[asked(None)]), None);
        assert_eq!(shown(&[asked(Some(ApplyMethod::Immediate))]), Some(ApplyMethod::PendingReboot));
    }
}
