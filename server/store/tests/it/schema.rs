//! Both engines hold the same tables with the same columns.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::bed::{Bed, on_postgres, on_sqlite};

/// `table.column type null-or-not key`, sorted.
type Shape = BTreeSet<String>;

async fn sqlite(bed: &Bed) -> Shape {
    let sql = "SELECT m.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 1 THEN ' not null' ELSE '' END \
               || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END \
               FROM sqlite_master m JOIN pragma_table_info(m.name) c \
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '_sqlx%'";
    bed.beside().await.texts(sql).await.into_iter().collect()
}

async fn postgres(bed: &Bed) -> Shape {
    let sql = "SELECT c.table_name || '.' || c.column_name || ' ' \
               || CASE c.data_type WHEN 'bigint' THEN 'INTEGER' WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' \
                  ELSE c.data_type END \
               || CASE c.is_nullable WHEN 'NO' THEN ' not null' ELSE '' END \
               || COALESCE((SELECT ' key ' || k.ordinal_position FROM information_schema.key_column_usage k \
                  JOIN information_schema.table_constraints t ON t.constraint_name = k.constraint_name \
                  WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name \
                  AND k.column_name = c.column_name), '') \
               FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_sqlx%'";
    bed.beside().await.texts(sql).await.into_iter().collect()
}

static SHAPES: Mutex<Vec<Shape>> = Mutex::new(Vec::new());

fn put(shape: Shape) {
    SHAPES.lock().unwrap_or_else(PoisonError::into_inner).push(shape);
}

#[tokio::test]
async fn both_engines_have_the_same_columns() {
    on_sqlite(|bed| async move { put(sqlite(&bed).await) }).await;
    on_postgres("schema", |bed| async move { put(postgres(&bed).await) }).await;
    let shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(shapes[0].len() > 80, "{:?}", shapes[0]);
    assert!(shapes[0].contains("ledger.seq INTEGER not null key 2"));
    if let [sqlite, postgres] = shapes.as_slice() {
        assert_eq!(sqlite.symmetric_difference(postgres).collect::<Vec<_>>(), Vec::<&String>::new());
    }
}

#[tokio::test]
async fn text_sorts_by_its_bytes_everywhere() {
    on_postgres("collation", |bed| async move {
        let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns \
                   WHERE table_schema = 'public' AND data_type = 'text' AND table_name NOT LIKE '\\_sqlx%' \
                   AND collation_name IS DISTINCT FROM 'C'";
        assert_eq!(bed.beside().await.texts(sql).await, Vec::<String>::new());
    })
    .await;
}

#[test]
fn each_migration_stands_in_both_folders_and_in_the_list() {
    let names = |engine: &str| -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap().trim_end_matches(".sql").to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), rampart_store::migration_names());
    assert_eq!(names("postgres"), rampart_store::migration_names());
}
