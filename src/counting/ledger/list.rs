//! Slices of lists: pages with their views in a period or in all, and values of dimensions. The most viewed come first. A slice may have
//! only names that contain a text, and may begin at any line.

use crate::counting::ledger::by_page::Cut;
use crate::counting::ledger::packed::PAGES;
use crate::counting::ledger::state::Ledger;
use crate::counting::model::dimension::Dimension;
use crate::counting::protocol::report::{Line, Listed, Report, Slice, Times};
use crate::counting::storage::{Sql, StorageError, Value, count_at, text_at};
use std::collections::HashMap;

/// The pages whose names contain a text; all pages where it is empty.
pub(crate) const NAMES: &str = "SELECT id, page FROM pages WHERE ?1 = '' OR instr(lower(page), ?1) > 0";
/// The name of a page.
pub(crate) const NAME: &str = "SELECT page FROM pages WHERE id = ?";
/// Such pages with all their views.
pub(crate) const TOTALS: &str = "SELECT page, views, 0 FROM pages WHERE views > 0 AND (?1 = '' OR instr(lower(page), ?1) > 0) \
    ORDER BY views DESC, page LIMIT ?3 OFFSET ?2";
/// How many such pages there are.
pub(crate) const TOTALS_COUNT: &str = "SELECT count(*) FROM pages WHERE views > 0 AND (?1 = '' OR instr(lower(page), ?1) > 0)";
/// The values of one dimension in a span of days that contain a text, and those of a second dimension that are hosts (`also_in`).
pub(crate) const DETAILS: &str = "SELECT value, sum(views) AS most, 0 FROM details WHERE day >= ?4 AND day < ?5 \
    AND (kind = ?6 OR kind = ?7 AND value = lower(value)) AND (?1 = '' OR instr(lower(value), ?1) > 0) GROUP BY value ORDER BY most DESC, value LIMIT ?3 OFFSET ?2";
/// How many such values there are.
pub(crate) const DETAILS_COUNT: &str = "SELECT count(DISTINCT value) FROM details WHERE day >= ?2 AND day < ?3 \
    AND (kind = ?4 OR kind = ?5 AND value = lower(value)) AND (?1 = '' OR instr(lower(value), ?1) > 0)";

/// The most names that are looked up one by one. For more, all names are read at once.
const FEW: usize = 256;

/// The dimension that has the rest of a dimension's values, both by number. A referrer without a source is stored once, under `Referrer`, so
/// a list of hosts reads `Host` and `Referrer`. Sources have capitals and hosts have none; `tools/referrers.mjs` checks that. Every other
/// dimension has all of its values itself.
pub(crate) fn also_in(kind: u8) -> u8 {
    if kind == Dimension::Host.number() { Dimension::Referrer.number() } else { kind }
}

impl<S: Sql> Ledger<S> {
    /// A slice of a list, and the number of lines of the whole list.
    pub(crate) fn list(&self, of: Listed, slice: &Slice<'_>) -> Result<(Report, u64), StorageError> {
        let part = Value::Text(slice.part.to_owned());
        let [skip, most] = [slice.skip, slice.most].map(|lines| Value::count(lines.into()));
        let count = |statement, values: &[Value]| self.sql.run(statement, values)?.first().map_or(Ok(0), |row| count_at(row, 0));
        match of {
            Listed::Pages(times) => self.list_pages(&times, slice),
            Listed::Totals => {
                let names = count(TOTALS_COUNT, std::slice::from_ref(&part))?;
                Ok((self.named(TOTALS, &[part, skip, most])?, names))
            }
            Listed::Dimensions { kind, days } => {
                let [from, until] = [days.from, days.until].map(|day| Value::count(day.into()));
                let [kind, other] = [kind, also_in(kind)].map(|kind| Value::count(kind.into()));
                let names = count(DETAILS_COUNT, &[part.clone(), from.clone(), until.clone(), kind.clone(), other.clone()])?;
                Ok((self.named(DETAILS, &[part, skip, most, from, until, kind, other])?, names))
            }
        }
    }

    fn named(&self, statement: &'static str, values: &[Value]) -> Result<Report, StorageError> {
        let mut report = Report::new();
        for row in self.sql.run(statement, values)? {
            report.push(Line {
                name: text_at(&row, 0)?.to_owned(),
                views: count_at(&row, 1)?,
                visitors: count_at(&row, 2)?,
                ..Line::default()
            });
        }
        Ok(report)
    }

    /// A slice of the list of pages. Names are read only for its lines, and for pages with as many views as its first and last line.
    fn list_pages(&self, times: &Times, slice: &Slice<'_>) -> Result<(Report, u64), StorageError> {
        let mut names = if slice.part.is_empty() { None } else { Some(self.names(slice.part)?) };
        let mut pages = self.page_sums(times)?;
        if let Some(names) = &names {
            pages.retain(|(page, ..)| names.contains_key(page));
        }
        let all = u64::try_from(pages.len()).unwrap_or(u64::MAX);
        pages.sort_unstable_by_key(|(_, views, _)| std::cmp::Reverse(*views));
        let [skip, most] = [slice.skip, slice.most].map(|lines| usize::try_from(lines).unwrap_or(usize::MAX));
        let last = skip.saturating_add(most).min(pages.len());
        let Some((.., fewest, _)) = last.checked_sub(1).and_then(|last| pages.get(last)).copied() else {
            return Ok((Report::new(), all));
        };
        let most_views = pages.get(skip).map_or(0, |(_, views, _)| *views);
        // Pages with equal views are in the order of their names.
        let first = pages.partition_point(|(_, views, _)| *views > most_views);
        let until = pages.partition_point(|(_, views, _)| *views >= fewest);
        let viewed = pages.get(first..until).unwrap_or_default();
        if names.is_none() && viewed.len() > FEW {
            names = Some(self.names("")?);
        }
        let mut report = Report::with_capacity(viewed.len());
        for (page, views, visitors) in viewed {
            let name = match &mut names {
                Some(names) => names.remove(page),
                None => self.name_of(*page)?,
            };
            if let Some(name) = name {
                report.push(Line { name, views: *views, visitors: *visitors, ..Line::default() });
            }
        }
        report.sort_unstable_by(|a, b| b.views.cmp(&a.views).then_with(|| a.name.cmp(&b.name)));
        let report = report.into_iter().skip(skip.saturating_sub(first)).take(most).collect();
        Ok((report, all))
    }

    /// The pages that were viewed in a period: number, views, newcomers.
    fn page_sums(&self, times: &Times) -> Result<Vec<(u64, u64, u64)>, StorageError> {
        let [from, until, first, last] =
            [times.quarters.from, times.quarters.until, times.days.from, times.days.until].map(u64::from);
        let cut = Cut::of_quarters(from, until);
        let mut sums = Vec::new();
        for part in 0..self.parts()? {
            for ((views, visitors), page) in
                self.of_part(part, &cut, [first, last])?.into_iter().zip(part.saturating_mul(PAGES)..)
            {
                if views > 0 || visitors > 0 {
                    sums.push((page, views, visitors));
                }
            }
        }
        Ok(sums)
    }

    fn names(&self, part: &str) -> Result<HashMap<u64, String>, StorageError> {
        let mut names = HashMap::new();
        for row in self.sql.run(NAMES, &[Value::Text(part.to_owned())])? {
            names.insert(count_at(&row, 0)?, text_at(&row, 1)?.to_owned());
        }
        Ok(names)
    }

    fn name_of(&self, page: u64) -> Result<Option<String>, StorageError> {
        let rows = self.sql.run(NAME, &[Value::count(page)])?;
        rows.first().map(|row| text_at(row, 0).map(str::to_owned)).transpose()
    }
}
