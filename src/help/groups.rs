//! The commands in groups, by what people do: clap lists them in one column.

use std::fmt::Write as _;

use super::topics::TOPICS;

/// Every command that is shown, in the order in which it is met.
const GROUPS: [(&str, &[&str]); 3] = [
    ("Begin", &["new", "docs", "help", "doctor", "sandbox", "completions", "man"]),
    ("Change", &["validate", "plan", "check", "apply", "destroy", "import"]),
    (
        "Look and mend",
        &[
            "show", "output", "graph", "drift", "history", "console", "undo", "rollback", "state",
            "explain",
        ],
    ),
];

/// A command whose help lists the commands below it in groups.
pub(crate) fn grouped(command: clap::Command) -> clap::Command {
    let template = template(&command);
    command.help_template(template)
}

fn template(command: &clap::Command) -> String {
    // Always the short form, whichever flag asks for it: the long one is for single commands.
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{about}\n\n{{usage-heading}} {{usage}}\n");
    let style = command.get_styles().get_header();
    for (heading, names) in GROUPS {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "\n{style}{heading}:{style:#}");
        for name in names {
            let found = command.get_subcommands().find(|command| command.get_name() == *name);
            let about = found.and_then(clap::Command::get_about).map(ToString::to_string);
            let _ = writeln!(text, "  {name:11}  {}", about.unwrap_or_default());
        }
    }
    let _ = writeln!(text, "\n{style}Options:{style:#}");
    let own = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let own = own.filter_map(|argument| {
        let values = argument.get_value_names().filter(|_| argument.get_action().takes_values());
        let value = values.and_then(|names| names.first()).map(|name| format!(" <{name}>"));
        let flag = format!("    --{}{}", argument.get_long()?, value.unwrap_or_default());
        Some((flag, argument.get_help().map(ToString::to_string).unwrap_or_default()))
    });
    let built_in =
        ("-h, --help".to_owned(), "Show this; `-V`, `--version`: the version".to_owned());
    let options: Vec<_> = own.chain([built_in]).collect();
    let width = options.iter().map(|(flag, _)| flag.len()).max().unwrap_or(0);
    for (flag, help) in options {
        let _ = writeln!(text, "  {flag:width$}  {help}");
    }
    let topics: Vec<_> = TOPICS.iter().map(|topic| topic.name).collect();
    let _ = write!(text, "\n{style}Topics:{style:#} {}", topics.join(" "));
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
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(shown, grouped);
    }

    #[test]
    fn the_help_fits_a_screen_of_eighty_columns() {
        let text = crate::cli::command().term_width(80).render_help().to_string();
        let lines: Vec<_> = text.lines().collect();
        assert!((24..=40).contains(&lines.len()), "{} lines:\n{text}", lines.len());
        let long = lines.iter().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{text}");
    }
}
