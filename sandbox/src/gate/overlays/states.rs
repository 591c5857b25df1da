//! States that take time: the first reads of a new object say `pending`, of a deleted one `deleting`.
//!
//! The main types are [`Lifecycle`], a row of the table, and [`States`]. The words are those of the
//! API References: EC2 `NatGateway` and `VpcEndpoint`, EKS `Cluster` and `Nodegroup`, RDS
//! `DBInstance`. A look of the gate's own, for a dependency, counts as a read: an object that nobody
//! looks at must not stay on its way for ever.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::settings::StatesSettings;
use crate::gate::answer::Answer;
use crate::gate::call::{Call, Protocol};
use crate::gate::form::Form;
use crate::gate::xml::Element;

/// How a kind comes and goes.
struct Lifecycle {
    /// Its name in the settings.
    kind: &'static str,
    service: &'static str,
    create: &'static str,
    /// The operations that show it.
    describe: &'static [&'static str],
    id: &'static str,
    state: &'static str,
    /// The word for one that is being made.
    creating: &'static str,
    /// How it goes, where the emulator shows it after its deletion.
    leaving: Option<Leaving>,
    /// The filter on the state, which only the gate can answer.
    filter: Option<&'static str>,
}

struct Leaving {
    operation: &'static str,
    /// The parameter with the id, alone or as a list.
    parameter: &'static str,
    /// The word for one that is being deleted.
    deleting: &'static str,
}

const LIFECYCLES: &[Lifecycle] = &[
    Lifecycle {
        kind: "nat_gateway",
        service: "ec2",
        create: "CreateNatGateway",
        describe: &["DescribeNatGateways"],
        id: "natGatewayId",
        state: "state",
        creating: "pending",
        leaving: Some(Leaving {
            operation: "DeleteNatGateway",
            parameter: "NatGatewayId",
            deleting: "deleting",
        }),
        filter: Some("state"),
    },
    Lifecycle {
        kind: "vpc_endpoint",
        service: "ec2",
        create: "CreateVpcEndpoint",
        describe: &["DescribeVpcEndpoints"],
        id: "vpcEndpointId",
        state: "state",
        creating: "pending",
        leaving: Some(Leaving {
            operation: "DeleteVpcEndpoints",
            parameter: "VpcEndpointId",
            deleting: "deleting",
        }),
        filter: Some("vpc-endpoint-state"),
    },
    Lifecycle {
        kind: "eks_cluster",
        service: "eks",
        create: "CreateCluster",
        describe: &["DescribeCluster"],
        id: "name",
        state: "status",
        creating: "CREATING",
        leaving: None,
        filter: None,
    },
    Lifecycle {
        kind: "eks_node_group",
        service: "eks",
        create: "CreateNodegroup",
        describe: &["DescribeNodegroup"],
        id: "nodegroupArn",
        state: "status",
        creating: "CREATING",
        leaving: None,
        filter: None,
    },
    Lifecycle {
        kind: "db_instance",
        service: "rds",
        create: "CreateDBInstance",
        describe: &["DescribeDBInstances"],
        id: "DBInstanceIdentifier",
        state: "DBInstanceStatus",
        creating: "creating",
        leaving: None,
        filter: None,
    },
];

/// Kind, region, id.
type Key = (&'static str, String, String);

/// The objects that are on their way.
#[derive(Default)]
pub(crate) struct States {
    moving: Mutex<HashMap<Key, Moving>>,
}

struct Moving {
    word: &'static str,
    reads: u32,
}

/// The values of a state filter, which was taken out of a request.
pub(crate) type StateFilter = Option<Vec<String>>;

impl States {
    /// Takes the filter on the state out of a request: the emulator would answer it by a state that
    /// the gate does not show.
    pub(crate) fn take_filter(&self, settings: &StatesSettings, call: &mut Call) -> StateFilter {
        let row = described(&call.service, &call.operation)?;
        if settings.reads_of(row.kind) == 0 {
            return None;
        }
        let mut form: Form = call.form.clone();
        let values = form.take_filter(row.filter?)?;
        call.set_form(form);
        Some(values)
    }

    /// Rewrites the states in the answer of a success. Returns what it did, for the log.
    pub(crate) fn apply(
        &self,
        settings: &StatesSettings,
        call: &Call,
        answer: &mut Answer,
        filter: &StateFilter,
    ) -> Option<String> {
        // Switched off, also what is on its way is at once where it goes.
        if !settings.enabled || !answer.status.is_success() {
            return None;
        }
        self.note_deletion(settings, call);
        let json = matches!(call.protocol, Protocol::Json | Protocol::RestJson);
        if !concerns(call) {
            return None;
        }
        if json {
            let mut value: Value = serde_json::from_slice(&answer.body).ok()?;
            let note = self.rewrite_json(settings, call, &mut value);
            answer.body = value.to_string().into();
            return note;
        }
        let mut document = answer.document()?;
        let (operation, region) = (&call.operation, &call.region);
        let note = self.rewrite(settings, &call.service, operation, region, &mut document, filter);
        answer.set_document(&document);
        note
    }

    /// Rewrites the states in an XML answer.
    pub(crate) fn rewrite(
        &self,
        settings: &StatesSettings,
        service: &str,
        operation: &str,
        region: &str,
        document: &mut Element,
        filter: &StateFilter,
    ) -> Option<String> {
        let mut notes = Vec::new();
        if let Some(row) = created(service, operation) {
            document.visit_mut(&mut |element| {
                if let Some((id, word)) = xml_object(element, row)
                    && let Some(word) = self.start(settings, row, region, &id, &word)
                {
                    set_child(element, row.state, word);
                    notes.push(format!("{id} {word}"));
                }
            });
        } else if let Some(row) = described(service, operation) {
            document.visit_mut(&mut |element| {
                if let Some((id, _)) = xml_object(element, row)
                    && let Some(word) = self.look(row, region, &id)
                {
                    set_child(element, row.state, word);
                    notes.push(format!("{id} {word}"));
                }
            });
            if let Some(values) = filter {
                document.visit_mut(&mut |list| {
                    list.retain(|item| {
                        xml_object(item, row).is_none_or(|(_, word)| {
                            values.iter().any(|value| value.eq_ignore_ascii_case(&word))
                        })
                    });
                });
            }
        }
        (!notes.is_empty()).then(|| format!("states: {}", notes.join(", ")))
    }

    fn rewrite_json(
        &self,
        settings: &StatesSettings,
        call: &Call,
        value: &mut Value,
    ) -> Option<String> {
        let (created, described) =
            (created(&call.service, &call.operation), described(&call.service, &call.operation));
        let row = created.or(described)?;
        // The objects stand one level below the answer: `{"cluster": {…}}`.
        let mut note = None;
        for object in value.as_object_mut()?.values_mut().filter_map(Value::as_object_mut) {
            let (Some(id), Some(state)) = (
                object.get(row.id).and_then(Value::as_str).map(str::to_owned),
                object.get(row.state).and_then(Value::as_str),
            ) else {
                continue;
            };
            let word = if created.is_some() {
                self.start(settings, row, &call.region, &id, state)
            } else {
                self.look(row, &call.region, &id)
            };
            if let Some(word) = word {
                object.insert(row.state.to_owned(), Value::String(word.to_owned()));
                note = Some(format!("states: {id} {word}"));
            }
        }
        note
    }

    fn note_deletion(&self, settings: &StatesSettings, call: &Call) {
        for row in LIFECYCLES.iter().filter(|row| row.service == call.service) {
            let Some(leaving) = row.leaving.as_ref() else { continue };
            let reads = settings.reads_of(row.kind);
            if leaving.operation != call.operation || reads == 0 {
                continue;
            }
            let mut ids = call.form.list(leaving.parameter);
            ids.extend(call.form.get(leaving.parameter));
            for id in ids {
                let moving = Moving { word: leaving.deleting, reads };
                self.lock().insert((row.kind, call.region.clone(), id.to_owned()), moving);
            }
        }
    }

    /// Notes a new object, and returns the word for it.
    fn start(
        &self,
        settings: &StatesSettings,
        row: &Lifecycle,
        region: &str,
        id: &str,
        state: &str,
    ) -> Option<&'static str> {
        let reads = settings.reads_of(row.kind);
        if reads == 0 || state.eq_ignore_ascii_case("failed") {
            return None;
        }
        let key = (row.kind, region.to_owned(), id.to_owned());
        self.lock().insert(key, Moving { word: row.creating, reads });
        Some(row.creating)
    }

    /// Counts a read, and returns the word to show where it is not the emulator's.
    fn look(&self, row: &Lifecycle, region: &str, id: &str) -> Option<&'static str> {
        let key = (row.kind, region.to_owned(), id.to_owned());
        let mut moving = self.lock();
        let object = moving.get_mut(&key)?;
        let word = object.word;
        object.reads -= 1;
        if object.reads == 0 {
            moving.remove(&key);
        }
        Some(word)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Moving>> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn created(service: &str, operation: &str) -> Option<&'static Lifecycle> {
    LIFECYCLES.iter().find(|row| row.service == service && row.create == operation)
}

fn described(service: &str, operation: &str) -> Option<&'static Lifecycle> {
    LIFECYCLES.iter().find(|row| row.service == service && row.describe.contains(&operation))
}

fn concerns(call: &Call) -> bool {
    created(&call.service, &call.operation)
        .or_else(|| described(&call.service, &call.operation))
        .is_some()
}

/// Id and state of an object, where the element is one.
fn xml_object(element: &Element, row: &Lifecycle) -> Option<(String, String)> {
    Some((element.child(row.id)?.text(), element.child(row.state)?.text()))
}

fn set_child(element: &mut Element, name: &str, text: &str) {
    if let Some(child) = element.child_mut(name) {
        child.set_text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::{States, StatesSettings};
    use crate::gate::answer::Answer;
    use crate::gate::call::tests::{call, query_call, signature};
    use hyper::{HeaderMap, Method, StatusCode};

    fn answer(body: &str) -> Answer {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.to_owned().into() }
    }

    const ONE: &str = "<R><natGatewaySet><item><natGatewayId>nat-1</natGatewayId><state>available</state></item></natGatewaySet></R>";

    /// The state that a describe shows, or nothing where the object is not listed.
    fn describe(
        states: &States,
        settings: &StatesSettings,
        request: &str,
        emulator: &str,
    ) -> String {
        let mut call = query_call("ec2", request);
        let filter = states.take_filter(settings, &mut call);
        let mut answer = answer(emulator);
        states.apply(settings, &call, &mut answer, &filter);
        answer.document().unwrap().find("state").map(|s| s.text()).unwrap_or_default()
    }

    #[test]
    fn the_first_reads_say_pending() {
        let (states, settings) =
            (States::default(), StatesSettings { reads: 2, ..StatesSettings::default() });
        let mut created = answer(
            "<R><natGateway><natGatewayId>nat-1</natGatewayId><state>available</state></natGateway></R>",
        );
        let call = query_call("ec2", "Action=CreateNatGateway");
        states.apply(&settings, &call, &mut created, &None);
        assert_eq!(created.document().unwrap().find("state").unwrap().text(), "pending");
        let request = "Action=DescribeNatGateways";
        let seen: Vec<String> =
            (0..3).map(|_| describe(&states, &settings, request, ONE)).collect();
        assert_eq!(seen, ["pending", "pending", "available"]);
    }

    #[test]
    fn a_deleted_one_is_deleting_first_and_the_filter_sees_it() {
        let (states, settings) = (States::default(), StatesSettings::default());
        let call = query_call("ec2", "Action=DeleteNatGateway&NatGatewayId=nat-1");
        states.apply(&settings, &call, &mut answer("<R/>"), &None);
        let gone = ONE.replace("available", "deleted");
        let request = "Action=DescribeNatGateways&Filter.1.Name=state&Filter.1.Value.1=deleting";
        assert_eq!(describe(&states, &settings, request, &gone), "deleting");
        assert_eq!(describe(&states, &settings, request, &gone), "");
    }

    #[test]
    fn json_states_are_rewritten_too() {
        let (states, settings) = (States::default(), StatesSettings::default());
        let body = "{\"cluster\":{\"name\":\"c\",\"status\":\"ACTIVE\"}}";
        let authorization = signature("eks");
        let headers = [("authorization", authorization.as_str())];
        let check = |method: Method, path: &str| {
            let mut answer = answer(body);
            states.apply(&settings, &call(method, path, &headers, ""), &mut answer, &None);
            String::from_utf8(answer.body.to_vec()).unwrap()
        };
        assert!(check(Method::POST, "/clusters").contains("CREATING"));
        assert!(check(Method::GET, "/clusters/c").contains("CREATING"));
        assert!(check(Method::GET, "/clusters/c").contains("ACTIVE"));
    }

    #[test]
    fn switched_off_it_leaves_everything_alone() {
        let settings = StatesSettings { enabled: false, ..StatesSettings::default() };
        let states = States::default();
        let mut call = query_call(
            "ec2",
            "Action=DescribeNatGateways&Filter.1.Name=state&Filter.1.Value.1=available",
        );
        assert_eq!(states.take_filter(&settings, &mut call), None);
        let mut created = answer(ONE);
        states.apply(&settings, &query_call("ec2", "Action=CreateNatGateway"), &mut created, &None);
        assert!(created.document().unwrap().find("state").unwrap().text() == "available");
        // What is on its way arrives when it is switched off.
        let on = StatesSettings::default();
        let call = query_call("ec2", "Action=CreateNatGateway");
        let made = "<R><natGateway><natGatewayId>nat-1</natGatewayId><state>available</state></natGateway></R>";
        states.apply(&on, &call, &mut answer(made), &None);
        assert_eq!(describe(&states, &settings, "Action=DescribeNatGateways", ONE), "available");
    }
}
