//! `rampart records targets|duty|findings …`: what an officer sets for a year, and what red teams found, from a terminal.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use rampart::api::extract::List;
use rampart::api::types::{
    ClaimWish, DutyRuleInfo, DutyRuleWish, FindingInfo, FindingWish, OfficeInfo, OfficeWish, OtherHalf,
    RecordSettings, TargetInfo, TargetWish,
};
use rampart_domain::records::findings::{FindingResult, read_score, score};
use rampart_domain::records::roc::{RocDate, parse_date_time};
use ureq::http::Method;

use super::client::Failure;
use super::course::{read, whole};
use super::print::table;
use super::{Session, escaped};

/// Targets of the programme.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Targets {
    /// List targets with what is claimed of each in a year.
    List {
        /// ROC year of the claims; this one if not given.
        #[arg(long)]
        year: Option<i16>,
    },
    /// Enter a target, or change the one that --id names.
    Set(Box<Target>),
    /// Take a target away.
    Remove {
        /// Id of the target.
        id: String,
    },
    /// Say which half of a target is claimed in a year, and what was counted by hand.
    Claim {
        /// Id of the target.
        id: String,
        /// ROC year.
        #[arg(long)]
        year: i16,
        /// The other half is claimed.
        #[arg(long)]
        second: bool,
        /// What was counted by hand.
        #[arg(long, value_name = "COUNT")]
        by_hand: Option<i64>,
    },
}

/// A target as typed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Target {
    /// Id of the target to change.
    #[arg(long)]
    id: Option<String>,
    /// Item of the programme, 3-1.
    #[arg(long)]
    item: String,
    /// Title.
    #[arg(long)]
    title: String,
    /// County; without it the target is the programme's.
    #[arg(long, default_value = "")]
    county: String,
    /// From which ROC year on.
    #[arg(long, value_name = "YEAR")]
    from: i16,
    /// The last ROC year.
    #[arg(long, value_name = "YEAR")]
    until: Option<i16>,
    /// persons, person_times, person_hours, sessions, cases, female_share (per cent), either_part (3: one third of either gender),
    /// either_share (per cent), grave_closed (per cent) or websites.
    #[arg(long)]
    measure: String,
    /// How much of it in a year.
    #[arg(long)]
    value: i64,
    /// Measure of the other half of a target that may be reached in either of two ways.
    #[arg(long, value_name = "MEASURE", requires = "or_value")]
    or_measure: Option<String>,
    /// How much of that.
    #[arg(long, value_name = "VALUE", requires = "or_measure")]
    or_value: Option<i64>,
    /// What shows it, "X1, X2".
    #[arg(long, default_value = "")]
    evidence: String,
}

/// The office that hands papers in.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Office {
    /// List offices with the moment from which each holds.
    List,
    /// Set the office of tables, packages, sheets and certificates made from now on.
    Set {
        /// Name.
        name: String,
        /// Line at the foot of each page, as long as the ID numbers are those of a drill; none if not given.
        #[arg(long, default_value = "")]
        foot: String,
    },
}

/// Rules of the training duty.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Duty {
    /// List the rules with the year from which each holds.
    List,
    /// Enter a rule, or change the one that --id names.
    Set {
        /// Id of the rule to change.
        #[arg(long)]
        id: Option<String>,
        /// dedicated, it or user.
        #[arg(long)]
        class: String,
        /// Levels of the agencies, A,B,C.
        #[arg(long, value_delimiter = ',', required = true)]
        levels: Vec<String>,
        /// From which ROC year on.
        #[arg(long, value_name = "YEAR")]
        from: i16,
        /// Professional hours.
        #[arg(long, default_value_t = 0)]
        professional: i64,
        /// Over how many calendar years these are counted, 1 or 2.
        #[arg(long, default_value_t = 1)]
        years: i64,
        /// General hours a year.
        #[arg(long, default_value_t = 0)]
        general: i64,
    },
}

/// Findings of red teams.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Findings {
    /// List the findings of a year.
    List {
        /// ROC year; this one if not given.
        #[arg(long)]
        year: Option<i16>,
    },
    /// Enter findings from a CSV file (UTF-8), and change those whose number is known: columns 編號, 系統, 弱點, CVSS, 初測日,
    /// 修補說明, 修補日, 複測日, 結果 (or number, system, weakness, cvss, first, repair, repaired, retest, result), days as
    /// `115-05-12`. With a fault in any row nothing is sent; the same file again changes nothing.
    Import(Import),
    /// Strike a finding out.
    Remove {
        /// Number of the finding.
        number: String,
        /// ROC year.
        #[arg(long)]
        year: i16,
    },
}

/// A file of findings.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("act").required(true))]
pub(in crate::cli) struct Import {
    /// File to read.
    file: PathBuf,
    /// ROC year that they are reported in.
    #[arg(long)]
    year: i16,
    /// Only say what it would do.
    #[arg(long, group = "act")]
    dry_run: bool,
    /// Write it.
    #[arg(long, group = "act")]
    apply: bool,
}

/// Columns of a file of findings.
const COLUMNS: [[&str; 2]; 9] = [
    ["編號", "number"],
    ["系統", "system"],
    ["弱點", "weakness"],
    ["CVSS", "cvss"],
    ["初測日", "first"],
    ["修補說明", "repair"],
    ["修補日", "repaired"],
    ["複測日", "retest"],
    ["結果", "result"],
];

fn targets(all: &[TargetInfo]) -> String {
    let row = |one: &TargetInfo| {
        let about = &one.about;
        let until = about.until.map(|year| year.to_string()).unwrap_or_default();
        let half = |of: &OtherHalf| format!(" or {} {}", of.measure, of.value);
        let by_hand = one.claim.by_hand.map(|count| format!(" by hand {count}")).unwrap_or_default();
        let claimed = match (&about.or, one.claim.second) {
            (None, _) => "-",
            (Some(_), false) => "first",
            (Some(_), true) => "second",
        };
        vec![
            one.id.clone(),
            about.item.clone(),
            format!("{}-{until}", about.from),
            format!("{} {}{}", about.measure, about.value, about.or.as_ref().map(half).unwrap_or_default()),
            format!("{claimed}{by_hand}"),
            format!("{} {}", about.title, about.county).trim_end().to_owned(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    table(&["ID", "ITEM", "YEARS", "TARGET", "CLAIM", "TITLE"], &rows)
}

fn offices(all: &[OfficeInfo]) -> String {
    let row = |one: &OfficeInfo| {
        let since = rampart_domain::records::roc::date_time(one.since_ms);
        vec![since, one.office.clone(), one.foot.clone()]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    table(&["SINCE", "OFFICE", "FOOT"], &rows)
}

fn rules(all: &[DutyRuleInfo]) -> String {
    let row = |one: &DutyRuleInfo| {
        let about = &one.about;
        vec![
            one.id.clone(),
            about.class.clone(),
            about.levels.concat(),
            about.from.to_string(),
            format!("{} in {}", about.professional, about.years),
            about.general.to_string(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    table(&["ID", "CLASS", "LEVELS", "FROM", "PROFESSIONAL", "GENERAL"], &rows)
}

fn findings(all: &[FindingInfo]) -> String {
    let day = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), |ms| RocDate::of_ms(ms).to_string());
    let row = |one: &FindingInfo| {
        let about = &one.about;
        vec![
            about.number.clone(),
            about.cvss.clone(),
            day(Some(about.first_ms)),
            day(about.repaired_ms),
            day(about.retest_ms),
            about.result.clone(),
            if one.within_a_week { "yes" } else { "no" }.to_owned(),
            format!("{}: {}", about.system, about.weakness),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    table(&["NUMBER", "CVSS", "FOUND", "REPAIRED", "RETEST", "RESULT", "IN A WEEK", "WHAT"], &rows)
}

/// What a row of a file says, or all that is wrong with it.
fn finding(year: i16, row: &[String]) -> Result<FindingWish, Vec<String>> {
    let mut faults = Vec::new();
    let cell = |at: usize| row.get(at).cloned().unwrap_or_default();
    let mut day = |at: usize, must: bool| -> Option<i64> {
        let text = cell(at);
        if text.is_empty() && !must {
            return None;
        }
        let read = parse_date_time(&format!("{text} 00:00")).ok();
        if read.is_none() {
            faults.push(format!("`{text}` is no day for {}", COLUMNS[at][1]));
        }
        read
    };
    let (first, repaired_ms, retest_ms) = (day(4, true), day(6, false), day(7, false));
    let cvss = read_score(&cell(3));
    if cvss.is_none() {
        faults.push(format!("`{}` is no CVSS score", cell(3)));
    }
    let word = cell(8);
    let result = FindingResult::ALL.iter().find(|one| one.code() == word || one.title() == word);
    if result.is_none() {
        faults.push(format!("`{word}` is no result"));
    }
    for (at, column) in COLUMNS.iter().enumerate().take(3) {
        if cell(at).is_empty() {
            faults.push(format!("no {}", column[1]));
        }
    }
    match (first, cvss, result, faults.is_empty()) {
        (Some(first_ms), Some(cvss), Some(result), true) => Ok(FindingWish {
            roc_year: year,
            number: cell(0),
            system: cell(1),
            weakness: cell(2),
            cvss: score(cvss),
            first_ms,
            repair: cell(5),
            repaired_ms,
            retest_ms,
            result: result.code().to_owned(),
        }),
        _ => Err(faults),
    }
}

/// Findings of a file, or all that is wrong with any of them.
fn findings_of(file: &Path, year: i16) -> Result<Vec<FindingWish>, Failure> {
    let mut wishes = Vec::new();
    let mut faults = Vec::new();
    let mut rows: HashMap<String, usize> = HashMap::new();
    for (number, row) in read(file, &COLUMNS)? {
        match finding(year, &row) {
            Ok(wish) => {
                if let Some(before) = rows.insert(wish.number.clone(), number) {
                    faults.push(format!("row {number}: number {} stands in row {before} too", wish.number));
                }
                wishes.push(wish);
            }
            Err(wrong) => faults.extend(wrong.into_iter().map(|why| format!("row {number}: {why}"))),
        }
    }
    whole(file, &faults)?;
    Ok(wishes)
}

impl Session {
    pub(super) fn targets(&self, command: Targets) -> Result<(), Failure> {
        match command {
            Targets::List { year } => {
                let year = year.map(|year| format!("?year={year}")).unwrap_or_default();
                let all: List<TargetInfo> = self.client.get(&format!("/targets{year}"))?;
                self.show(&all.items, |all| targets(all))
            }
            Targets::Set(target) => {
                let Target { id, item, title, county, from, until, measure, value, .. } = *target;
                let or = target.or_measure.zip(target.or_value);
                let or = or.map(|(measure, value)| OtherHalf { measure, value });
                let evidence = target.evidence;
                let wish = TargetWish { item, title, county, from, until, measure, value, or, evidence };
                let done: TargetInfo = match id {
                    Some(id) => {
                        self.client.send(Method::PUT, &format!("/targets/{}", escaped(&id)), &wish)?
                    }
                    None => self.client.send(Method::POST, "/targets", &wish)?,
                };
                self.show(&done, |one| targets(std::slice::from_ref(one)))
            }
            Targets::Remove { id } => self.client.remove(&format!("/targets/{}", escaped(&id))),
            Targets::Claim { id, year, second, by_hand } => {
                let path = format!("/targets/{}/claims/{year}", escaped(&id));
                let claim = ClaimWish { second, by_hand };
                let done: TargetInfo = self.client.send(Method::PUT, &path, &claim)?;
                self.show(&done, |one| targets(std::slice::from_ref(one)))
            }
        }
    }

    pub(super) fn office(&self, command: Office) -> Result<(), Failure> {
        let settings: RecordSettings = match command {
            Office::List => self.client.get("/records/settings")?,
            Office::Set { name, foot } => {
                let wish = OfficeWish { office: name, foot };
                self.client.send(Method::PUT, "/records/settings/office", &wish)?
            }
        };
        self.show(&settings.offices, |all| offices(all))
    }

    pub(super) fn duty(&self, command: Duty) -> Result<(), Failure> {
        match command {
            Duty::List => {
                let all: List<DutyRuleInfo> = self.client.get("/duty-rules")?;
                self.show(&all.items, |all| rules(all))
            }
            Duty::Set { id, class, levels, from, professional, years, general } => {
                let wish = DutyRuleWish { class, levels, from, professional, years, general };
                let done: DutyRuleInfo = match id {
                    Some(id) => {
                        self.client.send(Method::PUT, &format!("/duty-rules/{}", escaped(&id)), &wish)?
                    }
                    None => self.client.send(Method::POST, "/duty-rules", &wish)?,
                };
                self.show(&done, |one| rules(std::slice::from_ref(one)))
            }
        }
    }

    fn known_findings(&self, year: i16) -> Result<Vec<FindingInfo>, Failure> {
        let all: List<FindingInfo> = self.client.get(&format!("/findings?year={year}"))?;
        Ok(all.items)
    }

    pub(super) fn findings(&self, command: Findings) -> Result<(), Failure> {
        match command {
            Findings::List { year } => {
                let year = year.map(|year| format!("?year={year}")).unwrap_or_default();
                let all: List<FindingInfo> = self.client.get(&format!("/findings{year}"))?;
                self.show(&all.items, |all| findings(all))
            }
            Findings::Remove { number, year } => {
                let known = self.known_findings(year)?;
                let one = known.iter().find(|one| one.about.number == number);
                let missing = || Failure::Refused(format!("there is no finding {number} in {year}"));
                self.client.remove(&format!("/findings/{}", one.ok_or_else(missing)?.id))
            }
            Findings::Import(import) => self.take_findings(&import),
        }
    }

    fn take_findings(&self, import: &Import) -> Result<(), Failure> {
        let wishes = findings_of(&import.file, import.year)?;
        let known: HashMap<String, FindingInfo> = self
            .known_findings(import.year)?
            .into_iter()
            .map(|one| (one.about.number.clone(), one))
            .collect();
        let (mut added, mut changed, mut left) = (0_u32, 0_u32, 0_u32);
        for wish in wishes {
            let (id, number) = match known.get(&wish.number) {
                Some(one) if one.about == wish => {
                    left += 1;
                    continue;
                }
                Some(one) => (Some(&one.id), &mut changed),
                None => (None, &mut added),
            };
            *number += 1;
            if import.dry_run {
                continue;
            }
            let sent: Result<FindingInfo, Failure> = match id {
                Some(id) => self.client.send(Method::PUT, &format!("/findings/{id}"), &wish),
                None => self.client.send(Method::POST, "/findings", &wish),
            };
            if let Err(failure) = sent {
                *number -= 1;
                let number = &wish.number;
                super::super::warn(format_args!(
                    "stopped at {number}: {added} added, {changed} changed before it"
                ));
                return Err(failure);
            }
        }
        let would = if import.dry_run { "would add" } else { "added" };
        super::super::say(format!("{would} {added}, changed {changed}, left {left}"));
        Ok(())
    }
}
