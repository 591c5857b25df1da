//! The reference in docs/reference: what its pages are made of, and the test that holds them.
//!
//! Start reading at `pages`.

mod built_in;
mod pages;
