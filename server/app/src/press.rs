//! The turn at the press: files are made one at a time, and who waits is served person by person. Each person stands in the
//! line of all with one export only; the others of theirs wait behind it, and nobody else behind them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::AppError;

/// Exports of one person that are made or wait; more are refused.
pub const MOST_WAITING: usize = 10;
/// Priority of the thread that makes files ("nice"): a seventh of what answers get, and so much beside a launch that whoever
/// wants a table then gets it.
const PRIORITY: i32 = 4;
/// When one more makes sense after a refusal, ms.
pub const RETRY_MS: i64 = 5_000;

/// Who makes a file, and who waits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Press {
    inner: Arc<Inner>,
}

struct Inner {
    /// The line of all. Like that of a person it is served in the order of asking, and never closed.
    all: Arc<Semaphore>,
    persons: Mutex<HashMap<String, Person>>,
}

/// What one person has asked for.
struct Person {
    turn: Arc<Semaphore>,
    asked: usize,
}

/// A person's export among those that count; until it is over, or nobody waits for it any more.
struct Asked {
    inner: Arc<Inner>,
    person: String,
}

/// The right to make one file; given back when it is dropped.
pub(crate) struct Turn {
    // In this order: the next of this person comes after those who waited in the line of all.
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _asked: Asked,
}

impl Default for Press {
    fn default() -> Self {
        let all = Arc::new(Semaphore::new(1));
        Self { inner: Arc::new(Inner { all, persons: Mutex::default() }) }
    }
}

impl Press {
    /// Waits until a person's next file may be made. To be asked for before anything is read for it: what waits holds no
    /// memory, and what is refused has read nothing.
    ///
    /// # Errors
    /// [`AppError::Waiting`] when as many as may wait for this person already.
    pub async fn turn(&self, person: &str) -> Result<Turn, AppError> {
        let (asked, own) = self.ask(person)?;
        let closed = |error: tokio::sync::AcquireError| AppError::Inner(error.to_string());
        let own = own.acquire_owned().await.map_err(closed)?;
        let all = self.inner.all.clone().acquire_owned().await.map_err(closed)?;
        Ok(Turn { _all: all, _own: own, _asked: asked })
    }

    fn ask(&self, name: &str) -> Result<(Asked, Arc<Semaphore>), AppError> {
        let mut persons = self.inner.persons.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Person { turn: Arc::new(Semaphore::new(1)), asked: 0 };
        let person = persons.entry(name.to_owned()).or_insert_with(new);
        if person.asked >= MOST_WAITING {
            return Err(AppError::Waiting { retry_ms: RETRY_MS });
        }
        person.asked += 1;
        Ok((Asked { inner: self.inner.clone(), person: name.to_owned() }, person.turn.clone()))
    }
}

/// Does what takes a processor for seconds on a thread of its own, which stands back where answers, terminals and launches
/// want the processor as well.
///
/// # Errors
/// [`AppError::Inner`] when no thread can be had, or the work broke off.
pub(crate) async fn behind_all<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("press".to_owned()).spawn(move || {
        // Of this thread alone, for its life. Where that is not allowed it works like the others.
        let own = rustix::process::getpriority_process(None).unwrap_or_default();
        let _ = rustix::process::setpriority_process(None, own.max(PRIORITY));
        let _ = tell.send(work());
    });
    thread.map_err(|error| AppError::Inner(error.to_string()))?;
    told.await.map_err(|_| AppError::Inner("the press broke off".to_owned()))
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut persons = self.inner.persons.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(person) = persons.get_mut(&self.person) {
            person.asked -= 1;
            if person.asked == 0 {
                persons.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Asks in this order and gives the order in which files were made.
    async fn served(press: &Press, asked: &[&'static str]) -> Vec<&'static str> {
        let made: Arc<Mutex<Vec<&'static str>>> = Arc::default();
        let mut tasks = Vec::new();
        for person in asked.iter().copied() {
            let (press, made) = (press.clone(), made.clone());
            tasks.push(tokio::spawn(async move {
                let _turn = press.turn(person).await.unwrap();
                made.lock().unwrap().push(person);
                tokio::task::yield_now().await;
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        let made = made.lock().unwrap();
        made.clone()
    }

    #[tokio::test]
    async fn files_are_made_behind_everything_else() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        assert_eq!(behind_all(own).await.unwrap(), PRIORITY.max(before));
        assert_eq!(own(), before, "whoever waits is as quick as before");
        let broken = behind_all(move || assert!(own() < 0, "on purpose")).await;
        assert!(matches!(broken, Err(AppError::Inner(_))), "{broken:?}");
    }

    #[tokio::test]
    async fn nobody_waits_for_more_than_one_export_of_each_other_person() {
        let press = Press::default();
        let before = press.turn("somebody").await.unwrap();
        let waiting = {
            let press = press.clone();
            tokio::spawn(async move { served(&press, &["a", "a", "a", "a", "b", "b", "c"]).await })
        };
        while press.inner.persons.lock().unwrap().len() < 4 {
            tokio::task::yield_now().await;
        }
        drop(before);
        assert_eq!(waiting.await.unwrap(), ["a", "b", "c", "a", "b", "a", "a"]);
        assert!(press.inner.persons.lock().unwrap().is_empty(), "nothing is kept of who has gone");
    }

    #[tokio::test]
    async fn a_person_has_so_many_and_who_goes_away_waits_no_more() {
        let press = Press::default();
        let turn = press.turn("a").await.unwrap();
        let mut waiting: Vec<_> = (1..MOST_WAITING).map(|_| Box::pin(press.turn("a"))).collect();
        for one in &mut waiting {
            assert!(futures_util::poll!(one.as_mut()).is_pending());
        }
        assert!(matches!(press.turn("a").await, Err(AppError::Waiting { .. })));
        // Somebody else only waits.
        let mut other = Box::pin(press.turn("b"));
        assert!(futures_util::poll!(other.as_mut()).is_pending());
        drop(waiting.pop());
        waiting.push(Box::pin(press.turn("a")));
        assert!(futures_util::poll!(waiting.last_mut().unwrap().as_mut()).is_pending());
        drop(turn);
        drop(other.await.unwrap());
        drop(waiting);
        assert!(press.inner.persons.lock().unwrap().is_empty());
    }
}
