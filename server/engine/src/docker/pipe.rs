//! Commands whose input and output are bytes as they are.
//!
//! Without a TTY the engine frames the output: standard output is taken out of the frames here, standard error is kept
//! apart in a bounded end. Reading goes only as far as the caller reads, so back-pressure reaches the command.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};

use super::DockerEngine;
use super::exec::{NOTED, Running};
use super::wire::{Duplex, Frames};
use crate::{EngineError, Pipe, PipeControl, PipeSpec, SAID_LIMIT};

/// Bytes read from the engine at once; the engine's frames are at most as long.
const CHUNK: usize = 32 * 1024;

impl DockerEngine {
    pub(super) async fn open_pipe(&self, container: &str, spec: PipeSpec) -> Result<Pipe, EngineError> {
        let note = self.note_name();
        let mut argv: Vec<String> = ["sh", "-c", NOTED, &note].map(str::to_owned).into();
        argv.extend(spec.argv);
        let mut env = vec![format!("USER={}", spec.user), format!("LOGNAME={}", spec.user)];
        env.extend(spec.env);
        let exec = self.create_exec(container, argv, &spec.user, false, env).await?;
        let running =
            Running { engine: self.clone(), container: container.to_owned(), user: spec.user, exec, note };
        let Duplex { reader, writer } = self.attach(&running.exec, false).await?;
        let said = Arc::new(Said::default());
        let reader = Box::pin(Output::new(reader, Arc::clone(&said)));
        Ok(Pipe {
            reader,
            writer,
            control: Arc::new(Control { running, said, gone: AtomicBool::new(false) }),
        })
    }
}

/// The end of what a command wrote to standard error.
#[derive(Default)]
struct Said(Mutex<VecDeque<u8>>);

impl Said {
    fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(SAID_LIMIT);
        kept.drain(..surplus);
    }

    fn text(&self) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned()
    }
}

/// Standard output, taken out of the engine's frames.
struct Output {
    inner: Pin<Box<dyn AsyncRead + Send>>,
    frames: Frames,
    chunk: Vec<u8>,
    waiting: BytesMut,
    said: Arc<Said>,
}

impl Output {
    fn new(inner: Pin<Box<dyn AsyncRead + Send>>, said: Arc<Said>) -> Self {
        Self { inner, frames: Frames::default(), chunk: vec![0; CHUNK], waiting: BytesMut::new(), said }
    }
}

impl AsyncRead for Output {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        // A frame of standard error alone is no output, and no end of it either.
        while this.waiting.is_empty() {
            let mut chunk = ReadBuf::new(&mut this.chunk);
            ready!(this.inner.as_mut().poll_read(context, &mut chunk))?;
            let read = chunk.filled();
            if read.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let (waiting, said) = (&mut this.waiting, &this.said);
            this.frames.push(
                read,
                |stderr, bytes| {
                    if stderr { said.push(bytes) } else { waiting.extend_from_slice(bytes) }
                },
            );
        }
        let length = out.remaining().min(this.waiting.len());
        out.put_slice(&this.waiting[..length]);
        this.waiting.advance(length);
        Poll::Ready(Ok(()))
    }
}

struct Control {
    running: Running,
    said: Arc<Said>,
    gone: AtomicBool,
}

#[async_trait]
impl PipeControl for Control {
    async fn code(&self) -> Result<i64, EngineError> {
        let code = self.running.code().await?;
        self.gone.store(true, Ordering::Relaxed);
        Ok(code)
    }

    fn said(&self) -> String {
        self.said.text()
    }

    async fn hangup(&self) -> Result<(), EngineError> {
        self.running.kill().await?;
        self.gone.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if !self.gone.load(Ordering::Relaxed) {
            self.running.clone().kill_late();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn output_comes_out_of_its_frames_and_errors_stay_apart() {
        let head = |kind: u8, length: u32| [&[kind, 0, 0, 0][..], &length.to_be_bytes()].concat();
        let framed =
            [head(2, 3), b"bad".to_vec(), head(1, 4), b"\x00\x01\x02\x03".to_vec(), head(1, 1), vec![9]];
        let said = Arc::new(Said::default());
        let mut output = Output::new(Box::pin(std::io::Cursor::new(framed.concat())), Arc::clone(&said));
        let mut small = [0; 3];
        assert_eq!(output.read(&mut small).await.unwrap(), 3, "a small buffer leaves the rest");
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).await.unwrap();
        assert_eq!((small, rest.as_slice()), ([0, 1, 2], &[3, 9][..]));
        assert_eq!(said.text(), "bad");
    }

    #[test]
    fn of_errors_the_end_is_kept() {
        let said = Said::default();
        said.push(&vec![b'x'; SAID_LIMIT]);
        said.push(b"the end");
        assert_eq!(said.text().len(), SAID_LIMIT);
        assert!(said.text().ends_with("the end"));
    }
}
