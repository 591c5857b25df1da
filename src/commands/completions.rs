//! `infra completions` and `infra man`: what a shell and `man` want to have installed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::env::Shells;
use infra_sdk::Diagnostic;

use crate::cli::{self, Context};
use crate::completion;
use crate::error::Result;
use crate::exit::Exit;

/// Write the script with which a shell completes `infra`
///
/// It completes commands and flags, and asks `infra` for the names of environments, stacks, addresses
/// and resource types. For bash: `infra completions bash > ~/.local/share/bash-completion/completions/infra`.
/// For zsh: `infra completions zsh > DIR/_infra`, with a DIR of your `fpath`. For fish:
/// `infra completions fish > ~/.config/fish/completions/infra.fish`.
#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Shells that can be helped.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    /// Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }
}

/// Write the manual pages
#[derive(Args)]
pub(crate) struct ManArgs {
    /// The folder for them, one for each command. It is made where it is missing.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn completions(context: &Context, args: &CompletionsArgs) -> Result<Exit> {
    let fail = |why: String| {
        Diagnostic::error("completions::script", "the script cannot be written").detail(why)
    };
    let shells = Shells::builtins();
    let name = args.shell.name();
    let shell = shells.completer(name).ok_or_else(|| fail(format!("`{name}` is unknown")))?;
    let mut script = Vec::new();
    shell
        .write_registration(completion::VARIABLE, "infra", "infra", "infra", &mut script)
        .map_err(|error| fail(error.to_string()))?;
    // zsh looks at the first line, and takes nothing of an empty one.
    context.terminal.verbatim(script.trim_ascii_start());
    Ok(Exit::Done)
}

pub(crate) fn man(context: &Context, args: &ManArgs) -> Result<Exit> {
    let folder = context.folder.join(&args.folder);
    // Its own template is for terminals.
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| clap_mangen::generate_to(cli::bare_command(), &folder));
    written.map_err(|error| {
        Diagnostic::error("man::file", "the manual pages cannot be written")
            .detail(format!("`{}`: {error}", folder.display()))
            .hint("name a folder that you may write to")
    })?;
    Ok(Exit::Done)
}
