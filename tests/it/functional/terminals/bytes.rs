//! What goes through a terminal comes out as it went in, however much and however cut.

use std::time::{Duration, Instant};

use super::{listed, open, watch};
use crate::harness::stage::Scene;
use crate::harness::{SOON, docker, eventually};

/// Output that the server sends ahead of what a browser has drawn.
const WINDOW: usize = 256 * 1024;
/// What the engine, its pipes and the terminal line hold on top of that.
const UNDERWAY: usize = 2 * 1024 * 1024;

/// Characters cut in two, other encodings, noise: nothing is dropped, nothing ends the session.
pub async fn arrive_as_they_are(scene: &Scene) {
    let mut shell = open(scene.red(1), "bytes", 137, 41).await;
    assert!(shell.run("stty size", SOON).await.contains("41 137"));
    assert!(shell.run("echo $LANG", SOON).await.contains("C.UTF-8"));
    shell.run("stty -echo", SOON).await;
    let cut = shell.run("printf 'A \\345'; sleep 1; printf '\\217\\260 B\\n'", SOON).await;
    assert!(cut.contains("A 台 B\r\n"), "{cut:?}");

    let make = "for i in $(seq 20000); do echo \"第 $i 行：台灣地方政府資安攻防演練\"; done > zh.txt; wc -c < zh.txt";
    let size = shell.run(make, SOON).await;
    let wanted: usize = size.trim().lines().last().unwrap().trim().parse().unwrap();
    assert!(wanted > 1_000_000, "{size}");
    let from = shell.bytes.len();
    let text = shell.run("cat zh.txt", SOON * 2).await;
    assert!(text.contains("第 20000 行：台灣地方政府資安攻防演練\r\n"), "the last line is missing");
    assert!(!text.contains('\u{fffd}'), "a character was torn");
    assert!(shell.bytes.len() - from > wanted, "something was left out");

    let from = shell.bytes.len();
    shell.run("printf '\\244\\244\\244\\345\\n'", SOON).await;
    let has = |wanted: &[u8]| shell.bytes[from..].windows(wanted.len()).any(|part| part == wanted);
    assert!(has(b"\xa4\xa4\xa4\xe5\r\n"), "bytes that are no UTF-8 were changed");
    let noise = "head -c 65536 /dev/urandom; printf '\\033c\\033(B\\017'; stty sane; true";
    shell.run(noise, SOON).await;
    assert!(shell.run("echo alive-$((40+2))", SOON).await.contains("alive-42"));
    shell.type_in("exit\r").await;
    assert!(shell.read_until(SOON, |t| t.closed).await);
    assert_eq!(shell.states.last().map(String::as_str), Some("ended"));
}

/// 64 kB of Chinese lines, pasted at once.
pub async fn a_paste_arrives_whole(scene: &Scene) {
    let mut shell = open(scene.red(1), "paste", 80, 24).await;
    let line = "貼上的一行：縣府入口網 0123456789\n";
    let text = line.repeat(65_536 / line.len() + 1);
    shell.run("stty -echo", SOON).await;
    shell.type_in("cat > pasted\r").await;
    for part in text.as_bytes().chunks(4096) {
        // Cut where it falls, in the middle of characters too.
        shell.type_bytes(part).await;
    }
    shell.type_in("\u{4}").await;
    let sum = shell.run("sha256sum pasted; wc -c < pasted", SOON).await;
    let file = docker::host(&scene.exercise, 1, "attack");
    let wanted = {
        use std::io::Write;
        let mut child = std::process::Command::new("sha256sum")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        String::from_utf8(out.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
    };
    assert!(sum.contains(&wanted), "{} bytes were pasted into {file}: {sum}", text.len());
}

/// `yes`, read slowly: the server holds a window of it and no more, Ctrl-C works at once, others are not disturbed.
pub async fn a_flood_stops_at_its_maker(scene: &Scene) {
    let mut shell = open(scene.red(1), "flood", 80, 24).await;
    shell.run("true", SOON).await;
    let id = listed(scene).await.into_iter().next_back().unwrap();
    let mut other = open(scene.blue(1), "beside", 80, 24).await;
    other.run("true", SOON).await;
    let mut onlooker = watch(&scene.staff.instructor, &scene.exercise, &id).await;
    onlooker.draws = false;

    let before_kb = scene.server.resident_kb();
    shell.draws = false;
    let start = shell.bytes.len();
    shell.type_in("yes 洪水\r").await;
    // Nothing is said to be drawn: the server stops at its window.
    let filled = shell.read_until(SOON, |t| t.bytes.len() - start >= WINDOW).await;
    assert!(filled, "only {} bytes came", shell.bytes.len() - start);
    shell.read_until(Duration::from_secs(3), |_| false).await;
    let came = shell.bytes.len() - start;
    assert!(came < WINDOW + 128 * 1024, "{came} bytes came although nothing was drawn");

    // Read at full speed for a while, then Ctrl-C: what still comes is what was under way.
    shell.draws = true;
    shell.tell_drawn().await;
    shell.read_until(Duration::from_secs(5), |_| false).await;
    shell.read_until(SOON, |t| t.bytes.len() - start > 4 * WINDOW).await;
    let flooded = shell.bytes.len() - start;
    assert!(flooded > 4 * WINDOW, "{flooded}");
    let echo = Instant::now();
    other.run("echo beside", SOON).await;
    let beside = echo.elapsed();
    let at = shell.bytes.len();
    let pressed = Instant::now();
    shell.type_in("\u{3}").await;
    let stopped = shell.read_until(SOON, |t| t.bytes[at..].windows(2).any(|two| two == b"^C")).await;
    assert!(stopped, "Ctrl-C was not taken");
    let (rest, took) = (shell.bytes.len() - at, pressed.elapsed());
    assert!(rest < WINDOW + UNDERWAY, "{rest} bytes came after Ctrl-C");
    eprintln!("flood: {flooded} bytes, {rest} after Ctrl-C in {took:?}; another seat answered in {beside:?}");
    assert!(shell.run("echo calm-$((40+2))", SOON).await.contains("calm-42"));
    let grown = scene.server.resident_kb().saturating_sub(before_kb);
    assert!(grown < 80 * 1024, "the server grew by {grown} kB");

    // Who looked on without keeping up has the screen as it is now.
    onlooker.draws = true;
    onlooker.tell_drawn().await;
    assert!(onlooker.read_until(SOON, |t| t.output.contains("calm-42")).await, "the onlooker is left behind");
    let seen = onlooker.bytes.len();
    assert!(
        seen < flooded / 2 + 2 * WINDOW,
        "{seen} bytes of a flood of {flooded} for somebody who only looks"
    );
    assert_eq!(onlooker.sizes.last(), Some(&(80, 24)));
    assert!(shell.read_until(SOON, |t| t.watched).await, "nobody told that somebody looks on");
    onlooker.type_in("echo typed by the onlooker\r").await;
    drop(onlooker);
    assert!(shell.read_until(SOON, |t| !t.watched).await);
    assert!(!shell.output.contains("typed by the onlooker"));
    let list = format!("/exercises/{}/recordings/{id}", scene.exercise);
    eventually("the recording can be played", SOON, || async {
        scene.staff.instructor.get(&list).await.status.is_success().then_some(())
    })
    .await;
    let file = scene.server.data().join("recordings").join(&scene.exercise).join(format!("{id}.cast"));
    let recorded = eventually("the recording has what came after the flood", SOON, || async {
        let recorded = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        (recorded.contains("calm-42") && recorded.contains("\"watched\"")).then_some(recorded)
    })
    .await;
    assert!(recorded.len() < 4 * 1024 * 1024, "{} bytes recorded of a flood", recorded.len());
}

/// Rounds of Ctrl-C in a flood, here and by the engine's own command line in turns.
const ROUNDS: usize = 5;
/// So many times as long as the engine's own command line may the product take to hand on Ctrl-C in a flood. Generous: eight
/// times were seen with a build beside it; here what is under way is drawn and told to the server, there it is a pipe.
const ROOM: f64 = 100.0;

/// A flood in a shell of the engine's own command line, on a terminal of ours that reads all of it: seconds from Ctrl-C until
/// its echo came.
fn by_the_engine(container: &str) -> f64 {
    let script = r"
import os, pty, sys, time
pid, tty = pty.fork()
if pid == 0:
    os.execvp('docker', ['docker', 'exec', '-it', sys.argv[1], 'bash', '--norc'])
def read(done, limit):
    tail, came, end = b'', 0, time.monotonic() + limit
    while time.monotonic() < end:
        piece = os.read(tty, 65536)
        came, tail = came + len(piece), (tail + piece)[-70000:]
        if done(tail):
            return came
    assert limit < 5, tail[-200:]
    return came
os.write(tty, b'echo calm-$((40+2))\r')
read(lambda tail: b'calm-42' in tail, 60)
os.write(tty, 'yes 洪水\r'.encode())
assert read(lambda tail: False, 1) > 1000000
pressed = time.monotonic()
os.write(tty, b'\3')
read(lambda tail: b'^C' in tail, 60)
print(time.monotonic() - pressed)
os.write(tty, b'\rexit\r')
";
    let out = std::process::Command::new("python3").args(["-c", script, container]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said} {}", String::from_utf8_lossy(&out.stderr));
    said.trim().parse().unwrap()
}

/// Ctrl-C in a flood, read at full speed, against the same by the engine's own command line.
pub async fn ctrl_c_is_near_the_engines_own(scene: &Scene) {
    let mut shell = open(scene.red(1), "stop", 80, 24).await;
    shell.run("true", SOON).await;
    let container = docker::host(&scene.exercise, 1, "attack");
    let (mut ours, mut engines) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let at = shell.bytes.len();
        shell.type_in("yes 洪水\r").await;
        shell.read_until(Duration::from_secs(1), |_| false).await;
        assert!(shell.read_until(SOON, |t| t.bytes.len() > at + 4 * WINDOW).await, "no flood");
        let at = shell.bytes.len();
        let pressed = Instant::now();
        shell.type_in("\u{3}").await;
        let stopped = shell.read_until(SOON, |t| t.bytes[at..].windows(2).any(|two| two == b"^C")).await;
        assert!(stopped, "Ctrl-C was not taken");
        ours.push(pressed.elapsed().as_secs_f64());
        shell.run("true", SOON).await;
        let container = container.clone();
        engines.push(tokio::task::spawn_blocking(move || by_the_engine(&container)).await.unwrap());
    }
    eprintln!("Ctrl-C in a flood: {ours:.3?} s, by the engine's own command line {engines:.3?} s");
    ours.sort_by(f64::total_cmp);
    engines.sort_by(f64::total_cmp);
    let ratio = ours[ROUNDS / 2] / engines[ROUNDS / 2];
    assert!(ratio < ROOM, "{ratio:.1} times as long as the engine's own: {ours:.3?} s, {engines:.3?} s");
}
