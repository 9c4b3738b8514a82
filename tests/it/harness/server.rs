//! The real server: its own port, data folder and block of subnets; killed and cleaned up after however a test ends.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ipnet::Ipv4Net;
use rustix::process::Pid;
use tempfile::TempDir;

use super::own::{Own, free_port};
use super::{binary, docker, eventually};
use crate::style::root;

/// Blocks of subnets that tests take, of the many below 10.96.0.0/11; one for each server.
const BLOCKS: u32 = 128;
/// Time after filing at which a report is judged. Short, but long enough to see it pending in a browser on a busy machine.
const JUDGE_DELAY: &str = "12s";

/// A block of subnets that is this server's alone. What a server made is removed by its block, so nobody else may have it,
/// long before the first network is in it.
struct Block {
    net: Ipv4Net,
    _own: Own,
}

impl Block {
    /// One that neither another test's server nor a network of the engine has.
    fn take() -> Self {
        let net = |number: u32| {
            let base = u32::from(std::net::Ipv4Addr::new(10, 96, 0, 0)) + number * 0x4000;
            Ipv4Net::new(base.into(), 18).unwrap()
        };
        let used = docker::subnets();
        let own = Own::take("blocks", 0..BLOCKS, |number| {
            !used.iter().any(|subnet| net(number).contains(subnet) || subnet.contains(&net(number)))
        });
        Self { net: net(own.number), _own: own }
    }
}

/// How a server is to be started.
#[derive(Clone)]
pub struct Setup {
    pub scenarios: PathBuf,
    pub images: PathBuf,
    /// Address of the engine when it is not the machine's own.
    pub engine: Option<String>,
    /// File that lists several engines, and how long a lost one is waited for.
    pub engines: Option<(PathBuf, String)>,
    /// Data folder when it is not to be a fresh one.
    pub data: Option<PathBuf>,
    /// Address of the database when it is not a file in the data folder.
    pub database: Option<String>,
    /// How often the wall of another machine is tried, when it is not the default.
    pub wall_trial: Option<String>,
    /// Folder whose programs the server finds before those of the machine.
    pub programs: Option<PathBuf>,
    /// Memory that ranges leave free, `12G`, when it is not the default.
    pub keep_memory: Option<String>,
    /// Priority that whoever starts it gives it (nice).
    pub priority: Option<i32>,
    /// Connections to the database, when it is not the default.
    pub connections: Option<u32>,
    /// Listens on all addresses of the machine, for clients that come from elsewhere.
    pub everywhere: bool,
    /// What its log tells, when it is not the default.
    pub tells: Option<&'static str>,
    /// Length of the prefix of a smaller block, within this server's own, that its subnets are of.
    pub block: Option<u8>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            scenarios: root().join("scenarios"),
            images: root().join("images"),
            engine: None,
            engines: None,
            data: None,
            database: None,
            wall_trial: None,
            programs: None,
            keep_memory: None,
            priority: None,
            connections: None,
            everywhere: false,
            tells: None,
            block: None,
        }
    }
}

/// The server's priority, until it is dropped.
#[must_use]
pub struct Level(i32);

impl Drop for Level {
    fn drop(&mut self) {
        give(self.0);
    }
}

/// Gives all threads of this process a priority.
fn give(priority: i32) {
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        let thread = Pid::from_raw(thread.unwrap().file_name().to_string_lossy().parse().unwrap());
        // One that has ended meanwhile needs none.
        let _ = rustix::process::setpriority_process(thread, priority);
    }
}

/// A running server.
pub struct Server {
    setup: Setup,
    child: Option<Child>,
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Of its ranges' subnets.
    block: Block,
    data: PathBuf,
    home: TempDir,
    runs: Vec<String>,
}

impl Server {
    /// Starts one as the product is shipped.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts one in a setting of its own.
    pub async fn with(setup: Setup) -> Self {
        let home = tempfile::Builder::new().prefix("rampart-test-").tempdir().unwrap();
        let data = setup.data.clone().unwrap_or_else(|| home.path().join("data"));
        let block = Block::take();
        let mut server = Self { setup, child: None, port: free_port(), block, data, home, runs: Vec::new() };
        server.restart().await;
        server
    }

    /// Address.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server is not running").id()
    }

    /// The server's command with this server's settings.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = match self.setup.priority {
            None => Command::new(binary()),
            Some(priority) => {
                let mut command = Command::new("nice");
                command.args(["-n", &priority.to_string()]).arg(binary());
                command
            }
        };
        command
            .args(words)
            .env(
                "RAMPART_LISTEN",
                format!("{}:{}", if self.setup.everywhere { "0.0.0.0" } else { "127.0.0.1" }, self.port),
            )
            .env("RAMPART_DATA", &self.data)
            .env("RAMPART_SCENARIOS", &self.setup.scenarios)
            .env("RAMPART_IMAGES", &self.setup.images)
            .env("RAMPART_BLOCK", self.block().to_string())
            .env("RAMPART_JUDGE_DELAY", JUDGE_DELAY)
            .env_remove("DATABASE_URL")
            .env("NO_COLOR", "1");
        if let Some(keep) = &self.setup.keep_memory {
            command.env("RAMPART_KEEP_MEMORY", keep);
        }
        if let Some(tells) = self.setup.tells {
            command.env("RAMPART_LOG", tells);
        }
        if let Some(every) = &self.setup.wall_trial {
            command.env("RAMPART_WALL_TRIAL", every);
        }
        if let Some(programs) = &self.setup.programs {
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", programs.display()));
        }
        if let Some(connections) = self.setup.connections {
            command.env("RAMPART_CONNECTIONS", connections.to_string());
        }
        if let Some(database) = &self.setup.database {
            command.env("DATABASE_URL", database);
        }
        if let Some((file, grace)) = &self.setup.engines {
            command.env("RAMPART_ENGINES", file).env("RAMPART_NODE_GRACE", grace);
        }
        if let Some(engine) = &self.setup.engine {
            command.env("DOCKER_HOST", engine);
        }
        command
    }

    /// Its subnets are of this block.
    pub fn block(&self) -> Ipv4Net {
        let whole = self.block.net;
        self.setup.block.map_or(whole, |prefix| Ipv4Net::new(whole.network(), prefix).unwrap())
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("server.log")
    }

    /// Everything that the server has said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Starts it, again if need be, on the same port and folder, and waits until it answers.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "the server still runs");
        let log: File = OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let child = self
            .command(&["serve"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
        let address = format!("{}/", self.base());
        let (log_path, child) = (self.log_path(), self.child.as_mut().unwrap());
        let child = std::cell::RefCell::new(child);
        eventually("the server answers", Duration::from_secs(180), || async {
            if let Ok(Some(status)) = child.borrow_mut().try_wait() {
                panic!(
                    "the server ended ({status}): {}",
                    std::fs::read_to_string(&log_path).unwrap_or_default()
                );
            }
            client.get(&address).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Was it started, and not ended by us?
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Kills it as a power cut would.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("the server is not running");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop; true if it did so by itself within the time.
    pub fn stop(&mut self, within: Duration) -> bool {
        let Some(mut child) = self.child.take() else { return true };
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let end = std::time::Instant::now() + within;
        while std::time::Instant::now() < end {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let _ = child.wait();
        false
    }

    /// Remembers a run, so that it is removed at the end.
    pub fn owns(&mut self, run: &str) {
        if !self.runs.contains(&run.to_owned()) {
            self.runs.push(run.to_owned());
        }
    }

    /// All runs that this server has made anything for.
    pub fn runs(&self) -> Vec<String> {
        let mut runs = self.runs.clone();
        for run in docker::runs_in(self.block.net) {
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
        runs
    }

    /// Reads the stored ledger of an exercise and fails unless its chain is whole.
    pub fn verify_chain(&self, exercise: &str) {
        let out = self.command(&["ledger", "verify", exercise]).output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "the chain of {exercise} does not hold: {said}");
    }

    /// Descriptors that the process has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Gives this test, and what it starts meanwhile, the server's priority: what a server is compared with must not have
    /// less of the processors.
    pub fn level(&self) -> Level {
        let own = rustix::process::getpriority_process(None).unwrap();
        give(self.priority());
        Level(own)
    }

    /// Its priority (nice).
    pub fn priority(&self) -> i32 {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap());
        rustix::process::getpriority_process(pid).unwrap()
    }

    /// Resident memory in kB.
    pub fn resident_kb(&self) -> u64 {
        self.memory_kb("VmRSS:")
    }

    /// The most memory that the process has had in RAM since [`Server::forget_peak`], kB.
    pub fn peak_kb(&self) -> u64 {
        self.memory_kb("VmHWM:")
    }

    /// Counts the most memory from now on.
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }

    fn memory_kb(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Keeps log, data and the containers' logs.
    pub fn keep(&self, folder: &Path) {
        let _ = std::fs::copy(self.log_path(), folder.join("server.log"));
        let data = folder.join("data");
        let _ = std::fs::create_dir_all(&data);
        for entry in std::fs::read_dir(&self.data).into_iter().flatten().flatten() {
            // The secret of this throw-away server is of no use to anybody, but there is no use in keeping it either.
            if entry.path().is_file() && !entry.file_name().to_string_lossy().contains("secret") {
                let _ = std::fs::copy(entry.path(), data.join(entry.file_name()));
            }
        }
        for run in self.runs() {
            for container in docker::containers(&run) {
                let _ = std::fs::write(folder.join(format!("{container}.log")), docker::log(&container));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for run in self.runs() {
            docker::remove(&run);
        }
    }
}
