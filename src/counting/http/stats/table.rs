//! Tables of an answer, as JSON or CSV.

use crate::counting::http::stats::csv;
use serde::Serialize as SerializeDerive;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, SerializeDerive)]
#[serde(untagged)]
pub(crate) enum Cell {
    /// A text, possibly a stranger's.
    Text(String),
    /// A number.
    Number(u64),
    /// True or false.
    Flag(bool),
}

impl Cell {
    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn csv(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(text) => csv::cell(text),
        }
    }
}

/// Lines with the same columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// The name of the lines in JSON. Without a name there is one line, whose values stand beside the facts.
    pub name: Option<&'static str>,
    /// The columns' names.
    pub columns: Vec<&'static str>,
    /// The lines.
    pub lines: Vec<Vec<Cell>>,
}

impl Table {
    /// Keeps only the first columns.
    pub(crate) fn first(mut self, columns: usize) -> Self {
        self.columns.truncate(columns);
        self.lines.iter_mut().for_each(|line| line.truncate(columns));
        self
    }

    /// CSV: a line with the columns' names, then the lines.
    pub(crate) fn csv(&self) -> String {
        let mut csv = String::new();
        for name in &self.columns {
            csv.push_str(name);
            csv.push(',');
        }
        end_line(&mut csv);
        for line in &self.lines {
            for cell in line {
                csv.push_str(&cell.csv());
                csv.push(',');
            }
            end_line(&mut csv);
        }
        csv
    }
}

fn without_comma(text: &mut String) {
    if text.ends_with(',') {
        text.pop();
    }
}

fn end_line(csv: &mut String) {
    without_comma(csv);
    csv.push_str("\r\n");
}

/// A table as a JSON object: facts about all lines, then the lines under their name, then what comes `beside` them.
pub(crate) struct JsonTable<'a, B> {
    pub facts: &'a [(&'static str, Cell)],
    pub table: &'a Table,
    pub beside: Option<(&'static str, B)>,
}

impl<B: Serialize> Serialize for JsonTable<'_, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (name, cell) in self.facts {
            object.serialize_entry(name, cell)?;
        }
        match self.table.name {
            Some(name) => object.serialize_entry(name, &Lines(self.table))?,
            None => {
                for (name, cell) in self.table.columns.iter().zip(self.table.lines.first().into_iter().flatten()) {
                    object.serialize_entry(name, cell)?;
                }
            }
        }
        if let Some((name, beside)) = &self.beside {
            object.serialize_entry(name, beside)?;
        }
        object.end()
    }
}

struct Lines<'a>(&'a Table);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Table { columns, lines, .. } = self.0;
        let mut list = serializer.serialize_seq(Some(lines.len()))?;
        for line in lines {
            list.serialize_element(&JsonLine { columns, line })?;
        }
        list.end()
    }
}

struct JsonLine<'a> {
    columns: &'a [&'static str],
    line: &'a [Cell],
}

impl Serialize for JsonLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::text::json::to_json;

    #[test]
    fn no_text_breaks_json_or_csv() {
        let hostile = ["=1+1", "@x", "-2", "+3", "\tt", "a,b", "a\"b", "a\nb", "</script>", "é"];
        let lines = hostile.iter().map(|text| vec![Cell::text(text), Cell::Number(u64::MAX)]).collect();
        let table = Table { name: Some("lines"), columns: vec!["text", "number"], lines };
        let json = |table: &Table, site: &str| {
            to_json(&JsonTable { facts: &[("site", Cell::text(site))], table, beside: None::<(&str, u64)> })
        };
        let read: serde_json::Value = serde_json::from_str(&json(&table, "a\"b")).unwrap();
        assert_eq!(read["site"], "a\"b");
        let texts: Vec<_> =
            read["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(texts, hostile);
        let csv = table.csv();
        assert!(csv.starts_with("text,number\r\n'=1+1,18446744073709551615\r\n'@x,"));
        for line in ["\r\n'-2,", "\r\n'+3,", "\r\n\"'\tt\",", "\r\n\"a,b\",", "\r\n\"a\"\"b\",", "\r\n\"a\nb\","] {
            assert!(csv.contains(line), "{line:?} in {csv}");
        }
        let one = Table { name: None, columns: vec!["views"], lines: vec![vec![Cell::Number(3)]] };
        assert_eq!(json(&one, "s"), "{\"site\":\"s\",\"views\":3}");
    }
}
