//! Files, planted secrets and log-ins. Secrets travel on standard input or as tar, never on a command line or in an
//! environment, and no error holds one.

use rampart_domain::decide::team_id;
use rampart_domain::plan::HostPlan;
use rampart_domain::scenario::PlantWhat;
use rampart_domain::secret::RunSecret;
use rampart_engine::archive::{self, File};
use rampart_engine::{Engine, EngineError, ExecSpec};
use scoreboard::Side;

use super::LaunchError;

/// Largest account file and largest planted file that is read back, bytes.
const READ_LIMIT: usize = 1 << 20;

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

    /// Runs a command that must succeed.
    async fn run(&self, what: &str, spec: ExecSpec) -> Result<String, LaunchError> {
        let out = self.engine.exec(&self.host.name, spec).await.map_err(|error| self.at(error))?;
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

    async fn accounts(&self) -> Result<String, LaunchError> {
        let file = self.engine.get_file(&self.host.name, "/etc/passwd", READ_LIMIT).await;
        let file = file.map_err(|error| self.at(error))?;
        Ok(String::from_utf8_lossy(&file.content).into_owned())
    }
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
) -> Result<(), LaunchError> {
    let bed = Bed::new(engine, secret, range, host);
    let mut files: Vec<File> =
        host.files.iter().map(|file| File::of_root(&file.path, file.mode, file.content.as_bytes())).collect();
    let mut passwd = None;
    for plant in &host.plants {
        let PlantWhat::File { path, owner, mode, content } = plant else { continue };
        if passwd.is_none() {
            passwd = Some(bed.accounts().await?);
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
    let tar = archive::pack(&files).map_err(|error| bed.at(error))?;
    engine.put_files(&host.name, tar).await.map_err(|error| bed.at(error))
}

/// Writes rows and log-ins, and reads every planted secret back. `one` is called for each thing done.
pub(super) async fn after_start(
    engine: &dyn Engine,
    secret: &RunSecret,
    range: u16,
    host: &HostPlan,
    one: &(dyn Fn() + Send + Sync),
) -> Result<(), LaunchError> {
    let bed = Bed::new(engine, secret, range, host);
    for plant in &host.plants {
        match plant {
            PlantWhat::File { path, content, .. } => {
                let there = match engine.get_file(&host.name, path, READ_LIMIT).await {
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
                row(&bed, kind, database, statement, verify).await?;
            }
        }
        one();
    }
    for (login, account) in &host.logins {
        let password = secret.range_password(range, account);
        bed.run(login, ExecSpec::new(["chpasswd"]).stdin(format!("{login}:{password}\n"))).await?;
        let shadow = bed.run(login, ExecSpec::new(["getent", "shadow", login])).await?;
        // A hash, not the marks of a locked or empty password.
        if !shadow.split(':').nth(1).is_some_and(|hash| hash.starts_with('$')) {
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
    statement: &str,
    verify: &str,
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
    bed.run(database, client().stdin(bed.fill(statement))).await?;
    let answer = bed.run(database, client().stdin(verify.to_owned())).await?;
    let flags = bed.secrets(statement, "flag:");
    let there = if flags.is_empty() {
        let passwords = bed.secrets(statement, "");
        passwords.is_empty() || passwords.iter().any(|password| answer.contains(password.as_str()))
    } else {
        flags.iter().all(|flag| answer.contains(flag.as_str()))
    };
    if there { Ok(()) } else { Err(bed.error(database, "the secret is not in the row when read back")) }
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
