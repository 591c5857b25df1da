//! Which pages of other origins may use a bucket in a browser.
//!
//! API: PutBucketCors, GetBucketCors, DeleteBucketCors.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Block, Choice, Object, Outputs, Resource};

use super::BucketName;
use crate::rules::Rules;

/// Which pages of other origins may use a bucket in a browser.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_bucket_cors_configuration", outputs = CorsOutputs, validate = validate)]
pub struct BucketCorsConfiguration {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// The rules, at most 100; the first that fits counts.
    #[field(required)]
    pub cors_rule: Vec<CorsRule>,
    /// The account that must own the bucket: twelve digits.
    #[field(force_new)]
    pub expected_bucket_owner: Option<String>,
}

/// What pages of which origins may do.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CorsRule {
    /// What they may do.
    #[field(required)]
    pub allowed_methods: BTreeSet<CorsMethod>,
    /// Whose they are: `https://app.example.com`, with one `*` at most.
    #[field(required)]
    pub allowed_origins: BTreeSet<String>,
    /// Headers that their requests may have, each with one `*` at most.
    pub allowed_headers: BTreeSet<String>,
    /// Headers of answers that they may read.
    pub expose_headers: BTreeSet<String>,
    /// Name of the rule, at most 255 characters.
    pub id: Option<String>,
    /// How long a browser may keep the answer to its question, in seconds.
    #[field(range = 0..=2_147_483_647)]
    pub max_age_seconds: Option<i32>,
}

/// What a page may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum CorsMethod {
    /// Delete.
    #[choice("DELETE")]
    Delete,
    /// Read.
    #[choice("GET")]
    Get,
    /// Read the headers alone.
    #[choice("HEAD")]
    Head,
    /// Upload by a form.
    #[choice("POST")]
    Post,
    /// Write.
    #[choice("PUT")]
    Put,
}

/// What identifies a [`BucketCorsConfiguration`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct CorsOutputs {
    /// The bucket's name, and after a comma the account that must own it.
    pub id: String,
}

/// Source: S3 API Reference, CORSRule.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let list = inputs.get("cors_rule").and_then(|value| value.as_list()).unwrap_or_default();
    if list.len() > 100 {
        rules.refuse("cors_rule", "can be given 100 times at most");
    }
    rules.blocks("cors_rule", |rule| {
        for name in ["allowed_origins", "allowed_headers"] {
            if let Some(text) = rule.texts(name).iter().find(|text| text.matches('*').count() > 1) {
                rule.refuse(name, format!("`{text}` has more than one `*`"));
            }
        }
        if rule.text("id").is_some_and(|id| id.chars().count() > 255) {
            rule.refuse("id", "must have at most 255 characters");
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_s3::types::{CorsConfiguration, CorsRule as Wire};

    use super::*;
    use crate::frame::error::incomplete;
    use crate::prelude::*;
    use crate::s3::common::{NO_BUCKET, join_id, split_id};

    impl Handler for BucketCorsConfiguration {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "s3:PutBucketCors",
            operations: &["s3:DeleteBucketCors", "s3:GetBucketCors", "s3:PutBucketCors"],
            actions: &["s3:GetBucketCORS", "s3:PutBucketCORS"],
            gone: &[NO_BUCKET, "NoSuchCORSConfiguration"],
            not_yet: &[(NO_BUCKET, "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref()))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (bucket, owner) = split_id(id);
            aws.call(|| {
                let call = aws.s3().delete_bucket_cors().bucket(bucket);
                call.set_expected_bucket_owner(owner.map(str::to_owned)).send()
            })
            .await
            .map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref())])
        }
    }

    async fn put(aws: &Aws, want: &BucketCorsConfiguration) -> Result<()> {
        let rules = want.cors_rule.iter().map(to_wire).collect::<Result<Vec<_>>>()?;
        let configuration =
            CorsConfiguration::builder().set_cors_rules(Some(rules)).build().map_err(incomplete)?;
        aws.call(|| {
            aws.s3()
                .put_bucket_cors()
                .bucket(want.bucket.as_str())
                .set_expected_bucket_owner(want.expected_bucket_owner.clone())
                .cors_configuration(configuration.clone())
                .send()
        })
        .await
        .map(drop)
    }

    fn listed(texts: &BTreeSet<String>) -> Option<Vec<String>> {
        (!texts.is_empty()).then(|| texts.iter().cloned().collect())
    }

    fn to_wire(rule: &CorsRule) -> Result<Wire> {
        let methods = rule.allowed_methods.iter().map(|method| method.as_str().to_owned());
        Wire::builder()
            .set_allowed_methods(Some(methods.collect()))
            .set_allowed_origins(listed(&rule.allowed_origins))
            .set_allowed_headers(listed(&rule.allowed_headers))
            .set_expose_headers(listed(&rule.expose_headers))
            .set_id(rule.id.clone())
            .set_max_age_seconds(rule.max_age_seconds)
            .build()
            .map_err(incomplete)
    }

    fn from_wire(rule: Wire) -> Result<CorsRule> {
        let set = |texts: Option<Vec<String>>| texts.unwrap_or_default().into_iter().collect();
        let methods = rule.allowed_methods.iter().map(|m| parsed(Some(m.as_str()), "Method"));
        Ok(CorsRule {
            allowed_methods: methods.collect::<Result<_>>()?,
            allowed_origins: set(Some(rule.allowed_origins)),
            allowed_headers: set(rule.allowed_headers),
            expose_headers: set(rule.expose_headers),
            id: rule.id.filter(|id| !id.is_empty()),
            max_age_seconds: rule.max_age_seconds,
        })
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketCorsConfiguration>>> {
        let (bucket, owner) = split_id(&item.id);
        let owner = owner.map(str::to_owned);
        let answer = aws
            .call(|| {
                let call = aws.s3().get_bucket_cors().bucket(bucket);
                call.set_expected_bucket_owner(owner.clone()).send()
            })
            .await?;
        let rules = answer.cors_rules.unwrap_or_default();
        let inputs = BucketCorsConfiguration {
            bucket: BucketName::new(bucket),
            cors_rule: rules.into_iter().map(from_wire).collect::<Result<_>>()?,
            expected_bucket_owner: owner,
        };
        Ok(Some(Seen::new(inputs, CorsOutputs { id: item.id })))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn origins_have_one_star_at_most() {
        let check = |name: &str, text: &str| {
            let texts = Value::List(vec![Value::from(text)]);
            let rule = Value::List(vec![Value::Map(Object::from([(name.to_owned(), texts)]))]);
            validate(&Object::from([("cors_rule".to_owned(), rule)])).len()
        };
        assert_eq!(check("allowed_origins", "https://*.example.com"), 0);
        assert_eq!(check("allowed_origins", "https://*.*.com"), 1);
        assert_eq!(check("allowed_headers", "x-*-*"), 1);
        assert_eq!(check("expose_headers", "*-*"), 0);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::Bucket;

    fn cors(stack: &mut infra_sdk::Stack, name: &str, rules: Vec<CorsRuleArguments>) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-cors")));
        stack.add("it", BucketCorsConfiguration::new(bucket.id(), rules));
    }

    fn read() -> CorsRuleArguments {
        CorsRule::new([CorsMethod::Get, CorsMethod::Head], ["*"])
    }

    conforms!(
        aws_s3_bucket_cors_configuration,
        Fixture {
            base: |stack, name| {
                let write = CorsRule::new([CorsMethod::Put], ["https://app.example.com"])
                    .allowed_headers(["*"])
                    .expose_headers(["ETag", "x-amz-version-id"])
                    .id("uploads")
                    .max_age_seconds(3000);
                cors(stack, name, vec![write, read()]);
            },
            update: Some(|stack, name| cors(stack, name, vec![read().max_age_seconds(60)])),
            replace: None,
            gaps: &[],
        }
    );
}
