//! Tags: ownership, the environment's default tags, and the user's, merged on the way out and taken
//! apart on the way in, so that neither ownership nor defaults ever show as a difference.

use std::collections::BTreeMap;

use infra_sdk::provider::{Owner, Target};
use infra_sdk::{Address, Value};

use super::handler::TagChange;

/// Tag that names the stack.
pub const STACK: &str = "infra:stack";
/// Tag that names the environment.
pub const ENVIRONMENT: &str = "infra:env";
/// Tag that names the address.
pub const ADDRESS: &str = "infra:address";

type TagMap = BTreeMap<String, String>;

/// The ownership tags of a resource.
#[must_use]
pub fn ownership(owner: &Owner, address: &Address) -> TagMap {
    TagMap::from([
        (STACK.to_owned(), owner.stack.clone()),
        (ENVIRONMENT.to_owned(), owner.environment.clone()),
        (ADDRESS.to_owned(), address.to_string()),
    ])
}

/// Whether an object carries the ownership tags of `wanted`: it is ours, and of this address.
#[must_use]
pub fn is_ours(wanted: &TagMap, seen: &TagMap) -> bool {
    [STACK, ENVIRONMENT, ADDRESS]
        .iter()
        .all(|key| wanted.get(*key).is_some_and(|value| seen.get(*key) == Some(value)))
}

/// Whose an object is by its tags, if it carries ours.
#[must_use]
pub fn owner(mut seen: TagMap) -> Option<Owner> {
    Some(Owner { stack: seen.remove(STACK)?, environment: seen.remove(ENVIRONMENT)? })
}

/// Everything that an object is tagged with: defaults, then the user's, then ownership.
#[must_use]
pub fn complete(defaults: &TagMap, wanted: &Value, owner: &Owner, address: &Address) -> Value {
    let mut all = defaults.clone();
    all.extend(texts(wanted));
    all.extend(ownership(owner, address));
    Value::Map(all.into_iter().map(|(key, value)| (key, Value::String(value))).collect())
}

/// The user's tags among all that an object has: without ownership, without what AWS sets itself,
/// and without defaults that the user did not set too.
#[must_use]
pub fn visible(defaults: &TagMap, seen: &Value, target: &Target) -> Value {
    let recorded = texts(target.recorded.get("tags").unwrap_or(&Value::Null));
    let hidden = |key: &str, value: &str| {
        key.starts_with("aws:")
            || [STACK, ENVIRONMENT, ADDRESS].contains(&key)
            || (defaults.get(key).is_some_and(|known| known == value)
                && !recorded.contains_key(key))
    };
    let shown = texts(seen).into_iter().filter(|(key, value)| !hidden(key, value));
    Value::Map(shown.map(|(key, value)| (key, Value::String(value))).collect())
}

/// What to set and remove to get from the visible tags `was` to all of `want`.
#[must_use]
pub fn change(was: &Value, want: &Value) -> TagChange {
    let (was, want) = (texts(was), texts(want));
    let remove = was.keys().filter(|key| !want.contains_key(*key)).cloned().collect();
    let set = want.into_iter().filter(|(key, value)| was.get(key) != Some(value)).collect();
    TagChange { set, remove }
}

/// The texts of a map value.
pub(crate) fn texts(value: &Value) -> TagMap {
    value
        .as_map()
        .map(|entries| {
            entries
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use infra_sdk::Object;
    use infra_sdk::provider::Place;

    use super::*;

    fn map(entries: &[(&str, &str)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect())
    }

    fn target(recorded: &[(&str, &str)]) -> Target {
        Target {
            address: Address::parse("network.vpc").expect("valid"),
            type_name: "aws_vpc".to_owned(),
            place: Place::default(),
            id: "vpc-1".to_owned(),
            recorded: Object::from([("tags".to_owned(), map(recorded))]),
            outputs: Object::new(),
            owner: Arc::new(Owner { stack: "archon".to_owned(), environment: "dev".to_owned() }),
        }
    }

    #[test]
    fn what_goes_out_comes_back_as_the_user_wrote_it() {
        let defaults = TagMap::from([("team".to_owned(), "core".to_owned())]);
        let wanted = map(&[("Name", "main")]);
        let target = target(&[("Name", "main")]);
        let sent = complete(&defaults, &wanted, &target.owner, &target.address);
        assert_eq!(sent.as_map().map(|tags| tags.len()), Some(5));
        assert_eq!(visible(&defaults, &sent, &target), wanted);
    }

    #[test]
    fn a_default_that_the_user_also_set_stays_visible() {
        let defaults = TagMap::from([("team".to_owned(), "core".to_owned())]);
        let seen = map(&[("team", "core"), ("aws:cloudformation:stack-name", "x")]);
        assert_eq!(
            visible(&defaults, &seen, &target(&[("team", "core")])),
            map(&[("team", "core")])
        );
        assert_eq!(visible(&defaults, &seen, &target(&[])), map(&[]));
    }

    #[test]
    fn what_lacks_an_ownership_tag_or_has_another_is_not_ours() {
        let target = target(&[]);
        let ours = ownership(&target.owner, &target.address);
        let mut seen = ours.clone();
        seen.insert("Name".to_owned(), "main".to_owned());
        assert!(is_ours(&ours, &seen));
        seen.insert(ADDRESS.to_owned(), "network.other".to_owned());
        assert!(!is_ours(&ours, &seen));
        seen.remove(ADDRESS);
        assert!(!is_ours(&ours, &seen));
        assert!(!is_ours(&TagMap::new(), &TagMap::new()), "nobody's is not ours");
    }

    #[test]
    fn a_change_sets_what_differs_and_removes_what_is_gone() {
        let change =
            change(&map(&[("a", "1"), ("b", "2"), ("c", "3")]), &map(&[("a", "1"), ("b", "9")]));
        assert_eq!(change.set, TagMap::from([("b".to_owned(), "9".to_owned())]));
        assert_eq!(change.remove, ["c"]);
    }
}
