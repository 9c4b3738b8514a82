//! `rampart course survey …`: questionnaires of a course and their results.

use std::path::PathBuf;

use clap::Subcommand;
use rampart::api::extract::List;
use rampart::api::types::{SurveyInfo, SurveyResultInfo, SurveySlip, TokensWish};
use rampart_app::records::export::csv;
use rampart_domain::records::{Cell, Column, Table};
use ureq::http::Method;

use super::client::Failure;
use super::print::table;
use super::{Session, escaped};

/// What is done about questionnaires.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// List the questionnaires of a course.
    List {
        /// Code of the course.
        course: String,
    },
    /// Show the results of a course's questionnaires, or take them as a CSV file. Results of fewer than five answers are not
    /// given out; those by gender are in table X4.
    Results {
        /// Code of the course.
        course: String,
        /// Only this questionnaire, by id.
        #[arg(long, value_name = "ID")]
        survey: Option<String>,
        /// File to write.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Make tokens of a questionnaire and print their addresses, this once.
    HandOut {
        /// Code of the course.
        course: String,
        /// Id of the questionnaire.
        survey: String,
        /// How many.
        #[arg(long)]
        number: usize,
    },
    /// Close a questionnaire.
    Close {
        /// Code of the course.
        course: String,
        /// Id of the questionnaire.
        survey: String,
    },
}

fn list(all: &[SurveyInfo]) -> String {
    let row = |one: &SurveyInfo| {
        vec![
            one.id.clone(),
            one.handed_out.to_string(),
            one.returned.to_string(),
            one.rate.clone().map_or_else(|| "-".to_owned(), |rate| format!("{rate}%")),
            if one.closed_ms.is_some() { "closed" } else { "open" }.to_owned(),
            one.title.clone(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    table(&["ID", "OUT", "BACK", "RATE", "STATE", "TITLE"], &rows)
}

fn mean(of: &SurveyResultInfo) -> String {
    match &of.mean {
        Some(mean) => mean.clone(),
        None if of.about.scale => "※".to_owned(),
        None => "-".to_owned(),
    }
}

fn results(all: &[SurveyInfo]) -> String {
    let mut text = String::new();
    for one in all {
        text.push_str(&list(std::slice::from_ref(one)));
        let mut rows = Vec::new();
        for of in &one.questions {
            rows.push(vec![of.answers.to_string(), mean(of), of.about.zh.clone()]);
            rows.extend(of.words.iter().map(|words| vec![String::new(), String::new(), words.clone()]));
        }
        text.push_str(&table(&["ANSWERS", "MEAN", "QUESTION"], &rows));
        text.push('\n');
    }
    text
}

/// One row a question; words that were written have rows of their own.
fn file(all: &[SurveyInfo]) -> Result<Vec<u8>, Failure> {
    let mut rows = Vec::new();
    for one in all {
        for of in &one.questions {
            let mut row = |answers: Cell, mean: String, words: &str| {
                let rate = one.rate.clone().unwrap_or_else(|| "-".to_owned());
                rows.push(vec![
                    Cell::text(&one.title),
                    Cell::Count(one.handed_out.into()),
                    Cell::Count(one.returned.into()),
                    Cell::text(rate),
                    Cell::text(&of.about.zh),
                    answers,
                    Cell::text(mean),
                    Cell::text(words),
                ]);
            };
            row(Cell::Count(of.answers), mean(of), "");
            for words in &of.words {
                row(Cell::Blank, String::new(), words);
            }
        }
    }
    let headings = ["問卷", "發出數", "回收數", "回收率(%)", "題目", "填答數", "平均", "文字意見"];
    let table = Table {
        sheet: String::new(),
        title: String::new(),
        unit: String::new(),
        columns: headings.map(|heading| Column::new(heading, heading)).to_vec(),
        rows,
        notes: Vec::new(),
        source: String::new(),
        background: Vec::new(),
        foot: None,
        file_stem: String::new(),
    };
    csv(&table).map_err(|error| Failure::usage(error.to_string()))
}

impl Session {
    pub(super) fn survey(&self, command: Command) -> Result<(), Failure> {
        let of = |code: &str| -> Result<String, Failure> {
            Ok(format!("/courses/{}/surveys", self.named_course(code)?.id))
        };
        let all = |code: &str| -> Result<Vec<SurveyInfo>, Failure> {
            let all: List<SurveyInfo> = self.client.get(&of(code)?)?;
            Ok(all.items)
        };
        match command {
            Command::List { course } => self.show(&all(&course)?, |all| list(all)),
            Command::Results { course, survey, output } => {
                let mut found = all(&course)?;
                if let Some(id) = &survey {
                    found.retain(|one| one.id == *id);
                    if found.is_empty() {
                        return Err(Failure::Refused(format!("{course} has no questionnaire {id}")));
                    }
                }
                let Some(output) = output else { return self.show(&found, |found| results(found)) };
                self.keep(&file(&found)?, &output)
            }
            Command::HandOut { course, survey, number } => {
                let path = format!("{}/{}/tokens", of(&course)?, escaped(&survey));
                let slips: List<SurveySlip> =
                    self.client.send(Method::POST, &path, &TokensWish { number })?;
                self.show(&slips.items, |all| {
                    all.iter().map(|one| format!("{}\n", one.address)).collect::<String>()
                })
            }
            Command::Close { course, survey } => {
                let path = format!("{}/{}/close", of(&course)?, escaped(&survey));
                let done: SurveyInfo = self.client.send(Method::POST, &path, &())?;
                self.show(&done, |one| list(std::slice::from_ref(one)))
            }
        }
    }
}
