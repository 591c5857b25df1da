//! The topics of `infra help`.

/// Something that is explained.
pub(crate) struct Topic {
    /// What it is asked for by.
    pub(crate) name: &'static str,
    /// The explanation, in Markdown.
    pub(crate) text: &'static str,
}

/// All topics, sorted by name.
pub(crate) const TOPICS: [Topic; 8] = [
    Topic { name: "addresses", text: include_str!("topics/addresses.md") },
    Topic { name: "ci", text: include_str!("topics/ci.md") },
    Topic { name: "environments", text: include_str!("topics/environments.md") },
    Topic { name: "exit-codes", text: include_str!("topics/exit-codes.md") },
    Topic { name: "references", text: include_str!("topics/references.md") },
    Topic { name: "sandbox", text: include_str!("topics/sandbox.md") },
    Topic { name: "settings", text: include_str!("topics/settings.md") },
    Topic { name: "state", text: include_str!("topics/state.md") },
];

/// The topic of that name.
pub(crate) fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_sorted_and_say_something() {
        assert!(TOPICS.is_sorted_by_key(|topic| topic.name));
        for topic in &TOPICS {
            let lines = topic.text.lines().count();
            assert!(topic.text.starts_with("# ") && lines > 8, "{}", topic.name);
        }
    }
}
