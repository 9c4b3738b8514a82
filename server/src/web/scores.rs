//! Standings and points as files. They say what the board says to the same audience, to the digit, and at which position of
//! the ledger.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use rampart_app::exercise::Exercise;
use rampart_app::records::sheets::Sheet;
use rampart_app::{Export, ExportFormat, ScoreWords, Scores};
use rampart_domain::records::{Cell, roc};
use rampart_pages::Locale;
use scoreboard::{Audience, BoardView, Component, Fold, Side, TeamRow};

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
        self.fill(key, &[])
    }

    fn fill(&self, key: &str, args: &[(&str, String)]) -> String {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.web.pages.text(self.locale, key, &args)
    }

    fn heads(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.say(key)).collect()
    }

    fn components(&self, parts: &[Component]) -> Vec<String> {
        parts.iter().map(|part| self.say(&format!("component.{}", part.as_str()))).collect()
    }

    fn side(&self, side: Option<Side>) -> String {
        self.say(&format!("side.{}", side.map_or("", Side::as_str)))
    }

    fn rank(&self, team: &TeamRow) -> Cell {
        if team.rank == 0 { Cell::text(self.say("board.out")) } else { Cell::Count(team.rank.into()) }
    }
}

/// What an exercise said at one position of its ledger.
struct Moment {
    code: String,
    board: BoardView,
    /// Position, as the audience is told.
    position: u64,
    /// When it was reached, ms UTC.
    at_ms: i64,
    /// Entries that moved a score.
    scored: Vec<u64>,
    /// Names and sides of the teams, by id.
    teams: BTreeMap<String, (String, Side)>,
}

impl Moment {
    fn of(fold: &Fold, audience: Audience) -> Self {
        let board = fold.board(audience);
        let mut scored: Vec<u64> =
            fold.teams.iter().flat_map(|team| team.scored.iter().map(|(seq, _)| *seq)).collect();
        scored.sort_unstable();
        Self {
            code: board.code.clone(),
            position: board.seq,
            board,
            at_ms: fold.seen_by(audience).at_ms,
            scored,
            teams: fold.teams.iter().map(|team| (team.id.clone(), (team.name.clone(), team.side))).collect(),
        }
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

/// Points of a team by part, and when it reached its score.
fn figures<'a>(team: &'a TeamRow, parts: &'a [Component]) -> impl Iterator<Item = Cell> + 'a {
    let reached = if team.last.is_some() { roc::date_time(team.reached_ms) } else { String::new() };
    let of = move |part: &Component| Cell::Count(team.parts.get(part.as_str()).copied().unwrap_or(0));
    parts.iter().map(of).chain([Cell::text(reached)])
}

/// Teams in rank order with the parts of their scores; the last column is the position in the ledger.
fn standings(moment: &Moment, words: &Words<'_>) -> Sheet {
    let parts = parts();
    let mut columns = words.heads(&["scores.side", "word.rank", "word.team", "scores.team_id", "word.score"]);
    columns.extend(words.components(&parts));
    columns.extend(words.heads(&["board.reached", "scores.position"]));
    let mut rows = Vec::new();
    for side in &moment.board.sides {
        for team in &side.teams {
            let mut row = vec![
                Cell::text(words.side(Some(side.side))),
                words.rank(team),
                Cell::text(&team.name),
                Cell::text(&team.id),
                Cell::Count(team.points),
            ];
            row.extend(figures(team, &parts));
            row.push(number(moment.position));
            rows.push(row);
        }
    }
    Sheet { name: words.say("scores.standings"), columns, rows }
}

/// Every entry that moved a score, in order, with its reason in both languages.
async fn points(exercise: &Exercise, moment: &Moment, words: &Words<'_>) -> Result<Sheet, WebError> {
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
    let mut rows = Vec::with_capacity(moment.scored.len());
    let mut totals: BTreeMap<String, i64> = BTreeMap::new();
    for seqs in moment.scored.chunks(READ) {
        let mut stored = words.web.app.store.ledger().at(&exercise.id, seqs).await?;
        stored.sort_by_key(|sealed| sealed.entry.seq);
        for sealed in &stored {
            let Some((team, part, points, reason)) = sealed.entry.body.score() else { continue };
            let total = totals.entry(team.to_owned()).or_default();
            *total += points;
            let known = moment.teams.get(team);
            rows.push(vec![
                number(sealed.entry.seq),
                Cell::text(roc::date_time(sealed.entry.at_ms)),
                Cell::text(words.side(known.map(|(_, side)| *side))),
                Cell::text(known.map_or(team, |(name, _)| name)),
                Cell::text(team),
                Cell::text(words.say(&format!("component.{}", part.as_str()))),
                Cell::Count(points),
                Cell::Count(*total),
                Cell::text(words.web.pages.reason(Locale::ZhTw, reason, &zh)),
                Cell::text(words.web.pages.reason(Locale::En, reason, &en)),
                Cell::text(&reason.rule),
                number(moment.position),
            ]);
        }
    }
    Ok(Sheet { name: words.say("scores.points"), columns, rows })
}

/// Columns of the points that stand on paper; of the two reasons the one in the reader's language.
fn on_paper(points: &Sheet, words: &Words<'_>) -> Sheet {
    let why = if words.locale == Locale::ZhTw { 8 } else { 9 };
    let take = [0, 1, 3, 4, 5, 6, 7, why];
    let mut columns: Vec<String> = take.iter().filter_map(|at| points.columns.get(*at)).cloned().collect();
    if let Some(last) = columns.last_mut() {
        *last = words.say("judge.why");
    }
    let rows = points.rows.iter().map(|row| take.iter().filter_map(|at| row.get(*at)).cloned().collect());
    Sheet { name: points.name.clone(), columns, rows: rows.collect() }
}

/// What paper says: one table a side, with what a side can have, and the position above them and on each page.
fn paper(moment: &Moment, points: Option<&Sheet>, words: &Words<'_>) -> ScoreWords {
    let mut sheets: Vec<Sheet> = moment
        .board
        .sides
        .iter()
        .map(|side| {
            let parts = Component::of(side.side);
            let mut columns = words.heads(&["word.rank", "word.team", "scores.team_id", "word.score"]);
            columns.extend(words.components(parts));
            columns.push(words.say("board.reached"));
            let row = |team: &TeamRow| {
                let mut row = vec![
                    words.rank(team),
                    Cell::text(&team.name),
                    Cell::text(&team.id),
                    Cell::Count(team.points),
                ];
                row.extend(figures(team, parts));
                row
            };
            let max = words.fill("board.max", &[("max", side.max.to_string())]);
            let name = format!("{}\u{3000}{max}", words.side(Some(side.side)));
            Sheet { name, columns, rows: side.teams.iter().map(row).collect() }
        })
        .collect();
    sheets.extend(points.map(|points| on_paper(points, words)));
    let at = roc::date_time(moment.at_ms);
    let mut facts =
        vec![words.fill("scores.at_position", &[("seq", moment.position.to_string()), ("at", at)])];
    facts.extend(moment.board.frozen.then(|| words.say("board.frozen")));
    facts.push(words.say("board.ties"));
    // Where the numbers go is the language's to say.
    let (one, all) = ("\u{1}", "\u{2}");
    let page = words.fill("word.page_of", &[("page", one.to_owned()), ("pages", all.to_owned())]);
    let (before, rest) = page.split_once(one).unwrap_or((&page, ""));
    let (between, after) = rest.split_once(all).unwrap_or((rest, ""));
    let title = [("code", moment.code.clone()), ("title", moment.board.title.clone())];
    ScoreWords {
        title: words.fill("scores.paper", &title),
        facts,
        sheets,
        mark: words.fill("scores.as_of", &[("seq", moment.position.to_string())]),
        page: [before, between, after].map(str::to_owned),
        continued: words.say("scores.continued"),
    }
}

async fn made(
    words: &Words<'_>,
    exercise: &Exercise,
    moment: &Moment,
    with_points: bool,
    format: ExportFormat,
) -> Result<Vec<u8>, WebError> {
    let mut sheets = vec![standings(moment, words)];
    if with_points {
        sheets.push(points(exercise, moment, words).await?);
    }
    let paper = (format == ExportFormat::Pdf).then(|| paper(moment, sheets.get(1), words));
    let scores = Scores { sheets, paper, as_of_ms: moment.at_ms };
    Ok(words.web.app.score_file(scores, format).await?)
}

pub(crate) async fn file(web: &Web, locale: Locale, id: &str, name: &str, audience: Audience) -> Answer {
    let exercise = web.exercise(id)?;
    let words = Words { web, locale };
    let (what, format) = name
        .split_once('.')
        .and_then(|(what, ending)| Some((what, ExportFormat::from_ending(ending)?)))
        .ok_or_else(WebError::not_found)?;
    let (all, moment) = {
        let fold = exercise.fold();
        if audience == Audience::Public && !has_board(fold.status) {
            return Err(WebError::not_found());
        }
        // Reasons tell what others have missed: they are everybody's only when the board itself says all.
        let all = audience == Audience::Staff || fold.over() && fold.frozen.is_none();
        (all, Moment::of(&fold, audience))
    };
    let with_points = match what {
        "standings" => false,
        "points" if all => true,
        _ => return Err(WebError::not_found()),
    };
    let make = made(&words, &exercise, &moment, with_points, format);
    let bytes = if format == ExportFormat::Pdf {
        let board = &moment.board;
        let key = format!(
            "{id} {what} {audience:?} {locale:?} {} {} {:?}",
            moment.position, board.frozen, board.status
        );
        web.app.set_once(key, make).await?
    } else {
        make.await?
    };
    let name = format!("{}-{name}", moment.code);
    Ok(download(Export { name, media_type: format.media_type(), bytes }))
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
