//! Rows that look like one person: the list of pairs, merging, and taking it back.

use axum::extract::State;
use axum::http::StatusCode;
use rampart_app::duplicates::{Likeness, MergeError};
use rampart_pages::{DuplicateKind, DuplicatePair, Duplicates, Problem, Tone};

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::register as view;
use super::visit::{Here, flash};
use super::who::Staff;

async fn page(web: &Web, problems: Vec<Problem>) -> Result<Duplicates, WebError> {
    let pairs = web.app.duplicates().await?;
    Ok(Duplicates {
        pairs: pairs
            .iter()
            .map(|pair| DuplicatePair {
                one: view::reference(&pair.one),
                other: view::reference(&pair.other),
                kind: match pair.likeness {
                    Likeness::Number => DuplicateKind::Number,
                    Likeness::Name => DuplicateKind::Name,
                    Likeness::Email => DuplicateKind::Email,
                },
            })
            .collect(),
        problems,
    })
}

/// `GET /people/duplicates`.
pub(super) async fn list(State(web): State<Web>, visit: Here) -> Answer {
    web.page(&visit, &page(&web, Vec::new()).await?)
}

/// `POST /people/duplicates`.
pub(super) async fn act(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let (person, why) = (form.get("person"), form.get("reason"));
    // A person may be named by id or by staff number.
    let typed = form.get("into");
    let into = match web.app.store.persons().by_number(typed).await? {
        Some(known) if !typed.is_empty() => known.id,
        _ => typed.to_owned(),
    };
    let (code, done) = match form.get("act") {
        "merge" => ("people_merged", web.app.merge_persons(person, &into, why, &staff.id).await),
        "part" => ("people_parted", web.app.part_persons(person, why, &staff.id).await),
        "apart" => {
            let known = web.app.store.persons().by_ids(&[person.to_owned(), into.clone()]).await?;
            if known.len() != 2 {
                return Err(WebError::not_found());
            }
            web.app.keep_apart(person, &into, &staff.id).await?;
            ("people_apart", Ok(()))
        }
        _ => return Err(WebError::bad_request()),
    };
    match done {
        Ok(()) => {
            let back = if form.get("back") == "person" {
                format!("/people/{person}")
            } else {
                "/people/duplicates".to_owned()
            };
            let plain = back.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-'));
            let mut response = see_other(if plain { &back } else { "/people/duplicates" });
            flash(&web, &mut response, Tone::Ok, code, &[]);
            Ok(response)
        }
        Err(error) => {
            let problem = match error {
                MergeError::Reason => Problem::new("merge_reason").on("reason"),
                MergeError::Unfit => Problem::new("merge_unfit").on("into"),
                MergeError::App(error) => return Err(error.into()),
            };
            web.page_as(
                StatusCode::UNPROCESSABLE_ENTITY,
                &visit.at("/people/duplicates"),
                &page(&web, vec![problem]).await?,
            )
        }
    }
}
