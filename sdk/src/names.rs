//! The name that was meant where one is not known.
//!
//! Start reading at [`nearest`]. One measure serves every hint, so that the same mistake is
//! understood the same way in a program, in `infra.toml` and on the command line.

/// The fewest letters that say enough to stand for a name that goes on, or to be what a longer one
/// begins with.
const TELLING: usize = 3;

/// The known name that was most likely meant: the one with the fewest letters wrong, or the shortest
/// that begins with what was written, or the longest that what was written begins with. `None` where
/// no name is near.
#[must_use]
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let known: Vec<_> = known.into_iter().filter(|known| !known.is_empty()).collect();
    let wrong = known.iter().filter_map(|known| {
        let distance = strsim::damerau_levenshtein(name, known);
        // A third of the letters may be wrong: more, and the guess is more often wrong than right.
        let tolerance = name.len().max(known.len()).div_ceil(3).min(3);
        (distance <= tolerance && distance < known.len()).then_some((distance, *known))
    });
    let begins = || {
        let longer = known.iter().filter(|known| name.len() >= TELLING && known.starts_with(name));
        longer.min_by_key(|known| (known.len(), **known)).copied()
    };
    let begun = || {
        let shorter =
            known.iter().filter(|known| known.len() >= TELLING && name.starts_with(**known));
        shorter.max_by_key(|known| known.len()).copied()
    };
    wrong.min().map(|(_, known)| known).or_else(begins).or_else(begun)
}

/// The hint that a name was probably meant.
#[must_use]
pub fn meant(name: &str) -> String {
    format!("write `{name}` if that is what you mean")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_name_with_the_fewest_wrong_letters_is_meant() {
        let known = ["region", "account", "protected"];
        assert_eq!(nearest("acount", known), Some("account"));
        assert_eq!(nearest("regoin", known), Some("region"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(nearest("adress", ["addresses", "address"]), Some("address"));
        assert_eq!(nearest("adress", ["addresses"]), Some("addresses"));
        assert_eq!(nearest("a", ["b", "", "cd"]), None);
    }

    #[test]
    fn a_name_that_another_begins_with_is_near() {
        assert_eq!(nearest("prod", ["staging", "production-eu", "production"]), Some("production"));
        assert_eq!(nearest("production", ["prod", "staging"]), Some("prod"));
        assert_eq!(nearest("pr", ["production"]), None);
        assert_eq!(nearest("production", ["pr"]), None);
    }
}
