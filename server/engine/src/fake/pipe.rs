//! Pipes of the engine in memory. `cat` gives back what it gets as it gets it; any other command first takes its whole
//! input, then answers as [`FakeEngine`] answers any command.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{FakeEngine, Script, imitate};
use crate::{EngineError, ExecOut, ExecSpec, Pipe, PipeControl, PipeSpec};

/// What may wait in a direction, bytes.
const BUFFER: usize = 64 * 1024;

pub(super) fn open(fake: FakeEngine, container: &str, spec: PipeSpec, script: Option<Script>) -> Pipe {
    let (person, command) = tokio::io::duplex(BUFFER);
    let (reader, writer) = tokio::io::split(person);
    let (tell, ended) = watch::channel(None);
    let said = Arc::new(Mutex::new(String::new()));
    let (container, told) = (container.to_owned(), Arc::clone(&said));
    let running = Running(fake);
    let task = tokio::spawn(async move {
        let _running = running;
        let out = run(command, &container, spec, script).await;
        let text = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        *told.lock().unwrap_or_else(PoisonError::into_inner) = text;
        let _ = tell.send(Some(out.code));
    });
    let control = Control { task: task.abort_handle(), ended, said };
    Pipe { reader: Box::pin(reader), writer: Box::pin(writer), control: Arc::new(control) }
}

async fn run(command: DuplexStream, container: &str, spec: PipeSpec, script: Option<Script>) -> ExecOut {
    let (mut from, mut to) = tokio::io::split(command);
    if spec.argv.first().is_some_and(|word| word == "cat") {
        let _ = tokio::io::copy(&mut from, &mut to).await;
        return ExecOut::default();
    }
    let mut exec = ExecSpec::new(spec.argv).user(&spec.user).timeout_ms(u64::MAX).limit(usize::MAX);
    let _ = from.read_to_end(&mut exec.stdin).await;
    let out = match script.and_then(|script| script(container, &exec)) {
        Some(out) => out,
        None => imitate(&exec).await,
    };
    let _ = to.write_all(&out.stdout).await;
    out
}

/// Counts a command among those that run.
struct Running(FakeEngine);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().pipes -= 1;
    }
}

struct Control {
    task: AbortHandle,
    ended: watch::Receiver<Option<i64>>,
    said: Arc<Mutex<String>>,
}

#[async_trait]
impl PipeControl for Control {
    async fn code(&self) -> Result<i64, EngineError> {
        let mut ended = self.ended.clone();
        // Hung up, it has no code of its own.
        let code = ended.wait_for(Option::is_some).await.ok().and_then(|code| *code);
        Ok(code.unwrap_or(-1))
    }

    fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn hangup(&self) -> Result<(), EngineError> {
        self.task.abort();
        Ok(())
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}
