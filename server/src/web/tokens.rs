//! A person's own tokens: made, listed, revoked. A token is shown on the answer that makes it and nowhere else.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::AppError;
use rampart_app::tokens::{
    SEAT_SCOPES, SEAT_TOKEN_DAYS_MAX, TOKEN_DAYS, TOKEN_DAYS_MAX, TOKEN_NAME_MAX, TOKENS_MAX, TokenError,
    scopes_of_role,
};
use rampart_domain::token::Scope;
use rampart_pages::{IssuedToken, Problem, TokenForm, TokenRow, Tokens, Tone};
use rampart_store::{Role as StoreRole, TokenOwner};

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::visit::{Here, flash, who_is};
use super::who::{Me, Role, Staff};

/// Whose tokens a visitor looks after, and the scopes that they can have.
pub(crate) fn owner(me: &Me) -> Option<(TokenOwner, &'static [Scope])> {
    match me {
        Me::Nobody => None,
        Me::Staff(staff) => {
            let role = match staff.role {
                Role::Administrator => StoreRole::Administrator,
                Role::Instructor => StoreRole::Instructor,
                Role::Officer => StoreRole::Officer,
            };
            Some((TokenOwner::Account(staff.id.clone()), scopes_of_role(role)))
        }
        Me::Seat(seat) => Some((TokenOwner::Seat(seat.seat.clone()), SEAT_SCOPES)),
    }
}

fn days(owner: &TokenOwner) -> (i64, i64) {
    match owner {
        TokenOwner::Account(_) => (TOKEN_DAYS, TOKEN_DAYS_MAX),
        TokenOwner::Seat(_) => (SEAT_TOKEN_DAYS_MAX, SEAT_TOKEN_DAYS_MAX),
    }
}

async fn page(
    web: &Web,
    visit: &Here,
    typed: Option<TokenForm>,
    problems: Vec<Problem>,
    issued: Option<IssuedToken>,
) -> Result<Tokens, WebError> {
    let (owner, offered) = owner(&visit.me).ok_or_else(WebError::unauthorised)?;
    let (usual, most) = days(&owner);
    let rows = web.app.store.tokens().of(&owner).await?;
    Ok(Tokens {
        rows: rows
            .into_iter()
            .map(|token| TokenRow {
                alive: token.is_alive(visit.now_ms),
                revoked: token.revoked_ms.is_some(),
                id: token.id,
                name: token.name,
                hint: token.hint,
                scopes: token.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
                created_ms: token.created_ms,
                expires_ms: token.expires_ms,
                used_ms: token.used_ms,
            })
            .collect(),
        offered: offered.iter().map(|scope| scope.as_str().to_owned()).collect(),
        form: typed.unwrap_or_else(|| TokenForm { days: usual.to_string(), ..TokenForm::default() }),
        days_max: most,
        problems,
        issued,
    })
}

/// `GET /tokens`.
pub(super) async fn list(State(web): State<Web>, visit: Here) -> Answer {
    let page = page(&web, &visit, None, Vec::new(), None).await?;
    web.page(&visit, &page)
}

/// `POST /tokens`: fields `name`, `days` and, once for each, `scope`.
pub(super) async fn make(State(web): State<Web>, visit: Here, form: Posted) -> Answer {
    let (owner, offered) = owner(&visit.me).ok_or_else(WebError::unauthorised)?;
    let typed = TokenForm {
        name: form.get("name").to_owned(),
        days: form.get("days").to_owned(),
        scopes: form.all("scope").map(str::to_owned).collect(),
    };
    let scopes: Option<Vec<Scope>> = typed.scopes.iter().map(|word| Scope::read(word)).collect();
    // What is no number is no number of days.
    let wanted = typed.days.parse().unwrap_or(0);
    let made = web.app.make_token(&owner, offered, &typed.name, &scopes.unwrap_or_default(), wanted).await;
    let problem = match made {
        Ok((id, text)) => {
            // The body came after the log-in was looked up: one that ended meanwhile leaves no token.
            let alive = match &visit.session {
                Some(session) => who_is(&web, session).await.is_ok_and(|me| me != Me::Nobody),
                None => false,
            };
            if !alive {
                web.app.revoke_token(&owner, &id).await?;
                return Err(WebError::unauthorised());
            }
            let issued = IssuedToken { id, name: typed.name, token: text.reveal().to_owned() };
            let page = page(&web, &visit, None, Vec::new(), Some(issued)).await?;
            return web.page(&visit, &page);
        }
        Err(TokenError::Name) if typed.name.is_empty() => Problem::new("required").on("name"),
        Err(TokenError::Name) => Problem::new("too_long").with("max", TOKEN_NAME_MAX).on("name"),
        Err(TokenError::Scopes) => Problem::new("token_scopes").on("scope"),
        Err(TokenError::Days) => Problem::new("token_days").with("max", days(&owner).1).on("days"),
        Err(TokenError::Many) => Problem::new("token_many").with("max", TOKENS_MAX),
        Err(TokenError::App(error)) => return Err(error.into()),
    };
    let page = page(&web, &visit, Some(typed), vec![problem], None).await?;
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
}

/// `POST /tokens/{id}/revoke`.
pub(super) async fn revoke(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let (owner, _) = owner(&visit.me).ok_or_else(WebError::unauthorised)?;
    match web.app.revoke_token(&owner, &id).await {
        Ok(()) => {}
        Err(AppError::Missing(_)) => return Err(WebError::not_found()),
        Err(error) => return Err(error.into()),
    }
    let mut response = see_other("/tokens");
    flash(&web, &mut response, Tone::Ok, "token_revoked", &[]);
    Ok(response)
}

/// `POST /accounts/{id}/tokens`: ends all tokens of an account.
pub(super) async fn revoke_all(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    let account = web.app.store.accounts().by_id(&id).await?.ok_or_else(WebError::not_found)?;
    let number = web.app.revoke_tokens_of(&id, &staff.id).await?.to_string();
    let mut response = see_other("/accounts");
    flash(&web, &mut response, Tone::Ok, "tokens_revoked", &[("n", &number), ("login", &account.login)]);
    Ok(response)
}
