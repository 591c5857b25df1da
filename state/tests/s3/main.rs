//! The store in a bucket: the suite of every store, and then what happens to replies, leases and
//! objects. Needs Python for the emulators.

#![expect(clippy::expect_used, reason = "the helpers here are parts of tests")]

mod crash;
mod golden;
mod keys;
mod lease;
mod objects;
mod place;
mod replies;
mod whole;

infra_testkit::store_suite!(place::S3Place::new());
