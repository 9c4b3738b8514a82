//! Hosts that take all they can get: processes, memory, processor, disk, log. Nobody else notices, staff is told, and what
//! was planted is still there.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::harness::docker::{addresses, docker, docker_ok, exec, host, label};
use crate::harness::http::Person;
use crate::harness::server::{Server, Setup};
use crate::harness::stage;
use crate::harness::words::zh;
use crate::harness::{LAUNCH, docker as engine, eventually, keep, page, unique};
use crate::performance::write_down;
use crate::style::root;

/// How long the watch over the disk may take on a busy machine; a round is a minute.
const ROUNDS: Duration = Duration::from_secs(600);
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Seats of the team beside, and flags that each of them submits at a time: as many as one may at once.
const SEATS: usize = 10;
const FLAGS: usize = 10;
/// Longest that a flag may wait on any machine while a host of others runs wild.
const FLAG_WITHIN: Duration = Duration::from_secs(60);

/// The light range, whose web site writes last words and eats memory when it is told to, and may write little.
fn scenarios() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("light");
    let done = std::process::Command::new("cp")
        .arg("-a")
        .arg(root().join("tests/it/harness/light"))
        .arg(&to)
        .status();
    assert!(done.unwrap().success());
    edit(
        &to.join("scenario.yaml"),
        &[
            (
                "    command: [python3, -m, http.server, \"80\"]\n",
                "    command: [bash, -c, \"python3 -m http.server 80 & while [ ! -e /srv/eat ]; do sleep 0.3; done; rm /srv/eat; echo the last words of the web site; exec python3 -c 'x = [bytearray(10**6) for _ in range(10**4)]'\"]\n",
            ),
            (
                "cpus: 0.5, pids: 100 }\n    ready: { command: [curl",
                "cpus: 0.5, pids: 100, disk: 48M }\n    ready: { command: [curl",
            ),
            ("    attempts: 20\n", "    attempts: 1000\n"),
        ],
    );
    home
}

fn edit(file: &Path, edits: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(file).unwrap();
    for (old, new) in edits {
        assert_eq!(text.matches(old).count(), 1, "{old:?}");
        text = text.replace(old, new);
    }
    std::fs::write(file, text).unwrap();
}

struct Range {
    server: Server,
    teacher: Person,
    run: String,
    /// Seats of the second red.
    beside: Vec<Person>,
    /// How long they waited before anything went wild, and while it did.
    before: Duration,
    meanwhile: Mutex<Vec<(&'static str, Duration)>>,
}

impl Range {
    async fn host_page(&self, host: &str) -> String {
        self.teacher.get(&format!("/exercises/{}/hosts/1/{host}", self.run)).await.ok()
    }

    async fn room(&self) -> String {
        self.teacher.get(&format!("/exercises/{}", self.run)).await.ok()
    }

    async fn wait_page(&self, what: &str, host: &str, within: Duration, wanted: &[String]) -> String {
        eventually(what, within, || async {
            let html = self.host_page(host).await;
            wanted.iter().all(|text| html.contains(text)).then_some(html)
        })
        .await
    }

    fn memo(&self, range: u16) -> String {
        let (code, text) = exec(&host(&self.run, range, "www"), "root", "cat /srv/memo.txt");
        assert_eq!(code, 0, "{text}");
        page::first(&text, r"(RMP\{[0-9a-f]{32}\})")
    }

    /// The second red's seats submit wrong flags side by side; the slowest but one of a hundred, where each was answered.
    async fn flags(&self) -> Duration {
        let seats = self.beside.iter().enumerate().map(|(seat, person)| async move {
            let mut times = Vec::new();
            for n in 0..FLAGS {
                let typed = format!("RMP{{{:032x}}}", seat * FLAGS + n);
                let (answer, took) = loop {
                    let began = Instant::now();
                    let form = [("objective", "memo"), ("flag", typed.as_str())];
                    let answer = person.post_json("/seat/flags", &form).await;
                    if answer.status.as_u16() != 429 {
                        break (answer, began.elapsed());
                    }
                    // What a seat may submit at once is not there again yet.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                };
                assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
                assert_eq!(answer.json()["answer"], "wrong", "{}", answer.text());
                times.push(took);
            }
            times
        });
        let mut times: Vec<Duration> =
            futures_util::future::join_all(seats).await.into_iter().flatten().collect();
        assert_eq!(times.len(), SEATS * FLAGS);
        times.sort();
        times[times.len() * 99 / 100 - 1]
    }

    /// They submit while a host of the first pair goes wild.
    async fn flags_in(&self, what: &'static str) {
        let wild = self.flags().await;
        let ratio = wild.as_secs_f64() / self.before.as_secs_f64();
        eprintln!(
            "flags of the team beside, p99: {:.1?} before, {wild:.1?} in {what}: x {ratio:.1}",
            self.before
        );
        assert!(wild < FLAG_WITHIN, "{what}: {wild:?} meanwhile, {:?} before", self.before);
        self.meanwhile.lock().unwrap().push((what, wild));
    }

    /// What the team beside noticed, as ratios; told and not judged.
    fn figures(&self) -> Value {
        let ms = |time: Duration| (time.as_secs_f64() * 100_000.0).round() / 100.0;
        let ratio = |time: Duration| (time.as_secs_f64() / self.before.as_secs_f64() * 100.0).round() / 100.0;
        let all = self.meanwhile.lock().unwrap();
        let ratios: Map<String, Value> =
            all.iter().map(|(what, time)| ((*what).to_owned(), json!(ratio(*time)))).collect();
        let times: Map<String, Value> =
            all.iter().map(|(what, time)| ((*what).to_owned(), json!(ms(*time)))).collect();
        json!({
            "flag_p99_in_abuse_vs_before": ratios,
            "abuse": {
                "flags": SEATS * FLAGS, "flag_p99_ms_before": ms(self.before), "flag_p99_ms_in": times,
                "build": if cfg!(debug_assertions) { "debug" } else { "release" },
            },
        })
    }

    /// The other pair goes on: its web site answers its red, and the pages answer everybody.
    async fn others_go_on(&self, what: &str) {
        let (code, said) =
            exec(&host(&self.run, 2, "attack"), "root", "curl -fsS -m 120 -o /dev/null http://www/");
        assert_eq!(code, 0, "{what}: {said}");
        assert!(self.room().await.contains(r#"data-state="running""#), "{what}");
    }
}

async fn running(scenarios: &Path) -> Range {
    let setup = Setup { scenarios: scenarios.to_owned(), ..Setup::default() };
    let mut server = Server::with(setup).await;
    let staff = stage::staff(&server).await;
    let people = stage::people(3 + SEATS);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let run =
        stage::make_exercise(&mut server, &staff.instructor, "light", &format!("A-{}", unique()), 2).await;
    let places: Vec<(&str, &str)> = people
        .iter()
        .map(|person| person.0.as_str())
        .zip(["r1", "b1", "b2"].into_iter().chain(["r2"; SEATS]))
        .collect();
    stage::seat(&staff.instructor, &run, &places).await;
    stage::act(&staff.instructor, &run, "launch", "").await;
    stage::wait_state(&staff.instructor, &run, "ready", LAUNCH).await;
    stage::act(&staff.instructor, &run, "start", "").await;
    stage::wait_state(&staff.instructor, &run, "running", PATIENCE).await;
    let mut beside = Vec::new();
    for (name, code) in stage::slips(&staff.instructor, &run).await {
        if people[3..].iter().any(|person| person.0 == name) {
            let seat = stage::sit(&server.base(), &code).await;
            seat.get("/seat").await.ok();
            beside.push(seat);
        }
    }
    assert_eq!(beside.len(), SEATS);
    let mut range = Range {
        server,
        teacher: staff.instructor,
        run,
        beside,
        before: Duration::ZERO,
        meanwhile: Mutex::default(),
    };
    range.before = range.flags().await;
    range
}

/// The kernel kills the main process of a host: page and feed say so, with exit code and last words, and the host comes
/// back with its address and its secret.
async fn memory(range: &Range) {
    let www = host(&range.run, 1, "www");
    let (before, memo) = (addresses(&www), range.memo(1));
    let id = docker_ok(&["inspect", "--format", "{{.Id}}", &www]);
    assert_eq!(exec(&www, "root", "touch /srv/eat").0, 0);
    range.flags_in("memory").await;
    let oom = zh("machine.oom");
    let html =
        range.wait_page("the page says why", "www", PATIENCE, &[oom.clone(), zh("machine.last_end")]).await;
    assert!(page::said(&html).contains("137"), "{}", page::said(&html));
    let feed = zh("rule.alarm.host_oom");
    eventually("the control room says why", PATIENCE, || async {
        let html = range.room().await;
        (html.contains(&feed) && html.contains(&oom)).then_some(())
    })
    .await;
    // Its last words are on the page, whatever the next life has written since.
    range
        .wait_page("the last words are shown", "www", PATIENCE, &["the last words of the web site".into()])
        .await;
    eventually("the site is up again", PATIENCE, || async {
        let up = "curl -fsS -m 5 -o /dev/null http://www/";
        (exec(&host(&range.run, 1, "attack"), "root", up).0 == 0).then_some(())
    })
    .await;
    assert_eq!(docker_ok(&["inspect", "--format", "{{.Id}}", &www]), id, "another container");
    assert_eq!((addresses(&www), range.memo(1)), (before, memo), "address and secret");
    range.others_go_on("memory").await;
}

/// Processes that the engine puts into a host at a time: a few commands, each with a few of its own.
const PUT_IN: u64 = 32;

/// Processes and processors have a bound that root has, too.
async fn processes(range: &Range) {
    let attack = host(&range.run, 1, "attack");
    let limit: u64 =
        docker_ok(&["inspect", "--format", "{{.HostConfig.PidsLimit}}", &attack]).trim().parse().unwrap();
    docker_ok(&[
        "exec",
        "-d",
        "-u",
        "root",
        &attack,
        "bash",
        "-c",
        "for i in 1 2 3 4; do while :; do :; done & done; wait",
    ]);
    // The bomb last: from then on nothing more may get in.
    docker_ok(&["exec", "-d", "-u", "root", &attack, "bash", "-c", "bomb() { bomb | bomb & }; bomb"]);
    let pid = docker_ok(&["inspect", "--format", "{{.State.Pid}}", &attack]).trim().to_owned();
    for second in 0..5 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if second == 2 {
            range.flags_in("processes").await;
        }
        // Counted on the host: nothing more can be started in there.
        let group = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        let of = |line: &str| line.rsplit(':').next().unwrap_or_default().to_owned();
        let pids =
            group.lines().find(|line| line.contains(":pids:") || line.starts_with("0::")).map(of).unwrap();
        let read = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]
            .iter()
            .find_map(|base| std::fs::read_to_string(format!("{base}{pids}/pids.current")).ok())
            .unwrap();
        let now: u64 = read.trim().parse().unwrap();
        // What the engine itself puts in (checks, terminals, these commands) is counted too and not held back by the limit.
        assert!(now <= limit + PUT_IN, "{now} processes of {limit}");
        range.others_go_on("processes").await;
    }
    // And it can be taken away and made anew in one go.
    let path = format!("/exercises/{}/hosts/1/attack", range.run);
    range.teacher.post_from(&path, &format!("{path}/reset"), &[]).await.went_on();
    eventually("the bombed host is new", LAUNCH, || async {
        let now = docker(&["inspect", "--format", "{{.State.Pid}} {{.State.Status}}", &attack]);
        let text = String::from_utf8_lossy(&now.stdout).trim().to_owned();
        (text.ends_with(" running") && !text.starts_with(&format!("{pid} "))).then_some(())
    })
    .await;
}

/// A single file stops at the limit at once; many files are noticed, told, and in the end the host is stopped until it is
/// reset. The memo is planted anew then, and the same.
async fn disk(range: &Range) {
    let www = host(&range.run, 1, "www");
    let memo = range.memo(1);
    let (code, said) =
        exec(&www, "root", "dd if=/dev/zero of=/srv/big bs=1M count=200 2>&1; stat -c %s /srv/big");
    let size =
        said.lines().find_map(|line| line.trim().parse::<u64>().ok()).unwrap_or_else(|| panic!("{said}"));
    assert!(size <= 48 << 20, "{code}: a file of {size} bytes: {said}");
    let fill =
        "for n in 1 2 3; do dd if=/dev/zero of=/srv/more$n bs=1M count=40 2>/dev/null; done; du -sm /srv";
    let wild = www.clone();
    let filling = tokio::task::spawn_blocking(move || exec(&wild, "root", fill));
    range.flags_in("disk").await;
    let (code, said) = filling.await.unwrap();
    // The watch may have looked meanwhile and stopped it: then there was too much already.
    let mib = said.split_whitespace().next().and_then(|n| n.parse::<u64>().ok());
    assert!(code != 0 || mib.is_some_and(|mib| mib > 100), "{code}: {said}");
    let feed = [zh("rule.alarm.host_disk"), zh("rule.alarm.host_full")];
    eventually("the control room says that the disk is over its limit", ROUNDS, || async {
        let html = range.room().await;
        feed.iter().all(|text| html.contains(text)).then_some(())
    })
    .await;
    range
        .wait_page("the page says so", "www", PATIENCE, &[zh("machine.over_disk"), zh("machine.full")])
        .await;
    // Several looks of the watch over dead hosts later it is still stopped.
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(engine::state(&www), "exited", "it was started again");
    range.others_go_on("disk").await;
    let path = format!("/exercises/{}/hosts/1/www", range.run);
    range.teacher.post_from(&path, &format!("{path}/reset"), &[]).await.went_on();
    eventually("the site is new", LAUNCH, || async {
        let up = "curl -fsS -m 5 -o /dev/null http://www/";
        (exec(&host(&range.run, 1, "attack"), "root", up).0 == 0).then_some(())
    })
    .await;
    eventually("the memo is planted anew", PATIENCE, || async { (range.memo(1) == memo).then_some(()) })
        .await;
    assert_eq!(exec(&www, "root", "ls /srv/big").0, 2, "what it wrote is gone");
    eventually("the page says that it is in order", ROUNDS, || async {
        (!range.host_page("www").await.contains(&zh("machine.over_disk"))).then_some(())
    })
    .await;
}

/// What a host says is kept in three files of ten megabytes.
async fn log(range: &Range) {
    let www = host(&range.run, 2, "www");
    assert_eq!(label(&www, "rampart.range"), "2");
    // To the standard output of its first process, as a replica gone mad would.
    let wild = www.clone();
    let talk = "timeout 20 yes 'a talkative replica says the same thing all day' > /proc/1/fd/1";
    let path = docker_ok(&["inspect", "--format", "{{.LogPath}}", &www]).trim().to_owned();
    let folder = Path::new(&path).parent().unwrap();
    let written = || -> u64 {
        std::fs::read_dir(folder)
            .unwrap()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy().contains("-json.log"))
            // One that is just being rotated has another name by now.
            .filter_map(|entry| entry.metadata().ok())
            .map(|about| about.len())
            .sum()
    };
    let talking = tokio::task::spawn_blocking(move || exec(&wild, "root", talk));
    eventually("it talks", PATIENCE, || async { (written() > 1_000_000).then_some(()) }).await;
    range.flags_in("log").await;
    talking.await.unwrap();
    let size = written();
    assert!(size > 1_000_000, "nothing was written, so nothing is proven: {size}");
    assert!(size <= 3 * 11_000_000, "{size} bytes of log");
    range.others_go_on("log").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_takes_all_it_can_get_harms_nobody_else() {
    let home = scenarios();
    let range = running(home.path()).await;
    let mut failed = Vec::new();
    macro_rules! attempt {
        ($name:literal, $body:expr) => {
            match keep::outcome($body).await {
                Ok(()) => eprintln!("holds: {}", $name),
                Err(_) => failed.push($name),
            }
        };
    }
    attempt!("memory", memory(&range));
    attempt!("processes", processes(&range));
    attempt!("log", log(&range));
    attempt!("disk", disk(&range));
    write_down(&range.figures());
    if !failed.is_empty() {
        range.server.keep(&keep::folder("abuse"));
    }
    assert!(failed.is_empty(), "does not hold: {failed:?}");
}
