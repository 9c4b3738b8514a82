//! People. Gender passes through here in one direction only: in.

use std::str::FromStr;

use rampart_domain::records::{DutyClass, Gender, Identity};
use sqlx::AssertSqlSafe;

use crate::answers;
use crate::audit::{self, AuditLine};
use crate::changes::{self, Stamp};
use crate::db::{ByKey, Cells, Db, Tx, Value, args, marks, texts};
use crate::error::StoreError;

/// Ids in one `IN` list.
pub(crate) const LIST: usize = 500;
/// Begins the stored number of whoever has none, followed by the id: the column is unique and sorts them last. No number
/// that comes from outside begins with it.
const NUMBERLESS: char = '~';

const COLUMNS: &str =
    "id, name, staff_no, agency, grade, identity, duty, created_ms, removed_ms, merged_into";

/// A person on the register. Knows no gender; see [`crate::OfficerView`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number, unique; empty for who has none.
    pub staff_no: String,
    /// Agency or unit.
    pub agency: String,
    /// Grade or title (職稱), or empty.
    pub grade: String,
    /// What the person is to the programme, if it was said.
    pub identity: Option<Identity>,
    /// What the training duty goes by, if it was said.
    pub duty: Option<DutyClass>,
    /// When the person was first entered, ms UTC.
    pub created_ms: i64,
    /// When the person was taken off the register, ms UTC; the history stays.
    pub removed_ms: Option<i64>,
    /// The person that this row was found to be.
    pub merged_into: Option<String>,
}

/// A row of a roster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewPerson {
    /// Id, used when the person is new; otherwise the person keeps theirs.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number; empty for who has none.
    pub staff_no: String,
    /// Agency or unit.
    pub agency: String,
    /// Grade, where the roster gives it. `None` leaves what is stored.
    pub grade: Option<String>,
    /// Identity, where the roster gives it. `None` leaves what is stored.
    pub identity: Option<Identity>,
    /// Duty class, where the roster gives it. `None` leaves what is stored.
    pub duty: Option<DutyClass>,
    /// E-mail addresses; those that are new are added, none is taken away.
    pub emails: Vec<String>,
    /// Gender, where the roster gives it. `None` leaves what is stored, so that a roster without the column erases
    /// nothing.
    pub gender: Option<Gender>,
    /// Of a row without a number: the person that somebody said it is.
    pub same_as: Option<String>,
}

/// A person's row as somebody edits it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonEdit {
    /// Name.
    pub name: String,
    /// Staff number, or empty.
    pub staff_no: String,
    /// Agency or unit.
    pub agency: String,
    /// Grade, or empty.
    pub grade: String,
    /// Identity.
    pub identity: Option<Identity>,
    /// All e-mail addresses.
    pub emails: Vec<String>,
}

/// What an import did. Counts look at the register's own columns only: a count that moved with the gender would tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// People who were not on the register.
    pub added: usize,
    /// People of whom something is another now.
    pub changed: usize,
    /// People who stand as they stood.
    pub unchanged: usize,
    /// People whose gender in the roster was left out, as they withdrew their answers.
    pub withheld: usize,
    /// Ids of all rows, in the roster's order.
    pub ids: Vec<String>,
}

/// By what a list of people is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PersonOrder {
    /// Staff number; who has none comes last.
    #[default]
    StaffNo,
    /// Name.
    Name,
    /// Agency, then staff number.
    Agency,
    /// Identity, then staff number.
    Identity,
}

impl PersonOrder {
    /// The word of addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StaffNo => "staff_no",
            Self::Name => "name",
            Self::Agency => "agency",
            Self::Identity => "identity",
        }
    }
}

impl FromStr for PersonOrder {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::StaffNo, Self::Name, Self::Agency, Self::Identity]
            .into_iter()
            .find(|order| order.as_str() == word)
            .ok_or(())
    }
}

/// Which people a list holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonQuery {
    /// Words that all occur in name, staff number or agency.
    pub text: String,
    /// Of this agency only.
    pub agency: Option<String>,
    /// Of this identity only.
    pub identity: Option<Identity>,
    /// Those taken off the register instead of those on it.
    pub removed: bool,
    /// Order.
    pub order: PersonOrder,
    /// From the end.
    pub descending: bool,
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
        staff_no: shown_number(cells.text("staff_no")?),
        agency: cells.text("agency")?,
        grade: cells.text("grade")?,
        identity: cells.opt_word("identity", Identity::from_code)?,
        duty: cells.opt_word("duty", DutyClass::from_code)?,
        created_ms: cells.int("created_ms")?,
        removed_ms: cells.opt_int("removed_ms")?,
        merged_into: cells.opt_text("merged_into")?,
    })
}

/// The columns that [`read`] wants, of table `p`.
pub(crate) fn columns_of(alias: &str) -> String {
    COLUMNS.split(", ").map(|column| format!("{alias}.{column}")).collect::<Vec<_>>().join(", ")
}

/// A stored number as people know it.
pub(crate) fn shown_number(stored: String) -> String {
    if stored.starts_with(NUMBERLESS) { String::new() } else { stored }
}

fn stored_number(id: &str, staff_no: &str) -> String {
    if staff_no.is_empty() { format!("{NUMBERLESS}{id}") } else { staff_no.to_owned() }
}

/// What a filter is looked for in. Lower-cased here, as the engines disagree on what a lower case is.
pub(crate) fn search(name: &str, staff_no: &str, agency: &str) -> String {
    format!("{name}\n{staff_no}\n{agency}").to_lowercase()
}

/// Condition and values that ask for every word of a filter; `!` escapes.
fn words(filter: &str) -> (String, Vec<Value>) {
    let mut sql = String::from("merged_into IS NULL");
    let mut values = Vec::new();
    for word in filter.to_lowercase().split_whitespace().take(8) {
        let word = word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        values.push(Value::from(format!("%{word}%")));
        sql.push_str(&format!(" AND search LIKE ${} ESCAPE '!'", values.len()));
    }
    (sql, values)
}

fn condition(query: &PersonQuery) -> (String, Vec<Value>) {
    let (mut sql, mut values) = words(&query.text);
    sql.push_str(if query.removed { " AND removed_ms IS NOT NULL" } else { " AND removed_ms IS NULL" });
    if let Some(agency) = &query.agency {
        values.push(Value::from(agency));
        sql.push_str(&format!(" AND agency = ${}", values.len()));
    }
    if let Some(identity) = query.identity {
        values.push(Value::from(identity.code()));
        sql.push_str(&format!(" AND identity = ${}", values.len()));
    }
    (sql, values)
}

/// E-mail addresses of these people, each sorted.
async fn emails_of(tx: &mut Tx, ids: &[String]) -> Result<ByKey<Vec<String>>, StoreError> {
    let mut all: ByKey<Vec<String>> = ByKey::new();
    for part in ids.chunks(LIST) {
        let sql = format!(
            "SELECT person_id, email FROM person_emails WHERE person_id IN ({}) ORDER BY person_id, email",
            marks(1, part.len())
        );
        for row in tx.rows(AssertSqlSafe(sql), texts(part)).await? {
            let cells = row.of("person_emails", "person_id");
            all.entry(cells.text("person_id")?).or_default().push(cells.text("email")?);
        }
    }
    Ok(all)
}

async fn known(tx: &mut Tx, column: &str, keys: Vec<String>) -> Result<Vec<Person>, StoreError> {
    let mut people = Vec::new();
    for part in keys.chunks(LIST) {
        let sql = format!("SELECT {COLUMNS} FROM persons WHERE {column} IN ({})", marks(1, part.len()));
        for row in tx.rows(AssertSqlSafe(sql), texts(part)).await? {
            people.push(read(&row.of("persons", "id"))?);
        }
    }
    Ok(people)
}

/// The row that stands for the person of a merged one.
async fn stands_for(tx: &mut Tx, id: &str) -> Result<String, StoreError> {
    let mut at = id.to_owned();
    // Findings make no circle; this many in a row were never made by people.
    for _ in 0..100 {
        match known(tx, "id", vec![at.clone()]).await?.pop().and_then(|person| person.merged_into) {
            Some(into) => at = into,
            None => break,
        }
    }
    Ok(at)
}

/// What differs between a person and what is to be, as (column, before, after).
fn differences(person: &Person, had: &[String], to: &PersonEdit) -> Vec<(&'static str, String, String)> {
    let mut fields = Vec::new();
    let mut compare = |column: &'static str, before: &str, after: &str| {
        if before != after {
            fields.push((column, before.to_owned(), after.to_owned()));
        }
    };
    compare("name", &person.name, &to.name);
    compare("staff_no", &person.staff_no, &to.staff_no);
    compare("agency", &person.agency, &to.agency);
    compare("grade", &person.grade, &to.grade);
    let code = |identity: Option<Identity>| identity.map_or("", Identity::code);
    compare("identity", code(person.identity), code(to.identity));
    compare("email", &had.join(" "), &to.emails.join(" "));
    fields
}

async fn update(tx: &mut Tx, id: &str, to: &PersonEdit) -> Result<(), StoreError> {
    tx.run(
        "UPDATE persons SET name = $2, staff_no = $3, agency = $4, grade = $5, identity = $6, search = $7 WHERE id = $1",
        args![
            id,
            &to.name,
            stored_number(id, &to.staff_no),
            &to.agency,
            &to.grade,
            to.identity.map(Identity::code),
            search(&to.name, &to.staff_no, &to.agency)
        ],
    )
    .await?;
    Ok(())
}

/// Takes everything that names a person out of their row, and the row off the register.
pub(crate) async fn erase(tx: &mut Tx, id: &str, name: &str, at_ms: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE persons SET name = $2, staff_no = $3, grade = '', search = $2, \
         removed_ms = COALESCE(removed_ms, $4) WHERE id = $1",
        args![id, name, stored_number(id, ""), at_ms],
    )
    .await?;
    Ok(())
}

fn addresses(list: &[String]) -> Vec<String> {
    let mut list = list.to_vec();
    list.sort();
    list.dedup();
    list
}

impl Persons<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Enters a roster in one transaction: people are found by staff number (or as the row says), added or brought up to
    /// date; who had been taken off the register is on it again. The same roster again changes nothing. A row whose
    /// person was found to be another one changes nothing and answers with that one.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when a staff number stands twice in the roster; then nothing was written.
    pub async fn import(&self, roster: &[NewPerson], at_ms: i64) -> Result<Imported, StoreError> {
        let mut seen = std::collections::HashSet::new();
        let named = |row: &&NewPerson| !row.staff_no.is_empty();
        if roster.iter().filter(named).any(|row| !seen.insert(row.staff_no.as_str())) {
            return Err(StoreError::Duplicate { what: "persons.staff_no".to_owned() });
        }
        let mut tx = self.db.write().await?;
        tx.lock("persons").await?;
        let numbers = roster.iter().filter(named).map(|row| row.staff_no.clone()).collect();
        let by_number: ByKey<Person> = known(&mut tx, "staff_no", numbers)
            .await?
            .into_iter()
            .map(|person| (person.staff_no.clone(), person))
            .collect();
        let said = roster.iter().filter_map(|row| row.same_as.clone()).collect();
        let by_id: ByKey<Person> =
            known(&mut tx, "id", said).await?.into_iter().map(|person| (person.id.clone(), person)).collect();
        let ids: Vec<String> = by_number.values().chain(by_id.values()).map(|one| one.id.clone()).collect();
        let emails = emails_of(&mut tx, &ids).await?;
        let by = self.note.as_ref().and_then(|note| note.account_id.clone());
        let mut done = Imported::default();
        let (mut added, mut new_emails, mut history) = (vec![], vec![], vec![]);
        let mut genders: std::collections::BTreeMap<String, (bool, Gender)> =
            std::collections::BTreeMap::new();
        for row in roster {
            let found = if row.staff_no.is_empty() {
                row.same_as.as_ref().and_then(|id| by_id.get(id))
            } else {
                by_number.get(&row.staff_no)
            };
            let id = match found {
                None => {
                    let number = stored_number(&row.id, &row.staff_no);
                    let search = search(&row.name, &row.staff_no, &row.agency);
                    let grade = row.grade.as_deref().unwrap_or("");
                    let identity = row.identity.map(Identity::code);
                    added.extend(args![
                        &row.id,
                        &row.name,
                        number,
                        &row.agency,
                        search,
                        at_ms,
                        grade,
                        identity,
                        row.duty.map(DutyClass::code)
                    ]);
                    for email in addresses(&row.emails) {
                        new_emails.extend(args![&row.id, email]);
                    }
                    history.push(changes::row(&row.id, &row.id, at_ms, by.as_deref(), "made", &[]));
                    done.added += 1;
                    row.id.clone()
                }
                Some(Person { merged_into: Some(other), .. }) => {
                    done.unchanged += 1;
                    stands_for(&mut tx, other).await?
                }
                Some(person) => {
                    let had = emails.get(&person.id).map_or(&[][..], Vec::as_slice);
                    let mut all = had.to_vec();
                    all.extend(row.emails.iter().cloned());
                    let to = PersonEdit {
                        name: row.name.clone(),
                        staff_no: person.staff_no.clone(),
                        agency: row.agency.clone(),
                        grade: row.grade.clone().unwrap_or_else(|| person.grade.clone()),
                        identity: row.identity.or(person.identity),
                        emails: addresses(&all),
                    };
                    let mut fields = differences(person, had, &to);
                    let duty = row.duty.filter(|duty| person.duty != Some(*duty));
                    if let Some(duty) = duty {
                        let before = person.duty.map_or("", DutyClass::code).to_owned();
                        fields.push(("duty", before, duty.code().to_owned()));
                    }
                    let back = person.removed_ms.is_some();
                    if fields.is_empty() && !back {
                        done.unchanged += 1;
                    } else {
                        update(&mut tx, &person.id, &to).await?;
                        if let Some(duty) = duty {
                            let sql = "UPDATE persons SET duty = $2 WHERE id = $1";
                            tx.run(sql, args![&person.id, duty.code()]).await?;
                        }
                        if back {
                            let sql = "UPDATE persons SET removed_ms = NULL WHERE id = $1";
                            tx.run(sql, args![&person.id]).await?;
                        }
                        for email in to.emails.iter().filter(|email| !had.contains(email)) {
                            new_emails.extend(args![&person.id, email]);
                        }
                        // A row's id is used once: for the new person, or for the line of what it changed.
                        let act = if back { "restored" } else { "import" };
                        history.push(changes::row(&row.id, &person.id, at_ms, by.as_deref(), act, &fields));
                        done.changed += 1;
                    }
                    person.id.clone()
                }
            };
            // One value a person, since two lines may be one: their own comes before that of a row merged into them.
            if let Some(gender) = row.gender {
                let own = found.is_none_or(|person| person.merged_into.is_none());
                let known = genders.entry(id.clone()).or_insert((own, gender));
                if own || !known.0 {
                    *known = (own, gender);
                }
            }
            done.ids.push(id);
        }
        tx.insert_many(
            "INSERT INTO persons (id, name, staff_no, agency, search, created_ms, grade, identity, duty)",
            9,
            "",
            added,
        )
        .await?;
        tx.insert_many("INSERT INTO person_emails (person_id, email)", 2, "", new_emails).await?;
        tx.insert_many(changes::INSERT, changes::WIDTH, "", history.into_iter().flatten().collect()).await?;
        let genders = genders.into_iter().map(|(id, (_, gender))| (id, gender)).collect();
        done.withheld = answers::of_roster(&mut tx, genders, at_ms).await?;
        // Also of a roster that changed nothing: somebody held it against the register.
        let note = self.note.clone().map(|mut line| {
            let counts =
                format!("added={} changed={} unchanged={}", done.added, done.changed, done.unchanged);
            let withheld =
                if done.withheld == 0 { String::new() } else { format!(" withheld={}", done.withheld) };
            line.detail = format!("{} {counts}{withheld}", line.detail).trim().to_owned();
            line
        });
        audit::note(&mut tx, note.as_ref()).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Changes a person's row and notes in their history what changed. False when there is no such person. What is so
    /// already writes nothing.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the staff number is another person's, or those of the database.
    pub async fn edit(&self, id: &str, to: &PersonEdit, stamp: &Stamp<'_>) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("persons").await?;
        let Some(person) = known(&mut tx, "id", vec![id.to_owned()]).await?.pop() else {
            tx.rollback().await?;
            return Ok(false);
        };
        let had = emails_of(&mut tx, &[id.to_owned()]).await?.remove(id).unwrap_or_default();
        let to = PersonEdit { emails: addresses(&to.emails), ..to.clone() };
        let fields = differences(&person, &had, &to);
        if !fields.is_empty() {
            update(&mut tx, id, &to).await?;
            tx.run("DELETE FROM person_emails WHERE person_id = $1", args![id]).await?;
            let rows = to.emails.iter().flat_map(|email| args![id, email]).collect();
            tx.insert_many("INSERT INTO person_emails (person_id, email)", 2, "", rows).await?;
            changes::write(&mut tx, stamp, id, "edit", &fields).await?;
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a person off the register, or puts them on it again; their history stays either way. False when there is no
    /// such person, or nothing to do.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_removed(&self, id: &str, removed: bool, stamp: &Stamp<'_>) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let (sql, to, act) = if removed {
            (
                "UPDATE persons SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NULL",
                Some(stamp.at_ms),
                "removed",
            )
        } else {
            ("UPDATE persons SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NOT NULL", None, "restored")
        };
        let found = tx.run(sql, args![id, to]).await? > 0;
        if found {
            changes::write(&mut tx, stamp, id, act, &[]).await?;
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(found)
    }

    /// People on the register in whose name, staff number or agency every word of `filter` occurs, by staff number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, filter: &str, limit: u32, offset: u32) -> Result<Vec<Person>, StoreError> {
        let query = PersonQuery { text: filter.to_owned(), ..PersonQuery::default() };
        self.find(&query, limit, offset).await
    }

    /// People of a query, in its order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find(
        &self,
        query: &PersonQuery,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Person>, StoreError> {
        let (condition, mut values) = condition(query);
        let next = values.len() + 1;
        let way = if query.descending { "DESC" } else { "ASC" };
        let order = match query.order {
            PersonOrder::StaffNo => format!("staff_no {way}"),
            PersonOrder::Name => format!("name {way}, staff_no"),
            PersonOrder::Agency => format!("agency {way}, staff_no"),
            // The engines disagree on where NULL sorts.
            PersonOrder::Identity => format!("COALESCE(identity, '~') {way}, staff_no"),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM persons WHERE {condition} ORDER BY {order} LIMIT ${next} OFFSET ${}",
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
        self.number(&PersonQuery { text: filter.to_owned(), ..PersonQuery::default() }).await
    }

    /// Number of people that [`Persons::find`] would give without a limit.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn number(&self, query: &PersonQuery) -> Result<u64, StoreError> {
        let (condition, values) = condition(query);
        let sql = format!("SELECT COUNT(*) AS number FROM persons WHERE {condition}");
        match self.db.row(AssertSqlSafe(sql), values).await? {
            Some(row) => row.of("persons", "number").number("number"),
            None => Ok(0),
        }
    }

    /// The agencies that people on the register name, with the number of people, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn agencies(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT agency, COUNT(*) AS number FROM persons \
                   WHERE removed_ms IS NULL AND merged_into IS NULL GROUP BY agency ORDER BY agency";
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("persons", "agency");
                Ok((cells.text("agency")?, cells.number("number")?))
            })
            .collect()
    }

    /// The people with these ids, on the register or not, by staff number; unknown ids are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_ids(&self, ids: &[String]) -> Result<Vec<Person>, StoreError> {
        let mut people = Vec::with_capacity(ids.len());
        for part in ids.chunks(LIST) {
            let sql = format!("SELECT {COLUMNS} FROM persons WHERE id IN ({})", marks(1, part.len()));
            for row in self.db.rows(AssertSqlSafe(sql), texts(part)).await? {
                people.push(read(&row.of("persons", "id"))?);
            }
        }
        people.sort_by(|a, b| sorts(a).cmp(&sorts(b)));
        people.dedup_by(|a, b| a.id == b.id);
        Ok(people)
    }

    /// The person with this id, on the register or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Person>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM persons WHERE id = $1");
        let row = self.db.row(AssertSqlSafe(sql), args![id]).await?;
        row.map(|row| read(&row.of("persons", "id"))).transpose()
    }

    /// The person with this staff number, on the register or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_number(&self, staff_no: &str) -> Result<Option<Person>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM persons WHERE staff_no = $1");
        let row = self.db.row(AssertSqlSafe(sql), args![staff_no]).await?;
        row.map(|row| read(&row.of("persons", "id"))).transpose()
    }

    /// The people with these staff numbers, on the register or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_numbers(&self, numbers: &[String]) -> Result<Vec<Person>, StoreError> {
        self.where_in("staff_no", numbers, "").await
    }

    /// The people on the register with these names.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn named(&self, names: &[String]) -> Result<Vec<Person>, StoreError> {
        self.where_in("name", names, " AND removed_ms IS NULL AND merged_into IS NULL").await
    }

    async fn where_in(&self, column: &str, keys: &[String], and: &str) -> Result<Vec<Person>, StoreError> {
        let mut keys = keys.to_vec();
        keys.sort();
        keys.dedup();
        let mut people = Vec::new();
        for part in keys.chunks(LIST) {
            let marks = marks(1, part.len());
            let sql = format!("SELECT {COLUMNS} FROM persons WHERE {column} IN ({marks}){and} ORDER BY id");
            for row in self.db.rows(AssertSqlSafe(sql), texts(part)).await? {
                people.push(read(&row.of("persons", "id"))?);
            }
        }
        Ok(people)
    }

    /// E-mail addresses of these people, as (person, address), sorted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn emails(&self, ids: &[String]) -> Result<Vec<(String, String)>, StoreError> {
        let mut all = Vec::new();
        for part in ids.chunks(LIST) {
            let sql = format!(
                "SELECT person_id, email FROM person_emails WHERE person_id IN ({})",
                marks(1, part.len())
            );
            for row in self.db.rows(AssertSqlSafe(sql), texts(part)).await? {
                let cells = row.of("person_emails", "person_id");
                all.push((cells.text("person_id")?, cells.text("email")?));
            }
        }
        all.sort();
        Ok(all)
    }
}

/// Sorts as the stored number does.
fn sorts(person: &Person) -> (bool, &str, &str) {
    (person.staff_no.is_empty(), &person.staff_no, &person.id)
}
