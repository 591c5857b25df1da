//! How much is logged: `INFRA_LOG`.
//!
//! The main function is [`filter`].

use infra_sdk::Diagnostic;
use tracing_subscriber::filter::Targets;

/// The variable that says it.
pub(super) const VARIABLE: &str = "INFRA_LOG";

/// The crates whose spans and events are looked at, and no others.
const OURS: [&str; 6] =
    ["infra", "infra_aws", "infra_engine", "infra_sandbox", "infra_sdk", "infra_state"];

/// Whether something is said by one of our crates.
pub(super) fn is_ours(target: &str) -> bool {
    let krate = target.split("::").next().unwrap_or_default();
    OURS.contains(&krate)
}

/// What `INFRA_LOG` asks for: a level, and levels of parts: `info,infra_aws=debug`.
///
/// # Errors
/// With what is wrong with it; nothing is logged of other crates, whatever it says.
pub(super) fn filter(text: &str) -> Result<Targets, Diagnostic> {
    let wrong = |detail: String| {
        Diagnostic::error("cli::log", "`INFRA_LOG` cannot be used")
            .detail(detail)
            .hint("write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or levels of parts: `INFRA_LOG=info,infra_aws=debug`")
    };
    let targets: Targets =
        text.parse().map_err(|error| wrong(format!("`{}`: {error}", text.escape_debug())))?;
    let foreign = targets.iter().find(|(target, _)| !is_ours(target));
    let foreign = foreign.map(|(target, _)| target.escape_debug().to_string());
    if let Some(target) = foreign {
        return Err(wrong(format!(
            "`{target}` is neither a level nor a part of infra: what other crates log holds requests, secrets too, and is never shown"
        )));
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_of_our_crates_alone() {
        let targets = filter("info,infra_aws=trace").expect("valid");
        assert!(targets.would_enable("infra_aws::frame::call", &Level::TRACE));
        assert!(targets.would_enable("infra_engine::apply", &Level::INFO));
        assert!(!targets.would_enable("infra_engine::apply", &Level::DEBUG));
        assert!(is_ours("infra::cli") && is_ours("infra_aws"));
        assert!(!is_ours("aws_smithy_runtime::client") && !is_ours("infrared"));
        for odd in ["hyper=trace", "aws_config=debug", "banana", "infra_aws=banana", "debug,h2=off"]
        {
            let problem = filter(odd).expect_err(odd);
            assert_eq!(problem.code, "cli::log");
            assert!(problem.hints.concat().contains("INFRA_LOG=info"), "{problem:?}");
        }
    }
}
