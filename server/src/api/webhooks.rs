//! Web hooks.

use std::str::FromStr;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::webhooks::{NewWebhook, WEBHOOKS_MAX, WebhookError};
use rampart_pages::Problem;
use rampart_store::HookAudience;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{Answer, Fault};
use super::extract::{Body, List};
use super::gate::Call;
use crate::web::Web;
use crate::web::error::WebError;

/// Messages of one answer.
const SHOWN: u32 = 500;

/// A web hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hook {
    /// Id.
    pub id: String,
    /// Where to.
    pub url: String,
    /// Of this exercise only; null for all.
    pub exercise: Option<String>,
    /// Kinds of entries; none for all.
    pub kinds: Vec<String>,
    /// `public` or `staff`.
    pub audience: String,
    /// When it was made.
    pub created_ms: i64,
}

/// A new web hook.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookWish {
    /// Where to, `https://…`.
    pub url: String,
    /// Of this exercise only; null for all.
    #[serde(default)]
    pub exercise: Option<String>,
    /// Kinds of entries; none for all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// `public` for what spectators see, `staff` for what staff sees.
    pub audience: String,
}

/// A web hook just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HookMade {
    /// Its id.
    pub id: String,
    /// Signs its messages; shown this once.
    pub secret: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HookDelivery {
    /// Id, the header `Rampart-Delivery`.
    pub id: String,
    /// Exercise id.
    pub exercise: String,
    /// Ledger position.
    pub seq: u64,
    /// Kind of entry.
    pub kind: String,
    /// `waiting`, `done` or `dead`.
    pub state: String,
    /// Tries.
    pub tries: u32,
    /// Since when it waits.
    pub since_ms: i64,
    /// When it is tried next, or was last.
    pub next_ms: i64,
    /// Last HTTP status.
    pub status: Option<u16>,
    /// What went wrong last.
    pub said: String,
}

/// List web hooks
///
/// Without their secrets, which nobody sees again.
#[utoipa::path(get, operation_id = "list_webhooks", path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = OK, body = List<Hook>)))]
pub async fn list(State(web): State<Web>) -> Answer<Json<List<Hook>>> {
    let hook = |hook: rampart_store::Webhook| Hook {
        id: hook.id,
        url: hook.url,
        exercise: hook.exercise_id,
        kinds: hook.kinds,
        audience: hook.audience.as_str().to_owned(),
        created_ms: hook.created_ms,
    };
    Ok(Json(List::whole(web.app.store.webhooks().list().await?.into_iter().map(hook).collect())))
}

/// Make a web hook
///
/// Each entry is sent as JSON with `Rampart-Signature: t=…,v1=…`, an HMAC-SHA256 of `t.body` by the secret; in order for each exercise, again for a day until the answer is 2xx.
#[utoipa::path(post, operation_id = "make_webhook", path = "/api/v1/webhooks", tag = "webhooks", request_body = HookWish,
    responses((status = CREATED, body = HookMade)))]
pub async fn make(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<HookWish>,
) -> Answer<(StatusCode, Json<HookMade>)> {
    let audience =
        HookAudience::from_str(&wish.audience).map_err(|()| Fault::field("audience", "audience"))?;
    let new = NewWebhook { url: wish.url, exercise: wish.exercise, kinds: wish.kinds, audience };
    match web.app.make_webhook(new, &web.house.hooks, &call.staff()?.id).await {
        Ok((id, secret)) => Ok((StatusCode::CREATED, Json(HookMade { id, secret }))),
        Err(WebhookError::Field(field, code)) => Err(Fault::field(field, code)),
        Err(WebhookError::Many) => {
            let problem = Problem::new("hook_many").with("max", WEBHOOKS_MAX);
            Err(WebError::with(StatusCode::CONFLICT, problem).into())
        }
        Err(WebhookError::App(error)) => Err(error.into()),
    }
}

/// Give a web hook a new secret
///
/// It is given this once; the former one signs beside it for a day.
#[utoipa::path(post, operation_id = "rotate_webhook", path = "/api/v1/webhooks/{webhook}/rotate", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the web hook")),
    responses((status = OK, body = HookMade)))]
pub async fn rotate(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Json<HookMade>> {
    let secret = web.app.rotate_webhook(&id, &call.staff()?.id).await?;
    Ok(Json(HookMade { id, secret }))
}

/// Remove a web hook
///
/// With what waits.
#[utoipa::path(delete, operation_id = "remove_webhook", path = "/api/v1/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the web hook")), responses((status = NO_CONTENT)))]
pub async fn remove(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<StatusCode> {
    web.app.remove_webhook(&id, &call.staff()?.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List messages
///
/// The latest 500, newest first; what was taken or given up stays for a week.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the web hook")),
    responses((status = OK, body = List<HookDelivery>)))]
pub async fn deliveries(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<List<HookDelivery>>> {
    web.app.store.webhooks().by_id(&id).await?.ok_or_else(Fault::not_found)?;
    let one = |one: rampart_store::Delivery| HookDelivery {
        id: one.id,
        exercise: one.exercise_id,
        seq: one.seq,
        kind: one.kind,
        state: one.state.as_str().to_owned(),
        tries: one.tries,
        since_ms: one.since_ms,
        next_ms: one.next_ms,
        status: one.status,
        said: one.said,
    };
    let rows = web.app.store.webhooks().deliveries(&id, SHOWN).await?;
    Ok(Json(List::whole(rows.into_iter().map(one).collect())))
}

/// Send a message again
///
/// One that was taken or given up.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/deliveries/{delivery}/resend", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the web hook"), ("delivery" = String, Path, description = "Id of the message")),
    responses((status = ACCEPTED)))]
pub async fn resend(
    State(web): State<Web>,
    call: Call,
    Path((id, delivery)): Path<(String, String)>,
) -> Answer<StatusCode> {
    web.app.resend(&id, &delivery, &call.staff()?.id).await?;
    Ok(StatusCode::ACCEPTED)
}
