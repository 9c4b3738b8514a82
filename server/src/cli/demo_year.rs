//! The demo's register and its filled year: two sessions with 57 people (34 men, 21 women, one other, one undisclosed), of
//! whom 11 came twice, and the year before with 48 of them. Everybody is invented, plainly so, and nothing is drawn by chance:
//! each installation shows the same figures.

use rampart_app::courses::{CourseError, SurveyQuestion};
use rampart_app::{App, AppError, ProgrammeError, RegisterError};
use rampart_domain::records::course::{
    Aspect, LATE_MINUTES, MarkSource, Measure, PASS_MARK, Standing, TestKind,
};
use rampart_domain::records::{Area, Finding, FindingResult, Gender, Level, RocDate, RocYear};
use rampart_store::{Agency, CourseAbout, NewClassSession};

const HOUR_MS: i64 = 3_600_000;

/// The cast of the invented county: name, gender as rosters write it, agency, sits in a seat of the demo exercise.
pub(super) const CAST: [(&str, &str, &str, bool); 20] = [
    ("林演練", "女", "縣政府 數位發展處", false),
    ("陳範例", "男", "縣政府 數位發展處", false),
    ("許藍圖", "女", "縣政府 數位發展處", true),
    ("謝測試", "男", "縣政府 數位發展處", true),
    ("張示範", "女", "縣政府 數位發展處", true),
    ("莊公文", "男", "地方稅務局", true),
    ("葉門禁", "女", "縣政府 機房", true),
    ("李模擬", "男", "地政處", true),
    ("黃沙盒", "女", "衛生局", true),
    ("蘇還原", "男", "消防局", true),
    ("曾封包", "女", "縣政府 資安監控中心", true),
    ("廖快照", "其他", "縣政府 端點防護小組", true),
    ("賴備援", "男", "文化局 縣立圖書館", true),
    ("呂差勤", "女", "嵐山鄉公所", false),
    ("吳虛構", "男", "白沙嶼鄉公所", true),
    ("周演習", "不願透露", "環保局", true),
    ("郭日誌", "女", "水晶橋資訊", true),
    ("蔡紅磚", "男", "木棉雲端", true),
    ("鄭白板", "女", "青嵐科技大學", false),
    ("王假名", "男", "青嵐科技大學", true),
];

/// Names of the others, one word of the trade each: 27 men and 14 women who learn, a man who plans, four men who teach.
const OTHERS: [&str; 46] = [
    "高金鑰",
    "簡網段",
    "洪閘道",
    "邱雜湊",
    "江校驗",
    "何權杖",
    "羅節點",
    "蕭備份",
    "潘憑證",
    "朱稽核",
    "鍾資產",
    "彭弱點",
    "游修補",
    "詹掃描",
    "胡蜜罐",
    "施誘餌",
    "沈隔離",
    "余白單",
    "盧事件",
    "梁告警",
    "趙證據",
    "顏鏡像",
    "柯封鎖",
    "翁復原",
    "魏通報",
    "孫研判",
    "戴追蹤",
    "范溯源",
    "方情資",
    "宋樣本",
    "鄧推演",
    "杜劇本",
    "傅裁決",
    "侯回饋",
    "曹連線",
    "薛埠號",
    "丁路由",
    "石標頭",
    "夏逾時",
    "湯重試",
    "賀佇列",
    "龔快取",
    "溫雙因",
    "程跳板",
    "田側錄",
    "康監看",
];
const MEN: usize = 27;
const LEARN: usize = 41;

/// Agencies of the others, in turn.
const AGENCIES: [&str; 12] = [
    "縣政府 數位發展處",
    "警察局",
    "地方稅務局",
    "地政處",
    "衛生局",
    "消防局",
    "環保局",
    "文化局 縣立圖書館",
    "戶政所",
    "嵐山鄉公所",
    "望潮鎮公所",
    "石燈鎮公所",
];
const VENDORS: [&str; 2] = ["水晶橋資訊", "木棉雲端"];

/// Agencies with level and area.
const LISTED: [(&str, &str, Level, Area); 16] = [
    ("A01", "縣政府 數位發展處", Level::B, Area::Seat),
    ("A02", "警察局", Level::B, Area::Seat),
    ("A03", "地方稅務局", Level::B, Area::Seat),
    ("A04", "縣政府 機房", Level::B, Area::Seat),
    ("A05", "縣政府 資安監控中心", Level::B, Area::Seat),
    ("A06", "縣政府 端點防護小組", Level::B, Area::Seat),
    ("B01", "地政處", Level::C, Area::Seat),
    ("B02", "衛生局", Level::C, Area::Seat),
    ("B03", "消防局", Level::C, Area::Seat),
    ("B04", "環保局", Level::C, Area::Plain),
    ("B05", "文化局 縣立圖書館", Level::C, Area::Plain),
    ("C01", "戶政所", Level::D, Area::Plain),
    ("C02", "嵐山鄉公所", Level::D, Area::Remote),
    ("C03", "白沙嶼鄉公所", Level::D, Area::Remote),
    ("C04", "望潮鎮公所", Level::D, Area::Plain),
    ("C05", "石燈鎮公所", Level::D, Area::Plain),
];

/// Somebody of the others.
struct Other {
    gender: &'static str,
    agency: &'static str,
    identity: &'static str,
    duty: &'static str,
}

fn other(at: usize) -> Other {
    let male = !(MEN..LEARN).contains(&at);
    // Six men and two women work for contractors.
    let vendor = at < 6 || (MEN..MEN + 2).contains(&at) || at > LEARN;
    Other {
        gender: if male { "男" } else { "女" },
        agency: if vendor { VENDORS[at % 2] } else { AGENCIES[at % AGENCIES.len()] },
        identity: if vendor {
            "委外廠商"
        } else if at % 9 == 4 {
            "約聘僱"
        } else {
            "公務人員"
        },
        duty: match at % 6 {
            _ if vendor || at >= LEARN => "",
            0 => "資安專職",
            1 | 2 => "資訊人員",
            _ => "一般使用者",
        },
    }
}

/// Everybody as a roster, in the form that the import page takes.
pub(super) fn roster() -> String {
    let mut text = "姓名,職號,機關,身分,資安身分別,性別\n".to_owned();
    for (at, (name, gender, agency, _)) in CAST.iter().enumerate() {
        let (identity, duty) = match *agency {
            "水晶橋資訊" | "木棉雲端" => ("委外廠商", ""),
            "青嵐科技大學" => ("學生", ""),
            _ if at < 2 => ("公務人員", "一般使用者"),
            _ if at < 4 => ("公務人員", "資安專職"),
            _ if at % 3 == 0 => ("公務人員", "一般使用者"),
            _ => ("公務人員", "資訊人員"),
        };
        text.push_str(&format!("{name},Q{:03},{agency},{identity},{duty},{gender}\n", at + 1));
    }
    for (at, name) in OTHERS.iter().enumerate() {
        let Other { gender, agency, identity, duty } = other(at);
        text.push_str(&format!("{name},R{:03},{agency},{identity},{duty},{gender}\n", at + 1));
    }
    text
}

/// People by number on the roster, with the ids that the import gave them.
struct People<'a> {
    ids: &'a [String],
    men: Vec<usize>,
    women: Vec<usize>,
    rest: Vec<usize>,
}

impl<'a> People<'a> {
    fn of(ids: &'a [String]) -> Self {
        // Who plans, teaches, or hands the figures in does not learn.
        let learns = |at: &usize| !["林演練", "陳範例", "蔡紅磚", "鄭白板"].contains(&CAST[*at].0);
        let of =
            |gender: &'static str| (0..CAST.len()).filter(learns).filter(move |at| CAST[*at].1 == gender);
        let first = CAST.len();
        Self {
            ids,
            men: of("男").chain(first..first + MEN).collect(),
            women: of("女").chain(first + MEN..first + LEARN).collect(),
            rest: of("其他").chain(of("不願透露")).collect(),
        }
    }

    fn number(at: usize) -> String {
        match at.checked_sub(CAST.len()) {
            None => format!("Q{:03}", at + 1),
            Some(at) => format!("R{:03}", at + 1),
        }
    }

    fn typed(people: &[usize]) -> String {
        people.iter().map(|at| Self::number(*at)).collect::<Vec<_>>().join("\n")
    }

    fn id(&self, at: usize) -> String {
        self.ids.get(at).cloned().unwrap_or_default()
    }
}

/// What cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Course(#[from] CourseError),
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Programme(#[from] ProgrammeError),
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<rampart_store::StoreError> for Fault {
    fn from(error: rampart_store::StoreError) -> Self {
        Self::App(error.into())
    }
}

/// A course with one session.
struct Class {
    code: String,
    session: String,
    title: &'static str,
    aspect: Aspect,
    halves: Vec<(i64, i64)>,
    /// On the list.
    expected: Vec<usize>,
    /// Who came, for all of it; three of them failed the test.
    came: Vec<usize>,
}

/// The half-days of a session of six hours a day.
fn halves(first: RocDate, days: i64, afternoon: i64) -> Vec<(i64, i64)> {
    (0..days)
        .flat_map(|day| {
            let at = |tenths: i64| first.start_ms() + day * 24 * HOUR_MS + tenths * HOUR_MS / 10;
            [(at(90), at(120)), (at(afternoon), at(afternoon + 30))]
        })
        .collect()
}

async fn class(app: &App, people: &People<'_>, of: &Class, by: &str) -> Result<(String, String), Fault> {
    let minutes = of.halves.iter().map(|(from, to)| (to - from) / 60_000).sum::<i64>();
    let about = CourseAbout {
        code: of.code.clone(),
        title: of.title.to_owned(),
        aspect: of.aspect,
        speciality: "網路攻防".to_owned(),
        category: "523".to_owned(),
        minutes: u32::try_from(minutes).unwrap_or(0),
        digital_minutes: 0,
        tested: true,
        pass_mark: PASS_MARK,
        work_related: true,
        measures: vec![Measure::Shuttle, Measure::Content],
        county: "30".to_owned(),
    };
    let course = app.save_course(None, &about, by).await?;
    let new = NewClassSession {
        id: String::new(),
        course_id: course.clone(),
        code: of.session.clone(),
        class_no: 1,
        place: "嵐北訓練教室".to_owned(),
        halves: of.halves.clone(),
        late_minutes: LATE_MINUTES,
        exercise_id: None,
    };
    let session = app.save_class_session(&new, by).await?;
    app.enter_people(&course, &session, Standing::Trainee, &People::typed(&of.expected), by).await?;
    // One stay for each day; what lies between the half-days does not count.
    let stays: Vec<(String, i64, Option<i64>)> = of
        .came
        .iter()
        .flat_map(|at| {
            let days = of.halves.chunks(2);
            days.filter_map(|day| Some((people.id(*at), day.first()?.0, Some(day.last()?.1))))
        })
        .collect();
    app.mark_class(&course, &session, MarkSource::Sheet, &stays, "紙本簽到表", by).await?;
    let scores: Vec<(String, TestKind, u8)> = (0..)
        .zip(&of.came)
        .map(|(n, at)| {
            let score = if n < 30 && n % 10 == 4 { 62 } else { 72 + u8::try_from(n * 7 % 25).unwrap_or(0) };
            (people.id(*at), TestKind::Post, score)
        })
        .collect();
    app.set_test_results(&course, &session, &scores, "", by).await?;
    app.issue_certificates(&course, by).await?;
    Ok((course, session))
}

/// Sheets of the questionnaire: 52 of 57 come back, 31 of men, 19 of women, two of others.
async fn survey(app: &App, course: &str, by: &str) -> Result<(), Fault> {
    let question = |scale, zh: &str, en: &str| SurveyQuestion { scale, zh: zh.to_owned(), en: en.to_owned() };
    let questions = [
        question(true, "難易適中", "The level was right"),
        question(true, "講師講解清楚", "The trainer explained well"),
        question(false, "建議", "What should be better"),
    ];
    let id = app.make_survey(course, "課後問卷", &questions, by).await?;
    let tokens = app.hand_survey_out(course, &id, 57, by).await?;
    let Some(first) = tokens.first() else { return Ok(()) };
    let ids: Vec<String> = app.survey_of(first).await?.1.into_iter().map(|one| one.id).collect();
    // How often men gave 5, 4, 3, and women: means 4.19 and 4.00.
    let groups: [(Gender, [usize; 3]); 4] = [
        (Gender::Male, [11, 15, 5]),
        (Gender::Female, [3, 13, 3]),
        (Gender::Other, [0, 1, 0]),
        (Gender::Undisclosed, [0, 1, 0]),
    ];
    let sheets = groups.into_iter().flat_map(|(gender, counts)| {
        let scores = [5, 4, 3].into_iter().zip(counts);
        scores.flat_map(move |(score, n)| std::iter::repeat_n((gender, score), n))
    });
    for (n, ((gender, score), token)) in sheets.zip(&tokens).enumerate() {
        let second = if n % 4 == 0 { 4 } else { 5 };
        let typed = |question: &str| match ids.iter().position(|id| id == question) {
            Some(0) => score.to_string(),
            Some(1) => second.to_string(),
            Some(_) if n == 7 => "希望增加實作時間。".to_owned(),
            _ => String::new(),
        };
        app.answer_survey(token, Some(gender), typed).await?;
    }
    Ok(())
}

async fn findings(app: &App, year: RocYear, by: &str) -> Result<(), Fault> {
    let day = |month, day| RocDate::new(year.0, month, day).ok().map(RocDate::start_ms);
    let one = |number: &str, system: &str, weakness: &str, cvss, first_ms| Finding {
        id: String::new(),
        year,
        number: number.to_owned(),
        system: system.to_owned(),
        weakness: weakness.to_owned(),
        cvss,
        first_ms,
        repair: String::new(),
        repaired_ms: None,
        retest_ms: None,
        result: FindingResult::Open,
    };
    let (Some(first), Some(repaired), Some(late)) = (day(5, 13), day(5, 18), day(6, 2)) else {
        return Ok(());
    };
    let list = [
        Finding {
            repair: "改用參數化查詢".to_owned(),
            repaired_ms: Some(repaired),
            retest_ms: Some(repaired),
            result: FindingResult::Repaired,
            ..one("R-01", "全球資訊網", "查詢頁 SQL 注入", 98, first)
        },
        Finding {
            repair: "上傳目錄不執行程式".to_owned(),
            repaired_ms: Some(repaired),
            retest_ms: Some(repaired),
            result: FindingResult::Repaired,
            ..one("R-02", "全球資訊網", "附件上傳可執行", 88, first)
        },
        Finding {
            repair: "更換共用金鑰".to_owned(),
            repaired_ms: Some(late),
            retest_ms: Some(late),
            result: FindingResult::Repaired,
            ..one("R-03", "嵐文公文", "內部介面共用權杖", 75, first)
        },
        one("R-04", "嵐文公文", "錯誤訊息洩漏路徑", 43, first),
    ];
    for finding in list {
        app.save_finding(finding, by).await?;
    }
    Ok(())
}

/// The year that is filled: this one once its sessions are over, else the one before.
fn filled(now_ms: i64) -> RocYear {
    let year = RocYear::of_ms(now_ms);
    match RocDate::new(year.0, 6, 3) {
        Ok(over) if over.start_ms() <= now_ms => year,
        _ => year.before(),
    }
}

/// Makes it, unless its course is there. `ids` are the people of [`roster`] in its order. Answers the year, and whether it was
/// made now.
pub(super) async fn make(app: &App, ids: &[String], by: &str) -> Result<(RocYear, bool), Fault> {
    let year = filled(app.now_ms());
    let code = format!("C{year}-01");
    if app.store.courses().list().await?.iter().any(|known| known.about.code == code) {
        return Ok((year, false));
    }
    let listed = app.store.agencies().list().await?;
    for (code, name, level, area) in LISTED {
        if listed.iter().any(|known| known.name == name || known.code == code) {
            continue;
        }
        let agency = Agency {
            code: code.to_owned(),
            name: name.to_owned(),
            level: Some(level),
            area: Some(area),
            county: "青嵐縣".to_owned(),
            ..Agency::default()
        };
        app.save_agency(&agency, by).await?;
    }
    let people = People::of(ids);
    let (men, women) = (&people.men, &people.women);
    let day = |year: RocYear, month, day| RocDate::new(year.0, month, day).unwrap_or(RocDate::of_ms(0));
    let of = |men: &[usize], women: &[usize], rest: &[usize]| [men, women, rest].concat();
    let before = Class {
        code: format!("C{}-01", year.before()),
        session: format!("S{}-01", year.before()),
        title: "紅藍對抗入門",
        aspect: Aspect::Technique,
        halves: halves(day(year.before(), 6, 10), 1, 135),
        expected: of(&men[..32], &women[..16], &[]),
        came: of(&men[..32], &women[..16], &[]),
    };
    class(app, &people, &before, by).await?;
    let first = Class {
        code,
        session: format!("S{year}-01"),
        title: "藍隊通報應變",
        aspect: Aspect::Management,
        halves: halves(day(year, 3, 5), 1, 135),
        expected: of(&[&men[..19], &men[33..34]].concat(), &[&women[..11], &women[20..21]].concat(), &[]),
        came: of(&men[..19], &women[..11], &[]),
    };
    class(app, &people, &first, by).await?;
    let second = Class {
        code: format!("C{year}-02"),
        session: format!("S{year}-02"),
        title: "紅藍對抗實作",
        aspect: Aspect::Technique,
        halves: halves(day(year, 5, 12), 2, 140),
        expected: of(
            &[&men[12..34], &men[..1]].concat(),
            &[&women[7..21], &women[..1]].concat(),
            &people.rest,
        ),
        came: of(&men[12..34], &women[7..21], &people.rest),
    };
    let (course, session) = class(app, &people, &second, by).await?;

    let first = CAST.len();
    // Men and women of X3: 2 and 1 plan, 14 and 8 work, 6 and 3 of contractors, 5 and 1 teach.
    let groups: [(Standing, Vec<usize>); 4] = [
        (Standing::Planner, vec![0, 1, first + LEARN]),
        (
            Standing::Staff,
            of(&[&men[..6], &men[13..21]].concat(), &[&women[..6], &women[9..11]].concat(), &[]),
        ),
        (Standing::Contractor, of(&men[7..13], &[&women[6..7], &women[7..9]].concat(), &[])),
        (
            Standing::Trainer,
            vec![17, 18, first + LEARN + 1, first + LEARN + 2, first + LEARN + 3, first + LEARN + 4],
        ),
    ];
    for (standing, group) in groups {
        app.enter_people(&course, &session, standing, &People::typed(&group), by).await?;
    }
    survey(app, &course, by).await?;
    findings(app, year, by).await?;
    Ok((year, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_men_and_women_as_the_tables_say() {
        let people = People::of(&[]);
        assert_eq!((people.men.len(), people.women.len(), people.rest.len()), (34, 21, 2));
        let roster = roster();
        let mut names: Vec<&str> = roster.lines().filter_map(|line| line.split(',').next()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 1 + CAST.len() + OTHERS.len(), "nobody is named twice");
    }
}
