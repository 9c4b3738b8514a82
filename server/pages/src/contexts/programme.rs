//! The officer's desk for a year: overview with charts, tables X1 to X8, rows behind the figures, targets and duty rules.

use serde::Serialize;

use super::common::*;
use super::portal::{DeskPortal, IssuerRow};

/// A figure with what it was the year before.
#[derive(Debug, Clone, Serialize)]
pub struct DeskFigure {
    /// Key of its name and definition, `desk.figure_` and `desk.define_`.
    pub key: String,
    /// As printed.
    pub value: String,
    /// Change against the year before, as printed; empty where there is none.
    pub change: String,
    /// The change is one of a share: percentage points.
    pub points: bool,
    /// Where the rows behind it stand.
    pub href: String,
}

/// A target with what was reached.
#[derive(Debug, Clone, Serialize)]
pub struct DeskTarget {
    /// Item of the programme.
    pub item: String,
    /// Title.
    pub title: String,
    /// What is asked, as printed.
    pub value: String,
    /// What was reached, as printed.
    pub actual: String,
    /// Share, as printed.
    pub share: String,
    /// Reached; `None` where nothing is known.
    pub reached: Option<bool>,
    /// Of a target that may be reached in either of two ways: whether this one is claimed.
    pub claimed: Option<bool>,
    /// Where what it counts stands.
    pub href: String,
}

/// Something to do.
#[derive(Debug, Clone, Serialize)]
pub struct DeskReminder {
    /// Key under `desk.remind_`.
    pub kind: String,
    /// What it is about.
    pub what: String,
    /// How many, or how many days.
    pub number: i64,
    /// Where it is done; empty where nowhere.
    pub href: String,
}

/// A bar of a chart: men, women and everyone else, one after the other. Places are in a drawing 360 wide.
#[derive(Debug, Clone, Serialize)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Men.
    pub male: i64,
    /// Women.
    pub female: i64,
    /// Others, undisclosed, not given.
    pub other: i64,
    /// All.
    pub total: i64,
    /// Top of the row.
    pub y: i64,
    /// Width of the men's part.
    pub male_w: i64,
    /// Left end of the women's part.
    pub female_x: i64,
    /// Width of the women's part.
    pub female_w: i64,
    /// Left end of the rest.
    pub other_x: i64,
    /// Width of the rest.
    pub other_w: i64,
    /// Left end of the number.
    pub end_x: i64,
    /// Where the rows behind it stand.
    pub href: String,
}

/// A chart with its data.
#[derive(Debug, Clone, Serialize)]
pub struct Chart {
    /// Key of its title, `desk.chart_`.
    pub key: String,
    /// Bars that are drawn.
    pub bars: Vec<Bar>,
    /// All rows of the data table.
    pub rows: Vec<Bar>,
    /// Height of the drawing.
    pub height: i64,
}

/// Bars that are drawn of a chart; its data table has all of them.
const BARS: usize = 16;
/// Widest bar.
const WIDEST: i64 = 300;
/// Height of a row.
const ROW: i64 = 40;

impl Chart {
    /// Of (label, men, women, others, address). With more rows than are drawn, those with most people are.
    #[must_use]
    pub fn new(key: &str, rows: Vec<(String, i64, i64, i64, String)>) -> Self {
        let most = rows.iter().map(|row| row.1 + row.2 + row.3).max().unwrap_or_default().max(1);
        let width = |count: i64| count * WIDEST / most;
        let all: Vec<Bar> = rows
            .into_iter()
            .map(|(label, male, female, other, href)| {
                let (men, women, rest) = (width(male), width(female), width(other));
                Bar {
                    label,
                    male,
                    female,
                    other,
                    total: male + female + other,
                    y: 0,
                    male_w: men,
                    female_x: men,
                    female_w: women,
                    other_x: men + women,
                    other_w: rest,
                    end_x: men + women + rest + 6,
                    href,
                }
            })
            .collect();
        let mut bars = all.clone();
        if bars.len() > BARS {
            bars.sort_by_key(|bar| std::cmp::Reverse(bar.total));
            bars.truncate(BARS);
        }
        for (at, bar) in (0_i64..).zip(&mut bars) {
            bar.y = at * ROW;
        }
        let height = i64::try_from(bars.len()).unwrap_or_default() * ROW + 4;
        Self { key: key.into(), bars, rows: all, height }
    }
}

/// A table of the year.
#[derive(Debug, Clone, Serialize)]
pub struct DeskTable {
    /// Word of its address.
    pub code: String,
    /// Title of the form.
    pub title: String,
}

/// `/statistics/year/{year}`.
#[derive(Debug, Clone, Serialize)]
pub struct YearDesk {
    /// ROC years, newest first.
    pub years: Vec<i64>,
    /// The one shown.
    pub year: i64,
    /// Figures.
    pub figures: Vec<DeskFigure>,
    /// Targets.
    pub targets: Vec<DeskTarget>,
    /// What to do.
    pub reminders: Vec<DeskReminder>,
    /// Charts.
    pub charts: Vec<Chart>,
    /// Sessions whose hours go to the portal, by start.
    pub portal: Vec<DeskPortal>,
    /// Tables.
    pub tables: Vec<DeskTable>,
}

/// A column of a table.
#[derive(Debug, Clone, Serialize)]
pub struct TableHead {
    /// As the form has it.
    pub zh: String,
    /// For readers of English.
    pub en: String,
    /// Of numbers.
    pub number: bool,
}

/// A cell of a table.
#[derive(Debug, Clone, Serialize)]
pub struct TableCell {
    /// As printed.
    pub text: String,
    /// A number.
    pub number: bool,
}

/// A text that a table asks for.
#[derive(Debug, Clone, Serialize)]
pub struct TableText {
    /// Key.
    pub key: String,
    /// What it is about.
    pub title: String,
    /// What stands there.
    pub words: String,
}

/// `/statistics/year/{year}/{table}`. Query: `edition` (`internal`, `public`). Form: POST to `/statistics/year/{year}/texts`
/// with `key`, `words`, `back`.
#[derive(Debug, Clone, Serialize)]
pub struct YearTable {
    /// ROC year.
    pub year: i64,
    /// Word of its address.
    pub code: String,
    /// `internal` or `public`.
    pub edition: String,
    /// There is a public edition.
    pub has_public: bool,
    /// Endings of the files that there are.
    pub formats: Vec<String>,
    /// Title.
    pub title: String,
    /// Unit line.
    pub unit: String,
    /// Columns.
    pub columns: Vec<TableHead>,
    /// Rows.
    pub rows: Vec<Vec<TableCell>>,
    /// Notes as printed.
    pub notes: Vec<String>,
    /// Source line.
    pub source: String,
    /// Texts that are asked for.
    pub texts: Vec<TableText>,
    /// Other tables.
    pub tables: Vec<DeskTable>,
}

/// A person behind a figure.
#[derive(Debug, Clone, Serialize)]
pub struct BehindRow {
    /// Person id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Session codes.
    pub sessions: String,
    /// Counted time, ms.
    pub ms: i64,
}

/// A session behind a figure.
#[derive(Debug, Clone, Serialize)]
pub struct BehindSessionRow {
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Days, as printed.
    pub days: String,
    /// Trainees who came.
    pub persons: i64,
    /// Counted time, ms.
    pub ms: i64,
}

/// What the rows behind a figure may be.
pub(crate) const GROUPS: [&str; 11] = [
    "all",
    "month",
    "agency",
    "title",
    "county",
    "women",
    "cumulative",
    "times",
    "passed",
    "sessions",
    "cases",
];

/// `/statistics/year/{year}/rows`: the rows behind a figure. Query: `by` (one of `all`, `month`, `agency`, `title`, `county`,
/// `women`, `cumulative`, `times`, `passed`, `sessions`, `cases`), `of`, `held` (county of the sessions).
#[derive(Debug, Clone, Serialize)]
pub struct YearBehind {
    /// ROC year.
    pub year: i64,
    /// Key of what is looked at, `desk.behind_`.
    pub by: String,
    /// Which of them.
    pub of: String,
    /// County of the sessions, or empty.
    pub held: String,
    /// The rows are sessions.
    pub of_sessions: bool,
    /// Rows.
    pub count: i64,
    /// 人數.
    pub persons: i64,
    /// 人次.
    pub person_times: i64,
    /// Counted time, ms.
    pub person_ms: i64,
    /// People, or people at one session each.
    pub rows: Vec<BehindRow>,
    /// Sessions.
    pub sessions: Vec<BehindSessionRow>,
    /// Rows that are not shown, as the list is too long.
    pub left: i64,
}

/// A target as it is edited.
#[derive(Debug, Clone, Serialize, Default)]
pub struct TargetRow {
    /// Id; empty for a new one.
    pub id: String,
    /// Item.
    pub item: String,
    /// Title.
    pub title: String,
    /// County.
    pub county: String,
    /// First year.
    pub from: String,
    /// Last year, or empty.
    pub until: String,
    /// Code of the measure.
    pub measure: String,
    /// Value.
    pub value: String,
    /// Code of the other measure, or empty.
    pub or_measure: String,
    /// Value of the other half.
    pub or_value: String,
    /// Evidence.
    pub evidence: String,
    /// The other half is claimed in the year shown.
    pub second: bool,
    /// What was counted by hand in the year shown.
    pub by_hand: String,
}

/// A duty rule as it is edited.
#[derive(Debug, Clone, Serialize, Default)]
pub struct DutyRow {
    /// Id; empty for a new one.
    pub id: String,
    /// Code of the class.
    pub class: String,
    /// Letters.
    pub levels: String,
    /// First year.
    pub from: String,
    /// Professional hours.
    pub professional: String,
    /// Over how many years.
    pub years: String,
    /// General hours.
    pub general: String,
}

/// `/statistics/settings`: targets, claims and duty rules. Query: `year`. Form: POST with `act` (`target`, `drop`, `claim`,
/// `duty`).
#[derive(Debug, Clone, Serialize)]
pub struct ProgrammePage {
    /// ROC year of the claims.
    pub year: i64,
    /// Targets, and an empty one.
    pub targets: Vec<TargetRow>,
    /// Rules, and an empty one.
    pub rules: Vec<DutyRow>,
    /// Codes of the measures.
    pub measures: Vec<String>,
    /// Codes of the duty classes.
    pub classes: Vec<String>,
    /// Counts below this are hidden in the public edition, as typed.
    pub under: String,
    /// Least and most that can be set.
    pub under_range: [i64; 2],
    /// Office that hands papers in, as typed.
    pub office: String,
    /// Line at the foot of papers, as typed.
    pub foot: String,
    /// Offices that were set, newest first; the foot in the place of the signer.
    pub offices: Vec<IssuerRow>,
    /// Agency that issues certificates, as typed.
    pub agency: String,
    /// Who signs for it, as typed.
    pub signer: String,
    /// Issuers that were set, newest first.
    pub issuers: Vec<IssuerRow>,
    /// Which ID numbers the portal's files are made of, `drill` or `real`.
    pub numbers: &'static str,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Page for YearDesk {
    const TEMPLATE: &'static str = "records/desk.html";
    fn samples() -> Vec<Self> {
        let figure = |key: &str, value: &str, change: &str| DeskFigure {
            key: key.into(),
            value: value.into(),
            change: change.into(),
            points: value.ends_with('%'),
            href: "/statistics/year/115/rows?by=all".into(),
        };
        let target =
            |item: &str, title: &str, value: &str, actual: &str, share: &str, reached, claimed| DeskTarget {
                item: item.into(),
                title: title.into(),
                value: value.into(),
                actual: actual.into(),
                share: share.into(),
                reached,
                claimed,
                href: "/statistics/year/115/rows?by=all".into(),
            };
        let remind = |kind: &str, what: &str, number| DeskReminder {
            kind: kind.into(),
            what: what.into(),
            number,
            href: if kind == "no_sheet" { String::new() } else { "/statistics/year/115/x3".into() },
        };
        let bar = |label: &str, male, female, other| {
            (label.to_owned(), male, female, other, "/statistics/year/115/rows?by=month&of=3".to_owned())
        };
        vec![
            Self {
                years: vec![115, 114],
                year: 115,
                figures: vec![
                    figure("persons", "57", "+9"),
                    figure("person_times", "68", "+20"),
                    figure("person_hours", "636.00", "+348.00"),
                    figure("sessions", "2", "+1"),
                    figure("cases", "2", "+1"),
                    figure("passing", "91.18%", ""),
                    figure("female", "36.84%", "+3.51"),
                    figure("cumulative", "105", ""),
                ],
                targets: vec![
                    target("3-1", "培訓人數", "50", "57", "114.00", Some(true), None),
                    target("3-2", "紅藍隊演練或資安檢測", "6", "2", "33.33", Some(false), None),
                    target("1-1", "演練", "30", "-", "-", None, Some(true)),
                ],
                reminders: vec![
                    remind("portal", "S115-01 藍隊通報應變", 3),
                    remind("portal_late", "S115-01 藍隊通報應變", 2),
                    remind("no_sheet", "S115-02", 0),
                    remind("not_returned", "紅藍對抗實作", 5),
                    remind("reason", "planner", 0),
                    remind("reason", "staff", 0),
                    remind("reason", "contractor", 0),
                    remind("reason", "trainer", 0),
                    remind("analysis", "難易適中", 0),
                    remind("no_duty", "", 12),
                    remind("no_gender", "", 3),
                ],
                charts: vec![
                    Chart::new("month", vec![bar("3", 19, 11, 0), bar("5", 22, 14, 2)]),
                    Chart::new(
                        "agency",
                        (1..=20).map(|n| bar(&format!("第 {n} 公所"), n, n / 2, n % 2)).collect(),
                    ),
                    Chart::new("title", vec![]),
                    Chart::new("county", vec![bar("青嵐縣", 34, 21, 2)]),
                ],
                portal: vec![DeskPortal {
                    code: "S115-01".into(),
                    title: "藍隊通報應變".into(),
                    end_ms: SAMPLE_NOW_MS,
                    href: "/courses/c1/sessions/s1/hours".into(),
                    made_ms: Some(SAMPLE_NOW_MS),
                }],
                tables: vec![DeskTable { code: "x1".into(), title: "參訓人員性別統計表".into() }],
            },
            Self {
                years: vec![115],
                year: 115,
                figures: vec![],
                targets: vec![],
                reminders: vec![],
                charts: vec![],
                portal: vec![],
                tables: vec![],
            },
        ]
    }
}

impl Page for YearTable {
    const TEMPLATE: &'static str = "records/table.html";
    fn samples() -> Vec<Self> {
        let head = |zh: &str, en: &str| TableHead { zh: zh.into(), en: en.into(), number: zh == "計" };
        let cell = |text: &str| TableCell { text: text.into(), number: text.parse::<f64>().is_ok() };
        vec![Self {
            year: 115,
            code: "x3".into(),
            edition: "internal".into(),
            has_public: true,
            formats: vec!["ods".into(), "csv".into()],
            title: "115 年規劃決策、執行、師資性別比例".into(),
            unit: "單位：人；%".into(),
            columns: vec![
                head("類別", "Group"),
                head("計", "Total"),
                head("任一性別不少於 1/3", "One third"),
            ],
            rows: vec![vec![cell("師資(含紅隊教官)"), cell("6"), cell("未符合")]],
            notes: vec!["說明：1.「-」表無數值。".into()],
            source: "資料來源：青嵐縣政府。".into(),
            texts: vec![TableText {
                key: "x3:trainer".into(),
                title: "trainer".into(),
                words: String::new(),
            }],
            tables: vec![DeskTable { code: "x1".into(), title: "參訓人員性別統計表".into() }],
        }]
    }
}

impl Page for YearBehind {
    const TEMPLATE: &'static str = "records/behind.html";
    fn samples() -> Vec<Self> {
        let row = BehindRow {
            id: "1".into(),
            name: "許藍圖".into(),
            staff_no: "A101".into(),
            agency: "縣政府".into(),
            sessions: "S115-01, S115-02".into(),
            ms: 18 * HOUR,
        };
        let session = BehindSessionRow {
            code: "S115-01".into(),
            title: "藍隊通報應變".into(),
            days: "115-03-05~115-03-05".into(),
            persons: 30,
            ms: 180 * HOUR,
        };
        GROUPS
            .into_iter()
            .map(|by| {
                let of_sessions = matches!(by, "sessions" | "cases");
                Self {
                    year: 115,
                    by: by.into(),
                    of: "3".into(),
                    held: if by == "cases" { "青嵐縣".into() } else { String::new() },
                    of_sessions,
                    count: 1,
                    persons: 1,
                    person_times: 2,
                    person_ms: 18 * HOUR,
                    rows: if by == "all" || of_sessions { vec![] } else { vec![row.clone()] },
                    sessions: if of_sessions { vec![session.clone()] } else { vec![] },
                    left: i64::from(by == "month"),
                }
            })
            .collect()
    }
}

impl Page for ProgrammePage {
    const TEMPLATE: &'static str = "records/settings.html";
    fn samples() -> Vec<Self> {
        let target = TargetRow {
            id: "a".into(),
            item: "1-1".into(),
            title: "演練".into(),
            from: "114".into(),
            measure: "person_times".into(),
            value: "30".into(),
            or_measure: "websites".into(),
            or_value: "30".into(),
            evidence: "X2".into(),
            second: true,
            by_hand: "31".into(),
            ..TargetRow::default()
        };
        let rule = DutyRow {
            id: "a".into(),
            class: "it".into(),
            levels: "ABC".into(),
            from: "110".into(),
            professional: "3".into(),
            years: "2".into(),
            general: "3".into(),
        };
        let page = Self {
            year: 115,
            targets: vec![target, TargetRow::default()],
            rules: vec![rule, DutyRow::default()],
            measures: [
                "persons",
                "person_times",
                "person_hours",
                "sessions",
                "cases",
                "female_share",
                "either_part",
                "either_share",
                "grave_closed",
                "websites",
            ]
            .map(Into::into)
            .to_vec(),
            classes: ["dedicated", "it", "user"].map(Into::into).to_vec(),
            under: "3".into(),
            under_range: [2, 20],
            office: "青嵐縣政府數位發展處".into(),
            foot: "虛構機關，僅供演訓".into(),
            offices: vec![IssuerRow {
                since_ms: SAMPLE_NOW_MS,
                agency: "青嵐縣政府數位發展處".into(),
                signer: "虛構機關，僅供演訓".into(),
            }],
            agency: "青嵐縣政府 數位發展處".into(),
            signer: "處長".into(),
            issuers: vec![IssuerRow {
                since_ms: SAMPLE_NOW_MS,
                agency: "青嵐縣政府 數位發展處".into(),
                signer: "處長".into(),
            }],
            numbers: "drill",
            problems: vec![],
        };
        let problems = vec![
            Problem::new("record_positive").on("value"),
            Problem::new("record_range").on("under"),
            Problem::new("record_empty").on("agency"),
            Problem::new("record_empty").on("office"),
        ];
        vec![page.clone(), Self { problems, issuers: vec![], offices: vec![], ..page }]
    }
}
