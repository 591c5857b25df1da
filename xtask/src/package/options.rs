//! What the task is asked for.

use std::path::PathBuf;

/// The options of `cargo xtask package`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The built command.
    pub binary: PathBuf,
    /// The folder that the package is put into.
    pub out: PathBuf,
    /// Whether the package is compressed little, which takes seconds in the place of a minute.
    pub quick: bool,
}

impl Options {
    /// Reads them.
    ///
    /// # Errors
    /// With the usage, where they are none or the binary is not named.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        const USAGE: &str = "usage: cargo xtask package --binary FILE [--out DIR] [--quick]";
        let (mut binary, mut out, mut quick) = (None, PathBuf::from("target/debian"), false);
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--binary" => binary = Some(arguments.next().ok_or(USAGE)?),
                "--out" => out = PathBuf::from(arguments.next().ok_or(USAGE)?),
                "--quick" => quick = true,
                other => return Err(format!("`{other}` is no option; {USAGE}")),
            }
        }
        let binary = PathBuf::from(binary.ok_or(USAGE)?);
        Ok(Self { binary, out, quick })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn the_binary_must_be_named() {
        let options = parse(&["--binary", "infra", "--out", "there", "--quick"]).expect("options");
        let (binary, out) = (PathBuf::from("infra"), PathBuf::from("there"));
        assert_eq!(options, Options { binary, out, quick: true });
        for wrong in [&[][..], &["--binary"], &["--quick"], &["--fast", "--binary", "infra"]] {
            assert!(parse(wrong).expect_err("refused").contains("usage: "), "{wrong:?}");
        }
    }
}
