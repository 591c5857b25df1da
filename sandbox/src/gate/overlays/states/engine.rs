//! Which object is on its way, and what the answers say of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;
use crate::gate::document::{Document, Fields, Object};
use crate::gate::form::Form;
use crate::gate::kinds::{self, Kind, Life, Phase};
use crate::gate::overlays::settings::StatesSettings;

/// Kind, region, name.
type Key = (&'static str, String, String);

/// The objects that are on their way.
#[derive(Default)]
pub(crate) struct States {
    moving: Mutex<HashMap<Key, Moving>>,
    /// How objects looked last, of kinds whose delete call does not say.
    seen: Mutex<HashMap<Key, Object>>,
}

/// An object on its way.
pub(super) struct Moving {
    pub(super) phase: Phase,
    /// How many reads still show it so.
    pub(super) reads: u32,
    /// The object, where the emulator has it no more.
    pub(super) ghost: Option<Object>,
}

/// The values of a state filter, which was taken out of a request.
pub(crate) type StateFilter = Option<Vec<String>>;

/// What is done to the answer of one call.
pub(super) struct Scene<'a> {
    pub(super) settings: &'a StatesSettings,
    pub(super) call: &'a Call,
    pub(super) notes: Vec<String>,
}

impl States {
    /// What the service refuses while an object is on its way.
    pub(crate) fn refuse(&self, settings: &StatesSettings, call: &Call) -> Option<ServiceError> {
        for kind in kinds::concerned(&call.service, &call.operation) {
            let Some(life) = kind.life.as_ref().filter(|_| settings.reads_of(kind.name) > 0) else {
                continue;
            };
            let operation = call.operation.as_str();
            for name in kind.named(call) {
                let Some(phase) = self.phase(kind, &call.region, &name) else { continue };
                let refusal = match phase {
                    Phase::Deleting if kind.create.contains(&operation) => {
                        kind.ghost.as_ref().map(|ghost| {
                            let (code, status) = ghost.exists;
                            let words = match kind.service {
                                "dynamodb" => words(kind, life, &name, phase),
                                _ => format!("{name} is being deleted"),
                            };
                            ServiceError::new(status, code, words)
                        })
                    }
                    Phase::Deleting
                        if kind.modify.contains(&operation) || kind.delete.contains(&operation) =>
                    {
                        busy(kind, life, &name, phase)
                    }
                    _ if life.busy.as_ref().is_some_and(|busy| {
                        busy.operations.contains(&operation)
                            && phase != Phase::Deleting
                            && !kind.create.contains(&operation)
                    }) =>
                    {
                        busy(kind, life, &name, phase)
                    }
                    _ => None,
                };
                if refusal.is_some() {
                    self.look(kind, &call.region, &name);
                    return refusal;
                }
            }
        }
        None
    }

    /// Takes the filter on the state out of a request: the emulator would answer it by a state that
    /// the gate does not show.
    pub(crate) fn take_filter(&self, settings: &StatesSettings, call: &mut Call) -> StateFilter {
        let kind = described(&call.service, &call.operation)?;
        let filter = kind.life.as_ref()?.filter?;
        if settings.reads_of(kind.name) == 0 {
            return None;
        }
        let mut form: Form = call.form.clone();
        let values = form.take_filter(filter)?;
        call.set_form(form);
        Some(values)
    }

    /// Rewrites the states in an answer. Returns what it did, for the log.
    pub(crate) fn apply(
        &self,
        settings: &StatesSettings,
        call: &Call,
        answer: &mut Answer,
        filter: &StateFilter,
    ) -> Option<String> {
        let kinds: Vec<&Kind> = kinds::concerned(&call.service, &call.operation)
            .filter(|kind| kind.life.is_some())
            .collect();
        // Switched off, also what is on its way is at once where it goes.
        if kinds.is_empty() || !settings.enabled {
            return None;
        }
        let mut scene = Scene { settings, call, notes: Vec::new() };
        let mut document = Document::of(call, answer);
        if answer.status.is_success() {
            for kind in &kinds {
                self.rewrite(&mut scene, kind, document.as_mut(), filter);
            }
            if let Some(document) = &document {
                document.store(answer);
            }
        } else {
            for kind in &kinds {
                self.show_instead(&mut scene, kind, answer);
            }
        }
        (!scene.notes.is_empty()).then(|| format!("states: {}", scene.notes.join(", ")))
    }

    fn rewrite(
        &self,
        scene: &mut Scene<'_>,
        kind: &'static Kind,
        document: Option<&mut Document>,
        filter: &StateFilter,
    ) {
        let Some(life) = kind.life.as_ref() else { return };
        let reads = scene.settings.reads_of(kind.name);
        let (operation, region) = (scene.call.operation.as_str(), scene.call.region.as_str());
        let phase = if kind.create.contains(&operation) {
            Phase::Creating
        } else if kind.modify.contains(&operation) {
            Phase::Modifying
        } else if kind.delete.contains(&operation) {
            Phase::Deleting
        } else {
            Phase::Ready
        };
        let mut none = Document::Json(Value::Null);
        let document = document.unwrap_or(&mut none);
        if phase == Phase::Ready {
            self.show(scene, kind, document);
            self.add_ghosts(scene, kind, document);
            if let Some(values) = filter {
                retain(document, kind, life, values);
            }
            return;
        }
        let mut names = kind.named(scene.call);
        let mut objects = HashMap::new();
        document.visit(&mut |object| {
            if let Some(name) = kind.id_of(object) {
                if phase == Phase::Creating && !names.contains(&name) {
                    names.push(name.clone());
                }
                objects.insert(name, object.to_object());
            }
        });
        // A name that a create call gives and its answer does not is only believed where the answer
        // shows no object at all.
        if phase == Phase::Creating && !objects.is_empty() {
            names.retain(|name| objects.contains_key(name));
        }
        for name in names {
            let failed =
                objects.get_mut(&name).and_then(|object| object.fields_mut().text(life.state));
            let failed = failed.is_some_and(|state| state.eq_ignore_ascii_case("failed"));
            let Some(word) = life.word(phase).filter(|_| reads > 0 && !failed) else { continue };
            let key = (kind.name, region.to_owned(), name.clone());
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            let mut moving = self.lock();
            // One that is still being made stays so.
            if phase == Phase::Modifying && moving.contains_key(&key) {
                continue;
            }
            let ghost = (phase == Phase::Deleting && kind.ghost.is_some())
                .then(|| objects.remove(&name).or(seen))
                .flatten();
            moving.insert(key, Moving { phase, reads, ghost });
            scene.notes.push(format!("{name} {word}"));
        }
        // The answer of a change still shows the state from before it, as AWS's mostly does.
        if phase == Phase::Modifying {
            return;
        }
        document.visit(&mut |object| {
            if let Some(name) = kind.id_of(object)
                && self.phase(kind, region, &name) == Some(phase)
            {
                dress(life, object, phase);
            }
        });
    }

    /// Shows the objects of an answer in their states, and counts a read of each.
    fn show(&self, scene: &mut Scene<'_>, kind: &'static Kind, document: &mut Document) {
        let Some(life) = kind.life.as_ref() else { return };
        let region = scene.call.region.clone();
        document.visit(&mut |object| {
            let Some(name) = kind.id_of(object) else { return };
            if kind.ghost.is_some() {
                let key = (kind.name, region.clone(), name.clone());
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.insert(key, object.to_object());
            }
            let phase = self.look(kind, &region, &name).unwrap_or(Phase::Ready);
            dress(life, object, phase);
            if let Some(word) = life.word(phase) {
                scene.notes.push(format!("{name} {word}"));
            }
        });
    }

    /// Where an object is on its way, without a look at it.
    pub(super) fn phase(&self, kind: &Kind, region: &str, name: &str) -> Option<Phase> {
        let key = (kind.name, region.to_owned(), name.to_owned());
        self.lock().get(&key).map(|moving| moving.phase)
    }

    /// Counts a read, and returns where the object is, where it is on its way.
    pub(super) fn look(&self, kind: &Kind, region: &str, name: &str) -> Option<Phase> {
        let key = (kind.name, region.to_owned(), name.to_owned());
        let mut moving = self.lock();
        let object = moving.get_mut(&key)?;
        let phase = object.phase;
        object.reads = object.reads.saturating_sub(1);
        if object.reads == 0 {
            moving.remove(&key);
        }
        Some(phase)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Key, Moving>> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the state and what goes with it.
pub(super) fn dress(life: &Life, object: &mut dyn Fields, phase: Phase) {
    if let Some(word) = life.word(phase) {
        object.put(life.state, &Value::from(word), "");
    }
    if let Some(dress) = life.dress {
        dress(object, phase);
    }
}

fn busy(kind: &Kind, life: &Life, name: &str, phase: Phase) -> Option<ServiceError> {
    let busy = life.busy.as_ref()?;
    Some(ServiceError::new(busy.status, busy.code, words(kind, life, name, phase)))
}

/// What is said of an object that is on its way. Services that have one code for this and for a name
/// that is taken tell them apart by their words.
fn words(kind: &Kind, life: &Life, name: &str, phase: Phase) -> String {
    match kind.service {
        "dynamodb" => {
            let doing = match phase {
                Phase::Creating => "created",
                Phase::Deleting => "deleted",
                Phase::Modifying | Phase::Ready => "updated",
            };
            format!(
                "Attempt to change a resource which is still in use: Table is being {doing}: {name}"
            )
        }
        "lambda" => format!(
            "The operation cannot be performed at this time. An update is in progress for \
             resource: {name}"
        ),
        // EKS: "Cannot VersionUpdate because cluster NAME currently has update ID in progress".
        _ => {
            let word = life.word(phase).unwrap_or_default();
            format!("{name} currently has a change in progress: it is in the state {word}")
        }
    }
}

fn described(service: &str, operation: &str) -> Option<&'static Kind> {
    kinds::concerned(service, operation).find(|kind| kind.describe.contains(&operation))
}

/// Leaves of a listing what has one of the states.
fn retain(document: &mut Document, kind: &Kind, life: &Life, values: &[String]) {
    if let Document::Xml(document) = document {
        document.visit_mut(&mut |list| {
            list.retain(|item| {
                kind.id_of(item).is_none()
                    || item.text_at(life.state).is_none_or(|state| {
                        values.iter().any(|value| value.eq_ignore_ascii_case(&state))
                    })
            });
        });
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
