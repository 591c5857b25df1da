//! An image in a repository, above all its digest, which never moves to another image as tags do. A
//! lookup: answered while the program runs.
//!
//! API: DescribeImages.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

use super::RepositoryName;

/// Asks for an image by its tag, by its digest, or for the newest.
#[derive(Debug, Clone)]
pub struct FindImage {
    repository: String,
    registry_id: Option<String>,
    by: By,
}

/// What an image is asked for by.
#[derive(Debug, Clone)]
enum By {
    Tag(String),
    Digest(String),
    Newest,
}

impl FindImage {
    /// The image with that tag: `v1.2.3`.
    #[must_use]
    pub fn tagged(repository: &RepositoryName, tag: impl Into<String>) -> Self {
        Self::by(repository, By::Tag(tag.into()))
    }

    /// The image with that digest: `sha256:…`.
    #[must_use]
    pub fn with_digest(repository: &RepositoryName, digest: impl Into<String>) -> Self {
        Self::by(repository, By::Digest(digest.into()))
    }

    /// The image that was pushed last.
    #[must_use]
    pub fn newest(repository: &RepositoryName) -> Self {
        Self::by(repository, By::Newest)
    }

    /// In the registry of another account.
    #[must_use]
    pub fn registry_id(mut self, account: impl Into<String>) -> Self {
        self.registry_id = Some(account.into());
        self
    }

    fn by(repository: &RepositoryName, by: By) -> Self {
        Self { repository: repository.as_str().to_owned(), registry_id: None, by }
    }
}

impl Lookup for FindImage {
    type Answer = ImageFound;

    const NAME: &'static str = "aws_ecr_image";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let by = match &self.by {
            By::Tag(tag) => ("image_tag", Value::from(tag.as_str())),
            By::Digest(digest) => ("image_digest", Value::from(digest.as_str())),
            By::Newest => ("most_recent", Value::Bool(true)),
        };
        let registry = self.registry_id.as_deref().map_or(Value::Null, Value::from);
        BTreeMap::from([
            ("repository_name".to_owned(), Value::from(self.repository.as_str())),
            ("registry_id".to_owned(), registry),
            (by.0.to_owned(), by.1),
        ])
    }
}

/// The image found.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct ImageFound {
    /// Its digest: `sha256:…`.
    pub image_digest: String,
    /// Its tags, sorted.
    pub image_tags: Vec<String>,
    /// Where it is pulled from, by its digest.
    pub image_uri: String,
    /// Its size in bytes.
    pub image_size_in_bytes: i64,
    /// When it was pushed, in seconds since 1970.
    pub image_pushed_at: i64,
    /// The repository's name.
    pub repository_name: String,
    /// The registry's account.
    pub registry_id: String,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier};
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::types::partition_of;
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindImage::NAME,
            doc: "An image of ECR, by its tag, by its digest, or the newest.",
            answer: ImageFound::KIND,
            placeholder,
        },
        operations: &["ecr:DescribeImages"],
        actions: &["ecr:DescribeImages"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        let digest = format!("sha256:{}", "0".repeat(64));
        ImageFound {
            image_uri: uri("123456789012", region, "images", &digest),
            image_digest: digest,
            image_tags: vec!["latest".to_owned()],
            image_size_in_bytes: 0,
            image_pushed_at: 0,
            repository_name: "images".to_owned(),
            registry_id: "123456789012".to_owned(),
        }
        .to_value()
    }

    /// Source: ECR user guide, private registry; domains of partitions: AWS General Reference.
    fn uri(account: &str, region: &str, repository: &str, digest: &str) -> String {
        let domain = match partition_of(region) {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        };
        format!("{account}.dkr.ecr.{region}.{domain}/{repository}@{digest}")
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let given = |name: &str| text(arguments, name).map(str::to_owned);
        let (tag, digest) = (given("image_tag"), given("image_digest"));
        let id = (tag.is_some() || digest.is_some()).then(|| {
            ImageIdentifier::builder().set_image_tag(tag).set_image_digest(digest).build()
        });
        let pages = aws
            .pages(
                |token| {
                    aws.ecr()
                        .describe_images()
                        .set_repository_name(given("repository_name"))
                        .set_registry_id(given("registry_id"))
                        .set_image_ids(id.clone().map(|id| vec![id]))
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let images = pages.into_iter().flat_map(|page| page.image_details.unwrap_or_default());
        let newest = images.max_by_key(pushed).ok_or_else(|| {
            Failure::new(FailureClass::Gone, "the repository has no such image".to_owned())
        })?;
        see(aws.region(), newest).map(|found| found.to_value())
    }

    fn pushed(image: &ImageDetail) -> Option<(i64, u32)> {
        image.image_pushed_at().map(|time| (time.secs(), time.subsec_nanos()))
    }

    fn see(region: &str, image: ImageDetail) -> Result<ImageFound> {
        let pushed = image.image_pushed_at().map_or(0, aws_smithy_types::DateTime::secs);
        let account = image.registry_id.ok_or_else(|| missing("registryId"))?;
        let repository = image.repository_name.ok_or_else(|| missing("repositoryName"))?;
        let digest = image.image_digest.ok_or_else(|| missing("imageDigest"))?;
        let mut tags = image.image_tags.unwrap_or_default();
        tags.sort();
        Ok(ImageFound {
            image_uri: uri(&account, region, &repository, &digest),
            image_digest: digest,
            image_tags: tags,
            image_size_in_bytes: image.image_size_in_bytes.unwrap_or(0),
            image_pushed_at: pushed,
            repository_name: repository,
            registry_id: account,
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_image_is_pulled_from_its_registry() {
            let digest = "sha256:1";
            let expected = "123456789012.dkr.ecr.us-west-2.amazonaws.com/team/api@sha256:1";
            assert_eq!(uri("123456789012", "us-west-2", "team/api", digest), expected);
            assert!(uri("1", "cn-north-1", "a", digest).contains(".amazonaws.com.cn/"));
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::FieldType as _;
    use infra_sdk::provider::FailureClass;

    use super::*;
    use crate::test_endpoint::{aws, look_up};

    /// The manifest of an image that differs from others by its size. Source: OCI image manifest
    /// specification.
    fn manifest(size: u32) -> String {
        let kind = |kind: &str| format!("application/vnd.docker.{kind}");
        let blob = |kind: &str, size: u32| {
            serde_json::json!({
                "mediaType": kind,
                "size": size,
                "digest": format!("sha256:{size:064x}"),
            })
        };
        serde_json::json!({
            "schemaVersion": 2,
            "mediaType": kind("distribution.manifest.v2+json"),
            "config": blob(&kind("container.image.v1+json"), size),
            "layers": [blob(&kind("image.rootfs.diff.tar.gzip"), size)],
        })
        .to_string()
    }

    #[tokio::test]
    async fn an_image_is_found_by_tag_and_by_digest() {
        let aws = aws().await;
        let name = RepositoryName::new(format!("found/{}", std::process::id()));
        let create = || aws.ecr().create_repository().repository_name(name.as_str());
        aws.call(|| create().send()).await.expect("made");
        for (tag, size) in [("v1", 1), ("v2", 2)] {
            let put = || aws.ecr().put_image().repository_name(name.as_str()).image_tag(tag);
            aws.call(|| put().image_manifest(manifest(size)).send()).await.expect("pushed");
        }
        let find = async |lookup: FindImage| {
            let answer = look_up(&lookup).await.expect("found");
            ImageFound::from_value(&answer).expect("an answer")
        };
        let first = find(FindImage::tagged(&name, "v1")).await;
        assert_eq!(
            (first.image_tags.as_slice(), &first.repository_name),
            (&["v1".to_owned()][..], &name.as_str().to_owned())
        );
        assert!(first.image_uri.ends_with(&format!("{}@{}", name.as_str(), first.image_digest)));
        assert_eq!(find(FindImage::with_digest(&name, first.image_digest.as_str())).await, first);
        let second = find(FindImage::tagged(&name, "v2")).await;
        assert_ne!(second.image_digest, first.image_digest);
        let none = look_up(&FindImage::tagged(&name, "v3")).await.expect_err("none");
        assert_eq!(none.class, FailureClass::Gone);
    }
}
