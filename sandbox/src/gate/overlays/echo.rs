//! Fields that an emulator takes and does not show: what the last successful call set is filled in.
//!
//! The main type is [`Echoes`]; the rows are the `echoes` of the kinds in `gate/kinds`. A field is never
//! shown that no call set; what a call leaves out stays as it was, unless the call sets everything
//! anew; and with the object its memory goes. Stand-ins put what they are told here too, with
//! [`Echoes::set`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::gate::answer::Answer;
use crate::gate::call::Call;
use crate::gate::document::{Document, pointer};
use crate::gate::kinds::{self, Kind, Way};

/// Kind, region, name.
type Key = (&'static str, String, String);

/// What was said of each object: path of a field, value.
type Memory = BTreeMap<&'static str, Said>;

#[derive(Debug, Clone, PartialEq)]
struct Said {
    value: Value,
    item: &'static str,
    /// Whether it stands even where the emulator shows something.
    wins: bool,
}

/// What calls said of objects.
#[derive(Default)]
pub(crate) struct Echoes {
    said: Mutex<HashMap<Key, Memory>>,
}

impl Echoes {
    /// Learns from a successful call, and fills its answer in.
    pub(crate) fn apply(&self, call: &Call, answer: &mut Answer) {
        if !answer.status.is_success() {
            return;
        }
        let mut document = Document::of(call, answer);
        let operation = call.operation.as_str();
        for kind in kinds::concerned(&call.service, operation) {
            if kind.create.contains(&operation) || kind.modify.contains(&operation) {
                self.learn(kind, call, document.as_mut());
            }
            if let Some(document) = &mut document {
                self.fill(kind, &call.region, document);
            }
            if kind.delete.contains(&operation) {
                for name in kind.named(call) {
                    self.lock().remove(&(kind.name, call.region.clone(), name));
                }
            }
        }
        // What nothing was said of goes out as it came.
        if let Some(document) = document
            && kinds::concerned(&call.service, operation).next().is_some()
        {
            document.store(answer);
        }
    }

    fn learn(&self, kind: &'static Kind, call: &Call, document: Option<&mut Document>) {
        let creates = kind.create.contains(&call.operation.as_str());
        let mut names = kind.named(call);
        let mut shown = BTreeMap::new();
        if let Some(document) = document {
            document.visit(&mut |object| {
                if let Some(name) = kind.id_of(object) {
                    shown.insert(name, object.to_object());
                }
            });
        }
        // The service chose the name, or the request names another object too: a source.
        if creates && !shown.is_empty() {
            names = shown.keys().cloned().collect();
        }
        let tree = call.tree();
        for name in names {
            let key = (kind.name, call.region.clone(), name);
            let mut said = self.lock();
            // One of that name that went in another way must not be remembered.
            let anew = creates || kind.replace.contains(&call.operation.as_str());
            if anew {
                said.remove(&key);
            }
            for echo in kind.echoes {
                let value = match pointer(&tree, echo.parameter) {
                    Some(value) => value,
                    // What is made up is taken away.
                    None if anew && echo.exact => &Value::Null,
                    None => continue,
                };
                let memory = said.entry(key.clone()).or_default();
                let value = match echo.way {
                    Way::Set if echo.each.is_empty() => value.clone(),
                    Way::Set => structures(value, echo.each),
                    way => changed(memory.get(echo.field).map(|said| &said.value), value, way),
                };
                // Once a list was changed by parts, the emulator's is not the whole.
                let wins = echo.wrong;
                memory.insert(echo.field, Said { value, item: echo.item, wins });
            }
        }
    }

    /// Remembers a field as a call would have set it.
    pub(crate) fn set(
        &self,
        kind: &'static str,
        region: &str,
        name: &str,
        field: &'static str,
        value: Value,
    ) {
        let key = (kind, region.to_owned(), name.to_owned());
        let said = Said { value, item: "member", wins: true };
        self.lock().entry(key).or_default().insert(field, said);
    }

    /// What is remembered of a field.
    pub(crate) fn get(
        &self,
        kind: &'static str,
        region: &str,
        name: &str,
        field: &str,
    ) -> Option<Value> {
        let key = (kind, region.to_owned(), name.to_owned());
        self.lock().get(&key)?.get(field).map(|said| said.value.clone())
    }

    fn fill(&self, kind: &'static Kind, region: &str, document: &mut Document) {
        let said = self.lock();
        document.visit(&mut |object| {
            let Some(name) = kind.id_of(object) else { return };
            let Some(memory) = said.get(&(kind.name, region.to_owned(), name)) else { return };
            for (field, said) in memory {
                if said.value.is_null() {
                    object.remove(field);
                } else if said.wins || !object.has_content(field) {
                    object.put(field, &said.value, said.item);
                }
            }
        });
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Memory>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A list of texts as a list of structures with a field.
fn structures(list: &Value, field: &str) -> Value {
    let items = list.as_array().cloned().unwrap_or_default();
    items.into_iter().map(|text| serde_json::json!({ field: text })).collect()
}

/// A list with some more or some fewer.
fn changed(before: Option<&Value>, by: &Value, way: Way) -> Value {
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut list, by) = (before.map(items).unwrap_or_default(), items(by));
    list.retain(|item| !by.contains(item));
    if way == Way::Add {
        list.extend(by);
    }
    Value::Array(list)
}

#[cfg(test)]
mod tests {
    use super::Echoes;
    use crate::gate::answer::Answer;
    use crate::gate::call::Call;
    use crate::gate::call::tests::{call, query_call, signature};
    use hyper::{HeaderMap, Method, StatusCode};

    fn play(echoes: &Echoes, call: &Call, body: &str) -> String {
        let body = body.to_owned().into();
        let mut answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body };
        echoes.apply(call, &mut answer);
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    fn rds(echoes: &Echoes, request: &str) -> String {
        let shown = "<R><DBInstances><DBInstance><DBInstanceIdentifier>a</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus></DBInstance></DBInstances></R>";
        play(echoes, &query_call("rds", request), shown)
    }

    #[test]
    fn what_was_set_is_shown_until_it_is_changed_or_gone() {
        let echoes = Echoes::default();
        let describe = "Action=DescribeDBInstances&Version=1";
        assert!(!rds(&echoes, describe).contains("Exports"));
        rds(
            &echoes,
            "Action=CreateDBInstance&DBInstanceIdentifier=a&EnableCloudwatchLogsExports.member.1=postgresql",
        );
        let list = "<EnabledCloudwatchLogsExports><member>postgresql</member></EnabledCloudwatchLogsExports>";
        assert!(rds(&echoes, describe).contains(list));
        // A change that does not speak of it leaves it; one that does changes it.
        rds(&echoes, "Action=ModifyDBInstance&DBInstanceIdentifier=A&MultiAZ=true");
        assert!(rds(&echoes, describe).contains(list));
        rds(
            &echoes,
            "Action=ModifyDBInstance&DBInstanceIdentifier=a&CloudwatchLogsExportConfiguration.EnableLogTypes.member.1=upgrade&CloudwatchLogsExportConfiguration.DisableLogTypes.member.1=postgresql",
        );
        assert!(rds(&echoes, describe).contains(
            "<EnabledCloudwatchLogsExports><member>upgrade</member></EnabledCloudwatchLogsExports>"
        ));
        // With the object goes the memory.
        rds(&echoes, "Action=DeleteDBInstance&DBInstanceIdentifier=a");
        assert!(!rds(&echoes, describe).contains("Exports"));
    }

    #[test]
    fn another_object_is_left_alone_and_json_keeps_its_types() {
        let echoes = Echoes::default();
        let authorization = signature("eks");
        let headers = [("authorization", authorization.as_str())];
        let show = |name: &str| {
            let body = format!("{{\"cluster\":{{\"name\":\"{name}\",\"status\":\"ACTIVE\"}}}}");
            play(&echoes, &call(Method::GET, &format!("/clusters/{name}"), &headers, ""), &body)
        };
        let create = "{\"name\":\"c\",\"upgradePolicy\":{\"supportType\":\"STANDARD\"},\"deletionProtection\":true}";
        let made = "{\"cluster\":{\"name\":\"c\",\"status\":\"ACTIVE\"}}";
        let answer = play(&echoes, &call(Method::POST, "/clusters", &headers, create), made);
        assert!(answer.contains("\"supportType\":\"STANDARD\""), "{answer}");
        assert!(show("c").contains("\"deletionProtection\":true"));
        assert!(!show("d").contains("deletionProtection"));
    }
}
