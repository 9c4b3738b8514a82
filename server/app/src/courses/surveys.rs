//! Questionnaires: made, handed out as tokens that nobody is noted beside, answered, closed.

use rampart_domain::records::Gender;
use rampart_store::{PaperSheet, Question, QuestionKind, Survey, SurveyAnswer};

use super::{CourseError, LINE_MAX, line};
use crate::App;
use crate::clock::{new_id, random_bytes};
use crate::people::{code_hash, random_code};

/// Questions of one questionnaire at most.
const QUESTIONS_MAX: usize = 30;
/// Tokens made at once.
pub const PRINTED_MAX: usize = 500;
/// Papers handed out at most.
const PAPERS_MAX: u32 = 10_000;
/// Longest answer in words.
const WORDS_MAX: usize = 1_000;
/// Letters of a token: 80 bits.
const TOKEN_LENGTH: usize = 16;

/// A question as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyQuestion {
    /// A scale of 1 to 5, or words.
    pub scale: bool,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// An id by chance alone: one that sorts by time would tell who sat there when it came in.
fn sheet_id() -> String {
    hex::encode(random_bytes().get(..16).unwrap_or_default())
}

/// What stands on a sheet; `typed` gives it by the question's id.
fn read_answers(
    questions: Vec<Question>,
    typed: impl Fn(&str) -> String,
) -> Result<Vec<SurveyAnswer>, CourseError> {
    let mut answers = Vec::new();
    for question in questions {
        let text = typed(&question.id);
        let text = text.trim().replace("\r\n", "\n");
        if text.is_empty() {
            continue;
        }
        let (score, words) = match question.kind {
            QuestionKind::Scale => match text.parse::<u8>() {
                Ok(score @ 1..=5) => (Some(score), None),
                _ => return Err(CourseError::field("answers", "choice")),
            },
            QuestionKind::Text => {
                if text.chars().count() > WORDS_MAX {
                    return Err(CourseError::about("answers", "too_long", WORDS_MAX));
                }
                let odd = |c: char| c != '\n' && crate::records::roster::is_odd(c);
                if text.chars().any(odd) {
                    return Err(CourseError::field("answers", "text_odd"));
                }
                (None, Some(text))
            }
        };
        answers.push(SurveyAnswer { question_id: question.id, score, words });
    }
    if answers.is_empty() {
        return Err(CourseError::field("answers", "required"));
    }
    Ok(answers)
}

impl App {
    /// Makes a questionnaire for a course.
    ///
    /// # Errors
    /// [`CourseError::Field`] without a title or questions.
    pub async fn make_survey(
        &self,
        course: &str,
        title: &str,
        questions: &[SurveyQuestion],
        by: &str,
    ) -> Result<String, CourseError> {
        self.course(course).await?;
        let title = line("survey_title", title, true, LINE_MAX)?;
        if questions.is_empty() {
            return Err(CourseError::field("questions", "required"));
        }
        if questions.len() > QUESTIONS_MAX {
            return Err(CourseError::about("questions", "questions_many", QUESTIONS_MAX));
        }
        let mut stored = Vec::with_capacity(questions.len());
        for question in questions {
            let zh = line("questions", &question.zh, true, LINE_MAX)?;
            let en = line("questions", &question.en, false, LINE_MAX)?;
            stored.push(Question {
                id: new_id(),
                kind: if question.scale { QuestionKind::Scale } else { QuestionKind::Text },
                en: if en.is_empty() { zh.clone() } else { en },
                zh,
            });
        }
        let survey = Survey {
            id: new_id(),
            course_id: course.to_owned(),
            session_id: None,
            title,
            handed_out: 0,
            tokens: 0,
            used: 0,
            returned: 0,
            created_ms: self.now_ms(),
            closed_ms: None,
        };
        let note = self.line(Some(by), "survey.make", format!("survey={}", survey.id));
        self.store.surveys().noting(note).create(&survey, &stored, by).await?;
        Ok(survey.id)
    }

    /// A questionnaire of a course.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when it is not this course's.
    pub async fn survey(&self, course: &str, id: &str) -> Result<Survey, CourseError> {
        let survey = self.store.surveys().by_id(id).await?;
        survey.filter(|survey| survey.course_id == course).ok_or(CourseError::Missing)
    }

    /// Makes tokens to print, and counts them as handed out. They are shown this once.
    ///
    /// # Errors
    /// [`CourseError::Field`] for too many.
    pub async fn hand_survey_out(
        &self,
        course: &str,
        id: &str,
        number: usize,
        by: &str,
    ) -> Result<Vec<String>, CourseError> {
        self.survey(course, id).await?;
        if number == 0 || number > PRINTED_MAX {
            return Err(CourseError::about("number", "number_range", PRINTED_MAX));
        }
        let tokens: Vec<String> = (0..number).map(|_| random_code(TOKEN_LENGTH)).collect();
        let hashes: Vec<String> = tokens.iter().map(|token| code_hash(token)).collect();
        let note = self.line(Some(by), "survey.hand_out", format!("survey={id} n={number}"));
        if self.store.surveys().noting(note).hand_out(id, &hashes).await? {
            Ok(tokens)
        } else {
            Err(CourseError::Missing)
        }
    }

    /// Closes a questionnaire.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when it is not this course's, or closed.
    pub async fn close_survey(&self, course: &str, id: &str, by: &str) -> Result<(), CourseError> {
        self.survey(course, id).await?;
        let note = self.line(Some(by), "survey.close", format!("survey={id}"));
        let done = self.store.surveys().noting(note).close(id, self.now_ms()).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }

    /// The questionnaire that a token is good for, with its questions.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when it is good for none.
    pub async fn survey_of(&self, token: &str) -> Result<(Survey, Vec<Question>), CourseError> {
        let survey = self.store.surveys().by_token(&code_hash(token)).await?.ok_or(CourseError::Missing)?;
        let questions = self.store.surveys().questions(&survey.id).await?;
        Ok((survey, questions))
    }

    /// Takes a sheet in. `typed` gives what stands at a question, by its id.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when the token is good for none; [`CourseError::Field`] for an answer that is none.
    pub async fn answer_survey(
        &self,
        token: &str,
        gender: Option<Gender>,
        typed: impl Fn(&str) -> String,
    ) -> Result<(), CourseError> {
        let (_, questions) = self.survey_of(token).await?;
        let answers = read_answers(questions, typed)?;
        let sheet = sheet_id();
        if self.store.surveys().answer(&code_hash(token), &sheet, gender, &answers).await? {
            Ok(())
        } else {
            Err(CourseError::Missing)
        }
    }

    /// Says how many were handed out on paper, besides the tokens.
    ///
    /// # Errors
    /// [`CourseError::Field`] for too many, or fewer than came back; [`CourseError::Missing`] when it is not this course's.
    pub async fn set_papers(&self, course: &str, id: &str, papers: u32, by: &str) -> Result<(), CourseError> {
        let survey = self.survey(course, id).await?;
        if survey.closed_ms.is_some() {
            return Err(CourseError::field("papers", "survey_is_closed"));
        }
        if papers > PAPERS_MAX {
            return Err(CourseError::about("papers", "number_range", PAPERS_MAX));
        }
        let note = self.line(Some(by), "survey.papers", format!("survey={id} n={papers}"));
        if self.store.surveys().noting(note).set_papers(id, papers).await? {
            return Ok(());
        }
        Err(CourseError::about("papers", "papers_fewer", survey.papers_back()))
    }

    /// Takes in a sheet that came back on paper. Whose it was is not known, and who entered it stands beside no sheet.
    ///
    /// # Errors
    /// [`CourseError::Field`] for an answer that is none, or when as many came back as went out.
    pub async fn answer_on_paper(
        &self,
        course: &str,
        id: &str,
        gender: Option<Gender>,
        typed: impl Fn(&str) -> String,
        by: &str,
    ) -> Result<(), CourseError> {
        self.survey(course, id).await?;
        let questions = self.store.surveys().questions(id).await?;
        let answers = read_answers(questions, typed)?;
        let note = self.line(Some(by), "survey.paper", format!("survey={id}"));
        match self.store.surveys().noting(note).answer_on_paper(id, &sheet_id(), gender, &answers).await? {
            PaperSheet::Taken => Ok(()),
            PaperSheet::TooMany => Err(CourseError::field("papers", "papers_more")),
            PaperSheet::Closed => Err(CourseError::field("papers", "survey_is_closed")),
        }
    }
}
