//! The officer's cross tables, questionnaires on paper and red teams' findings, over HTTP.

use axum::http::StatusCode;
use rampart_app::courses::SurveyQuestion;
use rampart_domain::records::RocYear;

use crate::hours::{Class, links};

#[tokio::test]
async fn cross_tables_are_the_officers_shown_and_as_files_with_a_line_for_each() {
    let class = Class::new().await;
    let app = &class.house.app;
    let officer = class.house.staff("officer").await;
    let year = RocYear::of_ms(class.start_ms());
    let at = format!("/statistics/year/{year}/cross");
    assert!(
        links(&officer.get(&format!("/statistics/year/{year}")).await).contains(&format!("href=\"{at}\""))
    );
    let usual = officer.get(&at).await;
    assert_eq!(usual.status, StatusCode::OK, "{}", usual.text());
    let text = usual.text();
    for part in ["演訓交叉表（機關×性別，人數）", "<th scope=\"row\">圖書館</th>", "<td class=\"n\">4</td>"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let query = "rows=identity&columns=gender&figure=hours";
    let internal = officer.get(&format!("{at}?{query}&edition=internal")).await.text();
    // Five hours of a woman who is an official; two of a man on contract.
    assert!(internal.contains("<td class=\"n\">5</td>") && !internal.contains(">※<"), "{internal}");
    let public = officer.get(&format!("{at}?{query}&edition=public")).await.text();
    assert!(public.contains(">※<") && public.contains("公開版"), "{public}");
    // The rule stands on the page; what could be solved together with other tables is not public.
    assert!(public.contains("合併、相減或聯立都得不到") && public.contains("不能防範"), "{public}");
    for pair in ["rows=agency&columns=gender", "rows=level&columns=identity", "rows=month&columns=none"] {
        let refused = officer.get(&format!("{at}?{pair}&figure=persons&edition=public")).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("請用內部版"));
        let file = format!("{at}/export?{pair}&figure=persons&edition=public&format=csv");
        assert_eq!(officer.get(&file).await.status, StatusCode::BAD_REQUEST, "{pair}");
    }
    for format in ["csv", "ods", "xlsx", "pdf"] {
        let file = officer.get(&format!("{at}/export?{query}&edition=public&format={format}")).await;
        assert_eq!(file.status, StatusCode::OK, "{format}: {}", file.text());
        assert!(file.header("content-disposition").contains(&format!(".{format}")));
        if format == "csv" {
            let text = file.text();
            assert!(text.contains("身分") && text.contains('※') && !text.contains("葉門禁"), "{text}");
        }
    }
    let lines = app.store.audit().list(None, None, 200).await.unwrap();
    let said = |what: &str, detail: String| {
        lines.iter().filter(|line| line.what == what && line.detail == detail).count()
    };
    assert_eq!(said("personal.read", format!("cross agency gender persons {year} internal")), 1);
    for format in ["csv", "ods", "xlsx", "pdf"] {
        let line = format!("cross identity gender hours {year} public {format}");
        assert_eq!(said("personal.export", line), 1, "{format}");
    }
    // One variable alone; the same twice; words that are none.
    let one = officer.get(&format!("{at}?rows=month&columns=none&figure=times&edition=internal")).await;
    assert!(one.status == StatusCode::OK && one.text().contains("（月份，人次）"));
    let same = officer.get(&format!("{at}?rows=age&columns=age&figure=persons&edition=internal")).await;
    assert!(same.status == StatusCode::UNPROCESSABLE_ENTITY && same.text().contains("不同的變項"));
    for wrong in ["rows=name&figure=persons&edition=internal", "rows=age&figure=persons&edition=secret"] {
        assert_eq!(officer.get(&format!("{at}?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let no_format = officer.get(&format!("{at}/export?{query}&edition=public&format=doc")).await;
    assert_eq!(no_format.status, StatusCode::BAD_REQUEST);
    let teacher = class.house.staff("teacher").await;
    assert_eq!(teacher.get(&at).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sheets_on_paper_are_counted_against_what_was_handed_out_and_shown_no_more() {
    let class = Class::new().await;
    let app = &class.house.app;
    let by = class.house.accounts["teacher"].clone();
    let question = |scale, zh: &str| SurveyQuestion { scale, zh: zh.into(), en: String::new() };
    let asked = [question(true, "難易適中"), question(false, "建議")];
    let survey = app.make_survey(&class.course, "課後問卷", &asked, &by).await.unwrap();
    app.hand_survey_out(&class.course, &survey, 2, &by).await.unwrap();
    let questions = app.store.surveys().questions(&survey).await.unwrap();
    let (scale, words) = (format!("q.{}", questions[0].id), format!("q.{}", questions[1].id));
    let officer = class.house.staff("officer").await;
    let at = format!("/courses/{}/surveys/{survey}/paper", class.course);
    let course = links(&officer.get(&format!("/courses/{}", class.course)).await);
    assert!(course.contains(&format!("href=\"{at}\"")), "{course}");
    let page = officer.get(&at).await.text();
    assert!(page.contains("發出的紙本都已登錄") && !page.contains(&scale), "no paper went out yet: {page}");
    let sheet = [("act", "sheet"), (scale.as_str(), "4"), (words.as_str(), "再多一點實作"), ("gender", "F")];
    let early = officer.post(&at, &sheet).await;
    assert!(early.status == StatusCode::UNPROCESSABLE_ENTITY && early.text().contains("不得多於發出份數"));
    let set = |papers: &'static str| [("act", "papers"), ("papers", papers)];
    assert_eq!(officer.post(&at, &set("x")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(officer.post(&at, &set("2")).await.status, StatusCode::SEE_OTHER);
    // What is no answer is refused, and stands as typed.
    let wrong = [("act", "sheet"), (scale.as_str(), "6"), (words.as_str(), "再多一點實作"), ("gender", "F")];
    let refused = officer.post(&at, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("再多一點實作</textarea>"), "{}", refused.text());
    assert_eq!(officer.post(&at, &sheet).await.status, StatusCode::SEE_OTHER);
    let page = officer.get(&at).await.text();
    assert!(page.contains("1／2") && page.contains("25.00%"), "one of four: {page}");
    assert!(!page.contains("再多一點實作") && !page.contains("value=\"F\" checked"), "{page}");
    assert_eq!(officer.post(&at, &sheet).await.status, StatusCode::SEE_OTHER);
    assert_eq!(officer.post(&at, &sheet).await.status, StatusCode::UNPROCESSABLE_ENTITY, "both are in");
    let fewer = officer.post(&at, &set("1")).await;
    assert!(fewer.status == StatusCode::UNPROCESSABLE_ENTITY && fewer.text().contains("已登錄的 2 份"));
    // The course shows the rate; X4 counts them with those that came by token.
    assert!(officer.get(&format!("/courses/{}", class.course)).await.text().contains("50.00%"));
    let year = RocYear::of_ms(class.start_ms());
    let x4 = officer.get(&format!("/statistics/year/{year}/x4")).await.text();
    assert!(x4.contains("發出數 4，回收數 2，回收率 50.00%"), "{x4}");
    app.close_survey(&class.course, &survey, &by).await.unwrap();
    let closed = officer.post(&at, &sheet).await;
    assert!(closed.status == StatusCode::UNPROCESSABLE_ENTITY && closed.text().contains("已截止"));
    let lines = app.store.audit().list(Some("survey.paper"), None, 9).await.unwrap();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.detail == format!("survey={survey}")),
        "{lines:?}"
    );
    let teacher = class.house.staff("teacher").await;
    assert_eq!(teacher.get(&at).await.status, StatusCode::FORBIDDEN, "a sheet states a gender");
}

#[tokio::test]
async fn findings_are_entered_by_judges_and_by_the_officer_whose_table_they_make() {
    let class = Class::new().await;
    let year = RocYear::of_ms(class.house.app.now_ms());
    for (login, number) in [("teacher", "R-1"), ("officer", "R-2")] {
        let staff = class.house.staff(login).await;
        let page = staff.get("/findings").await;
        assert_eq!(page.status, StatusCode::OK, "{login}: {}", page.text());
        let year = year.to_string();
        let fields = [
            ("act", "save"),
            ("id", ""),
            ("year", year.as_str()),
            ("number", number),
            ("system", "全球資訊網"),
            ("weakness", "SQL 注入"),
            ("cvss", "9.8"),
            ("first", "2026-05-12"),
            ("result", "open"),
        ];
        let saved = staff.post("/findings", &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{login}: {}", saved.text());
        let list = staff.get(&format!("/findings?year={year}")).await.text();
        assert!(list.contains("R-1") && list.contains(number), "{list}");
    }
    let officer = class.house.staff("officer").await;
    let x8 = links(&officer.get(&format!("/statistics/year/{year}/x8")).await);
    assert!(
        x8.contains("R-1") && x8.contains("R-2") && x8.contains(&format!("/findings?year={year}")),
        "{x8}"
    );
    let admin = class.house.staff("admin").await;
    assert_eq!(admin.get("/findings").await.status, StatusCode::FORBIDDEN);
}

/// Figures of the desk as (address behind it, value as printed), and targets likewise.
fn figures(desk: &str) -> Vec<(String, String)> {
    let cell = |part: &str| {
        let (href, rest) = part.split_once('"')?;
        let value = rest.split_once('>')?.1.split_once("</a>")?.0;
        Some((href.replace("&amp;", "&"), value.to_owned()))
    };
    let of = |before: &str| desk.split(before).skip(1).filter_map(cell).collect::<Vec<_>>();
    [of("<dd><a href=\""), of("<td class=\"n\"><a href=\"")].concat()
}

#[tokio::test]
async fn each_figure_of_the_desk_opens_the_rows_that_it_counts() {
    let class = Class::new().await;
    let app = &class.house.app;
    let officer = class.house.staff("officer").await;
    let year = RocYear::of_ms(class.start_ms());
    let account = rampart_store::Officer { account_id: class.house.accounts["officer"].clone() };
    let of = app.records_year(year, &account).await.unwrap();
    let (persons, women) = (of.year.persons.total(), of.year.persons.female);
    assert_eq!((persons, women, of.year.passed, of.year.sessions, of.year.cases), (4, 1, 2, 2, 1));
    let desk = links(&officer.get(&format!("/statistics/year/{year}")).await);
    let shown = figures(&desk);
    let mut seen = Vec::new();
    for (href, value) in &shown {
        let page = officer.get(href).await;
        assert_eq!(page.status, StatusCode::OK, "{href}");
        let Some((_, by)) = href.split_once("/rows?by=") else { continue };
        let by = by.split('&').next().unwrap();
        let text = page.text();
        let rows = text.split("<tbody>").nth(1).unwrap().matches("<tr><th scope=\"row\"").count();
        let said = text.split("id=\"row-count\">").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(said, rows.to_string(), "{by}: what the page says it lists");
        let counted = match by {
            "women" => women.to_string(),
            "passed" => of.year.passed.to_string(),
            // Hours have no rows of their own: those of the people add up to them.
            "all" if value.contains('.') => persons.to_string(),
            _ => value.clone(),
        };
        assert_eq!(counted, rows.to_string(), "{by} {href}");
        seen.push(by.to_owned());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["all", "cases", "cumulative", "passed", "sessions", "times", "women"]);
    for table in ["x3", "x8"] {
        let at = format!("/statistics/year/{year}/{table}");
        assert!(shown.iter().any(|(href, _)| *href == at), "a target that {table} judges: {shown:?}");
    }
    // The woman alone, and the sessions by their codes.
    let women = officer.get(&format!("/statistics/year/{year}/rows?by=women")).await.text();
    assert!(women.contains("葉門禁") && !women.contains("賴備援"), "{women}");
    let sessions = officer.get(&format!("/statistics/year/{year}/rows?by=sessions")).await.text();
    assert!(sessions.contains("S115-H") && sessions.contains("S115-01"), "{sessions}");
    let cases = officer.get(&format!("/statistics/year/{year}/rows?by=cases")).await.text();
    assert!(cases.contains("S115-01") && !cases.contains("S115-H"), "{cases}");
}

#[tokio::test]
async fn the_list_of_exercises_says_what_it_is_and_books_by_the_first_start() {
    let class = Class::new().await;
    let year = RocYear::of_ms(class.house.app.now_ms());
    let officer = class.house.staff("officer").await;
    // Planned two years ago, begun now.
    class.house.sql("UPDATE exercises SET starts_ms = starts_ms - 63115200000").await;
    let list = officer.get(&format!("/statistics?year={year}")).await.text();
    assert!(list.contains("不含課程場次") && list.contains("S115-01"), "{list}");
    let before = officer.get(&format!("/statistics?year={}", year.0 - 2)).await.text();
    assert!(!before.contains("S115-01"), "{before}");
    assert!(!links(&officer.get("/statistics").await).contains(&format!("year={}\"", year.0 - 2)));
    assert!(officer.get("/statistics?lang=en").await.text().contains("without classes"));
}

#[tokio::test]
async fn targets_are_edited_on_their_page_and_every_page_judges_by_them() {
    let class = Class::new().await;
    let year = RocYear::of_ms(class.house.app.now_ms()).to_string();
    let officer = class.house.staff("officer").await;
    let page = officer.get("/statistics/settings").await.text();
    for word in ["任一性別不少於幾分之一", "任一性別比率(%)", "一週內修補之高風險弱點(%)"]
    {
        assert!(page.contains(word), "{word}: {page}");
    }
    let target = |item: &'static str, measure: &'static str, value: &'static str| {
        let fields = [
            ("act", "target"),
            ("id", ""),
            ("year", &*year),
            ("item", item),
            ("title", "指標"),
            ("county", ""),
            ("from", &*year),
            ("until", ""),
            ("measure", measure),
            ("value", value),
            ("or_measure", ""),
            ("or_value", ""),
            ("evidence", ""),
        ];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let send = async |item, measure, value| {
        let fields = target(item, measure, value);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        officer.post("/statistics/settings", &fields).await
    };
    for (measure, value) in [("female_share", "101"), ("either_part", "1"), ("grave_closed", "0")] {
        let refused = send("x", measure, value).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{measure} {value}");
    }
    // One woman of four is a quarter.
    for (value, verdict) in [("25", "達成"), ("26", "未達成")] {
        assert_eq!(send("參-二-(四)", "female_share", value).await.status, StatusCode::SEE_OTHER);
        let x1 = officer.get(&format!("/statistics/year/{year}/x1")).await.text();
        assert!(
            x1.contains(&format!("女性參與率&gt;={value}%")) && x1.contains(&format!(">{verdict}<")),
            "{x1}"
        );
        let one = officer.get(&format!("/statistics/{}", class.house.exercise)).await.text();
        assert!(one.contains(&format!("目標 {value}%")), "{one}");
        let file =
            officer.get(&format!("/statistics/year/{year}/x1/export?format=csv&edition=internal")).await;
        assert!(file.text().contains(&format!("女性參與率>={value}%")), "{}", file.text());
    }
    assert_eq!(send("性別影響評估", "either_share", "40").await.status, StatusCode::SEE_OTHER);
    assert!(officer.get(&format!("/statistics/year/{year}/x3")).await.text().contains("任一性別不少於 40%"));
    assert_eq!(send("2-3", "grave_closed", "90").await.status, StatusCode::SEE_OTHER);
    assert!(officer.get(&format!("/statistics/year/{year}/x8")).await.text().contains("目標 90%"));
    assert!(officer.get("/findings").await.text().contains("目標 90%"));
}
