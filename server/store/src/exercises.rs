//! Exercises: what was chosen and what is wanted. What happened is in the ledger.

use std::str::FromStr;

use rampart_domain::ledger::{Checkpoint, Sealed};
use rampart_domain::secret::RunSecret;

use crate::db::{Cells, Db, args};
use crate::error::StoreError;
use crate::ledger;

/// What the engine should hold for an exercise; the reconciler works towards it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Desired {
    /// Nothing was asked for yet.
    None,
    /// Its ranges.
    Up,
    /// Nothing any more.
    Gone,
}

impl Desired {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Up => "up",
            Self::Gone => "gone",
        }
    }
}

impl FromStr for Desired {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "none" => Ok(Self::None),
            "up" => Ok(Self::Up),
            "gone" => Ok(Self::Gone),
            _ => Err(()),
        }
    }
}

/// An exercise without its heavy and secret parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exercise {
    /// Id; also the run's id.
    pub id: String,
    /// Short code in addresses, unique.
    pub code: String,
    /// Title.
    pub title: String,
    /// Scenario.
    pub scenario_id: String,
    /// Version of the scenario.
    pub scenario_version: u32,
    /// Number of red/blue pairs, one range each.
    pub pairs: u16,
    /// Where it takes place.
    pub place: String,
    /// Planned start, ms UTC.
    pub starts_ms: i64,
    /// Planned end, ms UTC.
    pub ends_ms: i64,
    /// Account that made it.
    pub created_by: String,
    /// When it was made, ms UTC.
    pub created_ms: i64,
    /// What the engine should hold.
    pub desired: Desired,
    /// The run's tag, [`RunSecret::tag`].
    pub tag: String,
}

/// An exercise with its heavy and secret parts, for the task that runs it.
#[derive(Debug, Clone)]
pub struct FullExercise {
    /// The exercise.
    pub exercise: Exercise,
    /// The scenario's source and files as JSON.
    pub bundle: String,
    /// Secret of the run.
    pub secret: RunSecret,
    /// The plan made at launch, as JSON.
    pub plan: Option<String>,
}

/// An exercise to make.
#[derive(Debug, Clone)]
pub struct NewExercise {
    /// Id.
    pub id: String,
    /// Short code, unique.
    pub code: String,
    /// Title.
    pub title: String,
    /// Scenario.
    pub scenario_id: String,
    /// Version of the scenario.
    pub scenario_version: u32,
    /// The scenario's source and files as JSON, kept so that a later change of the files changes nothing here.
    pub bundle: String,
    /// Number of red/blue pairs.
    pub pairs: u16,
    /// Secret of the run; its tag is stored beside it.
    pub secret: RunSecret,
    /// Where it takes place.
    pub place: String,
    /// Planned start, ms UTC.
    pub starts_ms: i64,
    /// Planned end, ms UTC.
    pub ends_ms: i64,
    /// Account that makes it.
    pub created_by: String,
    /// Now, ms UTC.
    pub created_ms: i64,
}

/// What can be changed on an exercise by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExerciseEdit {
    /// Title.
    pub title: String,
    /// Where it takes place.
    pub place: String,
    /// Planned start, ms UTC.
    pub starts_ms: i64,
    /// Planned end, ms UTC.
    pub ends_ms: i64,
}

/// Repository of exercises.
#[derive(Debug)]
pub struct Exercises<'s>(pub(crate) &'s Db);

/// The columns of [`Exercise`] after `SELECT`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, code, title, scenario_id, scenario_version, pairs, place, starts_ms, ends_ms, created_by, \
             created_ms, desired, tag FROM exercises ",
            $rest
        )
    };
}

fn read(cells: &Cells<'_>) -> Result<Exercise, StoreError> {
    Ok(Exercise {
        id: cells.text("id")?,
        code: cells.text("code")?,
        title: cells.text("title")?,
        scenario_id: cells.text("scenario_id")?,
        scenario_version: cells.number("scenario_version")?,
        pairs: cells.number("pairs")?,
        place: cells.text("place")?,
        starts_ms: cells.int("starts_ms")?,
        ends_ms: cells.int("ends_ms")?,
        created_by: cells.text("created_by")?,
        created_ms: cells.int("created_ms")?,
        desired: cells.word("desired")?,
        tag: cells.text("tag")?,
    })
}

impl Exercises<'_> {
    /// Makes an exercise with the first entries of its ledger, in one transaction; nothing is wanted of the engine yet.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] of `exercises.code`, [`StoreError::Missing`] when its maker is no account, or those
    /// of the database.
    pub async fn create(&self, new: &NewExercise, first: &[Sealed]) -> Result<(), StoreError> {
        self.restore(new, first, &[]).await
    }

    /// Makes an exercise with its whole ledger and the signed positions of it, in one transaction. Whoever calls has
    /// checked that they fit.
    ///
    /// # Errors
    /// As [`Exercises::create`], and [`StoreError::Duplicate`] when an exercise has this id already.
    pub async fn restore(
        &self,
        new: &NewExercise,
        entries: &[Sealed],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let mut tx = self.0.write().await?;
        tx.run(
            "INSERT INTO exercises (id, code, title, scenario_id, scenario_version, bundle, pairs, secret, place, \
             starts_ms, ends_ms, created_by, created_ms, plan, desired, tag) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL, 'none', $14)",
            args![
                &new.id,
                &new.code,
                &new.title,
                &new.scenario_id,
                new.scenario_version,
                &new.bundle,
                new.pairs,
                &new.secret.bytes()[..],
                &new.place,
                new.starts_ms,
                new.ends_ms,
                &new.created_by,
                new.created_ms,
                new.secret.tag()
            ],
        )
        .await?;
        ledger::insert(&mut tx, entries.iter().map(|sealed| (new.id.as_str(), sealed))).await?;
        ledger::insert_checkpoints(&mut tx, &new.id, checkpoints).await?;
        tx.commit().await
    }

    /// All exercises, the latest planned start first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Exercise>, StoreError> {
        let rows = self.0.rows(select!("ORDER BY starts_ms DESC, id DESC"), args![]).await?;
        rows.iter().map(|row| read(&row.of("exercises", "id"))).collect()
    }

    /// The exercise with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Exercise>, StoreError> {
        let row = self.0.row(select!("WHERE id = $1"), args![id]).await?;
        row.map(|row| read(&row.of("exercises", "id"))).transpose()
    }

    /// The exercise with this code.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_code(&self, code: &str) -> Result<Option<Exercise>, StoreError> {
        let row = self.0.row(select!("WHERE code = $1"), args![code]).await?;
        row.map(|row| read(&row.of("exercises", "id"))).transpose()
    }

    /// Everything about the exercise with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self, id: &str) -> Result<Option<FullExercise>, StoreError> {
        let Some(row) = self.0.row("SELECT * FROM exercises WHERE id = $1", args![id]).await? else {
            return Ok(None);
        };
        let cells = row.of("exercises", "id");
        Ok(Some(FullExercise {
            exercise: read(&cells)?,
            bundle: cells.text("bundle")?,
            secret: RunSecret::new(cells.bytes32("secret")?),
            plan: cells.opt_text("plan")?,
        }))
    }

    /// Changes what can be changed by hand. False when there is no such exercise.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn edit(&self, id: &str, edit: &ExerciseEdit) -> Result<bool, StoreError> {
        let sql = "UPDATE exercises SET title = $2, place = $3, starts_ms = $4, ends_ms = $5 WHERE id = $1";
        let values = args![id, &edit.title, &edit.place, edit.starts_ms, edit.ends_ms];
        Ok(self.0.run(sql, values).await? > 0)
    }

    /// Sets what the engine should hold. False when there is no such exercise.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_desired(&self, id: &str, desired: Desired) -> Result<bool, StoreError> {
        let sql = "UPDATE exercises SET desired = $2 WHERE id = $1";
        Ok(self.0.run(sql, args![id, desired.as_str()]).await? > 0)
    }

    /// Sets or drops the plan. False when there is no such exercise.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_plan(&self, id: &str, plan: Option<&str>) -> Result<bool, StoreError> {
        Ok(self.0.run("UPDATE exercises SET plan = $2 WHERE id = $1", args![id, plan]).await? > 0)
    }

    /// Tags of all other runs, with the exercise each belongs to: by it a flag of another run is known.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn other_tags(&self, id: &str) -> Result<Vec<(String, String)>, StoreError> {
        let rows =
            self.0.rows("SELECT tag, id FROM exercises WHERE id <> $1 ORDER BY tag, id", args![id]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("exercises", "id");
                Ok((cells.text("tag")?, cells.text("id")?))
            })
            .collect()
    }
}
