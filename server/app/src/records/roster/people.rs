//! The rows of a roster as people.

use std::collections::HashMap;

use rampart_domain::records::register::is_email;
use rampart_domain::records::{DutyClass, Gender, Identity};
use unicode_normalization::UnicodeNormalization;

use super::{CHARS_MAX, Faults, Known, RosterRow, folded, is_odd, letter};
use crate::records::sheet::{Flaw, Row, Sheet};
use crate::records::split;

/// The people of a sheet as they are read.
pub(super) struct People<'s> {
    sheet: &'s Sheet,
    head: &'s Row,
    columns: &'s [(usize, Known)],
    people: Vec<RosterRow>,
    faults: &'s mut Faults,
}

/// Code and value of a flaw.
fn flawed(flaw: &Flaw, text: &str) -> (&'static str, String) {
    match flaw {
        Flaw::Formula => ("cell_formula", text.to_owned()),
        Flaw::Date => ("cell_date", text.to_owned()),
        Flaw::Fraction => ("cell_fraction", text.to_owned()),
        Flaw::Truth => ("cell_truth", text.to_owned()),
        Flaw::Error => ("cell_error", text.to_owned()),
        Flaw::Bytes(_) => ("csv_encoding", text.to_owned()),
    }
}

impl<'s> People<'s> {
    /// Nobody yet.
    pub(super) fn new(
        sheet: &'s Sheet,
        head: &'s Row,
        columns: &'s [(usize, Known)],
        faults: &'s mut Faults,
    ) -> Self {
        Self { sheet, head, columns, people: Vec::new(), faults }
    }

    /// Those that were read.
    pub(super) fn done(self) -> Vec<RosterRow> {
        self.people
    }

    fn fault(
        &mut self,
        row: &Row,
        index: usize,
        value: &str,
        code: &'static str,
        args: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        let heading = self.head.cells.get(index).map_or("", String::as_str);
        self.faults.add(row.number, heading, value, code, args);
    }

    /// Reads a row.
    pub(super) fn read(
        &mut self,
        row: &Row,
        numbers: &mut HashMap<String, (u32, usize)>,
        names: &mut HashMap<(String, String), u32>,
    ) {
        let named = |index: usize| self.head.cells.get(index).is_some_and(|cell| !folded(cell).is_empty());
        let unnamed: Vec<usize> =
            (0..row.cells.len()).filter(|index| !row.cells[*index].is_empty() && !named(*index)).collect();
        for index in unnamed {
            self.faults.add(row.number, &letter(index), &row.cells[index], "csv_columns", []);
        }
        if row.cut {
            let args = [("max", split::CELLS_MAX.to_string())];
            self.faults.add(row.number, &letter(split::CELLS_MAX), "", "csv_columns", args);
        }
        let mut person = RosterRow {
            row: row.number,
            name: String::new(),
            staff_no: String::new(),
            agency: String::new(),
            grade: None,
            identity: None,
            duty: None,
            emails: Vec::new(),
            gender: None,
        };
        let mut number_at = None;
        for (index, known) in self.columns {
            let text = row.cells.get(*index).map_or("", String::as_str);
            if let Some((_, flaw)) = row.flaws.iter().find(|(at, _)| at == index) {
                let (code, value) = flawed(flaw, text);
                // The value of a gender stays out: it would be a personal datum on a page that is not the officer's.
                let value = if *known == Known::Gender { String::new() } else { value };
                self.fault(row, *index, &value, code, []);
                continue;
            }
            if let Some(said) = self.part(row, *index, *known, text, &mut person) {
                self.fault(row, *index, said.value, said.code, said.args);
            }
            if *known == Known::StaffNo {
                number_at = Some(*index);
            }
        }
        self.known_before(row, number_at, person, numbers, names);
    }

    /// Looks whether the person stands in the file already; keeps them if not.
    fn known_before(
        &mut self,
        row: &Row,
        number_at: Option<usize>,
        person: RosterRow,
        numbers: &mut HashMap<String, (u32, usize)>,
        names: &mut HashMap<(String, String), u32>,
    ) {
        if person.staff_no.is_empty() {
            if !person.name.is_empty() && !person.agency.is_empty() {
                let key = (person.name.clone(), person.agency.clone());
                if let Some(first) = names.insert(key.clone(), row.number) {
                    names.insert(key, first);
                    let args = [("first", first.to_string())];
                    self.faults.add(row.number, "", &person.name, "csv_duplicate_name", args);
                }
            }
        } else {
            let key = person.staff_no.to_lowercase();
            if let Some((first, at)) = numbers.get(&key).copied() {
                let other = &mut self.people[at];
                if other.staff_no == person.staff_no
                    && other.name == person.name
                    && other.agency == person.agency
                {
                    // The same person once more, with another address.
                    other.emails.extend(person.emails);
                    other.emails.sort();
                    other.emails.dedup();
                    return;
                }
                let args = [("first", first.to_string())];
                self.fault(row, number_at.unwrap_or(0), &person.staff_no, "csv_duplicate", args);
            } else {
                numbers.insert(key, (row.number, self.people.len()));
            }
        }
        self.people.push(person);
    }

    /// Reads a cell into the person, or says what is wrong with it.
    fn part<'t>(
        &self,
        row: &Row,
        index: usize,
        known: Known,
        text: &'t str,
        person: &mut RosterRow,
    ) -> Option<Said<'t>> {
        let wrong = |value, code, args| Some(Said { value, code, args });
        if known == Known::Gender {
            match Gender::read(text) {
                Ok(gender) => person.gender = gender,
                Err(_) => return wrong("", "csv_gender", vec![]),
            }
            return None;
        }
        if text.is_empty() {
            let needed = matches!(known, Known::Name | Known::Agency);
            if known == Known::Grade {
                person.grade = Some(String::new());
            }
            if !needed {
                return None;
            }
            let within = |(top, left, bottom, right): &&(u32, usize, u32, usize)| {
                (*top..=*bottom).contains(&row.number) && (*left..=*right).contains(&index)
            };
            if let Some((top, left, bottom, right)) = self.sheet.merged.iter().find(within) {
                let range = format!("{}{top}:{}{bottom}", letter(*left), letter(*right));
                return wrong("", "cell_merged", vec![("range", range)]);
            }
            return wrong("", "csv_required", vec![("column", known.heading().to_owned())]);
        }
        if let Some(odd) = text.chars().find(|c| is_odd(*c)) {
            let character = format!("U+{:04X}", u32::from(odd));
            return wrong(text, "csv_character", vec![("character", character)]);
        }
        let length = text.chars().count();
        if length > CHARS_MAX {
            let args = vec![("length", length.to_string()), ("max", CHARS_MAX.to_string())];
            return wrong(text, "csv_too_long", args);
        }
        match known {
            Known::Name => text.clone_into(&mut person.name),
            Known::Agency => text.clone_into(&mut person.agency),
            Known::Grade => person.grade = Some(text.to_owned()),
            Known::Gender => {}
            Known::Identity => match Identity::read(text) {
                Ok(identity) => person.identity = identity,
                Err(_) => return wrong(text, "csv_identity", vec![]),
            },
            Known::Duty => match DutyClass::read(text) {
                Ok(duty) => person.duty = duty,
                Err(_) => return wrong(text, "csv_duty", vec![]),
            },
            Known::Email => {
                let parts =
                    text.split(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '；' | '，' | '、'));
                for email in parts.filter(|part| !part.is_empty()) {
                    if !is_email(email) {
                        return wrong(text, "csv_email", vec![]);
                    }
                    person.emails.push(email.to_lowercase());
                }
            }
            Known::StaffNo => {
                let number = text.nfkc().collect::<String>().trim().to_owned();
                if number.starts_with('~') || !number.chars().any(char::is_alphanumeric) {
                    return wrong(text, "csv_number", vec![]);
                }
                person.staff_no = number;
            }
        }
        None
    }
}

/// What is wrong with a cell.
struct Said<'t> {
    value: &'t str,
    code: &'static str,
    args: Vec<(&'static str, String)>,
}
