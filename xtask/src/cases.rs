//! The page that says which test shows what: every test that it names must be there.

use std::fs;
use std::path::Path;

/// Tests that docs/reliability.md names, whole or by how they begin, and that no source file has.
///
/// # Errors
/// When a file cannot be read.
pub fn missing(root: &Path) -> Result<Vec<String>, String> {
    let page = root.join("docs/reliability.md");
    let page = fs::read_to_string(&page).map_err(|e| format!("{}: {e}", page.display()))?;
    let mut sources = String::new();
    for folder in ["aws", "engine", "sandbox", "sdk", "src", "state", "testkit", "tests"] {
        collect(&root.join(folder), &mut sources)?;
    }
    let mut missing: Vec<String> = named(&page)
        .filter(|name| !sources.contains(&format!("fn {name}")))
        .map(str::to_owned)
        .collect();
    missing.dedup();
    Ok(missing)
}

/// What is written as code and in words joined by underscores is a test.
fn named(page: &str) -> impl Iterator<Item = &str> {
    let words = page.split('`').skip(1).step_by(2).flat_map(str::split_whitespace);
    words.filter(|word| {
        word.matches('_').count() >= 2
            && !word.starts_with("aws_")
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    })
}

fn collect(folder: &Path, sources: &mut String) -> Result<(), String> {
    let told = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).map_err(told)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{missing, named};

    #[test]
    fn every_test_that_the_page_names_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(missing(root), Ok(Vec::new()));
    }

    #[test]
    fn names_of_tests_are_told_from_other_code() {
        let page =
            "`a_b_c`, `cargo xtask reliability d_e_f`, `aws_s3_bucket`, `infra:stack`, a_b_d";
        assert_eq!(named(page).collect::<Vec<_>>(), ["a_b_c", "d_e_f"]);
    }
}
