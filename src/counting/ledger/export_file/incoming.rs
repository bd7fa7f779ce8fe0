//! A file that is imported, as its lines arrive: whether it begins and ends as it must, and whether its lines agree.

use crate::counting::ledger::export_file::claimed_views::ClaimedViews;
use crate::counting::ledger::export_file::columns::PARTS;
use crate::counting::ledger::export_file::lines::{MAX_LINE_BYTES, VERSION, row_of};
use crate::counting::text::json_read::object;

/// The part of a file that has arrived.
#[derive(Debug, Default)]
pub struct IncomingFile {
    /// The export's name, once the first line has arrived.
    id: Option<String>,
    /// Lines after the first.
    lines: u64,
    /// Whether the last line has arrived.
    ended: bool,
    views: ClaimedViews,
}

/// The longest id of an import, in bytes.
const MAX_ID_BYTES: usize = 64;

impl IncomingFile {
    /// Takes whole lines, and returns those of them that are rows, each with its line break.
    ///
    /// # Errors
    /// What is wrong with a line, in words for the owner.
    pub fn take(&mut self, text: &str) -> Result<String, String> {
        let mut rows = String::with_capacity(text.len());
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.len() > MAX_LINE_BYTES {
                return Err(format!("over {MAX_LINE_BYTES} bytes in a line"));
            }
            if self.ended {
                return Err("there are lines after the last".to_owned());
            }
            if self.id.is_none() {
                self.id = Some(Self::id_of(line)?);
            } else if line.starts_with("{\"end\"") {
                if object(line, &["end", "changes"])?.first() != Some(&Some(self.lines.to_string())) {
                    return Err(format!("the last line counts other lines than the {} before it", self.lines));
                }
                self.views.check()?;
                self.ended = true;
            } else {
                self.lines = self.lines.saturating_add(1);
                // The first line of the file is not one of these.
                let number = self.lines.saturating_add(1);
                let in_line = |wrong| format!("line {number}: {wrong}");
                let (part, row) = row_of(line).map_err(in_line)?;
                self.views.add(PARTS.get(part).copied().unwrap_or_default(), &row, number).map_err(in_line)?;
                rows.push_str(line);
                rows.push('\n');
            }
        }
        Ok(rows)
    }

    /// The export's name, once the first line has arrived.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How many lines have arrived after the first.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Says that nothing more will arrive.
    ///
    /// # Errors
    /// What is missing, in words for the owner.
    pub fn finish(&self) -> Result<(), String> {
        match (&self.id, self.ended) {
            (None, _) => Err("the file is empty".to_owned()),
            (_, false) => Err("the file breaks off: its last line is missing".to_owned()),
            _ => Ok(()),
        }
    }

    fn id_of(line: &str) -> Result<String, String> {
        let mut values = object(line, &["footfall", "id", "site", "at"])?.into_iter();
        let (version, id) = (values.next().flatten(), values.next().flatten());
        if version.as_deref() != Some(VERSION) {
            return Err(format!("the first line does not say \"footfall\":{VERSION}"));
        }
        let fits = |id: &String| (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        id.filter(fits).ok_or_else(|| "the first line has no id of 1 to 64 visible ASCII characters".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::ledger::export_file::lines::{first_line, last_line};

    #[test]
    fn a_file_is_whole_or_not_at_all() {
        let whole = format!("{}{{\"page\":\"/a\",\"views\":1}}\n\n{}", first_line("a\"b", "x1", "now"), last_line(1, 0));
        for cut in 0..=whole.len() {
            let mut file = IncomingFile::default();
            let first = whole.get(..cut).unwrap();
            let taken = file.take(first);
            let done = taken.is_ok() && file.finish().is_ok();
            assert_eq!(done, cut >= whole.trim_end().len(), "{first}");
        }
        let mut file = IncomingFile::default();
        assert_eq!(file.take(&whole).unwrap(), "{\"page\":\"/a\",\"views\":1}\n");
        assert_eq!((file.id(), file.lines()), (Some("x1"), 1));
        assert!(file.take("{}").is_err(), "nothing comes after the last line");
        let wrong = |text: &str| IncomingFile::default().take(text).unwrap_err();
        assert!(wrong("{\"footfall\":2,\"id\":\"x\"}").contains("\"footfall\":1"));
        assert!(wrong("{\"footfall\":1}").contains("id"));
        assert!(wrong(&format!("{}{}", first_line("a", "x", ""), last_line(1, 0))).contains("counts other lines"));
        assert!(wrong(&"x".repeat(MAX_LINE_BYTES + 1)).contains("bytes in a line"));
    }
}
