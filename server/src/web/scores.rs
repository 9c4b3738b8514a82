//! Standings and points as files. They say what the board says to the same audience, to the digit, and at which position of
//! the ledger.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use rampart_app::Export;
use rampart_app::exercise::Exercise;
use rampart_app::records::sheets::{self, Sheet};
use rampart_domain::records::{Cell, roc};
use rampart_pages::Locale;
use scoreboard::{Audience, Component, Fold, Side};

use super::board::has_board;
use super::error::{Answer, WebError};
use super::state::Web;
use super::statistics::download;
use super::view;
use super::visit::Here;
use super::who::Staff;

/// Entries read at a time.
const READ: usize = 500;

/// Words of one language.
struct Words<'a> {
    web: &'a Web,
    locale: Locale,
}

impl Words<'_> {
    fn say(&self, key: &str) -> String {
        self.web.pages.text(self.locale, key, &BTreeMap::new())
    }

    fn heads(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.say(key)).collect()
    }
}

fn parts() -> Vec<Component> {
    let mut parts = Component::of(Side::Red).to_vec();
    for part in Component::of(Side::Blue) {
        if !parts.contains(part) {
            parts.push(*part);
        }
    }
    parts
}

fn number(value: u64) -> Cell {
    Cell::Count(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Teams in rank order with the parts of their scores; the last column is the position in the ledger.
fn standings(fold: &Fold, audience: Audience, words: &Words<'_>) -> Sheet {
    let board = fold.board(audience);
    let parts = parts();
    let mut columns = words.heads(&["scores.side", "word.rank", "word.team", "scores.team_id", "word.score"]);
    columns.extend(parts.iter().map(|part| words.say(&format!("component.{}", part.as_str()))));
    columns.extend(words.heads(&["board.reached", "scores.position"]));
    let mut rows = Vec::new();
    for side in &board.sides {
        for team in &side.teams {
            let mut row = vec![
                Cell::text(words.say(&format!("side.{}", side.side.as_str()))),
                if team.rank == 0 {
                    Cell::text(words.say("board.out"))
                } else {
                    Cell::Count(team.rank.into())
                },
                Cell::text(&team.name),
                Cell::text(&team.id),
                Cell::Count(team.points),
            ];
            let of = |part: &Component| Cell::Count(team.parts.get(part.as_str()).copied().unwrap_or(0));
            row.extend(parts.iter().map(of));
            let reached = if team.last.is_some() { roc::date_time(team.reached_ms) } else { String::new() };
            row.extend([Cell::text(reached), number(board.seq)]);
            rows.push(row);
        }
    }
    Sheet { name: words.say("scores.standings"), columns, rows }
}

/// Every entry that moved a score, in order, with its reason in both languages.
async fn points(web: &Web, exercise: &Exercise, words: &Words<'_>) -> Result<Sheet, WebError> {
    let (seqs, position) = {
        let fold = exercise.fold();
        let mut seqs: Vec<u64> =
            fold.teams.iter().flat_map(|team| team.scored.iter().map(|(seq, _)| *seq)).collect();
        seqs.sort_unstable();
        (seqs, fold.seq)
    };
    let names = |locale| view::all_names(exercise.scenario(), locale);
    let (zh, en) = (names(Locale::ZhTw), names(Locale::En));
    let columns = words.heads(&[
        "scores.entry",
        "judge.at",
        "scores.side",
        "word.team",
        "scores.team_id",
        "judge.part",
        "judge.points",
        "scores.total",
        "scores.why_zh",
        "scores.why_en",
        "scores.rule",
        "scores.position",
    ]);
    let mut rows = Vec::with_capacity(seqs.len());
    let mut totals: BTreeMap<String, i64> = BTreeMap::new();
    for seqs in seqs.chunks(READ) {
        let mut stored = web.app.store.ledger().at(&exercise.id, seqs).await?;
        stored.sort_by_key(|sealed| sealed.entry.seq);
        let fold = exercise.fold();
        for sealed in &stored {
            let Some((team, part, points, reason)) = sealed.entry.body.score() else { continue };
            let total = totals.entry(team.to_owned()).or_default();
            *total += points;
            let known = fold.team(team);
            let side = known.map_or("", |team| team.side.as_str());
            rows.push(vec![
                number(sealed.entry.seq),
                Cell::text(roc::date_time(sealed.entry.at_ms)),
                Cell::text(words.say(&format!("side.{side}"))),
                Cell::text(known.map_or(team, |team| team.name.as_str())),
                Cell::text(team),
                Cell::text(words.say(&format!("component.{}", part.as_str()))),
                Cell::Count(points),
                Cell::Count(*total),
                Cell::text(web.pages.reason(Locale::ZhTw, reason, &zh)),
                Cell::text(web.pages.reason(Locale::En, reason, &en)),
                Cell::text(&reason.rule),
                number(position),
            ]);
        }
    }
    Ok(Sheet { name: words.say("scores.points"), columns, rows })
}

pub(crate) async fn file(web: &Web, locale: Locale, id: &str, name: &str, audience: Audience) -> Answer {
    let exercise = web.exercise(id)?;
    let words = Words { web, locale };
    // Reasons tell what others have missed: they are everybody's only when the board itself says all.
    let code = exercise.code();
    let all = {
        let fold = exercise.fold();
        if audience == Audience::Public && !has_board(fold.status) {
            return Err(WebError::not_found());
        }
        audience == Audience::Staff || fold.over() && fold.frozen.is_none()
    };
    let standings = || standings(&exercise.fold(), audience, &words);
    let bytes = match name {
        "standings.csv" => sheets::csv(&standings()),
        "standings.xlsx" => sheets::xlsx(&[standings()]),
        "points.csv" if all => sheets::csv(&points(web, &exercise, &words).await?),
        "points.xlsx" if all => {
            let points = points(web, &exercise, &words).await?;
            sheets::xlsx(&[standings(), points])
        }
        _ => return Err(WebError::not_found()),
    };
    let bytes = bytes.map_err(WebError::internal)?;
    let media_type =
        if name.ends_with(".csv") { "text/csv; charset=utf-8; header=present" } else { sheets::XLSX };
    Ok(download(Export { name: format!("{code}-{name}"), media_type, bytes }))
}

/// `GET /board/{id}/scores/{file}`: what the public sees.
pub(super) async fn public(
    State(web): State<Web>,
    visit: Here,
    Path((id, name)): Path<(String, String)>,
) -> Answer {
    file(&web, visit.locale, &id, &name, Audience::Public).await
}

/// `GET /exercises/{id}/scores/{file}`: what is so, whatever the board shows.
pub(super) async fn staff(
    State(web): State<Web>,
    visit: Here,
    _staff: Staff,
    Path((id, name)): Path<(String, String)>,
) -> Answer {
    file(&web, visit.locale, &id, &name, Audience::Staff).await
}
