//! Cross tables of a year, for the programme officer.

use serde::Serialize;

use super::common::*;
use super::programme::{TableCell, TableHead};

/// A table as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ShownTable {
    /// Title.
    pub title: String,
    /// Unit line.
    pub unit: String,
    /// Columns.
    pub columns: Vec<TableHead>,
    /// Rows.
    pub rows: Vec<Vec<TableCell>>,
    /// Notes, numbered.
    pub notes: Vec<String>,
    /// Source line.
    pub source: String,
}

/// `/statistics/year/{year}/cross`. Query: `rows`, `columns` (`none` for one variable), `figure`, `edition`.
#[derive(Debug, Clone, Serialize)]
pub struct CrossPage {
    /// ROC year.
    pub year: i64,
    /// Variable of the rows.
    pub rows: String,
    /// Variable of the columns, or `none`.
    pub columns: String,
    /// Figure.
    pub figure: String,
    /// `internal` or `public`.
    pub edition: String,
    /// Variables to choose from.
    pub variables: Vec<&'static str>,
    /// Figures to choose from.
    pub figures: Vec<&'static str>,
    /// Endings of the files that there are.
    pub formats: Vec<String>,
    /// The table; `None` where the question is none.
    pub table: Option<ShownTable>,
    /// Fewer people than this are hidden in the public edition.
    pub hidden_under: i64,
    /// What was refused.
    pub problems: Vec<Problem>,
}

impl Page for CrossPage {
    const TEMPLATE: &'static str = "records/cross.html";
    fn samples() -> Vec<Self> {
        use rampart_domain::records::{By, CrossFigure};
        let head = |zh: &str| TableHead { zh: zh.into(), en: zh.into(), number: zh != "機關等級" };
        let cell = |text: &str| TableCell { text: text.into(), number: text.parse::<i64>().is_ok() };
        let row = |cells: [&str; 4]| cells.map(cell).to_vec();
        let table = ShownTable {
            title: "115 年演訓交叉表（機關等級×性別，人數）".into(),
            unit: "單位：人".into(),
            columns: ["機關等級", "總計", "男", "女"].map(head).to_vec(),
            rows: vec![
                row(["B級", "34", "20", "14"]),
                row(["D級", "9", "※", "※"]),
                row(["總計", "43", "25", "18"]),
            ],
            notes: vec!["說明：1.人數 = 不重複之參訓者。".into()],
            source: "資料來源：青嵐縣政府數位發展處演訓登錄資料，統計至 115 年 12 月 31 日。".into(),
        };
        let page = Self {
            year: 115,
            rows: "level".into(),
            columns: "gender".into(),
            figure: "persons".into(),
            edition: "public".into(),
            variables: By::ALL.iter().map(|by| by.code()).collect(),
            figures: CrossFigure::ALL.iter().map(|figure| figure.code()).collect(),
            formats: ["ods", "csv", "xlsx", "pdf"].map(Into::into).to_vec(),
            table: Some(table.clone()),
            hidden_under: 3,
            problems: vec![],
        };
        let empty = ShownTable { rows: vec![], ..table };
        vec![
            page.clone(),
            Self { edition: "internal".into(), columns: "none".into(), table: Some(empty), ..page.clone() },
            Self {
                columns: "level".into(),
                table: None,
                problems: vec![Problem::new("cross_same").on("columns")],
                ..page.clone()
            },
            Self {
                columns: "month".into(),
                table: None,
                problems: vec![Problem::new("cross_not_public").on("edition")],
                ..page
            },
        ]
    }
}
