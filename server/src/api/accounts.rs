//! Accounts of staff, for the administrator.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::AccountError;
use rampart_store::Role;

use super::error::{Answer, Fault};
use super::extract::{Body, List};
use super::gate::Call;
use super::types::{Account, Count, IssuedPassword, NewAccount, RoleWish};
use crate::web::Web;
use crate::web::admin::account_problem;
use crate::web::error::WebError;

fn account(account: rampart_store::Account) -> Account {
    Account {
        id: account.id,
        login: account.login,
        name: account.name,
        role: account.role.as_str().to_owned(),
        must_change: account.must_change,
        disabled: account.disabled,
        created_ms: account.created_ms,
    }
}

fn refused(error: AccountError) -> Fault {
    match error {
        AccountError::Missing => Fault::not_found(),
        AccountError::LastAdministrator => Fault::new(StatusCode::CONFLICT, "last_admin"),
        AccountError::App(error) => error.into(),
        other => WebError::internal(other).into(),
    }
}

fn role(word: &str) -> Result<Role, Fault> {
    word.parse().map_err(|()| Fault::field("role", "role_unknown"))
}

/// List accounts
///
/// Of staff; seats have none.
#[utoipa::path(get, operation_id = "list_accounts", path = "/api/v1/accounts", tag = "accounts",
    responses((status = OK, body = List<Account>)))]
pub async fn list(State(web): State<Web>) -> Answer<Json<List<Account>>> {
    let accounts = web.app.store.accounts().list().await?;
    Ok(Json(List::whole(accounts.into_iter().map(account).collect())))
}

/// Make an account
///
/// The password is given this once; it works once and has to be changed.
#[utoipa::path(post, operation_id = "create_account", path = "/api/v1/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = CREATED, body = IssuedPassword)))]
pub async fn create(
    State(web): State<Web>,
    call: Call,
    Body(new): Body<NewAccount>,
) -> Answer<(StatusCode, Json<IssuedPassword>)> {
    let role = role(&new.role)?;
    match web.app.create_account(&new.login, &new.name, role, Some(&call.staff()?.id)).await {
        Ok(password) => {
            let login = new.login.to_lowercase();
            Ok((StatusCode::CREATED, Json(IssuedPassword { login, password })))
        }
        Err(error) => match account_problem(&error, &new.login, &new.name) {
            Some(problem) => Err(Fault::fields(vec![problem])),
            None => Err(refused(error)),
        },
    }
}

/// Reset a password
///
/// The new one is given this once; log-ins and tokens of the account end.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/reset", tag = "accounts",
    params(("account" = String, Path, description = "Id of the account")),
    responses((status = OK, body = IssuedPassword)))]
pub async fn reset_password(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<IssuedPassword>> {
    let (account, password) = web.app.reset_password(&id, &call.staff()?.id).await.map_err(refused)?;
    Ok(Json(IssuedPassword { login: account.login, password }))
}

/// Give another role
///
/// Log-ins and tokens of the account end with it.
#[utoipa::path(put, path = "/api/v1/accounts/{account}/role", tag = "accounts", request_body = RoleWish,
    params(("account" = String, Path, description = "Id of the account")),
    responses((status = NO_CONTENT)))]
pub async fn set_role(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<RoleWish>,
) -> Answer<StatusCode> {
    web.app.set_role(&id, role(&wish.role)?, &call.staff()?.id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Disable an account
///
/// It stays known and can be enabled again. The last administrator cannot be disabled.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/disable", tag = "accounts",
    params(("account" = String, Path, description = "Id of the account")), responses((status = NO_CONTENT)))]
pub async fn disable_account(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    web.app.set_disabled(&id, true, &call.staff()?.id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable an account
///
/// It may log in again.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/enable", tag = "accounts",
    params(("account" = String, Path, description = "Id of the account")), responses((status = NO_CONTENT)))]
pub async fn enable_account(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    web.app.set_disabled(&id, false, &call.staff()?.id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all tokens of an account
///
/// Its log-ins stay.
#[utoipa::path(delete, path = "/api/v1/accounts/{account}/tokens", tag = "accounts",
    params(("account" = String, Path, description = "Id of the account")),
    responses((status = OK, body = Count)))]
pub async fn end_tokens(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Json<Count>> {
    web.app.store.accounts().by_id(&id).await?.ok_or_else(Fault::not_found)?;
    let count = web.app.revoke_tokens_of(&id, &call.staff()?.id).await?;
    Ok(Json(Count { count: usize::try_from(count).unwrap_or(usize::MAX) }))
}
