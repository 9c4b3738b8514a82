//! The history of people's rows: what was done, by whom, with the values before and after.

use crate::db::{Db, Tx, Value, args};
use crate::error::StoreError;

pub(crate) const INSERT: &str = "INSERT INTO person_changes (id, person_id, at_ms, by_account, act, detail)";
pub(crate) const WIDTH: usize = 6;
/// Between the parts of a field; no text of the register holds it.
const PART: char = '\u{1f}';

/// Who does something, when, and the id of the line that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'s> {
    /// Id of the line.
    pub id: &'s str,
    /// When, ms UTC.
    pub at_ms: i64,
    /// The account; `None` for Rampart itself.
    pub by: Option<&'s str>,
}

/// One line of a person's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Id; sorts by time among lines of one millisecond.
    pub id: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// The account; `None` for Rampart itself.
    pub by_account: Option<String>,
    /// `made`, `import`, `edit`, `removed`, `restored`, `merged`, `parted`, `erased`, `agency`.
    pub act: String,
    /// What changed: column, before, after.
    pub fields: Vec<(String, String, String)>,
}

/// Repository of histories.
#[derive(Debug)]
pub struct Changes<'s>(pub(crate) &'s Db);

/// Values of a line.
pub(crate) fn row(
    id: &str,
    person: &str,
    at_ms: i64,
    by: Option<&str>,
    act: &str,
    fields: &[(&'static str, String, String)],
) -> Vec<Value> {
    let lines: Vec<String> =
        fields.iter().map(|(column, before, after)| format!("{column}{PART}{before}{PART}{after}")).collect();
    args![id, person, at_ms, by, act, lines.join("\n")]
}

/// Writes a line as part of a larger transaction.
pub(crate) async fn write(
    tx: &mut Tx,
    stamp: &Stamp<'_>,
    person: &str,
    act: &str,
    fields: &[(&'static str, String, String)],
) -> Result<(), StoreError> {
    tx.insert_many(INSERT, WIDTH, "", row(stamp.id, person, stamp.at_ms, stamp.by, act, fields)).await?;
    Ok(())
}

impl Changes<'_> {
    /// A person's history, latest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(&self, person: &str) -> Result<Vec<Change>, StoreError> {
        let sql = "SELECT id, at_ms, by_account, act, detail FROM person_changes WHERE person_id = $1 \
                   ORDER BY at_ms DESC, id DESC";
        let rows = self.0.rows(sql, args![person]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("person_changes", "id");
                let field = |line: &str| {
                    let mut parts = line.splitn(3, PART).map(str::to_owned);
                    Some((parts.next()?, parts.next()?, parts.next()?))
                };
                Ok(Change {
                    id: cells.text("id")?,
                    at_ms: cells.int("at_ms")?,
                    by_account: cells.opt_text("by_account")?,
                    act: cells.text("act")?,
                    fields: cells.text("detail")?.lines().filter_map(field).collect(),
                })
            })
            .collect()
    }
}
