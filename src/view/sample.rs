//! Changes for the tests of the views: nothing is set but what a test is about.

use infra_engine::{Action, Change};
use infra_sdk::provider::Place;
use infra_sdk::{Address, Arguments, Declaration, Declarations, Object, Value};

/// An object of these entries.
pub(crate) fn object(entries: &[(&str, Value)]) -> Object {
    entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A change of which nothing else is known.
pub(crate) fn change(address: &str, type_name: &str, action: Action) -> Change {
    Change {
        address: Address::parse(address).expect("valid"),
        type_name: type_name.to_owned(),
        place: Place::default(),
        action,
        id: None,
        before: None,
        after: None,
        attributes: Vec::new(),
        reasons: Vec::new(),
        dependencies: Vec::new(),
        location: None,
        moved_from: None,
        imported: false,
        deposed: false,
    }
}

/// Declarations of resources by what they need.
pub(crate) fn declarations(resources: &[(&str, &[&str])]) -> Declarations {
    let address = |text: &str| Address::parse(text).expect("valid");
    let declaration = |(name, needs): &(&str, &[&str])| {
        let mut arguments = Arguments::default();
        arguments.options.depends_on = needs.iter().map(|name| address(name)).collect();
        Declaration {
            address: address(name),
            type_name: "aws_vpc".to_owned(),
            arguments,
            location: None,
        }
    };
    Declarations {
        resources: resources.iter().map(declaration).collect(),
        ..Declarations::default()
    }
}
