//! The words of the official forms. They are Chinese by nature: a table that is handed in reads the same whatever language
//! its maker's pages have. This and [`words_tables`](super::words_tables) are the places in the code where such
//! text stands; everything else a person reads is in the locale files. Headings carry an English gloss for readers.

/// Name of the sheet and the file of the register.
pub const ROSTER: &str = "學員名冊";
/// 「-」: no value.
pub const NO_VALUE: &str = "-";
/// 「--」: a value without meaning.
pub const NO_MEANING: &str = "--";
/// Percentage points, with the space before.
pub const POINTS: &str = " 百分點";
/// Heading of a share column.
pub const PERCENT: &str = "%";
/// Before the first note.
pub const NOTES: &str = "說明：";
/// Before the source.
pub const SOURCE: &str = "資料來源：";
/// Name of the second sheet.
pub const BACKGROUND: &str = "統計資料背景說明";

/// Foot of a printed page: before its number, between number and count, after the count.
pub const PAGE: [&str; 3] = ["第 ", " 頁，共 ", " 頁"];
/// Space between the parts of a foot line.
pub const FOOT_SPACE: &str = "　";

/// Name of table X1.
pub const X1: &str = "參訓人員性別統計表";
/// Number of table X1.
pub const X1_NUMBER: &str = "表 X1";
/// Name of the person-hours table.
pub const HOURS: &str = "參訓人員人時統計表";
/// File name of X1 begins with this.
pub const X1_FILE: &str = "性別統計表";
/// File name of the person-hours table begins with this.
pub const HOURS_FILE: &str = "人時統計表";
/// Unit line of X1.
pub const X1_UNIT: &str = "單位：人；%";
/// Unit line of the person-hours table.
pub const HOURS_UNIT: &str = "單位：人、小時";

/// Row: change against the year before.
pub const CHANGE: &str = "較上年增減";
/// Row: distinct people of several exercises.
pub const DISTINCT: &str = "不重複人數";
/// Row: sum.
pub const SUM: &str = "合計";
/// Target reached.
pub const REACHED: &str = "達成";
/// Target missed.
pub const MISSED: &str = "未達成";
/// After a number of persons.
pub const PERSONS: &str = " 人";
/// Remark: never signed out.
pub const REMARK_OPEN: &str = "未簽退，計至演練結束，待核";
/// Remark: taken out after attending.
pub const REMARK_WITHDRAWN: &str = "已退出，時數保留";
/// Remark: did not come.
pub const REMARK_ABSENT: &str = "未出席";
/// Between remarks.
pub const REMARK_JOIN: &str = "；";

/// Note: what X1 by years counts.
pub const NOTE_YEAR: &str = "本表以人數計，同一人於同年度參加多場次僅計一次。";
/// Note: what X1 by exercises counts.
pub const NOTE_EXERCISE: &str =
    "本表以人數計，同一人於同一演練僅計一次；各演練人數之和為人次，不等於年度人數。";
/// Note: the symbol for no value.
pub const NOTE_NO_VALUE: &str = "「-」表無數值。";
/// Note: both symbols.
pub const NOTE_SYMBOLS: &str = "「-」表無數值，「--」表數值無意義。";
/// Note: internal edition.
pub const NOTE_INTERNAL: &str = "本表為內部版，細項未遮蔽，不得對外提供。";
/// Note: gender is stated by the person.
pub const NOTE_STATED: &str =
    "性別由參訓者自行填報，不由身分證字號推定；「不願透露」指已詢問而不願填報，「未填」指未填報。";

/// The rule by which hours are counted and booked, as printed. `{gap}` is its figure in minutes.
pub const RULE: &str = "時數計算：席位在線、簽到簽退及講師登錄取聯集，不重複相加；席位離線 {gap} 分鐘以內視為在席；僅計首次開始至結束之演練期間，\
暫停期間不計；未簽退者計至演練結束並列為待核；以整秒累計，印出時四捨五入一次；全部時數計入演練開始當日（臺北時間）及其年度。";
/// Gloss of [`RULE`].
pub const RULE_EN: &str = "Hours: seat presence, sign-in sheet and instructor's marks are joined (a union, not a sum); a seat that is back within {gap} minutes \
was not left; only the run from first start to end counts, without pauses; whoever did not sign out is counted to the end and marked for review; added in \
whole seconds and rounded once in print; all of it is booked to the day (Taipei) and year in which the exercise began.";
/// The rule by which hours of class sessions are counted and booked, as it stands under their sheets. `{late}` is the tolerance
/// of the session in minutes.
pub const CLASS_RULE: &str = "各種簽到取聯集，不重複相加；每一半日分別計算，僅計該半日內時間，以整秒累計；遲到或早退超過 {late} 分鐘，\
該半日視為缺席；未簽退者計至該半日結束並列為待核；全部時數計入場次開始當日（臺北時間）及其年度。";
/// Key of that rule among the texts of the pages.
pub const CLASS_RULE_KEY: &str = "course.rule";

/// Both rules for a table of exercises and class sessions, each with what it counts. Tolerances are those of each session.
pub(crate) fn rule_lines() -> [String; 2] {
    let late = format!("場次所定之寬限（未另定者 {} 分鐘）", super::course::LATE_MINUTES);
    let class = CLASS_RULE.replace(" {late} 分鐘", &late);
    let exercise = super::tables::rule_text(super::attendance::Rule::default());
    [
        format!("演練場次之{exercise}"),
        format!("課程場次之時數計算：{class}兼為演練者，另併計該演練之出席時間。"),
    ]
}

/// Key of the rule among the texts of the pages.
pub const RULE_KEY: &str = "records.rule.run_union_start_day";

// Headings: (on the form, gloss). Shares have the heading 「%」.
pub(crate) const COL_YEAR: (&str, &str) = ("年度", "Year (ROC)");
pub(crate) const COL_EXERCISE: (&str, &str) = ("演練", "Exercise");
pub(crate) const COL_TOTAL: (&str, &str) = ("總計", "Total");
pub(crate) const COL_MALE: (&str, &str) = ("男", "Men");
pub(crate) const COL_FEMALE: (&str, &str) = ("女", "Women");
pub(crate) const COL_OTHER: (&str, &str) = ("其他", "Other");
pub(crate) const COL_UNDISCLOSED: (&str, &str) = ("不願透露", "Undisclosed");
pub(crate) const COL_NONE: (&str, &str) = ("未填", "Not given");
pub(crate) const COL_RATIO: (&str, &str) = ("性比例(女=100)", "Men per 100 women");
pub(crate) const SHARE_CSV: &str = "占比(%)";
pub(crate) const SHARE_EN: &str = "share, %";

pub(crate) const COL_NUMBER: (&str, &str) = ("序", "No.");
pub(crate) const COL_STAFF: (&str, &str) = ("職員編號", "Staff number");
pub(crate) const COL_NAME: (&str, &str) = ("姓名", "Name");
pub(crate) const COL_AGENCY: (&str, &str) = ("機關", "Agency");
pub(crate) const COL_HOURS: (&str, &str) = ("時數", "Hours");
pub(crate) const COL_REMARK: (&str, &str) = ("備註", "Remark");

/// Heading of the verdict, with the target; `None` where the rows have several, each with its own.
pub(crate) fn verdict_heading(target: Option<i64>) -> (String, String) {
    match target {
        Some(target) => (format!("女性參與率>={target}%"), format!("Women at least {target} % of all")),
        None => ("女性參與率達年度目標".to_owned(), "Women at least the year's target".to_owned()),
    }
}

/// A verdict where the heading does not name the target.
pub(crate) fn verdict_of(verdict: &str, target: i64) -> String {
    format!("{verdict}（>={target}%）")
}

/// Note: shares may not add up; `sum` is what the printed ones of the newest row make, where that is not 100.00.
pub(crate) fn note_rounding(sum: Option<&str>) -> String {
    let example = sum.map(|sum| format!("（本例 {sum}）")).unwrap_or_default();
    format!("因四捨五入，細數之和與總計可能不等{example}。")
}

/// Note: hours of the lines may not add up in print.
pub(crate) const NOTE_HOURS_ROUNDING: &str = "合計由整秒加總後四捨五入，與各列印出時數之和可能不等。";

/// Note: when the run began.
pub(crate) fn session_note(began: &str) -> String {
    format!("演練開始：{began}（臺北時間，Asia/Taipei）。")
}

/// Part of a file name: by exercises.
pub(crate) const BY_EXERCISE: &str = "演練別";

/// A title in running text.
pub(crate) fn quoted(title: &str) -> String {
    format!("「{title}」")
}

/// Title of a year's table.
pub(crate) fn title_year(year: impl std::fmt::Display, name: &str) -> String {
    format!("{year} 年{name}")
}

/// Title of an exercise's table.
pub(crate) fn title_exercise(year: impl std::fmt::Display, exercise: &str, name: &str) -> String {
    format!("{year} 年「{exercise}」{name}")
}

/// Part of a file name that names the year.
pub(crate) fn file_year(year: impl std::fmt::Display) -> String {
    format!("{year}年")
}

/// The source line.
pub(crate) fn source(organisation: &str, as_of: &str) -> String {
    format!("{SOURCE}{organisation}演訓登錄資料，統計至 {as_of}。")
}

/// The three shares of women, each with its base; the first one is judged.
pub(crate) struct FemaleShares<'a> {
    pub label: &'a str,
    pub female: i64,
    pub total: i64,
    pub of_all: String,
    pub stated: i64,
    pub of_stated: String,
    pub binary: i64,
    pub of_binary: String,
    pub target: i64,
}

impl FemaleShares<'_> {
    /// The note.
    pub(crate) fn note(&self) -> String {
        let Self { label, female, total, of_all, stated, of_stated, binary, of_binary, target } = self;
        format!(
            "{label}女性占全體 {of_all}%（{female}/{total}），即女性參與率，達成與否以此按整數判定（100×{female} 與 {target}×{total} 相比）；\
             占已表明性別者 {of_stated}%（{female}/{stated}）；占男女合計 {of_binary}%（{female}/{binary}）。"
        )
    }
}

/// The second sheet of X1 and of the hours, in the order of the form.
pub(crate) fn background(organisation: &str, as_of: &str, hours: bool) -> Vec<(String, String)> {
    let items = [
        ("發布及編製機關", organisation.to_owned()),
        ("統計範圍及對象", "於本平臺參加資通安全演練並有出席時數者（紅隊、藍隊席位之參訓人員）。".to_owned()),
        (
            "標準時間",
            format!("動態資料，以演練開始當日（臺北時間，Asia/Taipei）所屬年度為準；本次統計至 {as_of}。"),
        ),
        (
            "項目定義",
            if hours {
                "時數：個人於一演練之核實出席時間。人時：時數之和。".to_owned()
            } else {
                "人數：不重複之參訓者。性比例：男性人數對每百名女性人數之比。女性參與率：女性人數占全體參訓人數之百分比。".to_owned()
            },
        ),
        (
            "單位",
            if hours {
                "人、小時。".to_owned()
            } else {
                "人、百分比（%）、百分點。".to_owned()
            },
        ),
        (
            "統計分類（複分類）",
            if hours {
                "依個人及機關分。".to_owned()
            } else {
                "依年度或演練，按性別（男、女、其他、不願透露、未填）分。".to_owned()
            },
        ),
        ("週期", "不定期，演練結束後；年度表每年。".to_owned()),
        ("時效", "演練結束即可產製。".to_owned()),
        ("資料變革", "性別或出席資料經更正者，反映於更正後之下一次產製。".to_owned()),
    ];
    items.into_iter().map(|(item, text)| (item.to_owned(), text)).collect()
}
