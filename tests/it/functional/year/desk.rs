//! The officer's desk: targets and rules, the year at a glance, the rows behind a figure, all tables, the texts asked for.

use super::{Year, enter, lines, look, press, rows, unfold};
use crate::harness::SOON;
use crate::harness::words::zh;

/// A target of the county's own with an alternative, and this year's rule for dedicated staff: nine hours.
pub async fn settings(year: &mut Year) {
    let office = &year.officer;
    let path = format!("/statistics/settings?year={}", year.year);
    office.goto(&path).await;
    unfold(office, "#new-target").await;
    look(office, "settings").await;
    let from = year.year.to_string();
    let fields = [
        ("item", "1-1"),
        ("title", "演練人次"),
        ("measure", "person_times"),
        ("value", "30"),
        ("or_measure", "websites"),
        ("or_value", "30"),
        ("from", &from),
        ("evidence", "X2"),
    ];
    enter(office, "#new-target form", &fields).await;
    press(office, "#new-target button[value=target]", &zh("flash.saved")).await;
    office.goto(&path).await;
    let new = "details:last-of-type form:has(button[value=duty])";
    unfold(office, "details:last-of-type:has(button[value=duty])").await;
    let fields = [
        ("class", "dedicated"),
        ("levels", "ABC"),
        ("rule_from", from.as_str()),
        ("professional", "9"),
        ("years", "1"),
        ("general", "0"),
    ];
    enter(office, new, &fields).await;
    press(office, &format!("{new} button[value=duty]"), &zh("flash.saved")).await;
}

/// The year at a glance, and the people behind it.
pub async fn overview(year: &mut Year) {
    let office = &year.officer;
    office.goto("/statistics").await;
    look(office, "statistics").await;
    office.goto(&year.desk("")).await;
    let figures = "section[aria-labelledby=h-figures] dl.figures";
    // People, times, hours, sessions, cases, passed, women, cumulative: the two of the year before came again.
    let values = office.texts(&format!("{figures} dd a")).await;
    assert_eq!(values, ["9", "12", "50.90", "2", "0", "58.33%", "44.44%", "9"]);
    let changes: Vec<String> = office
        .texts(&format!("{figures} dd small"))
        .await
        .iter()
        .map(|text| text.trim_start_matches(&zh("desk.change")).trim().to_owned())
        .collect();
    assert_eq!(changes, ["+7", "+10", "+44.90", "+1", "0", "-5.56 百分點"]);

    let targets = lines(office, "section.card:has(h2):nth-of-type(2)").await;
    let verdicts: Vec<&str> = targets.iter().map(|line| line.rsplit(" | ").next().unwrap()).collect();
    let (met, short, unknown) = (zh("desk.met"), zh("desk.short"), zh("desk.unknown"));
    assert_eq!(verdicts, [&short, &unknown, &met, &short, &short, &met, &short], "{targets:?}");
    assert!(targets[0].contains("30 | 12 | 40.00"), "{targets:?}");
    assert!(targets[3].contains("50 | 9 | 18.00"), "{targets:?}");

    let told = office.texts("ol.lines li").await;
    for missing in [
        // Two sheets of the questionnaire, two groups short of a third, a wide gap, and seven without duty or level.
        zh("desk.remind_not_returned"),
        zh("desk.group_contractor"),
        zh("desk.group_trainer"),
        zh("desk.remind_analysis"),
        format!("7 {}", zh("desk.remind_no_duty")),
    ] {
        assert!(told.iter().any(|line| line.contains(&missing)), "{missing}: {told:?}");
    }
    assert!(!told.iter().any(|line| line.contains(&zh("desk.remind_no_gender"))), "{told:?}");

    let months = rows(office, "section.card:has(svg.bar-chart) details[open]").await;
    let months: Vec<String> = months.iter().map(|row| row[..5].join(" | ")).collect();
    assert_eq!(months, ["3 月 | 7 | 3 | 3 | 1", "5 月 | 5 | 2 | 2 | 1"]);
    look(office, "desk").await;

    office.click(&format!("{figures} dd a")).await;
    office.wait_for("main table tbody tr", SOON).await;
    let behind = lines(office, "main").await;
    assert_eq!(behind.len(), 9);
    let (one, two) = (format!("S{}-01", year.year), format!("S{}-02", year.year));
    assert!(behind.contains(&format!("李模擬 | B005 | 地政處 | {one}, {two} | 9")), "{behind:?}");
    assert!(
        behind.contains(&format!("張示範 | B003 | 縣政府 數位發展處 | {one}, {two} | 8.9")),
        "{behind:?}"
    );
    look(office, "behind").await;
    office.goto(&year.desk("/rows?by=month&of=5")).await;
    assert_eq!(lines(office, "main").await.len(), 5);
}

/// Rows of a table of the year.
async fn table(year: &Year, part: &str) -> Vec<String> {
    year.officer.goto(&year.desk(part)).await;
    year.officer.wait_for("section.official table", SOON).await;
    lines(&year.officer, "section.official").await
}

/// Every table, to the digit.
pub async fn tables(year: &mut Year) {
    let (this, before) = (year.year, year.year - 1);
    assert_eq!(
        table(year, "/x1").await,
        [
            format!("{before} | 2 | 1 | 50.00 | 1 | 50.00 | - | - | - | - | 100.00 | 達成"),
            format!("{this} | 9 | 3 | 33.33 | 4 | 44.44 | 1 | 11.11 | 1 | 11.11 | 75.00 | 達成"),
            "較上年增減 | 7 (350.00%) | 2 | -16.67 百分點 | 3 | -5.56 百分點 | 1 | 11.11 | 1 | 11.11 | -25.00 | "
                .to_owned(),
        ]
    );
    look(&year.officer, "x1").await;
    let public = table(year, "/x1?edition=public").await;
    assert_eq!(public[1], format!("{this} | 7 | 3 | 42.86 | 4 | 57.14 | 75.00 | 達成"));
    assert_eq!(public[0].matches('※').count(), public[0].split(" | ").count() - 1, "{public:?}");

    let x2 = table(year, "/x2").await;
    let course = "藍隊通報應變 | 管理面 | 523";
    assert_eq!(
        x2,
        [
            format!(
                "S{this}-01 | {course} | {this}-03-05~{this}-03-05 | 8 | 7 | 3 | 3 | 1 | - | 6 | 36 | 87.50 | 71.43"
            ),
            format!(
                "S{this}-02 | {course} | {this}-05-12~{this}-05-12 | 5 | 5 | 2 | 2 | - | 1 | 3 | 14.90 | 100.00 | 40.00"
            ),
            "合計 | 2 場次 |  |  |  | 13 | 12 | 5 | 5 | 1 | 1 | 9 | 50.90 | 92.31 | 58.33".to_owned(),
            "不重複人數 |  |  |  |  |  | 9 | 3 | 4 | 1 | 1 |  |  |  | ".to_owned(),
        ]
    );
    let notes = year.officer.text("section.official p.note").await;
    assert!(notes.contains("7/12") && notes.contains("12 - 9 = 3 人次為重複參加（男 2、女 1）"), "{notes}");
    look(&year.officer, "x2").await;

    assert_eq!(
        table(year, "/x3").await,
        [
            "規劃決策人員 | 2 | 1 | 1 | 50.00 | 50.00 | 符合",
            "機關執行人員 | 3 | 2 | 1 | 33.33 | 33.33 | 符合",
            "委外廠商人力 | 1 | - | 1 | 100.00 | 0.00 | 未符合（須填「原因及改善作法」）",
            "師資(含紅隊教官) | 2 | 2 | - | 0.00 | 0.00 | 未符合（須填「原因及改善作法」）",
        ]
    );
    look(&year.officer, "x3").await;

    assert_eq!(table(year, "/x4").await, ["難易適中 | 4.00(10) | 4.40(5) | 3.60(5) | -0.80 | 80.00"]);
    let unit = year.officer.text("section.official header span").await;
    assert!(unit.contains("發出數 12，回收數 10，回收率 83.33%"), "{unit}");
    look(&year.officer, "x4").await;

    let identity = table(year, "/x5-identity").await;
    assert_eq!(identity[0], "公務人員 | 7 | 2 | 28.57 | 3 | 42.86 | 1 | 14.29 | 1 | 14.29");
    assert_eq!(identity[1], "約聘僱 | 1 | 1 | 100.00 | - | - | - | - | - | -");
    assert_eq!(identity.last().unwrap(), "總計 | 9 | 3 | 33.33 | 4 | 44.44 | 1 | 11.11 | 1 | 11.11");
    let age = table(year, "/x5-age").await;
    assert_eq!(age[1], "30-39 | 1 | - | - | 1 | 100.00 | - | - | - | -");
    assert_eq!(age[5], "未揭露 | 8 | 3 | 37.50 | 3 | 37.50 | 1 | 12.50 | 1 | 12.50");
    look(&year.officer, "x5").await;
    // Two agencies of level B, two of C, and two people of agencies of which nobody said it.
    let level = table(year, "/x5-level").await;
    let totals: Vec<&str> = level.iter().map(|row| row.split(" | ").nth(1).unwrap()).collect();
    assert_eq!(totals, ["-", "4", "3", "-", "-", "2", "9"], "{level:?}");
    for part in ["/x5-area", "/x5-indigenous", "/x5-disability"] {
        let rows = table(year, part).await;
        assert!(rows.last().unwrap().starts_with("總計 | 9 | 3 | 33.33 | 4 | 44.44"), "{part}: {rows:?}");
    }

    let x6 = table(year, "/x6").await;
    assert_eq!(
        x6,
        [
            format!("{this} | 1-1 | 演練人次（申報） | 人次 | 30 | 12 | 40.00 | 12 | X2"),
            format!("{this} | 1-1 | 演練人次（未申報） | 網站數 | 30 | - | - | - | X2"),
            format!(
                "{this} | 2-3 | 高風險弱點1週內修補 | 7日內完成修補之CVSS 7分以上弱點數/其總數 | 75% | 100.00% | 133.33 | - | X8"
            ),
            format!("{this} | 3-1 | 培訓人數 | 不重複人數 | 50 | 9 | 18.00 | 11 | X1, X2"),
            format!("{this} | 3-2 | 紅藍隊演練或資安檢測 | 案數 | 6 | 0 | 0.00 | 0 | X2"),
            format!(
                "{this} | 參-二-(四) | 培訓活動女性參與率 | 女性人數/總人數 | 30% | 44.44% | 148.13 | - | X1"
            ),
            // Of the contractors and of the trainers one gender is missing.
            format!(
                "{this} | 性別影響評估 | 任一性別比率 | 各類別較少性別人數/總人數之最低者 | 1/3 | 0.00% | 0.00 | - | X3"
            ),
        ]
    );
    look(&year.officer, "x6").await;

    // 523 of two years count for who is in charge of information systems; this year's rule asks nine hours of the dedicated.
    let x7 = table(year, "/x7").await;
    let duty = "3 專業/二年 + 3 通識/年";
    for row in [
        "縣政府 數位發展處 | B | 許○圖 | 資安專職 | 9 專業或職能/年 | 6 | 0 | 專業 3 | 未達成".to_owned(),
        "縣政府 數位發展處 | B | 謝○試 | 資安專職 | 9 專業或職能/年 | 9 | 0 | - | 達成".to_owned(),
        format!("縣政府 數位發展處 | B | 張○範 | 資訊人員 | {duty} | 8.90 | 0 | 通識 3 | 未達成"),
        format!("地方稅務局 | B | 莊○文 | 資訊人員 | {duty} | 9 | 0 | 通識 3 | 未達成"),
        "地政處 | C | 李○擬 | 一般使用者 | 3 通識/年 | 9 | 0 | 通識 3 | 未達成".to_owned(),
        "衛生局 | C | 黃○盒 | 一般使用者 | 3 通識/年 | 3 | 0 | 通識 3 | 未達成".to_owned(),
    ] {
        assert!(x7.contains(&row), "{row}: {x7:#?}");
    }
    let sums: Vec<&String> = x7.iter().filter(|row| row.starts_with("小計")).collect();
    assert_eq!(sums[0], "小計 |  |  | 資安專職 | 2 人應訓 |  |  | 1 人達成 | 50.00", "{x7:#?}");
    look(&year.officer, "x7").await;

    let x8 = table(year, "/x8").await;
    let finding = format!(
        "R-01 | 嵐文公文 | SQL 注入 | 9.8 | 高 | {this}-05-12 | 改用參數化查詢 | {this}-05-18 | {this}-05-18 | 已修補 | Y"
    );
    assert_eq!(x8, [finding]);
    assert!(year.officer.text("section.official p.note").await.contains("1/1 = 100.00%"));
    look(&year.officer, "x8").await;
    let hours = table(year, "/hours").await;
    assert_eq!(hours.len(), 10);
    assert_eq!(hours[9], "合計 |  |  | 9 人 | 12 | 50.90", "{hours:?}");
    look(&year.officer, "hours").await;
}

/// What the tables ask for is written, stands in their notes, and nothing is missing any more but what nobody can write.
pub async fn texts(year: &mut Year) {
    let office = &year.officer;
    for (part, key, words) in [
        ("/x3", "x3:contractor", "次年契約要求派員二人以上"),
        ("/x3", "x3:trainer", "次年增聘女性講師"),
        ("/x4", "x4:", "女性學員多為初學，次年分級開班"),
    ] {
        office.goto(&year.desk(part)).await;
        let form = format!("form:has(input[name=key][value^=\"{key}\"])");
        office.fill(&format!("{form} textarea"), words).await;
        press(office, &format!("{form} button"), &zh("flash.saved")).await;
        office.goto(&year.desk(part)).await;
        assert!(office.text("section.official p.note").await.contains(words), "{key}");
    }
    office.goto(&year.desk("/x3")).await;
    let x3 = rows(office, "section.official").await;
    assert_eq!((x3[2][6].as_str(), x3[3][6].as_str()), ("未符合", "未符合"));
    office.goto(&year.desk("")).await;
    let told = office.texts("ol.lines li").await;
    for done in [zh("desk.group_contractor"), zh("desk.remind_analysis")] {
        assert!(!told.iter().any(|line| line.contains(&done)), "{done}: {told:?}");
    }
}

/// The same desk in English, for those who read that.
pub async fn in_english(year: &mut Year) {
    let office = &year.officer;
    for (part, name) in [("?lang=en", "desk-en"), ("/x2", "x2-en"), ("/x1", "x1-en")] {
        office.goto(&year.desk(part)).await;
        assert_eq!(office.find("html").await.attr("lang").await.unwrap().as_deref(), Some("en"));
        look(office, name).await;
    }
    office.goto("/courses").await;
    look(office, "courses-en").await;
    office.goto(&year.desk("?lang=zh-TW")).await;
}
