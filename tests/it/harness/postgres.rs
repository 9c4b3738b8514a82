//! A PostgreSQL of a test's own, which waits for the disk at each commit as it does in use, and can be killed.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::own::free_port;

/// See the module.
pub struct Postgres {
    home: TempDir,
    bin: PathBuf,
    port: u16,
}

/// Where the newest version's programs are.
fn programs() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is missing: use tests/run")
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    let number = |bin: &PathBuf| {
        bin.parent().and_then(|version| version.file_name()?.to_str()?.split('.').next()?.parse::<u32>().ok())
    };
    found.sort_by_key(number);
    found.pop().expect("PostgreSQL is missing: use tests/run")
}

impl Postgres {
    /// Starts one.
    pub fn start() -> Self {
        let home = tempfile::Builder::new().prefix("rampart-postgres-").tempdir().unwrap();
        let own = Self { home, bin: programs(), port: free_port() };
        if rustix::process::geteuid().is_root() {
            let done = Command::new("chown").arg("postgres:").arg(own.home.path()).status().unwrap();
            assert!(done.success());
        }
        own.run("initdb", &["-U", "rampart", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        own.again();
        own
    }

    /// Runs one of its programs on its folder, as who it wants to be run by: root it refuses.
    fn run(&self, program: &str, words: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.home.path().join("commands.log"))
            .unwrap();
        let done = command
            .arg("-D")
            .arg(self.home.path().join("data"))
            .args(words)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        let said = || std::fs::read_to_string(self.home.path().join("commands.log")).unwrap_or_default();
        assert!(done.success(), "PostgreSQL {words:?}: {}", said());
    }

    /// Starts it again after [`Postgres::kill9`].
    pub fn again(&self) {
        let home = self.home.path().display();
        let options = format!("-p {} -k {home} -c listen_addresses=127.0.0.1", self.port);
        let log = format!("{home}/log");
        self.run("pg_ctl", &["-l", &log, "-w", "-t", "180", "-o", &options, "start"]);
    }

    /// Address for the server.
    pub fn url(&self) -> String {
        format!("postgres://rampart@127.0.0.1:{}/postgres", self.port)
    }

    /// Its command line on the database.
    pub fn command_line(&self) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url()]);
        command
    }

    /// Copies the database while it is in use, as an operator does, and gives the address of the copy.
    pub fn back_up(&self, copy: &str) -> String {
        let place = ["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "rampart"].map(str::to_owned);
        let file = self.home.path().join(format!("{copy}.sql"));
        let run = |program: &str, words: &[&str]| {
            let done = Command::new(self.bin.join(program))
                .args(&place)
                .args(words)
                .stdout(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{program} {words:?}: {said}");
        };
        let path = file.to_str().unwrap();
        run("pg_dump", &["-f", path, "postgres"]);
        run("createdb", &[copy]);
        run("psql", &["-q", "-v", "ON_ERROR_STOP=1", "-d", copy, "-f", path]);
        format!("postgres://rampart@127.0.0.1:{}/{copy}", self.port)
    }

    /// Kills all of it at once, as a power cut would.
    pub fn kill9(&self) {
        let file = std::fs::read_to_string(self.home.path().join("data/postmaster.pid")).unwrap();
        let first = file.lines().next().unwrap().trim().to_owned();
        let out = Command::new("ps").args(["-o", "pid=", "--ppid", &first]).output().unwrap();
        let children = String::from_utf8_lossy(&out.stdout).into_owned();
        // The parent first, so that it starts nothing anew.
        let _ = Command::new("kill").arg("-9").arg(&first).status();
        let _ =
            Command::new("kill").arg("-9").args(children.split_whitespace()).stderr(Stdio::null()).status();
        // It does not start again while one of its processes lives.
        for pid in children.split_whitespace().chain([first.as_str()]) {
            let stat = format!("/proc/{pid}/stat");
            while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // Where nobody reaps what is dead, these would pass for living.
        let _ = std::fs::remove_file(self.home.path().join("data/postmaster.pid"));
        let _ = std::fs::remove_file(self.home.path().join(format!(".s.PGSQL.{}.lock", self.port)));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stop = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.run("pg_ctl", &["-m", "immediate", "-w", "stop"]);
        }));
        // One that was killed and never started again does not run.
        drop(stop);
    }
}
