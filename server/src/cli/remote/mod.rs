//! `rampart exercise …`, `board`, `scores`, `seats`, `course`, `roster`, `records`, `whoami`: a server led from a terminal, by its API. Exit codes: 0 done,
//! 1 the server said no, 2 what was typed or a file is not in order, 3 no contact.

mod client;
mod course;
mod print;
mod programme;
mod survey;
mod verify;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use rampart::api::extract::List;
use rampart::api::types::{
    Board, Confirm, Exercise, ExerciseDetail, Imported, Me, NewExercise, Person, Seat, SeatWish, Slip,
    SlipWish,
};
use rampart_domain::records::roc::parse_date_time;
use rampart_domain::records::seal;
use serde::Serialize;
use ureq::http::Method;

use super::register::Import;
use client::{Client, Failure};

/// How often a wait looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Where the server is, and how answers are printed.
#[derive(Debug, Clone, Args)]
pub(super) struct Remote {
    /// Address of the server, `https://…`.
    #[arg(long, global = true, env = "RAMPART_SERVER", value_name = "URL", help_heading = "Server")]
    server: Option<String>,
    /// File that holds an access token and nothing else, readable by its owner only.
    #[arg(long, global = true, env = "RAMPART_TOKEN_FILE", value_name = "FILE", help_heading = "Server")]
    token_file: Option<PathBuf>,
    /// Certificates to trust instead of the machine's, PEM.
    #[arg(long, global = true, env = "RAMPART_CA", value_name = "FILE", help_heading = "Server")]
    ca: Option<PathBuf>,
    /// Print answers as JSON.
    #[arg(long, global = true, help_heading = "Server")]
    json: bool,
}

/// What is done on a server.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whose token this is and what it may do.
    Whoami,
    /// Make and lead exercises.
    #[command(subcommand)]
    Exercise(ExerciseCommand),
    /// Show the board of an exercise.
    Board {
        /// Session code.
        exercise: String,
        /// As staff sees it, past a freeze.
        #[arg(long)]
        staff: bool,
    },
    /// Take the scores of an exercise as a file, with the ledger position.
    Scores {
        /// Session code.
        exercise: String,
        /// Standings, or every entry that moved a score.
        #[arg(long, value_parser = ["standings", "points"], default_value = "standings")]
        what: String,
        /// Format of the file.
        #[arg(long, value_parser = ["csv", "ods", "xlsx", "pdf"])]
        format: String,
        /// File to write.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Give seats and make the slips that open them.
    #[command(subcommand)]
    Seats(SeatsCommand),
    /// Courses: sheets from files, results, certificates.
    #[command(subcommand)]
    Course(course::Command),
    /// Take tables of a year as files, set its targets, duty rules and findings, and check what was handed in.
    #[command(subcommand)]
    Records(RecordsCommand),
}

/// A session code.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Session code.
    exercise: String,
}

/// A session code, and whether to wait.
#[derive(Debug, Args)]
pub(super) struct Awaited {
    /// Session code.
    exercise: String,
    /// Wait until it is done.
    #[arg(long)]
    wait: bool,
}

/// A session code twice: what follows cannot be undone.
#[derive(Debug, Args)]
pub(super) struct Confirmed {
    /// Session code.
    exercise: String,
    /// The session code once more: this cannot be undone.
    #[arg(long, value_name = "CODE")]
    confirm: String,
    /// Wait until it is done.
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ExerciseCommand {
    /// List exercises, newest first.
    List {
        /// Only those in this status.
        #[arg(long)]
        status: Option<String>,
    },
    /// Show one.
    Show(Which),
    /// Make one.
    Create {
        /// Scenario id.
        #[arg(long)]
        scenario: String,
        /// Session code.
        #[arg(long)]
        code: String,
        /// Title; the scenario's if not given.
        #[arg(long, default_value = "")]
        title: String,
        /// Number of red/blue pairs.
        #[arg(long, default_value_t = 1)]
        pairs: u16,
        /// Place.
        #[arg(long, default_value = "")]
        place: String,
        /// Planned start in Taipei, `2026-12-01T09:00` or `115-12-01 09:00`.
        #[arg(long)]
        starts: String,
        /// Planned end in Taipei.
        #[arg(long)]
        ends: String,
    },
    /// Build its ranges.
    Launch(Awaited),
    /// Give a launch up.
    GiveUp(Which),
    /// Start its clock.
    Start(Which),
    /// Freeze everything.
    Pause(Which),
    /// Go on where it stood.
    Resume(Which),
    /// End it.
    End(Confirmed),
    /// Remove its ranges.
    Clear(Confirmed),
}

#[derive(Debug, Subcommand)]
pub(super) enum SeatsCommand {
    /// List the seats of an exercise.
    List(Which),
    /// Give a person a seat in a team.
    Give {
        /// Session code.
        exercise: String,
        /// Staff number of the person.
        staff_no: String,
        /// Team id, `r1`.
        team: String,
    },
    /// Make codes and print them, this once.
    Slips {
        /// Session code.
        exercise: String,
        /// One seat only, by id, whether or not it was opened.
        #[arg(long)]
        seat: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RecordsCommand {
    /// Take a table of a year as a file; the audit log says so.
    Export {
        /// Code of the table: x1 to x8, x5-age, x5-area, x5-indigenous, x5-disability, x5-identity, x5-level, hours.
        table: String,
        /// ROC year, 115.
        #[arg(long)]
        year: i16,
        /// internal, or public, where small cells are hidden.
        #[arg(long, value_parser = ["internal", "public"])]
        edition: String,
        /// Format of the file.
        #[arg(long, value_parser = ["csv", "ods", "xlsx", "pdf"])]
        format: String,
        /// File to write.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Take all tables of a year in all formats, with an index that names each file's SHA-256, as one container (zip).
    Package {
        /// ROC year, 115.
        #[arg(long)]
        year: i16,
        /// File to write.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Targets of the programme.
    #[command(subcommand)]
    Targets(programme::Targets),
    /// Rules of the training duty.
    #[command(subcommand)]
    Duty(programme::Duty),
    /// The office that hands papers in.
    #[command(subcommand)]
    Office(programme::Office),
    /// Findings of red teams.
    #[command(subcommand)]
    Findings(programme::Findings),
    /// Check the seal of a paper (PDF) or of a file with its seal beside it; needs no server. Exit code 1 when it does not fit.
    Verify {
        /// The file.
        file: PathBuf,
        /// The seal, where it is a file of its own; FILE.seal is found by itself.
        #[arg(long, value_name = "FILE")]
        seal: Option<PathBuf>,
        /// Public key that has to have sealed it, 64 hexadecimal digits.
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
    },
}

impl Remote {
    /// Whether a server is named.
    pub(super) const fn named(&self) -> bool {
        self.server.is_some()
    }
}

struct Session {
    client: Client,
    json: bool,
}

/// Runs a command on a server.
pub(super) fn run(remote: Remote, command: Command) -> ExitCode {
    ended(match command {
        Command::Records(RecordsCommand::Verify { file, seal, key }) => {
            verify::run(&file, seal.as_deref(), key.as_deref(), remote.json)
        }
        command => Session::open(remote).and_then(|session| session.carry_out(command)),
    })
}

/// Takes a roster in on a server.
pub(super) fn import(remote: Remote, import: &Import) -> ExitCode {
    ended(Session::open(remote).and_then(|session| session.roster(import)))
}

fn ended(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.lines() {
                super::warn(format_args!("rampart: {line}"));
            }
            ExitCode::from(failure.code())
        }
    }
}

impl Session {
    fn open(remote: Remote) -> Result<Self, Failure> {
        let server =
            remote.server.ok_or_else(|| Failure::usage("--server URL is missing (or RAMPART_SERVER)"))?;
        let token = remote
            .token_file
            .ok_or_else(|| Failure::usage("--token-file FILE is missing (or RAMPART_TOKEN_FILE)"))?;
        Ok(Self { client: Client::new(&server, &token, remote.ca.as_deref())?, json: remote.json })
    }

    fn carry_out(&self, command: Command) -> Result<(), Failure> {
        match command {
            Command::Whoami => {
                let me: Me = self.client.get("/me")?;
                self.show(&me, print::me)
            }
            Command::Exercise(command) => self.exercise(command),
            Command::Board { exercise, staff } => {
                let id = self.client.exercise(&exercise)?;
                let audience = if staff { "staff" } else { "public" };
                let board: Board = self.client.get(&format!("/exercises/{id}/board?audience={audience}"))?;
                self.show(&board, print::board)
            }
            Command::Scores { exercise, what, format, output } => {
                let id = self.client.exercise(&exercise)?;
                self.fetch(&format!("/exercises/{id}/scores/{what}.{format}"), &output)
            }
            Command::Seats(command) => self.seats(command),
            Command::Course(command) => self.course(command),
            Command::Records(RecordsCommand::Export { table, year, edition, format, output }) => {
                let path =
                    format!("/records/{year}/tables/{}?edition={edition}&format={format}", escaped(&table));
                self.fetch(&path, &output)
            }
            Command::Records(RecordsCommand::Package { year, output }) => {
                self.fetch(&format!("/records/{year}/package"), &output)
            }
            Command::Records(RecordsCommand::Targets(command)) => self.targets(command),
            Command::Records(RecordsCommand::Duty(command)) => self.duty(command),
            Command::Records(RecordsCommand::Office(command)) => self.office(command),
            Command::Records(RecordsCommand::Findings(command)) => self.findings(command),
            // Done without a session.
            Command::Records(RecordsCommand::Verify { .. }) => Ok(()),
        }
    }

    /// Takes a file.
    fn fetch(&self, path: &str, output: &Path) -> Result<(), Failure> {
        self.keep(&self.client.fetch(path)?, output)
    }

    /// Writes a file. It is there whole or not at all, for its owner only: it may hold personal data.
    fn keep(&self, bytes: &[u8], output: &Path) -> Result<(), Failure> {
        let fault = |error: std::io::Error| Failure::usage(format!("{}: {error}", output.display()));
        let mut part = output.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&part, output)
        };
        write().map_err(|error| {
            let _ = std::fs::remove_file(&part);
            fault(error)
        })?;
        super::say(format!("{}: {} bytes, sha256 {}", output.display(), bytes.len(), seal::sha256(bytes)));
        Ok(())
    }

    fn roster(&self, import: &Import) -> Result<(), Failure> {
        let bytes = std::fs::read(&import.file)
            .map_err(|error| Failure::usage(format!("{}: {error}", import.file.display())))?;
        let sheet = import.sheet.map(|sheet| format!("&sheet={sheet}")).unwrap_or_default();
        let path = format!("/people/import?dry_run={}&big5={}{sheet}", !import.apply, import.big5);
        let done: Imported = self.client.upload(&path, "text/csv", bytes)?;
        self.show(&done, print::imported)
    }

    fn show<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        if self.json {
            let json =
                serde_json::to_string_pretty(value).map_err(|error| Failure::usage(error.to_string()))?;
            super::say(json);
        } else {
            super::say(text(value).trim_end());
        }
        Ok(())
    }

    fn exercise(&self, command: ExerciseCommand) -> Result<(), Failure> {
        use ExerciseCommand as E;
        match command {
            E::List { status } => {
                let query = match &status {
                    Some(status) if status.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                        format!("?status={status}")
                    }
                    Some(status) => return Err(Failure::usage(format!("`{status}` is no status"))),
                    None => String::new(),
                };
                let all: Vec<Exercise> = self.client.all(&format!("/exercises{query}"))?;
                self.show(&all, |all| print::exercises(all))
            }
            E::Show(which) => {
                let id = self.client.exercise(&which.exercise)?;
                let one: ExerciseDetail = self.client.get(&format!("/exercises/{id}"))?;
                self.show(&one, print::exercise)
            }
            E::Create { scenario, code, title, pairs, place, starts, ends } => {
                let time = |name: &str, text: &str| {
                    parse_date_time(text).map_err(|_| Failure::usage(format!("{name}: `{text}` is no time")))
                };
                let (starts_ms, ends_ms) = (time("--starts", &starts)?, time("--ends", &ends)?);
                let new = NewExercise { scenario, code, title, pairs, place, starts_ms, ends_ms };
                let made: ExerciseDetail = self.client.send(Method::POST, "/exercises", &new)?;
                self.show(&made, print::exercise)
            }
            E::Launch(of) => self.act(&of.exercise, "launch", None, of.wait.then_some("ready")),
            E::GiveUp(of) => self.act(&of.exercise, "give-up", None, None),
            E::Start(of) => self.act(&of.exercise, "start", None, None),
            E::Pause(of) => self.act(&of.exercise, "pause", None, None),
            E::Resume(of) => self.act(&of.exercise, "resume", None, None),
            E::End(of) => self.act(&of.exercise, "end", Some(of.confirm), of.wait.then_some("ended")),
            E::Clear(of) => self.act(&of.exercise, "clear", Some(of.confirm), of.wait.then_some("cleared")),
        }
    }

    /// Does something to an exercise, and waits for a status where one is given.
    fn act(
        &self,
        named: &str,
        act: &str,
        confirm: Option<String>,
        until: Option<&str>,
    ) -> Result<(), Failure> {
        let id = self.client.exercise(named)?;
        let path = format!("/exercises/{id}/{act}");
        let mut now: ExerciseDetail = match confirm {
            Some(code) => self.client.send(Method::POST, &path, &Confirm { code })?,
            None => self.client.send(Method::POST, &path, &())?,
        };
        if let Some(until) = until {
            while now.exercise.status != until {
                std::thread::sleep(LOOK_EVERY);
                now = self.client.get(&format!("/exercises/{id}"))?;
                // A launch that fails is a draft again.
                if act == "launch" && now.exercise.status == "draft" {
                    let why = now.progress.why.map(|why| why.text).unwrap_or_default();
                    return Err(Failure::Refused(why));
                }
            }
        }
        self.show(&now, print::exercise)
    }

    fn seats(&self, command: SeatsCommand) -> Result<(), Failure> {
        match command {
            SeatsCommand::List(which) => {
                let id = self.client.exercise(&which.exercise)?;
                let seats: List<Seat> = self.client.get(&format!("/exercises/{id}/seats"))?;
                self.show(&seats.items, |all| print::seats(all))
            }
            SeatsCommand::Give { exercise, staff_no, team } => {
                let id = self.client.exercise(&exercise)?;
                let found: Vec<Person> = self.client.all(&format!("/people?q={}", escaped(&staff_no)))?;
                let person = found
                    .into_iter()
                    .find(|person| person.staff_no == staff_no)
                    .ok_or_else(|| Failure::Refused(format!("nobody has staff number {staff_no}")))?;
                let path = format!("/exercises/{id}/seats/{}", person.id);
                let () = self.client.send(Method::PUT, &path, &SeatWish { team: team.clone() })?;
                self.show(&person, |person| format!("{} {} -> {team}", person.staff_no, person.name))
            }
            SeatsCommand::Slips { exercise, seat } => {
                let id = self.client.exercise(&exercise)?;
                let path = format!("/exercises/{id}/slips");
                let slips: List<Slip> = self.client.send(Method::POST, &path, &SlipWish { seat })?;
                self.show(&slips.items, |all| print::slips(all))
            }
        }
    }
}

/// A text as a query may hold it.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
