//! Files, planted secrets and log-ins. Secrets travel on standard input or as tar, never on a command line or in an
//! environment, and no error holds one.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use rampart_domain::decide::team_id;
use rampart_domain::plan::HostPlan;
use rampart_domain::scenario::PlantWhat;
use rampart_domain::secret::RunSecret;
use rampart_engine::archive::{self, File};
use rampart_engine::{Engine, EngineError, ExecOut, ExecSpec};
use scoreboard::Side;
use tokio::sync::OnceCell;

use super::LaunchError;
use super::patience::persist;

/// Largest account file and largest planted file that is read back, bytes.
const READ_LIMIT: usize = 1 << 20;
/// Sets passwords from standard input and shows the entries of the log-ins, the first of them as `$0`.
const SET_PASSWORDS: &str = r#"chpasswd && getent shadow "$0" "$@""#;

/// What is planted, where, and for whom.
struct Bed<'a> {
    engine: &'a dyn Engine,
    secret: &'a RunSecret,
    red: String,
    range: u16,
    host: &'a HostPlan,
}

impl<'a> Bed<'a> {
    fn new(engine: &'a dyn Engine, secret: &'a RunSecret, range: u16, host: &'a HostPlan) -> Self {
        Self { engine, secret, red: team_id(Side::Red, range), range, host }
    }

    fn fill(&self, text: &str) -> String {
        self.secret.fill(text, &self.red, self.range)
    }

    fn error(&self, what: &str, said: impl Into<String>) -> LaunchError {
        LaunchError::Plant {
            range: self.range,
            host: self.host.host.clone(),
            what: what.into(),
            said: said.into(),
        }
    }

    fn at(&self, error: EngineError) -> LaunchError {
        LaunchError::At { range: self.range, name: self.host.host.clone(), error }
    }

    /// Runs a command that must succeed and may be run twice.
    async fn run(&self, what: &str, spec: ExecSpec) -> Result<String, LaunchError> {
        let out = persist(|| self.engine.exec(&self.host.name, spec.clone())).await;
        self.succeeded(what, out.map_err(|error| self.at(error))?)
    }

    fn succeeded(&self, what: &str, out: ExecOut) -> Result<String, LaunchError> {
        if out.ok() {
            return Ok(out.text());
        }
        // Its standard output may repeat what it was given; only what it complains about is told.
        let complaint = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        let said = if out.timed_out {
            "no end in time".to_owned()
        } else {
            format!("exit code {}: {complaint}", out.code)
        };
        Err(self.error(what, self.without_secrets(said)))
    }

    /// A client's complaint may quote the statement.
    fn without_secrets(&self, mut text: String) -> String {
        for plant in &self.host.plants {
            let source = match plant {
                PlantWhat::File { content, .. } => content,
                PlantWhat::Row { statement, .. } => statement,
            };
            for secret in self.secrets(source, "") {
                text = text.replace(&secret, "…");
            }
        }
        text
    }

    /// The secrets that a text asks for: `{flag:ID}` with kind `flag:`; every kind with an empty one.
    fn secrets(&self, text: &str, kind: &str) -> Vec<String> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(inner, _)| inner))
            .filter(|inner| {
                inner.starts_with(kind) && (inner.starts_with("flag:") || inner.starts_with("password:"))
            })
            .map(|inner| self.fill(&format!("{{{inner}}}")))
            .collect()
    }

    /// The accounts of the host's image, read from a container of it that has not started yet.
    async fn accounts(&self, known: &Accounts) -> Result<Arc<str>, LaunchError> {
        let cell = {
            let mut images = known.images.lock().unwrap_or_else(PoisonError::into_inner);
            images.entry(self.host.image.clone()).or_default().clone()
        };
        let read = async || {
            let file = persist(|| self.engine.get_file(&self.host.name, "/etc/passwd", READ_LIMIT)).await;
            let file = file.map_err(|error| self.at(error))?;
            Ok(String::from_utf8_lossy(&file.content).into())
        };
        cell.get_or_try_init(read).await.cloned()
    }
}

/// Account files of the images of a launch: equal images have equal ones, so one container of each is asked.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    images: Mutex<HashMap<String, Arc<OnceCell<Arc<str>>>>>,
}

/// User and group number of a name in the text of `/etc/passwd`.
fn owner_of(passwd: &str, owner: &str) -> Option<(u64, u64)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != owner {
            return None;
        }
        let mut numbers = fields.skip(1).take(2).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    })
}

/// Puts all files in, those with secrets too, so that services find them at their start.
pub(super) async fn before_start(
    engine: &dyn Engine,
    secret: &RunSecret,
    range: u16,
    host: &HostPlan,
    known: &Accounts,
) -> Result<(), LaunchError> {
    let bed = Bed::new(engine, secret, range, host);
    let mut files: Vec<File> =
        host.files.iter().map(|file| File::of_root(&file.path, file.mode, file.content.as_bytes())).collect();
    let mut passwd = None;
    for plant in &host.plants {
        let PlantWhat::File { path, owner, mode, content } = plant else { continue };
        if passwd.is_none() {
            passwd = Some(bed.accounts(known).await?);
        }
        let Some((uid, gid)) = owner_of(passwd.as_deref().unwrap_or_default(), owner) else {
            return Err(bed.error(path, format!("the image {} has no user {owner}", host.image)));
        };
        files.push(File {
            path: path.clone(),
            mode: *mode,
            uid,
            gid,
            content: bed.fill(content).into_bytes(),
        });
    }
    if files.is_empty() {
        return Ok(());
    }
    if !host.read_only {
        let tar = archive::pack(&files).map_err(|error| bed.at(error))?;
        return persist(|| engine.put_files(&host.name, "/", tar.clone()))
            .await
            .map_err(|error| bed.at(error));
    }
    // Its root takes nothing; each folder is a volume, which does.
    let folders: BTreeSet<&str> = host.file_folders().collect();
    for folder in folders {
        let mut of_folder: Vec<File> = Vec::new();
        for file in &files {
            if let Some(name) = file.path.strip_prefix(folder).filter(|name| name.rfind('/') == Some(0)) {
                of_folder.push(File { path: name.to_owned(), ..file.clone() });
            }
        }
        let tar = archive::pack(&of_folder).map_err(|error| bed.at(error))?;
        persist(|| engine.put_files(&host.name, folder, tar.clone())).await.map_err(|error| bed.at(error))?;
    }
    Ok(())
}

/// Writes rows and log-ins, and reads every planted secret back. `ran`: a former life of the server started it, so rows may
/// be there. `one` is called for each thing done.
pub(super) async fn after_start(
    engine: &dyn Engine,
    secret: &RunSecret,
    range: u16,
    host: &HostPlan,
    ran: bool,
    one: &(dyn Fn() + Send + Sync),
) -> Result<(), LaunchError> {
    let bed = Bed::new(engine, secret, range, host);
    for plant in &host.plants {
        match plant {
            PlantWhat::File { path, content, .. } => {
                let there = match persist(|| engine.get_file(&host.name, path, READ_LIMIT)).await {
                    Ok(file) => file.content,
                    Err(EngineError::NotFound(_)) => {
                        return Err(bed.error(path, "it is not there when read back"));
                    }
                    Err(error) => return Err(bed.at(error)),
                };
                if there != bed.fill(content).as_bytes() {
                    return Err(bed.error(path, "something else stands there when read back"));
                }
            }
            PlantWhat::Row { engine: kind, database, statement, verify } => {
                row(&bed, kind, database, (statement, verify), ran).await?;
            }
        }
        one();
    }
    log_ins(&bed, one).await
}

/// Sets the passwords of all log-ins of a host and looks at what came of it, in one command.
async fn log_ins(bed: &Bed<'_>, one: &(dyn Fn() + Send + Sync)) -> Result<(), LaunchError> {
    let logins = &bed.host.logins;
    if logins.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = logins.iter().map(|(login, _)| login.as_str()).collect();
    let what = names.join(", ");
    let lines: String = logins
        .iter()
        .map(|(login, account)| format!("{login}:{}\n", bed.secret.range_password(bed.range, account)))
        .collect();
    let command = ["sh", "-c", SET_PASSWORDS].into_iter().chain(names.iter().copied());
    let shadow = bed.run(&what, ExecSpec::new(command).stdin(lines)).await?;
    for login in names {
        // A hash, not the marks of a locked or empty password.
        let mut found =
            shadow.lines().filter_map(|line| line.split_once(':')).filter(|(name, _)| *name == login);
        if !found.any(|(_, rest)| rest.starts_with('$')) {
            return Err(bed.error(login, "the log-in has no password when read back"));
        }
        one();
    }
    Ok(())
}

async fn row(
    bed: &Bed<'_>,
    kind: &str,
    database: &str,
    (statement, verify): (&str, &str),
    ran: bool,
) -> Result<(), LaunchError> {
    if kind != "mariadb" {
        return Err(bed.error(database, format!("the database engine {kind} is not known")));
    }
    let client = || {
        ExecSpec::new([
            "mariadb",
            "--batch",
            "--skip-column-names",
            "--default-character-set=utf8mb4",
            database,
        ])
    };
    let there = async || {
        let answer = bed.run(database, client().stdin(verify.to_owned())).await?;
        let flags = bed.secrets(statement, "flag:");
        Ok::<bool, LaunchError>(if flags.is_empty() {
            let passwords = bed.secrets(statement, "");
            passwords.is_empty() || passwords.iter().any(|password| answer.contains(password.as_str()))
        } else {
            flags.iter().all(|flag| answer.contains(flag.as_str()))
        })
    };
    // A statement may not stand being run twice, so whoever may have run it before is asked first. One without a secret
    // cannot be told by its row.
    if ran && !bed.secrets(statement, "").is_empty() && there().await? {
        return Ok(());
    }
    let run = || bed.engine.exec(&bed.host.name, client().stdin(bed.fill(statement)));
    let out = match run().await {
        Err(error) if error.may_pass() => {
            if there().await? {
                return Ok(());
            }
            run().await
        }
        other => other,
    };
    bed.succeeded(database, out.map_err(|error| bed.at(error))?)?;
    if there().await? {
        Ok(())
    } else {
        Err(bed.error(database, "the secret is not in the row when read back"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nwww:x:5:6::/:/bin/sh\nwww-data:x:33:34:www:/var/www:/bin/sh\nbad\n";
        assert_eq!(owner_of(passwd, "www-data"), Some((33, 34)));
        assert_eq!(owner_of(passwd, "root"), Some((0, 0)));
        assert_eq!(owner_of(passwd, "data"), None);
        assert_eq!(owner_of(passwd, "bad"), None);
    }
}
