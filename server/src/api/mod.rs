//! The JSON API, `/api/v1`: the same use cases as the pages, for programs. Each route says who may use it and what a token
//! must be for; the document (OpenAPI 3.1) is made from the handlers.

pub mod accounts;
pub mod board;
pub mod courses;
pub mod entered;
pub mod error;
pub mod exercises;
pub mod extract;
pub mod files;
pub mod findings;
pub(crate) mod gate;
pub(crate) mod guide;
pub mod hours;
pub mod judge;
pub mod materials;
pub mod me;
pub mod metrics;
pub mod people;
pub mod plans;
pub mod programme;
pub mod records;
pub mod register;
pub mod seat;
pub mod surveys;
pub mod system;
pub mod terminals;
pub mod types;
mod view;
pub mod webhooks;
pub mod year;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use rampart_domain::token::Scope;
use scoreboard::Side;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::web::{Web, Who};
use gate::Gate;

/// A route of the API as a test or a reader wants to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRoute {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// Pattern.
    pub path: String,
    /// Who may use it.
    pub who: Who,
    /// What a token must be for; `None` for what every token may.
    pub scope: Option<Scope>,
    /// Takes `Idempotency-Key`.
    pub makes: bool,
}

/// What else there is to know of a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// It makes something, and may be sent again with a key.
    Makes,
    /// Its body is a file.
    File,
    /// Its body is a file that is handed on as it comes.
    Stream,
}

struct Entry {
    who: Who,
    scope: Option<Scope>,
    kind: Kind,
    handler: UtoipaMethodRouter<Web>,
}

fn at(who: Who, scope: Scope, handler: UtoipaMethodRouter<Web>) -> Entry {
    Entry { who, scope: Some(scope), kind: Kind::Plain, handler }
}

fn making(who: Who, scope: Scope, handler: UtoipaMethodRouter<Web>) -> Entry {
    Entry { kind: Kind::Makes, ..at(who, scope, handler) }
}

fn file(who: Who, scope: Scope, handler: UtoipaMethodRouter<Web>) -> Entry {
    Entry { kind: Kind::File, ..at(who, scope, handler) }
}

fn stream(who: Who, scope: Scope, handler: UtoipaMethodRouter<Web>) -> Entry {
    Entry { kind: Kind::Stream, ..at(who, scope, handler) }
}

fn free(who: Who, handler: UtoipaMethodRouter<Web>) -> Entry {
    Entry { who, scope: None, kind: Kind::Plain, handler }
}

/// Every route of the API, who may use it, and what for.
fn table() -> Vec<Entry> {
    use Scope as S;
    vec![
        free(Who::LoggedIn, routes!(me::me)),
        at(Who::LoggedIn, S::TokensWrite, routes!(me::list)),
        at(Who::LoggedIn, S::TokensWrite, routes!(me::revoke)),
        at(Who::OVERSEER, S::ExercisesRead, routes!(exercises::list)),
        making(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::create)),
        at(Who::OVERSEER, S::ExercisesRead, routes!(exercises::show)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::launch)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::give_up)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::start)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::pause)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::resume)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::end)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::clear)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::rebuild)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::time_out)),
        at(Who::INSTRUCTOR, S::ExercisesRead, routes!(plans::schedule)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::schedule)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::deadline)),
        at(Who::OVERSEER, S::ExercisesRead, routes!(exercises::lines)),
        at(Who::OVERSEER, S::ExercisesRead, routes!(exercises::counters)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(exercises::reset_host)),
        at(Who::INSTRUCTOR, S::SeatsWrite, routes!(people::seats)),
        at(Who::INSTRUCTOR, S::SeatsWrite, routes!(people::give_seat)),
        at(Who::INSTRUCTOR, S::SeatsWrite, routes!(people::take_seat)),
        at(Who::INSTRUCTOR, S::SeatsWrite, routes!(people::spread)),
        at(Who::INSTRUCTOR, S::SeatsWrite, routes!(people::slips)),
        at(Who::INSTRUCTOR, S::AttendanceWrite, routes!(people::attendance)),
        at(Who::INSTRUCTOR, S::AttendanceWrite, routes!(people::sign)),
        at(Who::WATCHER, S::TerminalsRead, routes!(terminals::terminals)),
        at(Who::WATCHER, S::TerminalsRead, routes!(plans::desktops)),
        at(Who::WATCHER, S::TerminalsRead, routes!(terminals::recordings)),
        at(Who::WATCHER, S::TerminalsRead, routes!(terminals::cast)),
        at(Who::WATCHER, S::ExercisesRun, routes!(terminals::delete_recordings)),
        at(Who::OVERSEER, S::ExercisesRead, routes!(judge::contests)),
        at(Who::OVERSEER, S::ExercisesRead, routes!(judge::desk)),
        at(Who::INSTRUCTOR, S::JudgeWrite, routes!(judge::judge)),
        at(Who::LoggedIn, S::BoardRead, routes!(plans::boards)),
        at(Who::LoggedIn, S::BoardRead, routes!(board::board)),
        at(Who::LoggedIn, S::BoardRead, routes!(plans::history)),
        at(Who::OVERSEER, S::LedgerRead, routes!(board::ledger)),
        at(Who::OVERSEER, S::LedgerRead, routes!(board::points)),
        at(Who::OVERSEER, S::LedgerRead, routes!(board::scores)),
        at(Who::Account, S::PeopleRead, routes!(people::list)),
        file(Who::REGISTRAR, S::PeopleWrite, routes!(people::import)),
        making(Who::REGISTRAR, S::PeopleWrite, routes!(register::create)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(register::export)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(register::show)),
        at(Who::REGISTRAR, S::PeopleWrite, routes!(register::change)),
        at(Who::Account, S::PeopleRead, routes!(register::agencies)),
        making(Who::REGISTRAR, S::PeopleWrite, routes!(register::create_agency)),
        at(Who::REGISTRAR, S::PeopleWrite, routes!(register::change_agency)),
        at(Who::REGISTRAR, S::PeopleWrite, routes!(register::remove_agency)),
        at(Who::OFFICER, S::PeopleRead, routes!(register::duplicates)),
        at(Who::OFFICER, S::PeopleWrite, routes!(register::decide_duplicates)),
        at(Who::OFFICER, S::RecordsRead, routes!(register::requests)),
        at(Who::OFFICER, S::PeopleWrite, routes!(register::decide_request)),
        at(Who::OFFICER, S::PeopleRead, routes!(register::retention)),
        at(Who::OFFICER, S::PeopleWrite, routes!(register::set_retention)),
        at(Who::OFFICER, S::PeopleWrite, routes!(register::purge)),
        at(Who::OFFICER, S::RecordsRead, routes!(register::answers)),
        at(Who::OFFICER, S::PeopleWrite, routes!(register::set_answers)),
        at(Who::OFFICER, S::PeopleWrite, routes!(register::erase_answers)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(courses::list)),
        making(Who::INSTRUCTOR, S::ExercisesRun, routes!(courses::create)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(courses::show)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(courses::change)),
        making(Who::INSTRUCTOR, S::ExercisesRun, routes!(courses::create_session)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(courses::sheet)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(courses::change_session)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(courses::act)),
        at(Who::INSTRUCTOR, S::AttendanceWrite, routes!(courses::attendance)),
        at(Who::INSTRUCTOR, S::AttendanceWrite, routes!(courses::results)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(entered::list)),
        at(Who::REGISTRAR, S::AttendanceWrite, routes!(entered::take_back)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(courses::certificates)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(courses::issue)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(courses::revoke)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(materials::certificate)),
        free(Who::LoggedIn, routes!(materials::check)),
        at(Who::INSTRUCTOR, S::AttendanceWrite, routes!(materials::paper)),
        at(Who::INSTRUCTOR, S::AttendanceWrite, routes!(materials::exercise_paper)),
        at(Who::INSTRUCTOR, S::AttendanceWrite, routes!(materials::slips)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(materials::list)),
        making(Who::INSTRUCTOR, S::ExercisesRun, routes!(materials::add_link)),
        file(Who::INSTRUCTOR, S::ExercisesRun, routes!(materials::add_file)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(materials::take)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(materials::remove)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(materials::defaults)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(materials::set_defaults)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(surveys::list)),
        making(Who::INSTRUCTOR, S::ExercisesRun, routes!(surveys::create)),
        at(Who::REGISTRAR, S::PeopleRead, routes!(surveys::show)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(surveys::hand_out)),
        at(Who::INSTRUCTOR, S::ExercisesRun, routes!(surveys::close)),
        at(Who::OFFICER, S::RecordsWrite, routes!(surveys::papers)),
        at(Who::OFFICER, S::RecordsWrite, routes!(surveys::enter)),
        at(Who::OFFICER, S::RecordsRead, routes!(records::records)),
        at(Who::OFFICER, S::RecordsRead, routes!(records::export)),
        at(Who::OFFICER, S::RecordsRead, routes!(records::table)),
        at(Who::OFFICER, S::RecordsRead, routes!(records::package)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::overview)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::people)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::sessions)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::exercises)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::table)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::cross)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::export_cross)),
        at(Who::OFFICER, S::RecordsRead, routes!(year::looks)),
        at(Who::OFFICER, S::RecordsRead, routes!(programme::targets)),
        making(Who::OFFICER, S::RecordsWrite, routes!(programme::create_target)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::change_target)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::remove_target)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::claim)),
        at(Who::OFFICER, S::RecordsRead, routes!(programme::rules)),
        making(Who::OFFICER, S::RecordsWrite, routes!(programme::create_rule)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::change_rule)),
        at(Who::OFFICER, S::RecordsRead, routes!(programme::texts)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::write_text)),
        at(Who::OFFICER, S::RecordsRead, routes!(programme::settings)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::set_masking)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::set_office)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::set_issuer)),
        at(Who::OFFICER, S::RecordsWrite, routes!(programme::set_numbers)),
        at(Who::OFFICER, S::RecordsRead, routes!(hours::of_session)),
        at(Who::OFFICER, S::RecordsRead, routes!(hours::session_file)),
        at(Who::OFFICER, S::RecordsRead, routes!(hours::of_course)),
        at(Who::OFFICER, S::RecordsRead, routes!(hours::course_file)),
        at(Who::OFFICER, S::RecordsRead, routes!(hours::exercise_file)),
        at(Who::REGISTRAR, S::FindingsWrite, routes!(findings::list)),
        making(Who::REGISTRAR, S::FindingsWrite, routes!(findings::create)),
        at(Who::REGISTRAR, S::FindingsWrite, routes!(findings::change)),
        at(Who::REGISTRAR, S::FindingsWrite, routes!(findings::remove)),
        at(Who::AUTHOR, S::ScenariosRead, routes!(system::scenarios)),
        at(Who::AUTHOR, S::ScenariosRead, routes!(system::one)),
        at(Who::ADMINISTRATOR, S::SystemRead, routes!(system::system)),
        at(Who::ADMINISTRATOR, S::SystemRead, routes!(system::nodes)),
        at(Who::ADMINISTRATOR, S::AccountsWrite, routes!(accounts::list)),
        at(Who::ADMINISTRATOR, S::AccountsWrite, routes!(accounts::create)),
        at(Who::ADMINISTRATOR, S::AccountsWrite, routes!(accounts::reset_password)),
        at(Who::ADMINISTRATOR, S::AccountsWrite, routes!(accounts::set_role)),
        at(Who::ADMINISTRATOR, S::AccountsWrite, routes!(accounts::disable_account)),
        at(Who::ADMINISTRATOR, S::AccountsWrite, routes!(accounts::enable_account)),
        at(Who::ADMINISTRATOR, S::AccountsWrite, routes!(accounts::end_tokens)),
        at(Who::ADMINISTRATOR, S::MetricsRead, routes!(metrics::metrics)),
        at(Who::AUTHOR, S::ScenariosRead, routes!(system::images)),
        at(Who::AUTHOR, S::ImagesBuild, routes!(system::build)),
        at(Who::ADMINISTRATOR, S::SystemRead, routes!(system::strays)),
        at(Who::ADMINISTRATOR, S::SystemRun, routes!(system::clear_strays)),
        at(Who::AUTHOR, S::WebhooksWrite, routes!(webhooks::list)),
        at(Who::AUTHOR, S::WebhooksWrite, routes!(webhooks::make)),
        at(Who::AUTHOR, S::WebhooksWrite, routes!(webhooks::rotate)),
        at(Who::AUTHOR, S::WebhooksWrite, routes!(webhooks::remove)),
        at(Who::AUTHOR, S::WebhooksWrite, routes!(webhooks::deliveries)),
        at(Who::AUTHOR, S::WebhooksWrite, routes!(webhooks::resend)),
        at(Who::Seat, S::SeatPlay, routes!(seat::state)),
        at(Who::Seat, S::SeatPlay, routes!(seat::own_points)),
        at(Who::Side(Side::Red), S::SeatPlay, routes!(seat::flag)),
        at(Who::Side(Side::Red), S::SeatPlay, routes!(seat::hint)),
        making(Who::Side(Side::Blue), S::SeatPlay, routes!(seat::report)),
        at(Who::Side(Side::Blue), S::SeatPlay, routes!(seat::repair)),
        at(Who::Seat, S::SeatPlay, routes!(seat::reset)),
        at(Who::Seat, S::SeatPlay, routes!(seat::dispute)),
        at(Who::Seat, S::SeatPlay, routes!(register::own)),
        at(Who::Seat, S::SeatPlay, routes!(register::give_answers)),
        at(Who::Seat, S::SeatPlay, routes!(register::withdraw_answers)),
        at(Who::Seat, S::SeatPlay, routes!(register::ask)),
        at(Who::Seat, S::SeatPlay, routes!(files::list)),
        at(Who::Seat, S::SeatPlay, routes!(files::take)),
        stream(Who::Seat, S::SeatPlay, routes!(files::put)),
    ]
}

/// The operation of an item of one method.
fn operation(item: &mut PathItem) -> Option<(&'static str, &mut Operation)> {
    let PathItem { get, post, put, delete, .. } = item;
    [("GET", get), ("POST", post), ("PUT", put), ("DELETE", delete)]
        .into_iter()
        .find_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn facts(entry: &mut Entry) -> Option<(String, &'static str, &mut Operation)> {
    let (path, item) = entry.handler.1.paths.iter_mut().next()?;
    let (method, operation) = operation(item)?;
    Some((path.clone(), method, operation))
}

/// All routes, for tests that try each as everybody.
#[must_use]
pub fn routes() -> Vec<ApiRoute> {
    table()
        .into_iter()
        .filter_map(|mut entry| {
            let (who, scope, makes) = (entry.who, entry.scope, entry.kind == Kind::Makes);
            let (path, method, _) = facts(&mut entry)?;
            Some(ApiRoute { method, path, who, scope, makes })
        })
        .collect()
}

const ABOUT: &str = "Everything that the pages do, for programs. Send a personal token as `Authorization: Bearer rmp_…`; it is made on the page `/tokens`, has scopes, ends by itself and can be revoked. \
A scope never gives more than its owner's role. Times are milliseconds since 1970 UTC. Errors are problem details (RFC 9457) with a stable `code` and a text in the language of `Accept-Language` (`zh-TW` or `en`). \
Lists come in parts: send `next` back as `cursor`. Requests that make something take `Idempotency-Key`: the same key and request within a day are carried out once.";

fn base() -> OpenApi {
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Rampart").version("1").description(Some(ABOUT)).build())
        .build()
}

/// Who may, in words of the document.
pub(crate) fn roles(who: Who) -> Vec<&'static str> {
    match who {
        Who::Roles(roles) => roles.iter().map(|role| role.as_str()).collect(),
        Who::Account => vec!["administrator", "instructor", "officer"],
        Who::Seat => vec!["seat"],
        Who::Side(side) => vec![match side {
            Side::Red => "red seat",
            Side::Blue => "blue seat",
        }],
        Who::Open | Who::Public | Who::LoggedIn => vec!["everybody with a token"],
    }
}

/// What every route has: its scope, its errors.
fn complete(operation: &mut Operation, entry: (Option<Scope>, Kind, Who)) {
    let (scope, kind, who) = entry;
    operation.security = Some(vec![SecurityRequirement::new("token", scope.map(|scope| scope.as_str()))]);
    let problem = ResponseBuilder::new()
        .description("What went wrong")
        .content(
            error::MEDIA_TYPE,
            ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build(),
        )
        .build();
    operation.responses.responses.insert("default".to_owned(), problem.into());
    let may = roles(who);
    let mut text = operation.description.take().unwrap_or_default();
    text.push_str(&format!("\n\nFor: {}.", may.join(", ")));
    if kind == Kind::Makes {
        text.push_str(" Takes `Idempotency-Key`.");
    }
    operation.description = Some(text);
}

fn assembled(
    mut dress: impl FnMut(Gate, UtoipaMethodRouter<Web>) -> UtoipaMethodRouter<Web>,
) -> (Router<Web>, OpenApi) {
    let mut router = OpenApiRouter::with_openapi(base());
    for mut entry in table() {
        let known = (entry.scope, entry.kind, entry.who);
        let Some((path, _, operation)) = facts(&mut entry) else { continue };
        complete(operation, known);
        let gate = Gate {
            path,
            who: entry.who,
            scope: entry.scope,
            file: entry.kind == Kind::File,
            stream: entry.kind == Kind::Stream,
            makes: entry.kind == Kind::Makes,
        };
        router = router.routes(dress(gate, entry.handler));
    }
    let (router, mut document) = router.split_for_parts();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("rmp_…")
        .description(Some("A personal token, made on the page `/tokens`."))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    for (name, schema) in [schema::<error::ProblemBody>(), schema::<error::FieldProblem>()] {
        components.schemas.entry(name).or_insert(schema);
    }
    (router, document)
}

fn schema<T: utoipa::ToSchema>() -> (String, utoipa::openapi::RefOr<utoipa::openapi::Schema>) {
    (T::name().into_owned(), T::schema())
}

/// The document.
#[must_use]
pub fn document() -> OpenApi {
    assembled(|_, handler| handler).1
}

/// The routes, each behind its gate.
pub(crate) fn router(web: &Web) -> Router<Web> {
    assembled(|gate, (schemas, paths, handler)| {
        let layer = middleware::from_fn_with_state((web.clone(), Arc::new(gate)), gate::gate);
        // The gate has measured the body; the extractors' own limit is lower.
        (schemas, paths, handler.layer(DefaultBodyLimit::disable()).route_layer(layer))
    })
    .0
}
