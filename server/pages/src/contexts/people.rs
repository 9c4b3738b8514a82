//! The register and its import.

use serde::Serialize;

use super::common::*;

/// `/people`: the register. Query: `q`, `agency`, `identity`, `show` (`removed`), `sort` (see [`PersonSort`]), `dir`
/// (`desc`), `page`. Gender is never shown here.
#[derive(Debug, Clone, Serialize)]
pub struct People {
    /// Rows of this page.
    pub rows: Vec<PersonRow>,
    /// Search text.
    pub query: String,
    /// All agencies, for the filter.
    pub agencies: Vec<String>,
    /// The agency filtered by, or empty.
    pub agency: String,
    /// The identity filtered by.
    pub identity: Option<Identity>,
    /// Shows those taken off the register.
    pub removed: bool,
    /// Sorted by.
    pub sort: PersonSort,
    /// From the end.
    pub descending: bool,
    /// The filter as the beginning of a query, ready for an address: empty, or `q=…&`.
    pub filters: String,
    /// People that pass the filter.
    pub total: i64,
    /// This page, from 1.
    pub page: i64,
    /// Pages in all.
    pub pages: i64,
    /// May the viewer import and edit?
    pub may_import: bool,
}

/// What a person is to the programme; labels are `identity.WORD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// 公務人員.
    Civil,
    /// 約聘僱.
    Contract,
    /// 委外廠商.
    Vendor,
    /// 軟體工程師.
    Engineer,
    /// 學生.
    Student,
}

/// A column that the register is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonSort {
    /// Staff number.
    StaffNo,
    /// Name.
    Name,
    /// Agency.
    Agency,
    /// Identity.
    Identity,
}

/// A person in the register.
#[derive(Debug, Clone, Serialize)]
pub struct PersonRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Grade, or empty.
    pub grade: String,
    /// Identity.
    pub identity: Option<Identity>,
    /// Exercises in which the person had a seat.
    pub exercises: i64,
}

impl Page for People {
    const TEMPLATE: &'static str = "people/list.html";
    fn samples() -> Vec<Self> {
        let row = |id: &str, name: &str, agency: &str, exercises| PersonRow {
            id: id.into(),
            name: name.into(),
            staff_no: format!("A10{id}"),
            agency: agency.into(),
            grade: "技士".into(),
            identity: (exercises > 0).then_some(Identity::Civil),
            exercises,
        };
        let rows = vec![
            row("1", "許藍圖", "縣政府 數位發展處", 3),
            row("2", "謝測試", "縣政府 數位發展處", 2),
            row("3", "蔡紅磚", "木棉雲端", 1),
            row("4", "王假名", "青嵐科技大學", 0),
        ];
        let agencies = vec!["木棉雲端".to_owned(), "縣政府 數位發展處".to_owned(), "青嵐科技大學".to_owned()];
        vec![
            Self {
                rows,
                query: String::new(),
                agencies: agencies.clone(),
                agency: String::new(),
                identity: None,
                removed: false,
                sort: PersonSort::StaffNo,
                descending: false,
                filters: String::new(),
                total: 84,
                page: 2,
                pages: 3,
                may_import: true,
            },
            Self {
                rows: vec![],
                query: "不存在".into(),
                agencies,
                agency: "木棉雲端".into(),
                identity: Some(Identity::Vendor),
                removed: true,
                sort: PersonSort::Name,
                descending: true,
                filters: "agency=%E6%9C%A8&".into(),
                total: 0,
                page: 1,
                pages: 1,
                may_import: true,
            },
            Self {
                rows: vec![],
                query: String::new(),
                agencies: vec![],
                agency: String::new(),
                identity: None,
                removed: false,
                sort: PersonSort::StaffNo,
                descending: false,
                filters: String::new(),
                total: 0,
                page: 1,
                pages: 1,
                may_import: true,
            },
            Self {
                rows: vec![],
                query: String::new(),
                agencies: vec![],
                agency: String::new(),
                identity: None,
                removed: false,
                sort: PersonSort::StaffNo,
                descending: false,
                filters: String::new(),
                total: 0,
                page: 1,
                pages: 1,
                may_import: false,
            },
        ]
    }
}

/// `/people/import`. Forms: POST multipart field `file`; then POST with `token` and `act`: `check` to read it otherwise
/// (`sheet`, `encoding`, `column.LETTER`), `write` after a good preview (`apart.ROW` for rows that are new people).
#[derive(Debug, Clone, Serialize)]
pub struct PeopleImport {
    /// Largest file in bytes.
    pub max_bytes: i64,
    /// What came of the file.
    pub outcome: ImportOutcome,
    /// How it was read, and how it may be read instead.
    pub file: Option<ImportFile>,
    /// The file as a whole was refused.
    pub problem: Option<Problem>,
}

/// What came of an uploaded file.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImportOutcome {
    /// Nothing was uploaded yet.
    None,
    /// Something is wrong; nothing was written.
    Faults {
        /// File name.
        file: String,
        /// Rows read.
        rows: i64,
        /// All faults, by row.
        faults: Vec<ImportFault>,
    },
    /// All is right; waiting for the person's yes.
    Preview {
        /// File name.
        file: String,
        /// What each row will do.
        rows: Vec<ImportRow>,
        /// People to be added.
        added: i64,
        /// People to be changed.
        changed: i64,
        /// People already so.
        same: i64,
        /// Rows without a number that are taken for somebody by name and agency.
        proposed: i64,
    },
}

/// How a file was read.
#[derive(Debug, Clone, Serialize)]
pub struct ImportFile {
    /// Names the file on the server.
    pub token: String,
    /// Sheets of a workbook.
    pub sheets: Vec<String>,
    /// The one that was read, from 0.
    pub sheet: i64,
    /// `big5` where somebody said so.
    pub encoding: String,
    /// Its first rows as Big5, where the encoding is not known.
    pub as_big5: Vec<Vec<String>>,
    /// Its columns.
    pub columns: Vec<ImportColumn>,
    /// What was left out.
    pub notes: Vec<ImportFault>,
}

/// A column of a file.
#[derive(Debug, Clone, Serialize)]
pub struct ImportColumn {
    /// `A`, `B`, …
    pub letter: String,
    /// Heading as in the file.
    pub heading: String,
    /// What it is taken for, or empty; labels are `import.known.WORD`.
    pub known: String,
}

/// One fault of a roster. The text is `error.CODE`.
#[derive(Debug, Clone, Serialize)]
pub struct ImportFault {
    /// Line in the file, from 1 with the head.
    pub row: i64,
    /// Column as in the file's head; empty for a fault of the whole row.
    pub column: String,
    /// The value at fault. Of the gender column it is left empty.
    pub value: String,
    /// What is wrong and what to do.
    pub problem: Problem,
}

/// What a row of the roster does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportEffect {
    /// A person is added.
    Added,
    /// A person is changed.
    Changed,
    /// Already so.
    Same,
}

/// One row of the preview.
#[derive(Debug, Clone, Serialize)]
pub struct ImportRow {
    /// Row in the file.
    pub row: i64,
    /// Name.
    pub name: String,
    /// Staff number, or empty.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Identity.
    pub identity: Option<Identity>,
    /// It has no number and is taken for somebody by name and agency.
    pub proposed: bool,
    /// Somebody said that it is a new person.
    pub apart: bool,
    /// What it does.
    pub effect: ImportEffect,
}

impl Page for PeopleImport {
    const TEMPLATE: &'static str = "people/import.html";
    fn samples() -> Vec<Self> {
        let row = |row, name: &str, no: &str, effect| ImportRow {
            row,
            name: name.into(),
            staff_no: no.into(),
            agency: "縣政府 數位發展處".into(),
            identity: (row == 2).then_some(Identity::Civil),
            proposed: no.is_empty(),
            apart: no.is_empty() && row == 5,
            effect,
        };
        let column = |letter: &str, heading: &str, known: &str| ImportColumn {
            letter: letter.into(),
            heading: heading.into(),
            known: known.into(),
        };
        let read = ImportFile {
            token: "0198".into(),
            sheets: vec!["名冊".into(), "備份".into()],
            sheet: 0,
            encoding: String::new(),
            as_big5: vec![],
            columns: vec![
                column("A", "姓名", "name"),
                column("B", "員工編碼", "staff_no"),
                column("C", "單位", "agency"),
                column("D", "電話", ""),
            ],
            notes: vec![ImportFault {
                row: 0,
                column: String::new(),
                value: String::new(),
                problem: Problem::new("note_stray").with("places", "XFD1048576"),
            }],
        };
        let big5 = ImportFile {
            sheets: vec![],
            as_big5: vec![vec!["姓名".into(), "單位".into()], vec!["許功蓋".into(), "地政處".into()]],
            columns: vec![],
            notes: vec![],
            ..read.clone()
        };
        let fault = |row, column: &str, value: &str, code: &str| ImportFault {
            row,
            column: column.into(),
            value: value.into(),
            problem: Problem::new(code),
        };
        vec![
            Self { max_bytes: 5_242_880, outcome: ImportOutcome::None, file: None, problem: None },
            Self {
                max_bytes: 5_242_880,
                outcome: ImportOutcome::None,
                file: None,
                problem: Some(Problem::new("import_expired").on("file")),
            },
            Self {
                max_bytes: 5_242_880,
                outcome: ImportOutcome::Faults {
                    file: "名冊.csv".into(),
                    rows: 40,
                    faults: vec![
                        ImportFault {
                            row: 1,
                            column: "員工編碼".into(),
                            value: String::new(),
                            problem: Problem::new("csv_header_unknown").with("suggestion", "員工編號"),
                        },
                        ImportFault {
                            row: 3,
                            column: "姓名".into(),
                            value: String::new(),
                            problem: Problem::new("csv_required").with("column", "姓名"),
                        },
                        ImportFault {
                            row: 7,
                            column: "員工編號".into(),
                            value: "A101".into(),
                            problem: Problem::new("csv_duplicate").with("first", 2),
                        },
                        fault(9, "性別", "", "csv_gender"),
                        fault(12, "", "", "csv_columns"),
                    ],
                },
                file: Some(read.clone()),
                problem: None,
            },
            Self {
                max_bytes: 5_242_880,
                outcome: ImportOutcome::Faults {
                    file: "名冊.csv".into(),
                    rows: 1,
                    faults: vec![ImportFault {
                        row: 1,
                        column: "A".into(),
                        value: String::new(),
                        problem: Problem::new("csv_encoding")
                            .with("byte", "0xA9")
                            .with("cells", 5)
                            .with("places", "A1, B1, C1, A2, A3"),
                    }],
                },
                file: Some(big5),
                problem: None,
            },
            Self {
                max_bytes: 5_242_880,
                outcome: ImportOutcome::Preview {
                    file: "名冊.xlsx".into(),
                    rows: vec![
                        row(2, "許藍圖", "A101", ImportEffect::Added),
                        row(3, "謝測試", "A102", ImportEffect::Changed),
                        row(4, "王假名", "", ImportEffect::Same),
                        row(5, "王假名", "", ImportEffect::Added),
                    ],
                    added: 2,
                    changed: 1,
                    same: 1,
                    proposed: 2,
                },
                file: Some(read.clone()),
                problem: None,
            },
            Self {
                max_bytes: 5_242_880,
                outcome: ImportOutcome::Preview {
                    file: "名冊.csv".into(),
                    rows: vec![row(2, "蔡紅磚", "A103", ImportEffect::Same)],
                    added: 0,
                    changed: 0,
                    same: 1,
                    proposed: 0,
                },
                file: Some(ImportFile { encoding: "big5".into(), sheets: vec![], notes: vec![], ..read }),
                problem: None,
            },
        ]
    }
}
