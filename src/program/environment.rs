//! What the program may see of the environment: everything but credentials.

use std::ffi::OsStr;

use tokio::process::Command;

/// Parts of names of variables that hold something secret.
const SECRET_PARTS: [&str; 11] = [
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "ACCESS_KEY",
    "API_KEY",
    "APIKEY",
    "PRIVATE_KEY",
    "WEBHOOK",
];

/// Removes the cloud's credentials and whatever else looks like one from a command's environment.
pub(super) fn scrub(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_secret(&name) {
            command.env_remove(name);
        }
    }
}

/// Removes the cloud's configuration and what opens states: a build may need a registry's token.
pub(super) fn scrub_cloud(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_scrubbed_of_builds(&name) {
            command.env_remove(name);
        }
    }
}

/// Whether builds do not see this variable.
pub(super) fn is_scrubbed_of_builds(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    is_cloud(&name) || name.starts_with("INFRA_STATE_")
}

fn is_cloud(name: &str) -> bool {
    name.to_ascii_uppercase().starts_with("AWS_")
}

fn is_secret(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    is_cloud(&name) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_secret_and_ordinary_variables_are_not() {
        for name in ["AWS_PROFILE", "aws_region", "GITHUB_TOKEN", "DB_PASSWORD", "CHAT_WEBHOOK"] {
            assert!(is_secret(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "HOME", "CARGO_HOME", "RUST_BACKTRACE", "LANG"] {
            assert!(!is_secret(OsStr::new(name)), "{name}");
        }
    }
}
