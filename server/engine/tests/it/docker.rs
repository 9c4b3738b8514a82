//! What only a real engine can show.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rampart_engine::{
    DockerEngine, Engine, EngineError, ExecSpec, Happening, LogLine, Pipe, PipeSpec, State, Terminal,
    TerminalSpec,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, LONG, on_docker, until};

async fn shell(bench: &Bench, name: &str, script: &str) -> String {
    let out = bench.engine.exec(name, ExecSpec::new(["bash", "-c", script])).await.unwrap();
    out.said()
}

fn desk(user: &str) -> TerminalSpec {
    TerminalSpec {
        argv: vec!["bash".into(), "-l".into()],
        user: user.into(),
        cols: 137,
        rows: 41,
        term: "xterm-256color".into(),
        env: Vec::new(),
    }
}

/// Types, and reads until the text has come.
async fn talk(terminal: &mut Terminal, typed: &str, wanted: &[u8]) -> Vec<u8> {
    terminal.writer.write_all(typed.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    let read = async {
        while !seen.windows(wanted.len()).any(|window| window == wanted) {
            assert_ne!(terminal.reader.read_buf(&mut seen).await.unwrap(), 0, "ended early");
        }
    };
    let in_time = tokio::time::timeout(LONG, read).await;
    assert!(in_time.is_ok(), "waited for {wanted:?}, saw {:?}", String::from_utf8_lossy(&seen));
    seen
}

#[tokio::test]
async fn a_host_has_its_limits_and_nothing_of_the_machine() {
    on_docker(async |bench: Bench| {
        let network = bench.network(0);
        bench.engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        let mut host = bench.host("www", vec![bench.leg(&network, 10)]);
        host.capabilities = vec!["CHOWN".into(), "NET_RAW".into()];
        host.forwards = true;
        let name = bench.start(&host).await;
        // CHOWN is bit 0, NET_RAW bit 13.
        assert_eq!(
            shell(&bench, &name, "grep -h CapEff /proc/self/status").await,
            "CapEff:\t0000000000002001"
        );
        assert_eq!(shell(&bench, &name, "grep -h NoNewPrivs /proc/self/status").await, "NoNewPrivs:\t1");
        assert_eq!(shell(&bench, &name, "grep -h ^Seccomp: /proc/self/status").await, "Seccomp:\t2");
        assert_eq!(shell(&bench, &name, "cat /proc/sys/net/ipv4/ip_forward; hostname").await, "1\nwww");
        let limits = "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; \
             cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null";
        assert_eq!(shell(&bench, &name, limits).await, format!("60\n{}", 128 << 20));
        let resolv = shell(&bench, &name, "cat /etc/resolv.conf").await;
        assert!(!resolv.contains("search"), "{resolv}");
        let mounts =
            shell(&bench, &name, "findmnt -rno TARGET,SOURCE | awk '$2 ~ /^.dev./ {print $1}'").await;
        for mount in mounts.lines() {
            let own = [
                "/etc/resolv.conf",
                "/etc/hostname",
                "/etc/hosts",
                "/sbin/docker-init",
                "/usr/sbin/docker-init",
            ];
            assert!(own.contains(&mount), "{mounts}");
        }
        let address =
            shell(&bench, &name, "ip -4 -o addr show scope global | awk '{print $4}'; ip route").await;
        assert!(address.starts_with(&format!("{}/26", host.legs[0].address)), "{address}");
        assert!(address.contains(&format!("default via {}", network.router)), "{address}");
        let before = shell(&bench, &name, "echo kept > /srv/kept; echo").await;
        assert_eq!(before, "");
        bench.engine.restart(&name).await.unwrap();
        assert_eq!(shell(&bench, &name, "cat /srv/kept").await, "kept");
        let after =
            shell(&bench, &name, "ip -4 -o addr show scope global | awk '{print $4}'; ip route").await;
        assert_eq!(after, address);
    })
    .await;
}

#[tokio::test]
async fn a_command_that_ends_at_once_is_seen() {
    on_docker(async |bench: Bench| {
        let network = bench.network(0);
        bench.engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        let mut host = bench.host("www", vec![bench.leg(&network, 10)]);
        host.command = Some(["sh", "-c", "echo no configuration; exit 3"].map(str::to_owned).into());
        let name = bench.start(&host).await;
        until("the end is seen", Duration::from_secs(10), async || {
            let inspection = bench.engine.inspect(&name).await.unwrap();
            let code = match inspection.state {
                State::Restarting(end) | State::Exited(end) => Some(end.code),
                _ => None,
            };
            code == Some(3) && inspection.restarts > 0
        })
        .await;
        assert!(bench.engine.tail(&name, 20).await.unwrap().contains(&"no configuration".to_owned()));
        host.command = Some(vec!["/no/such/program".into()]);
        host.name.push('2');
        host.legs[0] = bench.leg(&network, 11);
        bench.engine.create_container(&host, &bench.labels("www")).await.unwrap();
        // The engine's init starts, and then finds nothing to run.
        bench.engine.start(&host.name).await.unwrap();
        until("the end is seen", Duration::from_secs(10), async || {
            bench.engine.inspect(&host.name).await.unwrap().last_end.is_some_and(|end| end.code == 127)
        })
        .await;
        let said = bench.engine.tail(&host.name, 20).await.unwrap().join("\n");
        assert!(said.contains("/no/such/program"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn memory_that_runs_out_is_told() {
    on_docker(async |bench: Bench| {
        let network = bench.network(0);
        bench.engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        let mut host = bench.host("www", vec![bench.leg(&network, 10)]);
        host.resources.memory = 24 << 20;
        let script = "x = [bytearray(10**6) for _ in range(10**4)]";
        host.command = Some(["python3", "-c", script].map(str::to_owned).into());
        let name = bench.start(&host).await;
        until("the end is told", Duration::from_secs(20), async || {
            let seen = bench.engine.observe(&bench.run).await.unwrap();
            match &seen.container(&name).unwrap().state {
                State::Restarting(end) | State::Exited(end) => end.oom && end.code == 137,
                _ => false,
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_happens_to_a_container_is_told_even_when_it_is_up_again() {
    on_docker(async |bench: Bench| {
        let network = bench.network(0);
        bench.engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        let mut host = bench.host("www", vec![bench.leg(&network, 10)]);
        host.resources.memory = 24 << 20;
        // Its first life ends by itself, the next one by want of memory.
        let script = "test -e /again && exec python3 -c 'x = [bytearray(10**6) for _ in range(10**4)]'; touch /again; sleep 1; exit 7";
        host.command = Some(["bash", "-c", script].map(str::to_owned).into());
        let since_ms = jiff::Timestamp::now().as_millisecond();
        let mut lives = bench.engine.lives(&bench.run, since_ms).await.unwrap();
        bench.start(&host).await;
        let mut seen = Vec::new();
        let enough = |seen: &[Happening]| seen.contains(&Happening::Died(137));
        while !enough(&seen) {
            let life = tokio::time::timeout(LONG, lives.next()).await.unwrap().unwrap().unwrap();
            assert_eq!((life.host.as_str(), life.range, life.container.as_str()), ("www", 1, host.name.as_str()));
            assert!(life.at_ms >= since_ms);
            seen.push(life.what);
        }
        let start: Vec<Happening> = seen.iter().copied().take(3).collect();
        assert_eq!(start, [Happening::Started, Happening::Died(7), Happening::Started]);
        assert!(seen.contains(&Happening::OutOfMemory), "{seen:?}");
        // Asked again, the engine remembers; another run has its own.
        let mut again = bench.engine.lives(&bench.run, since_ms).await.unwrap();
        assert_eq!(again.next().await.unwrap().unwrap().what, Happening::Started);
    })
    .await;
}

#[tokio::test]
async fn forty_eight_networks_at_once_while_another_program_holds_the_firewalls_lock() {
    on_docker(async |bench: Bench| {
        // Another program that reads the rules all the time.
        let other = tokio::spawn(async {
            loop {
                let _ = tokio::process::Command::new("iptables").args(["-L", "-n"]).output().await;
            }
        });
        let plans = bench.many(48).await;
        let start = Instant::now();
        let made = futures_util::stream::iter(&plans)
            .map(|network| async { bench.engine.create_network(network, &bench.labels("zone")).await })
            .buffer_unordered(4)
            .collect::<Vec<_>>()
            .await;
        other.abort();
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        assert_eq!(bench.engine.observe(&bench.run).await.unwrap().networks.len(), 48);
        eprintln!("48 networks in {:.1} s", start.elapsed().as_secs_f64());
    })
    .await;
}

#[tokio::test]
async fn a_command_out_of_time_leaves_no_process() {
    on_docker(async |bench: Bench| {
        let name = bench.started("www").await;
        let count = async || shell(&bench, &name, "pgrep -c -f 'sleep 12[34]'; ls -A /dev/shm | wc -l").await;
        for user in ["root", "nobody"] {
            let script = "sleep 123 & (sleep 124 & sleep 123); wait";
            let spec = ExecSpec::new(["bash", "-c", script]).user(user).timeout_ms(700);
            let out = bench.engine.exec(&name, spec).await.unwrap();
            assert!(out.timed_out);
            // The one note is that of the counting command. What is killed is gone a moment later.
            until(&format!("no process as {user}"), LONG, async || count().await == "0\n1").await;
        }
        // One that floods, and one whose caller goes away.
        let flood = bench.engine.exec(&name, ExecSpec::new(["yes"]).limit(100_000)).await.unwrap();
        assert_eq!((flood.truncated, flood.stdout.len()), (true, 100_000));
        until("the flood is gone", LONG, async || shell(&bench, &name, "pgrep -c -x yes").await == "0").await;
        let slow = bench.engine.exec(&name, ExecSpec::new(["sleep", "124"]));
        assert!(tokio::time::timeout(Duration::from_millis(500), slow).await.is_err());
        until("the dropped command is gone", Duration::from_secs(10), async || count().await == "0\n1").await;
        let start = Instant::now();
        for _ in 0..20 {
            assert!(bench.engine.exec(&name, ExecSpec::new(["true"])).await.unwrap().ok());
        }
        eprintln!("a command takes {} ms", start.elapsed().as_millis() / 20);
        // Odd commands.
        let out = bench.engine.exec(&name, ExecSpec::new(["no-such-command"])).await.unwrap();
        assert_eq!(out.code, 127);
        let out = bench.engine.exec(&name, ExecSpec::new(["true"]).user("nosuchuser")).await;
        assert!(out.is_err() || !out.unwrap().ok());
        let out = bench.engine.exec(&name, ExecSpec::new(["true"]).stdin(vec![b'x'; 3 << 20])).await.unwrap();
        assert!(out.ok(), "input that nobody reads");
    })
    .await;
}

#[tokio::test]
async fn terminals_have_their_size_pass_any_byte_and_leave_no_shell() {
    on_docker(async |bench: Bench| {
        let name = bench.started("desk").await;
        let shells = async || shell(&bench, &name, "pgrep -c -f '^bash -l'; ls -A /dev/shm | wc -l").await;
        let mut terminal = bench.engine.terminal(&name, desk("root")).await.unwrap();
        talk(&mut terminal, "stty size\n", b"41 137").await;
        terminal.control.resize(90, 20).await.unwrap();
        talk(&mut terminal, "stty size\n", b"20 90").await;
        // Bytes that look like the head of a frame, a cut character, and noise.
        talk(
            &mut terminal,
            "sleep 0.3; printf '\\000\\001\\002\\001\\000\\000\\377'; sleep 0.3; echo do''ne\n",
            b"done",
        )
        .await;
        let seen = talk(
            &mut terminal,
            "printf 'A \\345'; sleep 0.3; printf '\\217\\260 B\\n'\n",
            "A 台 B".as_bytes(),
        )
        .await;
        assert!(!seen.is_empty());
        talk(&mut terminal, "head -c 65536 /dev/urandom; echo; echo a''live\n", b"alive").await;
        drop(terminal);
        until("the shell is gone", Duration::from_secs(10), async || shells().await == "0\n1").await;

        let mut open = Vec::new();
        for number in 0..10 {
            let mut terminal = bench
                .engine
                .terminal(&name, desk(if number % 2 == 0 { "root" } else { "nobody" }))
                .await
                .unwrap();
            if number % 2 == 0 {
                // A shell that is busy in the foreground must go as well.
                terminal.writer.write_all(b"sleep 1000\n").await.unwrap();
            }
            open.push(terminal);
        }
        until("ten shells", Duration::from_secs(10), async || shells().await.starts_with("10\n")).await;
        let start = Instant::now();
        drop(open);
        until("no shell", Duration::from_secs(20), async || shells().await == "0\n1").await;
        eprintln!("10 terminals hung up in {} ms", start.elapsed().as_millis());
        until("only the host's own", LONG, async || shell(&bench, &name, "pgrep -c -x sleep").await == "1")
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_terminal_dropped_while_frozen_is_hung_up_after_the_thaw() {
    on_docker(async |bench: Bench| {
        let name = bench.started("desk").await;
        let mut terminal = bench.engine.terminal(&name, desk("root")).await.unwrap();
        talk(&mut terminal, "echo he''re\n", b"here").await;
        bench.engine.pause(&name).await.unwrap();
        assert!(matches!(terminal.control.hangup().await, Err(EngineError::Conflict(_))));
        drop(terminal);
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.engine.unpause(&name).await.unwrap();
        until("no shell", Duration::from_secs(15), async || {
            shell(&bench, &name, "pgrep -c -f '^bash -l'").await == "0"
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn logs_have_times_order_and_whole_lines() {
    on_docker(async |bench: Bench| {
        let network = bench.network(0);
        bench.engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        let mut host = bench.host("www", vec![bench.leg(&network, 10)]);
        let script = "echo one; echo bad >&2; head -c 100000 /dev/zero | tr '\\0' x; echo; sleep 1.2; echo late; sleep 1; echo last; sleep infinity";
        host.command = Some(["bash", "-c", script].map(str::to_owned).into());
        let name = bench.start(&host).await;
        let mut stream = bench.engine.logs(&name, 0, true).await.unwrap();
        let mut lines: Vec<LogLine> = Vec::new();
        while lines.len() < 5 {
            let next = tokio::time::timeout(LONG, stream.next()).await.unwrap();
            lines.push(next.unwrap().unwrap());
        }
        let mut texts: Vec<(usize, bool)> = lines.iter().map(|line| (line.bytes.len(), line.stderr)).collect();
        // Two streams of one moment may come either way round.
        texts[..3].sort_unstable();
        assert_eq!(texts, [(3, false), (3, true), (100_000, false), (4, false), (4, false)]);
        let late = lines[3].clone();
        assert_eq!(late.bytes.as_ref(), b"late");
        // Resuming at the last line seen: that one again, with the same time, and nothing before it.
        let mut again = bench.engine.logs(&name, late.at_ns / 1_000_000, false).await.unwrap();
        let mut resumed = Vec::new();
        while let Some(line) = again.next().await {
            resumed.push(line.unwrap());
        }
        assert_eq!(resumed, lines[3..]);
        bench.engine.stop(&name).await.unwrap();
        let end = tokio::time::timeout(LONG, stream.next()).await.unwrap();
        assert!(end.is_none(), "{end:?}");
    })
    .await;
}

#[tokio::test]
async fn a_missing_engine_is_unreachable_since_then_and_never_not_found() {
    let engine = Arc::new(DockerEngine::at(Some("unix:///no/such/engine.sock")).unwrap());
    let first = engine.inspect("x").await.unwrap_err();
    let EngineError::NodeUnreachable { since_ms: Some(since) } = first else { panic!("{first:?}") };
    tokio::time::sleep(Duration::from_millis(20)).await;
    let second = engine.observe("run").await.unwrap_err();
    assert_eq!(second, EngineError::NodeUnreachable { since_ms: Some(since) });
    assert!(second.is_silence() && second.to_string().contains("since 20"));
    assert!(DockerEngine::at(Some("npipe:////x")).is_err());

    // One that takes the connection and never answers: a deadline, not for ever. Tried on one call, as it takes 20 s.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mute.sock");
    let _mute = tokio::net::UnixListener::bind(Path::new(&path)).unwrap();
    let mute = DockerEngine::at(Some(&format!("unix://{}", path.display()))).unwrap();
    let start = Instant::now();
    let answer = mute.observe("run").await.unwrap_err();
    assert!(matches!(answer, EngineError::Timeout(_)), "{answer:?}");
    assert!(start.elapsed() < LONG);
}

#[tokio::test]
async fn freezing_beside_starting_commands_never_hangs_the_engine() {
    on_docker(|bench| async move {
        let name = bench.started("frost").await;
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let busy: Vec<_> = (0..3)
            .map(|_| {
                let (engine, name, stop) = (bench.engine.clone(), name.clone(), stop.clone());
                tokio::spawn(async move {
                    let mut ran = 0;
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        // A frozen container refuses commands; that is its right answer.
                        match engine.exec(&name, ExecSpec::new(["true"])).await {
                            Ok(_) => ran += 1,
                            Err(EngineError::Conflict(_)) => {
                                tokio::time::sleep(Duration::from_millis(5)).await
                            }
                            Err(other) => panic!("{other}"),
                        }
                    }
                    ran
                })
            })
            .collect();
        for round in 0..60 {
            // The engine notes a change of state a moment after it has answered.
            until(&format!("frozen {round}"), Duration::from_secs(20), async || {
                bench.engine.pause(&name).await.is_ok()
            })
            .await;
            until(&format!("thawed {round}"), Duration::from_secs(20), async || {
                bench.engine.unpause(&name).await.is_ok()
            })
            .await;
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for one in busy {
            assert!(one.await.unwrap() > 0);
        }
    })
    .await;
}

#[tokio::test]
async fn a_pipe_dropped_leaves_no_process_and_a_reader_that_stops_stops_the_command() {
    on_docker(async |bench: Bench| {
        let name = bench.started("desk").await;
        let open = async |script: &str| {
            bench.engine.pipe(&name, PipeSpec::new("root", ["bash", "-c", script])).await.unwrap()
        };
        // The pause: the engine passes both streams on as they come, and a flood that nobody reads holds up what is behind it.
        let Pipe { mut reader, writer, control } =
            open("echo no word >&2; sleep 1; yes x | tee >(wc -c > /tmp/count) >/dev/null & yes rampart")
                .await;
        let mut some = [0; 1000];
        reader.read_exact(&mut some).await.unwrap();
        assert!(some.starts_with(b"rampart\nrampart\n"));
        until("it is heard", Duration::from_secs(60), async || control.said() == "no word").await;
        let written = async || shell(&bench, &name, "grep wchar /proc/$(pgrep -nf '^yes rampart')/io").await;
        // What fits into the buffers on the way is written first.
        until("nobody reads, so nothing is written", LONG, async || {
            let before = written().await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            written().await == before
        })
        .await;
        drop((reader, writer, control));
        until("no process", Duration::from_secs(20), async || {
            shell(&bench, &name, "pgrep -c yes").await == "0"
        })
        .await;

        // Ended by its own end: the code is the command's.
        let Pipe { mut reader, mut writer, control } = open("read -r line; echo \"$line\"; exit 7").await;
        writer.write_all("旗標\n".as_bytes()).await.unwrap();
        let mut said = String::new();
        reader.read_to_string(&mut said).await.unwrap();
        assert_eq!((said.as_str(), control.code().await.unwrap()), ("旗標\n", 7));
        assert_eq!(
            shell(&bench, &name, "find /dev/shm -name '.rmp-*' ! -newer /proc/self").await,
            "",
            "no note is left"
        );
    })
    .await;
}
