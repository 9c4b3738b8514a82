//! What every engine does.

use std::time::Duration;

use rampart_engine::archive::{self, File};
use rampart_engine::{EngineError, ExecSpec, Pipe, PipeSpec, State, TerminalSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, LONG, on_all, until};

fn conflict<T: std::fmt::Debug>(answer: &Result<T, EngineError>) -> bool {
    matches!(answer, Err(EngineError::Conflict(_)))
}

fn not_found<T: std::fmt::Debug>(answer: &Result<T, EngineError>) -> bool {
    matches!(answer, Err(EngineError::NotFound(_)))
}

async fn state(bench: &Bench, name: &str) -> State {
    bench.engine.observe(&bench.run).await.unwrap().container(name).unwrap().state.clone()
}

#[tokio::test]
async fn objects_are_made_found_by_label_and_removed() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        engine.mark("house-of-tests");
        let network = bench.network(0);
        let labels = bench.labels("zone0");
        assert!(engine.observe(&bench.run).await.unwrap().is_empty());
        engine.create_network(&network, &labels).await.unwrap();
        assert!(conflict(&engine.create_network(&network, &labels).await), "same name");
        let mut overlapping = bench.network(1);
        overlapping.subnet = network.subnet;
        overlapping.router = network.router;
        let answer = engine.create_network(&overlapping, &labels).await;
        assert!(conflict(&answer), "same subnet: {answer:?}");
        assert!(engine.subnets().await.unwrap().contains(&(network.name.clone(), network.subnet)));

        let host = bench.host("www", vec![bench.leg(&network, 10)]);
        let id = engine.create_container(&host, &bench.labels("www")).await.unwrap();
        assert!(conflict(&engine.create_container(&host, &bench.labels("www")).await), "same name");
        let seen = engine.observe(&bench.run).await.unwrap();
        assert_eq!((seen.networks.len(), seen.containers.len()), (1, 1));
        assert_eq!(
            (seen.networks[0].name.as_str(), seen.networks[0].zone.as_str()),
            (network.name.as_str(), "zone0")
        );
        let container = &seen.containers[0];
        assert_eq!(
            (container.id.as_str(), container.host.as_str(), container.range),
            (id.as_str(), "www", 1)
        );
        assert_eq!((container.plan.as_str(), &container.state), ("p", &State::Created));
        assert!(engine.list_runs().await.unwrap().contains(&bench.run));
        engine.mark("another-house");
        let seen = engine.runs().await.unwrap().remove(&bench.run).unwrap();
        assert_eq!((seen.containers, seen.networks), (1, 1));
        assert_eq!(seen.house.as_deref(), Some("house-of-tests"), "the first mark counts");
        assert!(engine.observe("no-such-run").await.unwrap().is_empty());

        engine.start(&host.name).await.unwrap();
        engine.start(&host.name).await.unwrap();
        assert!(conflict(&engine.remove_network(&network.name).await), "still attached");
        engine.remove(&host.name).await.unwrap();
        assert!(not_found(&engine.remove(&host.name).await));
        engine.remove_network(&network.name).await.unwrap();
        assert!(not_found(&engine.remove_network(&network.name).await));
        assert!(!engine.list_runs().await.unwrap().contains(&bench.run));
    })
    .await;
}

#[tokio::test]
async fn states_follow_what_is_asked() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        let name = bench.started("www").await;
        assert_eq!(state(&bench, &name).await, State::Running);
        assert!(conflict(&engine.unpause(&name).await));
        engine.pause(&name).await.unwrap();
        assert_eq!(state(&bench, &name).await, State::Paused);
        assert!(conflict(&engine.pause(&name).await));
        let answer = engine.exec(&name, ExecSpec::new(["true"])).await;
        assert!(conflict(&answer), "frozen: {answer:?}");
        engine.unpause(&name).await.unwrap();
        assert!(engine.exec(&name, ExecSpec::new(["true"])).await.unwrap().ok());
        let started = async || engine.inspect(&name).await.unwrap().started_ms;
        let before = started().await;
        engine.restart(&name).await.unwrap();
        assert_eq!(state(&bench, &name).await, State::Running);
        assert!(before.is_some() && started().await >= before, "{before:?}");
        engine.stop(&name).await.unwrap();
        engine.stop(&name).await.unwrap();
        let State::Exited(end) = state(&bench, &name).await else { panic!("not ended") };
        assert!(!end.oom && end.finished_ms.is_some());
        let answer = engine.exec(&name, ExecSpec::new(["true"])).await;
        assert!(conflict(&answer), "stopped: {answer:?}");
        assert!(conflict(&engine.pause(&name).await));
        engine.start(&name).await.unwrap();
        engine.pause(&name).await.unwrap();
        engine.remove(&name).await.unwrap();
        for answer in [
            engine.start(&name).await,
            engine.stop(&name).await,
            engine.pause(&name).await,
            engine.unpause(&name).await,
            engine.restart(&name).await,
            engine.inspect(&name).await.map(|_| ()),
            engine.exec(&name, ExecSpec::new(["true"])).await.map(|_| ()),
            engine.tail(&name, 5).await.map(|_| ()),
            engine.put_files(&name, "/", archive::pack(&[]).unwrap()).await,
            engine.get_file(&name, "/etc/passwd", 1000).await.map(|_| ()),
            engine.logs(&name, 0, false).await.map(|_| ()),
        ] {
            assert!(not_found(&answer), "{answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_is_named() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        let network = bench.network(0);
        let mut host = bench.host("www", vec![bench.leg(&network, 10)]);
        host.image = "rampart/no-such-image:latest".into();
        engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        match engine.create_container(&host, &bench.labels("www")).await {
            Err(EngineError::NotFound(text)) => assert!(text.contains("no-such-image"), "{text}"),
            other => panic!("{other:?}"),
        }
        assert!(not_found(&engine.connect(&host.name, &bench.leg(&network, 11)).await));
        assert!(engine.observe(&bench.run).await.unwrap().containers.is_empty(), "nothing half-made");
        assert!(not_found(&engine.remove_image("rampart/no-such-image:latest").await));
    })
    .await;
}

#[tokio::test]
async fn commands_have_input_output_code_and_bounds() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        let name = bench.started("www").await;
        let run = async |spec: ExecSpec| engine.exec(&name, spec).await.unwrap();
        assert!(run(ExecSpec::new(["true"])).await.ok());
        assert_eq!(run(ExecSpec::new(["false"])).await.code, 1);
        assert_eq!(run(ExecSpec::new(["echo", "旗標", "$HOME;"])).await.text(), "旗標 $HOME;\n");
        let bytes: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        assert_eq!(run(ExecSpec::new(["cat"]).stdin(bytes.clone())).await.stdout, bytes);
        let cut = run(ExecSpec::new(["cat"]).stdin(bytes).limit(1000)).await;
        assert_eq!((cut.truncated, cut.stdout.len(), cut.ok()), (true, 1000, false));
        let start = std::time::Instant::now();
        let late = run(ExecSpec::new(["sleep", "30"]).timeout_ms(300)).await;
        assert_eq!((late.timed_out, late.code, late.ok()), (true, -1, false));
        // It would take 30 s by itself.
        assert!(start.elapsed() < Duration::from_secs(25));
    })
    .await;
}

#[tokio::test]
async fn files_go_in_before_the_start_and_come_out() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        let network = bench.network(0);
        engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        let host = bench.host("www", vec![bench.leg(&network, 10)]);
        engine.create_container(&host, &bench.labels("www")).await.unwrap();
        let file = File {
            path: "/srv/new/folder/旗標.txt".into(),
            mode: 0o640,
            uid: 33,
            gid: 33,
            content: "旗標 RMP{…}\n".into(),
        };
        engine.put_files(&host.name, "/", archive::pack(std::slice::from_ref(&file)).unwrap()).await.unwrap();
        assert_eq!(engine.get_file(&host.name, &file.path, 1000).await.unwrap(), file);
        assert!(matches!(engine.get_file(&host.name, &file.path, 3).await, Err(EngineError::Refused(_))));
        assert!(not_found(&engine.get_file(&host.name, "/srv/none", 1000).await));
        engine.start(&host.name).await.unwrap();
        assert_eq!(engine.get_file(&host.name, &file.path, 1000).await.unwrap(), file);
        assert!(
            engine.get_file(&host.name, "/etc/passwd", 1 << 20).await.unwrap().content.starts_with(b"root:")
        );
    })
    .await;
}

#[tokio::test]
async fn a_terminal_says_back_and_ends() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        let name = bench.started("desk").await;
        let spec = TerminalSpec {
            argv: vec!["bash".into(), "-l".into()],
            user: "root".into(),
            cols: 100,
            rows: 30,
            term: "xterm-256color".into(),
            env: Vec::new(),
        };
        let mut terminal = engine.terminal(&name, spec).await.unwrap();
        terminal.writer.write_all("echo 公文\n".as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        let wanted = "公文".as_bytes();
        let read = async {
            while !seen.windows(wanted.len()).any(|window| window == wanted) {
                assert_ne!(terminal.reader.read_buf(&mut seen).await.unwrap(), 0);
            }
        };
        tokio::time::timeout(LONG, read).await.unwrap();
        terminal.control.resize(137, 41).await.unwrap();
        terminal.control.hangup().await.unwrap();
        terminal.control.hangup().await.unwrap();
        assert!(terminal.control.resize(80, 24).await.is_err());
        let rest = tokio::time::timeout(LONG, async {
            let mut rest = Vec::new();
            let _ = terminal.reader.read_to_end(&mut rest).await;
        });
        rest.await.unwrap();
        engine.stop(&name).await.unwrap();
        assert!(conflict(
            &engine
                .terminal(
                    &name,
                    TerminalSpec {
                        argv: vec!["sh".into()],
                        user: "root".into(),
                        cols: 80,
                        rows: 24,
                        term: "xterm".into(),
                        env: Vec::new(),
                    }
                )
                .await
                .map(|_| ())
        ));
        until("stopped", Duration::from_secs(5), async || {
            matches!(state(&bench, &name).await, State::Exited(_))
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_pipe_carries_any_byte_both_ways_and_tells_how_it_ended() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        let name = bench.started("desk").await;
        let open = async |argv: &[&str]| {
            engine.pipe(&name, PipeSpec::new("root", argv.iter().copied())).await.unwrap()
        };
        // More than fits into every buffer on the way, so it passes only when both directions flow at once.
        let sent: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        let Pipe { mut reader, mut writer, control } = open(&["cat"]).await;
        let write = async {
            writer.write_all(&sent).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let read = async {
            let mut got = Vec::new();
            reader.read_to_end(&mut got).await.unwrap();
            got
        };
        let both = async { tokio::join!(write, read).1 };
        let got = tokio::time::timeout(LONG, both).await.unwrap();
        assert!(got == sent, "{} bytes came back of {}", got.len(), sent.len());
        assert_eq!(control.code().await.unwrap(), 0);
        control.hangup().await.unwrap();

        let failed = open(&["false"]).await;
        let Pipe { mut reader, mut writer, control } = failed;
        let _ = writer.shutdown().await;
        let mut nothing = Vec::new();
        reader.read_to_end(&mut nothing).await.unwrap();
        assert_eq!((nothing.len(), control.code().await.unwrap()), (0, 1));

        engine.pause(&name).await.unwrap();
        let frozen = engine.pipe(&name, PipeSpec::new("root", ["cat"])).await;
        assert!(conflict(&frozen), "frozen: {frozen:?}");
        engine.unpause(&name).await.unwrap();
        engine.stop(&name).await.unwrap();
        let stopped = engine.pipe(&name, PipeSpec::new("root", ["cat"])).await;
        assert!(conflict(&stopped), "stopped: {stopped:?}");
        engine.remove(&name).await.unwrap();
        assert!(not_found(&engine.pipe(&name, PipeSpec::new("root", ["cat"])).await));
    })
    .await;
}

#[tokio::test]
async fn a_pipe_that_is_hung_up_ends_on_both_sides() {
    on_all(async |bench: Bench| {
        let engine = &bench.engine;
        let name = bench.started("desk").await;
        let Pipe { mut reader, mut writer, control } =
            engine.pipe(&name, PipeSpec::new("root", ["cat"])).await.unwrap();
        writer.write_all(b"ping").await.unwrap();
        let mut back = [0; 4];
        tokio::time::timeout(LONG, reader.read_exact(&mut back)).await.unwrap().unwrap();
        assert_eq!(&back, b"ping");
        control.hangup().await.unwrap();
        let mut rest = Vec::new();
        let end = tokio::time::timeout(LONG, reader.read_to_end(&mut rest));
        let _ = end.await.unwrap();
        assert!(rest.is_empty());
        control.hangup().await.unwrap();
        assert_ne!(control.code().await.unwrap(), 0, "it did not end by itself");
    })
    .await;
}
