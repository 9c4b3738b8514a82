//! 成果交付包: all tables of a year in all formats, both editions apart, with their background and an index that names each
//! file's SHA-256. The same tables give the same bytes. It is written as it is made, so that its size needs no memory.

use std::io::Write;

use rampart_domain::records::{Cell, Column, Table, paper, seal, words};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::export::{ExportError, Exporter, Format, Outgoing, csv};

/// A table of the package, in one edition.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The table.
    pub table: Table,
    /// Number above its title.
    pub number: String,
}

/// An edition of the package.
#[derive(Debug, Clone)]
pub struct PackedEdition {
    /// Folder that its files lie in.
    pub folder: &'static str,
    /// As stated at the foot of papers.
    pub printed: &'static str,
    /// Its tables, in order.
    pub tables: Vec<Packed>,
}

/// What is packed.
#[derive(Debug, Clone)]
pub struct Package {
    /// ROC year.
    pub year: String,
    /// Office that hands it in.
    pub organisation: String,
    /// Line at the foot of papers.
    pub foot: Option<String>,
    /// When the data was read, ms UTC.
    pub as_of_ms: i64,
    /// Editions.
    pub editions: Vec<PackedEdition>,
}

impl Package {
    /// Name of the file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}_{}年.zip", paper::PACKAGE, self.year)
    }
}

struct Packing<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    index: Vec<Vec<Cell>>,
}

impl<W: Write> Packing<W> {
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
        // 1980-01-01, the first moment that the container can hold.
        let options = SimpleFileOptions::default()
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .compression_method(CompressionMethod::Deflated);
        self.zip.start_file(path, options)?;
        self.zip.write_all(bytes)?;
        Ok(())
    }

    fn add(&mut self, path: String, bytes: &[u8]) -> Result<(), ExportError> {
        self.put(&path, bytes)?;
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.index.push(vec![Cell::Text(path), Cell::Count(size), Cell::Text(seal::sha256(bytes))]);
        Ok(())
    }
}

/// A plain table of the package itself.
fn table(package: &Package, name: &str, headings: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    Table {
        sheet: name.to_owned(),
        title: format!("{} 年{name}", package.year),
        unit: String::new(),
        columns: headings.iter().map(|heading| Column::new(*heading, "")).collect(),
        rows,
        notes: Vec::new(),
        source: String::new(),
        background: Vec::new(),
        foot: package.foot.clone(),
        file_stem: format!("{name}_{}年", package.year),
    }
}

/// Writes the package.
///
/// # Errors
/// [`ExportError`]; what was written is of no use then.
pub fn write(package: &Package, exporter: &Exporter<'_>, out: impl Write) -> Result<(), ExportError> {
    let mut packing = Packing { zip: ZipWriter::new_stream(out), index: Vec::new() };
    for edition in &package.editions {
        let mut background = Vec::new();
        for one in &edition.tables {
            for (item, text) in &one.table.background {
                background.push(vec![Cell::text(&one.table.title), Cell::text(item), Cell::text(text)]);
            }
            let out = outgoing(package, edition, one);
            for format in Format::ALL {
                let bytes = exporter.file(&out, format)?;
                packing
                    .add(format!("{}/{}", edition.folder, one.table.file_name(format.ending())), &bytes)?;
            }
        }
        let [item, text] = paper::BACKGROUND_HEAD;
        let table = table(package, words::BACKGROUND, &[paper::TABLE_HEAD, item, text], background);
        let sheet = Packed { table, number: String::new() };
        let out = outgoing(package, edition, &sheet);
        for format in [Format::Ods, Format::Pdf] {
            let bytes = exporter.file(&out, format)?;
            packing.add(format!("{}/{}", edition.folder, sheet.table.file_name(format.ending())), &bytes)?;
        }
    }
    let rows = std::mem::take(&mut packing.index);
    let index = csv(&table(package, paper::INDEX, &paper::INDEX_HEAD, rows))?;
    packing.put(&format!("{}.csv", paper::INDEX), &index)?;
    packing.put(&format!("{}.csv.seal", paper::INDEX), seal::line(exporter.key(), &index).as_bytes())?;
    packing.zip.finish()?;
    Ok(())
}

fn outgoing<'a>(package: &'a Package, edition: &PackedEdition, one: &'a Packed) -> Outgoing<'a> {
    Outgoing {
        table: &one.table,
        number: &one.number,
        organisation: &package.organisation,
        edition: edition.printed,
        as_of_ms: package.as_of_ms,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::{Cursor, Read as _};
    use std::sync::Arc;

    use rampart_documents::Fonts;
    use rampart_domain::ledger::CheckpointKey;

    use super::super::export::csv_rows;
    use super::*;

    fn package() -> Package {
        let one = |name: &str| {
            let rows = vec![vec![Cell::text("堃𠮷龘é한글"), Cell::Count(12_345)]];
            let frame = Package {
                year: "115".into(),
                organisation: "青嵐縣政府".into(),
                foot: None,
                as_of_ms: 1_795_797_000_000,
                editions: Vec::new(),
            };
            let mut table = table(&frame, name, &["姓名", "人數"], rows);
            table.background = vec![("單位".into(), "人。".into())];
            Packed { table, number: "表 X0".into() }
        };
        let edition = |folder, printed, names: &[&str]| PackedEdition {
            folder,
            printed,
            tables: names.iter().map(|name| one(name)).collect(),
        };
        Package {
            year: "115".into(),
            organisation: "青嵐縣政府".into(),
            foot: Some("虛構機關，僅供演訓".into()),
            as_of_ms: 1_795_797_000_000,
            editions: vec![
                edition(paper::INTERNAL_FOLDER, paper::INTERNAL, &["甲表", "乙表"]),
                edition(paper::PUBLIC_FOLDER, paper::PUBLIC, &["甲表"]),
            ],
        }
    }

    #[test]
    fn the_index_names_every_file_with_its_hash_and_is_sealed() {
        let key = CheckpointKey::new(&[7; 32]);
        let make = || {
            let find = || Fonts::find(&["/usr/share/fonts".into()]).map(Arc::new);
            let mut bytes = Vec::new();
            write(&package(), &Exporter::new(Box::new(find), &key), &mut bytes).unwrap();
            bytes
        };
        let bytes = make();
        assert_eq!(bytes, make(), "the same tables give the same bytes");
        assert_eq!(package().file_name(), "成果交付包_115年.zip");
        let mut zip = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let mut read = |name: &str| {
            let mut content = Vec::new();
            zip.by_name(name).unwrap().read_to_end(&mut content).unwrap();
            content
        };
        let index = read("索引.csv");
        let line = read("索引.csv.seal");
        assert_eq!(seal::check_beside(&index, &line).unwrap().key, key.public());
        let rows = csv_rows(&index).unwrap();
        // Two editions: three tables in four formats, and a background in two formats each.
        assert_eq!(rows.len(), 1 + 3 * 4 + 2 * 2);
        for row in &rows[1..] {
            let content = read(&row[0]);
            assert_eq!(row[1], content.len().to_string(), "{}", row[0]);
            assert_eq!(row[2], seal::sha256(&content), "{}", row[0]);
            if row[0].ends_with(".pdf") {
                assert_eq!(seal::check(&content).unwrap().key, key.public(), "{}", row[0]);
            }
        }
        assert!(rows.iter().any(|row| row[0] == "公開版/甲表_115年.ods"));
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(archive.len(), rows.len() - 1 + 2, "nothing lies beside the index");
        for at in 0..archive.len() {
            assert_eq!(archive.by_index(at).unwrap().last_modified(), Some(DateTime::default()));
        }
    }
}
