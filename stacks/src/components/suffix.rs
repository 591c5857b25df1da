//! A random end of a name, for names that AWS does not give a second time.

use std::collections::BTreeMap;

use infra_sdk::prelude::*;

/// Bytes of it: eight hexadecimal digits.
const BYTES: i32 = 4;

/// Declares eight hexadecimal digits, and others when `keeper` changes.
pub(crate) fn declare(
    stack: &mut Stack,
    name: &str,
    keeper: Option<&str>,
) -> Output<String, Global> {
    let keepers: BTreeMap<_, _> = keeper.map(|keeper| ("keeper", keeper)).into_iter().collect();
    stack.add(name, random::Id::new(BYTES).keepers(keepers)).hex()
}
