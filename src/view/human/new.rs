//! What was made by `infra new`, and what comes next.

use std::fmt::Write as _;
use std::path::Path;

use infra_sdk::shell::word;

use crate::view::text::{FAINT, STRONG, paint, plain};

/// What files are for, by how they end.
const PURPOSES: [(&str, &str); 5] = [
    (".rs", "a network, a private bucket, a log group"),
    ("stacks/settings/sandbox.toml", "its settings on this machine"),
    ("stacks/settings/production.toml", "its settings in AWS"),
    ("infra.toml", "the environments"),
    ("README.md", "what to touch to change what"),
];

/// What to run next, and what it does.
const NEXT: [(&str, &str); 4] = [
    ("infra plan --env sandbox", "what would be made"),
    ("infra apply --env sandbox", "make it, on this machine"),
    ("infra destroy --env sandbox", "take it away again"),
    ("infra help", "what else there is"),
];

/// The files worth a look, and the next commands.
pub(crate) fn render(name: &str, folder: &Path, files: &[String]) -> String {
    let shown = plain(&folder.display().to_string());
    let mut text = format!("Made {} in {shown}:\n", paint(STRONG, &plain(name)));
    let worth = files.iter().filter(|file| *file != "stacks/src/main.rs").filter_map(|file| {
        let purpose = PURPOSES.iter().find(|(end, _)| file.ends_with(end));
        purpose.map(|(_, purpose)| (file.as_str(), *purpose))
    });
    let mut worth: Vec<_> = worth.collect();
    worth.sort_by_key(|(_, purpose)| PURPOSES.iter().position(|(_, known)| known == purpose));
    rows(&mut text, &worth);
    text.push_str("\nNext:\n");
    if folder != Path::new(".") {
        let _ = writeln!(text, "  {}", paint(STRONG, &format!("cd {}", word(&shown))));
    }
    rows(&mut text, &NEXT);
    text.push_str(&paint(FAINT, LATER));
    text.push('\n');
    text
}

/// The first time takes longer than any other.
const LATER: &str = "\nThe first plan builds the stack and sets AWS up on this machine, which takes\n\
    some minutes. Later ones take seconds. The sandbox needs no AWS account.";

fn rows(text: &mut String, rows: &[(&str, &str)]) {
    let width = rows.iter().map(|(first, _)| first.chars().count()).max().unwrap_or(0);
    for (first, second) in rows {
        // Writing into a text cannot fail.
        let _ =
            writeln!(text, "  {}  {second}", paint(STRONG, &format!("{:width$}", plain(first))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worth_a_look_comes_before_what_is_next() {
        let files = ["infra.toml", "stacks/src/main.rs", "stacks/src/shop.rs", "Cargo.lock"];
        let text = render("shop", Path::new("my shop"), &files.map(str::to_owned));
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        Made shop in my shop:
          stacks/src/shop.rs  a network, a private bucket, a log group
          infra.toml          the environments

        Next:
          cd 'my shop'
          infra plan --env sandbox     what would be made
          infra apply --env sandbox    make it, on this machine
          infra destroy --env sandbox  take it away again
          infra help                   what else there is

        The first plan builds the stack and sets AWS up on this machine, which takes
        some minutes. Later ones take seconds. The sandbox needs no AWS account.
        ");
    }
}
