//! Faults by rule: errors, delays, holds, cut connections, cut answers, reads that miss a fresh object.
//!
//! The main types are [`FaultRule`], which tests write, and [`Faults`]. The same rules and the same
//! requests give the same faults: chance comes from a seed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;
use crate::gate::ec2;

use super::hold::HoldAt;

/// When and how a request goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Signing name of the service; any without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The operation; any without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only requests that change something; also reads without this.
    #[serde(default)]
    pub mutating: bool,
    /// Which of the matching requests, from 1; every one without this and without a probability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nth: Vec<u64>,
    /// The chance of each matching request, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Where chance starts from.
    #[serde(default)]
    pub seed: u64,
    /// How often at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// The service says this error; the emulator does not see the request.
    Error {
        /// The service's code.
        code: String,
        /// The HTTP status.
        status: u16,
        /// The message.
        message: String,
    },
    /// The request waits before it is served.
    Delay {
        /// How long.
        milliseconds: u64,
    },
    /// The request waits there until it is let go by `POST /_gate/held/release` or
    /// `POST /_gate/held/drop`.
    Hold {
        /// Where.
        at: HoldAt,
    },
    /// The connection is cut; the emulator does not see the request.
    ResetBefore,
    /// The request is served, and the connection is cut before the answer.
    ResetAfter,
    /// The request is served, and the connection is cut within the answer's body.
    Truncate {
        /// Bytes of the body that are sent.
        bytes: usize,
    },
    /// The first reads by this operation do not see an object that was made while the rule stood.
    /// Only for EC2's describe operations; `nth` and `probability` play no part.
    HideRead {
        /// How many reads of each object.
        reads: u32,
    },
}

/// A rule with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultReport {
    /// The rule.
    pub rule: FaultRule,
    /// Requests that matched it.
    pub seen: u64,
    /// Requests that it spoiled.
    pub hits: u64,
}

/// The rules and their counters.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
}

struct Rule {
    report: FaultReport,
    chance: u64,
    /// Reads that are still to miss an object, by region and id.
    hidden: HashMap<(String, String), u32>,
}

/// What goes wrong with one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) delay: Option<Duration>,
    pub(crate) error: Option<ServiceError>,
    pub(crate) reset_before: bool,
    pub(crate) reset_after: bool,
    pub(crate) truncate: Option<usize>,
    pub(crate) hold: Option<HoldAt>,
    pub(crate) notes: Vec<String>,
}

impl Faults {
    /// Replaces the rules; counters start anew.
    ///
    /// # Errors
    ///
    /// A rule that cannot be meant; says which and why.
    pub(crate) fn set(&self, rules: Vec<FaultRule>) -> Result<(), String> {
        for (number, rule) in rules.iter().enumerate() {
            check(rule).map_err(|reason| format!("rule {number}: {reason}"))?;
        }
        *self.lock() = rules
            .into_iter()
            .map(|rule| Rule {
                chance: rule.seed,
                report: FaultReport { rule, seen: 0, hits: 0 },
                hidden: HashMap::new(),
            })
            .collect();
        Ok(())
    }

    /// The rules with their counters.
    pub(crate) fn report(&self) -> Vec<FaultReport> {
        self.lock().iter().map(|rule| rule.report.clone()).collect()
    }

    /// Says what goes wrong with this request, and counts it.
    pub(crate) fn plan(&self, call: &Call) -> Planned {
        let mut planned = Planned::default();
        for (number, rule) in self.lock().iter_mut().enumerate() {
            if !rule.report.rule.matches(call) || !rule.hit() {
                continue;
            }
            let name = match &rule.report.rule.kind {
                FaultKind::Error { code, status, message } => {
                    planned.error = Some(ServiceError::new(*status, code, message.clone()));
                    "error"
                }
                FaultKind::Delay { milliseconds } => {
                    planned.delay = Some(Duration::from_millis(*milliseconds));
                    "delay"
                }
                FaultKind::Hold { at } => {
                    planned.hold = Some(*at);
                    match at {
                        HoldAt::Before => "hold before",
                        HoldAt::Served => "hold served",
                        HoldAt::Answered => "hold answered",
                    }
                }
                FaultKind::ResetBefore => {
                    planned.reset_before = true;
                    "reset_before"
                }
                FaultKind::ResetAfter => {
                    planned.reset_after = true;
                    "reset_after"
                }
                FaultKind::Truncate { bytes } => {
                    planned.truncate = Some(*bytes);
                    "truncate"
                }
                FaultKind::HideRead { .. } => continue,
            };
            planned.notes.push(format!("fault: {name} (rule {number})"));
        }
        planned
    }

    /// Notes a new object, or hides one from a read. Returns what to answer instead, and a note.
    pub(crate) fn hide(&self, call: &Call, answer: &mut Answer) -> Option<Hidden> {
        let mut rules = self.lock();
        let mut hiding: Vec<&mut Rule> = rules
            .iter_mut()
            .filter(|rule| matches!(rule.report.rule.kind, FaultKind::HideRead { .. }))
            .collect();
        if hiding.is_empty() || call.service != "ec2" {
            return None;
        }
        let mut document = answer.document()?;
        if let Some(kind) = ec2::created_by(&call.operation) {
            let id = document.find(kind.id_element)?.text();
            for rule in hiding {
                if let FaultKind::HideRead { reads } = rule.report.rule.kind {
                    rule.hidden.insert((call.region.clone(), id.clone()), reads);
                }
            }
            return None;
        }
        let kind = ec2::described_by(&call.operation)?;
        let mut missed = Vec::new();
        let set = document.child_mut(kind.set)?;
        set.retain(|item| {
            let id = item.child_text(kind.id_element);
            let hides = hiding
                .iter_mut()
                .any(|rule| rule.report.rule.matches(call) && rule.hides(&call.region, &id));
            if hides {
                missed.push(id);
            }
            !hides
        });
        if missed.is_empty() {
            return None;
        }
        answer.set_document(&document);
        let asked = call.form.list(kind.id_parameter);
        let error = missed.iter().find(|id| asked.contains(&id.as_str())).map(|id| {
            ServiceError::invalid(kind.not_found, format!("The ID '{id}' does not exist"))
        });
        Some(Hidden { error, note: format!("fault: hide_read {}", missed.join(", ")) })
    }

    /// Removes all rules.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a read that misses objects says.
pub(crate) struct Hidden {
    /// The answer to a read that names an object it misses.
    pub(crate) error: Option<ServiceError>,
    pub(crate) note: String,
}

fn check(rule: &FaultRule) -> Result<(), &'static str> {
    if rule.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
        return Err("a probability lies between 0 and 1");
    }
    if rule.probability.is_some() && !rule.nth.is_empty() {
        return Err("give either nth or a probability");
    }
    if rule.nth.contains(&0) {
        return Err("nth counts from 1");
    }
    match &rule.kind {
        FaultKind::Error { status, .. } if !(300..600).contains(status) => {
            Err("the status of an error lies between 300 and 599")
        }
        FaultKind::HideRead { .. } if rule.service.as_deref() != Some("ec2") => {
            Err("hide_read is for service ec2")
        }
        FaultKind::HideRead { .. }
            if rule.operation.as_deref().is_none_or(|name| ec2::described_by(name).is_none()) =>
        {
            Err("hide_read needs one of the describe operations that the gate knows")
        }
        _ => Ok(()),
    }
}

impl FaultRule {
    fn matches(&self, call: &Call) -> bool {
        self.service.as_ref().is_none_or(|service| *service == call.service)
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && (!self.mutating || call.mutates())
    }
}

impl Rule {
    /// Counts a matching request, and says whether it is to be spoiled.
    fn hit(&mut self) -> bool {
        let FaultReport { rule, seen, hits } = &mut self.report;
        if matches!(rule.kind, FaultKind::HideRead { .. }) {
            return false;
        }
        *seen += 1;
        let due = match rule.probability {
            Some(probability) => next_chance(&mut self.chance) < probability,
            None => rule.nth.is_empty() || rule.nth.contains(seen),
        };
        let hit = due && rule.times.is_none_or(|times| *hits < times);
        *hits += u64::from(hit);
        hit
    }

    /// Counts a read of an object, and says whether it misses it.
    fn hides(&mut self, region: &str, id: &str) -> bool {
        let key = (region.to_owned(), id.to_owned());
        let Some(reads) = self.hidden.get_mut(&key) else { return false };
        self.report.seen += 1;
        if *reads == 0 || self.report.rule.times.is_some_and(|times| self.report.hits >= times) {
            self.hidden.remove(&key);
            return false;
        }
        *reads -= 1;
        self.report.hits += 1;
        true
    }
}

/// The next of a row of numbers from 0 to 1, by SplitMix64.
fn next_chance(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // 32 bits fit a float exactly.
    f64::from(u32::try_from(mixed >> 32).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{FaultKind, FaultRule, Faults, HoldAt};
    use crate::gate::answer::Answer;
    use crate::gate::call::tests::query_call;
    use hyper::{HeaderMap, StatusCode};

    fn rules(json: &str) -> Faults {
        let faults = Faults::default();
        faults.set(serde_json::from_str(json).unwrap()).unwrap();
        faults
    }

    fn hits(faults: &Faults, requests: usize) -> Vec<bool> {
        let call = query_call("ec2", "Action=CreateVpc");
        (0..requests).map(|_| !faults.plan(&call).notes.is_empty()).collect()
    }

    #[test]
    fn the_nth_request_goes_wrong() {
        let faults =
            rules(r#"[{"service":"ec2","operation":"CreateVpc","nth":[2],"kind":"reset_after"}]"#);
        assert!(!faults.plan(&query_call("ec2", "Action=DeleteVpc")).reset_after);
        assert_eq!(hits(&faults, 3), [false, true, false]);
        let report = faults.report();
        assert_eq!((report[0].seen, report[0].hits), (3, 1));
    }

    #[test]
    fn reads_are_not_counted_where_only_changes_are_meant() {
        let faults = rules(r#"[{"mutating":true,"nth":[2],"kind":{"hold":{"at":"served"}}}]"#);
        let plan = |body| faults.plan(&query_call("ec2", body)).hold;
        assert_eq!(plan("Action=CreateVpc"), None);
        assert_eq!(plan("Action=DescribeVpcs"), None);
        assert_eq!(plan("Action=DeleteVpc"), Some(HoldAt::Served));
        assert_eq!(faults.report()[0].seen, 2);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let json = r#"[{"probability":0.3,"seed":5,"kind":"reset_before"}]"#;
        let first = hits(&rules(json), 200);
        assert_eq!(first, hits(&rules(json), 200));
        assert_ne!(first, hits(&rules(&json.replace('5', "6")), 200));
        let count = first.iter().filter(|hit| **hit).count();
        assert!((30..90).contains(&count), "{count}");
    }

    #[test]
    fn times_is_an_upper_bound() {
        let faults = rules(
            r#"[{"times":2,"kind":{"error":{"code":"InternalError","status":500,"message":"m"}}}]"#,
        );
        assert_eq!(hits(&faults, 4), [true, true, false, false]);
    }

    #[test]
    fn a_fresh_object_is_missed_and_then_found() {
        let faults = rules(
            r#"[{"service":"ec2","operation":"DescribeVpcs","kind":{"hide_read":{"reads":2}}}]"#,
        );
        let answer = |body: &str| Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        };
        let created = query_call("ec2", "Action=CreateVpc");
        faults.hide(&created, &mut answer("<R><vpc><vpcId>vpc-1</vpcId></vpc></R>"));
        let list = "<R><vpcSet><item><vpcId>vpc-1</vpcId></item><item><vpcId>vpc-0</vpcId></item></vpcSet></R>";

        let mut seen = answer(list);
        let hidden = faults.hide(&query_call("ec2", "Action=DescribeVpcs"), &mut seen).unwrap();
        assert!(hidden.error.is_none());
        let left = seen.document().unwrap();
        assert_eq!(left.items("vpcSet").len(), 1);

        let by_id = query_call("ec2", "Action=DescribeVpcs&VpcId.1=vpc-1");
        let hidden = faults.hide(&by_id, &mut answer(list)).unwrap();
        assert_eq!(hidden.error.unwrap().code, "InvalidVpcID.NotFound");
        assert!(faults.hide(&by_id, &mut answer(list)).is_none());
        assert_eq!(faults.report()[0].hits, 2);
    }

    #[test]
    fn rules_that_cannot_be_meant_are_refused() {
        let hide = FaultKind::HideRead { reads: 1 };
        let rule = FaultRule {
            service: Some("iam".to_owned()),
            operation: None,
            mutating: false,
            nth: Vec::new(),
            probability: None,
            seed: 0,
            times: None,
            kind: hide,
        };
        Faults::default().set(vec![rule.clone()]).unwrap_err();
        let chance = FaultRule { probability: Some(1.5), kind: FaultKind::ResetAfter, ..rule };
        Faults::default().set(vec![chance]).unwrap_err();
        serde_json::from_str::<Vec<FaultRule>>(r#"[{"kind":"reset_after","oops":1}]"#).unwrap_err();
    }
}
