//! What a container writes.

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt};

use super::{DockerEngine, QUICK, translate};
use crate::{EngineError, LogLine, LogStream};

/// A line longer than this is cut in two.
const LONGEST: usize = 256 * 1024;

impl DockerEngine {
    pub(super) async fn read_logs(
        &self,
        container: &str,
        since_ms: i64,
        follow: bool,
    ) -> Result<LogStream, EngineError> {
        // A container that is not there would only show in the stream; ask before.
        self.inspect_one(container).await?;
        // The client takes whole seconds of 32 bits; the rest is filtered here.
        let since = i32::try_from(since_ms.max(0) / 1000).unwrap_or(i32::MAX);
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .follow(follow)
            .since(since)
            .build();
        let from_ns = since_ms.saturating_mul(1_000_000);
        let docker = self.docker().await?;
        let chunks = docker.logs(container, Some(options));
        let lines = chunks
            .map_err(translate)
            .chain(futures_util::stream::once(async { Ok(LogOutput::StdIn { message: Bytes::new() }) }))
            .scan(Joiner::default(), |joiner, chunk| {
                let lines: Vec<Result<LogLine, EngineError>> = match chunk {
                    Ok(LogOutput::StdErr { message }) => {
                        joiner.push(true, &message).map(Ok).into_iter().collect()
                    }
                    Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
                        joiner.push(false, &message).map(Ok).into_iter().collect()
                    }
                    // Nothing comes on standard input: this is the end put there above.
                    Ok(LogOutput::StdIn { .. }) => joiner.rest().map(Ok).collect(),
                    Err(error) => vec![Err(error)],
                };
                std::future::ready(Some(futures_util::stream::iter(lines)))
            })
            .flatten()
            .filter(move |line| std::future::ready(!matches!(line, Ok(line) if line.at_ns < from_ns)));
        Ok(lines.boxed())
    }

    pub(super) async fn last_lines(&self, container: &str, lines: usize) -> Result<Vec<String>, EngineError> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let chunks: Vec<LogOutput> = self
            .call("read the last lines of a container", QUICK, |docker| {
                docker.logs(container, Some(options)).try_collect::<Vec<_>>()
            })
            .await?;
        let text: Vec<u8> = chunks.into_iter().flat_map(LogOutput::into_bytes).collect();
        let text = String::from_utf8_lossy(&text);
        let all: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        Ok(all[all.len().saturating_sub(lines)..].to_vec())
    }
}

/// Joins the pieces of long lines: the engine cuts them at 16 KiB and gives every piece the time of the first.
#[derive(Default)]
struct Joiner {
    open: [Option<(i64, BytesMut)>; 2],
}

impl Joiner {
    fn push(&mut self, stderr: bool, piece: &[u8]) -> Option<LogLine> {
        let (at_ns, text) = stamped(piece)?;
        let ended = text.last() == Some(&b'\n');
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let slot = &mut self.open[usize::from(stderr)];
        let (at_ns, mut line) = slot.take().unwrap_or((at_ns, BytesMut::new()));
        line.extend_from_slice(text);
        if ended || line.len() >= LONGEST {
            Some(LogLine { at_ns, stderr, bytes: line.freeze() })
        } else {
            *slot = Some((at_ns, line));
            None
        }
    }

    fn rest(&mut self) -> impl Iterator<Item = LogLine> {
        let open = std::mem::take(&mut self.open);
        open.into_iter().enumerate().filter_map(|(which, slot)| {
            slot.map(|(at_ns, line)| LogLine { at_ns, stderr: which == 1, bytes: line.freeze() })
        })
    }
}

/// Splits `2026-01-02T03:04:05.678901234Z text`.
fn stamped(piece: &[u8]) -> Option<(i64, &[u8])> {
    let space = piece.iter().position(|byte| *byte == b' ')?;
    let stamp: jiff::Timestamp = std::str::from_utf8(&piece[..space]).ok()?.parse().ok()?;
    Some((i64::try_from(stamp.as_nanosecond()).ok()?, &piece[space + 1..]))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn long_lines_are_joined_and_streams_kept_apart() {
        let mut joiner = Joiner::default();
        assert!(joiner.push(false, b"2026-01-02T03:04:05.000000001Z one ").is_none());
        let error = joiner.push(true, b"2026-01-02T03:04:05.000000002Z bad\n").unwrap();
        assert_eq!((error.stderr, error.bytes.as_ref()), (true, &b"bad"[..]));
        let line = joiner.push(false, b"2026-01-02T03:04:05.000000001Z two\n").unwrap();
        assert_eq!(line.bytes.as_ref(), b"one two");
        assert_eq!(line.at_ns % 1_000_000_000, 1);
        assert!(joiner.push(false, b"2026-01-02T03:04:06Z no end").is_none());
        assert_eq!(joiner.rest().next().unwrap().bytes.as_ref(), b"no end");
        assert!(joiner.push(false, b"no stamp\n").is_none());
    }
}
