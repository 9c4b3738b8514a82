//! Who a token stands for, and its owner's tokens. None is made here: whoever finds a token must not be able to make
//! another that outlives it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::error::Answer;
use super::extract::List;
use super::gate::Call;
use super::types::{Me, TokenInfo};
use super::view;
use crate::web::Web;
use crate::web::who::{Me as Who, Role};

/// Who am I?
///
/// Who stands behind the token, and what it may be used for.
#[utoipa::path(get, path = "/api/v1/me", tag = "tokens", responses((status = OK, body = Me)))]
pub async fn me(call: Call) -> Json<Me> {
    let token = view::token(&call.token);
    Json(match call.me {
        Who::Seat(seat) => Me {
            role: "seat".to_owned(),
            id: seat.seat,
            name: seat.name,
            exercise: Some(seat.exercise),
            team: Some(seat.team),
            token,
        },
        Who::Staff(staff) => Me {
            role: match staff.role {
                Role::Administrator => "administrator",
                Role::Instructor => "instructor",
                Role::Officer => "officer",
            }
            .to_owned(),
            id: staff.id,
            name: staff.name,
            exercise: None,
            team: None,
            token,
        },
        // The gate lets nobody in.
        Who::Nobody => Me {
            role: String::new(),
            id: String::new(),
            name: String::new(),
            exercise: None,
            team: None,
            token,
        },
    })
}

/// List own tokens
///
/// Newest first; those that ended stay in the list for a month.
#[utoipa::path(get, operation_id = "list_tokens", path = "/api/v1/tokens", tag = "tokens", responses((status = OK, body = List<TokenInfo>)))]
pub async fn list(State(web): State<Web>, call: Call) -> Answer<Json<List<TokenInfo>>> {
    let tokens = web.app.store.tokens().of(&call.token.owner).await?;
    Ok(Json(List::whole(tokens.iter().map(view::token).collect())))
}

/// Revoke an own token
///
/// At once, also the one in use.
#[utoipa::path(delete, operation_id = "revoke_token", path = "/api/v1/tokens/{token}", tag = "tokens",
    params(("token" = String, Path, description = "Id of the token")), responses((status = NO_CONTENT)))]
pub async fn revoke(State(web): State<Web>, call: Call, Path(token): Path<String>) -> Answer<StatusCode> {
    web.app.revoke_token(&call.token.owner, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}
