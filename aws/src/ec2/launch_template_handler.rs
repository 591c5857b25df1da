//! The AWS calls of [`LaunchTemplate`].

use std::collections::HashMap;

use aws_sdk_ec2::types::{
    Filter, LaunchTemplate as Wire, LaunchTemplateVersion, ResourceType as Tagged,
};

use super::common::{by_owner, is_owned, retag, tag_specification};
use super::launch_template::LaunchTemplate;
use super::launch_template_read::see;
use super::launch_template_write::data;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "ec2:CreateLaunchTemplate",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:CreateTags",
    "ec2:DeleteLaunchTemplate",
    "ec2:DeleteTags",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeLaunchTemplates",
    "ec2:ModifyLaunchTemplate",
];
/// Templates may give a role to instances.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);
const GONE: &[&str] =
    &["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateName.NotFoundException"];
/// Templates on one page. Source: EC2 API Reference, DescribeLaunchTemplates.
const PAGE: i32 = 200;
/// Inputs that are not in a version.
const APART: &[&str] = &["default_version", "update_default_version", "tags"];

impl Handler for LaunchTemplate {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "ec2:CreateLaunchTemplate",
        operations: OPERATIONS,
        actions: ACTIONS,
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        gone: GONE,
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let data = data(want)?;
        let answer = aws
            .call(|| {
                aws.ec2()
                    .create_launch_template()
                    .client_token(creating.token)
                    .set_launch_template_name(want.name.clone())
                    .set_version_description(want.description.clone())
                    .launch_template_data(data.clone())
                    .set_tag_specifications(tag_specification(Tagged::LaunchTemplate, &want.tags))
                    .send()
            })
            .await?;
        let id = answer.launch_template.and_then(|template| template.launch_template_id);
        id.ok_or_else(|| missing("LaunchTemplateId"))
    }

    /// There is no filter by id, and a list of ids fails as a whole where one is gone: one template is
    /// asked for by its id, and for several all templates are listed.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        if let [_] = known {
            return read_each(known, GONE, |item| async move {
                let found = list(aws, Some(&item.id), Vec::new()).await?;
                let newest = newest(aws, Some(&item.id)).await?;
                let mut seen = together(aws, found, newest, std::slice::from_ref(&item)).await?;
                Ok(seen.remove(&item.id))
            })
            .await;
        }
        read_many(known, known.len().max(1), |all| async move {
            let found = list(aws, None, Vec::new()).await?;
            let newest = newest(aws, None).await?;
            together(aws, found, newest, &all).await
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let mut default = want.default_version.filter(|_| changed.has("default_version"));
        let inputs = <Self as infra_sdk::ResourceType>::SCHEMA.inputs;
        if inputs.iter().any(|field| !APART.contains(&field.name) && changed.has(field.name)) {
            let data = data(want)?;
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .create_launch_template_version()
                        .launch_template_id(id)
                        .set_version_description(want.description.clone())
                        .launch_template_data(data.clone())
                        .send()
                })
                .await?;
            let version = answer.launch_template_version.and_then(|version| version.version_number);
            if want.update_default_version {
                default = version.and_then(|version| u32::try_from(version).ok());
            }
        } else if want.update_default_version && changed.has("update_default_version") {
            let found = list(aws, Some(id), Vec::new()).await?.pop();
            let newest = found.and_then(|template| template.latest_version_number);
            default = newest.and_then(|version| u32::try_from(version).ok());
        }
        let Some(default) = default else { return Ok(()) };
        aws.call(|| {
            let call = aws.ec2().modify_launch_template().launch_template_id(id);
            call.default_version(default.to_string()).send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.ec2().delete_launch_template().launch_template_id(id).send())
            .await
            .map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = list(aws, None, by_owner(&want.tags)).await?.into_iter();
        let ours = found.filter(|template| is_owned(&template.tags, &want.tags));
        Ok(ours.filter_map(|template| template.launch_template_id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

/// One template, or those that filters let through.
async fn list(aws: &Aws, id: Option<&str>, filters: Vec<Filter>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_launch_templates().set_next_token(token);
                let call = match id {
                    Some(id) => call.launch_template_ids(id),
                    None => call.max_results(PAGE),
                };
                call.set_filters((!filters.is_empty()).then(|| filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.launch_templates.unwrap_or_default()).collect())
}

/// The newest version of one template, or of all.
async fn newest(aws: &Aws, id: Option<&str>) -> Result<Vec<LaunchTemplateVersion>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_launch_template_versions().set_next_token(token);
                let call = match id {
                    Some(id) => call.launch_template_id(id),
                    None => call.max_results(PAGE),
                };
                call.versions("$Latest").send()
            },
            |page| page.next_token(),
        )
        .await?;
    let versions = pages.into_iter().flat_map(|p| p.launch_template_versions.unwrap_or_default());
    Ok(versions.collect())
}

/// Templates and their newest versions, by id, as far as they are asked for.
async fn together(
    aws: &Aws,
    found: Vec<Wire>,
    newest: Vec<LaunchTemplateVersion>,
    known: &[Known],
) -> Result<HashMap<String, Seen<LaunchTemplate>>> {
    let mut versions: HashMap<_, _> = newest
        .into_iter()
        .filter_map(|version| Some((version.launch_template_id.clone()?, version)))
        .collect();
    let account = &aws.account().await?.id;
    let mut seen = HashMap::new();
    for template in found {
        let id = template.launch_template_id.clone().ok_or_else(|| missing("LaunchTemplateId"))?;
        let Some(item) = known.iter().find(|item| item.id == id) else { continue };
        let Some(version) = versions.remove(&id) else { continue };
        let arn = aws.arn("ec2", account, &format!("launch-template/{id}"));
        seen.insert(id, see(arn, template, version, &item.recorded)?);
    }
    Ok(seen)
}
