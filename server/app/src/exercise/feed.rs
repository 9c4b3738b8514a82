//! What watchers of an exercise get: the board, serialised and packed once for everybody.
//!
//! A stream is plain text or gzip, as the browser likes. The packed form of a piece refers to nothing before it, so the
//! same bytes fit into every stream, wherever it is: ten thousand watchers cost one packing.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use scoreboard::{Audience, Fold};
use tokio::sync::broadcast;

/// Updates kept for clients that come back; who was away longer gets a snapshot.
const KEPT: usize = 256;
/// What a gzip stream begins with: no name, no time, no system.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A piece of a stream of events, ready to be sent to anybody.
#[derive(Debug, Clone)]
pub struct Frame {
    plain: Bytes,
    packed: Bytes,
}

impl Frame {
    /// An event with its position. `json` has no line breaks.
    fn event(name: &str, seq: u64, json: &str) -> Self {
        Self::of(format!("event: {name}\nid: {seq}\ndata: {json}\n\n"))
    }

    /// A sign of life: proxies cut what is silent for a minute.
    fn alive() -> Self {
        Self::of(": alive\n\n".to_owned())
    }

    fn of(text: String) -> Self {
        let packed = pack(text.as_bytes());
        Self { plain: text.into(), packed: packed.into() }
    }

    /// Its bytes in a stream of this kind.
    #[must_use]
    pub fn bytes(&self, packed: bool) -> Bytes {
        if packed { self.packed.clone() } else { self.plain.clone() }
    }

    /// What a packed stream begins with.
    #[must_use]
    pub fn head() -> Bytes {
        Bytes::from_static(&GZIP_HEAD)
    }
}

/// Deflates one piece by itself and up to a whole byte.
fn pack(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() / 2 + 64);
    let mut packer = Compress::new(Compression::default(), false);
    loop {
        let done = usize::try_from(packer.total_in()).unwrap_or(usize::MAX);
        let rest = text.get(done..).unwrap_or_default();
        let said = packer.compress_vec(rest, &mut packed, FlushCompress::Sync);
        // All is out when there is room left over; deflating into memory has no other way to fail.
        if packed.len() < packed.capacity() || !matches!(said, Ok(Status::Ok | Status::BufError)) {
            return packed;
        }
        packed.reserve(packed.len() + 64);
    }
}

/// A JSON document at a ledger position, ready to be sent.
#[derive(Debug, Clone)]
pub struct Document {
    /// Ledger position.
    pub seq: u64,
    /// As text.
    pub json: Bytes,
    /// Packed (gzip).
    pub packed: Bytes,
}

impl Document {
    /// Serialises and packs a value.
    pub(crate) fn of(seq: u64, value: &impl serde::Serialize) -> Self {
        let json = serialise(value);
        let mut packer = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::default());
        // Writing to memory does not fail.
        let packed = packer.write_all(json.as_bytes()).and_then(|()| packer.finish()).unwrap_or_default();
        Self { seq, json: json.into(), packed: packed.into() }
    }
}

/// One update of the board, or a sign of life.
#[derive(Debug, Clone)]
pub struct Update {
    /// Ledger position it starts from.
    pub from: u64,
    /// Ledger position it leads to; the id of the event. The same as `from` for a sign of life.
    pub seq: u64,
    /// What is sent.
    pub frame: Frame,
}

/// The whole board as the first event of a stream.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Ledger position.
    pub seq: u64,
    /// What is sent.
    pub frame: Frame,
}

struct Shown {
    fold: Fold,
    /// Position of what is shown.
    seq: u64,
    /// The board as an event and as a document; made when somebody asks, once for each position.
    snapshot: Option<Snapshot>,
    document: Option<Document>,
    recent: VecDeque<Arc<Update>>,
    /// `None` once it is over.
    updates: Option<broadcast::Sender<Arc<Update>>>,
}

/// The board of one exercise as watchers see it.
pub struct BoardFeed {
    shown: Mutex<Shown>,
    alive: Frame,
}

/// Where a client starts.
#[derive(Debug)]
pub enum Start {
    /// It gets the whole board.
    Snapshot(Snapshot),
    /// It gets what it missed.
    Missed(Vec<Arc<Update>>),
}

fn serialise(value: &impl serde::Serialize) -> String {
    // The view types hold numbers, texts and lists only; writing them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

impl Shown {
    fn send(&self, update: Arc<Update>) {
        if let Some(updates) = &self.updates {
            // Nobody watching is no error.
            let _ = updates.send(update);
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        let (fold, seq) = (&self.fold, self.seq);
        self.snapshot
            .get_or_insert_with(|| {
                let json = serialise(&fold.board(Audience::Public));
                Snapshot { seq, frame: Frame::event("snapshot", seq, &json) }
            })
            .clone()
    }
}

impl BoardFeed {
    /// A feed that shows `fold`.
    #[must_use]
    pub fn new(fold: &Fold) -> Self {
        let shown = Shown {
            fold: fold.clone(),
            seq: fold.seen_seq(Audience::Public),
            snapshot: None,
            document: None,
            recent: VecDeque::new(),
            updates: Some(broadcast::channel(KEPT).0),
        };
        Self { shown: Mutex::new(shown), alive: Frame::alive() }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows `fold`, a later state of the same ledger. While the board is frozen nothing is sent but changes of status: not
    /// even the pace of what happens is to be seen.
    pub fn publish(&self, fold: &Fold) {
        let mut shown = self.shown();
        if fold.seq <= shown.fold.seq {
            return;
        }
        let seq = fold.seen_seq(Audience::Public);
        if seq == shown.seq {
            return;
        }
        let delta = fold.delta(&shown.fold, Audience::Public);
        let frame = Frame::event("delta", delta.seq, &serialise(&delta));
        let update = Arc::new(Update { from: delta.from, seq: delta.seq, frame });
        shown.fold = fold.clone();
        shown.seq = seq;
        shown.snapshot = None;
        shown.document = None;
        if shown.recent.len() == KEPT {
            shown.recent.pop_front();
        }
        shown.recent.push_back(update.clone());
        // Sent under the lock, so that a client which subscribes in between neither misses an update nor gets one twice.
        shown.send(update);
    }

    /// Says to everybody that the stream lives. One clock for all streams, and not a timer in each.
    pub fn beat(&self) {
        let shown = self.shown();
        shown.send(Arc::new(Update { from: shown.seq, seq: shown.seq, frame: self.alive.clone() }));
    }

    /// Ends all streams, and those that are begun from now on: what was sent is still read. One word to all of them, so that
    /// none has to listen for the end of the server beside.
    pub fn close(&self) {
        self.shown().updates = None;
    }

    /// The board as it is shown now.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut shown = self.shown();
        if let Some(document) = &shown.document {
            return document.clone();
        }
        let document = Document::of(shown.seq, &shown.fold.board(Audience::Public));
        shown.document = Some(document.clone());
        document
    }

    /// Streams that are open.
    #[must_use]
    pub fn watchers(&self) -> usize {
        self.shown().updates.as_ref().map_or(0, broadcast::Sender::receiver_count)
    }

    /// Starts a client that has seen everything up to `last_seen`, if it says so.
    #[must_use]
    pub fn subscribe(&self, last_seen: Option<u64>) -> (Start, broadcast::Receiver<Arc<Update>>) {
        let mut shown = self.shown();
        let receiver = match &shown.updates {
            Some(updates) => updates.subscribe(),
            // Its sender is gone at once.
            None => broadcast::channel(1).1,
        };
        let start = match last_seen {
            Some(seq) if seq == shown.seq => Start::Missed(Vec::new()),
            Some(seq) if shown.recent.iter().any(|update| update.from == seq) => {
                Start::Missed(shown.recent.iter().filter(|update| update.from >= seq).cloned().collect())
            }
            _ => Start::Snapshot(shown.snapshot()),
        };
        (start, receiver)
    }
}

/// The sum of what is told by serialised pieces: for tests of the packed form.
#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    /// Unpacks a stream that has no end yet.
    fn unpacked(bytes: &[u8]) -> String {
        let mut text = Vec::new();
        let mut piece = [0; 512];
        let mut reader = GzDecoder::new(bytes);
        while let Ok(read) = reader.read(&mut piece) {
            if read == 0 {
                break;
            }
            text.extend_from_slice(&piece[..read]);
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn packed_pieces_fit_into_any_stream() {
        let long: String =
            (0..4_000u32).map(|n| char::from(b'a' + u8::try_from(n * n % 26).unwrap())).collect();
        let frames = [
            Frame::event("snapshot", 3, &format!("{{\"name\":\"紅檜 {long}\"}}")),
            Frame::alive(),
            Frame::event("delta", 4, "{}"),
            Frame::of(String::new()),
            Frame::event("delta", 5, &long.repeat(40)),
        ];
        for order in [vec![0, 1, 2, 3, 4], vec![4, 2, 0], vec![1, 1, 1, 2], vec![4, 4, 0, 4]] {
            let mut bytes = Frame::head().to_vec();
            let mut wanted = String::new();
            for at in order {
                bytes.extend_from_slice(&frames[at].bytes(true));
                wanted.push_str(std::str::from_utf8(&frames[at].bytes(false)).unwrap());
                // Every piece can be read as soon as it is there.
                assert_eq!(unpacked(&bytes), wanted);
            }
        }
        assert!(frames[0].bytes(true).len() < frames[0].bytes(false).len());
    }
}
