//! What a row says about a kind.

use serde_json::Value;

use super::table::normal;
use crate::gate::call::Call;
use crate::gate::document::{Fields, pointer};

/// A kind of object.
pub(crate) struct Kind {
    /// Its name in the settings of the states.
    pub(crate) name: &'static str,
    /// The signing name of its service.
    pub(crate) service: &'static str,
    /// The fields that name an object in answers, the outermost first: `clusterName`,
    /// `nodegroupName`.
    pub(crate) id: &'static [&'static str],
    /// The parameters that name it in requests: for each field of `id` every name that it has, of one
    /// or of a list.
    pub(crate) named_by: &'static [&'static [&'static str]],
    /// A field that tells it from others with the same `id`, where it has no state.
    pub(crate) mark: &'static str,
    /// The operations that make one.
    pub(crate) create: &'static [&'static str],
    /// The operations that change one.
    pub(crate) modify: &'static [&'static str],
    /// Those of `create` and `modify` that set everything anew: what they leave out is gone.
    pub(crate) replace: &'static [&'static str],
    /// The operations that delete one.
    pub(crate) delete: &'static [&'static str],
    /// The operations that show it.
    pub(crate) describe: &'static [&'static str],
    /// The states that it goes through.
    pub(crate) life: Option<Life>,
    /// How it is shown while it is being deleted, where the emulator drops it at once.
    pub(crate) ghost: Option<Ghost>,
    /// The fields that the emulator loses.
    pub(crate) echoes: &'static [Echo],
}

/// The states of a kind.
pub(crate) struct Life {
    /// The field with the state.
    pub(crate) state: &'static str,
    /// The word for one that is being made.
    pub(crate) creating: Option<&'static str>,
    /// The word for one that is being changed.
    pub(crate) modifying: Option<&'static str>,
    /// The word for one that is being deleted.
    pub(crate) deleting: Option<&'static str>,
    /// The filter on the state, which only the gate can answer.
    pub(crate) filter: Option<&'static str>,
    /// What is said to calls that come while it is on its way.
    pub(crate) busy: Option<Busy>,
    /// Puts other fields right in each phase: an endpoint that is not there before the object is
    /// ready.
    pub(crate) dress: Option<fn(&mut dyn Fields, Phase)>,
}

/// A refusal of calls that need an object to be ready.
pub(crate) struct Busy {
    /// The service's error code.
    pub(crate) code: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The operations that are refused while it is being made or changed.
    pub(crate) operations: &'static [&'static str],
}

/// How an object is shown that the emulator has no more.
pub(crate) struct Ghost {
    /// Where the describe operation shows it.
    pub(crate) shown: Shown,
    /// Operations that list names alone, with the field of the list, in JSON.
    pub(crate) names: &'static [(&'static str, &'static str)],
    /// The filter that names objects in a describe call; others are not answered with ghosts.
    pub(crate) filter: Option<&'static str>,
    /// Error code and status of a create with its name while it is still there.
    pub(crate) exists: (&'static str, u16),
}

/// A place in an answer.
pub(crate) enum Shown {
    /// One object: `{"cluster": {…}}`.
    One(&'static str),
    /// A list: its path without the root element, and the name of an item in XML.
    List(&'static str, &'static str),
}

/// A field that the emulator loses: what the last call set is filled in.
pub(crate) struct Echo {
    /// The parameter's path.
    pub(crate) parameter: &'static str,
    /// The field's path in the object that is described.
    pub(crate) field: &'static str,
    /// The name of a list's items in XML.
    pub(crate) item: &'static str,
    /// The field that a text of the list stands in, where the items shown are structures.
    pub(crate) each: &'static str,
    /// What the parameter does to the field.
    pub(crate) way: Way,
    /// Whether what the emulator shows is wrong, not only missing.
    pub(crate) wrong: bool,
    /// Whether the field is not there where a call that sets everything left it out.
    pub(crate) exact: bool,
}

/// What a parameter does to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is the field.
    Set,
    /// It adds to the field's list.
    Add,
    /// It takes from the field's list.
    Take,
}

/// Where an object is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Creating,
    Modifying,
    Deleting,
    Ready,
}

impl Kind {
    /// A row to fill in.
    pub(crate) const NEW: Self = Self {
        name: "",
        service: "",
        id: &[],
        named_by: &[],
        mark: "",
        create: &[],
        modify: &[],
        replace: &[],
        delete: &[],
        describe: &[],
        life: None,
        ghost: None,
        echoes: &[],
    };

    /// The name of an object in an answer; nothing where the object is of another kind.
    pub(crate) fn id_of(&self, object: &dyn Fields) -> Option<String> {
        let marked = if self.mark.is_empty() {
            self.life.as_ref().is_some_and(|life| object.has(life.state))
        } else {
            object.has(self.mark)
        };
        if !marked {
            return None;
        }
        let parts: Option<Vec<String>> = self
            .id
            .iter()
            .map(|field| object.text(field).map(|text| normal(self.service, &text)))
            .collect();
        parts.map(|parts| parts.join("/"))
    }

    /// The names of the objects that a request is about; none where it is about all.
    pub(crate) fn named(&self, call: &Call) -> Vec<String> {
        let tree = call.tree();
        let mut names = vec![String::new()];
        for (place, parameters) in self.named_by.iter().enumerate() {
            let found = parameters.iter().find_map(|parameter| pointer(&tree, parameter));
            let mut texts: Vec<String> = match found {
                Some(Value::Array(items)) => {
                    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                Some(Value::String(text)) => vec![text.clone()],
                // The cluster of ECS that a request does not name.
                _ if place + 1 < self.named_by.len() => vec!["default".to_owned()],
                _ => Vec::new(),
            };
            texts.iter_mut().for_each(|text| *text = normal(self.service, text));
            names = names
                .iter()
                .flat_map(|outer| {
                    texts.iter().map(move |text| {
                        if outer.is_empty() { text.clone() } else { format!("{outer}/{text}") }
                    })
                })
                .collect();
        }
        names
    }

    /// What the names of objects begin with that a request could be about: `CLUSTER/`.
    pub(crate) fn within(&self, call: &Call) -> String {
        let tree = call.tree();
        let outer = self.named_by.len().saturating_sub(1);
        self.named_by
            .iter()
            .take(outer)
            .map(|parameters| {
                let found = parameters.iter().find_map(|parameter| pointer(&tree, parameter));
                let name = found.and_then(Value::as_str).unwrap_or("default");
                format!("{}/", normal(self.service, name))
            })
            .collect()
    }

    /// Whether the operation does anything to it.
    pub(crate) fn knows(&self, operation: &str) -> bool {
        [self.create, self.modify, self.delete, self.describe]
            .iter()
            .any(|operations| operations.contains(&operation))
            || self
                .ghost
                .as_ref()
                .is_some_and(|ghost| ghost.names.iter().any(|(name, _)| *name == operation))
    }
}

impl Life {
    /// States without any words.
    pub(crate) const NEW: Self = Self {
        state: "",
        creating: None,
        modifying: None,
        deleting: None,
        filter: None,
        busy: None,
        dress: None,
    };

    /// The word for a phase.
    pub(crate) fn word(&self, phase: Phase) -> Option<&'static str> {
        match phase {
            Phase::Creating => self.creating,
            Phase::Modifying => self.modifying,
            Phase::Deleting => self.deleting,
            Phase::Ready => None,
        }
    }
}

impl Echo {
    /// A field that is missing.
    pub(crate) const fn lost(parameter: &'static str, field: &'static str) -> Self {
        Self {
            parameter,
            field,
            item: "member",
            each: "",
            way: Way::Set,
            wrong: false,
            exact: false,
        }
    }

    /// A field that is there and wrong.
    pub(crate) const fn wrong(parameter: &'static str, field: &'static str) -> Self {
        Self { wrong: true, ..Self::lost(parameter, field) }
    }

    /// A field that is shown, made up, where nothing was said.
    pub(crate) const fn exact(parameter: &'static str, field: &'static str) -> Self {
        Self { exact: true, ..Self::wrong(parameter, field) }
    }

    /// The same with another name for the items of its list in XML.
    pub(crate) const fn items(self, item: &'static str) -> Self {
        Self { item, ..self }
    }

    /// The same where each text of the list is shown in a structure.
    pub(crate) const fn each(self, item: &'static str, each: &'static str) -> Self {
        Self { item, each, ..self }
    }

    /// The same for a parameter that adds to a list.
    pub(crate) const fn adds(self) -> Self {
        Self { way: Way::Add, wrong: true, ..self }
    }

    /// The same for a parameter that takes from a list.
    pub(crate) const fn takes(self) -> Self {
        Self { way: Way::Take, wrong: true, ..self }
    }
}
