//! Views by the values of dimensions, by day: the values that are known, because their number is limited, and the views that the
//! tables do not have yet.

use crate::counting::model::date::Day;
use crate::counting::model::dimension::Dimension;
use crate::counting::model::dimensions::values;
use crate::counting::model::limits::OTHER;
use std::collections::HashMap;

/// The most values of one dimension on one day. Strangers can make up referrers; views of further values count under [`OTHER`].
pub const MAX_VALUES: usize = 1_000;

/// Days that are kept in memory: today, and the one before for clocks that differ.
const DAYS: usize = 2;

/// The values of one day, by the number of their dimension, each with the views that wait. A value that the tables have may wait with 0.
type Values = [HashMap<Box<str>, u64>; Dimension::ALL.len()];

/// The values of the last days.
#[derive(Debug, Default)]
pub(crate) struct DimensionViews {
    days: Vec<(Day, Values)>,
}

impl DimensionViews {
    /// Whether the values of a day are in memory.
    pub(crate) fn knows(&self, day: Day) -> bool {
        self.days.iter().any(|(known, _)| *known == day)
    }

    /// Takes a day into memory, with the values that the tables have.
    pub(crate) fn load(&mut self, day: Day, stored: impl Iterator<Item = (u8, String)>) {
        let mut known = Values::default();
        for (kind, value) in stored {
            if let Some(values) = known.get_mut(usize::from(kind)) {
                values.insert(value.into(), 0);
            }
        }
        self.days.push((day, known));
    }

    /// Counts a view on a day that is in memory.
    pub(crate) fn count(&mut self, day: Day, details: &str) {
        let Some((_, known)) = self.days.iter_mut().find(|(known, _)| *known == day) else { return };
        let mut has_referrer = true;
        for (kind, value) in values(details) {
            // A list of hosts reads the referrers, too: a view that counts there under `OTHER` must not count again by its host.
            if kind == Dimension::Host && !has_referrer {
                continue;
            }
            let Some(known) = known.get_mut(usize::from(kind.number())) else { continue };
            let name = if known.contains_key(value) || known.len() < MAX_VALUES { value } else { OTHER };
            has_referrer &= kind != Dimension::Referrer || name != OTHER;
            match known.get_mut(name) {
                Some(views) => *views = views.saturating_add(1),
                None => drop(known.insert(name.into(), 1)),
            }
        }
    }

    /// Takes views that wait back into memory, on a day that is there.
    pub(crate) fn wait(&mut self, day: Day, kind: u8, value: &str, views: u64) {
        let known = self.days.iter_mut().find(|(known, _)| *known == day);
        if let Some(values) = known.and_then(|(_, known)| known.get_mut(usize::from(kind))) {
            values.insert(value.into(), views);
        }
    }

    /// The views that wait: day, number of the dimension, value, views.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (Day, u8, &str, u64)> {
        let kinds = self
            .days
            .iter()
            .flat_map(|(day, known)| Dimension::ALL.into_iter().zip(known).map(|(kind, values)| (*day, kind, values)));
        let all =
            kinds.flat_map(|(day, kind, values)| values.iter().map(move |(value, views)| (day, kind.number(), &**value, *views)));
        all.filter(|(.., views)| *views > 0)
    }

    /// Notes that the tables have everything, and drops all but the last days.
    pub(crate) fn all_stored(&mut self) {
        self.days.sort_unstable_by_key(|(day, _)| std::cmp::Reverse(*day));
        self.days.truncate(DAYS);
        for (_, known) in &mut self.days {
            known.iter_mut().for_each(|values| values.values_mut().for_each(|views| *views = 0));
        }
    }
}
