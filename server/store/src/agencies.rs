//! Agencies. People name theirs in words, as rosters do; an agency here gives those words a code, a level and a place.

use rampart_domain::records::{Area, Level};
use sqlx::AssertSqlSafe;

use crate::audit::{self, AuditLine};
use crate::changes::{self, Stamp};
use crate::db::{Cells, Db, args};
use crate::error::StoreError;
use crate::persons::{search, shown_number};

const COLUMNS: &str = "id, code, name, level, area, county, created_ms, removed_ms";

/// An agency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agency {
    /// Id.
    pub id: String,
    /// Code, unique, or empty.
    pub code: String,
    /// Name, unique.
    pub name: String,
    /// Responsibility level, if it was said.
    pub level: Option<Level>,
    /// Where it lies, if it was said.
    pub area: Option<Area>,
    /// County, or empty.
    pub county: String,
    /// When it was entered, ms UTC.
    pub created_ms: i64,
    /// When it was taken off the list, ms UTC.
    pub removed_ms: Option<i64>,
}

/// Repository of agencies.
#[derive(Debug)]
pub struct Agencies<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn read(cells: &Cells<'_>) -> Result<Agency, StoreError> {
    Ok(Agency {
        id: cells.text("id")?,
        code: cells.text("code")?,
        name: cells.text("name")?,
        level: cells.opt_word("level", Level::from_code)?,
        area: cells.opt_word("area", Area::from_code)?,
        county: cells.text("county")?,
        created_ms: cells.int("created_ms")?,
        removed_ms: cells.opt_int("removed_ms")?,
    })
}

impl Agencies<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Agencies on the list, by code and name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Agency>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM agencies WHERE removed_ms IS NULL ORDER BY code, name");
        let rows = self.db.rows(AssertSqlSafe(sql), args![]).await?;
        rows.iter().map(|row| read(&row.of("agencies", "id"))).collect()
    }

    /// The agency with this id, on the list or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Agency>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM agencies WHERE id = $1");
        let row = self.db.row(AssertSqlSafe(sql), args![id]).await?;
        row.map(|row| read(&row.of("agencies", "id"))).transpose()
    }

    /// Enters an agency, or changes the one with this id (its `created_ms` and `removed_ms` stay). A new name is given to
    /// the people who name the old one, each with a line in their history; `ids` makes the ids of those lines. Answers
    /// with the number of people.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when name or code is taken, or those of the database; nothing is written then.
    pub async fn save(
        &self,
        agency: &Agency,
        stamp: &Stamp<'_>,
        mut ids: impl FnMut() -> String + Send,
    ) -> Result<usize, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("persons").await?;
        let former = tx.row("SELECT id, name FROM agencies WHERE id = $1", args![&agency.id]).await?;
        let former = former.map(|row| row.of("agencies", "id").text("name")).transpose()?;
        tx.run(
            "INSERT INTO agencies (id, code, name, level, area, county, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, level = excluded.level, \
             area = excluded.area, county = excluded.county",
            args![
                &agency.id,
                &agency.code,
                &agency.name,
                agency.level.map(Level::code),
                agency.area.map(Area::code),
                &agency.county,
                stamp.at_ms
            ],
        )
        .await?;
        let mut moved = 0;
        if let Some(former) = former.filter(|former| *former != agency.name) {
            let sql = "SELECT id, name, staff_no FROM persons WHERE agency = $1";
            let mut history = Vec::new();
            for row in tx.rows(sql, args![&former]).await? {
                let cells = row.of("persons", "id");
                let (id, name, staff_no) =
                    (cells.text("id")?, cells.text("name")?, shown_number(cells.text("staff_no")?));
                tx.run(
                    "UPDATE persons SET agency = $2, search = $3 WHERE id = $1",
                    args![&id, &agency.name, search(&name, &staff_no, &agency.name)],
                )
                .await?;
                let fields = [("agency", former.clone(), agency.name.clone())];
                history.extend(changes::row(&ids(), &id, stamp.at_ms, stamp.by, "agency", &fields));
                moved += 1;
            }
            tx.insert_many(changes::INSERT, changes::WIDTH, "", history).await?;
        }
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Takes an agency off the list; people go on naming it. False when it is not on it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE agencies SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NULL";
        let found = tx.run(sql, args![id, at_ms]).await? > 0;
        if found {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(found)
    }
}
