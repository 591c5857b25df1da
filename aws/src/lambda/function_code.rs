//! Where the code of a [`Function`] comes from, as calls take it.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::FunctionCode;
use infra_sdk::provider::{Failure, FailureClass};

use super::function::Function;
use super::zip_file::digest;
use crate::prelude::*;

/// The code as calls take it, and its digest where that is known.
pub(super) struct Code {
    pub(super) wire: FunctionCode,
    /// SHA-256 in base64.
    pub(super) digest: Option<String>,
}

/// Reads the zip file where there is one. `declared` says that `source_code_hash` is what the program
/// gave, and not what was filled in from the code that runs.
///
/// # Errors
/// When it cannot be read, or is not the one that was planned.
pub(super) async fn code(want: &Function, declared: bool) -> Result<Code> {
    let wire = FunctionCode::builder();
    if let Some(path) = &want.filename {
        let bytes = tokio::fs::read(path).await.map_err(|error| {
            Failure::new(FailureClass::Invalid, format!("`{path}` cannot be read: {error}"))
        })?;
        let digest = digest(&bytes);
        if declared && want.source_code_hash.as_ref().is_some_and(|planned| *planned != digest) {
            let message = format!("`{path}` has changed since `source_code_hash` was taken of it");
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        let wire = wire.zip_file(Blob::new(bytes)).build();
        return Ok(Code { wire, digest: Some(digest) });
    }
    let wire = wire
        .set_image_uri(want.image_uri.clone())
        .set_s3_bucket(want.s3_bucket.clone())
        .set_s3_key(want.s3_key.clone())
        .set_s3_object_version(want.s3_object_version.clone())
        .build();
    // An image is known by its URI, and its digest is of something else.
    let digest = want.source_code_hash.clone().filter(|_| declared && want.image_uri.is_none());
    Ok(Code { wire, digest })
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Object, Value};

    use super::*;

    fn function(entries: &[(&str, &str)]) -> Function {
        let base = [("function_name", "f"), ("role", "arn:aws:iam::123456789012:role/f")];
        let all = base.iter().chain(entries);
        let inputs: Object =
            all.map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
        Function::from_object(&inputs).expect("a function")
    }

    #[tokio::test]
    async fn a_file_that_changed_after_the_plan_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("code.zip");
        std::fs::write(&path, b"abc").expect("written");
        let path = path.display().to_string();
        let planned = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let want = function(&[("filename", &path), ("source_code_hash", planned)]);
        let read = code(&want, true).await.expect("read");
        assert_eq!(read.digest.as_deref(), Some(planned));
        assert_eq!(read.wire.zip_file().map(AsRef::as_ref), Some(b"abc".as_slice()));
        std::fs::write(&path, b"abd").expect("written");
        let refused = code(&want, true).await.err().expect("refused");
        assert!(refused.message.contains("has changed"), "{}", refused.message);
        assert!(code(&want, false).await.is_ok(), "what was filled in says nothing of the file");
        std::fs::remove_file(&path).expect("removed");
        assert!(code(&want, true).await.is_err());
    }

    #[tokio::test]
    async fn code_in_s3_and_images_are_named() {
        let want = function(&[("s3_bucket", "b"), ("s3_key", "k"), ("s3_object_version", "v")]);
        let code_of = |want| async move { code(&want, true).await.expect("named") };
        let zip = code_of(want).await;
        let named = (zip.wire.s3_bucket(), zip.wire.s3_key(), zip.wire.s3_object_version());
        assert_eq!(named, (Some("b"), Some("k"), Some("v")));
        assert_eq!(zip.digest, None);
        let want = function(&[("s3_bucket", "b"), ("s3_key", "k"), ("source_code_hash", "h")]);
        assert_eq!(code(&want, true).await.expect("named").digest.as_deref(), Some("h"));
        assert_eq!(code(&want, false).await.expect("named").digest, None);
        let image = code_of(function(&[("image_uri", "repo:1")])).await;
        assert_eq!((image.wire.image_uri(), image.digest), (Some("repo:1"), None));
    }
}
