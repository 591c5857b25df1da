//! The command that goes on where another one stopped, as it is typed.
//!
//! Start reading at [`again`]. What a shell would read otherwise is quoted.

use std::fmt::Write as _;

use infra_sdk::shell::word;

use crate::cli::StackArgs;

/// The whole command line, from the command with its own options: `apply --target web` becomes
/// `infra apply --target web --env dev --stack shop`. Values of `--var` are not repeated: they may be
/// secrets, and this is written to logs.
pub(crate) fn again(command: &str, args: &StackArgs) -> String {
    let mut line = of_stacks(command, &args.which.env, &args.which.stack);
    let StackArgs { var, var_file, program, .. } = args;
    let files = var_file.iter().map(|file| ("var-file", file));
    // Writing into a text cannot fail.
    for (option, file) in files.chain(program.iter().map(|file| ("program", file))) {
        let _ = write!(line, " --{option} {}", word(&file.to_string_lossy()));
    }
    for variable in var {
        let _ = write!(line, " --var {}=VALUE", word(&variable.name()));
    }
    line
}

/// As [`again`], for a command without settings; no stacks are all of them.
pub(crate) fn of_stacks<S: AsRef<str>>(command: &str, environment: &str, stacks: &[S]) -> String {
    let mut line = format!("infra {command} --env {}", word(environment));
    for stack in stacks {
        let _ = write!(line, " --stack {}", word(stack.as_ref()));
    }
    line
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn of(words: &[&str]) -> String {
        let command = StackArgs::augment_args(clap::Command::new("apply"));
        let matches = command.get_matches_from([&["apply"], words].concat());
        again("apply", &StackArgs::from_arg_matches(&matches).expect("valid"))
    }

    #[test]
    fn everything_that_says_what_is_meant_is_said_again() {
        assert_eq!(of(&["--env", "dev"]), "infra apply --env dev");
        let words = ["--env", "dev", "--stack", "a", "--stack", "b", "--var-file", "my file.toml"];
        assert_eq!(
            of(&words),
            "infra apply --env dev --stack a --stack b --var-file 'my file.toml'"
        );
    }

    #[test]
    fn a_value_is_not_repeated() {
        let line = of(&["--env", "dev", "--var", "db.password=hunter2"]);
        assert_eq!(line, "infra apply --env dev --var db.password=VALUE");
    }
}
