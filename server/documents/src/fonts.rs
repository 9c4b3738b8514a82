//! The fonts of the machine. Only files whose names are known are looked for, so that nobody's odd font gets into an
//! official paper; whatever a person names besides comes last.

use std::path::{Path, PathBuf};

use typst::text::FontInfo;

/// Where Debian's packages put fonts.
pub const PLACES: &str = "/usr/share/fonts";
/// How deep folders are looked into.
const DEPTH: u8 = 4;

/// A font file that is known.
struct Known {
    file: &'static str,
    /// The families wanted of it; a collection has one for each country.
    families: &'static [&'static str],
    /// Debian's package.
    package: &'static str,
    /// Whether running Chinese text can be set in it.
    text: bool,
}

/// In the order in which the templates ask for them.
const KNOWN: &[Known] = &[
    Known {
        file: "LiberationSerif-Regular.ttf",
        families: &["Liberation Serif"],
        package: "fonts-liberation",
        text: false,
    },
    Known { file: "TW-Kai-98_1.ttf", families: &[], package: "fonts-cns11643-kai", text: true },
    Known { file: "TW-Kai-Ext-B-98_1.ttf", families: &[], package: "fonts-cns11643-kai", text: false },
    Known { file: "ukai.ttc", families: &["AR PL UKai TW"], package: "fonts-arphic-ukai", text: true },
    Known {
        file: "NotoSerifCJK-Regular.ttc",
        families: &["Noto Serif CJK TC"],
        package: "fonts-noto-cjk",
        text: true,
    },
    Known {
        file: "NotoSansCJK-Regular.ttc",
        families: &["Noto Sans CJK TC"],
        package: "fonts-noto-cjk",
        text: true,
    },
    Known { file: "HanaMinA.ttf", families: &[], package: "fonts-hanazono", text: true },
    Known { file: "HanaMinB.ttf", families: &[], package: "fonts-hanazono", text: false },
];
/// What a machine is told to install.
const PACKAGES: &str = "fonts-cns11643-kai fonts-noto-cjk fonts-liberation";

/// No font for Chinese text was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no font for Chinese text in {}; install Debian's {PACKAGES}, or name others in RAMPART_FONTS", shown(.looked))]
pub struct FontsMissing {
    /// Where was looked.
    pub looked: Vec<PathBuf>,
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// One face of a file.
#[derive(Debug, Clone)]
pub(crate) struct Face {
    pub path: PathBuf,
    pub index: u32,
    pub info: FontInfo,
}

/// Fonts that were found: what they cover is known, their bytes are read when a paper needs them.
#[derive(Debug, Clone)]
pub struct Fonts {
    pub(crate) faces: Vec<Face>,
    missing: Vec<&'static str>,
}

impl Fonts {
    /// Looks for known fonts in folders, and takes every font of the files that are named themselves.
    ///
    /// # Errors
    /// [`FontsMissing`] where no Chinese text could be set at all.
    pub fn find(places: &[PathBuf]) -> Result<Self, FontsMissing> {
        let mut found: Vec<Option<PathBuf>> = vec![None; KNOWN.len()];
        let mut named = Vec::new();
        for place in places {
            if place.is_dir() {
                look(place, DEPTH, &mut found);
            } else if place.is_file() {
                named.push(place.clone());
            }
        }
        let mut faces = Vec::new();
        let mut text = false;
        let mut missing = Vec::new();
        for (known, path) in KNOWN.iter().zip(&found) {
            let before = faces.len();
            if let Some(path) = path {
                read(path, known.families, &mut faces);
            }
            if faces.len() > before {
                text |= known.text;
            } else if PACKAGES.contains(known.package) && !missing.contains(&known.package) {
                missing.push(known.package);
            }
        }
        for path in &named {
            let before = faces.len();
            read(path, &[], &mut faces);
            // A font that somebody names has to be believed to be one for text if it has the commonest characters.
            text |= faces[before..]
                .iter()
                .any(|face: &Face| "的一是".chars().all(|c| face.info.coverage.contains(u32::from(c))));
        }
        if text { Ok(Self { faces, missing }) } else { Err(FontsMissing { looked: places.to_vec() }) }
    }

    /// Debian packages whose fonts are not there; papers can be set without them, but fewer characters are known.
    #[must_use]
    pub fn missing(&self) -> &[&'static str] {
        &self.missing
    }

    /// Whether a font has this character.
    #[must_use]
    pub fn have(&self, c: char) -> bool {
        self.faces.iter().any(|face| face.info.coverage.contains(u32::from(c)))
    }
}

/// Looks through a folder in the order of its names, so that the same machine finds the same.
fn look(folder: &Path, depth: u8, found: &mut [Option<PathBuf>]) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth > 0 {
                look(&path, depth - 1, found);
            }
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let known = KNOWN.iter().position(|known| Some(known.file) == name);
        if let Some(place) = known.and_then(|at| found.get_mut(at)) {
            place.get_or_insert(path);
        }
    }
}

fn read(path: &Path, families: &[&str], faces: &mut Vec<Face>) {
    let Ok(bytes) = std::fs::read(path) else { return };
    for (index, info) in (0_u32..).zip(FontInfo::iter(&bytes)) {
        if families.is_empty() || families.contains(&info.family.as_str()) {
            faces.push(Face { path: path.to_path_buf(), index, info });
        }
    }
}
