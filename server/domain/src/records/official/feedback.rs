//! X4: what people said afterwards, by gender.

use super::super::figures::Hundredths;
use super::super::gender::Gender;
use super::super::table::{Cell, Table};
use super::super::words;
use super::super::words_tables as w;
use super::{Body, Book, Print, columns, masked, share_cell, size};

/// A mean of fewer answers is not shown.
pub const SHEETS_LEAST: i64 = 5;
/// A gap between the printed means of women and men from which an analysis is due.
pub const GAP: Hundredths = Hundredths(30);

/// A sheet that came back. Nobody knows whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// As stated on the sheet.
    pub gender: Option<Gender>,
    /// 1 to 5 for each question of the survey; `None` where it was left out.
    pub scores: Vec<Option<i64>>,
}

/// A questionnaire with what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Id.
    pub id: String,
    /// Course and class that it is about.
    pub title: String,
    /// How many were handed out.
    pub issued: i64,
    /// Questions that are answered by 1 to 5: id and text.
    pub questions: Vec<(String, String)>,
    /// What came back.
    pub sheets: Vec<Sheet>,
}

impl Survey {
    pub(super) fn without_sheets(&self) -> Self {
        Self {
            id: self.id.clone(),
            title: self.title.clone(),
            issued: self.issued,
            questions: self.questions.clone(),
            sheets: Vec::new(),
        }
    }
}

/// A sum of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mean {
    /// Sum of the scores.
    pub sum: i64,
    /// Answers.
    pub n: i64,
}

impl Mean {
    /// The mean, rounded half up; `None` of fewer answers than may be shown.
    #[must_use]
    pub fn shown(self) -> Option<Hundredths> {
        Hundredths::ratio(self.sum, self.n, 1).filter(|_| self.n >= SHEETS_LEAST)
    }
}

/// A question with what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Key of its analysis, `x4:SURVEY:QUESTION`.
    pub key: String,
    /// Survey and question, as printed.
    pub title: String,
    /// All answers.
    pub all: Mean,
    /// Of men.
    pub male: Mean,
    /// Of women.
    pub female: Mean,
    /// Answers of 4 or 5.
    pub satisfied: i64,
}

impl Question {
    /// Women's printed mean less men's; `None` where one of them is not shown.
    #[must_use]
    pub fn gap(&self) -> Option<Hundredths> {
        Some(self.female.shown()?.minus(self.male.shown()?))
    }

    /// The gap is so wide that somebody has to write about it.
    #[must_use]
    pub fn needs_analysis(&self) -> bool {
        self.gap().is_some_and(|gap| gap.0.abs() >= GAP.0)
    }
}

/// The questions of the year's surveys.
#[must_use]
pub fn questions(book: &Book) -> Vec<Question> {
    let several = book.surveys.len() > 1;
    let mut found = Vec::new();
    for survey in &book.surveys {
        for (at, (id, text)) in survey.questions.iter().enumerate() {
            let mut question = Question {
                key: format!("x4:{}:{id}", survey.id),
                title: if several { format!("{}：{text}", survey.title) } else { text.clone() },
                all: Mean::default(),
                male: Mean::default(),
                female: Mean::default(),
                satisfied: 0,
            };
            for sheet in &survey.sheets {
                let Some(score) = sheet.scores.get(at).copied().flatten() else { continue };
                let add = |mean: &mut Mean| {
                    mean.sum += score;
                    mean.n += 1;
                };
                add(&mut question.all);
                match sheet.gender {
                    Some(Gender::Male) => add(&mut question.male),
                    Some(Gender::Female) => add(&mut question.female),
                    _ => {}
                }
                question.satisfied += i64::from(score >= 4);
            }
            found.push(question);
        }
    }
    found
}

fn mean_cell(mean: Mean) -> Cell {
    match mean.shown() {
        Some(shown) => Cell::text(format!("{shown}({})", mean.n)),
        None if mean.n == 0 => Cell::None,
        None => masked(),
    }
}

/// X4 of a year.
pub(super) fn x4(print: &Print<'_>) -> Table {
    let book = print.book;
    let mut rows = Vec::new();
    let mut notes = vec![w::x4_note(SHEETS_LEAST, &GAP.to_string())];
    if !print.is_public() {
        notes.push(w::NOTE_X4_ALL.to_owned());
    }
    for question in questions(book) {
        // In public the two make the whole: one alone that is hidden is subtracted.
        let hidden =
            print.is_public() && (question.male.shown().is_none() || question.female.shown().is_none());
        let both = |mean: Mean| if hidden { masked() } else { mean_cell(mean) };
        rows.push(vec![
            Cell::text(&question.title),
            mean_cell(question.all),
            both(question.male),
            both(question.female),
            match question.gap() {
                Some(gap) if !hidden => Cell::Decimal(gap),
                _ => masked(),
            },
            match question.all.shown() {
                Some(_) => share_cell(Hundredths::share(question.satisfied, question.all.n)),
                None if question.all.n == 0 => Cell::None,
                None => masked(),
            },
        ]);
        if question.needs_analysis() && !hidden {
            notes.push(match book.texts.get(&question.key) {
                Some(text) => w::analysis_note(&question.title, text),
                None => w::analysis_note(&question.title, w::ANALYSIS_DUE),
            });
        }
    }
    notes.push(words::NOTE_NO_VALUE.to_owned());
    let issued: i64 = book.surveys.iter().map(|survey| survey.issued).sum();
    let returned: i64 = book.surveys.iter().map(|survey| size(survey.sheets.len())).sum();
    let rate =
        Hundredths::share(returned, issued).map_or_else(|| words::NO_VALUE.to_owned(), |r| r.to_string());
    // Who was given a questionnaire stated no gender then: the public edition does not know how many of them count.
    let unit = w::x4_unit((!print.is_public()).then_some(issued), returned, &rate);
    print.table(
        w::X4,
        &unit,
        columns(&[
            w::COL_QUESTION,
            w::COL_ALL_MEAN,
            w::COL_MALE_MEAN,
            w::COL_FEMALE_MEAN,
            w::COL_GAP,
            w::COL_SATISFIED,
        ]),
        Body { rows, notes, classes: "依題目，按性別分。" },
    )
}
