//! Links: every file and anchor that a page names is there, the table of contents has every page once, and
//! no page of the book leads out of it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::pages::{pages, read};
use crate::root;

const CONTENTS: &str = "docs/SUMMARY.md";

/// A link of a page.
struct Link {
    page: PathBuf,
    line: usize,
    target: String,
}

/// Lines outside of blocks, with their numbers; code in a line is left out.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut inside = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            let parts: Vec<_> = line.split('`').collect();
            // A backtick without a partner is a backtick.
            let code = |at: usize| at % 2 == 1 && at + 1 < parts.len();
            let kept = parts.iter().enumerate().filter(|(at, _)| !code(*at));
            lines.push((index + 1, kept.map(|(_, part)| *part).collect::<Vec<_>>().join("`")));
        }
    }
    lines
}

fn links(page: &Path) -> Vec<Link> {
    let mut links = Vec::new();
    for (line, text) in prose(&read(page)) {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let link = |target: &str| Link { page: page.to_owned(), line, target: target.to_owned() };
        links.extend(targets.filter(|target| !target.contains("://")).map(link));
    }
    links
}

/// The anchors of a page, as mdBook and GitHub make them.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = read(page);
    let mut anchors = BTreeSet::new();
    let mut inside = false;
    for line in text.lines() {
        inside ^= line.trim_start().starts_with("```");
        let Some(title) = line.strip_prefix('#').filter(|_| !inside) else { continue };
        let title = title.trim_start_matches('#').trim();
        // What is a link in a heading counts with its text.
        let title = title.split("](").next().unwrap_or(title);
        let kept = title.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        });
        let name: String = kept.collect();
        let taken = (1..).map(|n| format!("{name}-{n}")).find(|next| !anchors.contains(next));
        let fresh = !anchors.contains(&name);
        anchors.insert(if fresh { name } else { taken.unwrap_or_default() });
    }
    anchors
}

/// Where a target leads from a page: a path in the repository, and the anchor.
fn resolved(page: &Path, target: &str) -> (PathBuf, Option<String>) {
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (target, None),
    };
    if path.is_empty() {
        return (page.to_owned(), anchor);
    }
    let mut whole = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    (whole, anchor)
}

/// What is wrong with a link.
fn problem(link: &Link) -> Option<String> {
    let (path, anchor) = resolved(&link.page, &link.target);
    let is_page = path.extension().is_some_and(|extension| extension == "md");
    let what = if !root().join(&path).exists() {
        "leads nowhere"
    } else if link.page.starts_with("docs") && !(is_page && path.starts_with("docs")) {
        "leads out of the book: write the path as code"
    } else if anchor.is_some_and(|anchor| !is_page || !anchors(&path).contains(&anchor)) {
        "names no heading of that page"
    } else {
        return None;
    };
    Some(format!("{}:{}: `{}` {what}", link.page.display(), link.line, link.target))
}

#[test]
fn every_link_leads_somewhere() {
    let links: Vec<_> = pages().iter().flat_map(|page| links(page)).collect();
    let wrong: Vec<_> = links.iter().filter_map(problem).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(links.len() > 100, "only {} links were found", links.len());
    // The checks find what is wrong.
    let state = PathBuf::from("docs/state.md");
    for target in ["nowhere.md", "state.md#nowhere", "#nowhere", "../Cargo.toml", "reference/"] {
        let link = Link { page: state.clone(), line: 1, target: target.to_owned() };
        assert!(problem(&link).is_some(), "{target}");
    }
}

#[test]
fn the_table_of_contents_has_every_page_once() {
    let listed: Vec<_> = links(Path::new(CONTENTS))
        .iter()
        .map(|link| resolved(Path::new(CONTENTS), &link.target).0)
        .collect();
    let mut wrong = Vec::new();
    for page in
        pages().iter().filter(|page| page.starts_with("docs") && *page != Path::new(CONTENTS))
    {
        let times = listed.iter().filter(|path| *path == page).count();
        if times != 1 {
            wrong.push(format!("{} is there {times} times", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{CONTENTS}: {}", wrong.join("\n"));
}
