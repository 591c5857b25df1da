//! Objects that an emulator dropped at once, shown until their deletion has taken its time.

use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value};

use super::engine::{Scene, States, dress};
use crate::gate::answer::Answer;
use crate::gate::document::{Document, Object};
use crate::gate::kinds::{Ghost, Kind, Phase, Shown};
use crate::gate::xml::Element;

impl States {
    /// Adds the ghosts that a listing would show.
    pub(super) fn add_ghosts(
        &self,
        scene: &mut Scene<'_>,
        kind: &'static Kind,
        document: &mut Document,
    ) {
        let Some(ghost) = &kind.ghost else { return };
        let operation = scene.call.operation.as_str();
        if let Some((_, list)) = ghost.names.iter().find(|(name, _)| *name == operation) {
            for name in self.ghosts(kind, scene) {
                document.push_text(list, name.rsplit('/').next().unwrap_or(&name));
            }
            return;
        }
        let Shown::List(path, item) = ghost.shown else { return };
        for name in self.ghosts_asked_for(kind, ghost, scene) {
            if let Some(object) = self.show_ghost(scene, kind, &name) {
                document.push(path, item, object);
                forget_failure(document, &name);
            }
        }
    }

    /// Answers with a ghost where the emulator says that there is nothing.
    pub(super) fn show_instead(
        &self,
        scene: &mut Scene<'_>,
        kind: &'static Kind,
        answer: &mut Answer,
    ) {
        let Some(ghost) = &kind.ghost else { return };
        let operation = scene.call.operation.as_str();
        if !kind.describe.contains(&operation) || answer.status.is_server_error() {
            return;
        }
        let mut shown = false;
        let mut document = None;
        for name in self.ghosts_asked_for(kind, ghost, scene) {
            let Some(object) = self.show_ghost(scene, kind, &name) else { continue };
            let document = document.get_or_insert_with(|| empty(&object, operation));
            match (&ghost.shown, object) {
                (Shown::List(path, item), object) => document.push(path, item, object),
                (Shown::One(field), Object::Json(map)) => {
                    if let Document::Json(Value::Object(whole)) = document {
                        whole.insert((*field).to_owned(), Value::Object(map));
                    }
                }
                // No service that writes XML shows one object alone.
                (Shown::One(_), Object::Xml(_)) => {}
            }
            shown = true;
        }
        if let Some(document) = document.filter(|_| shown) {
            answer.status = StatusCode::OK;
            answer.headers.remove("x-amzn-errortype");
            answer.headers.remove(CONTENT_LENGTH);
            let kind = match document {
                Document::Xml(_) => "text/xml",
                Document::Json(_) => "application/json",
            };
            answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            document.store(answer);
        }
    }

    /// The names of the ghosts of a kind that the request could see.
    fn ghosts(&self, kind: &Kind, scene: &Scene<'_>) -> Vec<String> {
        let within = kind.within(scene.call);
        let moving = self.lock();
        let mut names: Vec<String> = moving
            .iter()
            .filter(|((of, region, name), moving)| {
                *of == kind.name
                    && *region == scene.call.region
                    && moving.ghost.is_some()
                    && name.starts_with(&within)
            })
            .map(|((_, _, name), _)| name.clone())
            .collect();
        names.sort();
        names
    }

    /// Those that the request names, by parameter or filter; all where it names none.
    fn ghosts_asked_for(&self, kind: &Kind, ghost: &Ghost, scene: &Scene<'_>) -> Vec<String> {
        let mut names = self.ghosts(kind, scene);
        let named = kind.named(scene.call);
        if !named.is_empty() {
            names.retain(|name| named.contains(name));
            return names;
        }
        let filters = scene.call.filters();
        names.retain(|name| {
            filters.iter().all(|(filter, values)| {
                if Some(filter.as_str()) != ghost.filter {
                    let field = self.field_of_ghost(kind, scene, name, &field_of(filter));
                    return field.is_some_and(|field| values.contains(&field));
                }
                values.iter().any(|value| crate::gate::kinds::normal(kind.service, value) == *name)
            })
        });
        names
    }

    /// A field of a ghost.
    fn field_of_ghost(
        &self,
        kind: &Kind,
        scene: &Scene<'_>,
        name: &str,
        field: &str,
    ) -> Option<String> {
        let key = (kind.name, scene.call.region.clone(), name.to_owned());
        let mut object = self.lock().get(&key)?.ghost.clone()?;
        object.fields_mut().text(field)
    }

    fn show_ghost(&self, scene: &mut Scene<'_>, kind: &'static Kind, name: &str) -> Option<Object> {
        let key = (kind.name, scene.call.region.clone(), name.to_owned());
        let mut object = self.lock().get(&key)?.ghost.clone()?;
        let life = kind.life.as_ref()?;
        self.look(kind, &scene.call.region, name);
        dress(life, object.fields_mut(), Phase::Deleting);
        let word = life.word(Phase::Deleting).unwrap_or_default();
        scene.notes.push(format!("{name} {word}"));
        Some(object)
    }
}

/// The field that a filter asks for by its name: of `dbi-resource-id` it is `DbiResourceId`.
fn field_of(filter: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    filter.split('-').map(word).collect()
}

fn empty(object: &Object, operation: &str) -> Document {
    match object {
        Object::Xml(_) => Document::Xml(Element::new(&format!("{operation}Response"))),
        Object::Json(_) => Document::Json(Value::Object(Map::new())),
    }
}

/// ECS says what it does not find beside what it finds.
fn forget_failure(document: &mut Document, name: &str) {
    let last = name.rsplit('/').next().unwrap_or(name);
    if let Document::Json(Value::Object(whole)) = document
        && let Some(Value::Array(failures)) = whole.get_mut("failures")
    {
        failures.retain(|failure| {
            let arn = failure.get("arn").and_then(Value::as_str).unwrap_or_default();
            arn.rsplit('/').next() != Some(last)
        });
    }
}

#[cfg(test)]
mod names {
    use super::field_of;

    #[test]
    fn filters_are_named_after_fields() {
        assert_eq!(field_of("dbi-resource-id"), "DbiResourceId");
        assert_eq!(field_of("engine"), "Engine");
    }
}
