//! The calls of a web ACL.

use std::collections::HashMap;

use aws_sdk_wafv2::operation::get_web_acl::GetWebAclOutput;
use aws_sdk_wafv2::types::{
    AssociatedResourceType, AssociationConfig as WireAssociation, DataProtection as WireProtection,
    DataProtectionAction as WireProtectionAction, DataProtectionConfig as WireProtectionConfig,
    FieldToProtect, FieldToProtectType, RequestBodyAssociatedResourceTypeConfig as WireLimit,
    SizeInspectionLimit as WireSizeLimit,
};
use infra_sdk::{Arn, BlockSet, Tags};

use super::common::{
    GONE, Key, LINGERING, NAMING, NOT_YET, Summary, described, id_of, in_region, lock, ours, retag,
    summaries, tags, wire_scope, wire_tags,
};
use super::field_wire::{each, maybe, texts};
use super::rule_wire::{
    bodies, bodies_seen, captcha, captcha_seen, challenge, challenge_seen, default_action,
    default_action_seen, rules, rules_seen, visibility, visibility_seen,
};
use super::{
    AssociationConfig, BodyLimit, DataProtection, DataProtectionConfig, ProtectedField,
    RequestBody, WebAcl, WebAclId, WebAclOutputs,
};
use crate::frame::error::incomplete;
use crate::frame::names::prefix_of;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "wafv2:CreateWebACL",
    "wafv2:DeleteWebACL",
    "wafv2:GetWebACL",
    "wafv2:ListTagsForResource",
    "wafv2:ListWebACLs",
    "wafv2:TagResource",
    "wafv2:UntagResource",
    "wafv2:UpdateWebACL",
];

impl Handler for WebAcl {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        create: "wafv2:CreateWebACL",
        operations: OPERATIONS,
        actions: OPERATIONS,
        naming: Some(NAMING),
        gone: GONE,
        not_yet: NOT_YET,
        lingering: LINGERING,
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        in_region(aws, want.scope)?;
        let name = want.name.as_deref().ok_or_else(|| missing("name"))?;
        let call = aws
            .wafv2()
            .create_web_acl()
            .name(name)
            .scope(wire_scope(want.scope))
            .set_description(want.description.clone())
            .default_action(default_action(&want.default_action)?)
            .set_rules(Some(rules(&want.rule)?))
            .visibility_config(visibility(&want.visibility_config)?)
            .set_custom_response_bodies(bodies(&want.custom_response_body)?)
            .set_captcha_config(maybe(want.captcha_config.as_ref(), captcha)?)
            .set_challenge_config(maybe(want.challenge_config.as_ref(), challenge)?)
            .set_token_domains(texts(&want.token_domains))
            .set_association_config(maybe(want.association_config.as_ref(), association)?.flatten())
            .set_data_protection_config(maybe(want.data_protection_config.as_ref(), protection)?)
            .set_tags(wire_tags(&want.tags.0)?);
        let answer = aws.call(|| call.clone().send()).await?;
        let id = answer.summary.and_then(|summary| summary.id).ok_or_else(|| missing("Id"))?;
        Ok(id_of(&id, name, want.scope))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        // The list has but names.
        read_each(known, GONE, |item| async move {
            let key = Key::parse(&item.id)?;
            let answer = get(aws, &key).await?;
            let arn = answer.web_acl.as_ref().map(|acl| acl.arn.clone());
            let tags = tags(aws, &arn.ok_or_else(|| missing("WebACL"))?).await?;
            Ok(Some(see(&key, answer, tags)?))
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let key = Key::parse(id)?;
        let answer = get(aws, &key).await?;
        let lock = lock(answer.lock_token)?;
        let now = answer.web_acl.ok_or_else(|| missing("WebACL"))?;
        // The call sets everything anew: what is not changed is given as it is.
        let mut call = aws
            .wafv2()
            .update_web_acl()
            .name(key.name)
            .scope(key.wire_scope())
            .id(key.id)
            .lock_token(lock)
            .set_default_action(now.default_action)
            .set_description(described(now.description))
            .set_rules(now.rules)
            .set_visibility_config(now.visibility_config)
            .set_data_protection_config(now.data_protection_config)
            .set_custom_response_bodies(now.custom_response_bodies)
            .set_captcha_config(now.captcha_config)
            .set_challenge_config(now.challenge_config)
            .set_token_domains(now.token_domains)
            .set_association_config(now.association_config)
            .set_on_source_d_do_s_protection_config(now.on_source_d_do_s_protection_config)
            .set_application_config(now.application_config)
            .set_monetization_config(now.monetization_config);
        if changed.has("default_action") {
            call = call.default_action(default_action(&want.default_action)?);
        }
        if changed.has("description") {
            call = call.set_description(want.description.clone());
        }
        if changed.has("rule") {
            call = call.set_rules(Some(rules(&want.rule)?));
        }
        if changed.has("visibility_config") {
            call = call.visibility_config(visibility(&want.visibility_config)?);
        }
        if changed.has("data_protection_config") {
            let config = maybe(want.data_protection_config.as_ref(), protection)?;
            call = call.set_data_protection_config(config);
        }
        if changed.has("custom_response_body") {
            call = call.set_custom_response_bodies(bodies(&want.custom_response_body)?);
        }
        if changed.has("captcha_config") {
            call = call.set_captcha_config(maybe(want.captcha_config.as_ref(), captcha)?);
        }
        if changed.has("challenge_config") {
            call = call.set_challenge_config(maybe(want.challenge_config.as_ref(), challenge)?);
        }
        if changed.has("token_domains") {
            call = call.set_token_domains(texts(&want.token_domains));
        }
        if changed.has("association_config") {
            let config = maybe(want.association_config.as_ref(), association)?;
            call = call.set_association_config(config.flatten());
        }
        aws.call(|| call.clone().send()).await.map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let key = Key::parse(id)?;
        let lock = lock(get(aws, &key).await?.lock_token)?;
        aws.call(|| {
            let call = aws.wafv2().delete_web_acl().name(key.name).scope(key.wire_scope());
            call.id(key.id).lock_token(&lock).send()
        })
        .await
        .map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let all = summaries!(aws, want.scope, list_web_acls, web_acls);
        ours(aws, want.name.as_deref(), want.scope, &want.tags, all).await
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let acl = get(aws, &Key::parse(id)?).await?.web_acl;
        retag(aws, &acl.ok_or_else(|| missing("WebACL"))?.arn, change).await
    }
}

async fn get(aws: &Aws, key: &Key<'_>) -> Result<GetWebAclOutput> {
    aws.call(|| aws.wafv2().get_web_acl().name(key.name).scope(key.wire_scope()).id(key.id).send())
        .await
}

/// How much of bodies is looked at; `None` where nothing is said.
fn association(config: &AssociationConfig) -> Result<Option<WireAssociation>> {
    let body = &config.request_body;
    let limits = [
        (AssociatedResourceType::ApiGateway, &body.api_gateway),
        (AssociatedResourceType::AppRunnerService, &body.app_runner_service),
        (AssociatedResourceType::Cloudfront, &body.cloudfront),
        (AssociatedResourceType::CognitoUserPool, &body.cognito_user_pool),
        (AssociatedResourceType::VerifiedAccessInstance, &body.verified_access_instance),
    ];
    let given = limits.into_iter().filter_map(|(of, limit)| Some((of, limit.as_ref()?)));
    let limits = each(given, |(of, limit)| {
        let most = WireSizeLimit::from(limit.default_size_inspection_limit.as_str());
        let limit = WireLimit::builder().default_size_inspection_limit(most).build();
        Ok((of, limit.map_err(incomplete)?))
    })?;
    let limits: HashMap<_, _> = limits.into_iter().collect();
    Ok((!limits.is_empty())
        .then(|| WireAssociation::builder().set_request_body(Some(limits)).build()))
}

fn association_seen(wire: WireAssociation) -> Result<Option<AssociationConfig>> {
    let mut limits = wire.request_body.unwrap_or_default();
    if limits.is_empty() {
        return Ok(None);
    }
    let mut of = |kind: AssociatedResourceType| {
        maybe(limits.remove(&kind), |limit| {
            let most = limit.default_size_inspection_limit;
            let most = parsed(Some(most.as_str()), "DefaultSizeInspectionLimit")?;
            Ok(BodyLimit { default_size_inspection_limit: most })
        })
    };
    let request_body = RequestBody {
        api_gateway: of(AssociatedResourceType::ApiGateway)?,
        app_runner_service: of(AssociatedResourceType::AppRunnerService)?,
        cloudfront: of(AssociatedResourceType::Cloudfront)?,
        cognito_user_pool: of(AssociatedResourceType::CognitoUserPool)?,
        verified_access_instance: of(AssociatedResourceType::VerifiedAccessInstance)?,
    };
    Ok(Some(AssociationConfig { request_body }))
}

fn protection(config: &DataProtectionConfig) -> Result<WireProtectionConfig> {
    let one = |want: &DataProtection| {
        let field = FieldToProtect::builder()
            .field_type(FieldToProtectType::from(want.field.field_type.as_str()))
            .set_field_keys(texts(&want.field.field_keys))
            .build()
            .map_err(incomplete)?;
        WireProtection::builder()
            .field(field)
            .action(WireProtectionAction::from(want.action.as_str()))
            .exclude_rule_match_details(want.exclude_rule_match_details)
            .exclude_rate_based_details(want.exclude_rate_based_details)
            .build()
            .map_err(incomplete)
    };
    WireProtectionConfig::builder()
        .set_data_protections(Some(each(&config.data_protection.0, one)?))
        .build()
        .map_err(incomplete)
}

fn protection_seen(wire: WireProtectionConfig) -> Result<DataProtectionConfig> {
    let one = |wire: WireProtection| {
        let field = wire.field.ok_or_else(|| missing("DataProtection.Field"))?;
        Ok(DataProtection {
            action: parsed(Some(wire.action.as_str()), "DataProtection.Action")?,
            field: ProtectedField {
                field_type: parsed(Some(field.field_type.as_str()), "FieldType")?,
                field_keys: field.field_keys.unwrap_or_default().into_iter().collect(),
            },
            exclude_rule_match_details: wire.exclude_rule_match_details,
            exclude_rate_based_details: wire.exclude_rate_based_details,
        })
    };
    Ok(DataProtectionConfig { data_protection: each(wire.data_protections, one).map(BlockSet)? })
}

fn see(key: &Key<'_>, answer: GetWebAclOutput, tags: Tags) -> Result<Seen<WebAcl>> {
    let wire = answer.web_acl.ok_or_else(|| missing("WebACL"))?;
    let inputs = WebAcl {
        scope: key.scope,
        default_action: default_action_seen(wire.default_action)?,
        visibility_config: visibility_seen(wire.visibility_config)?,
        name_prefix: prefix_of(&wire.name),
        description: described(wire.description),
        rule: rules_seen(wire.rules)?,
        custom_response_body: bodies_seen(wire.custom_response_bodies)?,
        captcha_config: captcha_seen(wire.captcha_config)?,
        challenge_config: challenge_seen(wire.challenge_config)?,
        token_domains: wire.token_domains.unwrap_or_default().into_iter().collect(),
        association_config: maybe(wire.association_config, association_seen)?.flatten(),
        data_protection_config: maybe(wire.data_protection_config, protection_seen)?,
        tags,
        name: Some(wire.name.clone()),
    };
    let outputs = WebAclOutputs {
        id: WebAclId::new(id_of(&wire.id, &wire.name, key.scope)),
        arn: Arn::new(wire.arn),
        capacity: wire.capacity,
        application_integration_url: answer.application_integration_url,
    };
    Ok(Seen::new(inputs, outputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wafv2::{DataProtectionAction, ProtectedFieldType};

    #[test]
    fn what_is_not_shown_leads_back() {
        let part = |field_type, keys: &[&str], exclude| DataProtection {
            action: DataProtectionAction::Hash,
            field: ProtectedField {
                field_type,
                field_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            },
            exclude_rule_match_details: exclude,
            exclude_rate_based_details: !exclude,
        };
        let parts = vec![
            part(ProtectedFieldType::SingleCookie, &["session", "id"], true),
            part(ProtectedFieldType::Body, &[], false),
        ];
        let config = DataProtectionConfig { data_protection: BlockSet(parts) };
        let wire = protection(&config).expect("whole");
        assert_eq!(wire.data_protections()[1].field().expect("a field").field_keys, None);
        assert_eq!(protection_seen(wire).expect("known"), config);
    }

    #[test]
    fn a_web_acl_without_limits_has_none() {
        let none = WireAssociation::builder().build();
        assert_eq!(association_seen(none).expect("known"), None);
        let body = RequestBody {
            api_gateway: None,
            app_runner_service: None,
            cloudfront: None,
            cognito_user_pool: None,
            verified_access_instance: None,
        };
        assert_eq!(association(&AssociationConfig { request_body: body }).expect("whole"), None);
    }
}
