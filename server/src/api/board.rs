//! Boards, ledgers, and the entries that moved a score.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_app::exercise::Exercise as Live;
use rampart_pages::Locale;
use scoreboard::Audience;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::{Asked, List, Part};
use super::gate::Call;
use super::types::{Board, LedgerEntry, ScoreLine};
use super::view;
use crate::web::Web;
use crate::web::board::has_board;
use crate::web::error::WebError;
use crate::web::view::{all_names, public_names};
use crate::web::who::{Me, Role};

/// For whom.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct For {
    /// `public` as spectators see it, obeying a freeze; `staff` for instructors and administrators.
    #[param(default = "public")]
    pub audience: Option<String>,
}

/// The board
///
/// Standings, score over time and last lines, with the ledger position. Carries an `ETag`: send it back as `If-None-Match`.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/board", tag = "board",
    params(("exercise" = String, Path, description = "Id of the exercise"), For),
    responses((status = OK, body = Board), (status = NOT_MODIFIED)))]
pub async fn board(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Asked(wanted): Asked<For>,
    headers: HeaderMap,
) -> Answer<Response> {
    let live = web.exercise(&id)?;
    let staff = matches!(&call.me, Me::Staff(staff) if staff.role != Role::Officer);
    let json: axum::body::Bytes = match wanted.audience.as_deref() {
        None | Some("public") if has_board(live.fold().status) => live.board().document().json,
        None | Some("public") => return Err(Fault::not_found()),
        Some("staff") if staff => {
            serde_json::to_string(&live.fold().board(Audience::Staff)).map_err(WebError::internal)?.into()
        }
        Some("staff") => return Err(WebError::forbidden().into()),
        Some(_) => return Err(Fault::field("audience", "audience")),
    };
    // Of the bytes, so that it moves with what is seen and with nothing behind a freeze.
    let digest = hex::encode(Sha256::digest(&json));
    let tag = format!("\"{}\"", &digest[..32]);
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag || known.trim() == "*");
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], json).into_response()
    };
    let out = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// The ledger
///
/// Entries after a position, in order, as they are hashed; `cursor` is that position. Whoever folds them has the standings.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/ledger", tag = "board",
    params(("exercise" = String, Path, description = "Id of the exercise"), Part),
    responses((status = OK, body = List<LedgerEntry>)))]
pub async fn ledger(
    State(web): State<Web>,
    Path(id): Path<String>,
    Asked(part): Asked<Part>,
) -> Answer<Json<List<LedgerEntry>>> {
    web.exercise(&id)?;
    let (after, limit) = (part.after()?, part.limit()?);
    let stored = web.app.store.ledger().raw_after(&id, after, limit).await?;
    let full = stored.len() == limit as usize;
    let mut items = Vec::with_capacity(stored.len());
    for raw in stored {
        let entry = serde_json::from_str(&raw.text).map_err(WebError::internal)?;
        items.push(LedgerEntry { seq: raw.seq, entry, prev: raw.prev, hash: raw.hash });
    }
    let next = items.last().filter(|_| full).map(|last| last.seq.to_string());
    Ok(Json(List { items, next }))
}

/// Whose points.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// Only this team's.
    pub team: Option<String>,
    /// `next` of the part before; nothing for the first.
    pub cursor: Option<String>,
    /// Most items, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
}

/// Points
///
/// Every entry that moved a score, with its reason, in order; the sum is the standing.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/points", tag = "board",
    params(("exercise" = String, Path, description = "Id of the exercise"), Whose),
    responses((status = OK, body = List<ScoreLine>)))]
pub async fn points(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Asked(whose): Asked<Whose>,
) -> Answer<Json<List<ScoreLine>>> {
    let live = web.exercise(&id)?;
    let part = Part { cursor: whose.cursor, limit: whose.limit };
    Ok(Json(scored(&web, &live, call.locale, whose.team.as_deref(), &part, true).await?))
}

/// Entries that moved a score. `all`: with the names of what red can do.
pub(super) async fn scored(
    web: &Web,
    live: &Live,
    locale: Locale,
    team: Option<&str>,
    part: &Part,
    all: bool,
) -> Result<List<ScoreLine>, Fault> {
    let (after, limit) = (part.after()?, part.limit()? as usize);
    let mut seqs: Vec<u64> = {
        let fold = live.fold();
        let teams = fold.teams.iter().filter(|known| team.is_none_or(|team| known.id == team));
        teams.flat_map(|known| known.scored.iter().map(|(seq, _)| *seq)).filter(|seq| *seq > after).collect()
    };
    seqs.sort_unstable();
    seqs.dedup();
    let more = seqs.len() > limit;
    seqs.truncate(limit);
    let names = if all { all_names(live.scenario(), locale) } else { public_names(live.scenario(), locale) };
    let mut stored = web.app.store.ledger().at(&live.id, &seqs).await?;
    stored.sort_by_key(|sealed| sealed.entry.seq);
    let line = |sealed: &rampart_domain::ledger::Sealed| {
        let (own, part, points, reason) = sealed.entry.body.score()?;
        Some(ScoreLine {
            seq: sealed.entry.seq,
            at_ms: sealed.entry.at_ms,
            team: own.to_owned(),
            part: part.as_str().to_owned(),
            points,
            reason: view::reason(web, locale, reason, &names),
        })
    };
    let items: Vec<ScoreLine> = stored.iter().filter_map(line).collect();
    let next = seqs.last().filter(|_| more).map(u64::to_string);
    Ok(List { items, next })
}

/// Standings and points as files
///
/// `standings` or `points` with `.csv`, `.ods`, `.xlsx` or `.pdf`: what is so, whatever the public board shows, with the ledger position.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/scores/{file}", tag = "board",
    params(("exercise" = String, Path, description = "Id of the exercise"), ("file" = String, Path, description = "Which file")),
    responses((status = OK, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn scores(
    State(web): State<Web>,
    call: Call,
    Path((id, name)): Path<(String, String)>,
) -> Answer<axum::response::Response> {
    Ok(crate::web::scores::file(&web, call.locale, &id, &name, Audience::Staff).await?)
}
