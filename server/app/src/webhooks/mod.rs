//! Web hooks: ledger entries told to other systems. A task looks through the ledgers from where it stood, keeps what is to
//! be told in the store, and sends it: in order for each exercise, again and again with growing pauses, for a day. Each web
//! hook is sent to by a task of its own, so that one whose receiver is slow keeps nobody else waiting. Nothing of it stands
//! in the way of what is told about.

mod courier;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rampart_store::{Delivery, DeliveryState, HookAudience, NewDelivery, Webhook};
use scoreboard::{Audience, Fold};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use courier::Allowed;
use courier::{Courier, Said};

use crate::clock::{new_id, random_bytes};
use crate::exercise::Exercise;
use crate::{App, AppError};

/// How often ledgers are looked through and what waits is sent.
const EVERY: Duration = Duration::from_secs(1);
/// Web hooks at a time.
pub const WEBHOOKS_MAX: u32 = 20;
/// Messages of one web hook that wait; beyond it the ledger is read on later.
const WAITING_MAX: u64 = 1000;
/// Entries looked through at a time.
const ENTRIES: u32 = 200;
/// Messages under way at once to one web hook, of as many exercises. With [`WEBHOOKS_MAX`] it bounds what may wait for slow
/// receivers in all.
const UNDER_WAY: u32 = 4;
/// First pause after a failure, and the longest, ms.
const AGAIN_MS: i64 = 5_000;
const AGAIN_MAX_MS: i64 = 3_600_000;
/// After this time without success a message is given up, ms.
const DEAD_MS: i64 = 86_400_000;
/// A former secret signs beside the new one for so long, ms.
const FORMER_MS: i64 = 86_400_000;
/// What was taken or given up is shown for so long, ms.
const KEPT_MS: i64 = 7 * 86_400_000;

/// Kinds of entries that can be chosen.
pub const KINDS: [&str; 35] = [
    "team",
    "status",
    "seat",
    "walls",
    "flag",
    "hint",
    "action",
    "report",
    "judged",
    "health",
    "availability",
    "repair",
    "retested",
    "reset",
    "reset_done",
    "freeze",
    "correction",
    "disqualified",
    "contest",
    "ruled",
    "bonus",
    "incident",
    "penalty",
    "penalty_lifted",
    "tries_given",
    "marked",
    "report_scored",
    "voided",
    "void_undone",
    "rematch",
    "node_lost",
    "node_back",
    "rebuild",
    "rebuilt",
    "lost_time",
];

/// What is wanted of a new web hook.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where to.
    pub url: String,
    /// Of this exercise only.
    pub exercise: Option<String>,
    /// Kinds of entries; none for all.
    pub kinds: Vec<String>,
    /// Whose view of them.
    pub audience: HookAudience,
}

/// Why one could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// A field is not right: name and text code.
    #[error("{0}: {1}")]
    Field(&'static str, &'static str),
    /// There are as many as may be.
    #[error("too many web hooks")]
    Many,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Pause after so many failures, ms.
fn pause_ms(tries: u32) -> i64 {
    AGAIN_MS.saturating_mul(1_i64 << tries.min(20)).min(AGAIN_MAX_MS)
}

fn secret() -> String {
    format!("rmpwh_{}", hex::encode(random_bytes()))
}

/// Ledgers as far as a web hook has looked through them, for what an entry looks like to the public: by web hook and
/// exercise, since one that stands further back must not make the others begin anew.
#[derive(Default)]
struct Replays(HashMap<(String, String), Fold>);

impl App {
    /// Starts to tell. `allowed` says which addresses may be spoken to.
    pub fn start_webhooks(self: &Arc<Self>, allowed: Arc<Allowed>) {
        let courier = Courier::new(allowed);
        self.tools.tasks.spawn(keep(Arc::downgrade(self), self.stopping(), courier));
    }

    /// Makes a web hook; gives its id and the secret that signs, this once. `by` is the account that does it.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn make_webhook(
        &self,
        new: NewWebhook,
        allowed: &Allowed,
        by: &str,
    ) -> Result<(String, String), WebhookError> {
        if let Some(code) = allowed.fault(&new.url) {
            return Err(WebhookError::Field("url", code));
        }
        if new.kinds.iter().any(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(WebhookError::Field("kinds", "choice"));
        }
        if new.exercise.as_ref().is_some_and(|id| self.exercise(id).is_none()) {
            return Err(WebhookError::Field("exercise", "not_found"));
        }
        let (id, secret) = (new_id(), secret());
        let hook = Webhook {
            id: id.clone(),
            url: new.url,
            exercise_id: new.exercise,
            kinds: new.kinds,
            audience: new.audience,
            secret: secret.clone(),
            former: None,
            created_by: by.to_owned(),
            created_ms: self.now_ms(),
        };
        let about = hook.exercise_id.as_deref().unwrap_or("all");
        let line = self.line(
            Some(by),
            "webhook.make",
            format!("webhook={id} exercise={about} audience={} url={}", hook.audience.as_str(), hook.url),
        );
        let made =
            self.store.webhooks().noting(line).make(&hook, WEBHOOKS_MAX).await.map_err(AppError::from)?;
        if made { Ok((id, secret)) } else { Err(WebhookError::Many) }
    }

    /// Gives a web hook a new secret, this once; the former signs beside it for a day.
    ///
    /// # Errors
    /// [`AppError::Missing`], or the store's.
    pub async fn rotate_webhook(&self, id: &str, by: &str) -> Result<String, AppError> {
        let secret = secret();
        let line = self.line(Some(by), "webhook.rotate", format!("webhook={id}"));
        let until_ms = self.now_ms() + FORMER_MS;
        match self.store.webhooks().noting(line).rotate(id, &secret, until_ms).await? {
            true => Ok(secret),
            false => Err(AppError::Missing("webhook")),
        }
    }

    /// Removes a web hook with what waits.
    ///
    /// # Errors
    /// [`AppError::Missing`], or the store's.
    pub async fn remove_webhook(&self, id: &str, by: &str) -> Result<(), AppError> {
        let line = self.line(Some(by), "webhook.remove", format!("webhook={id}"));
        match self.store.webhooks().noting(line).remove(id, self.now_ms()).await? {
            true => Ok(()),
            false => Err(AppError::Missing("webhook")),
        }
    }

    /// Sends a message again that was taken or given up.
    ///
    /// # Errors
    /// [`AppError::Missing`], or the store's.
    pub async fn resend(&self, webhook: &str, delivery: &str, by: &str) -> Result<(), AppError> {
        let line = self.line(Some(by), "webhook.resend", format!("webhook={webhook} delivery={delivery}"));
        match self.store.webhooks().noting(line).again(webhook, delivery, self.now_ms()).await? {
            true => Ok(()),
            false => Err(AppError::Missing("delivery")),
        }
    }

    /// Looks through the ledgers for all web hooks.
    async fn collect(&self, hooks: &[Webhook], replays: &mut Replays) -> Result<(), AppError> {
        replays.0.retain(|(hook, _), _| hooks.iter().any(|one| one.id == *hook));
        let places: HashMap<(String, String), u64> = self
            .store
            .webhooks()
            .places()
            .await?
            .into_iter()
            .map(|(hook, exercise, seq)| ((hook, exercise), seq))
            .collect();
        let waiting: HashMap<String, u64> = self.store.webhooks().waiting().await?.into_iter().collect();
        for hook in hooks.iter().filter(|hook| waiting.get(&hook.id).copied().unwrap_or(0) < WAITING_MAX) {
            for exercise in self.exercises() {
                if hook.exercise_id.as_ref().is_some_and(|only| *only != exercise.id) {
                    continue;
                }
                let from = places.get(&(hook.id.clone(), exercise.id.clone())).copied().unwrap_or(0);
                // What is wrong with one ledger must not silence the others, nor what waits already.
                if let Err(error) = self.collect_one(hook, &exercise, from, replays).await {
                    tracing::warn!(webhook = hook.id, exercise = exercise.id, %error, "a ledger cannot be told");
                }
            }
        }
        Ok(())
    }

    async fn collect_one(
        &self,
        hook: &Webhook,
        exercise: &Exercise,
        from: u64,
        replays: &mut Replays,
    ) -> Result<(), AppError> {
        // Both at one moment: what was entered before a freeze is not behind it.
        let (seq, frozen) = {
            let fold = exercise.fold();
            (fold.seq, fold.frozen.is_some())
        };
        let public = hook.audience == HookAudience::Public;
        if seq <= from || (public && frozen) {
            return Ok(());
        }
        let to = seq.min(from + u64::from(ENTRIES));
        let mut entries = self.store.ledger().read(&exercise.id, from, ENTRIES).await?;
        entries.retain(|sealed| sealed.entry.seq <= to);
        let code = exercise.code();
        let mut deliveries = Vec::new();
        if public {
            self.replay(&hook.id, &exercise.id, from, replays).await?;
        }
        for sealed in &entries {
            let entry = &sealed.entry;
            let told = if public {
                let fold = replays.0.entry((hook.id.clone(), exercise.id.clone())).or_default();
                if fold.seq < entry.seq {
                    fold.apply(entry);
                }
                match fold.line(entry.seq, Audience::Public) {
                    Some(line) => serde_json::to_value(line),
                    None => continue,
                }
            } else {
                serde_json::to_value(entry)
            };
            let kind = entry.body.kind();
            if !hook.kinds.is_empty() && !hook.kinds.iter().any(|known| known == kind) {
                continue;
            }
            let told = told.map_err(|error| AppError::Inner(error.to_string()))?;
            let id = new_id();
            let body = json!({
                "delivery": id,
                "exercise": { "id": exercise.id, "code": code },
                "audience": hook.audience.as_str(),
                "seq": entry.seq,
                "kind": kind,
                "entry": told,
            });
            deliveries.push(NewDelivery {
                id,
                seq: entry.seq,
                kind: kind.to_owned(),
                body: body.to_string(),
            });
        }
        let place = (from, to);
        self.store.webhooks().collect(&hook.id, &exercise.id, place, &deliveries, self.now_ms()).await?;
        Ok(())
    }

    /// Brings the replay of a ledger to `seq`.
    async fn replay(
        &self,
        hook: &str,
        exercise: &str,
        seq: u64,
        replays: &mut Replays,
    ) -> Result<(), AppError> {
        let fold = replays.0.entry((hook.to_owned(), exercise.to_owned())).or_default();
        // Its place was not moved when it was looked through: begin anew.
        if fold.seq > seq {
            *fold = Fold::default();
        }
        while fold.seq < seq {
            let mut part = self.store.ledger().read(exercise, fold.seq, ENTRIES).await?;
            part.retain(|sealed| sealed.entry.seq <= seq);
            if part.is_empty() {
                return Err(AppError::Inner(format!(
                    "the ledger of exercise {exercise} ends at {}",
                    fold.seq
                )));
            }
            for sealed in &part {
                fold.apply(&sealed.entry);
            }
        }
        Ok(())
    }

    /// Sends what is due to a web hook until nothing is, or until `until`; in order, one of each ledger at a time.
    async fn send_all(&self, hook: &Webhook, courier: &Courier, until: tokio::time::Instant) {
        while !self.stopping().is_cancelled() && tokio::time::Instant::now() < until {
            match self.send_due(hook, courier).await {
                // While they are taken quickly there is nothing to wait for.
                Ok(taken) if taken > 0 => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(webhook = hook.id, %error, "a web hook cannot be told");
                    return;
                }
            }
        }
    }

    /// Sends the first message that is due of each ledger; gives how many were taken.
    async fn send_due(&self, hook: &Webhook, courier: &Courier) -> Result<usize, AppError> {
        let due = self.store.webhooks().due(&hook.id, self.now_ms(), UNDER_WAY).await?;
        let tries = due.into_iter().map(|delivery| self.send_one(hook, delivery, courier));
        let mut taken = 0;
        for done in futures_util::future::join_all(tries).await {
            taken += usize::from(done?);
        }
        Ok(taken)
    }

    /// True when it was taken.
    async fn send_one(
        &self,
        hook: &Webhook,
        delivery: Delivery,
        courier: &Courier,
    ) -> Result<bool, AppError> {
        let now_ms = self.now_ms();
        let former = hook.former.as_ref().filter(|(_, until_ms)| now_ms < *until_ms);
        let secrets = std::iter::once(hook.secret.as_str()).chain(former.map(|(secret, _)| secret.as_str()));
        let signature = courier::signature(secrets, now_ms / 1000, &delivery.body);
        let (courier, url) = (courier.clone(), hook.url.clone());
        let (id, kind, body) = (delivery.id.clone(), delivery.kind.clone(), delivery.body.clone());
        let said = tokio::task::spawn_blocking(move || courier.send(&url, &id, &kind, &signature, &body))
            .await
            .unwrap_or_else(|error| Said { status: None, text: error.to_string() });
        let now_ms = self.now_ms();
        let (state, next_ms) = if said.status.is_some_and(|status| (200..300).contains(&status)) {
            (DeliveryState::Done, now_ms)
        } else if now_ms - delivery.since_ms >= DEAD_MS {
            tracing::warn!(
                webhook = hook.id,
                delivery = delivery.id,
                said = said.text,
                "a message is given up"
            );
            (DeliveryState::Dead, now_ms)
        } else {
            (DeliveryState::Waiting, now_ms + pause_ms(delivery.tries))
        };
        self.store.webhooks().tried(&delivery.id, state, next_ms, said.status, &said.text).await?;
        Ok(state == DeliveryState::Done)
    }
}

async fn keep(app: Weak<App>, stop: CancellationToken, courier: Courier) {
    let mut replays = Replays::default();
    let mut senders: HashMap<String, JoinHandle<()>> = HashMap::new();
    let mut swept_ms = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(app) = app.upgrade() else { return };
        let round = async {
            let hooks = app.store.webhooks().list().await?;
            if hooks.is_empty() {
                replays.0.clear();
                return Ok(());
            }
            app.collect(&hooks, &mut replays).await?;
            senders.retain(|_, sender| !sender.is_finished());
            let until = tokio::time::Instant::now() + EVERY;
            for hook in hooks {
                // One that still waits for its receiver goes on by itself; a second one would overtake it.
                if !senders.contains_key(&hook.id) {
                    let (sending, courier, id) = (Arc::clone(&app), courier.clone(), hook.id.clone());
                    let task = async move { sending.send_all(&hook, &courier, until).await };
                    senders.insert(id, app.tools.tasks.spawn(task));
                }
            }
            let now_ms = app.now_ms();
            if now_ms - swept_ms > AGAIN_MAX_MS {
                swept_ms = now_ms;
                app.store.webhooks().sweep(now_ms - KEPT_MS).await?;
            }
            Ok::<(), AppError>(())
        };
        if let Err(error) = round.await {
            tracing::warn!(%error, "web hooks are tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        assert_eq!((pause_ms(0), pause_ms(1), pause_ms(5)), (5_000, 10_000, 160_000));
        assert_eq!((pause_ms(10), pause_ms(4_000_000)), (AGAIN_MAX_MS, AGAIN_MAX_MS));
    }
}
