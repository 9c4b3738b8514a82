//! Cutting a CSV file into rows and cells, as bytes. Counts rows as a spreadsheet does: a line break inside quotes makes no
//! new row, a blank line does. Nothing is decoded here, so that a cell that is no UTF-8 can be named by row and column;
//! this holds for Big5 too, whose second bytes are never a comma, a quote or a line break.

/// Most cells kept of a row; a roster has four.
pub(crate) const CELLS_MAX: usize = 64;

/// A row with at least one cell that is not blank.
#[derive(Debug, Default)]
pub(crate) struct RawRow {
    /// Number as the spreadsheet shows it, from 1.
    pub number: u32,
    /// Cells, at most [`CELLS_MAX`].
    pub cells: Vec<Vec<u8>>,
    /// The row went on after the last cell kept.
    pub cut: bool,
    /// Cells (from 0) with text after their closing quote.
    pub after_quote: Vec<usize>,
    /// Cell (from 0) whose quote is never closed; the file ends in it.
    pub unclosed: Option<usize>,
}

impl RawRow {
    fn is_blank(&self) -> bool {
        !self.cut
            && self.unclosed.is_none()
            && self.cells.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace))
    }

    fn push(&mut self, cell: Vec<u8>) {
        if self.cells.len() < CELLS_MAX {
            self.cells.push(cell);
        } else {
            self.cut = true;
        }
    }
}

/// Rows one by one; blank ones are counted and left out.
pub(crate) struct Rows<'b> {
    rest: &'b [u8],
    number: u32,
    separator: u8,
}

/// The rows of a file without its byte order mark.
pub(crate) fn rows(bytes: &[u8]) -> Rows<'_> {
    rows_by(bytes, b',')
}

/// The same with another separator.
pub(crate) fn rows_by(bytes: &[u8], separator: u8) -> Rows<'_> {
    Rows { rest: bytes, number: 0, separator }
}

impl Rows<'_> {
    fn row(&mut self) -> RawRow {
        self.number += 1;
        let mut row = RawRow { number: self.number, ..RawRow::default() };
        let mut cell: Vec<u8> = Vec::new();
        let mut bytes = self.rest.iter().copied().enumerate().peekable();
        // Position after what was read.
        let mut read = self.rest.len();
        let mut quoted = false;
        // The cell was quoted and is closed.
        let mut closed = false;
        let mut index = 0;
        while let Some((at, byte)) = bytes.next() {
            if quoted {
                if byte != b'"' {
                    cell.push(byte);
                } else if bytes.next_if(|(_, next)| *next == b'"').is_some() {
                    cell.push(b'"');
                } else {
                    (quoted, closed) = (false, true);
                }
                continue;
            }
            match byte {
                _ if byte == self.separator => {
                    row.push(std::mem::take(&mut cell));
                    (closed, index) = (false, index + 1);
                }
                b'\r' | b'\n' => {
                    let pair = byte == b'\r' && bytes.next_if(|(_, next)| *next == b'\n').is_some();
                    read = at + 1 + usize::from(pair);
                    break;
                }
                b'"' if cell.is_empty() && !closed => quoted = true,
                _ => {
                    if closed && !byte.is_ascii_whitespace() && row.after_quote.last() != Some(&index) {
                        row.after_quote.push(index);
                    }
                    cell.push(byte);
                }
            }
        }
        if quoted {
            row.unclosed = Some(index);
        }
        row.push(cell);
        self.rest = &self.rest[read..];
        row
    }
}

impl Iterator for Rows<'_> {
    type Item = RawRow;

    fn next(&mut self) -> Option<RawRow> {
        while let Some(first) = self.rest.first() {
            // Blank lines by the shortest way: a file may hold millions.
            if *first == b'\n' {
                self.number += 1;
                self.rest = &self.rest[1..];
                continue;
            }
            let row = self.row();
            if !row.is_blank() {
                return Some(row);
            }
        }
        None
    }
}
