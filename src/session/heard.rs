//! Work that takes long is heard of.

use std::pin::pin;
use std::time::Duration;

use crate::cli::Context;

/// On a terminal somebody sits and waits; a log is read afterwards, and is not to be filled.
const ON_A_TERMINAL: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];
const IN_A_LOG: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(60)];

/// Does work, and says now and then what is waited for and for how long, once it takes long.
pub(crate) async fn heard<T>(
    context: &Context,
    what: impl Fn() -> String,
    work: impl Future<Output = T>,
) -> T {
    let [first, then] = if context.terminal.is_live() { ON_A_TERMINAL } else { IN_A_LOG };
    let say = |waited: Duration| {
        context.terminal.say(&format!("{}, {}s", what(), waited.as_secs()));
    };
    telling(first, then, &say, work).await
}

async fn telling<T>(
    first: Duration,
    then: Duration,
    say: &impl Fn(Duration),
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    let (begun, mut next) = (tokio::time::Instant::now(), first);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep_until(begun + next) => {
                say(next);
                next += then;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_takes_long_is_heard_of() {
        let said = RefCell::new(Vec::new());
        let say = |waited: Duration| said.borrow_mut().push(waited.as_secs());
        let [first, then] = ON_A_TERMINAL;
        let work = tokio::time::sleep(Duration::from_secs(2));
        telling(first, then, &say, work).await;
        assert!(said.borrow().is_empty());
        let work = tokio::time::sleep(Duration::from_secs(25));
        telling(first, then, &say, work).await;
        assert_eq!(said.into_inner(), [3, 13, 23]);
    }
}
