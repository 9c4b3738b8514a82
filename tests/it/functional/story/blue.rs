//! Blue: events, incident reports, repair.

use serde_json::json;

use super::red::{code_of, enter_seat};
use super::{LONG, Play, figure};
use crate::harness::browser::Browser;
use crate::harness::stage::local;
use crate::harness::words::zh;
use crate::harness::{SOON, eventually};
use crate::style::root;

/// Points of the detection of the search injection, reported at once.
const DETECTION: i64 = 120;
/// Points of the repair of the search, made at once.
const REPAIR: i64 = 200;

/// Opens the seat and leaves the page open, so that what comes later arrives live.
pub async fn sits_down(play: &mut Play) {
    let code = code_of(play, "蔡紅磚");
    enter_seat(play.of("blue"), &code).await;
}

/// Ticks the newest event whose text holds `part`; its id.
async fn cite(blue: &Browser, source: &str, part: &str) -> String {
    let what = format!("blue sees {part:?} from {source}");
    eventually(&what, SOON, || async {
        let script = "const rows = [...document.querySelectorAll('[data-events-body] tr[data-id]')]; \
                      const row = rows.find((r) => r.cells[3].textContent === arguments[0] && r.cells[4].textContent.includes(arguments[1])); \
                      if (!row) return null; \
                      row.scrollIntoView({block: 'center'}); const tick = row.querySelector('input'); if (!tick.checked) tick.click(); \
                      return row.dataset.id;";
        blue.js(script, vec![json!(source), json!(part)]).await.as_str().map(str::to_owned)
    })
    .await
}

async fn file(blue: &Browser, host: &str, technique: &str, text: &str) {
    blue.choose("#f-host", host).await;
    blue.choose("#f-technique", technique).await;
    blue.set("#f-seen", &local(0)).await;
    blue.fill("#f-text", text).await;
    blue.click("#report-form button.primary").await;
}

/// Both witnesses stand in the list without a reload; the right report is paid, the wrong one is not.
pub async fn sees_events_and_reports(play: &mut Play) {
    let blue = play.of("blue");
    let web = cite(blue, "web", "zzqx").await;
    let live = blue
        .js(
            "return document.querySelector(`tr[data-id=\"${CSS.escape(arguments[0])}\"]`).className",
            vec![json!(web)],
        )
        .await;
    assert_eq!(live, "fresh", "the event came by the stream, not by a reload");
    if blue.has("#report-form button[disabled]").await {
        // The page was opened before the start.
        play.complaints.push("the start does not open blue's report form on a page that is open".into());
        play.of("blue").goto("/seat").await;
        cite(play.of("blue"), "web", "zzqx").await;
    }
    let blue = play.of("blue");
    let flow = cite(blue, "flow", ":80").await;
    assert_ne!(web, flow);

    // Without its text the report is refused, and the citations are kept.
    blue.choose("#f-host", "www").await;
    blue.choose("#f-technique", "T1190").await;
    blue.set("#f-seen", &local(0)).await;
    blue.js("document.querySelector('#f-text').required = false", vec![]).await;
    blue.click("#report-form button.primary").await;
    blue.wait_for("#report-form [role=alert]", SOON).await;
    let kept = blue.js("return document.querySelectorAll('[name=events]:checked').length", vec![]).await;
    assert_eq!(kept, 2, "what was ticked is kept");

    file(blue, "www", "T1190", "入口網搜尋頁遭注入，資料表內容外洩；已通知維運單位。").await;
    blue.wait_text(".toast", &zh("flash.report_sent"), SOON).await;
    blue.wait_text("#reports li", &zh("verdict.pending"), SOON).await;
    blue.wait_text("#reports li", &zh("verdict.matched"), LONG).await;
    assert_eq!(figure(&blue.texts("#reports li .pts").await[0]), DETECTION);

    // Nobody wrote a program onto the document system.
    cite(blue, "web", "/").await;
    file(blue, "doc", "T1505.003", "懷疑公文系統遭植入程式。").await;
    blue.wait_text(".toast", &zh("flash.report_sent"), SOON).await;
    blue.wait_text("#reports li", &zh("verdict.false"), LONG).await;
    let points: Vec<i64> = blue.texts("#reports li .pts").await.iter().map(|text| figure(text)).collect();
    assert_eq!(points, [0, DETECTION], "the first wrong reports of an hour cost nothing");
    play.points_blue_claims = DETECTION;
    let team = play.team("b1").await;
    assert_eq!(team["parts"]["detection"], DETECTION);
}

async fn ask_retest(blue: &Browser) {
    blue.click("#repairs form button").await;
    blue.wait_text(".toast", &zh("flash.retest_asked"), SOON).await;
}

/// A retest before the repair fails, because the attack works; after it, it passes.
pub async fn repairs(play: &mut Play) {
    let blue = play.of("blue");
    blue.goto("/seat").await;
    ask_retest(blue).await;
    blue.wait_text("#repairs li", &zh("repair.stage.failed"), LONG).await;
    blue.wait_text("#repairs li", &zh("repair.attack_works"), SOON).await;

    let login = blue.texts(".credentials li").await.into_iter().find(|text| text.contains("ops@www"));
    assert!(login.is_some(), "blue has the portal's operations account");
    let script = "const row = [...document.querySelectorAll('.credentials li')].find((r) => r.textContent.includes('ops@www')); \
                  row.querySelector('summary').click(); return row.querySelector('code.secret').textContent";
    let password = blue.js(script, vec![]).await;
    let password = password.as_str().unwrap();
    blue.click("[data-view=terminal]").await;
    blue.wait_text("[data-term-state]", &zh("terminal.connected"), SOON).await;
    let repair =
        std::fs::read_to_string(root().join("scenarios/qinglan-portal/solve/blue-repair.sh")).unwrap();
    let command = format!("OPS_PASSWORD='{password}' bash repair.sh");
    let screen = blue.run_in_terminal("repair.sh", repair.trim_end(), &command, LONG).await;
    assert!(screen.iter().any(|line| line.contains("REPAIRED search.php")), "the repair failed: {screen:#?}");

    ask_retest(blue).await;
    blue.wait_text("#repairs li", &zh("repair.stage.passed"), LONG).await;
    blue.wait_text("#repairs li", &zh("repair.attack_fails"), SOON).await;
    let team = play.team("b1").await;
    assert_eq!(team["parts"]["response"], REPAIR);
    assert_eq!(team["parts"]["detection"], play.points_blue_claims);
}
