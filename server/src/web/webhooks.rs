//! Web hooks: made, listed with what became of their messages, given new secrets, removed.

use std::collections::HashMap;
use std::str::FromStr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::webhooks::{KINDS, NewWebhook, WEBHOOKS_MAX, WebhookError};
use rampart_pages::{
    DeliveryRow, IssuedSecret, Problem, Tone, WebhookDeliveries, WebhookForm, WebhookRow, Webhooks,
};
use rampart_store::{HookAudience, Webhook};

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::count;
use super::visit::{Here, flash};
use super::who::Staff;

/// Messages shown.
const SHOWN: u32 = 100;

fn row(web: &Web, hook: Webhook, waiting: &HashMap<String, u64>) -> WebhookRow {
    WebhookRow {
        exercise: hook.exercise_id.map(|id| web.app.exercise(&id).map_or(id, |exercise| exercise.code())),
        waiting: i64::try_from(waiting.get(&hook.id).copied().unwrap_or(0)).unwrap_or(i64::MAX),
        id: hook.id,
        url: hook.url,
        kinds: hook.kinds,
        audience: hook.audience.as_str().to_owned(),
        created_ms: hook.created_ms,
    }
}

async fn page(
    web: &Web,
    typed: Option<WebhookForm>,
    problems: Vec<Problem>,
    issued: Option<IssuedSecret>,
) -> Result<Webhooks, WebError> {
    let waiting: HashMap<String, u64> = web.app.store.webhooks().waiting().await?.into_iter().collect();
    let hooks = web.app.store.webhooks().list().await?;
    Ok(Webhooks {
        rows: hooks.into_iter().map(|hook| row(web, hook, &waiting)).collect(),
        exercises: web.app.exercises().iter().map(|one| (one.id.clone(), one.code())).collect(),
        kinds: KINDS.iter().map(|kind| (*kind).to_owned()).collect(),
        form: typed
            .unwrap_or_else(|| WebhookForm { audience: "public".to_owned(), ..WebhookForm::default() }),
        problems,
        issued,
    })
}

/// `GET /webhooks`.
pub(super) async fn list(State(web): State<Web>, visit: Here) -> Answer {
    let page = page(&web, None, Vec::new(), None).await?;
    web.page(&visit, &page)
}

/// `POST /webhooks`: the secret is shown on the answer and nowhere else.
pub(super) async fn make(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let typed = WebhookForm {
        url: form.get("url").to_owned(),
        exercise: form.get("exercise").to_owned(),
        audience: form.get("audience").to_owned(),
        kinds: form.all("kinds").map(str::to_owned).collect(),
    };
    let audience = HookAudience::from_str(&typed.audience).map_err(|()| WebError::bad_request())?;
    let new = NewWebhook {
        url: typed.url.clone(),
        exercise: Some(typed.exercise.clone()).filter(|id| !id.is_empty()),
        kinds: typed.kinds.clone(),
        audience,
    };
    let problem = match web.app.make_webhook(new, &web.house.hooks, &staff.id).await {
        Ok((_, secret)) => {
            let issued = IssuedSecret { url: typed.url, secret };
            let page = page(&web, None, Vec::new(), Some(issued)).await?;
            return web.page(&visit, &page);
        }
        Err(WebhookError::Field(field, code)) => Problem::new(code).on(field),
        Err(WebhookError::Many) => Problem::new("hook_many").with("max", WEBHOOKS_MAX),
        Err(WebhookError::App(error)) => return Err(error.into()),
    };
    let page = page(&web, Some(typed), vec![problem], None).await?;
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
}

async fn known(web: &Web, id: &str) -> Result<Webhook, WebError> {
    web.app.store.webhooks().by_id(id).await?.ok_or_else(WebError::not_found)
}

/// `GET /webhooks/{id}`.
pub(super) async fn deliveries(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let hook = known(&web, &id).await?;
    let rows = web.app.store.webhooks().deliveries(&id, SHOWN).await?;
    let code = |id: &str| web.app.exercise(id).map_or_else(|| id.to_owned(), |exercise| exercise.code());
    let page = WebhookDeliveries {
        hook: row(&web, hook, &HashMap::new()),
        rows: rows
            .into_iter()
            .map(|one| DeliveryRow {
                exercise: code(&one.exercise_id),
                id: one.id,
                seq: one.seq,
                kind: one.kind,
                state: one.state.as_str().to_owned(),
                tries: count(one.tries as usize),
                since_ms: one.since_ms,
                next_ms: one.next_ms,
                said: one.said,
            })
            .collect(),
    };
    web.page(&visit, &page)
}

/// `POST /webhooks/{id}/rotate`.
pub(super) async fn rotate(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let hook = known(&web, &id).await?;
    let secret = web.app.rotate_webhook(&id, &staff.id).await?;
    let page = page(&web, None, Vec::new(), Some(IssuedSecret { url: hook.url, secret })).await?;
    web.page(&visit.at("/webhooks"), &page)
}

/// `POST /webhooks/{id}/remove`.
pub(super) async fn remove(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    web.app.remove_webhook(&id, &staff.id).await?;
    let mut response = see_other("/webhooks");
    flash(&web, &mut response, Tone::Ok, "hook_removed", &[]);
    Ok(response)
}

/// `POST /webhooks/{id}/resend`: field `delivery`.
pub(super) async fn resend(
    State(web): State<Web>,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    web.app.resend(&id, form.get("delivery"), &staff.id).await?;
    let mut response = see_other(&format!("/webhooks/{id}"));
    flash(&web, &mut response, Tone::Ok, "hook_resent", &[]);
    Ok(response)
}
