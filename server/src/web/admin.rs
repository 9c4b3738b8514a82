//! The administrator's pages: accounts, engine, images, store.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::AccountError;
use rampart_app::fleet::NodeView;
use rampart_app::strays::Whose;
use rampart_pages::{
    AccountForm, AccountRow, Accounts, EngineView, IssuedPassword, NodeRow, Problem, StrayRow, System, Tone,
};
use rampart_store::Role as StoreRole;

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::{self, count};
use super::visit::{Here, flash, role_of, viewer_role};
use super::who::Staff;

async fn accounts_page(
    web: &Web,
    staff: &Staff,
    form: AccountForm,
    problems: Vec<Problem>,
    issued: Option<IssuedPassword>,
) -> Result<Accounts, WebError> {
    let rows = web.app.store.accounts().list().await?.into_iter().map(|account| AccountRow {
        own: account.id == staff.id,
        id: account.id,
        login: account.login,
        name: account.name,
        role: viewer_role(role_of(account.role)),
        disabled: account.disabled,
        must_change: account.must_change,
        last_ms: None,
    });
    Ok(Accounts { rows: rows.collect(), form, problems, issued })
}

/// `GET /accounts`.
pub(super) async fn accounts(State(web): State<Web>, visit: Here, staff: Staff) -> Answer {
    let page = accounts_page(&web, &staff, AccountForm::default(), Vec::new(), None).await?;
    web.page(&visit, &page)
}

/// `POST /accounts`: the one-time password is shown on the answer and nowhere else.
pub(super) async fn create(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let get = |name| form.get(name).to_owned();
    let form = AccountForm { login: get("login"), name: get("name"), role: get("role") };
    let problem = match form.role.parse::<StoreRole>() {
        Err(()) => Problem::new("role_unknown").on("role"),
        Ok(role) => match web.app.create_account(&form.login, &form.name, role, Some(&staff.id)).await {
            Ok(password) => {
                let issued = IssuedPassword { login: form.login.to_lowercase(), password };
                let page =
                    accounts_page(&web, &staff, AccountForm::default(), Vec::new(), Some(issued)).await?;
                return web.page(&visit, &page);
            }
            Err(error) => match account_problem(&error, &form.login, &form.name) {
                Some(problem) => problem,
                None => return Err(account_error(error)),
            },
        },
    };
    let page = accounts_page(&web, &staff, form, vec![problem], None).await?;
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
}

/// `POST /accounts/{id}/reset`.
pub(super) async fn reset(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let (account, password) = web.app.reset_password(&id, &staff.id).await.map_err(account_error)?;
    let issued = IssuedPassword { login: account.login, password };
    let page = accounts_page(&web, &staff, AccountForm::default(), Vec::new(), Some(issued)).await?;
    web.page(&visit.at("/accounts"), &page)
}

/// What is wrong with an account as typed, where it is that.
pub(crate) fn account_problem(error: &AccountError, login: &str, name: &str) -> Option<Problem> {
    Some(match error {
        AccountError::Taken => Problem::new("login_taken").with("login", login).on("login"),
        AccountError::Field("account.login") => Problem::new("login_form").on("login"),
        AccountError::Field(_) if name.is_empty() => Problem::new("required").on("name"),
        AccountError::Field(_) => Problem::new("too_long").with("max", 60).on("name"),
        _ => return None,
    })
}

fn account_error(error: AccountError) -> WebError {
    match error {
        AccountError::Missing => WebError::not_found(),
        AccountError::App(error) => error.into(),
        other => WebError::internal(other),
    }
}

async fn set_disabled(web: &Web, visit: &Here, staff: &Staff, id: &str, disabled: bool) -> Answer {
    let account = web.app.store.accounts().by_id(id).await?.ok_or_else(WebError::not_found)?;
    match web.app.set_disabled(id, disabled, &staff.id).await {
        Ok(()) => {
            let mut response = see_other("/accounts");
            let code = if disabled { "account_disabled" } else { "account_enabled" };
            flash(web, &mut response, Tone::Ok, code, &[("login", &account.login)]);
            Ok(response)
        }
        Err(AccountError::LastAdministrator) => {
            let problems = vec![Problem::new("last_admin")];
            let page = accounts_page(web, staff, AccountForm::default(), problems, None).await?;
            web.page_as(StatusCode::CONFLICT, &visit.at("/accounts"), &page)
        }
        Err(error) => Err(account_error(error)),
    }
}

/// `POST /accounts/{id}/disable`.
pub(super) async fn disable(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    set_disabled(&web, &visit, &staff, &id, true).await
}

/// `POST /accounts/{id}/enable`.
pub(super) async fn enable(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    set_disabled(&web, &visit, &staff, &id, false).await
}

/// `POST /accounts/{id}/role`: another role; the account's log-ins end with it.
pub(super) async fn set_role(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let account = web.app.store.accounts().by_id(&id).await?.ok_or_else(WebError::not_found)?;
    let role = form.get("role").parse::<StoreRole>().map_err(|()| WebError::bad_request())?;
    match web.app.set_role(&id, role, &staff.id).await {
        Ok(()) => {
            let mut response = see_other("/accounts");
            flash(&web, &mut response, Tone::Ok, "account_role", &[("login", &account.login)]);
            Ok(response)
        }
        Err(AccountError::LastAdministrator) => {
            let problems = vec![Problem::new("last_admin")];
            let page = accounts_page(&web, &staff, AccountForm::default(), problems, None).await?;
            web.page_as(StatusCode::CONFLICT, &visit.at("/accounts"), &page)
        }
        Err(error) => Err(account_error(error)),
    }
}

/// The engines of all nodes together. A node that is known to be silent is not asked, so the page does not wait for it.
async fn engine(web: &Web) -> EngineView {
    let nodes = web.app.fleet.nodes();
    let mut view = EngineView {
        reachable: false,
        version: String::new(),
        address: nodes.iter().map(|node| node.address.as_str()).collect::<Vec<_>>().join(" "),
        containers: 0,
        networks: 0,
        guard: None,
        problem: None,
    };
    for engine in web.app.fleet.engines() {
        match engine.info().await {
            Ok(info) => {
                if view.version.is_empty() {
                    view.version = info.version;
                }
                view.reachable = true;
            }
            Err(error) => {
                tracing::warn!(node = engine.node(), %error, "the engine does not answer");
                if !web.app.fleet.is_many() {
                    view.problem = Some(Problem::new("engine_unreachable"));
                    return view;
                }
                continue;
            }
        }
        if let Err(error) = engine.guard().await {
            view.problem = Some(Problem::new("guard_missing").with("detail", error));
            view.guard = Some(false);
        } else if view.guard.is_none() {
            view.guard = Some(true);
        }
        for seen in engine.runs().await.unwrap_or_default().into_values() {
            view.containers += count(seen.containers);
            view.networks += count(seen.networks);
        }
    }
    if !view.reachable {
        view.problem = Some(Problem::new("engine_unreachable"));
    }
    view
}

/// The nodes as the heartbeat sees them.
async fn nodes(web: &Web) -> Vec<NodeRow> {
    let lacking = web.app.lacking_images().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "images cannot be looked at");
        Vec::new()
    });
    let row = |node: NodeView| {
        let pairs = node.runs.iter().filter_map(|run| web.app.exercise(run)).map(|one| i64::from(one.pairs));
        let bytes = |bytes: u64| i64::try_from(bytes).ok().filter(|bytes| *bytes > 0);
        let facts = node.facts.unwrap_or_default();
        NodeRow {
            ranges: pairs.sum(),
            version: facts.version,
            state: node.state.as_str().to_owned(),
            heard_ms: node.heard_ms,
            memory: bytes(facts.memory),
            available: facts.available.and_then(bytes),
            leak: node.leak,
            wall_made: node.wall.made_ms.map(|at_ms| (at_ms, node.wall.made.into())),
            wall_down: node.wall.down,
            lacking: lacking
                .iter()
                .find(|(name, _)| *name == node.name)
                .map(|(_, names)| names.clone())
                .unwrap_or_default(),
            name: node.name,
            address: node.address,
        }
    };
    web.app.fleet.nodes().into_iter().map(row).collect()
}

/// Runs on the engine that no exercise knows; none where the engine does not answer, which the page says.
async fn strays(web: &Web) -> Vec<StrayRow> {
    let found = web.app.strays().await.unwrap_or_default();
    found
        .into_iter()
        .map(|stray| StrayRow {
            run: stray.run,
            whose: match stray.whose {
                Whose::Ours => "ours",
                Whose::Other => "other",
                Whose::Unknown => "unknown",
            }
            .to_owned(),
            containers: count(stray.containers),
            networks: count(stray.networks),
        })
        .collect()
}

/// `POST /system/strays`: removes what this installation made and no exercise knows.
pub(super) async fn clear_strays(State(web): State<Web>, staff: Staff) -> Answer {
    let number = web.app.clear_strays(&staff.id).await?.to_string();
    let mut response = see_other("/system");
    flash(&web, &mut response, Tone::Ok, "strays_cleared", &[("n", &number)]);
    Ok(response)
}

/// `GET /system`.
pub(super) async fn system(State(web): State<Web>, visit: Here) -> Answer {
    let engine = engine(&web).await;
    let building = web.app.images_state().borrow().clone();
    let images = if engine.reachable { web.app.images().await? } else { Vec::new() };
    let strays = if engine.reachable { strays(&web).await } else { Vec::new() };
    let page = System {
        nodes: nodes(&web).await,
        engine,
        images: view::images::rows(&images, &building),
        store_kind: web.house.store_kind.clone(),
        store_place: web.house.store_place.clone(),
        store_migration: count(rampart_store::migration_names().len()),
        store_bytes: web
            .house
            .store_file
            .as_ref()
            .and_then(|file| std::fs::metadata(file).ok().and_then(|of| i64::try_from(of.len()).ok())),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_ms: web.house.started_ms,
        shut: view::exercises::shut(&web),
        broken: view::exercises::broken(&web),
        strays,
    };
    web.page(&visit, &page)
}

/// `POST /system/images`: builds the image of field `image`, or whatever is missing or old; with field `anew` whether it
/// is or not.
pub(super) async fn build_images(State(web): State<Web>, staff: Staff, form: Posted) -> Answer {
    let names = match form.get("image") {
        "" => Vec::new(),
        name if web.app.images().await?.iter().any(|known| known.ours && known.name == name) => {
            vec![name.to_owned()]
        }
        _ => return Err(WebError::not_found()),
    };
    let begun = web.app.build_images(names, form.get("anew") == "1", &staff.id).await?;
    let mut response = see_other("/system");
    let said = if begun { "images_started" } else { "images_busy" };
    flash(&web, &mut response, Tone::Ok, said, &[]);
    Ok(response)
}
