//! A zip file on disk with its digest, by which a change of a function's code is noticed.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The code of a function in a zip file on disk.
///
/// ```no_run
/// use infra_aws::iam::Role;
/// use infra_aws::lambda::{Function, ZipFile};
///
/// fn resize(stack: &mut infra_sdk::Stack, role: infra_sdk::Arn<Role>) -> infra_sdk::Result<()> {
///     let zip = ZipFile::read("target/resize.zip")?;
///     let function = Function::new("resize", role)
///         .filename(zip.filename())
///         .source_code_hash(zip.digest())
///         .runtime("provided.al2023")
///         .handler("bootstrap");
///     stack.add("resize", function);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipFile {
    filename: String,
    digest: String,
}

impl ZipFile {
    /// Reads the file, from the folder that the program is started in unless its path is absolute.
    ///
    /// # Errors
    /// When it cannot be read; the error names it.
    pub fn read(path: impl AsRef<Path>) -> std::io::Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| {
            std::io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
        })?;
        Ok(Self { filename: path.display().to_string(), digest: digest(&bytes) })
    }

    /// The path as it was given.
    #[must_use]
    pub fn filename(&self) -> &str {
        &self.filename
    }

    /// SHA-256 of the file in base64, as Lambda says it of a function's code.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// SHA-256 in base64. Source: Lambda API Reference, `CodeSha256` of FunctionConfiguration.
pub(super) fn digest(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_one_that_lambda_says() {
        // `printf abc | openssl dgst -sha256 -binary | base64`
        assert_eq!(digest(b"abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = ZipFile::read("no/such.zip").expect_err("it is not there").to_string();
        assert!(error.contains("`no/such.zip`"), "{error}");
    }
}
