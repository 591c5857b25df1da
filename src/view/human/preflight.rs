//! The last line of a look ahead.

use infra_sdk::Diagnostic;

use crate::view::text::{ERROR, paint};

/// What a preflight found, in a line; nothing where nothing stops the run.
pub(crate) fn render(found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let what = match errors {
        0 => return String::new(),
        1 => "one thing would".to_owned(),
        count => format!("{count} things would"),
    };
    let head = paint(ERROR, "Preflight:");
    format!(
        "{head} {what} fail, and nothing was changed. \
         With `--preflight=false` a run is tried all the same.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stops_a_run_is_counted() {
        let shown = |found: &[Diagnostic]| anstream::adapter::strip_str(&render(found)).to_string();
        let error = || Diagnostic::error("preflight::taken", "its name is taken");
        let warning = Diagnostic::warning("preflight::later", "later");
        assert_eq!(shown(std::slice::from_ref(&warning)), "");
        let text = shown(&[error(), warning.clone()]);
        assert!(text.starts_with("Preflight: one thing would fail, and nothing"), "{text}");
        assert!(shown(&[error(), error()]).starts_with("Preflight: 2 things would"));
    }
}
