//! The way of one request through the gate. Start reading at [`Core::serve`].
//!
//! The order is that of AWS's front door: limits and throttling first, then what the service refuses,
//! then the work, then what the caller gets to see of it.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Instant;

use hyper::StatusCode;

use super::answer::{Answer, ServiceError};
use super::call::{Call, Protocol};
use super::document::Document;
use super::log::RequestLog;
use super::overlays::dependencies::{self, Asker};
use super::overlays::echo::Echoes;
use super::overlays::faults::Faults;
use super::overlays::paging::{self, Paging};
use super::overlays::settings::OverlaySettings;
use super::overlays::states::States;
use super::overlays::throttle::Throttle;
use super::overlays::tokens::{self, Tokens};
use super::route::{self, Emulator};
use super::services::Question;
use super::standins::{self, Desk, Store};
use super::upstream::{Upstream, UpstreamError};
use super::{cbor, corrections};

/// What the gate knows and has.
pub(crate) struct Core {
    pub(crate) upstream: Upstream,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
    pub(crate) states: States,
    pub(crate) echoes: Echoes,
    /// What stand-ins keep.
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) paging: Paging,
    pub(crate) throttle: Throttle,
    pub(crate) overlays: RwLock<OverlaySettings>,
    /// The switches as they were at the start, for a reset.
    pub(crate) initial: OverlaySettings,
    /// Why the log's file lacks entries, where it does.
    pub(crate) log_failure: Mutex<Option<String>>,
    /// Tells this gate from others that had its port.
    pub(crate) instance: String,
}

/// What the caller gets.
pub(crate) enum Outcome {
    /// An answer.
    Answer(Answer),
    /// A connection that is cut.
    Cut,
    /// A connection that is cut after so many bytes of the body.
    Truncated(Answer, usize),
}

/// An answer on its way, or none: the emulator broke the connection off.
type Served = Option<Answer>;

impl Core {
    /// Serves a request, and logs it.
    pub(crate) async fn serve(&self, call: Call) -> Outcome {
        let since = Instant::now();
        let emulator = route::emulator(&call);
        let binary = call.protocol == Protocol::Cbor;
        let sequence = self.log.begin(&call, emulator.name());
        let planned = self.faults.plan(&call);
        let mut notes = planned.notes;
        if let Some(delay) = planned.delay {
            tokio::time::sleep(delay).await;
        }
        let answer = if planned.reset_before {
            None
        } else if let Some(error) = planned.error {
            Some(error.answer(&call, sequence))
        } else {
            self.answer(call, emulator, sequence, &mut notes).await
        };
        let answer = answer.filter(|_| !planned.reset_after);
        let (status, code) = answer
            .as_ref()
            .map(|answer| (answer.status.as_u16(), answer.error_code()))
            .map_or((None, None), |(status, code)| (Some(status), code));
        if let Err(error) = self.log.end(sequence, since, status, code, notes) {
            let mut failure = self.log_failure.lock().unwrap_or_else(PoisonError::into_inner);
            *failure = Some(error.to_string());
        }
        let answer = answer.map(|mut answer| {
            if binary {
                cbor::encode_answer(&mut answer);
            }
            answer
        });
        match (answer, planned.truncate) {
            (Some(answer), Some(bytes)) => Outcome::Truncated(answer, bytes),
            (Some(answer), None) => Outcome::Answer(answer),
            (None, _) => Outcome::Cut,
        }
    }

    async fn answer(
        &self,
        mut call: Call,
        emulator: Emulator,
        sequence: u64,
        notes: &mut Vec<String>,
    ) -> Served {
        let settings = self.overlays.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(error) = self.throttle.take(&settings.throttle, &call, Instant::now()) {
            notes.push("throttled".to_owned());
            return Some(error.answer(&call, sequence));
        }
        let page = if settings.paging {
            self.paging.decide(&mut call)
        } else {
            Ok(paging::Decision::Pass)
        };
        let cut = match page {
            Err(error) => return Some(error.answer(&call, sequence)),
            Ok(paging::Decision::Page(document)) => {
                notes.push("paging: from an earlier look".to_owned());
                let mut answer = ServiceError::new(200, "", "").answer(&call, sequence);
                answer.set_document(&document);
                return Some(answer);
            }
            Ok(paging::Decision::Cut(cut)) => Some(cut),
            Ok(paging::Decision::Pass) => None,
        };
        let token =
            if settings.tokens { self.tokens.decide(&call).await } else { tokens::Decision::Pass };
        let pending = match token {
            tokens::Decision::Replay(answer) => {
                notes.push("tokens: the first answer again".to_owned());
                return Some(*answer);
            }
            tokens::Decision::Mismatch(error) => return Some(error.answer(&call, sequence)),
            tokens::Decision::First(pending) => Some(pending),
            tokens::Decision::Pass => None,
        };
        let mut answer = match self.work(&settings, &mut call, sequence, notes).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => error.answer(&call, sequence),
            Err(error) => match unreachable_error(&call, emulator, error, notes) {
                Some(error) => error.answer(&call, sequence),
                None => return None,
            },
        };
        if let Some(pending) = pending {
            pending.record(&answer);
        }
        if let Some(hidden) = self.faults.hide(&call, &mut answer) {
            notes.push(hidden.note);
            if let Some(error) = hidden.error {
                return Some(error.answer(&call, sequence));
            }
        }
        if let Some(cut) = cut {
            self.paging.cut(cut, &mut answer);
        }
        Some(answer)
    }

    /// Checks, plays, corrects.
    async fn work(
        &self,
        settings: &OverlaySettings,
        call: &mut Call,
        sequence: u64,
        notes: &mut Vec<String>,
    ) -> Result<Result<Answer, ServiceError>, UpstreamError> {
        if let Some(error) = self.states.refuse(&settings.states, call) {
            notes.push("states: refused".to_owned());
            return Ok(Err(error));
        }
        let mut leftovers = corrections::Leftovers::default();
        if settings.corrections {
            match corrections::before(&self.upstream, call).await? {
                Ok(found) => leftovers = found,
                Err(error) => return Ok(Err(error)),
            }
        }
        if settings.dependencies {
            let ask = Asker { core: self, settings, call };
            if let Some(error) = dependencies::check(&ask).await? {
                notes.push("dependencies: refused".to_owned());
                return Ok(Err(error));
            }
        }
        self.play(settings, call, sequence, &leftovers, notes).await
    }

    /// Has a call played, by a stand-in or an emulator, and shows it as AWS would.
    async fn play(
        &self,
        settings: &OverlaySettings,
        call: &mut Call,
        sequence: u64,
        leftovers: &corrections::Leftovers,
        notes: &mut Vec<String>,
    ) -> Result<Result<Answer, ServiceError>, UpstreamError> {
        let filter = self.states.take_filter(&settings.states, call);
        let stood_in = if settings.corrections {
            standins::serve(&Desk::new(self, call, sequence)).await?
        } else {
            None
        };
        let mut answer = match stood_in {
            Some(answer) => {
                notes.push("stand-in".to_owned());
                answer
            }
            None => self.forward(call).await?,
        };
        if answer.is_gap() {
            notes.push("emulator gap".to_owned());
            let detail = format!("it answered {} ({})", answer.status, route::why(call));
            return Ok(Err(ServiceError::gap(call, route::emulator(call).name(), &detail)));
        }
        if settings.corrections {
            let corrected =
                corrections::after(&self.upstream, call, &mut answer, leftovers).await?;
            if let Some(error) = corrected {
                return Ok(Err(error));
            }
            standins::fill(&Desk::new(self, call, sequence), &mut answer).await?;
            self.echoes.apply(call, &mut answer);
        }
        notes.extend(self.states.apply(&settings.states, call, &mut answer, &filter));
        Ok(Ok(answer))
    }

    /// Passes a call on to its emulator.
    ///
    /// # Errors
    ///
    /// The emulator does not answer.
    pub(crate) async fn forward(&self, call: &Call) -> Result<Answer, UpstreamError> {
        self.upstream.forward(route::emulator(call), call).await
    }

    /// Asks a question of the gate's own, and sees what a caller would see. Nothing where the answer
    /// is an error.
    ///
    /// # Errors
    ///
    /// The emulator does not answer, or has no such operation.
    pub(crate) fn ask<'a>(
        &'a self,
        settings: &'a OverlaySettings,
        caller: &'a Call,
        question: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Document>, UpstreamError>> + Send + 'a>> {
        Box::pin(async move {
            let mut call = question.call(caller);
            let leftovers = corrections::Leftovers::default();
            let mut notes = Vec::new();
            match self.play(settings, &mut call, 0, &leftovers, &mut notes).await? {
                Ok(answer) => Ok(Document::of(&call, &answer)),
                Err(error) if error.code == "EmulatorGap" => Err(UpstreamError::Refused {
                    emulator: route::emulator(&call).name(),
                    operation: call.operation,
                    detail: error.message,
                }),
                Err(_) => Ok(None),
            }
        })
    }

    /// Forgets everything but the log, in the emulators and here.
    ///
    /// # Errors
    ///
    /// An emulator that does not answer.
    pub(crate) async fn reset(&self) -> Result<(), UpstreamError> {
        self.upstream.reset().await?;
        self.states.clear();
        self.echoes.clear();
        self.store.clear();
        self.tokens.clear();
        self.paging.clear();
        self.throttle.clear();
        self.faults.clear();
        *self.overlays.write().unwrap_or_else(PoisonError::into_inner) = self.initial.clone();
        Ok(())
    }
}

/// What to say where an emulator gave no answer; nothing where it may have served the request, so
/// that the caller learns as little as it would from AWS.
fn unreachable_error(
    call: &Call,
    emulator: Emulator,
    error: UpstreamError,
    notes: &mut Vec<String>,
) -> Option<ServiceError> {
    notes.push(format!("emulator: {error}"));
    match error {
        UpstreamError::Unreachable { served: true, .. } => None,
        UpstreamError::Unreachable { .. } => Some(ServiceError::new(
            StatusCode::BAD_GATEWAY.as_u16(),
            "EmulatorUnreachable",
            error.to_string(),
        )),
        UpstreamError::Refused { .. } => {
            Some(ServiceError::gap(call, emulator.name(), &error.to_string()))
        }
    }
}
