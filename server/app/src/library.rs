//! The scenarios that stand in the scenario folder. Read anew whenever somebody looks, so that an author sees a change
//! at once; an exercise keeps its own copy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rampart_domain::scenario::{Bundle, Fault, parse};

/// Largest file read, bytes.
const FILE_LIMIT: u64 = 1024 * 1024;

/// One entry of the library.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// Folder name.
    pub id: String,
    /// The scenario, or everything that is wrong with it.
    pub bundle: Result<Bundle, Vec<Fault>>,
}

/// All scenarios below `dir`, by folder name.
///
/// # Errors
/// When the folder itself cannot be read.
pub fn shelves(dir: &Path) -> std::io::Result<Vec<Shelf>> {
    let mut shelves = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.join("scenario.yaml").is_file() {
            let id = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            shelves.push(Shelf { id, bundle: load(&path) });
        }
    }
    shelves.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(shelves)
}

/// Reads the scenario at `path`: a folder with `scenario.yaml`, or that file itself.
///
/// # Errors
/// Every fault at once; a file that cannot be read is one.
pub fn load(path: &Path) -> Result<Bundle, Vec<Fault>> {
    let (dir, file) = if path.is_dir() {
        (path.to_path_buf(), path.join("scenario.yaml"))
    } else {
        (path.parent().map(Path::to_path_buf).unwrap_or_default(), path.to_path_buf())
    };
    let name = file.display().to_string();
    let source = read(&file).map_err(|what| vec![Fault::file(&name, what)])?;
    let scenario = parse(&name, &source)?;
    // A folder is found by its name, an exercise by the scenario's id: they must be one.
    if let Some(folder) = dir.canonicalize().ok().and_then(|dir| dir.file_name().map(ToOwned::to_owned))
        && folder != scenario.id.as_str()
    {
        let what = format!("id {} in a folder named {}", scenario.id, folder.display());
        return Err(vec![Fault::file(&name, what)]);
    }
    let mut files = BTreeMap::new();
    let mut faults = Vec::new();
    let wanted: Vec<String> = scenario
        .scripts()
        .into_iter()
        .map(str::to_owned)
        .chain(["brief.zh-TW.md".to_owned(), "brief.en.md".to_owned()])
        .collect();
    for wanted in wanted {
        let path: PathBuf = dir.join(&wanted);
        match read(&path) {
            Ok(text) => {
                files.insert(wanted, text);
            }
            Err(what) => faults.push(Fault::file(&path.display().to_string(), what)),
        }
    }
    if faults.is_empty() { Bundle::new(scenario, source, files) } else { Err(faults) }
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_LIMIT {
        return Err(format!("{size} bytes; a scenario file has at most {FILE_LIMIT}"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
}
