//! A parameter of Parameter Store.
//!
//! - Parameters are read ten at a time.
//! - One that AWS keeps in the advanced tier cannot go back to the standard one: AWS refuses.
//! - A parameter that is there already is imported, and never overwritten.
//!
//! API: PutParameter, GetParameters, DescribeParameters, DeleteParameter, ListTagsForResource,
//! AddTagsToResource, RemoveTagsFromResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};

use super::ParameterName;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// A text, or texts, that programs look up by name.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ssm_parameter", outputs = ParameterOutputs, validate = validate)]
pub struct Parameter {
    /// Name, unique in the region; a path where it has a `/`.
    #[field(force_new)]
    pub name: ParameterName,
    /// What it holds.
    #[field(force_new)]
    pub r#type: ParameterType,
    /// Value: at most 4096 bytes, 8192 in the advanced tier.
    #[field(sensitive)]
    pub value: Option<String>,
    /// Value that is never read back, and never recorded in clear.
    #[field(sensitive, write_only)]
    pub value_wo: Option<String>,
    /// Change it to have `value_wo` set once more.
    #[field(write_only)]
    pub value_wo_version: Option<u32>,
    /// Pattern that values have to match.
    pub allowed_pattern: Option<String>,
    /// What AWS checks the value to be: `text`, or `aws:ec2:image` for the id of an image.
    #[field(default = String::from("text"))]
    pub data_type: String,
    /// What it is for, at most 1024 characters.
    pub description: Option<String>,
    /// Key that encrypts a `SecureString`. Left out, AWS's own.
    #[field(computed)]
    pub key_id: Option<KeyRef>,
    /// Tier. Left out, AWS's choice.
    #[field(computed)]
    pub tier: Option<ParameterTier>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`Parameter`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ParameterOutputs {
    /// The parameter's name.
    pub id: ParameterName,
    /// The parameter's ARN.
    pub arn: Arn<Parameter>,
    /// How often it has been set.
    pub version: u32,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ParameterType {
    /// A text.
    #[choice("String")]
    String,
    /// Texts with commas between.
    #[choice("StringList")]
    StringList,
    /// A text that is encrypted.
    #[choice("SecureString")]
    SecureString,
}

/// Tier of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ParameterTier {
    /// At most 4096 bytes, free.
    #[choice("Standard")]
    Standard,
    /// At most 8192 bytes.
    #[choice("Advanced")]
    Advanced,
    /// Standard as long as that will do.
    #[choice("Intelligent-Tiering")]
    IntelligentTiering,
}

const STANDARD: usize = 4096;
const ADVANCED: usize = 8192;

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&["value", "value_wo"]);
    if rules.has("value_wo_version") && !rules.has("value_wo") {
        rules.refuse("value_wo_version", "needs `value_wo`");
    }
    let longest = if rules.text("tier") == Some("Standard") { STANDARD } else { ADVANCED };
    for name in ["value", "value_wo"] {
        let text = inputs.get(name).and_then(|value| value.reveal().as_str());
        if text.is_some_and(|text| text.len() > longest) {
            rules.refuse(name, format!("must have at most {longest} bytes"));
        }
    }
    let is_secure = rules.text("type").is_none_or(|kind| kind == "SecureString");
    if rules.has("key_id") && !is_secure {
        rules.refuse("key_id", "is for a `SecureString` only");
    }
    if rules
        .text("data_type")
        .is_some_and(|t| !["text", "aws:ec2:image", "aws:ssm:integration"].contains(&t))
    {
        rules.refuse("data_type", "must be `text`, `aws:ec2:image` or `aws:ssm:integration`");
    }
    let is_text = rules.text("type").is_none_or(|kind| kind == "String");
    if rules.text("data_type") == Some("aws:ec2:image") && !is_text {
        rules.refuse("data_type", "`aws:ec2:image` is for a `String` only");
    }
    if rules.text("description").is_some_and(|text| text.chars().count() > 1024) {
        rules.refuse("description", "must have at most 1024 characters");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
    use aws_sdk_ssm::types::{
        Parameter as Wire, ParameterMetadata, ParameterStringFilter, ParameterTier as WireTier,
        ParameterType as WireType,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;
    use crate::ssm::common::{list_tags, retag, wire_tags};

    const OPERATIONS: &[&str] = &[
        "ssm:AddTagsToResource",
        "ssm:DeleteParameter",
        "ssm:DescribeParameters",
        "ssm:GetParameters",
        "ssm:ListTagsForResource",
        "ssm:PutParameter",
        "ssm:RemoveTagsFromResource",
    ];
    /// The operations, and the use of the key that encrypts. Source: Systems Manager user guide,
    /// how Parameter Store uses KMS.
    const ACTIONS: &[&str] =
        actions!(OPERATIONS, ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]);
    const GONE: &[&str] = &["ParameterNotFound", "InvalidResourceId"];
    /// Parameters that one call reads. Source: API Reference, GetParameters.
    const AT_ONCE: usize = 10;

    impl Handler for Parameter {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "ssm:PutParameter",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let tags = wire_tags(&want.tags.0)?;
            aws.call(|| {
                let call = put(aws, want).set_description(want.description.clone());
                call.set_allowed_pattern(want.allowed_pattern.clone())
                    .overwrite(false)
                    .set_tags((!tags.is_empty()).then(|| tags.clone()))
                    .send()
            })
            .await?;
            Ok(want.name.to_string())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, AT_ONCE, |chunk| read_chunk(aws, chunk)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            // What is left out stays, so that what is taken away is sent empty.
            let description = want.description.clone().unwrap_or_default();
            let pattern = want.allowed_pattern.clone().unwrap_or_default();
            aws.call(|| {
                let call = put(aws, want).description(&description).allowed_pattern(&pattern);
                call.overwrite(true).send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ssm().delete_parameter().name(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let tags = absent(list_tags(aws, want.name.as_str()).await.map(Some), GONE)?;
            let ours = tags.filter(|tags| is_ours(&want.tags.0, &tags.0));
            Ok(ours.map(|_| want.name.to_string()).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    fn put(aws: &Aws, want: &Parameter) -> PutParameterFluentBuilder {
        let value = want.value.clone().or_else(|| want.value_wo.clone());
        aws.ssm()
            .put_parameter()
            .name(want.name.as_str())
            .r#type(WireType::from(want.r#type.as_str()))
            .set_value(value)
            .data_type(&want.data_type)
            .set_key_id(want.key_id.as_ref().map(|key| key.as_str().to_owned()))
            .set_tier(want.tier.map(|tier| WireTier::from(tier.as_str())))
    }

    async fn read_chunk(aws: &Aws, chunk: Vec<Known>) -> Result<HashMap<String, Seen<Parameter>>> {
        let names: Vec<_> = chunk.iter().map(|known| known.id.clone()).collect();
        let filter = ParameterStringFilter::builder().key("Name").option("Equals");
        let filter = filter.set_values(Some(names.clone())).build().map_err(|error| {
            Failure::new(FailureClass::Invalid, format!("names cannot be sent: {error}"))
        })?;
        let values = aws
            .call(|| {
                let call = aws.ssm().get_parameters().set_names(Some(names.clone()));
                call.with_decryption(true).send()
            })
            .await?;
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ssm().describe_parameters().set_next_token(token);
                    call.parameter_filters(filter.clone()).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let about: Vec<_> =
            pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default()).collect();
        let mut seen = HashMap::new();
        for value in values.parameters.unwrap_or_default() {
            let name = value.name.clone().ok_or_else(|| missing("Name"))?;
            let known = chunk.iter().find(|known| known.id == name);
            let about = about.iter().find(|about| about.name() == Some(name.as_str()));
            if let (Some(known), Some(about)) = (known, about) {
                seen.insert(name, see(aws, known, value, about).await?);
            }
        }
        Ok(seen)
    }

    async fn see(
        aws: &Aws,
        known: &Known,
        parameter: Wire,
        about: &ParameterMetadata,
    ) -> Result<Seen<Parameter>> {
        let name = known.id.as_str();
        // What must not be read back is not kept.
        let hidden = known.recorded.get("value_wo").is_some_and(|value| !value.is_null());
        let key = about.key_id().filter(|key| !key.is_empty() && !key.contains("alias/"));
        let tier = about.tier().map(WireTier::as_str);
        // Which tier AWS chose is no difference to letting it choose.
        let choose = ParameterTier::IntelligentTiering;
        let recorded = known.recorded.get("tier").and_then(|tier| tier.as_str());
        let tier = match recorded {
            Some(asked) if asked == choose.as_str() => Some(choose),
            _ => tier.map(|tier| parsed(Some(tier), "Tier")).transpose()?,
        };
        let inputs = Parameter {
            name: ParameterName::new(name),
            r#type: parsed(parameter.r#type().map(WireType::as_str), "Type")?,
            value: parameter.value.clone().filter(|_| !hidden),
            value_wo: None,
            value_wo_version: None,
            allowed_pattern: about.allowed_pattern().filter(|t| !t.is_empty()).map(str::to_owned),
            data_type: parameter.data_type().unwrap_or("text").to_owned(),
            description: about.description().filter(|text| !text.is_empty()).map(str::to_owned),
            key_id: key.map(KeyRef::new),
            tier,
            tags: list_tags(aws, name).await?,
        };
        let outputs = ParameterOutputs {
            id: ParameterName::new(name),
            arn: Arn::new(parameter.arn.ok_or_else(|| missing("ARN"))?),
            version: u32::try_from(parameter.version).unwrap_or(u32::MAX),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_parameter_has_one_value_that_fits_its_type_and_tier() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let value = |length: usize| ("value", Value::String("x".repeat(length)).sensitive());
        let kind = |kind: &str| ("type", Value::from(kind));
        let standard = ("tier", Value::from("Standard"));
        let key = ("key_id", Value::from("1"));
        assert_eq!(check(&[value(5000)]), [""; 0]);
        assert_eq!(check(&[value(5000), standard]), ["value"]);
        assert_eq!(check(&[]), ["value"]);
        assert_eq!(check(&[value(1), ("value_wo", "x".into())]), ["value_wo"]);
        assert_eq!(check(&[value(1), kind("SecureString"), key.clone()]), [""; 0]);
        assert_eq!(check(&[value(1), kind("String"), key]), ["key_id"]);
        let image = ("data_type", Value::from("aws:ec2:image"));
        assert_eq!(check(&[value(1), kind("StringList"), image]), ["data_type"]);
        assert_eq!(check(&[value(1), ("data_type", "json".into())]), ["data_type"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::kms::Key;

    conforms!(
        aws_ssm_parameter,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new().description("parameters"));
                let path = format!("/{name}/url");
                let parameter = Parameter::new(path, ParameterType::SecureString).value("first");
                let parameter = parameter.key_id(key.arn()).description("where it is");
                stack.add("it", parameter.tier(ParameterTier::Standard).tag("Name", name));
            },
            update: Some(|stack, name| {
                let key = stack.add("key", Key::new().description("parameters"));
                let path = format!("/{name}/url");
                let parameter = Parameter::new(path, ParameterType::SecureString);
                let parameter = parameter.value_wo("second").value_wo_version(2_u32);
                let parameter = parameter.key_id(key.arn()).tier(ParameterTier::Advanced);
                let parameter = parameter.description("where it is now");
                stack.add("it", parameter.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let path = format!("/{name}/zones");
                stack.add("it", Parameter::new(path, ParameterType::StringList).value("a,b"));
            }),
            gaps: &[],
        }
    );
}
