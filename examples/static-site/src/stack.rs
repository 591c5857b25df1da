//! A public bucket, and an object for each file of the folder `site`.

use std::fs;
use std::path::{Path, PathBuf};

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::s3::{
    Bucket, BucketHandle, BucketObject, BucketOwnershipControls, BucketPolicy,
    BucketPublicAccessBlock, BucketServerSideEncryptionConfiguration, EncryptionByDefault,
    EncryptionRule, ObjectOwnership, OwnershipRule, SseAlgorithm,
};
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

/// Where the files are: in the folder of `infra.toml`, in which this program is started.
const FOLDER: &str = "site";

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// Seconds that browsers show a file again without asking for a newer one.
    #[setting(default = 300, range = 0..=31_536_000)]
    pub cache_seconds: u32,
}

/// Declares the site.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let account = stack.lookup(CallerIdentity)?.account_id;
    let name = format!("site-{}-{account}", stack.env().name());
    let bucket = Bucket::new(name)
        .waive("baseline::bucket-versioning", "the repository keeps every version of the files");
    let bucket = stack.add("site", bucket);
    let owner = OwnershipRule::new(ObjectOwnership::BucketOwnerEnforced);
    stack.add("ownership", BucketOwnershipControls::new(bucket.id(), owner));
    let rule = EncryptionRule::new(EncryptionByDefault::new(SseAlgorithm::Aes256));
    stack.add("encryption", BucketServerSideEncryptionConfiguration::new(bucket.id(), [rule]));

    open(stack, &bucket);
    for file in files()? {
        upload(stack, &bucket, &file, settings)?;
    }
    stack.output("url", text!("https://", bucket.bucket_regional_domain_name(), "/index.html"));
    Ok(())
}

/// Everybody may read objects, by TLS; nobody may list them, and no access list opens more.
fn open(stack: &mut Stack, bucket: &BucketHandle) {
    let access = BucketPublicAccessBlock::new(bucket.id())
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(false)
        .restrict_public_buckets(false)
        .waive("baseline::public-bucket", "it is a site: everybody may read it");
    let access = stack.add("public", access);
    let read = Statement::allow()
        .sid("ReadByEverybody")
        .principal(Principal::all())
        .action("s3:GetObject")
        .resource(text!(bucket.arn(), "/*"));
    let tls_only = Statement::deny()
        .sid("TlsOnly")
        .principal(Principal::all())
        .action("s3:*")
        .resource(bucket.arn())
        .resource(text!(bucket.arn(), "/*"))
        .condition(Operator::Bool, "aws:SecureTransport", "false");
    let policy = PolicyDocument::new().statement(read).statement(tls_only);
    // S3 refuses a public policy as long as public ones are blocked, which new buckets begin with.
    stack.add("policy", BucketPolicy::new(bucket.id(), policy).depends_on(&access));
}

/// The files of the site, in the order of their names: the same at each run.
fn files() -> Result<Vec<PathBuf>> {
    let broken = |error: std::io::Error| Error::new(format!("`{FOLDER}`: {error}"));
    let mut files = Vec::new();
    for entry in fs::read_dir(FOLDER).map_err(broken)? {
        files.push(entry.map_err(broken)?.path());
    }
    files.sort();
    Ok(files)
}

/// One file of the site. It is uploaded again when what is in it has changed.
fn upload(
    stack: &mut Stack,
    bucket: &BucketHandle,
    file: &Path,
    settings: &Settings,
) -> Result<()> {
    let text = fs::read_to_string(file)
        .map_err(|error| Error::new(format!("`{}`: {error}", file.display())))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let kind = match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return Err(Error::new(format!("`{name}` is neither HTML nor CSS nor SVG"))),
    };
    let object = BucketObject::new(bucket.id(), name.as_ref())
        .content(text)
        .content_type(kind)
        .cache_control(format!("max-age={}", settings.cache_seconds));
    stack.add(format!("file-{}", name.replace('.', "-")), object);
    Ok(())
}
