//! What the instructor does: course, sessions, people, sheets, results, questionnaire, certificates, findings.

use serde_json::json;

use super::{Year, enter, look, press, rows, unfold};
use crate::harness::http::Person;
use crate::harness::words::zh;
use crate::harness::{SOON, page};

/// The year before: a session of 3 h with a man and a woman, entered past the browser.
pub async fn year_before(year: &mut Year) {
    let teacher = &year.staff.instructor;
    let before = year.year - 1;
    let code = format!("C{before}-01");
    let course = [
        ("code", code.as_str()),
        ("title", "數位鑑識入門"),
        ("aspect", "technique"),
        ("category", "523"),
        ("hours", "3"),
        ("digital", "0"),
        ("pass_mark", "70"),
        ("county", "30"),
    ];
    let course = teacher.post_from("/courses/new", "/courses/new", &course).await.went_on();
    let (day, code) = (format!("{}-06-10", before + 1911), format!("S{before}-01"));
    let session = [
        ("act", "session"),
        ("code", code.as_str()),
        ("class_no", "1"),
        ("place", "嵐北訓練教室"),
        ("late", "10"),
        ("day_from", day.as_str()),
        ("am_from", "09:00"),
        ("am_to", "12:00"),
    ];
    let session = teacher.post_from(&course, &course, &session).await.went_on();
    let people = [("act", "enter"), ("standing", "trainee"), ("people", "B001\nB004")];
    teacher.post_from(&session, &session, &people).await.went_on();
    let sheet = teacher.get(&session).await.ok();
    let mut ids = page::all(&sheet, r#"<input type="hidden" name="person" value="([^"]+)""#);
    ids.dedup();
    assert_eq!(ids.len(), 2);
    let (from, to) = (format!("{day}T09:00"), format!("{day}T12:00"));
    for id in &ids {
        let mark = [("act", "mark"), ("person", id), ("from", &from), ("to", &to), ("reason", "點名")];
        teacher.post_from(&session, &session, &mark).await.went_on();
    }
}

/// A course of two sessions with people by role.
pub async fn course(year: &mut Year) {
    let room = &year.teacher;
    room.goto("/courses/new").await;
    look(room, "course-new").await;
    let form = "form[action=\"/courses/new\"]";
    let code = format!("C{}-01", year.year);
    let fields = [
        ("code", code.as_str()),
        ("title", "藍隊通報應變"),
        ("aspect", "management"),
        ("speciality", "網路攻防"),
        ("category", "523"),
        ("hours", "6"),
        ("county", "30"),
    ];
    enter(room, form, &fields).await;
    assert_eq!(room.find("#f-pass_mark").await.prop("value").await.unwrap().as_deref(), Some("70"));
    room.click("[name=measure][value=shuttle]").await;
    room.click("[name=measure][value=childcare]").await;
    press(room, &format!("{form} button.primary"), &zh("flash.course_saved")).await;
    let course = room.path().await;

    let days = [year.day("03-05"), year.day("05-12")];
    for (at, (day, times)) in
        days.iter().zip([["09:00", "12:00", "13:30", "16:30"], ["09:00", "12:00", "", ""]]).enumerate()
    {
        room.goto(&course).await;
        unfold(room, "details.more:has(button[value=session])").await;
        let code = format!("S{}-{:02}", year.year, at + 1);
        let fields = [
            ("code", code.as_str()),
            ("place", "嵐北訓練教室"),
            ("day_from", day),
            ("am_from", times[0]),
            ("am_to", times[1]),
            ("pm_from", times[2]),
            ("pm_to", times[3]),
        ];
        enter(room, "form:has(button[value=session])", &fields).await;
        press(room, "button[value=session]", &zh("flash.session_saved")).await;
        year.sessions.push(room.path().await);
    }
    let groups: [(usize, &str, &str); 6] = [
        (0, "trainee", "B001\nB002\nB003\nB004\nB005\nB006\nB007\nB008"),
        (0, "planner", "林演練\n陳範例"),
        (0, "staff", "B002\nB003\nB004"),
        (0, "contractor", "V001"),
        (1, "trainer", "T001\nT002"),
        (1, "trainee", "B002\nB003\nB008\nV001\nB-5"),
    ];
    for (at, standing, people) in groups {
        room.goto(&year.sessions[at]).await;
        enter(room, "form:has(#f-people)", &[("people", people), ("standing", standing)]).await;
        let entered = people.lines().count().to_string();
        press(room, "button[value=enter]", &entered).await;
    }
    room.goto(&course).await;
    look(room, "course").await;
    year.course = course;
}

/// The paper sheet of the first session, entered afterwards: one came for the morning, one too late, one not at all.
pub async fn from_paper(year: &mut Year) {
    let room = &year.teacher;
    room.goto(&format!("{}/paper", year.sessions[0])).await;
    room.wait_for("input[type=time]", SOON).await;
    look(room, "paper").await;
    let whole = ["09:00", "12:00", "13:30", "16:30"];
    let sheet = json!({
        "許藍圖": whole, "謝測試": whole, "張示範": whole, "莊公文": whole, "李模擬": whole,
        "黃沙盒": ["09:00", "12:00", "", ""],
        "廖快照": ["09:30", "12:00", "13:30", "16:30"],
    });
    let script = "for (const row of document.querySelectorAll('main tbody tr')) { \
                  const times = arguments[0][row.querySelector('th').innerText.trim()] || []; \
                  [...row.querySelectorAll('input[type=time]')].forEach((e, n) => { e.value = times[n] || ''; }); }";
    room.js(script, vec![sheet]).await;
    press(room, "form#f-times button.primary", "13").await;
    let listed = rows(room, "table.attendance").await;
    let row = |name: &str| {
        listed.iter().find(|row| row[1].starts_with(name)).unwrap_or_else(|| panic!("{listed:?}"))
    };
    let (late, present, absent) = (zh("halfday.late"), zh("halfday.present"), zh("halfday.absent"));
    assert_eq!(
        row("廖快照")[3..5],
        [late, present.clone()],
        "half an hour too late is more than the tolerance"
    );
    assert_eq!(row("黃沙盒")[3..5], [present, absent.clone()]);
    assert_eq!(row("周演習")[3..5], [absent.clone(), absent]);
    let figures = room.texts("dl.figures dd").await;
    assert_eq!(figures[0], "8", "expected: {figures:?}");
    assert_eq!(figures[1], "7", "came: {figures:?}");
    assert!(figures[3].starts_with("36"), "person-hours: {figures:?}");
    look(room, "sheet").await;
}

/// The second session by the instructor's own marks.
pub async fn by_hand(year: &mut Year) {
    let room = &year.teacher;
    let day = year.day("05-12");
    for (name, from) in [
        ("謝測試", "09:00"),
        ("張示範", "09:06"),
        ("周演習", "09:00"),
        ("郭日誌", "09:00"),
        ("李模擬", "09:00"),
    ] {
        room.goto(&year.sessions[1]).await;
        let mark = "const row = [...document.querySelectorAll('table.attendance tbody tr')].find((r) => r.querySelector('th').innerText.startsWith(arguments[0])); \
                    row.dataset.mine = '1'; row.querySelector('form:has(button[value=mark])').closest('details').open = true";
        room.js(mark, vec![json!(name)]).await;
        let form = "tr[data-mine] form:has(button[value=mark])";
        let (from, to) = (format!("{day}T{from}"), format!("{day}T12:00"));
        enter(room, form, &[("from", &from), ("to", &to), ("reason", "點名")]).await;
        press(room, &format!("{form} button[value=mark]"), name).await;
    }
    let figures = room.texts("dl.figures dd").await;
    assert_eq!(figures[..2], ["5", "5"], "{figures:?}");
    assert!(figures[3].starts_with("14.9"), "person-hours: {figures:?}");
}

/// Scores of the test after each session; 70 is enough, 69 is not.
pub async fn results(year: &mut Year) {
    let room = &year.teacher;
    let scores: [&[(&str, &str)]; 2] = [
        &[
            ("許藍圖", "88"),
            ("謝測試", "72"),
            ("張示範", "69"),
            ("莊公文", "70"),
            ("李模擬", "90"),
            ("黃沙盒", "60"),
            ("廖快照", "75"),
        ],
        &[("謝測試", "80"), ("張示範", "70"), ("周演習", "50"), ("李模擬", "65")],
    ];
    for (session, scores) in year.sessions.iter().zip(scores) {
        room.goto(session).await;
        for (name, score) in scores {
            room.fill(&format!("[aria-label=\"{} {name}\"]", zh("test.post")), score).await;
        }
        press(room, "button[value=scores]", &zh("flash.scores_saved")).await;
    }
}

/// Twelve sheets of a questionnaire are handed out, ten come back; one is answered on a phone.
pub async fn questionnaire(year: &mut Year) {
    let room = &year.teacher;
    room.goto(&year.course).await;
    unfold(room, "details.more:has(button[value=survey])").await;
    room.fill("#f-questions", "難易適中 / The level was right\n? 建議 / What should be better").await;
    press(room, "button[value=survey]", &zh("flash.survey_made")).await;
    room.fill("#surveys [name=number]", "12").await;
    room.click("button[value=hand_out]").await;
    room.wait_for(".survey-slips svg.qr", SOON).await;
    look(room, "survey-slips").await;
    let slips = room.texts(".slip-foot.mono").await;
    assert_eq!(slips.len(), 12);
    let path = |slip: &str| slip.split_once("/survey/").map(|(_, token)| format!("/survey/{token}")).unwrap();

    let phone = year.driver.browser("phone", &year.server.base()).await;
    phone.goto(&path(&slips[0])).await;
    phone.wait_for("fieldset input[type=radio]", SOON).await;
    look(&phone, "survey").await;
    phone.click("label.choice:has(input[value=\"5\"])").await;
    phone.click("label.choice:has(input[name=gender][value=M])").await;
    phone.fill("textarea", "多一點實作").await;
    phone.click("form#f-answers button.primary").await;
    phone.wait_text(".notice.ok", &zh("survey.thanks"), SOON).await;
    phone.goto(&path(&slips[0])).await;
    phone.wait_text(".notice.warn", &zh("survey.gone"), SOON).await;
    phone.close().await;

    // Men 5 5 4 4 4, women 4 4 4 3 3.
    let rest = [
        ("5", "M"),
        ("4", "M"),
        ("4", "M"),
        ("4", "M"),
        ("4", "F"),
        ("4", "F"),
        ("4", "F"),
        ("3", "F"),
        ("3", "F"),
    ];
    for (slip, (score, gender)) in slips[1..].iter().zip(rest) {
        let somebody = Person::new(&year.server.base());
        let path = path(slip);
        let html = somebody.get(&path).await.ok();
        let question = page::first(&html, r#"type="radio" name="(q\.[^"]+)""#);
        somebody.post(&path, &[(question.as_str(), score), ("gender", gender)]).await.ok();
    }
    room.goto(&year.course).await;
    let results = rows(room, "#surveys").await;
    assert_eq!(results[0][1..], ["10", "4.00"], "{results:?}");
}

/// Certificates for the four who were there for 4/5 of six hours and passed; one of them on paper.
pub async fn certificates(year: &mut Year) {
    let room = &year.teacher;
    room.goto(&year.course).await;
    let standing = rows(room, "#people").await;
    let fit: Vec<&str> = standing
        .iter()
        .filter(|row| row[4] == zh("course.qualifies"))
        .map(|row| row[0].split_whitespace().next().unwrap())
        .collect();
    // In the order of agencies. He who was two rows has nine hours and a last result of 65.
    assert_eq!(fit, ["莊公文", "張示範", "許藍圖", "謝測試"], "{standing:?}");
    let two = standing.iter().find(|row| row[0].starts_with("李模擬")).unwrap();
    assert_eq!((two[2].as_str(), two[3].as_str()), ("9:00", "65"), "{two:?}");
    press(room, "button[value=issue]", "4").await;
    look(room, "course-done").await;
    room.click("#people a[href*=\"/certificates/\"]").await;
    room.wait_for(".diploma", SOON).await;
    look(room, "certificate").await;
    let (name, bytes) = room.download("a[href=\"?format=pdf\"]").await;
    assert!(name.starts_with("證書_") && name.ends_with(".pdf"), "{name}");
    super::files::sealed_pdf(year, &name, &bytes);
}

/// What the red team found, and when it was mended.
pub async fn finding(year: &mut Year) {
    let room = &year.teacher;
    room.goto(&format!("/findings?year={}", year.year)).await;
    let form = "form[action=\"/findings\"]";
    let (first, repaired) = (year.day("05-12"), year.day("05-18"));
    let fields = [
        ("number", "R-01"),
        ("system", "嵐文公文"),
        ("weakness", "SQL 注入"),
        ("cvss", "9.8"),
        ("first", &first),
        ("repaired", &repaired),
        ("retest", &repaired),
        ("result", "repaired"),
        ("repair", "改用參數化查詢"),
    ];
    enter(room, form, &fields).await;
    press(room, &format!("{form} button[value=save]"), &zh("flash.saved")).await;
    room.goto(&format!("/findings?year={}", year.year)).await;
    let listed = rows(room, "main section").await;
    assert!(listed[0].join("|").starts_with("R-01|嵐文公文|SQL 注入|9.8|"), "{listed:?}");
    look(room, "findings").await;
}
