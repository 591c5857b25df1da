//! Parameters of DB parameter groups and DB cluster parameter groups, and how one set of them
//! becomes another.
//!
//! The main type is [`Parameter`]. The calls are in `parameters_handler`.

use infra_sdk::kind::Text;
use infra_sdk::{
    Block, Choice, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value,
};

use crate::iam::names::text_types;
use crate::rules::wrong_length;

text_types! {
    /// Names a parameter, in lower case as RDS keeps it.
    ParameterName(NAME = Text {
        name: "parameter name",
        check: |text| wrong_length(text, 1, 255).map_or(Ok(()), Err),
        canonical: str::to_ascii_lowercase,
    });
}

/// A parameter of the engine that is set to something else than its default.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Parameter {
    /// Name.
    pub name: ParameterName,
    /// Value.
    pub value: String,
    /// When a change takes effect. Left out, at once where the parameter is dynamic, and with the
    /// next reboot where it is static.
    #[field(computed)]
    pub apply_method: Option<ApplyMethod>,
}

/// When the change of a parameter takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ApplyMethod {
    /// At once; only for dynamic parameters.
    Immediate,
    /// With the next reboot of the instance.
    PendingReboot,
}

#[cfg(feature = "provider")]
pub(super) use plan::{changes, chunks};

#[cfg(feature = "provider")]
mod plan {
    use super::Parameter;

    /// Parameters that one call can change. Source: RDS API Reference, ModifyDBParameterGroup.
    const AT_ONCE: usize = 20;

    /// Parameters to set and parameters to reset to get from `was` to `want`.
    pub(in crate::rds) fn changes(
        was: &[Parameter],
        want: &[Parameter],
    ) -> (Vec<Parameter>, Vec<Parameter>) {
        let same = |one: &Parameter, other: &Parameter| {
            one.name.as_str().eq_ignore_ascii_case(other.name.as_str())
        };
        let set = want.iter().filter(|parameter| {
            let before = was.iter().find(|other| same(other, parameter));
            before.is_none_or(|before| {
                before.value != parameter.value
                    || parameter.apply_method.is_some()
                        && before.apply_method != parameter.apply_method
            })
        });
        let reset = was.iter().filter(|parameter| !want.iter().any(|other| same(other, parameter)));
        (set.cloned().collect(), reset.cloned().collect())
    }

    /// Parameters as single calls take them. A collation must fit its character set, so character
    /// sets are changed first.
    pub(in crate::rds) fn chunks(mut parameters: Vec<Parameter>) -> Vec<Vec<Parameter>> {
        parameters.sort_by_key(|parameter| {
            let name = parameter.name.as_str().to_ascii_lowercase();
            (!name.starts_with("character_set_"), name)
        });
        parameters.chunks(AT_ONCE).map(<[Parameter]>::to_vec).collect()
    }
}

/// Rules for the parameters of a group: each stands once.
pub(super) fn once_each(rules: &mut crate::rules::Rules<'_>, inputs: &infra_sdk::Object) {
    let parameters = inputs.get("parameter").and_then(Value::as_list).unwrap_or_default();
    let names: Vec<_> = parameters
        .iter()
        .filter_map(|parameter| parameter.as_map()?.get("name")?.as_str())
        .map(str::to_ascii_lowercase)
        .collect();
    let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
    if let Some((_, name)) = twice {
        rules.refuse("parameter", format!("`{name}` stands twice"));
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, value: &str, apply_method: Option<ApplyMethod>) -> Parameter {
        Parameter { name: ParameterName::new(name), value: value.to_owned(), apply_method }
    }

    #[test]
    fn what_differs_is_set_and_what_is_left_out_is_reset() {
        let was = [
            parameter("a", "1", Some(ApplyMethod::Immediate)),
            parameter("b", "1", Some(ApplyMethod::Immediate)),
            parameter("c", "1", None),
        ];
        let want = [
            parameter("A", "1", None),
            parameter("b", "1", Some(ApplyMethod::PendingReboot)),
            parameter("d", "1", None),
        ];
        let names = |list: &[Parameter]| {
            list.iter().map(|p| p.name.as_str().to_owned()).collect::<Vec<_>>()
        };
        let (set, reset) = changes(&was, &want);
        assert_eq!(names(&set), ["b", "d"]);
        assert_eq!(names(&reset), ["c"]);
    }

    #[test]
    fn twenty_parameters_are_changed_at_once_and_character_sets_first() {
        let mut all: Vec<_> = (0..40).map(|n| parameter(&format!("a{n}"), "1", None)).collect();
        all.push(parameter("character_set_server", "utf8mb4", None));
        let chunks = chunks(all);
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 1]);
        assert_eq!(chunks[0][0].name.as_str(), "character_set_server");
    }
}
