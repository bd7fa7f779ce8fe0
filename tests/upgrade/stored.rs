//! A database as SQL statements, one a line.

use crate::support::sqlite::Sqlite;
use footfall::counting::storage::Value;
use std::fmt::Write;

/// The database that these statements make.
pub(crate) fn load(statements: &str) -> Sqlite {
    let sql = Sqlite::new();
    sql.query("BEGIN", &[]).unwrap();
    for statement in statements.lines() {
        sql.query(statement, &[]).unwrap();
    }
    sql.query("COMMIT", &[]).unwrap();
    sql
}

/// The statements that make this database.
pub(crate) fn dump(sql: &Sqlite) -> String {
    let mut statements = String::new();
    for row in sql.query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name", &[]).unwrap() {
        let [Value::Text(create)] = &row[..] else { panic!("{row:?}") };
        writeln!(statements, "{create}").unwrap();
    }
    for table in sql.tables() {
        for row in sql.query(&format!("SELECT * FROM {table} ORDER BY 1, 2"), &[]).unwrap() {
            let values: Vec<String> = row.iter().map(literal).collect();
            writeln!(statements, "INSERT INTO {table} VALUES ({})", values.join(",")).unwrap();
        }
    }
    statements
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Text(text) => {
            assert!(!text.contains('\n'), "a statement is one line");
            format!("'{}'", text.replace('\'', "''"))
        }
        Value::Blob(bytes) => bytes.iter().fold("x'".to_owned(), |hex, byte| format!("{hex}{byte:02x}")) + "'",
    }
}
