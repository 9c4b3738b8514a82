//! People. Gender passes through here in one direction only: in.

use rampart_domain::records::Gender;
use sqlx::AssertSqlSafe;

use crate::audit::{self, AuditLine};
use crate::db::{ByKey, Cells, Db, Value, args, marks, texts};
use crate::error::StoreError;

/// Ids in one `IN` list.
const LIST: usize = 500;

/// A person on the register. Knows no gender; see [`crate::OfficerView`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number, unique.
    pub staff_no: String,
    /// Agency or unit.
    pub agency: String,
    /// When the person was first entered, ms UTC.
    pub created_ms: i64,
}

/// A row of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// Id, used when the staff number is new; otherwise the person keeps theirs.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_no: String,
    /// Agency or unit.
    pub agency: String,
    /// Gender, where the roster gives it. `None` leaves what is stored, so that a roster without the column erases
    /// nothing.
    pub gender: Option<Gender>,
}

/// What an import did. Counts look at name and agency only: a count that moved with the gender would tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// People who were not on the register.
    pub added: usize,
    /// People whose name or agency is another now.
    pub changed: usize,
    /// People who stand as they stood.
    pub unchanged: usize,
    /// Ids of all rows, in the roster's order.
    pub ids: Vec<String>,
}

/// Repository of people.
#[derive(Debug)]
pub struct Persons<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

pub(crate) fn read(cells: &Cells<'_>) -> Result<Person, StoreError> {
    Ok(Person {
        id: cells.text("id")?,
        name: cells.text("name")?,
        staff_no: cells.text("staff_no")?,
        agency: cells.text("agency")?,
        created_ms: cells.int("created_ms")?,
    })
}

/// What a filter is looked for in. Lower-cased here, as the engines disagree on what a lower case is.
fn search(name: &str, staff_no: &str, agency: &str) -> String {
    format!("{name}\n{staff_no}\n{agency}").to_lowercase()
}

/// Condition and values that ask for every word of a filter; `!` escapes.
fn words(filter: &str) -> (String, Vec<Value>) {
    let mut sql = String::from("1 = 1");
    let mut values = Vec::new();
    for word in filter.to_lowercase().split_whitespace().take(8) {
        let word = word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        values.push(Value::from(format!("%{word}%")));
        sql.push_str(&format!(" AND search LIKE ${} ESCAPE '!'", values.len()));
    }
    (sql, values)
}

impl Persons<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Enters a roster in one transaction: people are found by staff number, added or brought up to date. The same
    /// roster again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when a staff number stands twice in the roster; then nothing was written.
    pub async fn import(&self, roster: &[NewPerson], at_ms: i64) -> Result<Imported, StoreError> {
        let mut seen = std::collections::HashSet::new();
        if roster.iter().any(|row| !seen.insert(row.staff_no.as_str())) {
            return Err(StoreError::Duplicate { what: "persons.staff_no".to_owned() });
        }
        let mut tx = self.db.write().await?;
        tx.lock("persons").await?;
        let mut known: ByKey<Person> = ByKey::new();
        for part in roster.chunks(LIST) {
            let sql = format!(
                "SELECT id, name, staff_no, agency, created_ms FROM persons WHERE staff_no IN ({})",
                marks(1, part.len())
            );
            for row in tx.rows(AssertSqlSafe(sql), texts(part.iter().map(|row| &row.staff_no))).await? {
                let person = read(&row.of("persons", "id"))?;
                known.insert(person.staff_no.clone(), person);
            }
        }
        let mut done = Imported::default();
        let mut added = Vec::new();
        let mut genders = Vec::new();
        for row in roster {
            let id = match known.get(&row.staff_no) {
                None => {
                    added.extend(args![
                        &row.id,
                        &row.name,
                        &row.staff_no,
                        &row.agency,
                        search(&row.name, &row.staff_no, &row.agency),
                        at_ms
                    ]);
                    done.added += 1;
                    &row.id
                }
                Some(person) if person.name == row.name && person.agency == row.agency => {
                    done.unchanged += 1;
                    &person.id
                }
                Some(person) => {
                    tx.run(
                        "UPDATE persons SET name = $1, agency = $2, search = $3 WHERE id = $4",
                        args![
                            &row.name,
                            &row.agency,
                            search(&row.name, &row.staff_no, &row.agency),
                            &person.id
                        ],
                    )
                    .await?;
                    done.changed += 1;
                    &person.id
                }
            };
            if let Some(gender) = row.gender {
                genders.extend(args![id, gender.code()]);
            }
            done.ids.push(id.clone());
        }
        tx.insert_many("INSERT INTO persons (id, name, staff_no, agency, search, created_ms)", 6, "", added)
            .await?;
        tx.insert_many(
            "INSERT INTO personal (person_id, gender)",
            2,
            "ON CONFLICT (person_id) DO UPDATE SET gender = excluded.gender",
            genders,
        )
        .await?;
        // Also of a roster that changed nothing: somebody held it against the register.
        let note = self.note.clone().map(|mut line| {
            let counts =
                format!("added={} changed={} unchanged={}", done.added, done.changed, done.unchanged);
            line.detail = format!("{} {counts}", line.detail).trim().to_owned();
            line
        });
        audit::note(&mut tx, note.as_ref()).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// People in whose name, staff number or agency every word of `filter` occurs, by staff number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, filter: &str, limit: u32, offset: u32) -> Result<Vec<Person>, StoreError> {
        let (condition, mut values) = words(filter);
        let next = values.len() + 1;
        let sql = format!(
            "SELECT id, name, staff_no, agency, created_ms FROM persons WHERE {condition} \
             ORDER BY staff_no LIMIT ${next} OFFSET ${}",
            next + 1
        );
        values.extend(args![limit, offset]);
        let rows = self.db.rows(AssertSqlSafe(sql), values).await?;
        rows.iter().map(|row| read(&row.of("persons", "id"))).collect()
    }

    /// Number of people that [`Persons::list`] would give without a limit.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count(&self, filter: &str) -> Result<u64, StoreError> {
        let (condition, values) = words(filter);
        let sql = format!("SELECT COUNT(*) AS number FROM persons WHERE {condition}");
        match self.db.row(AssertSqlSafe(sql), values).await? {
            Some(row) => row.of("persons", "number").number("number"),
            None => Ok(0),
        }
    }

    /// The people with these ids, by staff number; unknown ids are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_ids(&self, ids: &[String]) -> Result<Vec<Person>, StoreError> {
        let mut people = Vec::with_capacity(ids.len());
        for part in ids.chunks(LIST) {
            let sql = format!(
                "SELECT id, name, staff_no, agency, created_ms FROM persons WHERE id IN ({})",
                marks(1, part.len())
            );
            for row in self.db.rows(AssertSqlSafe(sql), texts(part)).await? {
                people.push(read(&row.of("persons", "id"))?);
            }
        }
        people.sort_by(|a, b| a.staff_no.cmp(&b.staff_no));
        people.dedup_by(|a, b| a.id == b.id);
        Ok(people)
    }

    /// The person with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Person>, StoreError> {
        let row = self
            .db
            .row("SELECT id, name, staff_no, agency, created_ms FROM persons WHERE id = $1", args![id])
            .await?;
        row.map(|row| read(&row.of("persons", "id"))).transpose()
    }
}
