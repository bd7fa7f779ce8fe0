//! Tables of an answer, as JSON or CSV.

use crate::counting::http::stats::csv;
use crate::counting::text::json::exact;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    fn json(&self) -> String {
        match self {
            Self::Text(text) => exact(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
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

    /// A JSON object: facts about all lines, then the lines.
    pub(crate) fn json(&self, facts: &[(&'static str, Cell)]) -> String {
        let mut json = "{".to_owned();
        for (name, cell) in facts {
            member(&mut json, name, cell);
        }
        if let Some(name) = self.name {
            json.push_str(&exact(name));
            json.push_str(":[");
            for line in &self.lines {
                json.push('{');
                self.members(&mut json, line);
                json.push_str("},");
            }
            without_comma(&mut json);
            json.push_str("],");
        } else if let Some(line) = self.lines.first() {
            self.members(&mut json, line);
            json.push(',');
        }
        without_comma(&mut json);
        json.push('}');
        json
    }

    fn members(&self, json: &mut String, line: &[Cell]) {
        for (name, cell) in self.columns.iter().zip(line) {
            member(json, name, cell);
        }
        without_comma(json);
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

fn member(json: &mut String, name: &str, cell: &Cell) {
    json.push_str(&exact(name));
    json.push(':');
    json.push_str(&cell.json());
    json.push(',');
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_json_or_csv() {
        let hostile = ["=1+1", "@x", "-2", "+3", "\tt", "a,b", "a\"b", "a\nb", "</script>", "é"];
        let lines = hostile.iter().map(|text| vec![Cell::text(text), Cell::Number(u64::MAX)]).collect();
        let table = Table { name: Some("lines"), columns: vec!["text", "number"], lines };
        let read: serde_json::Value = serde_json::from_str(&table.json(&[("site", Cell::text("a\"b"))])).unwrap();
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
        assert_eq!(one.json(&[("site", Cell::text("s"))]), "{\"site\":\"s\",\"views\":3}");
    }
}
