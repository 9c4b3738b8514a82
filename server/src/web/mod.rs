//! The web: one table of routes, a gate before each, handlers that read, make one call and render.

pub(crate) mod admin;
mod answers;
mod assets;
mod attendance;
pub(crate) mod board;
mod classes;
mod control;
pub(crate) mod courses;
mod cross;
pub(crate) mod desktop;
mod duplicates;
mod entered;
mod entry;
pub(crate) mod error;
pub(crate) mod exercises;
pub(crate) mod files;
mod findings;
mod gate;
mod headers;
mod hosts;
mod import;
pub(crate) mod judge;
pub(crate) mod limit;
mod live;
mod looks;
mod paper_survey;
mod people;
mod places;
mod posted;
pub(crate) mod programme;
pub(crate) mod register;
mod rest;
mod scenarios;
mod schedule;
pub(crate) mod scores;
mod seat;
mod senders;
pub(crate) mod signing;
pub(crate) mod state;
pub(crate) mod statistics;
mod terminal;
pub(crate) mod terminals;
pub mod token;
mod tokens;
pub(crate) mod upload;
pub(crate) mod view;
pub(crate) mod visit;
mod webhooks;
pub(crate) mod who;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get as on_get, post as on_post};
use axum::{Router, middleware};
use scoreboard::Side;
use tower_http::compression::CompressionLayer;

use crate::api::guide;
pub use assets::{missing as missing_assets, version as asset_version};
use gate::{Gate, Kind};
pub use state::{House, Web};
pub use visit::SESSION_COOKIE;
pub use who::{Me, Role, Seated, Staff, Who};

/// A route as a test or a reader wants to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Pattern.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
    /// Is it a page that a browser shows (and that leads whoever is not logged in to a door)?
    pub page: bool,
}

struct Route {
    method: &'static str,
    gate: Gate,
    handler: MethodRouter<Web>,
}

fn route<H, T>(kind: Kind, path: &'static str, who: Who, handler: H) -> Route
where
    H: Handler<T, Web>,
    T: 'static,
{
    let (method, handler) = match kind {
        Kind::Form | Kind::Upload => ("POST", on_post(handler)),
        Kind::Page | Kind::Live | Kind::File => ("GET", on_get(handler)),
    };
    Route { method, gate: Gate { path, who, kind }, handler }
}

/// A page.
fn page<H: Handler<T, Web>, T: 'static>(path: &'static str, who: Who, handler: H) -> Route {
    route(Kind::Page, path, who, handler)
}

/// A form that is posted.
fn form<H: Handler<T, Web>, T: 'static>(path: &'static str, who: Who, handler: H) -> Route {
    route(Kind::Form, path, who, handler)
}

/// A form with a file that may be long.
fn upload<H: Handler<T, Web>, T: 'static>(path: &'static str, who: Who, handler: H) -> Route {
    route(Kind::Upload, path, who, handler)
}

/// A stream, or a terminal.
fn live<H: Handler<T, Web>, T: 'static>(path: &'static str, who: Who, handler: H) -> Route {
    route(Kind::Live, path, who, handler)
}

/// A file.
fn file<H: Handler<T, Web>, T: 'static>(path: &'static str, who: Who, handler: H) -> Route {
    route(Kind::File, path, who, handler)
}

/// Every route there is, and who may use it. There is no other place where one is made.
#[rustfmt::skip]
fn table() -> Vec<Route> {
    const RED: Who = Who::Side(Side::Red);
    const BLUE: Who = Who::Side(Side::Blue);
    vec![
        // doors
        page("/",                             Who::Public,        entry::seat_form),
        form("/",                             Who::Public,        entry::seat_log_in),
        page("/staff",                        Who::Public,        entry::staff_form),
        form("/staff",                        Who::Public,        entry::staff_log_in),
        form("/logout",                       Who::LoggedIn,      entry::leave),
        page("/password",                     Who::Account,       entry::password_form),
        form("/password",                     Who::Account,       entry::change_password),
        page("/tokens",                       Who::LoggedIn,      tokens::list),
        form("/tokens",                       Who::LoggedIn,      tokens::make),
        form("/tokens/{id}/revoke",           Who::LoggedIn,      tokens::revoke),
        page("/privacy",                      Who::Public,        entry::privacy),
        page("/accessibility",                Who::Public,        entry::accessibility),
        page("/api",                          Who::Public,        guide::page),
        file("/api/openapi.json",             Who::Open,          guide::document),
        file("/health",                       Who::Open,          entry::alive),
        file("/assets/{*path}",               Who::Open,          assets::file),
        // the board
        page("/board",                        Who::Public,        board::list),
        page("/board/{id}",                   Who::Public,        board::wall),
        page("/board/{id}/table",             Who::Public,        board::table),
        live("/board/{id}/events",            Who::Public,        live::board),
        file("/board/{id}/state",             Who::Open,          board::state),
        file("/board/{id}/history",           Who::Public,        board::history),
        file("/board/{id}/scores/{file}",     Who::Public,        scores::public),
        // exercises
        page("/exercises",                    Who::OVERSEER,      exercises::list),
        page("/exercises/new",                Who::INSTRUCTOR,    exercises::new_form),
        form("/exercises/new",                Who::INSTRUCTOR,    exercises::create),
        page("/exercises/{id}",               Who::OVERSEER,      control::room),
        page("/exercises/{id}/live",          Who::OVERSEER,      control::part),
        live("/exercises/{id}/events",        Who::OVERSEER,      live::control),
        form("/exercises/{id}/launch",        Who::INSTRUCTOR,    control::launch),
        form("/exercises/{id}/give-up",       Who::INSTRUCTOR,    control::give_up),
        form("/exercises/{id}/start",         Who::INSTRUCTOR,    control::start),
        form("/exercises/{id}/pause",         Who::INSTRUCTOR,    control::pause),
        form("/exercises/{id}/resume",        Who::INSTRUCTOR,    control::resume),
        page("/exercises/{id}/hosts/{range}/{host}", Who::OVERSEER, hosts::show),
        form("/exercises/{id}/hosts/{range}/{host}/reset", Who::INSTRUCTOR, hosts::reset),
        page("/exercises/{id}/end",           Who::INSTRUCTOR,    control::end_form),
        form("/exercises/{id}/end",           Who::INSTRUCTOR,    control::end),
        page("/exercises/{id}/clear",         Who::INSTRUCTOR,    control::clear_form),
        form("/exercises/{id}/clear",         Who::INSTRUCTOR,    control::clear),
        page("/exercises/{id}/rebuild",       Who::INSTRUCTOR,    control::rebuild_form),
        form("/exercises/{id}/rebuild",       Who::INSTRUCTOR,    control::rebuild),
        form("/exercises/{id}/time-out",      Who::INSTRUCTOR,    control::time_out),
        page("/exercises/{id}/seats",         Who::INSTRUCTOR,    exercises::seats),
        form("/exercises/{id}/seats",         Who::INSTRUCTOR,    exercises::set_seats),
        page("/exercises/{id}/slips",         Who::INSTRUCTOR,    exercises::slips),
        form("/exercises/{id}/slips",         Who::INSTRUCTOR,    exercises::make_slips),
        page("/exercises/{id}/attendance",    Who::INSTRUCTOR,    attendance::show),
        form("/exercises/{id}/attendance",    Who::INSTRUCTOR,    attendance::write),
        page("/exercises/{id}/terminals",     Who::WATCHER,       terminals::list),
        page("/exercises/{id}/terminals/{terminal}", Who::WATCHER, terminals::watch),
        live("/exercises/{id}/terminals/{terminal}/stream", Who::WATCHER, terminals::stream),
        page("/exercises/{id}/recordings/{recording}", Who::WATCHER, terminals::replay),
        file("/exercises/{id}/recordings/{recording}/cast", Who::WATCHER, terminals::cast),
        form("/exercises/{id}/recordings/delete", Who::WATCHER,   terminals::delete),
        page("/exercises/{id}/schedule",      Who::INSTRUCTOR,    schedule::show),
        form("/exercises/{id}/schedule",      Who::INSTRUCTOR,    schedule::set),
        page("/exercises/{id}/judge",         Who::OVERSEER,      judge::show),
        form("/exercises/{id}/judge",         Who::INSTRUCTOR,    judge::act),
        file("/exercises/{id}/scores/{file}", Who::OVERSEER,      scores::staff),
        page("/exercises/{id}/desktops/{seat}", Who::WATCHER,  desktop::watch),
        live("/exercises/{id}/desktops/{seat}/stream", Who::WATCHER, desktop::stream),
        // scenarios and people
        page("/scenarios",                    Who::AUTHOR,        scenarios::list),
        page("/scenarios/{id}",               Who::AUTHOR,        scenarios::show),
        live("/scenarios/{id}/events",        Who::AUTHOR,        live::scenario),
        form("/scenarios/{id}/images",        Who::AUTHOR,        scenarios::build_images),
        page("/people",                       Who::Account,       people::list),
        page("/people/import",                Who::REGISTRAR,     import::form),
        form("/people/import",                Who::REGISTRAR,     import::act),
        page("/people/export",                Who::REGISTRAR,     people::export),
        page("/people/new",                   Who::REGISTRAR,     register::new_form),
        form("/people/new",                   Who::REGISTRAR,     register::create),
        page("/people/agencies",              Who::Account,       register::agencies),
        form("/people/agencies",              Who::REGISTRAR,     register::set_agency),
        page("/people/duplicates",            Who::OFFICER,       duplicates::list),
        form("/people/duplicates",            Who::OFFICER,       duplicates::act),
        page("/people/requests",              Who::OFFICER,       answers::requests),
        form("/people/requests",              Who::OFFICER,       answers::decide),
        page("/people/retention",             Who::OFFICER,       answers::retention),
        form("/people/retention",             Who::OFFICER,       answers::set_retention),
        page("/people/{id}/answers",          Who::OFFICER,       answers::show),
        form("/people/{id}/answers",          Who::OFFICER,       answers::set),
        page("/people/{id}",                  Who::REGISTRAR,     register::person),
        form("/people/{id}",                  Who::REGISTRAR,     register::set_person),
        // who is told
        page("/webhooks",                     Who::AUTHOR,        webhooks::list),
        form("/webhooks",                     Who::AUTHOR,        webhooks::make),
        page("/webhooks/{id}",                Who::AUTHOR,        webhooks::deliveries),
        form("/webhooks/{id}/rotate",         Who::AUTHOR,        webhooks::rotate),
        form("/webhooks/{id}/remove",         Who::AUTHOR,        webhooks::remove),
        form("/webhooks/{id}/resend",         Who::AUTHOR,        webhooks::resend),
        // courses
        page("/courses",                      Who::REGISTRAR,     courses::list),
        form("/courses",                      Who::INSTRUCTOR,    courses::set_defaults),
        page("/courses/new",                  Who::INSTRUCTOR,    courses::new_form),
        form("/courses/new",                  Who::INSTRUCTOR,    courses::create),
        page("/courses/{id}",                 Who::REGISTRAR,     courses::show),
        form("/courses/{id}",                 Who::INSTRUCTOR,    courses::act),
        page("/courses/{id}/edit",            Who::INSTRUCTOR,    courses::edit_form),
        form("/courses/{id}/edit",            Who::INSTRUCTOR,    courses::edit),
        form("/courses/{id}/surveys/{survey}", Who::INSTRUCTOR,   courses::survey_act),
        page("/courses/{id}/surveys/{survey}/paper", Who::OFFICER, paper_survey::show),
        form("/courses/{id}/surveys/{survey}/paper", Who::OFFICER, paper_survey::act),
        file("/courses/{id}/materials/{material}", Who::REGISTRAR, courses::material),
        page("/courses/{id}/certificates/{certificate}", Who::REGISTRAR, signing::certificate),
        page("/courses/{id}/sessions/{session}", Who::REGISTRAR,  classes::show),
        form("/courses/{id}/sessions/{session}", Who::INSTRUCTOR, classes::act),
        page("/courses/{id}/sessions/{session}/room", Who::INSTRUCTOR, classes::room),
        page("/courses/{id}/sessions/{session}/paper", Who::INSTRUCTOR, classes::paper),
        form("/courses/{id}/sessions/{session}/paper", Who::INSTRUCTOR, classes::enter_paper),
        page("/courses/{id}/sessions/{session}/entered", Who::REGISTRAR, entered::show),
        form("/courses/{id}/sessions/{session}/entered", Who::REGISTRAR, entered::act),
        form("/courses/{id}/sessions/{session}/slips", Who::INSTRUCTOR, classes::slips),
        page("/courses/{id}/sessions/{session}/hours", Who::OFFICER, upload::class_form),
        form("/courses/{id}/sessions/{session}/hours", Who::OFFICER, upload::class_hours),
        page("/courses/{id}/hours",           Who::OFFICER,       upload::course_form),
        form("/courses/{id}/hours",           Who::OFFICER,       upload::course_hours),
        // what needs no account: a scan, a token, a number, a code opens it
        page("/in/{session}",                 Who::Public,        signing::unscanned),
        form("/in/{session}",                 Who::Public,        signing::sign),
        page("/in/{session}/{code}",          Who::Public,        signing::scanned),
        page("/survey/{token}",               Who::Public,        signing::survey),
        form("/survey/{token}",               Who::Public,        signing::answer_survey),
        page("/certificates/check",           Who::Public,        signing::check),
        page("/me",                           Who::Public,        signing::own),
        form("/me",                           Who::Public,        signing::own_act),
        page("/me/certificates/{certificate}", Who::Public,       signing::own_certificate),
        // figures by gender
        page("/statistics",                   Who::OFFICER,       statistics::list),
        page("/statistics/audit",             Who::OFFICER,       looks::show),
        page("/statistics/settings",          Who::OFFICER,       programme::settings),
        form("/statistics/settings",          Who::OFFICER,       programme::set_settings),
        page("/statistics/year/{year}",       Who::OFFICER,       programme::desk),
        page("/statistics/year/{year}/rows",  Who::OFFICER,       programme::rows),
        form("/statistics/year/{year}/texts", Who::OFFICER,       programme::set_text),
        page("/statistics/year/{year}/cross", Who::OFFICER,       cross::show),
        page("/statistics/year/{year}/cross/export", Who::OFFICER, cross::export),
        page("/statistics/year/{year}/{table}", Who::OFFICER,     programme::table),
        page("/statistics/year/{year}/{table}/export", Who::OFFICER, programme::export),
        page("/findings",                     Who::REGISTRAR,     findings::list),
        form("/findings",                     Who::REGISTRAR,     findings::set),
        page("/statistics/{id}",              Who::OFFICER,       statistics::show),
        page("/statistics/{id}/export",       Who::OFFICER,       statistics::export),
        file("/statistics/year/{year}/package", Who::OFFICER,     statistics::package),
        form("/statistics/{id}/hours",        Who::OFFICER,       upload::hours),
        // the house
        page("/accounts",                     Who::ADMINISTRATOR, admin::accounts),
        form("/accounts",                     Who::ADMINISTRATOR, admin::create),
        form("/accounts/{id}/reset",          Who::ADMINISTRATOR, admin::reset),
        form("/accounts/{id}/role",           Who::ADMINISTRATOR, admin::set_role),
        form("/accounts/{id}/disable",        Who::ADMINISTRATOR, admin::disable),
        form("/accounts/{id}/enable",         Who::ADMINISTRATOR, admin::enable),
        form("/accounts/{id}/tokens",         Who::ADMINISTRATOR, tokens::revoke_all),
        page("/system",                       Who::ADMINISTRATOR, admin::system),
        form("/system/strays",                Who::ADMINISTRATOR, admin::clear_strays),
        live("/system/events",                Who::ADMINISTRATOR, live::system),
        form("/system/images",                Who::ADMINISTRATOR, admin::build_images),
        // seats
        page("/seat",                         Who::Seat,          seat::show),
        page("/seat/me",                      Who::Seat,          answers::own),
        form("/seat/me",                      Who::Seat,          answers::set_own),
        live("/seat/events",                  Who::Seat,          live::seat),
        live("/seat/terminal",                Who::Seat,          terminal::open),
        page("/seat/score",                   Who::Seat,          judge::score),
        form("/seat/contests",                Who::Seat,          judge::contest_entry),
        live("/seat/desktop",                 Who::Seat,          desktop::open),
        page("/seat/files",                   Who::Seat,          files::show),
        upload("/seat/files",                 Who::Seat,          files::receive),
        file("/seat/files/get",               Who::Seat,          files::fetch),
        form("/seat/flags",                   RED,                seat::flag),
        form("/seat/hints",                   RED,                seat::hint),
        form("/seat/reports",                 BLUE,               seat::report),
        form("/seat/repairs",                 BLUE,               seat::repair),
        form("/seat/resets",                  Who::Seat,          hosts::reset_own),
    ]
}

/// All routes, for tests that try each as everybody.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    table()
        .iter()
        .map(|route| RouteInfo {
            method: route.method,
            path: route.gate.path,
            who: route.gate.who,
            page: route.gate.kind == Kind::Page,
        })
        .collect()
}

/// The web of this state.
pub fn router(web: Web) -> Router {
    let mut router = Router::new();
    for route in table() {
        let gate = middleware::from_fn_with_state((web.clone(), route.gate), gate::gate);
        let mut handler = route.handler.route_layer(gate);
        if route.gate.kind == gate::Kind::Upload {
            handler = handler.layer(DefaultBodyLimit::max(files::BODY_LIMIT));
        }
        router = router.route(route.gate.path, handler);
    }
    let secure = web.house.secure;
    router
        .merge(crate::api::router(&web))
        .fallback(gate::nowhere)
        .method_not_allowed_fallback(gate::wrong_method)
        .layer(middleware::from_fn(rest::take))
        .layer(CompressionLayer::new().gzip(true))
        .layer(middleware::from_fn_with_state(secure, headers::add))
        .with_state(web)
}
