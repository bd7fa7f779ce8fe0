//! The history of a run, for a person who investigates a failure.
//!
//! A normal run keeps no history. A failed run is repeated with its seed, and the repetition records everything.

use std::fmt::Write;

/// The subject of a line, by its number in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Try(usize),
    Post(usize),
    Shard(usize),
    Isolate(usize),
}

/// The lines of a run, if the run keeps them.
#[derive(Debug, Default)]
pub(crate) struct History {
    kept: Option<Vec<Line>>,
}

#[derive(Debug)]
struct Line {
    at: u64,
    about: Vec<About>,
    text: String,
}

/// How many lines of the run's end are printed.
const LAST_LINES: usize = 40;
/// How many lines about a failure are printed: half of them from the beginning, half from the end.
const CONCERNED_LINES: usize = 120;

impl History {
    pub(crate) fn kept() -> Self {
        Self { kept: Some(Vec::new()) }
    }

    /// Adds a line. Calls `text` only if lines are kept.
    pub(crate) fn note(&mut self, at: u64, about: &[About], text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.kept {
            lines.push(Line { at, about: about.to_vec(), text: text() });
        }
    }

    /// A hash that tells two different histories apart.
    pub(crate) fn digest(&self) -> u64 {
        let lines = self.kept.iter().flatten();
        lines
            .flat_map(|line| line.text.bytes().chain(line.at.to_le_bytes()))
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// All lines, with times relative to `start`.
    pub(crate) fn all(&self, start: u64) -> String {
        print(self.kept.iter().flatten(), start)
    }

    /// The lines about any of `concerned`, and the last lines.
    pub(crate) fn excerpt(&self, start: u64, concerned: &[About]) -> String {
        let Some(lines) = &self.kept else { return String::new() };
        let of_them: Vec<&Line> = lines.iter().filter(|line| line.about.iter().any(|about| concerned.contains(about))).collect();
        let skipped = of_them.len().saturating_sub(CONCERNED_LINES);
        let (first, rest) = of_them.split_at(of_them.len().min(CONCERNED_LINES / 2));
        let gap = if skipped > 0 { format!("  … {skipped} lines …\n") } else { String::new() };
        let first = print(first.iter().copied(), start);
        let rest = print(rest.iter().skip(skipped).copied(), start);
        let last = print(lines.iter().skip(lines.len().saturating_sub(LAST_LINES)), start);
        format!("what concerns it:\n{first}{gap}{rest}the last of {} lines:\n{last}", lines.len())
    }
}

fn print<'a>(lines: impl Iterator<Item = &'a Line>, start: u64) -> String {
    let mut text = String::new();
    for line in lines {
        let at = line.at.saturating_sub(start);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:>8}.{:03} s  {}", at / 1000, at % 1000, line.text);
    }
    text
}
