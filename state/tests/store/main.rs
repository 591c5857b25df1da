//! The sled store as the rest of the workspace sees it: the suite of every store, and then what
//! happens to files: kills, damage, missing keys, links, modes, and a search for secrets.

#![expect(clippy::expect_used, reason = "the helpers here are parts of tests")]

mod crash;
mod damage;
mod disk;
mod export;
mod golden;
mod growth;
mod keys;
mod place;
mod proof;
mod safety;

infra_testkit::store_suite!(place::SledPlace::new());
