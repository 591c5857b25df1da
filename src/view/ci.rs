//! Lines that a CI system takes for commands: whoever can write one into a log sets outputs and
//! variables of the job, masks nothing, or hides what follows.
//!
//! Text of others is never given out so that it is one: see [`starts`].

/// Where in a text a command of a CI system would begin: the character there must not stand as it
/// is.
///
/// `::name …::…` counts at the beginning of a line, blanks before it or not (GitHub, Gitea);
/// `##[name]` and `##vso[…]` everywhere (Azure, the first form of GitHub), `##teamcity[…]` too.
/// Source: GitHub, "Workflow commands"; Azure DevOps, "Logging commands"; TeamCity, "Service
/// messages". Those of GitLab begin with control characters, which are escaped anyway.
pub(super) fn starts(text: &str) -> impl Iterator<Item = usize> {
    let blanks = text.len() - text.trim_start().len();
    let colons = text[blanks..].strip_prefix("::").is_some_and(|rest| {
        // An address such as `::1` is no command: it has no second pair of colons.
        rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains("::")
    });
    let hashes = text.match_indices('#').filter(|(at, _)| {
        let name = text[at + 1..].strip_prefix('#');
        name.is_some_and(|name| {
            name.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[')
        })
    });
    colons.then_some(blanks).into_iter().chain(hashes.map(|(at, _)| at))
}

/// JSON that says the same and holds no command.
pub(super) fn json(mut text: String) -> String {
    let mut found: Vec<usize> = starts(&text).filter(|at| text[*at..].starts_with('#')).collect();
    found.sort_unstable();
    // Outside of texts JSON has no such character, and within them this stands for it.
    for at in found.into_iter().rev() {
        text.replace_range(at..=at, "\\u0023");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Vec<usize> {
        starts(text).collect()
    }

    #[test]
    fn commands_of_ci_systems_are_found_and_addresses_are_none() {
        assert_eq!(at("::set-output name=a::b"), [0]);
        assert_eq!(at("  ::add-mask::x"), [2]);
        assert_eq!(at("a ##vso[task.setvariable variable=a]b"), [2]);
        assert_eq!(at("##[error]x ##teamcity[y]"), [0, 11]);
        assert_eq!(at("###[error]"), [1]);
        for harmless in ["::1", "::/0", "fe80::1::", "a ::b::c", "## title", "#[derive]", "", "::"]
        {
            assert!(at(harmless).is_empty(), "{harmless}");
        }
    }

    #[test]
    fn json_means_the_same_afterwards() {
        let value = serde_json::json!({ "a": "##vso[x]y ###[b]", "##[k]": 1 });
        let text = json(value.to_string());
        assert!(at(&text).is_empty(), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }
}
