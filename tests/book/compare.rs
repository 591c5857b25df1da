//! What a page shows against what a command prints. What differs from run to run (ids, times, how long
//! something took, ports) is the same whatever it is; a line `...` stands for any lines.

use std::collections::BTreeMap;

/// Ids as a page writes them, with what they are in this run.
#[derive(Default)]
pub(crate) struct Ids(BTreeMap<String, String>);

const ANY: &str = "...";

/// The fewest letters by which a page may name an id, as `infra undo` takes them.
const SHORTEST: usize = 4;

/// What a word is that differs from run to run, and whether it is an id that is named again.
fn kind(word: &str) -> Option<(&'static str, bool)> {
    let digit = |c: char| c.is_ascii_digit();
    let is_id = |part: &str| part.len() >= 8 && is_hex(part);
    if word.len() >= 20 && word.ends_with('Z') && word.get(10..11) == Some("T") {
        return Some(("TIME", true));
    }
    if word.starts_with("127.0.0.1:") {
        return Some(("ADDRESS", false));
    }
    let number = word.trim_end_matches(['s', 'm']);
    let lasts = number.starts_with(digit) && word.ends_with('s') && word.len() > number.len();
    if lasts && number.chars().all(|c| digit(c) || c == '.' || c == 'm') {
        return Some(("DURATION", false));
    }
    is_id(word.rsplit('-').next().unwrap_or(word)).then_some(("ID", true))
}

fn is_hex(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

/// The words of a line, and what stands between them.
fn words(line: &str) -> Vec<&str> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let first = rest.starts_with(inside);
        let end = rest.find(|c| inside(c) != first).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let bare = word.trim_end_matches([':', '.']).len();
        let (word, end) = if first { word.split_at(bare) } else { (word, "") };
        words.extend([word, end].into_iter().filter(|part| !part.is_empty()));
        rest = after;
    }
    words
}

/// A line without what differs from run to run, and the ids in it. How far columns stand apart follows
/// from the lengths of ids, so it does not count.
fn masked(line: &str) -> (String, Vec<&str>) {
    let indent = line.len() - line.trim_start().len();
    let mut ids = Vec::new();
    let mut text = " ".repeat(indent);
    for word in words(line.trim()) {
        match kind(word) {
            Some((kind, named)) => {
                ids.extend(named.then_some(word));
                text.push_str(kind);
            }
            None if word.trim().is_empty() => text.push(' '),
            None => text.push_str(word),
        }
    }
    (text, ids)
}

impl Ids {
    /// Whether these lines are what a page shows; then its ids are known from here on.
    pub(crate) fn agree(&mut self, shown: &[String], printed: &[String]) -> bool {
        let Some(pairs) = pairs(shown, printed) else { return false };
        for (shown, printed) in pairs {
            let (shown, printed) = (masked(shown).1, masked(printed).1);
            let known = shown.into_iter().zip(printed);
            self.0.extend(known.map(|(shown, now)| (shown.to_owned(), now.to_owned())));
        }
        true
    }

    /// A command of a page with the ids of this run.
    pub(crate) fn now(&self, command: &str) -> String {
        let short = |shown: &str, word: &str| {
            word.len() >= SHORTEST && is_hex(word) && is_hex(shown) && shown.starts_with(word)
        };
        let find = |word: &str| {
            let begins = |(shown, _): &(&String, _)| short(shown, word);
            let now = self.0.get(word).or_else(|| self.0.iter().find(begins).map(|(_, now)| now));
            now.map(|now| &now[..now.len().min(word.len())])
        };
        let each = words(command).into_iter().map(|word| find(word).unwrap_or(word));
        each.collect()
    }

    /// What is printed as the page would show it: with its ids, and with `...` where the line below it is
    /// still printed. Where the last one is not, as many lines of the end stand there as did before.
    pub(crate) fn rewritten(&self, shown: &[String], printed: &[String]) -> Vec<String> {
        let parts: Vec<_> = shown.split(|line| line == ANY).collect();
        let mut at =
            if parts.len() == 1 { printed.len() } else { parts[0].len().min(printed.len()) };
        let mut fresh: Vec<_> = printed[..at].iter().map(|line| self.as_shown(line)).collect();
        for (index, part) in parts.iter().enumerate().skip(1) {
            let last = index + 1 == parts.len();
            let find = |first: &String| {
                let same = |line: &String| masked(line).0 == masked(first).0;
                printed[at..].iter().position(same).map(|found| at + found)
            };
            let found = part.first().map_or(Some(printed.len()), find);
            let ending = printed.len().saturating_sub(part.len()).max(at);
            let Some(begin) = found.or(last.then_some(ending)) else { continue };
            at = if last { printed.len() } else { printed.len().min(begin + part.len()) };
            fresh.push(ANY.to_owned());
            fresh.extend(printed[begin..at].iter().map(|line| self.as_shown(line)));
        }
        fresh
    }

    fn as_shown(&self, line: &str) -> String {
        let known =
            |word: &str| self.0.iter().find(|(_, now)| *now == word).map(|(shown, _)| shown);
        words(line).into_iter().map(|word| known(word).map_or(word, String::as_str)).collect()
    }
}

/// Each line that a page shows with the one that was printed, or nothing where they do not agree.
fn pairs<'a>(shown: &'a [String], printed: &'a [String]) -> Option<Vec<(&'a str, &'a str)>> {
    let Some((first, rest)) = shown.split_first() else {
        return printed.is_empty().then(Vec::new);
    };
    if first == ANY {
        return (0..=printed.len()).find_map(|skip| pairs(rest, &printed[skip..]));
    }
    let (line, below) = printed.split_first()?;
    if masked(first).0 != masked(line).0 {
        return None;
    }
    let mut all = vec![(first.as_str(), line.as_str())];
    all.extend(pairs(rest, below)?);
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_differs_from_run_to_run_is_the_same_and_nothing_else() {
        let same =
            |shown: &str, printed: &str| Ids::default().agree(&lines(shown), &lines(printed));
        assert!(same("created vpc-0a1b2c3d4e in 2s", "created vpc-99887766aa in 1m12s"));
        assert!(same("  a  9f00aa11  x", "  a   9f00aa22  x"));
        assert!(same("run\n...\nend", "run\none\ntwo\nend"));
        assert!(same("run\n...", "run"));
        assert!(!same("run\n...\nend", "run\none"));
        assert!(!same("3 added", "4 added"));
        assert!(!same("  a", "a"));
        assert!(!same("subnet-0a1b2c3d4e", "vpc-0a1b2c3d4e x"));
    }

    #[test]
    fn an_id_is_named_again_by_its_first_letters() {
        let mut ids = Ids::default();
        assert!(ids.agree(&lines("run 30c1aaaa55"), &lines("run 9f00bbbb66")));
        assert_eq!(ids.now("infra undo 30c1 --env sandbox"), "infra undo 9f00 --env sandbox");
        assert_eq!(ids.now("infra undo 30c1aaaa55"), "infra undo 9f00bbbb66");
        let fresh = ids.rewritten(&lines("old"), &lines("run 9f00bbbb66"));
        assert_eq!(fresh, lines("run 30c1aaaa55"));
    }

    #[test]
    fn what_is_written_anew_leaves_out_what_was_left_out() {
        let fresh = |shown: &str, printed: &str| {
            Ids::default().rewritten(&lines(shown), &lines(printed)).join(" ")
        };
        assert_eq!(fresh("a\n...\nz", "b\ny\ny\nz\nz2"), "b ... z z2");
        assert_eq!(fresh("...\ndone\n...", "a\nb\ndone\nc"), "... done ...");
        assert_eq!(fresh("...\nm\n...\ndone", "a\nb\nended"), "... ended");
        assert_eq!(fresh("a\nb", "c"), "c");
    }
}
