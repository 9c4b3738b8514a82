//! Who qualifies for a certificate and why not, certificates, and what their check page says.

use std::collections::BTreeMap;

use rampart_documents::CertificatePaper;
use rampart_domain::records::course::{Certificate, Fault, faults, masked};
use rampart_domain::records::{IntervalSet, RocDate, RocYear};
use rampart_store::{CertificatesOf, Course, NewCertificate, Person, StoredCertificate};

use super::{CourseError, reason};
use crate::clock::new_id;
use crate::people::random_code;
use crate::records::Format;
use crate::statistics::Export;
use crate::{App, AppError};

/// Letters of a check code.
const CHECK_LENGTH: usize = 6;

/// How a person stands in a course.
#[derive(Debug, Clone)]
pub struct PersonStanding {
    /// The person.
    pub person: Person,
    /// Attended, whole seconds.
    pub seconds: i64,
    /// Last result of the test after the course.
    pub score: Option<u8>,
    /// Why they get no certificate; empty where they do.
    pub faults: Vec<Fault>,
    /// The certificate that stands.
    pub certificate: Option<StoredCertificate>,
}

impl PersonStanding {
    /// Holds a certificate that nobody would be given for what counts now, as something was corrected since. It stands until
    /// somebody revokes it with a reason.
    #[must_use]
    pub const fn is_unfounded(&self) -> bool {
        self.certificate.is_some() && !self.faults.is_empty()
    }
}

/// What the check page says of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Number as printed.
    pub number: String,
    /// Name, masked.
    pub name: String,
    /// Course.
    pub course: String,
    /// Hours of the course, minutes.
    pub minutes: u32,
    /// Issued, ms UTC.
    pub issued_ms: i64,
    /// Revoked, ms UTC.
    pub revoked_ms: Option<i64>,
}

fn printed(of: &StoredCertificate) -> String {
    format!("{}-{}", of.number, of.check_code)
}

impl App {
    /// How each trainee of a course stands, by agency and name.
    ///
    /// # Errors
    /// [`CourseError::Missing`] for an unknown course.
    pub async fn course_standing(&self, course: &str) -> Result<(Course, Vec<PersonStanding>), CourseError> {
        let course = self.course(course).await?;
        let now_ms = self.now_ms();
        let sessions = self.standing_sessions(&course.id).await?;
        let over = !sessions.is_empty() && sessions.iter().all(|session| session.end_ms <= now_ms);
        let mut people: BTreeMap<String, (Person, Vec<IntervalSet>, Option<u8>)> = BTreeMap::new();
        for session in sessions {
            for row in self.sheet_of(session).await?.rows.into_iter().filter(super::ClassRow::is_trainee) {
                let entry = people
                    .entry(row.person.id.clone())
                    .or_insert_with(|| (row.person.clone(), Vec::new(), None));
                entry.1.push(row.counted.counted);
                // Sessions stand in the order of time: the later result replaces the former.
                entry.2 = row.post.or(entry.2);
            }
        }
        let same = self.store.merges().same().await?;
        let issued = self.store.certificates().list(CertificatesOf::Course(&course.id)).await?;
        let mut standing: Vec<PersonStanding> = people
            .into_values()
            .map(|(person, counted, score)| {
                let all = counted.iter().flat_map(|set| set.stretches().iter().copied());
                let seconds = IntervalSet::union(all).seconds();
                let pass = course.about.tested.then_some(course.about.pass_mark);
                let mut faults = faults(course.about.minutes, seconds, pass, score);
                if !over {
                    faults.insert(0, Fault::NotOver);
                }
                let certificate = issued
                    .iter()
                    .find(|one| one.revoked_ms.is_none() && same.of(&one.person_id) == person.id)
                    .cloned();
                PersonStanding { person, seconds, score, faults, certificate }
            })
            .collect();
        standing.sort_by(|a, b| {
            let key = |row: &PersonStanding| {
                (row.person.agency.clone(), row.person.name.clone(), row.person.id.clone())
            };
            key(a).cmp(&key(b))
        });
        Ok((course, standing))
    }

    /// Issues certificates to all who qualify and have none. Answers how many.
    ///
    /// # Errors
    /// [`CourseError::Missing`] for an unknown course.
    pub async fn issue_certificates(&self, course: &str, by: &str) -> Result<u64, CourseError> {
        let (course, standing) = self.course_standing(course).await?;
        let sessions = self.standing_sessions(&course.id).await?;
        let from_ms = sessions.iter().map(|session| session.start_ms).min().unwrap_or(0);
        let to_ms = sessions.iter().map(|session| session.end_ms).max().unwrap_or(from_ms);
        let new: Vec<NewCertificate> = standing
            .into_iter()
            .filter(|row| row.faults.is_empty() && row.certificate.is_none())
            .map(|row| NewCertificate {
                id: new_id(),
                check_code: random_code(CHECK_LENGTH),
                person_id: row.person.id,
                name: row.person.name,
                course_title: course.about.title.clone(),
                from_ms,
                to_ms,
                course_minutes: course.about.minutes,
                attended_s: row.seconds,
                score: row.score,
            })
            .collect();
        if new.is_empty() {
            return Ok(0);
        }
        let now_ms = self.now_ms();
        let detail = format!("course={} n={}", course.id, new.len());
        let line = self.line(Some(by), "certificate.issue", detail);
        let year = RocYear::of_ms(now_ms).0;
        Ok(self.store.certificates().noting(line).issue(&course.id, year, &new, by, now_ms).await?)
    }

    /// Revokes a certificate of a course.
    ///
    /// # Errors
    /// [`CourseError::Field`] without a reason; [`CourseError::Missing`] when it is not this course's or was revoked.
    pub async fn revoke_certificate(
        &self,
        course: &str,
        id: &str,
        why: &str,
        by: &str,
    ) -> Result<(), CourseError> {
        let why = reason(why)?;
        let known = self.store.certificates().list(CertificatesOf::Id(id)).await?;
        if !known.iter().any(|one| one.course_id == course) {
            return Err(CourseError::Missing);
        }
        let line = self.line(Some(by), "certificate.revoke", format!("certificate={id}"));
        let done = self.store.certificates().noting(line).revoke(id, by, &why, self.now_ms()).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }

    /// A certificate as it is printed. `base` is the address of this server without a slash at its end, `issuer` who
    /// issues those of the time before an issuer or an office was set.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when there is none.
    pub async fn certificate(&self, id: &str, base: &str, issuer: &str) -> Result<Certificate, CourseError> {
        let one = self.store.certificates().list(CertificatesOf::Id(id)).await?.pop();
        let one = one.ok_or(CourseError::Missing)?;
        let course = self.course(&one.course_id).await?;
        let person = self.store.persons().by_id(&one.person_id).await?;
        let number = printed(&one);
        let (issuer, signer) = match self.issuer_at(one.issued_ms).await? {
            Some(set) => (set.agency, set.signer),
            None => {
                let office = self.office_at(one.issued_ms).await?;
                (office.map_or_else(|| issuer.to_owned(), |office| office.name), String::new())
            }
        };
        Ok(Certificate {
            check_address: format!("{base}/certificates/check?number={number}"),
            number,
            name: one.name,
            agency: person.map(|person| person.agency).unwrap_or_default(),
            course: one.course_title,
            course_code: course.about.code,
            from: RocDate::of_ms(one.from_ms),
            to: RocDate::of_ms(one.to_ms),
            course_minutes: one.course_minutes,
            attended_seconds: one.attended_s,
            score: one.score,
            issued: RocDate::of_ms(one.issued_ms),
            issuer,
            signer,
            revoked: one.revoked_ms.map(RocDate::of_ms),
        })
    }

    /// A certificate as a sealed PDF. The same certificate gives the same bytes: its date is that of issue or revocation.
    /// `person` is who asks.
    ///
    /// # Errors
    /// [`CourseError::Missing`] for an unknown one; [`AppError::Fonts`] and [`AppError::Characters`] are for people to read.
    pub async fn certificate_file(
        &self,
        id: &str,
        base: &str,
        issuer: &str,
        person: &str,
    ) -> Result<Export, CourseError> {
        let turn = self.press.turn(person).await?;
        let one = self.store.certificates().list(CertificatesOf::Id(id)).await?.pop();
        let one = one.ok_or(CourseError::Missing)?;
        let (issued_ms, as_of_ms) = (one.issued_ms, one.revoked_ms.unwrap_or(one.issued_ms));
        let certificate = self.certificate(id, base, issuer).await?;
        let name = format!("證書_{}.pdf", certificate.number);
        // By the moment of issue, so that its bytes stay.
        let foot = self.paper_head(issued_ms).await?.foot;
        let paper = CertificatePaper { certificate, foot, as_of_ms };
        let bytes = self.printed(turn, paper).await?;
        Ok(Export { name, media_type: Format::Pdf.media_type(), bytes })
    }

    /// What stands of a number as it is printed; `None` when there is no such certificate, or the check code is another.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn check_certificate(&self, typed: &str) -> Result<Option<Checked>, AppError> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
        let Some((number, _)) = typed.rsplit_once('-') else { return Ok(None) };
        let known = self.store.certificates().list(CertificatesOf::Number(number)).await?;
        Ok(known.into_iter().find(|one| printed(one) == typed).map(|one| Checked {
            number: printed(&one),
            name: masked(&one.name),
            course: one.course_title,
            minutes: one.course_minutes,
            issued_ms: one.issued_ms,
            revoked_ms: one.revoked_ms,
        }))
    }
}
