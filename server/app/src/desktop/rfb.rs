//! What a person who only looks on may send to a desktop (RFB 3.8, RFC 6143): what is needed to see, nothing that acts.
//!
//! The filter reads the browser's half of the protocol as it comes, in pieces of any size, and passes: the handshake
//! (always as a shared connection), the pixel format, the wanted encodings without those by which the desktop would hand
//! out its clipboard or take new kinds of messages, requests for pictures, and answers that only steer the flow. Keys,
//! pointer, clipboard, size and power are dropped. A message that it does not know is the end: its length is unknown.

use std::fmt;

/// A message of which no length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown(pub u8);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} of the browser is not known", self.0)
    }
}

impl std::error::Error for Unknown {}

/// Most bytes of one message that are held until it is whole; longer ones are dropped as they come.
const HELD: usize = 4 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Twelve bytes.
    Version,
    /// One byte: which security. The platform's desktops have none but the socket itself.
    Security,
    /// One byte: whether others may stay.
    Init,
    /// Messages.
    Messages,
}

/// The browser's half of one connection.
#[derive(Debug)]
pub struct ViewOnly {
    stage: Stage,
    held: Vec<u8>,
    /// Bytes of a dropped message that are still to come.
    skip: u64,
}

impl Default for ViewOnly {
    fn default() -> Self {
        Self { stage: Stage::Version, held: Vec::new(), skip: 0 }
    }
}

/// What to do with the message at the front.
enum Step {
    /// It is not whole yet.
    Wait,
    /// It is so long, and passes.
    Pass(usize),
    /// It is so long, and is dropped.
    Drop(u64),
    /// It is so long; this goes on in its place.
    Instead(usize, Vec<u8>),
}

/// Encodings that a viewer may have: pictures, their quality, size, cursor and name of the screen, and the flow. A list
/// of what may pass, since each unknown one could bring messages of its own.
fn is_seeing(encoding: i32) -> bool {
    matches!(encoding,
        0 | 1 | 2 | 5 | 6 | 7 | 16 | 21 | 50 | -260 // pictures
        | -32..=-23 | -256..=-247 | -512..=-412 // quality, compression, fine quality
        | -223 | -224 | -239 | -240 | -307 | -308 // sizes, last rectangle, cursors, name
        | -312 | -313) // fence, continuous updates
        || encoding == 0x574d_5664 // the other cursor
}

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]).into())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The message at the front of `bytes`, which is not empty.
fn message(bytes: &[u8]) -> Result<Step, Unknown> {
    let whole = |length: usize| if bytes.len() < length { Step::Wait } else { Step::Pass(length) };
    let kind = bytes[0];
    Ok(match kind {
        0 => whole(20),
        2 => match be16(bytes, 2) {
            Some(count) if bytes.len() >= 4 + 4 * count => {
                Step::Instead(4 + 4 * count, encodings(bytes, count))
            }
            _ => Step::Wait,
        },
        3 => whole(10),
        4 => Step::Drop(8),
        5 => Step::Drop(6),
        // Negative lengths are those of the extended clipboard.
        6 => match be32(bytes, 4) {
            Some(length) => Step::Drop(8 + u64::from(length.cast_signed().unsigned_abs())),
            None => Step::Wait,
        },
        150 => whole(10),
        248 => match bytes.get(8) {
            Some(length) => whole(9 + usize::from(*length)),
            None => Step::Wait,
        },
        250 => Step::Drop(4),
        251 => match bytes.get(6) {
            Some(screens) => Step::Drop(8 + 16 * u64::from(*screens)),
            None => Step::Wait,
        },
        255 => match bytes.get(1) {
            Some(0) => Step::Drop(12),
            Some(_) => return Err(Unknown(kind)),
            None => Step::Wait,
        },
        other => return Err(Unknown(other)),
    })
}

/// The message again with only those encodings that serve seeing.
fn encodings(bytes: &[u8], count: usize) -> Vec<u8> {
    let wanted =
        (0..count).filter_map(|n| be32(bytes, 4 + 4 * n)).filter(|code| is_seeing(code.cast_signed()));
    let list: Vec<u8> = wanted.flat_map(u32::to_be_bytes).collect();
    let kept = u16::try_from(list.len() / 4).unwrap_or(u16::MAX);
    [&[2, 0][..], &kept.to_be_bytes(), &list].concat()
}

impl ViewOnly {
    fn step(&self) -> Result<Step, Unknown> {
        let whole = |length: usize| if self.held.len() < length { Step::Wait } else { Step::Pass(length) };
        match self.stage {
            _ if self.held.is_empty() => Ok(Step::Wait),
            Stage::Version => Ok(whole(12)),
            Stage::Security => Ok(whole(1)),
            Stage::Init => Ok(Step::Instead(1, vec![1])),
            Stage::Messages => message(&self.held),
        }
    }

    fn next_stage(&mut self) {
        self.stage = match self.stage {
            Stage::Version => Stage::Security,
            Stage::Security => Stage::Init,
            Stage::Init | Stage::Messages => Stage::Messages,
        };
    }

    /// Takes what the browser sent and gives what may go on.
    ///
    /// # Errors
    /// [`Unknown`] for a message of unknown length, or one that is longer than any of its kind need be; the connection
    /// has to end.
    pub fn pass(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Unknown> {
        let mut out = Vec::new();
        loop {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            bytes = &bytes[skipped..];
            self.skip -= skipped as u64;
            let room = HELD.saturating_sub(self.held.len()).min(bytes.len());
            self.held.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
            match self.step()? {
                Step::Wait if self.held.len() >= HELD => return Err(Unknown(self.held[0])),
                Step::Wait if bytes.is_empty() => return Ok(out),
                Step::Wait => {}
                Step::Pass(length) => {
                    out.extend(self.held.drain(..length));
                    self.next_stage();
                }
                Step::Instead(length, other) => {
                    self.held.drain(..length);
                    out.extend(other);
                    self.next_stage();
                }
                Step::Drop(length) => {
                    let here = usize::try_from(length).unwrap_or(usize::MAX).min(self.held.len());
                    self.held.drain(..here);
                    self.skip = length - here as u64;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HELLO: &[u8] = b"RFB 003.008\n\x01\x00";
    const SHARED: &[u8] = b"RFB 003.008\n\x01\x01";

    fn encodings_of(list: &[i32]) -> Vec<u8> {
        let count = u16::try_from(list.len()).unwrap().to_be_bytes();
        let codes: Vec<u8> = list.iter().flat_map(|code| code.to_be_bytes()).collect();
        [&[2, 0][..], &count, &codes].concat()
    }

    /// What passes of `sent`, cut at every place in turn.
    fn passed(sent: &[u8]) -> Vec<u8> {
        let whole = ViewOnly::default().pass(sent).unwrap();
        for cut in 0..=sent.len() {
            let mut filter = ViewOnly::default();
            let mut out = filter.pass(&sent[..cut]).unwrap();
            out.extend(filter.pass(&sent[cut..]).unwrap());
            assert_eq!(out, whole, "cut at {cut}");
        }
        let mut filter = ViewOnly::default();
        let single: Vec<u8> = sent.iter().flat_map(|byte| filter.pass(&[*byte]).unwrap()).collect();
        assert_eq!(single, whole, "byte by byte");
        whole
    }

    #[test]
    fn seeing_passes_and_acting_does_not() {
        let format = [0; 20];
        let update = [3, 1, 0, 0, 0, 0, 4, 0, 3, 0];
        let key = [4, 1, 0, 0, 0, 0, 0, 0x61];
        let qemu_key = [255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 30];
        let pointer = [5, 1, 0, 9, 0, 9];
        let paste = [&[6, 0, 0, 0, 0, 0, 0, 5][..], b"hello"].concat();
        let extended = [&[6, 0, 0, 0][..], &(-8_i32).to_be_bytes(), &[0; 8]].concat();
        let size = [&[251, 0, 4, 0, 3, 0, 1, 0][..], &[0; 16]].concat();
        let power = [250, 0, 1, 2];
        let continuous = [150, 1, 0, 0, 0, 0, 4, 0, 3, 0];
        let fence = [248, 0, 0, 0, 0, 0, 0, 1, 3, 7, 7, 7];
        let wanted = encodings_of(&[7, -308, 0xc0a1_e5ce_u32.cast_signed(), -258, -309, -316, -24]);
        let sent = [
            HELLO,
            &format,
            &wanted,
            &update,
            &key,
            &pointer,
            &qemu_key,
            &paste,
            &extended,
            &size,
            &power,
            &continuous,
            &fence,
            &key,
            &update,
        ]
        .concat();
        let kept = encodings_of(&[7, -308, -24]);
        let due = [SHARED, &format, &kept, &update, &continuous, &fence, &update].concat();
        assert_eq!(passed(&sent), due);
    }

    #[test]
    fn a_long_paste_is_dropped_without_being_held() {
        let mut filter = ViewOnly::default();
        assert_eq!(filter.pass(HELLO).unwrap(), SHARED);
        let length = 50_000_000_u32;
        assert!(filter.pass(&[&[6, 0, 0, 0][..], &length.to_be_bytes()].concat()).unwrap().is_empty());
        for _ in 0..50 {
            assert!(filter.pass(&vec![4; 1_000_000]).unwrap().is_empty());
        }
        assert!(filter.held.capacity() <= 2 * HELD);
        let update = [3, 0, 0, 0, 0, 0, 0, 1, 0, 1];
        assert_eq!(filter.pass(&update).unwrap(), update);
    }

    #[test]
    fn what_is_not_known_ends_it() {
        for bad in [&[7][..], &[1], &[255, 1], &[255, 9], &[100, 0]] {
            let mut filter = ViewOnly::default();
            filter.pass(HELLO).unwrap();
            assert_eq!(filter.pass(bad), Err(Unknown(bad[0])), "{bad:?}");
        }
        // More encodings than there are.
        let mut filter = ViewOnly::default();
        filter.pass(HELLO).unwrap();
        let many = encodings_of(&vec![7; 5000]);
        assert_eq!(filter.pass(&many), Err(Unknown(2)));
    }
}
