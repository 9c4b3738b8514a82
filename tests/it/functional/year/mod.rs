//! A year of a county's programme, done by its officer and an instructor in browsers of their own: from the roster that the
//! personnel office sent to the package that is handed in. Every figure here was worked out by hand from what is entered.
//!
//! | | first session, 6 h in two half-days | second session, 3 h |
//! |---|---|---|
//! | expected | 8 | 5 |
//! | came | 7: 3 men, 3 women, 1 other | 5: 2 men, 2 women, 1 undisclosed |
//! | hours | 5 × 6 + 2 × 3 = 36 | 4 × 3 + 2.9 = 14.9 |
//! | passed | 5 of 7 | 2 of 5 |
//!
//! Nine people in all (3 men, 4 women, 1 other, 1 undisclosed), once it was seen that two rows are one man; the year before
//! had one session of 3 h with a man and a woman who came again.

mod classes;
mod desk;
mod files;
mod prepare;

use serde_json::{Value, json};

use crate::harness::browser::{Browser, Driver};
use crate::harness::server::Server;
use crate::harness::stage::{self, Staff};
use crate::harness::{SOON, keep};

/// Everybody on the first roster: name, staff number, agency, identity, duty, gender.
pub const PEOPLE: [[&str; 6]; 13] = [
    ["許藍圖", "B001", "縣政府 數位發展處", "公務人員", "資安專職", "女"],
    ["謝測試", "B002", "縣政府 數位發展處", "公務人員", "資安專職", "男"],
    ["張示範", "B003", "縣政府 數位發展處", "公務人員", "資訊人員", "女"],
    ["莊公文", "B004", "地方稅務局", "公務人員", "資訊人員", "男"],
    ["李模擬", "B005", "地政處", "約聘僱", "一般使用者", "男"],
    ["黃沙盒", "B006", "衛生局", "公務人員", "一般使用者", "女"],
    ["廖快照", "B007", "衛生局", "公務人員", "", "其他"],
    ["周演習", "B008", "環保局", "公務人員", "", "不願透露"],
    ["郭日誌", "V001", "水晶橋資訊", "委外廠商", "", "女"],
    ["林演練", "P001", "縣政府 數位發展處", "公務人員", "", "女"],
    ["陳範例", "P002", "縣政府 數位發展處", "公務人員", "", "男"],
    ["蔡紅磚", "T001", "木棉雲端", "委外廠商", "", "男"],
    ["王假名", "T002", "青嵐科技大學", "學生", "", "男"],
];

/// The same man a second time, as a later roster wrote him.
pub const AGAIN: [&str; 6] = ["李模擬", "B-5", "地政處", "約聘僱", "", "男"];

/// Headings of the rosters.
pub const HEAD: [&str; 6] = ["姓名", "職號", "機關", "身分", "資安身分別", "性別"];

/// Everything that the year needs while it goes on.
pub struct Year {
    pub server: Server,
    pub driver: Driver,
    pub staff: Staff,
    pub officer: Browser,
    pub teacher: Browser,
    /// ROC year that is over.
    pub year: i64,
    /// Its course, `/courses/…`.
    pub course: String,
    /// Its sessions.
    pub sessions: Vec<String>,
}

impl Year {
    /// A day of the year as dates are typed, `2025-03-05`.
    pub fn day(&self, month_day: &str) -> String {
        format!("{}-{month_day}", self.year + 1911)
    }

    /// A path of the officer's desk.
    pub fn desk(&self, part: &str) -> String {
        format!("/statistics/year/{}{part}", self.year)
    }
}

/// Fills a form's fields by name as a person does: types words, sets dates, chooses in lists.
pub async fn enter(browser: &Browser, form: &str, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        let css = format!("{form} [name=\"{name}\"]");
        let field = browser.find(&css).await;
        let kind = browser
            .js("return arguments[0].tagName + ' ' + (arguments[0].type || '')", vec![json!(field)])
            .await;
        match kind.as_str().unwrap_or_default() {
            "SELECT select-one" => browser.choose(&css, value).await,
            "INPUT date" | "INPUT time" | "INPUT datetime-local" => browser.set(&css, value).await,
            _ => browser.fill(&css, value).await,
        }
    }
}

/// Opens what is folded: by the script, as the summary may lie beside the window.
pub async fn unfold(browser: &Browser, css: &str) {
    let details = browser.find(css).await;
    browser.js("arguments[0].open = true", vec![json!(details)]).await;
}

/// Presses a form's button and waits for what the page says about it.
pub async fn press(browser: &Browser, css: &str, said: &str) {
    // The word of an earlier act may still stand there.
    browser.js("document.querySelectorAll('.toast').forEach((e) => e.remove())", vec![]).await;
    browser.click(css).await;
    browser.wait_text(".toast", said, SOON).await;
}

/// Cells of the rows of the page's table, as they are read.
pub async fn rows(browser: &Browser, css: &str) -> Vec<Vec<String>> {
    let script = "return [...document.querySelectorAll(arguments[0] + ' tbody tr')].map((r) => [...r.cells].map((c) => c.innerText.trim()))";
    let Value::Array(rows) = browser.js(script, vec![json!(css)]).await else { panic!("no rows of {css}") };
    let cells = |row: Value| -> Vec<String> {
        let cells = row.as_array().unwrap();
        cells.iter().map(|cell| cell.as_str().unwrap().to_owned()).collect()
    };
    rows.into_iter().map(cells).collect()
}

/// Rows as lines, to be compared with what was worked out.
pub async fn lines(browser: &Browser, css: &str) -> Vec<String> {
    rows(browser, css).await.into_iter().map(|row| row.join(" | ")).collect()
}

/// Looks at a page in a wide and a narrow window.
pub async fn look(browser: &Browser, name: &str) {
    for width in [1366, 390] {
        browser.look(&format!("year-{name}"), width).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officers_year_from_the_roster_to_the_package() {
    let server = Server::start().await;
    let staff = stage::staff(&server).await;
    let driver = Driver::start().await;
    let officer = driver.browser("officer", &server.base()).await;
    let teacher = driver.browser("teacher", &server.base()).await;
    let ad: i64 = stage::local(0)[..4].parse().unwrap();
    let mut year = Year {
        server,
        driver,
        staff,
        officer,
        teacher,
        year: ad - 1911 - 1,
        course: String::new(),
        sessions: Vec::new(),
    };
    let outcome = keep::outcome(tell(&mut year)).await;
    if outcome.is_err() {
        let folder = keep::folder("year");
        year.server.keep(&folder);
        for browser in [&year.officer, &year.teacher] {
            browser.keep(&folder).await;
        }
    }
    let Year { officer, teacher, .. } = year;
    officer.close().await;
    teacher.close().await;
    keep::conclude(outcome);
}

async fn tell(year: &mut Year) {
    prepare::log_in(year).await;
    prepare::roster(year).await;
    prepare::agencies(year).await;
    prepare::answers_on_paper(year).await;
    classes::year_before(year).await;
    classes::course(year).await;
    classes::from_paper(year).await;
    classes::by_hand(year).await;
    classes::results(year).await;
    classes::questionnaire(year).await;
    prepare::duplicates(year).await;
    classes::certificates(year).await;
    classes::finding(year).await;
    desk::settings(year).await;
    desk::overview(year).await;
    desk::tables(year).await;
    desk::texts(year).await;
    desk::in_english(year).await;
    files::one_table(year).await;
    files::package(year).await;
    files::audit(year).await;
}
