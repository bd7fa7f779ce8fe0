//! Lines of the file: writing and reading them.

use crate::counting::ledger::export_file::columns::{Column, NAMES, PARTS};
use crate::counting::model::dimension::Dimension;
use crate::counting::storage::{StorageError, Value};
use crate::counting::text::json::{exact, quoted};
use crate::counting::text::json_read::object;

/// The version of the format, in the first line.
pub(crate) const VERSION: &str = "1";

/// The longest line, in bytes: a page of 1,024 bytes that are all quoted, and numbers.
pub(crate) const MAX_LINE_BYTES: usize = 3_072;

/// A row as a line read: the number of its part in [`PARTS`], and a value for each column of the part.
pub(crate) type LineRow = (usize, Vec<Value>);

/// A row as a line, given the columns of its part.
///
/// # Errors
/// A column cannot hold its value.
pub(crate) fn line_of(part: &[Column], row: &[Value]) -> Result<String, StorageError> {
    let mut line = String::from("{");
    for (column, value) in part.iter().zip(row) {
        if line.len() > 1 {
            line.push(',');
        }
        let value = column.json_of(value).ok_or_else(|| StorageError(format!("a stored value is no {}", column.name())))?;
        line.push_str(&format!("\"{}\":{value}", column.name()));
    }
    line.push_str("}\n");
    Ok(line)
}

/// Reads a line of any file. Its values must keep to the rules of what is counted.
///
/// # Errors
/// What is wrong with the line, in words for the owner.
pub fn row_of(line: &str) -> Result<LineRow, String> {
    parse_line(line, false)
}

/// Reads a line that [`line_of`] wrote from these very tables. Its values are taken as they are.
///
/// # Errors
/// What is wrong with the line: [`line_of`] did not write it.
pub(crate) fn row_of_own(line: &str) -> Result<LineRow, String> {
    parse_line(line, true)
}

fn parse_line(line: &str, trusted: bool) -> Result<LineRow, String> {
    let found = object(line, NAMES)?;
    let has = |column: &Column| found.get(column.at()).is_some_and(Option::is_some);
    let many = found.iter().flatten().count();
    let part =
        PARTS.iter().position(|part| part.len() == many && part.iter().all(has)).ok_or("no line has these names together")?;
    let mut row = Vec::new();
    for column in PARTS.get(part).copied().unwrap_or_default() {
        let text = found.get(column.at()).and_then(Option::as_deref).unwrap_or("");
        row.push(column.value_of(text, trusted).ok_or_else(|| format!("{} cannot be {}", column.name(), quoted(text)))?);
    }
    if let (false, [_, Value::Integer(kind), Value::Text(value), _]) = (trusted, row.as_mut_slice())
        && let Some(kind) = usize::try_from(*kind).ok().and_then(|number| Dimension::ALL.get(number))
    {
        // Written as visits write it, so that later visits add to the same row.
        *value = kind.folded(value).into_owned();
    }
    Ok((part, row))
}

/// The first line of a file. `id` names the export: importing a file twice adds it once.
pub fn first_line(site: &str, id: &str, now: &str) -> String {
    format!("{{\"footfall\":{VERSION},\"site\":{},\"id\":{},\"at\":{}}}\n", exact(site), exact(id), exact(now))
}

/// The last line: how many lines are between it and the first, and how often the tables changed during the export. With 0 changes, all
/// lines are of one moment.
pub fn last_line(lines: u64, changes: u64) -> String {
    format!("{{\"end\":{lines},\"changes\":{changes}}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> String {
        let (part, row) = row_of(line).unwrap();
        line_of(PARTS[part], &row).unwrap().trim_end().to_owned()
    }

    #[test]
    fn every_kind_of_line_is_read_as_it_is_written() {
        for (part, line) in [
            r#"{"page":"/a \"é\\","views":12}"#,
            r#"{"page":"/a","hour":"2026-11-22T07Z","views":3,"visitors":2,"newcomers":1}"#,
            r#"{"page":"(other)","day":"2026-08-01","views":3,"visitors":0}"#,
            r#"{"hour":"2026-11-22T23Z","views":3,"visitors":2,"newcomers":1}"#,
            r#"{"day":"2026-08-01","views":3,"visitors":2}"#,
            r#"{"day":"2026-11-22","visitors":17}"#,
            r#"{"day":"2026-11-22","withheld":"crowded","views":3}"#,
            r#"{"day":"2026-11-22","kind":"country","value":"DE","views":3}"#,
            r#"{"day":"2026-11-22","excluded":"bot","visits":1000000000000}"#,
            r#"{"page":"/a","lowered":1}"#,
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!((row_of(line).unwrap().0, rewritten(line).as_str()), (part, line));
        }
        assert_eq!(
            rewritten(r#"{"visits":1,"excluded":77,"day":"2026-11-22"}"#),
            r#"{"day":"2026-11-22","excluded":77,"visits":1}"#
        );
    }

    #[test]
    fn what_no_table_could_hold_is_refused() {
        for (line, complaint) in [
            ("{}", "no line has these names together"),
            (r#"{"page":"/a"}"#, "no line has these names together"),
            (r#"{"page":"/a","views":1,"kind":null}"#, ""),
            (r#"{"page":"a","views":1}"#, "page cannot be \"a\""),
            (r#"{"page":"/\u0000","views":1}"#, ""),
            (r#"{"page":"/a","views":-1}"#, "`views` is the number -1, and has to be a text or a whole number"),
            (r#"{"page":"/a","views":1.5}"#, "`views` is the number 1.5, and has to be a text or a whole number"),
            (r#"{"page":"/a","views":1000000000001}"#, "views cannot be \"1000000000001\""),
            (r#"{"day":"2026-02-30","visitors":1}"#, "day cannot be \"2026-02-30\""),
            (r#"{"hour":"2026-11-22T24Z","views":3,"visitors":2,"newcomers":1}"#, "hour cannot be \"2026-11-22T24Z\""),
            (r#"{"hour":"2026-11-22T7Z","views":3,"visitors":2,"newcomers":1}"#, "hour cannot be \"2026-11-22T7Z\""),
            (r#"{"day":"2026-11-22","excluded":"whim","visits":1}"#, "excluded cannot be \"whim\""),
            (r#"{"day":"2026-11-22","kind":"country","value":"","views":3}"#, "value cannot be \"\""),
            (r#"{"page":"/a","views":1,"colour":"red"}"#, "there is no field \"colour\""),
            ("[]", "this is a list, and has to be an object in braces"),
        ] {
            let read = row_of(line);
            if complaint.is_empty() {
                assert!(read.is_ok(), "{line}")
            } else {
                assert_eq!(read, Err(complaint.to_owned()), "{line}")
            }
        }
    }
}
