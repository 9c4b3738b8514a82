//! One exercise from roster to cleared range, played through the pages by five people in browsers of their own.

mod after;
mod blue;
mod prepare;
mod red;

use std::cell::Cell;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::browser::{Browser, Driver};
use crate::harness::http::Person;
use crate::harness::server::Server;
use crate::harness::{SOON, eventually, keep, page, unique};

/// Who plays: name on the roster, staff number, agency, gender, team.
pub const PEOPLE: [(&str, &str, &str, &str, &str); 5] = [
    ("許藍圖", "A101", "縣政府 數位發展處", "男", "r1"),
    ("蔡紅磚", "A102", "木棉雲端", "女", "b1"),
    ("謝測試", "A103", "縣政府 數位發展處", "其他", "r2"),
    ("王假名", "S005", "青嵐科技大學", "不願透露", "b2"),
    ("周無記", "S006", "青嵐科技大學", "", "b2"),
];

/// Time that a script in a terminal or a judgement may take.
pub const LONG: Duration = Duration::from_secs(300);

/// Everything that the story needs while it goes on.
pub struct Play {
    pub server: Server,
    pub driver: Driver,
    /// Session code of the exercise.
    pub code: String,
    /// Its id, once it is made.
    pub exercise: String,
    /// Seat codes by name.
    pub codes: Vec<(String, String)>,
    pub browsers: Vec<Browser>,
    /// What was played, to be found again in the figures.
    pub points_red: i64,
    pub points_blue_claims: i64,
    /// Somebody who only looks, without an account.
    pub passer_by: Person,
    /// What was not right but did not end the story; told at its end.
    pub complaints: Vec<String>,
}

impl Play {
    async fn begin() -> Self {
        let server = Server::start().await;
        let driver = Driver::start().await;
        let passer_by = Person::new(&server.base());
        let mut play = Self {
            code: format!("S-{}", unique()),
            server,
            driver,
            exercise: String::new(),
            codes: Vec::new(),
            browsers: Vec::new(),
            points_red: 0,
            points_blue_claims: 0,
            passer_by,
            complaints: Vec::new(),
        };
        for name in ["admin", "instructor", "officer", "red", "blue", "spectator"] {
            let browser = play.driver.browser(name, &play.server.base()).await;
            play.browsers.push(browser);
        }
        play
    }

    /// Somebody's browser.
    pub fn of(&self, name: &str) -> &Browser {
        self.browsers.iter().find(|browser| browser.name == name).unwrap()
    }

    /// Path of a page of the exercise.
    pub fn at(&self, part: &str) -> String {
        format!("/exercises/{}{part}", self.exercise)
    }

    /// Waits until the control room, which nobody reloads, shows a state. The server is asked too, so that a page that is
    /// not told is found out at once.
    pub async fn wait_state(&self, state: &str, within: Duration) {
        let what = format!("the control room shows {state}");
        let room = self.of("instructor");
        let shown = format!("[data-state=\"{state}\"]");
        let since: Cell<Option<Instant>> = Cell::new(None);
        eventually(&what, within, || async {
            if room.has(&shown).await {
                return Some(());
            }
            let html = room.person().await.get(&self.at("")).await.text();
            let now = page::first(&html, r#"data-state="([a-z]+)""#);
            assert!(now != "failed" || state == "failed", "the launch failed: {}", page::said(&html));
            if now == state {
                let began = since.get().unwrap_or_else(Instant::now);
                since.set(Some(began));
                assert!(
                    began.elapsed() < SOON,
                    "the exercise is {state}, but the open page does not show it"
                );
            }
            None
        })
        .await;
    }

    /// Presses a button of the control room that asks nothing back.
    pub async fn press(&self, act: &str) {
        self.of("instructor").click(&format!("form[action$=\"/{act}\"] button")).await;
    }

    /// Takes a picture for README when `RAMPART_TEST_PICTURES` names a folder.
    pub async fn picture(&self, who: &str, name: &str) {
        let Some(folder) = std::env::var_os("RAMPART_TEST_PICTURES") else { return };
        let picture = self.of(who).client.screenshot().await.unwrap();
        std::fs::write(std::path::Path::new(&folder).join(name), picture).unwrap();
    }

    /// The board as its stream begins: what a spectator's page is fed with.
    pub async fn board(&self) -> Value {
        use futures_util::StreamExt;
        let response = self.passer_by.stream(&format!("/board/{}/events", self.exercise)).await;
        assert_eq!(response.status().as_u16(), 200);
        let mut stream = response.bytes_stream();
        let mut text = String::new();
        let read = async {
            while let Some(part) = stream.next().await {
                text.push_str(&String::from_utf8_lossy(&part.unwrap()));
                if text.contains("\n\n") {
                    break;
                }
            }
        };
        tokio::time::timeout(SOON, read).await.expect("the board's stream begins with a snapshot");
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data:")).collect();
        serde_json::from_str(&data.concat()).unwrap()
    }

    /// A team's row on the board.
    pub async fn team(&self, team: &str) -> Value {
        let board = self.board().await;
        let sides = board["sides"].as_array().unwrap();
        let mut teams = sides.iter().flat_map(|side| side["teams"].as_array().unwrap());
        teams.find(|row| row["id"] == team).cloned().unwrap_or_else(|| panic!("no {team} on the board"))
    }
}

/// Logs staff in by the page; where they land.
pub async fn log_in(browser: &Browser, login: &str, password: &str) {
    browser.goto("/staff").await;
    browser.fill("#f-login", login).await;
    browser.fill("#f-password", password).await;
    browser.submit("form[action=\"/staff\"] button.primary").await;
}

/// A figure as printed, with thousands separators and a real minus.
pub fn figure(text: &str) -> i64 {
    let plain: String = text.replace('−', "-").chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    plain.parse().unwrap_or_else(|_| panic!("{text:?} is no figure"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_exercise_from_roster_to_cleared_range() {
    let mut play = Play::begin().await;
    let outcome = keep::outcome(tell(&mut play)).await;
    if outcome.is_err() {
        let folder = keep::folder("story");
        play.server.keep(&folder);
        for browser in &play.browsers {
            browser.keep(&folder).await;
        }
    }
    for browser in play.browsers.drain(..) {
        browser.close().await;
    }
    drop(play);
    keep::conclude(outcome);
}

async fn tell(play: &mut Play) {
    prepare::accounts(play).await;
    prepare::roster(play).await;
    prepare::exercise(play).await;
    prepare::seats_and_slips(play).await;
    prepare::launch(play).await;
    red::sits_down(play).await;
    blue::sits_down(play).await;
    prepare::start(play).await;
    let flags = red::solves_in_the_terminal(play).await;
    red::answers_that_do_not_score(play).await;
    red::submits(play, &flags).await;
    blue::sees_events_and_reports(play).await;
    blue::repairs(play).await;
    after::pause_and_resume(play).await;
    after::board_room_and_stream_agree(play).await;
    after::sign_in_sheet(play).await;
    after::end_and_clear(play).await;
    after::the_officers_table(play).await;
    after::nobody_else_sees_it(play).await;
    assert!(play.complaints.is_empty(), "on the way: {:#?}", play.complaints);
}
