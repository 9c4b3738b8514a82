//! A ledger as a file that leaves the house: one JSON value a line. First the exercise, then every entry with the text that
//! was hashed, then the checkpoints, and last a line that closes it. The same ledger gives the same bytes whichever
//! database it lies in, so two files can be compared with any tool.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Checkpoint, LedgerFault, check};

/// Version of the format.
pub const VERSION: u32 = 1;

/// The exercise that a ledger belongs to, with all that its entries refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Id.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Scenario.
    pub scenario_id: String,
    /// Its version.
    pub scenario_version: u32,
    /// Number of red/blue pairs.
    pub pairs: u16,
    /// Place.
    pub place: String,
    /// Planned start, ms UTC.
    pub starts_ms: i64,
    /// Planned end, ms UTC.
    pub ends_ms: i64,
    /// Made at, ms UTC.
    pub created_ms: i64,
    /// The scenario's source and files as JSON.
    pub bundle: String,
    /// Secret of the run, 64 hexadecimal digits; every flag and password follows from it. Left out unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Position.
    pub seq: u64,
    /// Hash of the entry before it.
    pub prev: String,
    /// Hash.
    pub hash: String,
    /// Text as hashed.
    pub text: String,
}

/// All of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFile {
    /// The exercise.
    pub head: Head,
    /// Entries from the first on.
    pub lines: Vec<Line>,
    /// Signed positions, in order.
    pub checkpoints: Vec<Checkpoint>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Part {
    RampartLedger { version: u32, exercise: Head },
    Entry(Line),
    Checkpoint(Checkpoint),
    End { entries: usize, checkpoints: usize, sha256: String },
}

/// Why a file is not taken. `line` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A line that is none of ours.
    #[error("line {line}: {why}")]
    Line {
        /// Line.
        line: usize,
        /// Why.
        why: String,
    },
    /// It says that it was written by a later version.
    #[error("line 1: format version {0} is newer than this program's, {VERSION}")]
    Newer(u32),
    /// The last line is missing.
    #[error("line {line}: the closing line is missing: the file was cut off")]
    CutOff {
        /// Last line.
        line: usize,
    },
    /// The closing line does not fit what stands before it.
    #[error("the closing line does not fit the file: it was changed, or cut in the middle")]
    Changed,
    /// The ledger in it is not what was written.
    #[error(transparent)]
    Ledger(#[from] LedgerFault),
}

fn put(out: &mut Vec<u8>, part: &Part) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *out, part)?;
    out.push(b'\n');
    Ok(())
}

impl LedgerFile {
    /// The file as bytes.
    ///
    /// # Errors
    /// When a value cannot be written as JSON, which none of these does.
    pub fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = Vec::new();
        put(&mut out, &Part::RampartLedger { version: VERSION, exercise: self.head.clone() })?;
        for line in &self.lines {
            put(&mut out, &Part::Entry(line.clone()))?;
        }
        for checkpoint in &self.checkpoints {
            put(&mut out, &Part::Checkpoint(checkpoint.clone()))?;
        }
        let sha256 = hex::encode(Sha256::digest(&out));
        let (entries, checkpoints) = (self.lines.len(), self.checkpoints.len());
        put(&mut out, &Part::End { entries, checkpoints, sha256 })?;
        Ok(out)
    }

    /// Reads a file and checks all of it: its form, its closing line, the chain and the checkpoints.
    ///
    /// # Errors
    /// See [`FileError`]; the first thing found.
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        let mut head = None;
        let (mut lines, mut checkpoints) = (Vec::new(), Vec::new());
        let mut at = 0;
        let mut number = 0;
        for text in bytes.split_inclusive(|byte| *byte == b'\n') {
            number += 1;
            let wrong = |why: &str| FileError::Line { line: number, why: why.to_owned() };
            if number == 1 {
                newer(text)?;
            }
            let part = serde_json::from_slice(text).map_err(|error| wrong(&error.to_string()))?;
            match part {
                Part::RampartLedger { exercise, .. } if head.is_none() => head = Some(exercise),
                _ if head.is_none() => return Err(wrong("the exercise is expected here")),
                Part::Entry(line) if checkpoints.is_empty() => lines.push(line),
                Part::Checkpoint(checkpoint) => checkpoints.push(checkpoint),
                Part::RampartLedger { .. } | Part::Entry(_) => return Err(wrong("out of its place")),
                Part::End { entries, checkpoints: signed, sha256 } => {
                    let rest = bytes.len() - at - text.len();
                    let whole = hex::encode(Sha256::digest(&bytes[..at])) == sha256;
                    if !whole || entries != lines.len() || signed != checkpoints.len() || rest > 0 {
                        return Err(FileError::Changed);
                    }
                    // Without a head no other part was taken.
                    let Some(head) = head else { return Err(FileError::Changed) };
                    let file = Self { head, lines, checkpoints };
                    let lines = file.lines.iter();
                    let rows = lines.map(|line| (line.text.as_str(), line.prev.as_str(), line.hash.as_str()));
                    check(&file.head.id, rows, &file.checkpoints)?;
                    return Ok(file);
                }
            }
            at += text.len();
        }
        Err(FileError::CutOff { line: number })
    }
}

/// A later version may have parts that this one cannot read; it is named before they are complained of.
fn newer(first: &[u8]) -> Result<(), FileError> {
    let value: serde_json::Value = serde_json::from_slice(first).unwrap_or_default();
    match value["rampart_ledger"]["version"].as_u64() {
        Some(version) if version > u64::from(VERSION) => {
            Err(FileError::Newer(u32::try_from(version).unwrap_or(u32::MAX)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use scoreboard::{Actor, Body, Entry, Status};

    use super::super::{CheckpointError, CheckpointKey, FIRST, seal};
    use super::*;

    fn sample() -> LedgerFile {
        let mut prev = FIRST.to_owned();
        let mut lines = Vec::new();
        for seq in 1..=3 {
            let note = Some(format!("第 {seq} 筆 \u{2028} \"引號\" 𠮷"));
            let body = Body::Status { from: Status::Draft, to: Status::Provisioning, note, why: None };
            let sealed = seal(&prev, Entry { seq, at_ms: 1_000, actor: Actor::System, body }).unwrap();
            prev.clone_from(&sealed.hash);
            lines.push(Line { seq, prev: sealed.prev, hash: sealed.hash, text: sealed.text });
        }
        let checkpoint = CheckpointKey::new(&[7; 32]).sign("e1", 2, &lines[1].hash, 2_000);
        let head = Head {
            id: "e1".into(),
            code: "S115-01".into(),
            title: "演練".into(),
            scenario_id: "qinglan-portal".into(),
            scenario_version: 1,
            pairs: 2,
            place: String::new(),
            starts_ms: 1,
            ends_ms: 2,
            created_ms: 0,
            bundle: "{}".into(),
            secret: None,
        };
        LedgerFile { head, lines, checkpoints: vec![checkpoint] }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let file = sample();
        let bytes = file.write().unwrap();
        assert_eq!(LedgerFile::read(&bytes).unwrap(), file);
        assert!(!String::from_utf8(bytes).unwrap().contains("secret"));
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let bytes = sample().write().unwrap();
        for length in 0..bytes.len() {
            // Without its last line feed it is still whole.
            let whole = length + 1 == bytes.len();
            assert_eq!(LedgerFile::read(&bytes[..length]).is_ok(), whole, "cut to {length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(LedgerFile::read(&changed).is_err() || at + 1 == bytes.len(), "byte {at}");
        }
        let twice = [bytes.clone(), bytes].concat();
        assert!(LedgerFile::read(&twice).is_err());
    }

    #[test]
    fn a_file_made_anew_around_a_forged_entry_is_refused() {
        let mut file = sample();
        file.lines[1].text = file.lines[1].text.replace("第 2 筆", "第 9 筆");
        assert!(matches!(
            LedgerFile::read(&file.write().unwrap()),
            Err(FileError::Ledger(LedgerFault::Chain(_)))
        ));
        let mut file = sample();
        file.lines.truncate(1);
        assert_eq!(
            LedgerFile::read(&file.write().unwrap()),
            Err(FileError::Ledger(CheckpointError::CutOff { seq: 2, last: 1 }.into()))
        );
        let text =
            String::from_utf8(sample().write().unwrap()).unwrap().replace("\"version\":1,", "\"version\":2,");
        assert_eq!(LedgerFile::read(text.as_bytes()), Err(FileError::Newer(2)));
    }
}
