//! Courses over HTTP: the road of the room's code, the sheet, certificates, questionnaires, one's own page.

use axum::http::StatusCode;
use rampart_domain::records::course::{Aspect, MarkSource, Standing};
use rampart_domain::token::Scope;
use rampart_store::{CourseAbout, NewClassSession};
use serde_json::json;

use crate::house::{Answer, House, Visitor};

const HOUR: i64 = 3_600_000;
const SLOT: i64 = 20_000;

fn about(code: &str) -> CourseAbout {
    CourseAbout {
        code: code.into(),
        title: "藍隊通報應變".into(),
        aspect: Aspect::Management,
        speciality: String::new(),
        category: "523".into(),
        minutes: 300,
        digital_minutes: 0,
        tested: true,
        pass_mark: 70,
        work_related: true,
        measures: vec![],
        county: "30".into(),
    }
}

/// A course with one session of two half-days, the first of which begins at `start_ms`; with A1 and A2 on its list.
async fn course(house: &House, code: &str, start_ms: i64) -> (String, String) {
    let by = &house.accounts["teacher"];
    let course = house.app.save_course(None, &about(code), by).await.unwrap();
    let new = NewClassSession {
        id: String::new(),
        course_id: course.clone(),
        code: format!("S-{code}"),
        class_no: 1,
        place: "資訊中心".into(),
        halves: vec![(start_ms, start_ms + 2 * HOUR), (start_ms + 3 * HOUR, start_ms + 6 * HOUR)],
        late_minutes: 10,
        exercise_id: None,
    };
    let session = house.app.save_class_session(&new, by).await.unwrap();
    let entered =
        house.app.enter_people(&course, &session, Standing::Trainee, "A1\n蔡紅磚", by).await.unwrap();
    assert_eq!(entered, 2);
    (course, session)
}

fn room(house: &House, session: &str, slots_ago: i64) -> String {
    let slot = house.app.now_ms() / SLOT - slots_ago;
    format!("/in/{session}/{}", house.web.signer.short("room", &format!("{session}|{slot}")))
}

fn ticket(answer: &Answer) -> String {
    let text = answer.text();
    let rest = text.split_once("name=\"ticket\" value=\"").unwrap_or_else(|| panic!("no ticket: {text}")).1;
    rest.split('"').next().unwrap().to_owned()
}

async fn scan(house: &House, phone: &Visitor, session: &str) -> String {
    let page = phone.get(&room(house, session, 0)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    ticket(&page)
}

async fn sign(phone: &Visitor, session: &str, ticket: &str, who: [&str; 2], act: &str) -> Answer {
    let fields = [("ticket", ticket), ("staff_no", who[0]), ("name", who[1]), ("act", act)];
    phone.post(&format!("/in/{session}"), &fields).await
}

#[tokio::test]
async fn the_rooms_code_signs_the_right_person_once_and_goes_stale() {
    let house = House::new().await;
    let (course, session) = course(&house, "C1", house.app.now_ms() - HOUR / 2).await;
    let (_, other) = self::course(&house, "C2", house.app.now_ms() - HOUR / 2).await;
    let phone = house.visitor();
    // Of two slots ago and more, of another session, or made up.
    let foreign = room(&house, &other, 0).replace(&other, &session);
    for stale in [
        room(&house, &session, 2),
        room(&house, &session, 90),
        foreign,
        format!("/in/{session}/0123456789abcdef"),
    ] {
        let answer = phone.get(&stale).await;
        assert_eq!(answer.status, StatusCode::GONE, "{stale}");
        assert!(answer.text().contains("已失效") && !answer.text().contains("name=\"ticket\""), "{stale}");
    }
    let first = scan(&house, &phone, &session).await;
    // Unknown, of another name, and on the register but not on the list.
    for who in [["A9", "許藍圖"], ["A1", "蔡紅磚"], ["A3", "謝測試"], ["", ""]] {
        let answer = sign(&phone, &session, &first, who, "in").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{who:?}");
        assert!(answer.text().contains("不在這個場次的名單上"), "{who:?}");
    }
    // The ticket belongs to the browser that scanned, and to the session that was scanned.
    let friend = house.visitor();
    friend.get("/").await;
    assert_eq!(sign(&friend, &session, &first, ["A1", "許藍圖"], "in").await.status, StatusCode::GONE);
    assert_eq!(sign(&phone, &other, &first, ["A1", "許藍圖"], "in").await.status, StatusCode::GONE);
    assert_eq!(sign(&phone, &session, "00.00", ["A1", "許藍圖"], "in").await.status, StatusCode::GONE);
    let out = sign(&phone, &session, &first, ["A1", "許藍圖"], "out").await;
    assert!(out.status == StatusCode::CONFLICT && out.text().contains("還沒有簽到"), "{}", out.text());
    let done = sign(&phone, &session, &first, ["A1", "許 藍圖"], "in").await;
    assert!(done.status == StatusCode::OK && done.text().contains("已簽到"), "{}", done.text());
    // The same scan again, and a second way in.
    let again = sign(&phone, &session, &first, ["A1", "許藍圖"], "out").await;
    assert!(again.status == StatusCode::CONFLICT && again.text().contains("已使用過"), "{}", again.text());
    let second = scan(&house, &phone, &session).await;
    let twice = sign(&phone, &session, &second, ["A1", "許藍圖"], "in").await;
    assert!(twice.status == StatusCode::CONFLICT && twice.text().contains("尚未簽退"), "{}", twice.text());
    // The same phone signs for somebody else: taken, and seen on the sheet.
    assert_eq!(sign(&phone, &session, &second, ["A2", "蔡紅磚"], "in").await.status, StatusCode::OK);
    let third = scan(&house, &phone, &session).await;
    assert_eq!(sign(&phone, &session, &third, ["A1", "許藍圖"], "out").await.status, StatusCode::OK);
    let teacher = house.staff("teacher").await;
    let sheet = teacher.get(&format!("/courses/{course}/sessions/{session}")).await.text();
    assert!(sheet.contains("掃碼") && sheet.matches("同一裝置").count() == 2, "{sheet}");
    assert!(!sheet.contains('女'), "no gender on the sheet");
    // The room's screen shows a code and nothing of anybody.
    let screen = teacher
        .get(&format!("/courses/{course}/sessions/{session}/room"))
        .await
        .text()
        .replace("&#x2f;", "/");
    assert!(
        screen.contains("<path fill=\"#000\"") && screen.contains(&format!("/in/{session}/")),
        "{screen}"
    );
    assert!(!screen.contains("許藍圖"));
}

#[tokio::test]
async fn guesses_at_one_persons_name_are_limited() {
    let house = House::new().await;
    let (_, session) = course(&house, "C1", house.app.now_ms() - HOUR / 2).await;
    let phone = house.visitor();
    let ticket = scan(&house, &phone, &session).await;
    let mut last = StatusCode::OK;
    for number in 0..12 {
        last = sign(&phone, &session, &ticket, ["A1", &format!("某{number}")], "in").await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let right = sign(&phone, &session, &ticket, ["A2", "蔡紅磚"], "in").await;
    assert_eq!(right.status, StatusCode::OK, "another person is not locked out: {}", right.text());
}

#[tokio::test]
async fn a_session_is_signed_around_its_time_only() {
    let house = House::new().await;
    let (_, tomorrow) = course(&house, "C1", house.app.now_ms() + 24 * HOUR).await;
    let phone = house.visitor();
    let early = phone.get(&room(&house, &tomorrow, 0)).await;
    assert!(
        early.status == StatusCode::GONE && early.text().contains("現在不是這個場次"),
        "{}",
        early.text()
    );
    assert_eq!(phone.get("/in/nothing/0123456789abcdef").await.status, StatusCode::NOT_FOUND);
}

/// `HH:MM` in Taipei.
fn hm(ms: i64) -> String {
    let minutes = (ms + 8 * HOUR).div_euclid(60_000);
    format!("{:02}:{:02}", minutes.div_euclid(60).rem_euclid(24), minutes.rem_euclid(60))
}

#[tokio::test]
async fn who_qualifies_gets_a_certificate_that_can_be_checked_and_revoked() {
    let house = House::new().await;
    // Yesterday at 09:00 in Taipei, whatever the time is now.
    let day = 24 * HOUR;
    let start = (house.app.now_ms() + 8 * HOUR).div_euclid(day) * day - 8 * HOUR - day + 9 * HOUR;
    let (course, session) = course(&house, "C1", start).await;
    let ids: Vec<String> = {
        let sheet = house.app.class_sheet(&course, &session).await.unwrap();
        ["許藍圖", "蔡紅磚"]
            .map(|name| sheet.rows.iter().find(|row| row.person.name == name).unwrap().person.id.clone())
            .into()
    };
    let teacher = house.staff("teacher").await;
    let (page, at) = (format!("/courses/{course}"), format!("/courses/{course}/sessions/{session}"));
    // All of it for the first, and two of five hours for the second.
    let times = [(0, start, 0, 2 * HOUR), (0, start, 3 * HOUR, 6 * HOUR), (1, start, 0, 2 * HOUR)];
    let mut fields = vec![("reason".to_owned(), "紙本簽到表".to_owned())];
    for (row, (person, start, from, to)) in times.into_iter().enumerate() {
        let half = usize::from(row == 1);
        fields.push((format!("in.{half}.{}", ids[person]), hm(start + from)));
        fields.push((format!("out.{half}.{}", ids[person]), hm(start + to)));
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    teacher.get(&format!("{at}/paper")).await;
    let entered = teacher.post(&format!("{at}/paper"), &fields).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text());
    let without: Vec<(&str, &str)> = fields.iter().copied().filter(|(name, _)| *name != "reason").collect();
    assert_eq!(teacher.post(&format!("{at}/paper"), &without).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let before = teacher.get(&page).await.text();
    assert!(before.contains("尚無後測成績") && before.contains("未達課程時數五分之四"), "{before}");
    let (post1, post2) = (format!("post.{}", ids[0]), format!("post.{}", ids[1]));
    let scores = [("act", "scores"), (post1.as_str(), "69"), (post2.as_str(), "100")];
    assert_eq!(teacher.post(&at, &scores).await.status, StatusCode::SEE_OTHER);
    assert!(teacher.get(&page).await.text().contains("後測 69 分，未達 70 分"));
    // A score that stands is corrected with a reason only.
    let better = [("act", "scores"), (post1.as_str(), "70")];
    assert_eq!(teacher.post(&at, &better).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let better = [("act", "scores"), (post1.as_str(), "70"), ("reason", "複查加分")];
    assert_eq!(teacher.post(&at, &better).await.status, StatusCode::SEE_OTHER);
    teacher.get(&page).await;
    assert_eq!(teacher.post(&page, &[("act", "issue")]).await.status, StatusCode::SEE_OTHER);
    let (_, standing) = house.app.course_standing(&course).await.unwrap();
    let given: Vec<_> = standing.iter().filter_map(|row| row.certificate.as_ref()).collect();
    assert_eq!(given.len(), 1, "only who qualifies");
    let number = format!("{}-{}", given[0].number, given[0].check_code);
    let anybody = house.visitor();
    let valid = anybody.get(&format!("/certificates/check?number={number}")).await.text();
    assert!(valid.contains("證書有效") && valid.contains("許○圖") && !valid.contains("許藍圖"), "{valid}");
    let guessed = anybody.get(&format!("/certificates/check?number={}-AAAAAA", given[0].number)).await.text();
    assert!(guessed.contains("查無此證書") && !guessed.contains("許○圖"), "{guessed}");
    let printed = teacher.get(&format!("/courses/{course}/certificates/{}", given[0].id)).await.text();
    let paper = format!("/courses/{course}/certificates/{}?format=pdf", given[0].id);
    let (paper, again) = (teacher.get(&paper).await, teacher.get(&paper).await);
    assert!(paper.bytes.starts_with(b"%PDF-"), "{}", paper.text());
    assert_eq!(paper.bytes, again.bytes, "the same certificate is the same file");
    assert!(
        printed.contains(&number) && printed.contains("許藍圖") && printed.contains("<path fill"),
        "{printed}"
    );
    let none =
        teacher.post(&page, &[("act", "revoke"), ("certificate", &given[0].id), ("reason", " ")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = teacher
        .post(&page, &[("act", "revoke"), ("certificate", &given[0].id), ("reason", "時數更正")])
        .await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    let revoked = anybody.get(&format!("/certificates/check?number={number}")).await.text();
    assert!(revoked.contains("註銷") && !revoked.contains("證書有效"), "{revoked}");
}

#[tokio::test]
async fn an_entered_sheet_is_taken_back_on_its_page_by_officer_and_instructor() {
    let house = House::new().await;
    let day = 24 * HOUR;
    let start = (house.app.now_ms() + 8 * HOUR).div_euclid(day) * day - 8 * HOUR - day + 9 * HOUR;
    let (course, session) = course(&house, "C1", start).await;
    let sheet = house.app.class_sheet(&course, &session).await.unwrap();
    let stays: Vec<_> =
        sheet.rows.iter().map(|row| (row.person.id.clone(), start, Some(start + 2 * HOUR))).collect();
    let by = &house.accounts["teacher"];
    house.app.mark_class(&course, &session, MarkSource::Sheet, &stays, "紙本簽到表", by).await.unwrap();
    let page = format!("/courses/{course}/sessions/{session}/entered");
    let (teacher, officer) = (house.staff("teacher").await, house.staff("officer").await);
    let shown = officer.get(&page).await.text();
    assert!(shown.contains("2 筆，全部有效") && shown.contains("許藍圖"), "{shown}");
    assert!(
        !shown.contains("/paper")
            && teacher.get(&page).await.text().replace("&#x2f;", "/").contains("/paper")
    );
    let marks = house.app.entered_sheets(&course, &session).await.unwrap().remove(0).marks;
    let (one, other) = (marks[0].1.id.as_str(), marks[1].1.id.as_str());
    let form = |act, mark, reason| [("act", act), ("mark", mark), ("reason", reason)];
    let without = officer.post(&page, &form("one", one, "")).await;
    assert!(without.status == StatusCode::UNPROCESSABLE_ENTITY && without.text().contains("2 筆，全部有效"));
    assert_eq!(officer.post(&page, &form("some", one, "x")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(officer.post(&page, &form("one", one, "看錯列")).await.location(), Some(page.as_str()));
    let shown = officer.get(&page).await.text();
    assert!(
        shown.contains("有效 1／2 筆") && shown.contains("看錯列") && shown.contains("已撤回 1 筆"),
        "{shown}"
    );
    assert_eq!(officer.post(&page, &form("one", one, "看錯列")).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(teacher.post(&page, &form("all", other, "別的場次")).await.location(), Some(page.as_str()));
    let shown = teacher.get(&page).await.text();
    assert!(
        shown.contains("已全部撤回") && shown.contains("看錯列") && shown.contains("別的場次"),
        "{shown}"
    );
    let session_page = teacher.get(&format!("/courses/{course}/sessions/{session}")).await.text();
    assert!(session_page.matches("紙本簽到表").count() >= 2 && session_page.contains("已刪：別的場次"));
    // By program, in English: the same, with what a program needs.
    let api = format!("/api/v1{page}");
    house.app.mark_class(&course, &session, MarkSource::Sheet, &stays[..1], "再登", by).await.unwrap();
    let program = house.program('o', Scope::ALL).await;
    let listed = program.get(&api).await.json();
    let (new, old) = (&listed["items"][0], &listed["items"][1]);
    assert_eq!((&new["standing"], &old["standing"], &new["reason"]), (&json!(1), &json!(0), &json!("再登")));
    let struck = &old["marks"][0];
    assert!(
        struck["struck"] == "看錯列" && struck["struck_by"].is_string() && struck["struck_ms"].is_i64(),
        "{old}"
    );
    let path = format!("{api}/{}/take-back", new["id"].as_str().unwrap());
    assert_eq!(program.post(&path, &json!({ "reason": "" })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = program.post(&path, &json!({ "reason": "重複", "whole": true })).await;
    assert_eq!(done.json(), json!({ "count": 1, "unfounded": 0 }));
    assert_eq!(program.post(&path, &json!({ "reason": "重複" })).await.status, StatusCode::NOT_FOUND);
    let admin = house.program('a', Scope::ALL).await;
    assert_eq!(admin.post(&path, &json!({ "reason": "x" })).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_questionnaire_is_answered_once_a_token_and_names_nobody() {
    let house = House::new().await;
    let (course, _) = course(&house, "C1", house.app.now_ms()).await;
    let teacher = house.staff("teacher").await;
    let page = format!("/courses/{course}");
    teacher.get(&page).await;
    let questions = "難易適中 / Right level\n? 建議 / Advice";
    let made =
        teacher.post(&page, &[("act", "survey"), ("survey_title", "問卷"), ("questions", questions)]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    let survey = house.app.store.surveys().of_course(&course).await.unwrap().remove(0);
    let slips =
        teacher.post(&format!("{page}/surveys/{}", survey.id), &[("act", "hand_out"), ("number", "2")]).await;
    assert_eq!(slips.status, StatusCode::OK);
    let text = slips.text().replace("&#x2f;", "/");
    let token = text.split_once("/survey/").unwrap().1.split('<').next().unwrap().to_owned();
    let phone = house.visitor();
    let asked = phone.get(&format!("/survey/{token}")).await;
    assert!(asked.status == StatusCode::OK && asked.text().contains("難易適中"), "{}", asked.text());
    let ids: Vec<String> =
        house.app.store.surveys().questions(&survey.id).await.unwrap().into_iter().map(|q| q.id).collect();
    let (scale, words) = (format!("q.{}", ids[0]), format!("q.{}", ids[1]));
    let odd = phone.post(&format!("/survey/{token}"), &[(scale.as_str(), "6")]).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sheet = [(scale.as_str(), "4"), (words.as_str(), "多一點實作"), ("gender", "F")];
    let thanks = phone.post(&format!("/survey/{token}"), &sheet).await;
    assert!(thanks.status == StatusCode::OK && thanks.text().contains("已收到"), "{}", thanks.text());
    assert_eq!(phone.post(&format!("/survey/{token}"), &sheet).await.status, StatusCode::NOT_FOUND);
    let shown = teacher.get(&page).await.text();
    assert!(
        shown.contains("發出 2，回收 1") && !shown.contains("多一點實作") && !shown.contains("4.00"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_trainee_without_a_seat_reaches_the_own_page_once_by_code() {
    let house = House::new().await;
    let (course, session) = course(&house, "C1", house.app.now_ms() - HOUR / 2).await;
    let teacher = house.staff("teacher").await;
    let at = format!("/courses/{course}/sessions/{session}");
    teacher.get(&at).await;
    let slips = teacher.post(&format!("{at}/slips"), &[]).await.text();
    let slip = slips.split("<li>").find(|slip| slip.contains("許藍圖")).unwrap().to_owned();
    let cut = |after: &str| slip.split_once(after).unwrap().1.split('<').next().unwrap().trim().to_owned();
    let (sign_code, own_code) = (cut("slip-code\">"), cut("<span class=\"mono\">"));
    // The sign-in code stands for number and name.
    let phone = house.visitor();
    let ticket = scan(&house, &phone, &session).await;
    let fields = [("ticket", ticket.as_str()), ("code", sign_code.as_str()), ("act", "in")];
    let signed = phone.post(&format!("/in/{session}"), &fields).await;
    assert!(signed.status == StatusCode::OK && signed.text().contains("許藍圖"), "{}", signed.text());
    phone.get("/me").await;
    let opened = phone.post("/me", &[("act", "open"), ("code", &own_code)]).await;
    assert_eq!(opened.location(), Some("/me"), "{}", opened.text());
    let own = phone.get("/me").await.text();
    assert!(own.contains("許藍圖") && own.contains("S-C1") && own.contains("action=\"/me\""), "{own}");
    let ask = phone.post("/me", &[("act", "ask"), ("kind", "correct"), ("wish", "職稱有誤")]).await;
    assert_eq!(ask.location(), Some("/me"), "{}", ask.text());
    // The code is used up; nobody else's certificate is shown; the page closes.
    let friend = house.visitor();
    friend.get("/me").await;
    let again = friend.post("/me", &[("act", "open"), ("code", &own_code)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(phone.get("/me/certificates/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(phone.post("/me", &[("act", "leave")]).await.location(), Some("/me"));
    assert!(!phone.get("/me").await.text().contains("許藍圖"));
}
