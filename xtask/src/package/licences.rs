//! The licences of what is linked into the command: most ask to be handed on with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::sbom::Parts;
use super::tools::at;

/// How files that hold a licence begin.
const NAMES: [&str; 4] = ["license", "licence", "copying", "notice"];

/// Every text once, after the packages that it is of.
pub(super) fn notices(parts: &Parts) -> Result<String, String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (package, manifest) in parts.linked()? {
        let folder = manifest.parent().unwrap_or(Path::new("."));
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let path = entry.map_err(at(folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            if path.is_file() && NAMES.iter().any(|begin| name.starts_with(begin)) {
                let text = fs::read(&path).map_err(at(&path))?;
                let text = String::from_utf8_lossy(&text).trim_end().to_owned();
                texts.entry(text).or_default().push(package.clone());
            }
        }
    }
    let parts = texts.into_iter().map(|(text, mut packages)| {
        packages.dedup();
        format!("{}\n\n{text}\n", packages.join(", "))
    });
    Ok(parts.collect::<Vec<_>>().join(&format!("\n{}\n\n", "-".repeat(80))))
}
