//! The log of looks at personal figures and of files taken of them, for the programme officer alone.

use std::collections::BTreeMap;

use axum::extract::State;
use rampart_app::{LOOKS, Look, Looked};
use rampart_domain::records::behind::Group;
use rampart_domain::records::{By, CrossFigure};
use rampart_pages::{LookRow, LookWhat, LooksPage};

use super::error::Answer;
use super::state::Web;
use super::visit::Here;

/// A look as its page says it; `people` are names by id.
fn look(of: Looked, people: &BTreeMap<String, String>) -> LookWhat {
    match of {
        Looked::Table { table, year, edition, format } => {
            // `X5-AGE`: the number of the table, and its variable.
            let (number, by) = table.split_once('-').unwrap_or((table.as_str(), ""));
            let (table, by) = (number.to_owned(), by.to_lowercase());
            LookWhat::Table { table, by, year, edition, format: format.to_uppercase() }
        }
        Looked::Cross { rows, columns, figure, year, edition, format }
            if [&rows, &columns].iter().all(|by| by.is_empty() || By::from_code(by).is_some())
                && CrossFigure::from_code(&figure).is_some() =>
        {
            LookWhat::Cross { rows, columns, figure, year, edition, format: format.to_uppercase() }
        }
        Looked::Exercise { table, format, code } => {
            LookWhat::Exercise { hours: table == "hours", format, code }
        }
        Looked::Portal { code, .. } => LookWhat::Portal { code },
        Looked::Overview(year) => LookWhat::Overview { year },
        Looked::Rows { year, by } if Group::from_code(&by).is_some() => LookWhat::Rows { year, by },
        Looked::Texts(year) => LookWhat::Texts { year },
        Looked::Package(year) => LookWhat::Package { year },
        Looked::All { year, edition } => LookWhat::All { year, edition },
        Looked::Answers(person) => LookWhat::Answers { name: people.get(&person).cloned() },
        Looked::Requests => LookWhat::Requests,
        other => LookWhat::Other { text: other.to_string() },
    }
}

/// `GET /statistics/audit`.
pub(super) async fn show(State(web): State<Web>, visit: Here) -> Answer {
    let accounts = web.app.store.accounts().list().await?;
    let names: BTreeMap<String, String> = accounts.into_iter().map(|of| (of.id, of.name)).collect();
    let looks = web.app.looks().await?;
    let of_people = looks.iter().filter_map(|look| match &look.what {
        Looked::Answers(person) => Some(person.clone()),
        _ => None,
    });
    let people = web.app.store.persons().by_ids(&of_people.collect::<Vec<_>>()).await?;
    let people: BTreeMap<String, String> = people.into_iter().map(|of| (of.id, of.name)).collect();
    let row = |one: Look| LookRow {
        at_ms: one.at_ms,
        who: one.account_id.as_ref().and_then(|id| names.get(id)).cloned().unwrap_or_default(),
        exported: one.exported,
        what: look(one.what, &people),
    };
    web.page(&visit, &LooksPage { rows: looks.into_iter().map(row).collect(), most: i64::from(LOOKS) })
}
