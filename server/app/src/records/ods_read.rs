//! An OpenDocument spreadsheet as rows of text. Repeated rows and cells are counted, not copied.

use quick_xml::events::Event;

use super::sheet::{Flaw, Kind, PART_MAX, Row, STRAYS_MAX, Sheet, Unreadable};
use super::split::CELLS_MAX;
use super::xlsx_read::{Zip, attribute, number, push_text, walk};

/// A cell being read.
#[derive(Default)]
struct Cell {
    kind: String,
    value: String,
    formula: bool,
    covered: bool,
    repeated: usize,
    spans: (u32, usize),
    text: String,
    paragraphs: usize,
}

impl Cell {
    fn finish(&self) -> (String, Option<Flaw>) {
        let text = self.text.trim();
        if self.formula {
            return (text.to_owned(), Some(Flaw::Formula));
        }
        match self.kind.as_str() {
            "float" => {
                // As it is shown, where that is a whole number: its zeros in front are part of it.
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                match number(&self.value, 0) {
                    (_, None) if digits => (text.to_owned(), None),
                    other => other,
                }
            }
            "percentage" | "currency" => (text.to_owned(), Some(Flaw::Fraction)),
            "date" | "time" => {
                let shown = if text.is_empty() { &self.value } else { text };
                (shown.to_owned(), Some(Flaw::Date))
            }
            "boolean" => (text.to_owned(), Some(Flaw::Truth)),
            _ => (text.to_owned(), None),
        }
    }
}

pub(super) fn read(zip: &mut Zip<'_>, most: usize, sheet: Option<usize>) -> Result<Sheet, Unreadable> {
    let mut locked = false;
    walk(zip, "META-INF/manifest.xml", |event| {
        if let Event::Start(tag) = event {
            locked |= tag.local_name().as_ref() == b"encryption-data";
        }
        Ok(!locked)
    })?;
    if locked {
        return Err(Unreadable::Password);
    }
    let chosen = sheet.unwrap_or(0);
    let mut done = Sheet {
        kind: Kind::Ods,
        encoding: None,
        sheets: Vec::new(),
        sheet: chosen,
        rows: Vec::new(),
        more: false,
        merged: Vec::new(),
        strays: Vec::new(),
    };
    let mut table: Option<usize> = None;
    let (mut depth, mut notes) = (0_usize, 0_usize);
    let mut at = 1_u32;
    let mut repeated = 1_u32;
    let mut column = 0_usize;
    let mut row = Row::default();
    // What is repeated is small in the file and large in the rows.
    let mut kept = 0_u64;
    let mut cell: Option<Cell> = None;
    let mut inside = 0_usize;
    walk(zip, "content.xml", |event| {
        match event {
            Event::Start(tag) => {
                let name = tag.local_name();
                let name = name.as_ref();
                if name == b"table" && depth == 0 {
                    table = Some(done.sheets.len());
                    done.sheets.push(attribute(tag, "name").unwrap_or_default());
                    at = 1;
                }
                // Tables within tables are read over.
                depth += usize::from(name == b"table");
                if table != Some(chosen) || depth != 1 {
                    return Ok(true);
                }
                let times =
                    |key| attribute(tag, key).and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).max(1);
                match name {
                    b"table-row" => {
                        repeated = u32::try_from(times("number-rows-repeated")).unwrap_or(u32::MAX);
                        row = Row { number: at, ..Row::default() };
                        column = 0;
                    }
                    b"table-cell" | b"covered-table-cell" => {
                        cell = Some(Cell {
                            kind: attribute(tag, "value-type").unwrap_or_default(),
                            value: attribute(tag, "value")
                                .or_else(|| attribute(tag, "date-value"))
                                .or_else(|| attribute(tag, "time-value"))
                                .unwrap_or_default(),
                            formula: attribute(tag, "formula").is_some(),
                            covered: name == b"covered-table-cell",
                            repeated: times("number-columns-repeated"),
                            spans: (
                                u32::try_from(times("number-rows-spanned")).unwrap_or(1),
                                times("number-columns-spanned"),
                            ),
                            ..Cell::default()
                        });
                    }
                    b"annotation" => notes += 1,
                    b"p" | b"h" if notes == 0 => {
                        inside += 1;
                        if let Some(cell) = &mut cell {
                            if cell.paragraphs > 0 {
                                cell.text.push(' ');
                            }
                            cell.paragraphs += 1;
                        }
                    }
                    b"s" if notes == 0 => {
                        if let Some(cell) = &mut cell {
                            (0..times("c").min(100)).for_each(|_| cell.text.push(' '));
                        }
                    }
                    b"tab" | b"line-break" if notes == 0 => {
                        if let Some(cell) = &mut cell {
                            cell.text.push(' ');
                        }
                    }
                    _ => {}
                }
            }
            Event::End(tag) => {
                let name = tag.local_name();
                let name = name.as_ref();
                if table == Some(chosen) && depth == 1 {
                    match name {
                        b"annotation" => notes = notes.saturating_sub(1),
                        b"p" | b"h" if notes == 0 => inside = inside.saturating_sub(1),
                        b"table-cell" | b"covered-table-cell" => {
                            let Some(cell) = cell.take() else { return Ok(true) };
                            if cell.spans != (1, 1) && !cell.covered {
                                let (rows, columns) = cell.spans;
                                let last =
                                    (row.number.saturating_add(rows - 1), column.saturating_add(columns - 1));
                                done.merged.push((row.number, column, last.0, last.1));
                            }
                            let (text, flaw) = cell.finish();
                            if !cell.covered && (!text.is_empty() || flaw.is_some()) {
                                for index in column
                                    ..column
                                        .saturating_add(cell.repeated)
                                        .min(column.saturating_add(CELLS_MAX))
                                {
                                    if index >= CELLS_MAX {
                                        if done.strays.len() < STRAYS_MAX {
                                            let letter = super::roster::letter(index);
                                            done.strays.push(format!("{letter}{}", row.number));
                                        }
                                        break;
                                    }
                                    kept += text.len() as u64;
                                    if kept > PART_MAX {
                                        return Err(Unreadable::Bomb);
                                    }
                                    row.put(index, text.clone(), flaw.clone());
                                }
                            }
                            column = column.saturating_add(cell.repeated);
                        }
                        b"table-row" => {
                            if !row.is_blank() {
                                // A row that is repeated with something in it stands there so often.
                                for _ in 0..repeated {
                                    if done.rows.len() == most {
                                        done.more = true;
                                        return Ok(false);
                                    }
                                    kept += row.cells.iter().map(|cell| cell.len() as u64).sum::<u64>();
                                    if kept > PART_MAX {
                                        return Err(Unreadable::Bomb);
                                    }
                                    done.rows.push(row.clone());
                                    row.number = row.number.saturating_add(1);
                                }
                            }
                            at = at.saturating_add(repeated);
                        }
                        _ => {}
                    }
                }
                if name == b"table" {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        table = None;
                    }
                }
            }
            other if inside > 0 && notes == 0 => {
                if let Some(cell) = &mut cell {
                    push_text(other, &mut cell.text);
                }
            }
            _ => {}
        }
        Ok(true)
    })?;
    if done.sheets.is_empty() {
        return Err(Unreadable::Broken("no table inside".to_owned()));
    }
    if chosen >= done.sheets.len() { Err(Unreadable::NoSheet) } else { Ok(done) }
}
