//! Commands and terminals in containers.
//!
//! The engine cannot end an exec. So every command notes its process number in a file, and is ended by a second exec of
//! the same user (without the capability KILL root itself may not signal other users). Each exec is a session of its
//! own, so everything that it started and that did not leave the session ends with it. The files lie in `/dev/shm`,
//! which is every container's own and empty after a restart. Their names say which life of which installation's server
//! wrote them ([`super::sweep`]).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bollard::exec::{CreateExecOptions, ResizeExecOptions};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout_at};

use super::wire::{self, Duplex, Frames};
use super::{DockerEngine, QUICK};
use crate::{EngineError, ExecOut, ExecSpec, Terminal, TerminalControl, TerminalSpec};

/// Notes this shell's process number and when it started, so that a number that was given out again is told apart.
macro_rules! noting {
    () => {
        r#"(umask 077; read -r s < /proc/$$/stat; set -- ${s##*) }; echo "$$ ${20}" > "$0") 2>/dev/null; "#
    };
}
/// Reads the process number of a note, or ends.
macro_rules! noted {
    () => {
        r#"{ read -r p t < "$0"; } 2>/dev/null || exit 0
case $p in ''|*[!0-9]*) exit 0;; esac
"#
    };
}
/// Runs a command, notes its process number while it runs, and gives its exit code.
pub(super) const NOTED: &str = concat!(noting!(), r#""$@"; c=$?; rm -f "$0"; exit $c"#);
/// Becomes a shell in its home folder, its process number noted.
const SHELL: &str = concat!(noting!(), r#"cd "$HOME" 2>/dev/null || cd /; exec "$@""#);
/// Ends everything of a noted command at once.
const KILL: &str = concat!(
    noted!(),
    r#"pkill -KILL -s "$p" 2>/dev/null; kill -KILL -- "-$p" 2>/dev/null; rm -f "$0"; exit 0"#
);
/// Hangs up a noted shell, and ends everything of it if it will not go.
const HANG_UP: &str = concat!(
    noted!(),
    r#"kill -HUP "$p" 2>/dev/null; i=0
while kill -0 "$p" 2>/dev/null && [ $i -lt 20 ]; do sleep 0.1; i=$((i+1)); done
if kill -0 "$p" 2>/dev/null; then pkill -KILL -s "$p" 2>/dev/null; kill -KILL "$p" 2>/dev/null; fi
rm -f "$0"; exit 0"#
);

/// How long ending a command may take before it counts as failed.
const END_WITHIN: Duration = Duration::from_secs(10);
/// How long the engine may take to note that a command has ended whose output has.
const NOTE_WITHIN: Duration = Duration::from_secs(10);
/// A dropped terminal of a frozen container is hung up when it is thawed: tries, and time between them.
pub(super) const LATE_TRIES: u32 = 720;
pub(super) const LATE_EVERY: Duration = Duration::from_secs(5);

/// An exec that is running, and how to end it.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) engine: DockerEngine,
    pub(super) container: String,
    pub(super) user: String,
    pub(super) exec: String,
    pub(super) note: String,
}

impl DockerEngine {
    pub(super) async fn create_exec(
        &self,
        container: &str,
        argv: Vec<String>,
        user: &str,
        tty: bool,
        env: Vec<String>,
    ) -> Result<String, EngineError> {
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(tty),
            env: Some(env),
            cmd: Some(argv),
            user: Some(user.to_owned()).filter(|user| !user.is_empty()),
            ..CreateExecOptions::default()
        };
        let made = self
            .call("run a command in a container", QUICK, |docker| docker.create_exec(container, options))
            .await?;
        Ok(made.id)
    }

    /// Starts an exec and gives its two directions, once its process really runs: the engine answers before that, and a
    /// container frozen in between would hang the engine (see [`Inner::freezing`](super::Inner)).
    pub(super) async fn attach(&self, exec: &str, tty: bool) -> Result<Duplex, EngineError> {
        let version = self.version().await?;
        let _not_freezing = self.inner.freezing.read().await;
        let answer = wire::start_exec(&self.inner.address, &version, exec, tty, QUICK).await;
        self.heard(&answer);
        if answer.is_ok() {
            self.until_started(exec).await;
        }
        answer
    }

    /// Waits until an exec has a process or has ended. Not knowing it in time is no failure of the command.
    async fn until_started(&self, exec: &str) {
        let deadline = Instant::now() + QUICK;
        let mut pause = Duration::from_millis(2);
        while Instant::now() < deadline {
            let state = self.call("inspect a command", QUICK, |docker| docker.inspect_exec(exec)).await;
            match state {
                Ok(state) if state.pid.unwrap_or(0) == 0 && state.exit_code.is_none() => {}
                Ok(_) | Err(_) => return,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// (still running, exit code).
    async fn exec_state(&self, exec: &str) -> Result<(bool, i64), EngineError> {
        match self.call("inspect a command", QUICK, |docker| docker.inspect_exec(exec)).await {
            Ok(state) => Ok((state.running.unwrap_or(false), state.exit_code.unwrap_or(-1))),
            // The engine forgets commands of containers that are gone.
            Err(EngineError::NotFound(_)) => Ok((false, -1)),
            Err(other) => Err(other),
        }
    }

    pub(super) async fn run_exec(&self, container: &str, spec: ExecSpec) -> Result<ExecOut, EngineError> {
        let _turn = self.inner.commands.acquire().await;
        let note = self.note_name();
        let mut argv: Vec<String> = ["sh", "-c", NOTED, &note].map(str::to_owned).into();
        argv.extend(spec.argv);
        let exec = self.create_exec(container, argv, &spec.user, false, Vec::new()).await?;
        let running =
            Running { engine: self.clone(), container: container.to_owned(), user: spec.user, exec, note };
        let deadline = Instant::now() + Duration::from_millis(spec.timeout_ms);
        let Duplex { mut reader, mut writer } = self.attach(&running.exec, false).await?;
        // From here on the command may run: whoever drops this future must not leave it behind.
        let mut leash = Leash(Some(running.clone()));

        let mut out = ExecOut { code: -1, ..ExecOut::default() };
        let input = async {
            // A command that does not read its input is no error.
            let _ = writer.write_all(&spec.stdin).await;
            let _ = writer.shutdown().await;
            writer
        };
        let work = async { tokio::join!(input, collect(&mut reader, spec.limit, &mut out)).1 };
        match timeout_at(deadline, work).await {
            Ok(Ok(())) if !out.truncated => {}
            Ok(Err(lost)) => return Err(lost),
            ended_by_us => {
                // The engine does not call a command ended while its output waits to be read.
                tokio::select! {
                    killed = running.kill() => killed?,
                    () = swallow(&mut reader) => {}
                }
                leash.0 = None;
                out.timed_out = ended_by_us.is_err();
                return Ok(out);
            }
        }
        leash.0 = None;
        out.code = running.code().await?;
        Ok(out)
    }

    pub(super) async fn open_terminal(
        &self,
        container: &str,
        spec: TerminalSpec,
    ) -> Result<Terminal, EngineError> {
        let note = self.note_name();
        let mut argv: Vec<String> = ["sh", "-c", SHELL, &note].map(str::to_owned).into();
        argv.extend(spec.argv);
        let mut env = vec![
            format!("TERM={}", spec.term),
            format!("USER={}", spec.user),
            format!("LOGNAME={}", spec.user),
        ];
        env.extend(spec.env);
        let exec = self.create_exec(container, argv, &spec.user, true, env).await?;
        let running =
            Running { engine: self.clone(), container: container.to_owned(), user: spec.user, exec, note };
        let Duplex { reader, writer } = self.attach(&running.exec, true).await?;
        let control = Control { running, gone: AtomicBool::new(false) };
        control.first_size(spec.cols, spec.rows).await?;
        Ok(Terminal { reader, writer, control: Arc::new(control) })
    }
}

/// Reads both outputs until they end or exceed the limit.
async fn collect(
    reader: &mut Pin<Box<dyn AsyncRead + Send>>,
    limit: usize,
    out: &mut ExecOut,
) -> Result<(), EngineError> {
    let mut frames = Frames::default();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let read =
            reader.read(&mut buffer).await.map_err(|_| EngineError::NodeUnreachable { since_ms: None })?;
        if read == 0 {
            return Ok(());
        }
        frames.push(&buffer[..read], |stderr, bytes| {
            let room = limit.saturating_sub(out.stdout.len() + out.stderr.len());
            let kept = &bytes[..bytes.len().min(room)];
            if stderr {
                out.stderr.extend_from_slice(kept)
            } else {
                out.stdout.extend_from_slice(kept)
            }
            out.truncated |= kept.len() < bytes.len();
        });
        if out.truncated {
            return Ok(());
        }
    }
}

/// Reads and forgets; never ends.
async fn swallow(reader: &mut Pin<Box<dyn AsyncRead + Send>>) {
    let mut buffer = vec![0; 32 * 1024];
    while matches!(reader.read(&mut buffer).await, Ok(read) if read > 0) {}
    std::future::pending().await
}

impl Running {
    /// Exit code of a command whose output has ended.
    pub(super) async fn code(&self) -> Result<i64, EngineError> {
        let until = Instant::now() + NOTE_WITHIN;
        loop {
            let (running, code) = self.engine.exec_state(&self.exec).await?;
            if !running {
                return Ok(code);
            }
            if Instant::now() > until {
                // It closed its outputs and goes on: a daemon started by hand. It is not ours to wait for.
                self.kill().await?;
                return Ok(-1);
            }
            sleep(Duration::from_millis(25)).await;
        }
    }

    /// Runs one of the scripts above as the same user, without a note of its own.
    async fn script(&self, script: &str) -> Result<(), EngineError> {
        let argv = ["sh", "-c", script, &self.note].map(str::to_owned).into();
        let exec = self.engine.create_exec(&self.container, argv, &self.user, false, Vec::new()).await?;
        let Duplex { mut reader, .. } = self.engine.attach(&exec, false).await?;
        let mut out = ExecOut::default();
        tokio::time::timeout(END_WITHIN, collect(&mut reader, 4096, &mut out))
            .await
            .map_err(|_| EngineError::Timeout("end a command in a container".into()))?
    }

    /// Ends it by force and waits until it is gone.
    pub(super) async fn kill(&self) -> Result<(), EngineError> {
        self.end(KILL).await
    }

    async fn end(&self, script: &str) -> Result<(), EngineError> {
        let until = Instant::now() + END_WITHIN;
        loop {
            if !self.engine.exec_state(&self.exec).await?.0 {
                return Ok(());
            }
            // Again if need be: the note may not have been written when we first looked.
            match self.script(script).await {
                Err(EngineError::NotFound(_)) => return Ok(()),
                // A dead container has no processes; a frozen one has.
                Err(EngineError::Conflict(text)) if !text.contains("paused") => return Ok(()),
                other => other?,
            }
            if Instant::now() > until {
                return Err(EngineError::Timeout("end a command in a container".into()));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it by force in the background, for a caller that went away.
    pub(super) fn kill_late(self) {
        self.end_late(KILL);
    }

    /// Ends it in the background, however long the container stays frozen.
    fn end_late(self, script: &'static str) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            for _ in 0..LATE_TRIES {
                match self.end(script).await {
                    Err(EngineError::Conflict(_)) => sleep(LATE_EVERY).await,
                    Ok(()) => return,
                    Err(error) => {
                        tracing::warn!(container = self.container, %error, "a command was left in a container");
                        return;
                    }
                }
            }
        });
    }
}

/// Ends a command whose caller went away.
struct Leash(Option<Running>);

impl Drop for Leash {
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            running.end_late(KILL);
        }
    }
}

struct Control {
    running: Running,
    gone: AtomicBool,
}

impl Control {
    /// The size at the start. The engine may not have the TTY yet when it has answered.
    async fn first_size(&self, cols: u16, rows: u16) -> Result<(), EngineError> {
        let until = Instant::now() + Duration::from_secs(3);
        loop {
            match self.resize(cols, rows).await {
                Ok(()) => return Ok(()),
                Err(silent) if silent.is_silence() => return Err(silent),
                Err(other) => {
                    // A shell that has ended at once has nothing to resize; its output says why.
                    if Instant::now() > until || !self.running.engine.exec_state(&self.running.exec).await?.0
                    {
                        tracing::debug!(error = %other, "a terminal has no size");
                        return Ok(());
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

#[async_trait]
impl TerminalControl for Control {
    async fn resize(&self, cols: u16, rows: u16) -> Result<(), EngineError> {
        let size = ResizeExecOptions { height: rows.max(1), width: cols.max(1) };
        self.running
            .engine
            .call("resize a terminal", QUICK, |docker| docker.resize_exec(&self.running.exec, size))
            .await
    }

    async fn hangup(&self) -> Result<(), EngineError> {
        self.running.end(HANG_UP).await?;
        self.gone.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if !self.gone.load(Ordering::Relaxed) {
            self.running.clone().end_late(HANG_UP);
        }
    }
}
