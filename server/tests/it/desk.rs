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
