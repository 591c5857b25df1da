//! Mistakes that must not compile, with the message that their author reads.
//!
//! One file per mistake in `compile_fail/`, with the compiler's words beside it. After a change of
//! a message run with `TRYBUILD=overwrite` and read every difference.

#[test]
fn mistakes_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
