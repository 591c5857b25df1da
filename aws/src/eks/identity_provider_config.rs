//! An OpenID Connect provider whose users may use the API of a cluster. A cluster has one; what it
//! says cannot be changed, and it is associated and disassociated for many minutes.
//!
//! API: AssociateIdentityProviderConfig, DescribeIdentityProviderConfig,
//! DisassociateIdentityProviderConfig, TagResource, UntagResource.

use std::collections::BTreeMap;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Object, Outputs, Resource, Tags};

use super::ClusterName;
use crate::rules::{Rules, wrong_length};

/// An OpenID Connect provider whose users may use the API of a cluster.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_eks_identity_provider_config",
    outputs = IdentityProviderConfigOutputs,
    validate = validate
)]
pub struct IdentityProviderConfig {
    /// The cluster.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// The provider.
    #[field(force_new)]
    pub oidc: OidcProvider,
    /// Tags.
    pub tags: Tags,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct OidcProvider {
    /// Name of the association, from 1 to 100 characters.
    pub identity_provider_config_name: String,
    /// What its tokens are for.
    pub client_id: String,
    /// Its URL, which begins with `https://`.
    pub issuer_url: String,
    /// The claim that has the user's groups.
    pub groups_claim: Option<String>,
    /// What is put before the names of groups.
    pub groups_prefix: Option<String>,
    /// Claims that a token must have.
    pub required_claims: BTreeMap<String, String>,
    /// The claim that has the user's name; `sub` by default.
    #[field(computed)]
    pub username_claim: Option<String>,
    /// What is put before the names of users; `-` for nothing.
    #[field(computed)]
    pub username_prefix: Option<String>,
}

/// What AWS assigns to an [`IdentityProviderConfig`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct IdentityProviderConfigOutputs {
    /// `CLUSTER:NAME`.
    pub id: String,
    /// ARN.
    pub arn: Arn<IdentityProviderConfig>,
    /// `ACTIVE`, or on its way.
    pub status: String,
}

/// Source: EKS API Reference, OidcIdentityProviderConfigRequest.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.blocks("oidc", |rules| {
        let name = "identity_provider_config_name";
        if let Some(wrong) = rules.text(name).and_then(|text| wrong_length(text, 1, 100)) {
            rules.refuse(name, wrong);
        }
        if rules.text("issuer_url").is_some_and(|url| !url.starts_with("https://")) {
            rules.refuse("issuer_url", "must begin with `https://`");
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::time::Duration;

    use aws_sdk_eks::types::{
        ConfigStatus, IdentityProviderConfig as Named, OidcIdentityProviderConfig as Wire,
        OidcIdentityProviderConfigRequest,
    };
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::eks::common::{GONE, IN_PROGRESS, id_in, parts, retag, tags_of, wire_tags};
    use crate::frame::calls::Patience;
    use crate::frame::error::incomplete;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "eks:AssociateIdentityProviderConfig",
        "eks:DescribeIdentityProviderConfig",
        "eks:DisassociateIdentityProviderConfig",
        "eks:TagResource",
        "eks:UntagResource",
    ];

    impl Handler for IdentityProviderConfig {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "eks:AssociateIdentityProviderConfig",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[IN_PROGRESS],
            lingering: &[IN_PROGRESS],
            // Terraform's default timeouts.
            patience: Patience {
                create: Duration::from_secs(2400),
                update: Duration::from_secs(300),
                delete: Duration::from_secs(2400),
            },
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let oidc = &want.oidc;
            let claims = oidc.required_claims.clone();
            let request = OidcIdentityProviderConfigRequest::builder()
                .identity_provider_config_name(&oidc.identity_provider_config_name)
                .client_id(&oidc.client_id)
                .issuer_url(&oidc.issuer_url)
                .set_groups_claim(oidc.groups_claim.clone())
                .set_groups_prefix(oidc.groups_prefix.clone())
                .set_required_claims((!claims.is_empty()).then(|| claims.into_iter().collect()))
                .set_username_claim(oidc.username_claim.clone())
                .set_username_prefix(oidc.username_prefix.clone())
                .build()
                .map_err(incomplete)?;
            aws.call(|| {
                aws.eks()
                    .associate_identity_provider_config()
                    .client_request_token(creating.token)
                    .cluster_name(want.cluster_name.as_str())
                    .oidc(request.clone())
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
            Ok(id_in(want.cluster_name.as_str(), &oidc.identity_provider_config_name))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move {
                see(&item.id, describe(aws, &item.id).await?).map(Some)
            })
            .await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (cluster, name) = parts(id)?;
            let named = named(name)?;
            aws.call(|| {
                let call = aws.eks().disassociate_identity_provider_config().cluster_name(cluster);
                call.identity_provider_config(named.clone()).send()
            })
            .await
            .map(drop)
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            match seen.outputs.status.as_str() {
                "ACTIVE" => Readiness::Ready,
                status => Readiness::Waiting(status.to_owned()),
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let name = &want.oidc.identity_provider_config_name;
            let id = id_in(want.cluster_name.as_str(), name);
            let there = absent(describe(aws, &id).await.map(Some), GONE)?;
            let ours = there.filter(|there| {
                is_ours(&want.tags.0, &tags_of(there.tags.clone()).0)
                    && there.status != Some(ConfigStatus::Deleting)
            });
            Ok(ours.map(|_| id).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let arn = describe(aws, id).await?.identity_provider_config_arn;
            retag(aws, &arn.ok_or_else(|| missing("identityProviderConfigArn"))?, change).await
        }
    }

    fn named(name: &str) -> Result<Named> {
        Named::builder().r#type("oidc").name(name).build().map_err(incomplete)
    }

    async fn describe(aws: &Aws, id: &str) -> Result<Wire> {
        let (cluster, name) = parts(id)?;
        let named = named(name)?;
        let answer = aws
            .call(|| {
                let call = aws.eks().describe_identity_provider_config().cluster_name(cluster);
                call.identity_provider_config(named.clone()).send()
            })
            .await?;
        let config = answer.identity_provider_config.and_then(|config| config.oidc);
        config.ok_or_else(|| missing("identityProviderConfig.oidc"))
    }

    fn see(id: &str, wire: Wire) -> Result<Seen<IdentityProviderConfig>> {
        let name = wire.identity_provider_config_name;
        let inputs = IdentityProviderConfig {
            cluster_name: ClusterName::new(
                wire.cluster_name.ok_or_else(|| missing("clusterName"))?,
            ),
            oidc: OidcProvider {
                identity_provider_config_name: name
                    .ok_or_else(|| missing("identityProviderConfigName"))?,
                client_id: wire.client_id.ok_or_else(|| missing("clientId"))?,
                issuer_url: wire.issuer_url.ok_or_else(|| missing("issuerUrl"))?,
                groups_claim: wire.groups_claim,
                groups_prefix: wire.groups_prefix,
                required_claims: wire.required_claims.unwrap_or_default().into_iter().collect(),
                username_claim: wire.username_claim,
                username_prefix: wire.username_prefix,
            },
            tags: tags_of(wire.tags),
        };
        let outputs = IdentityProviderConfigOutputs {
            id: id.to_owned(),
            arn: wire
                .identity_provider_config_arn
                .map(Arn::new)
                .ok_or_else(|| missing("identityProviderConfigArn"))?,
            status: wire.status.ok_or_else(|| missing("status"))?.as_str().to_owned(),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Stack, Value};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::eks::fixtures::cluster;

    fn config(stack: &mut Stack, name: &str, provider: &str, tag: &str) {
        let (cluster, _) = cluster(stack, name, "people");
        let oidc = OidcProvider::new(provider, "client", "https://sign-in.example.com")
            .groups_claim("groups")
            .username_claim("email")
            .required_claims(BTreeMap::from([("team", "core")]));
        stack.add("it", IdentityProviderConfig::new(cluster.id(), oidc).tag("Name", tag));
    }

    conforms!(
        aws_eks_identity_provider_config,
        Fixture {
            base: |stack, name| config(stack, name, "people", "one"),
            update: Some(|stack, name| config(stack, name, "people", "two")),
            replace: Some(|stack, name| config(stack, name, "others", "two")),
            gaps: &[],
        }
    );

    #[test]
    fn issuers_are_reached_safely() {
        let check = |url: &str| {
            let oidc = Object::from([("issuer_url".to_owned(), Value::from(url))]);
            let inputs = Object::from([("oidc".to_owned(), Value::Map(oidc))]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        assert_eq!(check("https://sign-in.example.com"), [""; 0]);
        assert_eq!(check("http://sign-in.example.com"), ["oidc.issuer_url"]);
    }
}
