//! Taking a roster in over the web. A file is first shown, with how it was read and what each row would do, and only then
//! written, when the person says yes.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use rampart_app::records::roster::{self, How, Known, Seen};
use rampart_app::records::sheet::Encoding;
use rampart_app::roster_import::{PlannedRow, RowEffect};
use rampart_pages::{
    ImportColumn, ImportEffect, ImportFault, ImportFile, ImportOutcome, ImportRow, PeopleImport, Problem,
    Tone,
};

use super::error::Answer;
use super::posted::{FILE_LIMIT, Posted};
use super::state::{Web, see_other};
use super::token::random_text;
use super::view::{self, count};
use super::visit::{Here, flash};
use super::who::Staff;

/// How long a file waits for its yes, ms.
const PREVIEW_MS: i64 = 15 * 60_000;
/// Files that wait at most; beyond it the oldest go.
const PREVIEWS: usize = 16;

/// A file that waits for a yes.
#[derive(Debug, Clone, Default)]
struct Upload {
    account: String,
    name: String,
    bytes: Bytes,
    how: How,
    apart: BTreeSet<u32>,
    at_ms: i64,
}

/// Files that wait, by token. In memory only: they hold personal data that nobody has agreed to keep yet.
#[derive(Debug, Default)]
pub struct Uploads(Mutex<HashMap<String, Upload>>);

impl Uploads {
    fn keep(&self, upload: Upload) -> String {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uploads.retain(|_, other| upload.at_ms - other.at_ms < PREVIEW_MS);
        if uploads.len() >= PREVIEWS {
            let oldest =
                uploads.iter().min_by_key(|(_, upload)| upload.at_ms).map(|(token, _)| token.clone());
            if let Some(oldest) = oldest {
                uploads.remove(&oldest);
            }
        }
        let token = random_text();
        uploads.insert(token.clone(), upload);
        token
    }

    fn take(&self, account: &str, token: &str, now_ms: i64) -> Option<Upload> {
        let mut uploads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uploads
            .get(token)
            .filter(|upload| upload.account == account && now_ms - upload.at_ms < PREVIEW_MS)?;
        uploads.remove(token)
    }
}

fn page(outcome: ImportOutcome, file: Option<ImportFile>, problem: Option<Problem>) -> PeopleImport {
    PeopleImport { max_bytes: count(FILE_LIMIT), outcome, file, problem }
}

/// `GET /people/import`.
pub(super) async fn form(State(web): State<Web>, visit: Here) -> Answer {
    web.page(&visit, &page(ImportOutcome::None, None, None))
}

fn fault(fault: &roster::Fault) -> ImportFault {
    let problem =
        fault.args.iter().fold(Problem::new(fault.code), |problem, (name, value)| problem.with(*name, value));
    ImportFault {
        row: i64::from(fault.row),
        column: fault.column.clone(),
        value: fault.value.clone(),
        problem,
    }
}

fn row(planned: PlannedRow) -> ImportRow {
    ImportRow {
        row: i64::from(planned.row.row),
        effect: match planned.effect {
            RowEffect::Added => ImportEffect::Added,
            RowEffect::Changed => ImportEffect::Changed,
            RowEffect::Same => ImportEffect::Same,
        },
        proposed: planned.proposed,
        apart: planned.proposed && planned.person.is_none(),
        name: planned.row.name,
        staff_no: planned.row.staff_no,
        agency: planned.row.agency,
        identity: planned.row.identity.map(view::register::identity),
    }
}

fn file(seen: &Seen, token: String) -> ImportFile {
    ImportFile {
        token,
        sheets: seen.sheets.clone(),
        sheet: count(seen.sheet),
        encoding: match seen.encoding {
            Some(Encoding::Big5) => "big5".to_owned(),
            _ => String::new(),
        },
        as_big5: seen.as_big5.clone(),
        columns: seen
            .columns
            .iter()
            .map(|column| ImportColumn {
                letter: column.letter.clone(),
                heading: column.heading.clone(),
                known: column.known.map(|known| known.code().to_owned()).unwrap_or_default(),
            })
            .collect(),
        notes: seen.notes.iter().map(fault).collect(),
    }
}

/// `A` is 0, `B` 1, `AA` 26.
fn index(letters: &str) -> Option<usize> {
    if letters.is_empty() || letters.len() > 2 || !letters.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    Some(letters.bytes().fold(0, |sum, b| sum * 26 + usize::from(b - b'A') + 1) - 1)
}

/// How the form says that the file is to be read.
fn how(form: &Posted, before: &How) -> How {
    let sheet = form.get("sheet").parse().ok();
    let encoding = (form.get("encoding") == "big5").then_some(Encoding::Big5);
    let mut columns: Vec<Option<Known>> = Vec::new();
    for (letters, code) in form.below("column.") {
        let Some(index) = index(letters) else { continue };
        if columns.len() <= index {
            columns.resize(index + 1, None);
        }
        columns[index] = Known::from_code(code);
    }
    // Another sheet or another encoding has other columns: what was said of the former ones is not held against them.
    let other = sheet.is_some() && sheet != Some(before.sheet.unwrap_or(0)) || encoding != before.encoding;
    How { sheet, encoding, columns: Some(columns).filter(|columns| !columns.is_empty() && !other) }
}

/// `POST /people/import`: a file to look at, another way to look at it, or the yes to one that was looked at.
pub(super) async fn act(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let refused = |problem| {
        let page = page(ImportOutcome::None, None, Some(problem));
        web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
    };
    if form.get("token").is_empty() {
        let Some(file) = form.file.filter(|file| !file.bytes.is_empty()) else {
            return refused(Problem::new("required").on("file"));
        };
        let upload = Upload { name: file.name, bytes: file.bytes, ..Upload::default() };
        return look(&web, &visit, &staff, upload).await;
    }
    let Some(mut upload) = web.uploads.take(&staff.id, form.get("token"), visit.now_ms) else {
        return refused(Problem::new("import_expired"));
    };
    if form.get("act") == "check" {
        upload.how = how(&form, &upload.how);
        upload.apart.clear();
        return look(&web, &visit, &staff, upload).await;
    }
    upload.apart = form.below("apart.").filter_map(|(row, _)| row.parse().ok()).collect();
    match web.app.import_roster_as(&upload.bytes, &upload.how, &upload.apart, Some(&staff.id)).await? {
        Ok(counts) => {
            let mut response = see_other("/people");
            let (added, changed) = (counts.added.to_string(), counts.changed.to_string());
            let (text, withheld) = match counts.withheld {
                0 => ("people_written", String::new()),
                n => ("people_written_withheld", n.to_string()),
            };
            let args: [(&str, &str); 3] = [("added", &added), ("changed", &changed), ("withheld", &withheld)];
            flash(&web, &mut response, Tone::Ok, text, &args);
            Ok(response)
        }
        // The register has changed since the file was shown.
        Err(_) => look(&web, &visit, &staff, upload).await,
    }
}

async fn look(web: &Web, visit: &Here, staff: &Staff, upload: Upload) -> Answer {
    let check = web.app.check_roster(&upload.bytes, &upload.how, &upload.apart).await?;
    let name = upload.name.clone();
    let token = web.uploads.keep(Upload { account: staff.id.clone(), at_ms: visit.now_ms, ..upload });
    let seen = Some(file(&check.seen, token));
    match check.rows {
        Err(faults) => {
            let rows = faults.iter().map(|fault| i64::from(fault.row)).max().unwrap_or(0);
            let faults = faults.iter().map(fault).collect();
            let page = page(ImportOutcome::Faults { file: name, rows, faults }, seen, None);
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
        }
        Ok(planned) => {
            let rows: Vec<ImportRow> = planned.into_iter().map(row).collect();
            let number = |effect| count(rows.iter().filter(|row| row.effect == effect).count());
            let outcome = ImportOutcome::Preview {
                file: name,
                added: number(ImportEffect::Added),
                changed: number(ImportEffect::Changed),
                same: number(ImportEffect::Same),
                proposed: count(rows.iter().filter(|row| row.proposed).count()),
                rows,
            };
            web.page(visit, &page(outcome, seen, None))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(account: &str, at_ms: i64) -> Upload {
        Upload { account: account.to_owned(), bytes: Bytes::from_static(b"x"), at_ms, ..Upload::default() }
    }

    #[test]
    fn a_preview_is_for_its_own_account_and_once() {
        let uploads = Uploads::default();
        let token = uploads.keep(upload("a", 1_000));
        assert!(uploads.take("b", &token, 1_000).is_none());
        assert!(uploads.take("a", &token, 1_000 + PREVIEW_MS).is_none(), "too late");
        assert!(uploads.take("a", &token, 2_000).is_some());
        assert!(uploads.take("a", &token, 2_000).is_none(), "a second click writes nothing");
        let first = uploads.keep(upload("a", 1));
        for n in 0..PREVIEWS {
            uploads.keep(upload("a", 10 + count(n)));
        }
        assert!(uploads.take("a", &first, 20).is_none(), "the oldest made room");
    }

    #[test]
    fn letters_of_columns() {
        assert_eq!(["A", "B", "AA", "BL"].map(index), [Some(0), Some(1), Some(26), Some(63)]);
        assert_eq!(["", "a", "AAA", "1"].map(index), [None; 4]);
    }
}
