//! A TOML file with the place of everything in it.
//!
//! The main type is [`Document`]. It knows lines and columns and nothing of what the file means.

use std::ops::Range;
use std::path::Path;

use infra_sdk::{Diagnostic, Location};
use toml::de::DeTable;

/// The text of a file, and the name it is shown by.
#[derive(Debug)]
pub(crate) struct Document {
    name: String,
    text: String,
}

impl Document {
    /// Reads a file that is shown as `name`. `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read or is not UTF-8.
    pub(crate) fn read(path: &Path, name: &str) -> Result<Option<Self>, Diagnostic> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(Self { name: name.to_owned(), text })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Diagnostic::error("config::unreadable", "a file cannot be read")
                .detail(format!("`{name}`: {error}"))),
        }
    }

    /// A document that is no file, for tests.
    #[cfg(test)]
    pub(crate) fn from_text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    /// The tables of the file.
    ///
    /// # Errors
    /// With every place where it is not TOML.
    pub(crate) fn parse(&self) -> Result<DeTable<'_>, Vec<Diagnostic>> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Ok(table.into_inner());
        }
        let report = |error: &toml::de::Error| {
            Diagnostic::error("config::syntax", "a file is not TOML")
                .detail(error.message().trim_end().to_owned())
                .location(Some(self.location(error.span().unwrap_or(0..0))))
        };
        Err(errors.iter().map(report).collect())
    }

    /// Where a span of the file begins.
    pub(crate) fn location(&self, span: Range<usize>) -> Location {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Location {
            file: self.name.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let document = Document::from_text("x.toml", "a = 1\nä = \"ö\" b\n");
        let found = document.parse().expect_err("not TOML");
        assert_eq!(found[0].location.as_ref().map(|l| (l.line, l.column)), Some((2, 9)));
    }
}
