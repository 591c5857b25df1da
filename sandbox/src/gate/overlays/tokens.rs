//! Client tokens: the same token with the same parameters gets the first answer again.
//!
//! Written against "Ensuring idempotency in Amazon EC2 API requests" of the EC2 Developer Guide and
//! the parameters' pages in the API References of EKS, ECS, Backup and Route 53 (moto honours ACM's itself). Only successes are
//! remembered. Where the documentation names no error for another request with the same token, the
//! request is passed on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::OwnedMutexGuard;

use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;

/// A service, an operation of it (all where it is empty), their parameter for a token, and the error
/// code for one that is used for something else.
type Row = (&'static str, &'static str, &'static str, Option<&'static str>);

const PARAMETERS: &[Row] = &[
    ("backup", "", "CreatorRequestId", None),
    ("ec2", "", "ClientToken", Some("IdempotentParameterMismatch")),
    ("ecs", "", "clientToken", None),
    ("eks", "", "clientRequestToken", None),
    ("route53", "CreateHealthCheck", "CallerReference", Some("HealthCheckAlreadyExists")),
];

type Slot = Arc<tokio::sync::Mutex<Option<Recorded>>>;

/// The answers by token.
#[derive(Default)]
pub(crate) struct Tokens {
    slots: Mutex<HashMap<String, Slot>>,
}

struct Recorded {
    parameters: Map<String, Value>,
    answer: Answer,
}

/// What to do with a request.
pub(crate) enum Decision {
    /// It has no token: pass it on.
    Pass,
    /// It is the first: pass it on, and remember the answer. Others with the token wait.
    First(Pending),
    /// It is a repetition.
    Replay(Box<Answer>),
    /// Its token stands for another request.
    Mismatch(ServiceError),
}

/// A request whose answer is to be remembered.
pub(crate) struct Pending {
    slot: OwnedMutexGuard<Option<Recorded>>,
    parameters: Map<String, Value>,
}

impl Tokens {
    /// Says what to do with a request.
    pub(crate) async fn decide(&self, call: &Call) -> Decision {
        let row = PARAMETERS.iter().find(|(service, operation, ..)| {
            *service == call.service && (operation.is_empty() || *operation == call.operation)
        });
        let Some((_, _, name, mismatch)) = row else { return Decision::Pass };
        let Some(token) = call.parameter(name).filter(|token| !token.is_empty()) else {
            return Decision::Pass;
        };
        let key = format!("{} {} {} {token}", call.service, call.region, call.operation);
        let slot = Arc::clone(
            self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default(),
        );
        let slot = slot.lock_owned().await;
        let parameters = call.parameters();
        let Some(recorded) = slot.as_ref() else {
            return Decision::First(Pending { slot, parameters });
        };
        if recorded.parameters == parameters {
            return Decision::Replay(Box::new(recorded.answer.clone()));
        }
        mismatch.map_or(Decision::Pass, |code| {
            Decision::Mismatch(ServiceError::invalid(
                code,
                "The client token was used by an earlier request with other parameters",
            ))
        })
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Pending {
    /// Remembers the answer, if it is a success.
    pub(crate) fn record(mut self, answer: &Answer) {
        if answer.status.is_success() {
            *self.slot = Some(Recorded { parameters: self.parameters, answer: answer.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Tokens};
    use crate::gate::answer::Answer;
    use crate::gate::call::tests::query_call;
    use hyper::{HeaderMap, StatusCode};

    fn answer(status: StatusCode) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: "<first/>".into() }
    }

    async fn decide(tokens: &Tokens, body: &str) -> Decision {
        tokens.decide(&query_call("ec2", body)).await
    }

    #[tokio::test]
    async fn the_same_again_gets_the_first_answer() {
        let tokens = Tokens::default();
        let body = "Action=CreateNatGateway&SubnetId=a&ClientToken=t";
        let Decision::First(pending) = decide(&tokens, body).await else { panic!("not first") };
        pending.record(&answer(StatusCode::OK));
        let Decision::Replay(again) = decide(&tokens, body).await else { panic!("not replayed") };
        assert_eq!(&again.body[..], b"<first/>");
        // The same token in another operation, or none: not the same request.
        let other = "Action=CreateVolume&SubnetId=a&ClientToken=t";
        assert!(matches!(decide(&tokens, other).await, Decision::First(_)));
        assert!(matches!(decide(&tokens, "Action=CreateNatGateway").await, Decision::Pass));
    }

    #[tokio::test]
    async fn another_request_with_the_token_is_refused() {
        let tokens = Tokens::default();
        let Decision::First(pending) =
            decide(&tokens, "Action=CreateNatGateway&SubnetId=a&ClientToken=t").await
        else {
            panic!("not first")
        };
        pending.record(&answer(StatusCode::OK));
        let Decision::Mismatch(error) =
            decide(&tokens, "Action=CreateNatGateway&SubnetId=b&ClientToken=t").await
        else {
            panic!("not refused")
        };
        assert_eq!((error.status, error.code.as_str()), (400, "IdempotentParameterMismatch"));
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let tokens = Tokens::default();
        let body = "Action=CreateNatGateway&ClientToken=t";
        let Decision::First(pending) = decide(&tokens, body).await else { panic!("not first") };
        pending.record(&answer(StatusCode::BAD_REQUEST));
        assert!(matches!(decide(&tokens, body).await, Decision::First(_)));
    }
}
