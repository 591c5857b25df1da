//! Words of the commands that messages suggest.

use std::borrow::Cow;

/// The text as one word of a POSIX shell: quoted where the shell would read it otherwise.
#[must_use]
pub fn word(text: &str) -> Cow<'_, str> {
    // No argument of a command has a null character in it: what has one is shown, not run.
    shlex::try_quote(text).unwrap_or_else(|_| text.escape_debug().to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        for simple in ["vpc-0a1b", "arn:aws:sns:us-west-2:123456789012:a", "alias/shop", "a.b_c"] {
            assert_eq!(word(simple), simple);
        }
        assert_eq!(word("Z1_*.example.com_A"), "'Z1_*.example.com_A'");
        for other in ["it's", "", "a b", "$HOME", "a\nb"] {
            assert_eq!(shlex::split(&word(other)).as_deref(), Some(&[other.to_owned()][..]));
        }
        assert_eq!(word("a\0b"), "a\\0b");
    }
}
