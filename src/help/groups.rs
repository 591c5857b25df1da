//! The commands in groups, by what people do: clap lists them in one column.

use std::fmt::Write as _;

use super::topics::TOPICS;

/// Every command that is shown, in the order in which it is met.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Begin", &["new", "doctor", "sandbox"]),
    ("Change", &["validate", "plan", "check", "apply", "destroy", "import"]),
    ("Look", &["show", "output", "graph", "drift", "history", "console"]),
    ("Mend", &["undo", "rollback", "state"]),
    ("Learn", &["docs", "help", "completions", "man"]),
];

/// A command whose help lists the commands below it in groups.
pub(crate) fn grouped(command: clap::Command) -> clap::Command {
    let template = template(&command);
    command.help_template(template)
}

fn template(command: &clap::Command) -> String {
    let mut text = "{about}\n\n{usage-heading} {usage}\n".to_owned();
    for (heading, names) in GROUPS {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "\n{heading}:");
        for name in names {
            let found = command.get_subcommands().find(|command| command.get_name() == *name);
            let about = found.and_then(clap::Command::get_about).map(ToString::to_string);
            let _ = writeln!(text, "  {name:11}  {}", about.unwrap_or_default());
        }
    }
    let topics: Vec<_> = TOPICS.iter().map(|topic| topic.name).collect();
    let half = topics.len().div_ceil(2);
    let _ = write!(
        text,
        "\nOptions:\n{{options}}\n\nTopics of `infra help`: {},\n  {}",
        topics[..half].join(", "),
        topics[half..].join(", ")
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_a_group() {
        let command = crate::cli::command();
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        let mut shown: Vec<_> = shown.map(|command| command.get_name().to_owned()).collect();
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        shown.sort();
        grouped.sort_unstable();
        assert_eq!(shown, grouped);
    }

    #[test]
    fn the_help_fits_a_screen_of_eighty_columns() {
        let text = crate::cli::command().term_width(80).render_help().to_string();
        let lines: Vec<_> = text.lines().collect();
        assert!((24..=44).contains(&lines.len()), "{} lines:\n{text}", lines.len());
        let long = lines.iter().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{text}");
    }
}
