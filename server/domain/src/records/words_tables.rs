//! The words of tables X2 to X8 and of the public edition; see [`words`](super::words).

use super::course::Standing;
use super::official::CrossFigure;
use super::targets::Either;

/// A cell that is not shown.
pub const MASK: &str = "※";

pub(crate) const X2: &str = "場次別成果表";
pub(crate) const X3: &str = "規劃決策、執行、師資性別比例";
pub(crate) const X4: &str = "回饋意見性別分析";
pub(crate) const X5: &str = "參訓人員複分類交叉表";
pub(crate) const X6: &str = "KPI填報表";
pub(crate) const X7: &str = "資安訓練時數應辦情形表";
pub(crate) const X8: &str = "紅隊發現與複測表";
pub(crate) const YEAR_HOURS: &str = "參訓人員年度人時表";
pub(crate) const PUBLIC_FILE: &str = "公開版";

pub(crate) const X2_UNIT: &str = "單位：場次、人次、人、小時；%";
pub(crate) const X3_UNIT: &str = "單位：人；%";
pub(crate) const X6_UNIT: &str = "單位：依各指標；%";
pub(crate) const X7_UNIT: &str = "單位：小時；人；%";
pub(crate) const X8_UNIT: &str = "單位：項";

pub(crate) const COL_CODE: (&str, &str) = ("場次代碼", "Session");
pub(crate) const COL_TITLE: (&str, &str) = ("課程名稱", "Title");
pub(crate) const COL_ASPECT: (&str, &str) = ("面向", "Aspect");
pub(crate) const COL_CATEGORY: (&str, &str) = ("類別", "Category");
pub(crate) const COL_DAYS: (&str, &str) = ("起迄日期", "Days");
pub(crate) const COL_EXPECTED: (&str, &str) = ("應到", "Expected");
pub(crate) const COL_TIMES: (&str, &str) = ("人次", "Person-times");
pub(crate) const COL_NOT_DISCLOSED: (&str, &str) = ("未揭露", "Not disclosed");
pub(crate) const COL_PLANNED: (&str, &str) = ("時數", "Hours planned");
pub(crate) const COL_PERSON_HOURS: (&str, &str) = ("人時", "Person-hours");
pub(crate) const COL_ATTENDANCE: (&str, &str) = ("出席率%", "Attendance, %");
pub(crate) const COL_PASSING: (&str, &str) = ("合格率%", "Passed, %");
pub(crate) const SESSIONS: &str = " 場次";
pub(crate) const NOTE_X2: &str = "人次 = 各場次報到並完成人數之和（完成：有核實時數者）；人數 = 不重複人數；人時 = Σ(核實時數)；出席率 = 人次/應到；\
合格率 = 測驗達及格標準者/有測驗場次之人次";
pub(crate) const NOTE_PASS_MARK: &str = "及格標準預設 70 分，依各課程設定；無測驗之場次不計入合格率。";

/// Check of the sums.
pub(crate) fn check_line(times: i64, persons: i64, male: i64, female: i64) -> String {
    format!("{times} - {persons} = {} 人次為重複參加（男 {male}、女 {female}）。", times - persons)
}

/// A group of X3 as the form names it.
pub(crate) fn group(of: Standing) -> &'static str {
    match of {
        Standing::Planner => "規劃決策人員",
        Standing::Staff => "機關執行人員",
        Standing::Contractor => "委外廠商人力",
        Standing::Trainer => "師資(含紅隊教官)",
        Standing::Trainee => "參訓者",
        Standing::Judge => "裁判",
        Standing::Observer => "觀摩人員",
    }
}

pub(crate) const COL_PART: (&str, &str) = ("類別", "Group");
pub(crate) const COL_COUNT: (&str, &str) = ("計", "Total");
pub(crate) const COL_FEMALE_SHARE: (&str, &str) = ("女性比率", "Women, %");
pub(crate) const COL_LESSER_SHARE: (&str, &str) = ("較少性別比率", "Lesser gender, %");
/// Heading of the verdict of X3, with what is asked.
pub(crate) fn either_heading(asked: &str) -> (String, String) {
    let en = if asked == "1/3" { "one third" } else { asked };
    (format!("任一性別不少於 {asked}"), format!("Either gender at least {en}"))
}
pub(crate) const FITS: &str = "符合";
pub(crate) const FITS_NOT: &str = "未符合";
pub(crate) const REASON_DUE: &str = "（須填「原因及改善作法」）";
/// By what X3 judges. `all` says what 「計」 holds, in the internal edition.
pub(crate) fn either_note(asked: Either, all: bool) -> String {
    let rule = match asked {
        Either::Part(of) => format!("{of}×較少性別人數 ≥ 計"),
        Either::Percent(percent) => format!("100×較少性別人數 ≥ {percent}×計"),
    };
    let all = if all { "；「計」含其他及未揭露性別者" } else { "" };
    format!("任一性別不少於 {asked} 以整數判定：{rule}{all}。")
}
pub(crate) const NOTE_X3_DISTINCT: &str =
    "人數不重複：同一人於同年度以同一類別參與多場次僅計一次；同一人得列入不同類別。";

/// What was written about a group that falls short.
pub(crate) fn reason_note(part: &str, text: &str) -> String {
    format!("{part}，原因及改善作法：{text}")
}

pub(crate) const COL_QUESTION: (&str, &str) = ("題目", "Question");
pub(crate) const COL_ALL_MEAN: (&str, &str) = ("全體 平均(n)", "All, mean (n)");
pub(crate) const COL_MALE_MEAN: (&str, &str) = ("男 平均(n)", "Men, mean (n)");
pub(crate) const COL_FEMALE_MEAN: (&str, &str) = ("女 平均(n)", "Women, mean (n)");
pub(crate) const COL_GAP: (&str, &str) = ("差距(女-男)", "Gap (women - men)");
pub(crate) const COL_SATISFIED: (&str, &str) = ("滿意度%(4-5分)", "Satisfied (4-5), %");
pub(crate) const ANALYSIS_DUE: &str = "須填「性別分析」";

/// Unit line of X4.
pub(crate) fn x4_unit(issued: Option<i64>, returned: i64, rate: &str) -> String {
    match issued {
        Some(issued) => format!("單位：分(1-5)、人；%　發出數 {issued}，回收數 {returned}，回收率 {rate}%"),
        None => format!("單位：分(1-5)、人；%　回收數 {returned}"),
    }
}
/// Note under X4.
pub(crate) fn x4_note(least: i64, gap: &str) -> String {
    format!(
        "n 未達 {least} 者以「※」表示；差距之絕對值達 {gap} 分者，須填「性別分析」；差距為印出之兩平均數之差。"
    )
}
pub(crate) const NOTE_X4_ALL: &str = "全體含其他及未揭露性別者之回覆。";
/// What was written about a wide gap.
pub(crate) fn analysis_note(question: &str, text: &str) -> String {
    format!("「{question}」性別分析：{text}")
}

pub(crate) const AGES: [&str; 6] = ["未滿30", "30-39", "40-49", "50-59", "60以上", UNDISCLOSED];
pub(crate) const AREAS: [&str; 4] = ["縣治", "一般鄉鎮", "偏遠/離島", UNDISCLOSED];
pub(crate) const PEOPLES: [&str; 5] = ["非原住民", "平地原住民", "山地原住民", "新住民", UNDISCLOSED];
pub(crate) const DISABILITIES: [&str; 3] = ["無", "有", UNDISCLOSED];
pub(crate) const UNDISCLOSED: &str = "未揭露";
pub(crate) const NOT_REGISTERED: &str = "未登錄";
pub(crate) const ALL: &str = "總計";
pub(crate) const LEVEL: &str = "級";
pub(crate) const NOTE_X5: &str = "本表以人數計，同一人於同年度僅計一次；% 為占該列總計之百分比。";
pub(crate) const NOTE_X5_STATED: &str = "複分類由參訓者自行填報者，未填及不願透露併列「未揭露」。";

pub(crate) const COL_YEAR: (&str, &str) = ("年度", "Year (ROC)");
pub(crate) const COL_ITEM: (&str, &str) = ("項次", "Item");
pub(crate) const COL_KPI: (&str, &str) = ("關鍵績效指標", "Indicator");
pub(crate) const COL_FORMULA: (&str, &str) = ("公式", "Formula");
pub(crate) const COL_TARGET: (&str, &str) = ("目標值", "Target");
pub(crate) const COL_ACTUAL: (&str, &str) = ("實際值", "Actual");
pub(crate) const COL_REACHED: (&str, &str) = ("達成率%", "Reached, %");
pub(crate) const COL_CUMULATIVE: (&str, &str) = ("累計", "Cumulative");
pub(crate) const COL_EVIDENCE: (&str, &str) = ("佐證", "Evidence");
pub(crate) const CLAIMED: &str = "（申報）";
pub(crate) const NOT_CLAIMED: &str = "（未申報）";

/// How the cumulative figure is made.
pub(crate) fn cumulative_note(item: &str, years: &str, sum: i64, distinct: i64) -> String {
    format!("項次 {item} 累計為各年度人數之和（{years} = {sum}），未扣除跨年度重複；扣除後為 {distinct} 人。")
}
pub(crate) const NOTE_X6_OR: &str = "擇一指標（或）兩者均列，「（申報）」為本年度申報者。";

pub(crate) const COL_LEVEL: (&str, &str) = ("等級", "Level");
pub(crate) const COL_CLASS: (&str, &str) = ("身分別", "Duty class");
pub(crate) const COL_DUTY: (&str, &str) = ("應辦", "Owed");
pub(crate) const COL_523: (&str, &str) = ("523", "523");
pub(crate) const COL_522: (&str, &str) = ("522", "522");
pub(crate) const COL_MISSING: (&str, &str) = ("尚缺", "Missing");
pub(crate) const COL_VERDICT: (&str, &str) = ("判定", "Verdict");
pub(crate) const PROFESSIONAL: &str = "專業";
pub(crate) const GENERAL: &str = "通識";
pub(crate) const NO_DUTY: &str = "無";
pub(crate) const SUBTOTAL: &str = "小計";
pub(crate) const OWING: &str = " 人應訓";
pub(crate) const REACHED: &str = " 人達成";
pub(crate) const NOTE_X7: &str = "523 為資安專業（職能）時數，522 為資安通識時數；專業時數不得抵充通識時數；年度為曆年，二年為本年度及前一年度，\
523 欄為規定期間內之時數；時數以核實整秒累計，判定以整秒，不以印出之時數。";
pub(crate) const NOTE_X7_SUM: &str =
    "小計列依序為身分別、應訓人數、已達成人數、達成率(%)；未登錄身分別者不列入，另於提醒清單列出。";

/// A part of a duty, `12 專業或職能/年`.
pub(crate) fn duty_text(professional: Option<(i64, i64, bool)>, general: Option<i64>) -> String {
    let mut parts = Vec::new();
    if let Some((hours, years, alone)) = professional {
        let what = if alone { "專業或職能" } else { PROFESSIONAL };
        let per = if years == 2 { "二年".to_owned() } else { "年".to_owned() };
        parts.push(format!("{hours} {what}/{per}"));
    }
    if let Some(hours) = general {
        parts.push(format!("{hours} {GENERAL}/年"));
    }
    if parts.is_empty() { NO_DUTY.to_owned() } else { parts.join(" + ") }
}

pub(crate) const COL_NUMBER: (&str, &str) = ("編號", "No.");
pub(crate) const COL_SYSTEM: (&str, &str) = ("系統", "System");
pub(crate) const COL_WEAKNESS: (&str, &str) = ("弱點", "Weakness");
pub(crate) const COL_CVSS: (&str, &str) = ("CVSS", "CVSS");
pub(crate) const COL_RISK: (&str, &str) = ("風險(高中低)", "Risk");
pub(crate) const COL_FIRST: (&str, &str) = ("初測日", "First test");
pub(crate) const COL_REPAIR: (&str, &str) = ("修補說明", "Repair");
pub(crate) const COL_REPAIRED: (&str, &str) = ("修補日", "Repaired");
pub(crate) const COL_RETEST: (&str, &str) = ("複測日", "Retest");
pub(crate) const COL_RESULT: (&str, &str) = ("結果", "Result");
pub(crate) const COL_WEEK: (&str, &str) = ("1 週內完成", "Within a week");
pub(crate) const NOTE_X8_PUBLIC: &str = "公開版不列系統、弱點及修補說明。";
/// Line of KPI 2-3.
pub(crate) fn week_note(done: i64, all: i64, share: &str, target: i64, reached: Option<bool>) -> String {
    let verdict = match reached {
        Some(true) => "：達成",
        Some(false) => "：未達成",
        None => "",
    };
    format!(
        "CVSS 7 分以上弱點於初測後 7 日內完成修補並經複測者 {done}/{all} = {share}%，目標 {target}%（以整數判定）{verdict}。"
    )
}

pub(crate) const COL_SESSIONS: (&str, &str) = ("場次", "Sessions");
pub(crate) const NOTE_YEAR_HOURS: &str = "依個人列全年度核實時數；合計由整秒加總後四捨五入。";

/// Note: the public edition.
pub(crate) const NOTE_PUBLIC: &str =
    "本表為公開版，僅列男、女，不含其他及未揭露性別者；總計、比率及各項人數均以男女合計為準。";
/// Note: which cells are hidden.
pub(crate) fn mask_note(under: i64) -> String {
    format!("「※」表未達 {under} 人之細項及為避免推算而一併遮蔽者。")
}
/// Note: strict verdict.
pub(crate) const NOTE_STRICT: &str = "女性參與率之達成與否，以內部版全體人數為分母，按整數判定。";
/// Note: internal edition of the other tables.
pub(crate) const NOTE_PUBLIC_NAMES: &str = "公開版僅列小計，不列個人。";

/// Name of a cross table.
pub(crate) const CROSS: &str = "演訓交叉表";
/// Classes without a column of their own.
pub(crate) const OTHERS: &str = "其餘各類";

/// A month as a class.
pub(crate) fn month(month: i8) -> String {
    format!("{month} 月")
}

/// Unit line and definition of a cross table's figure.
pub(crate) fn cross_figure(of: CrossFigure) -> (&'static str, Vec<String>) {
    let (unit, definition) = match of {
        CrossFigure::Persons => ("單位：人", "人數 = 不重複之參訓者，同一人於同一細項僅計一次。"),
        CrossFigure::Times => ("單位：人次", "人次 = 各場次有核實時數之參訓者之和。"),
        CrossFigure::Hours => ("單位：小時", "人時 = Σ(核實時數)，以整秒累計，印出時四捨五入一次。"),
        CrossFigure::Passing => ("單位：%", "合格率 = 測驗達及格標準者/有測驗場次之人次，無測驗者不計。"),
    };
    (unit, vec![definition.to_owned()])
}

/// Note: classes in which one person may stand several times.
pub(crate) const NOTE_CROSS_SEVERAL: &str =
    "同一人可能屬於數類（跨月、跨課程或多重身分），各類之和可能大於總計。";
/// Note: whom a table by role counts.
pub(crate) const NOTE_CROSS_ROLE: &str = "參訓者以有核實時數者計；其他類別以列入場次名單者計。";
/// Note: what the last column is.
pub(crate) const NOTE_CROSS_OTHERS: &str = "欄數以 12 為限，人次較少之各類併為「其餘各類」。";
/// Note: which cells the public edition hides of a cross table, and what that withstands.
pub(crate) fn mask_note_cross(under: i64) -> String {
    format!(
        "「※」表人數未達 {under} 人之細項及為避免推算而一併遮蔽者；遮蔽依當年度人員及該變項決定，各統計項目及各公開表一致，\
         合格率另以受測人次判斷。"
    )
}
/// Note: a cross table of which nothing but the total can be printed.
pub(crate) const NOTE_CROSS_ALL: &str = "各類人數過少，遮蔽部分仍可推算，故僅列總計。";

/// The second sheet.
pub(crate) fn background(
    organisation: &str,
    as_of: &str,
    definition: &str,
    unit: &str,
    classes: &str,
) -> Vec<(String, String)> {
    [
        ("發布及編製機關", organisation.to_owned()),
        ("統計範圍及對象", "於本平臺登錄之資通安全演練及課程場次，及其參與人員。".to_owned()),
        (
            "標準時間",
            format!("動態資料，以場次開始當日（臺北時間，Asia/Taipei）所屬年度為準；本次統計至 {as_of}。"),
        ),
        ("項目定義", definition.to_owned()),
        ("單位", unit.trim_start_matches("單位：").to_owned()),
        ("統計分類（複分類）", classes.to_owned()),
        ("週期", "年度；演練或課程結束後可不定期產製。".to_owned()),
        ("時效", "登錄後即可產製。".to_owned()),
        ("資料變革", "性別、出席或成績資料經更正者，反映於更正後之下一次產製。".to_owned()),
    ]
    .into_iter()
    .map(|(item, text)| (item.to_owned(), text))
    .collect()
}
