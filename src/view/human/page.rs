//! Markdown on a terminal: topics of the help, and pages of the reference.
//!
//! The main function is [`render`]. It knows headings, paragraphs, lists, tables and blocks of code,
//! and no more: its texts are ours.

use crate::view::text::{FAINT, STRONG, paint};

/// Lines are not longer than this, however wide the terminal is: longer ones are hard to read.
const WIDEST: usize = 100;

/// As wide as what is no terminal.
const PLAIN: usize = 80;

/// Text of ours in Markdown, for so many columns; `None` for what is no terminal.
pub(crate) fn render(text: &str, columns: Option<usize>) -> String {
    let width = columns.unwrap_or(PLAIN).clamp(40, WIDEST);
    let mut page = Page { width, text: String::new() };
    let mut lines = text.lines().peekable();
    let mut in_list = false;
    while let Some(line) = lines.next() {
        let item = line.strip_prefix("- ");
        if item.is_some() && !in_list {
            page.block();
        }
        in_list = item.is_some();
        if line.starts_with("```") {
            let code: Vec<_> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            page.code(&code);
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            page.table(rows);
        } else if let Some(heading) = line.strip_prefix('#') {
            page.block();
            page.line(&paint(STRONG, heading.trim_start_matches('#').trim()));
        } else if let Some(item) = item {
            page.wrapped(item, "- ", "  ");
        } else if !line.is_empty() {
            let mut paragraph = line.to_owned();
            while let Some(more) = lines.next_if(|line| !line.is_empty() && !starts_block(line)) {
                paragraph.push(' ');
                paragraph.push_str(more);
            }
            page.block();
            page.wrapped(&paragraph, "", "");
        }
    }
    page.text
}

fn starts_block(line: &str) -> bool {
    ["```", "|", "#", "- "].iter().any(|start| line.starts_with(start))
}

/// The cells of a row of a table. `\|` is a letter of a cell.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|');
    let line = line.strip_suffix('|').unwrap_or(line).replace("\\|", "\u{0}");
    line.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

struct Page {
    width: usize,
    text: String,
}

impl Page {
    /// An empty line between what came and what comes.
    fn block(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        for line in wrap(text, self.width, first, rest) {
            self.line(&line);
        }
    }

    fn code(&mut self, lines: &[&str]) {
        self.block();
        for line in lines {
            self.line(&format!("    {line}"));
        }
        self.block();
    }

    /// Rows beside one another where the first columns leave room for the last, and otherwise each
    /// below its first cell.
    fn table(&mut self, mut rows: Vec<Vec<String>>) {
        self.block();
        rows.retain(|row| !row.iter().all(|cell| cell.chars().all(|c| c == '-')));
        let Some(columns) = rows.first().map(Vec::len) else { return };
        let widths: Vec<_> = (0..columns - 1).map(|column| width_of(&rows, column)).collect();
        let before: usize = widths.iter().map(|width| width + 2).sum();
        let heading = rows.remove(0);
        if before >= self.width / 2 {
            self.below(&heading, &rows);
            return;
        }
        for (at, row) in std::iter::once(&heading).chain(&rows).enumerate() {
            let cells = row.iter().zip(&widths);
            let first: String = cells.map(|(cell, width)| format!("{cell:width$}  ")).collect();
            let last = row.get(columns - 1).map(String::as_str).unwrap_or_default();
            for line in wrap(last, self.width, &first, &" ".repeat(before)) {
                self.line(&if at == 0 { paint(FAINT, line.trim_end()) } else { line });
            }
        }
    }

    /// Each row as its first cell, with the middle ones beside it and the last one below.
    fn below(&mut self, heading: &[String], rows: &[Vec<String>]) {
        let shown: Vec<_> = heading.iter().filter(|cell| !cell.is_empty()).cloned().collect();
        self.line(&paint(FAINT, &shown.join(", ")));
        for row in rows {
            let Some((name, others)) = row.split_first() else { continue };
            let (last, middle) =
                others.split_last().map_or(("", &[][..]), |(l, m)| (l.as_str(), m));
            let middle: Vec<_> = middle.iter().filter(|cell| !cell.is_empty()).cloned().collect();
            let first = format!("  {}  ", name.trim_matches('`'));
            for (at, line) in
                wrap(&middle.join(", "), self.width, &first, "      ").iter().enumerate()
            {
                let (name, rest) = line.split_at(if at == 0 { first.len() } else { 0 });
                let name = paint(STRONG, name.trim_end());
                let gap = if at == 0 { "  " } else { "" };
                self.line(&match rest.trim_end() {
                    "" => name,
                    rest => format!("{name}{gap}{}", paint(FAINT, rest)),
                });
            }
            self.wrapped(last, "      ", "      ");
        }
    }
}

fn width_of(rows: &[Vec<String>], column: usize) -> usize {
    rows.iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.chars().count())
        .max()
        .unwrap_or(0)
}

/// Words in lines of at most so many columns; the first line begins with one text, the others with
/// another. A word is never broken, nor what stands between backticks.
pub(crate) fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    let mut fresh = true;
    for word in words(text) {
        let last = lines.len() - 1;
        let used = lines[last].chars().count();
        if fresh {
            lines[last].push_str(&word);
        } else if used + 1 + word.chars().count() <= width {
            lines[last].push(' ');
            lines[last].push_str(&word);
        } else {
            lines.push(format!("{rest}{word}"));
        }
        fresh = false;
    }
    lines
}

/// The words of a text. Spaces between backticks part nothing.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut code, mut space) = (false, true);
    for letter in text.chars() {
        if letter == '`' {
            code = !code;
        }
        if letter == ' ' && !code {
            space = true;
            continue;
        }
        match words.last_mut().filter(|_| !space) {
            Some(word) => word.push(letter),
            None => words.push(letter.to_string()),
        }
        space = false;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Title\n\nSome words that are\nin one `infra plan --env E` paragraph.\n\n\
        - one item\n- another item that goes on for longer\n\n```\nlet  x = 1;\n```\n\n\
        | key | meaning |\n| --- | --- |\n| `a` | first \\| only |\n\n\
        | argument | kind | | |\n| --- | --- | --- | --- |\n\
        | `availability_zone` | text | required, a change replaces | Where it is. |\n";

    #[test]
    fn a_page_fits_its_columns() {
        let shown = anstream::adapter::strip_str(&render(TEXT, Some(40))).to_string();
        insta::assert_snapshot!(shown, @r"
        Title

        Some words that are in one
        `infra plan --env E` paragraph.

        - one item
        - another item that goes on for longer

            let  x = 1;

        key  meaning
        `a`  first | only

        argument, kind
          availability_zone  text, required, a
              change replaces
              Where it is.
        ");
    }

    #[test]
    fn every_topic_fits_eighty_columns() {
        for topic in &crate::help::TOPICS {
            let shown = anstream::adapter::strip_str(&render(topic.text, None)).to_string();
            let long = shown.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{}", topic.name);
        }
    }
}
