//! One score, however it is asked for: a thousand people in forty teams, five hundred random entries, and after each tenth
//! every page, stream and file says what the ledger adds up to, to the digit, at the same position.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;
use std::ops::Add as _;
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, StatusCode};
use calamine::{Data, Ods, Reader, Xlsx};
use futures_util::StreamExt;
use rampart_app::NewExercise;
use rampart_app::exercise::{CommandError, Exercise, JudgeAct};
use rampart_app::records::export::csv_rows;
use rampart_domain::decide::RulingForm;
use rampart_domain::records::roc;
use scoreboard::{Answer as Flagged, Audience, Body as Entered, Component, Entry, Fold, Side, Status};
use serde_json::Value;

use crate::house::{House, Visitor};

const PEOPLE: usize = 1_001;
/// Pairs that the exercise is made with, and those that come besides.
const PAIRS: std::ops::RangeInclusive<u16> = 1..=12;
const MORE: std::ops::RangeInclusive<u16> = 13..=20;
/// Entries that move or could move a score.
const ENTRIES: u64 = 500;
/// Entries between two comparisons.
const STEP: u64 = 10;
/// The team that stands outside the ranks, and the one that nobody gave or did anything.
const OUT: &str = "r7";
const EMPTY: &str = "b20";
const OBJECTIVES: [&str; 3] = ["portal-db", "www-file", "doc-sealed"];
const LONG: Duration = Duration::from_secs(60);

type Rows = Vec<Vec<String>>;

/// Always the same numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn points(&mut self, most: u64) -> i64 {
        i64::try_from(self.below(most)).unwrap() + 1
    }
}

fn turns(steps: &[Status]) -> Vec<Entered> {
    steps
        .windows(2)
        .map(|pair| Entered::Status { from: pair[0], to: pair[1], note: None, why: None })
        .collect()
}

/// Names that formats and pages could stumble over.
fn name(side: Side, range: u16) -> String {
    match (side, range) {
        (Side::Red, 13) => "=SUM(A1)".into(),
        (Side::Red, 14) => "<b>粗體</b>".into(),
        (Side::Blue, 13) => "逗號,引號\"".into(),
        (Side::Blue, 14) => "0012".into(),
        (side, range) => format!("{}{range}隊", if side == Side::Red { "緋" } else { "碧" }),
    }
}

/// An exercise of forty teams with a thousand and one people in them, running.
async fn crowded(house: &mut House) {
    use Status::{Draft, Provisioning, Ready, Running};
    let teacher = house.accounts["teacher"].clone();
    let mut csv = "姓名,職號,機關\n".to_owned();
    for at in 0..PEOPLE {
        let _ = writeln!(csv, "學員{at},N{at:04},機關{}", at % 9);
    }
    let people = house.app.import_roster(csv.as_bytes(), None).await.unwrap().unwrap().ids;
    assert_eq!(people.len(), PEOPLE);
    let now_ms = house.app.now_ms();
    let new = NewExercise {
        scenario: "qinglan-portal".into(),
        code: "S115-09".into(),
        title: "千人".into(),
        pairs: *PAIRS.end(),
        starts_ms: now_ms,
        ends_ms: now_ms + 3_600_000,
        ..NewExercise::default()
    };
    house.exercise = house.app.create_exercise(&new, &teacher).await.unwrap();
    let team = |side: Side, range: u16| Entered::Team {
        team: format!("{}{range}", &side.as_str()[..1]),
        name: name(side, range),
        side,
        range,
    };
    let mut bodies: Vec<Entered> =
        MORE.flat_map(|range| [team(Side::Red, range), team(Side::Blue, range)]).collect();
    bodies.extend(turns(&[Draft, Provisioning, Ready, Running]));
    let exercise = house.exercise.clone();
    house.reopen(&exercise, bodies).await;
    let teams: Vec<String> = live(house).fold().teams.iter().map(|team| team.id.clone()).collect();
    assert_eq!(teams.len(), 40);
    // Straight into the store: what a seat's own entry says is told elsewhere, and moves no score.
    for (at, person) in people.iter().enumerate() {
        let id = format!("{at:032x}");
        let new = rampart_store::NewSeat {
            id: &id,
            exercise_id: &exercise,
            team: &teams[at % teams.len()],
            person_id: person,
            at_ms: now_ms,
        };
        house.app.store.seats().give(&new).await.unwrap();
    }
}

fn live(house: &House) -> std::sync::Arc<Exercise> {
    house.app.exercise(&house.exercise).unwrap()
}

/// Does something that comes by chance; what a rule refuses is no entry, and no fault either.
async fn by_chance(house: &House, dice: &mut Dice) {
    let live = live(house);
    let teacher = &house.accounts["teacher"];
    let range = u16::try_from(dice.below(20)).unwrap() + 1;
    let side = if dice.below(2) == 0 { "r" } else { "b" };
    let mut team = format!("{side}{range}");
    if team == EMPTY {
        team = "b1".into();
    }
    let red = format!("r{range}");
    let (points, text) = (dice.points(1_500), "=1+1, \"x\"".to_owned());
    let judge = |act| live.judge(teacher, act);
    let done = match dice.below(12) {
        0 | 1 => {
            let objective = OBJECTIVES[usize::try_from(dice.below(3)).unwrap()];
            let typed = if dice.below(4) == 0 { "rampart{no}".into() } else { live.flag_of(&red, objective) };
            live.submit_flag(&red, "s", objective, &typed).await.map(drop)
        }
        2 => live.open_hint(&red, "s", "portal-db-1").await.map(drop),
        3 | 4 => judge(JudgeAct::Penalise { team, points, text }).await,
        5 => {
            let about = {
                let fold = live.fold();
                let all: Vec<u64> =
                    fold.teams.iter().flat_map(|team| team.scored.iter().map(|(seq, _)| *seq)).collect();
                all.get(usize::try_from(dice.below(all.len().max(1) as u64)).unwrap()).copied().unwrap_or(1)
            };
            judge(JudgeAct::Lift { about, text }).await
        }
        6 if team != OUT => {
            let out = live.fold().team(&team).unwrap().out.is_none();
            judge(JudgeAct::Disqualify { team, out, text }).await
        }
        7 => {
            let about = live.fold().team(&team).unwrap().scored.last().map_or(1, |(seq, _)| *seq);
            live.contest(&team, "s", about, "請複核").await
        }
        8 => {
            let open =
                live.fold().contests.iter().find(|one| one.ruled.is_none()).map(|one| one.contest.clone());
            let upheld = dice.below(2) == 0;
            let form = RulingForm {
                contest: open.unwrap_or_default(),
                upheld,
                points: if upheld { points } else { 0 },
                text,
            };
            judge(JudgeAct::Rule(form)).await
        }
        _ => {
            let points = if dice.below(2) == 0 { points } else { -points };
            judge(JudgeAct::Correct { team, points, about: None, text }).await
        }
    };
    assert!(matches!(done, Ok(()) | Err(CommandError::Refused(_))), "{done:?}");
}

/// The board as a browser keeps it: a snapshot, then what changed.
struct Watcher {
    stream: BodyDataStream,
    rest: String,
    board: Value,
    /// The status is another one: a page is loaded again then, as reasons are told in full after the end.
    turned: bool,
}

impl Watcher {
    async fn new(visitor: &Visitor, path: &str) -> Self {
        let request = visitor.request(Method::GET, path).body(Body::empty()).unwrap();
        let response = visitor.open(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            stream: response.into_body().into_data_stream(),
            rest: String::new(),
            board: Value::Null,
            turned: false,
        }
    }

    /// Takes events until the board stands at a position.
    async fn until(&mut self, position: u64) -> &Value {
        while self.board["seq"] != position {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.rest = rest;
                self.take(&event);
                continue;
            }
            let piece = tokio::time::timeout(LONG, self.stream.next()).await.expect("the stream is silent");
            self.rest.push_str(std::str::from_utf8(&piece.unwrap().unwrap()).unwrap());
        }
        &self.board
    }

    fn take(&mut self, event: &str) {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let Ok(data) = serde_json::from_str::<Value>(field("data: ")) else { return };
        if field("event: ") == "snapshot" {
            self.board = data;
            return;
        }
        assert_eq!(data["from"], self.board["seq"], "a delta for another board");
        self.turned |= data["status"] != self.board["status"];
        for part in ["seq", "status", "frozen", "clock", "sides"] {
            self.board[part] = data[part].clone();
        }
        for (team, more) in data["series"].as_object().unwrap() {
            let known = &mut self.board["series"][team];
            if known.is_null() {
                *known = Value::Array(Vec::new());
            }
            known.as_array_mut().unwrap().extend(more.as_array().unwrap().iter().cloned());
        }
        let mut ticker = data["ticker"].as_array().unwrap().clone();
        ticker.extend(self.board["ticker"].as_array().unwrap().iter().cloned());
        ticker.truncate(30);
        self.board["ticker"] = Value::Array(ticker);
    }
}

/// Totals and parts by team, added up from the entries and nothing else.
fn added_up(entries: &[Entry]) -> BTreeMap<String, (i64, BTreeMap<&'static str, i64>)> {
    let mut sums: BTreeMap<String, (i64, BTreeMap<&'static str, i64>)> = BTreeMap::new();
    for entry in entries {
        if let Entered::Team { team, .. } = &entry.body {
            sums.entry(team.clone()).or_default();
        }
        if let Some((team, part, points, _)) = entry.body.score() {
            let sum = sums.entry(team.to_owned()).or_default();
            sum.0 += points;
            *sum.1.entry(part.as_str()).or_default() += points;
        }
    }
    sums
}

/// Rows of the standings as each file must have them.
fn expected(fold: &Fold) -> Rows {
    let mut parts = Component::of(Side::Red).to_vec();
    parts.extend(Component::of(Side::Blue).iter().filter(|part| !Component::of(Side::Red).contains(part)));
    let mut rows = Vec::new();
    for side in [Side::Red, Side::Blue] {
        for team in fold.ranks(side, Audience::Public) {
            let mut row = vec![
                if side == Side::Red { "紅隊" } else { "藍隊" }.to_owned(),
                if team.rank == 0 { "除名".to_owned() } else { team.rank.to_string() },
                team.name.clone(),
                team.id.clone(),
                team.points.to_string(),
            ];
            row.extend(parts.iter().map(|part| team.parts.get(part.as_str()).unwrap_or(&0).to_string()));
            row.push(if team.last.is_some() { roc::date_time(team.reached_ms) } else { String::new() });
            row.push(fold.seq.to_string());
            rows.push(row);
        }
    }
    rows
}

async fn got(visitor: &Visitor, path: &str) -> Vec<u8> {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.bytes
}

fn cells<R: Reader<Cursor<Vec<u8>>>>(mut book: R) -> Vec<Rows>
where
    R::Error: std::fmt::Debug,
{
    let cell = |cell: &Data| match cell {
        Data::Float(number) => format!("{number:.0}"),
        Data::Empty => String::new(),
        other => other.to_string(),
    };
    let sheets = book.sheet_names();
    sheets
        .iter()
        .map(|name| {
            book.worksheet_range(name).unwrap().rows().map(|row| row.iter().map(cell).collect()).collect()
        })
        .collect()
}

/// The sheets of a file, whatever its format.
async fn sheets(visitor: &Visitor, path: &str) -> Vec<Rows> {
    let bytes = got(visitor, path).await;
    match path.rsplit('.').next().unwrap() {
        "csv" => vec![csv_rows(&bytes).unwrap()],
        "ods" => cells(Ods::new(Cursor::new(bytes)).unwrap()),
        _ => cells(Xlsx::new(Cursor::new(bytes)).unwrap()),
    }
}

fn text_of(pdf: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pdf");
    std::fs::write(&path, pdf).unwrap();
    let mut command = std::process::Command::new("pdftotext");
    let output = command.args(["-layout", "-enc", "UTF-8"]).arg(&path).arg("-").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A number as pages print it.
fn number(printed: &str) -> i64 {
    printed
        .replace(',', "")
        .replace('\u{2212}', "-")
        .parse()
        .unwrap_or_else(|_| panic!("{printed} is no number"))
}

fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        rest = tag.split_once('>').unwrap().1;
    }
    out.push_str(rest);
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'");
    out.replace("&#x2f;", "/").replace("&amp;", "&")
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1;
    rest.split_once(to).unwrap().0
}

/// Rows of the table of the board: rank, name, points, reached. Parts are compared by their sum.
fn table_rows(page: &str) -> Rows {
    let mut rows = Vec::new();
    for table in page.split("<tbody>").skip(1).take(2) {
        for row in table.split("</tbody>").next().unwrap().split("<tr>").skip(1) {
            let cells: Vec<String> = row
                .split("<t")
                .skip(1)
                .filter_map(|cell| Some(plain(&format!("<t{}", cell.rsplit_once("</t")?.0))))
                .collect();
            rows.push(cells);
        }
    }
    rows
}

struct Eyes {
    spectator: Visitor,
    teacher: Visitor,
    seats: Vec<(&'static str, Visitor)>,
    watcher: Watcher,
}

impl Eyes {
    async fn open(house: &House) -> Self {
        let spectator = house.visitor();
        let watcher = Watcher::new(&spectator, &format!("/board/{}/events", house.exercise)).await;
        let mut seats = Vec::new();
        for team in ["r1", "b2", OUT, EMPTY] {
            seats.push((team, house.seat(team).await));
        }
        Self { teacher: house.staff("teacher").await, spectator, seats, watcher }
    }

    async fn watch_anew(&mut self, house: &House) {
        self.watcher = Watcher::new(&self.spectator, &format!("/board/{}/events", house.exercise)).await;
    }

    /// Compares everything with the ledger; `false` when something was entered meanwhile.
    async fn agree(&mut self, house: &House, files: bool) -> bool {
        let live = live(house);
        let position = live.fold().seq;
        let raw = house.app.store.ledger().raw_after(&house.exercise, 0, u32::MAX).await.unwrap();
        let entries: Vec<Entry> = raw.iter().map(|one| serde_json::from_str(&one.text).unwrap()).collect();
        let fold = Fold::of(&entries);
        if fold.seq != position {
            return false;
        }
        let board = serde_json::to_value(fold.board(Audience::Public)).unwrap();
        let rows = expected(&fold);
        let sums = added_up(&entries);
        for row in &rows {
            assert_eq!(row[4], sums[&row[3]].0.to_string(), "{row:?}");
            assert_eq!(row[5..18].iter().map(|part| number(part)).sum::<i64>(), sums[&row[3]].0, "{row:?}");
        }
        // As JSON, once what is made for everybody has come so far; as a stream; on the wall and as a table.
        let at = format!("/board/{}", house.exercise);
        let began = Instant::now();
        let state = loop {
            let state: Value =
                serde_json::from_slice(&got(&self.spectator, &format!("{at}/state")).await).unwrap();
            if state["seq"].as_u64().unwrap() >= position {
                break state;
            }
            assert!(began.elapsed() < LONG, "the board stays behind");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let wall = String::from_utf8(got(&self.spectator, &at).await).unwrap();
        let table = String::from_utf8(got(&self.spectator, &format!("{at}/table")).await).unwrap();
        let mut pages = Vec::new();
        for (team, seat) in &self.seats {
            pages.push((*team, String::from_utf8(got(seat, "/seat/score").await).unwrap()));
        }
        let scores = format!("{at}/scores/standings");
        let mut told = Vec::new();
        for ending in ["csv", "xlsx", "ods"] {
            told.push((ending, sheets(&self.spectator, &format!("{scores}.{ending}")).await.remove(0)));
        }
        let mut lines = Vec::new();
        let staff = format!("/exercises/{}/scores/points", house.exercise);
        if files {
            for ending in ["csv", "xlsx", "ods"] {
                lines.push((ending, sheets(&self.teacher, &format!("{staff}.{ending}")).await));
            }
        }
        if live.fold().seq != position {
            return false;
        }
        assert_eq!(state, board, "as JSON");
        self.watcher.until(position).await;
        if self.watcher.turned {
            self.watch_anew(house).await;
        }
        assert_eq!(*self.watcher.until(position).await, board, "as a stream");
        let data: Value = serde_json::from_str(between(&wall, "id=\"board-data\">", "</script>")).unwrap();
        assert_eq!(data["board"], board, "in the wall's page");
        for row in &rows {
            let item = between(&wall, &format!("<li data-team=\"{}\">", row[3]), "</li>");
            assert_eq!(plain(between(item, "<span class=\"rank\">", "</span>")), row[1], "{row:?}");
            assert_eq!(plain(between(item, "<b>", "</b>")), row[2], "{row:?}");
            assert_eq!(number(between(item, "data-score>", "<")).to_string(), row[4], "{row:?}");
        }
        assert_eq!(between(&table, "data-position=\"", "\""), position.to_string());
        let said = table_rows(&table);
        assert_eq!(said.len(), rows.len());
        for (said, row) in said.iter().zip(&rows) {
            assert_eq!((&said[0], &said[1]), (&row[1], &row[2]));
            assert_eq!(number(&said[2]).to_string(), row[4], "{row:?}");
            let parts: i64 = said[3..said.len() - 1].iter().map(|part| number(part)).sum();
            assert_eq!(parts.to_string(), row[4], "{row:?}");
        }
        for (team, page) in &pages {
            let own = between(page, "data-position=\"", "</p>");
            assert_eq!(own.split('"').next().unwrap(), position.to_string(), "{team}");
            let (total, parts) = &sums[*team];
            let score = plain(between(own, "<b>", "</b>"));
            assert_eq!(number(score.split_whitespace().last().unwrap()), *total, "{team}");
            let said: Vec<i64> = own
                .split("<span class=\"pts")
                .skip(1)
                .map(|part| number(between(part, ">", "<").trim_start_matches('+')))
                .collect();
            let mut wanted: Vec<i64> = Vec::new();
            for (component, points) in &fold.team(team).unwrap().parts {
                assert_eq!(parts.get(component.as_str()).unwrap_or(&0), points, "{team}");
                wanted.extend(Some(*points).filter(|points| *points != 0));
            }
            wanted.sort_unstable();
            let mut sorted = said;
            sorted.sort_unstable();
            assert_eq!(sorted, wanted, "{team}");
        }
        for (ending, told) in &told {
            assert_eq!(told[1..], rows, "{ending}");
            assert_eq!(told[0], told_head(told), "{ending}");
        }
        self.lines_agree(&entries, &lines, &rows, position);
        true
    }

    /// Files of points: each entry that has points, in order, with the running total of its team.
    fn lines_agree(&self, entries: &[Entry], files: &[(&str, Vec<Rows>)], standings: &Rows, position: u64) {
        let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
        let mut wanted: Rows = Vec::new();
        for entry in entries {
            let Some((team, _, points, reason)) = entry.body.score() else { continue };
            if points == 0 {
                continue;
            }
            let total = totals.entry(team).or_default();
            *total += points;
            let figures = [entry.seq.to_string(), roc::date_time(entry.at_ms), team.to_owned()];
            let more = [points.to_string(), total.to_string(), reason.rule.clone(), position.to_string()];
            wanted.push(figures.into_iter().chain(more).collect());
        }
        for (ending, sheets) in files {
            let lines = sheets.last().unwrap();
            let said: Rows = lines[1..]
                .iter()
                .filter(|row| row[6] != "0")
                .map(|row| [0, 1, 4, 6, 7, 10, 11].map(|at| row[at].clone()).to_vec())
                .collect();
            assert_eq!(said, wanted, "{ending}");
            if *ending != "csv" {
                assert_eq!(sheets.len(), 2);
                assert_eq!(&sheets[0][1..], standings, "{ending}");
            }
        }
    }

    /// Paper: every team's line under its side, every line of points, and the position on each page.
    async fn paper_agrees(&self, house: &House, what: &str) -> bool {
        let position = live(house).fold().seq;
        let path = format!("/exercises/{}/scores/{what}", house.exercise);
        let pdf = got(&self.teacher, &format!("{path}.pdf")).await;
        let standings =
            sheets(&self.teacher, &path.replace("points", "standings").add(".csv")).await.remove(0);
        let points = sheets(&self.teacher, &path.replace("standings", "points").add(".csv")).await.remove(0);
        if live(house).fold().seq != position {
            return false;
        }
        let text = text_of(&pdf);
        let lines: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for row in &standings[1..] {
            let side = if row[0] == "紅隊" { Side::Red } else { Side::Blue };
            let red = Component::of(Side::Red);
            let mut wanted = vec![row[1].clone(), row[2].clone(), row[3].clone(), row[4].clone()];
            for part in Component::of(side) {
                let at = red.iter().position(|one| one == part).unwrap_or_else(|| {
                    let rest = Component::of(Side::Blue).iter().filter(|one| !red.contains(one));
                    red.len() + rest.clone().position(|one| one == part).unwrap()
                });
                wanted.push(row[5 + at].clone());
            }
            wanted.push(row[row.len() - 2].clone());
            let wanted = wanted.join(" ");
            assert!(lines.contains(&wanted.trim().to_owned()), "{what}: no line {wanted} in\n{text}");
        }
        if what == "points" {
            for row in &points[1..] {
                let head = format!("{} {} ", row[0], row[1]);
                let line = lines.iter().find(|line| line.starts_with(&head));
                let line = line.unwrap_or_else(|| panic!("no line {head} in\n{text}"));
                let figures = format!(" {} {} {} {} ", row[4], row[5], row[6], row[7]);
                assert!(line.contains(&figures), "{line} has no {figures}");
            }
        }
        let mark = format!("計至紀錄第 {position} 筆");
        let pages = text.matches('\u{c}').count();
        assert_eq!(text.matches(&mark).count(), pages, "{text}");
        assert!(text.contains(&format!("演練紀錄第 {position} 筆")));
        true
    }
}

/// The head of a table of standings: as many headings as cells, none twice.
fn told_head(rows: &Rows) -> Vec<String> {
    let mut head = rows[0].clone();
    assert!(rows.iter().all(|row| row.len() == head.len()));
    head.sort();
    head.dedup();
    assert_eq!(head.len(), rows[0].len(), "a heading stands twice");
    rows[0].clone()
}

#[tokio::test]
async fn every_page_stream_and_file_says_what_the_ledger_adds_up_to() {
    let mut house = House::new().await;
    crowded(&mut house).await;
    let mut eyes = Eyes::open(&house).await;
    let teacher = house.accounts["teacher"].clone();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let out = JudgeAct::Disqualify { team: OUT.into(), out: true, text: "代打".into() };
    live(&house).judge(&teacher, out).await.unwrap();
    let first = live(&house).fold().seq;
    let mut next = first + STEP;
    let mut compared = 0_u32;
    let mut ended = false;
    while next <= first + ENTRIES {
        while live(&house).fold().seq < next {
            by_chance(&house, &mut dice).await;
        }
        // The last fifth comes after the end: late flags count nothing, rulings still do.
        if !ended && next > first + ENTRIES * 4 / 5 {
            live(&house).turn(&teacher, Status::Ended).await.unwrap();
            ended = true;
        }
        let began = Instant::now();
        while !eyes.agree(&house, compared.is_multiple_of(10)).await {
            assert!(began.elapsed() < LONG, "the ledger never stands still");
        }
        if compared == 20 {
            while !eyes.paper_agrees(&house, "standings").await {}
        }
        compared += 1;
        next = live(&house).fold().seq + STEP;
    }
    assert!(u64::from(compared) >= ENTRIES / STEP * 9 / 10, "{compared}");
    while !eyes.agree(&house, true).await {}
    while !eyes.paper_agrees(&house, "points").await {}
    // Everything that was to come by chance did come.
    let fold = live(&house).fold().clone();
    let kinds: Vec<&str> = ["objectives", "hints", "penalties", "rulings"].to_vec();
    for kind in kinds {
        assert!(
            fold.teams
                .iter()
                .any(|team| team.parts.iter().any(|(part, points)| part.as_str() == kind && *points != 0)),
            "{kind}"
        );
    }
    assert_eq!(fold.team(EMPTY).unwrap().last, None);
    assert!(fold.team(OUT).unwrap().out.is_some());
    let late = |one: &rampart_store::RawEntry| {
        let entry: Entry = serde_json::from_str(&one.text).unwrap();
        matches!(entry.body, Entered::Flag { answer: Flagged::Late, .. })
    };
    let raw = house.app.store.ledger().raw_after(&house.exercise, 0, u32::MAX).await.unwrap();
    assert!(raw.iter().any(late), "none came late");
}
