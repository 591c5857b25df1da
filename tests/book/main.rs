//! The book is true: every `console` block in docs/ and the README is run, in the order of its page, and
//! what it prints is what the page shows; every link leads somewhere; every page is in the table of contents.
//!
//! How a page is written for it stands in `docs/writing.md`. `INFRA_WRITE_DOCS=1 cargo test --workspace
//! --test book` writes what the commands print now into the pages, and `INFRA_BOOK=tutorial` runs only
//! the pages that have that in their name.
//!
//! Own code and not trycmd, because commands of a page use what earlier ones printed (the id of a run),
//! and because pages edit the files of their workspace between commands.

mod compare;
mod links;
mod page;
#[path = "../fixtures/pages.rs"]
mod pages;
mod world;

use std::path::Path;

use page::Page;
use pages::{pages, read};
use world::World;

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_console_block_prints_what_its_page_shows() {
    let wanted = std::env::var("INFRA_BOOK").unwrap_or_default();
    let pages = pages().into_iter().map(|path| Page::parse(path.clone(), &read(&path)));
    let pages: Vec<_> = pages.filter(|page| !page.steps.is_empty()).collect();
    assert!(pages.len() > 5, "only {} pages have commands", pages.len());
    let world = World::new();
    let mut wrong = Vec::new();
    for mut page in pages {
        if page.path.to_string_lossy().contains(&wanted) {
            let began = std::time::Instant::now();
            wrong.extend(world.run(&mut page));
            eprintln!("{}: {:.1} s", page.path.display(), began.elapsed().as_secs_f64());
            if std::env::var_os("INFRA_WRITE_DOCS").is_some() {
                page.write(root());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
