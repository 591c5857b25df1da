//! Panics of the user's functions, caught with their message and place.
//!
//! Start reading at [`caught`].

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use crate::Location;

/// A panic that was caught.
#[derive(Debug, Default)]
pub(crate) struct Panic {
    /// What it says.
    pub(crate) message: String,
    /// Where it is.
    pub(crate) location: Option<Location>,
}

/// The message and place of the latest panic, kept by the hook.
static PANIC: Mutex<Option<Panic>> = Mutex::new(None);

/// Runs a function; a panic in it is an error and is not printed.
pub(crate) fn caught<T>(function: impl FnOnce() -> T) -> Result<T, Panic> {
    let thread = std::thread::current().id();
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() != thread {
            // A thread that the function started: whether that matters is the function's to say.
            return print(info);
        }
        let message = info
            .payload()
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| info.payload().downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        let location = info.location().map(|place| Location {
            file: place.file().to_owned(),
            line: place.line(),
            column: place.column(),
        });
        if let Ok(mut panic) = PANIC.lock() {
            *panic = Some(Panic { message, location });
        }
    }));
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(function));
    // The default hook prints; from here on a panic is a bug of this crate and should.
    drop(std::panic::take_hook());
    outcome.map_err(|_| PANIC.lock().ok().and_then(|mut panic| panic.take()).unwrap_or_default())
}
