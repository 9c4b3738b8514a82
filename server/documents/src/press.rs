//! Setting a document: its data and its template in a world without clock and without files, then PDF.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use serde_json::Value;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::layout::{Frame, FrameItem};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook, is_default_ignorable};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World, comemo};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::fonts::Fonts;
use crate::papers::Paper;

/// Minutes that Taipei's clock is before UTC; it has had no summer time since 1979.
const TAIPEI_MINUTES: i32 = 480;

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

/// The templates by name.
static TEMPLATES: LazyLock<BTreeMap<&'static str, Source>> = LazyLock::new(|| {
    [
        ("common.typ", include_str!("../templates/common.typ")),
        ("table.typ", include_str!("../templates/table.typ")),
        ("certificate.typ", include_str!("../templates/certificate.typ")),
        ("sign_in.typ", include_str!("../templates/sign_in.typ")),
        ("scores.typ", include_str!("../templates/scores.typ")),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, Source::new(file(name)?, text.to_owned()))))
    .collect()
});

fn file(name: &str) -> Option<FileId> {
    Some(FileId::new(RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).ok()?)))
}

/// A character that no font has, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The character.
    pub character: char,
    /// The first text with it.
    pub text: String,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (U+{:04X}) in {}", self.character, u32::from(self.character), self.text)
    }
}

fn listed(missing: &[Missing]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a document was not printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrintError {
    /// Characters that no font has.
    #[error("no font has {}", listed(.0))]
    Characters(Vec<Missing>),
    /// A font file that was there before cannot be read.
    #[error("the font {0} cannot be read any more")]
    Font(String),
    /// The template and the data do not fit, which no data from outside causes.
    #[error("the document could not be set: {0}")]
    Set(String),
}

/// A press: fonts and their bytes as far as papers needed them. Make one for a batch of papers and drop it; the bytes of a
/// Chinese font are tens of megabytes.
pub struct Press {
    fonts: Arc<Fonts>,
    book: LazyHash<FontBook>,
    loaded: Vec<OnceLock<Option<Font>>>,
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Press").field("faces", &self.fonts.faces.len()).finish_non_exhaustive()
    }
}

impl Press {
    /// A press with these fonts.
    #[must_use]
    pub fn new(fonts: Arc<Fonts>) -> Self {
        let book = FontBook::from_infos(fonts.faces.iter().map(|face| face.info.clone()));
        let loaded = fonts.faces.iter().map(|_| OnceLock::new()).collect();
        Self { book: LazyHash::new(book), loaded, fonts }
    }

    /// Prints a document as PDF (1.7, tagged, PDF/UA-1). The same document and fonts give the same bytes. Takes from tenths of
    /// a second to seconds: not for a thread that answers requests.
    ///
    /// # Errors
    /// [`PrintError::Characters`] lists every character that no font has; nothing is printed then.
    pub fn print(&self, paper: &dyn Paper) -> Result<Vec<u8>, PrintError> {
        let data = paper.data();
        let missing = self.missing(&data);
        if !missing.is_empty() {
            return Err(PrintError::Characters(missing));
        }
        let done = self.set(paper, &data);
        // What was kept to set the next one faster is as large as the document.
        comemo::evict(0);
        done
    }

    fn set(&self, paper: &dyn Paper, data: &Value) -> Result<Vec<u8>, PrintError> {
        let fault = |why: &str| PrintError::Set(why.to_owned());
        let job = Job {
            press: self,
            main: file(paper.template()).ok_or_else(|| fault("no such template"))?,
            data: Bytes::from_string(data.to_string()),
        };
        let document: PagedDocument = typst::compile(&job).output.map_err(|faults| told(&faults))?;
        if let Some(at) = self.loaded.iter().position(|font| matches!(font.get(), Some(None))) {
            return Err(PrintError::Font(self.fonts.faces[at].path.display().to_string()));
        }
        // What shapes text has the last word on what it could not find.
        let mut boxes = Vec::new();
        for page in document.pages() {
            unknown(&page.frame, &mut boxes);
        }
        if !boxes.is_empty() {
            boxes.sort();
            boxes.dedup_by_key(|one| one.character);
            return Err(PrintError::Characters(boxes));
        }
        let options = PdfOptions {
            ident: Smart::Custom(format!(
                "rampart {} {} {}",
                paper.template(),
                paper.title(),
                paper.as_of_ms()
            )),
            creator: Smart::Custom(Some("Rampart".to_owned())),
            timestamp: timestamp(paper.as_of_ms()),
            standards: PdfStandards::new(&[PdfStandard::V_1_7, PdfStandard::Ua_1])
                .map_err(|error| fault(error.message()))?,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&document, &options).map_err(|faults| told(&faults))
    }

    /// Characters of the data that no font has, each with the first text that has it.
    fn missing(&self, data: &Value) -> Vec<Missing> {
        let mut found = BTreeMap::new();
        walk(data, &mut |text| {
            for c in text.chars() {
                let silent = c.is_whitespace() || (is_default_ignorable(c) && !private(c));
                if !silent && (private(c) || c.is_control() || !self.fonts.have(c)) {
                    found.entry(c).or_insert_with(|| text.to_owned());
                }
            }
        });
        found.into_iter().map(|(character, text)| Missing { character, text }).collect()
    }
}

/// Characters that mean something else on each machine: a font may have a picture for one, but nobody knows of what.
fn private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

fn walk(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(parts) => parts.iter().for_each(|part| walk(part, see)),
        Value::Object(parts) => parts.values().for_each(|part| walk(part, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn unknown(frame: &Frame, found: &mut Vec<Missing>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => unknown(&group.frame, found),
            FrameItem::Text(run) => {
                for glyph in run.glyphs.iter().filter(|glyph| glyph.id == 0) {
                    let of = run.text.get(glyph.range()).unwrap_or_default();
                    let seen = of.chars().find(|c| !c.is_whitespace() && !is_default_ignorable(*c));
                    found.extend(seen.map(|character| Missing { character, text: run.text.to_string() }));
                }
            }
            _ => {}
        }
    }
}

fn told(faults: &[SourceDiagnostic]) -> PrintError {
    PrintError::Set(faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "))
}

/// A moment as a PDF holds it, in Taipei.
fn timestamp(ms: i64) -> Option<Timestamp> {
    let date = rampart_domain::records::RocDate::of_ms(ms);
    let of_day = (ms.div_euclid(1000) + i64::from(TAIPEI_MINUTES) * 60).rem_euclid(86_400);
    let part = |seconds: i64| u8::try_from(seconds).ok();
    let at = Datetime::from_ymd_hms(
        i32::from(date.year().0) + 1911,
        date.month().try_into().ok()?,
        date.day().try_into().ok()?,
        part(of_day / 3600)?,
        part(of_day / 60 % 60)?,
        part(of_day % 60)?,
    )?;
    Timestamp::new_local(at, TAIPEI_MINUTES)
}

/// What one document sees of the world.
struct Job<'a> {
    press: &'a Press,
    main: FileId,
    data: Bytes,
}

impl World for Job<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.press.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let path = id.get().vpath().get_without_slash();
        TEMPLATES.get(path).cloned().ok_or_else(|| FileError::NotFound(path.into()))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        match id.get().vpath().get_without_slash() {
            "data.json" => Ok(self.data.clone()),
            path => Err(FileError::NotFound(path.into())),
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        let face = self.press.fonts.faces.get(index)?;
        let load = || Font::new(Bytes::new(std::fs::read(&face.path).ok()?), face.index);
        self.press.loaded.get(index)?.get_or_init(load).clone()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
