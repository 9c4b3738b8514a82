//! Words that stand on paper only. Chinese by nature, as in [`words`](super::words).

use super::course::Certificate;
use super::figures::Hundredths;

/// At the foot of an edition for the agency alone.
pub const INTERNAL: &str = "內部版，不得對外提供";
/// At the foot of an edition for everybody.
pub const PUBLIC: &str = "公開版";
/// Folder of the internal edition in the year's package.
pub const INTERNAL_FOLDER: &str = "內部版";
/// Folder of the public edition.
pub const PUBLIC_FOLDER: &str = "公開版";
/// Name of the year's package.
pub const PACKAGE: &str = "成果交付包";
/// Name of its index.
pub const INDEX: &str = "索引";
/// Headings of the index.
pub const INDEX_HEAD: [&str; 3] = ["檔案", "位元組", "SHA-256"];
/// Heading over the titles of tables.
pub const TABLE_HEAD: &str = "統計表";

/// Who signs a table, from left to right.
pub const APPROVALS: [&str; 3] = ["承辦人", "單位主管", "機關首長"];
/// After the title at the head of each page but the first.
pub const CONTINUED: &str = "（續）";
/// Headings of the background.
pub const BACKGROUND_HEAD: [&str; 2] = ["項目", "說明"];
/// Before the time up to which the register was read.
pub const AS_OF: &str = "資料時間：";
/// Before the hash of a table's CSV edition.
pub const DIGEST: &str = "同表 CSV 檔之 SHA-256：";

/// Note of a paper that does not list every row of its table.
#[must_use]
pub fn left_out(all: usize, left: usize) -> String {
    format!("全表 {all} 列，紙本略去 {left} 列（以「…」表示）；全部各列載於同表 CSV 檔，其 SHA-256 見文末。")
}

/// Headings of a sign-in sheet before the half days.
pub const SIGN_IN_PERSON: [&str; 4] = ["序", "機關", "職稱", "姓名"];
/// Parts of a day, as a sign-in sheet heads its columns.
pub const SIGN_IN_HALVES: [&str; 3] = ["上午", "下午", "晚間"];
/// What is signed in each of them.
pub const SIGN_IN_ACTS: [&str; 2] = ["簽到", "簽退"];
/// Last heading of a sign-in sheet.
pub const SIGN_IN_REMARK: &str = "備註";
/// Name of a sign-in sheet.
pub const SIGN_IN: &str = "簽到簽退表";
/// What people have to know about a sign-in sheet.
pub const SIGN_IN_NOTE: &str = "說明：請本人親簽，不得蓋章或代簽；各時段均須簽到及簽退。";

/// What is too late or too early at a class session, after [`SIGN_IN_NOTE`].
#[must_use]
pub fn sign_in_rule(late_minutes: u16) -> String {
    format!("遲到或早退超過 {late_minutes} 分鐘，該時段視為缺席。")
}

/// Name of a certificate.
pub const CERTIFICATE: &str = "研習證明書";
/// Before a certificate's number.
pub const CERTIFICATE_NUMBER: &str = "證書字號：";
/// Before the address where a certificate is checked.
pub const CERTIFICATE_CHECK: &str = "查驗網址：";

/// On a copy of a certificate that does not hold any more, after the day.
pub const CERTIFICATE_REVOKED: &str = "撤銷，本證明書失效";

/// What a certificate says.
#[must_use]
pub fn certificate_text(of: &Certificate) -> String {
    let Certificate { name, agency, course, course_code, from, to, attended_seconds, score, .. } = of;
    let from = from.chinese();
    let days = if *from == to.chinese() { from } else { format!("{from}至{}", to.chinese()) };
    let hours = Hundredths::hours(*attended_seconds).to_string();
    let hours = hours.strip_suffix(".00").unwrap_or(&hours);
    let passed = score.map(|score| format!("，測驗成績 {score} 分")).unwrap_or_default();
    format!(
        "{agency}　{name}　君於民國 {days} 參加「{course}」（{course_code}），核實研習時數 {hours} 小時{passed}，特此證明。"
    )
}

/// The day of a certificate, as it closes one.
#[must_use]
pub fn certificate_day(date: super::RocDate) -> String {
    format!("中華民國 {} 年 {} 月 {} 日", date.year(), date.month(), date.day())
}
