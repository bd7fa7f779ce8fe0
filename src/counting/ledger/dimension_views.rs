//! The values of details by day: which there are already, because there is a most for each kind, and the views that the tables do
//! not have yet.

use crate::counting::model::date::Day;
use crate::counting::model::dimension::Dimension;
use crate::counting::model::dimensions::values;
use crate::counting::model::limits::OTHER;
use std::collections::HashMap;

/// The most values of one kind that are kept apart on one day. A stranger can make up referrers; further ones are counted under
/// [`OTHER`].
pub const MAX_VALUES: usize = 1_000;

/// Days that are kept in memory: today, and the one before for clocks that differ.
const DAYS: usize = 2;

/// The values of one day, by the number of their kind, with the views that wait. A value that the tables have and nobody sent since
/// waits with 0.
type Values = [HashMap<Box<str>, u64>; Dimension::ALL.len()];

/// The values of the last days.
#[derive(Debug, Default)]
pub struct DimensionViews {
    days: Vec<(Day, Values)>,
}

impl DimensionViews {
    /// Whether the values of a day are in memory.
    pub fn knows(&self, day: Day) -> bool {
        self.days.iter().any(|(known, _)| *known == day)
    }

    /// Begins a day with the values that the tables have.
    pub fn load(&mut self, day: Day, stored: impl Iterator<Item = (u8, String)>) {
        let mut known = Values::default();
        for (kind, value) in stored {
            if let Some(values) = known.get_mut(usize::from(kind)) {
                values.insert(value.into(), 0);
            }
        }
        self.days.push((day, known));
    }

    /// Counts a view of a day that is known.
    pub fn count(&mut self, day: Day, details: &str) {
        let Some((_, known)) = self.days.iter_mut().find(|(known, _)| *known == day) else { return };
        let mut named = true;
        for (kind, value) in values(details) {
            // Hosts are read with the referrers that have no name, so that one of the others is not told twice.
            if kind == Dimension::Host && !named {
                continue;
            }
            let Some(known) = known.get_mut(usize::from(kind.number())) else { continue };
            let name = if known.contains_key(value) || known.len() < MAX_VALUES { value } else { OTHER };
            named &= kind != Dimension::Referrer || name != OTHER;
            match known.get_mut(name) {
                Some(views) => *views = views.saturating_add(1),
                None => drop(known.insert(name.into(), 1)),
            }
        }
    }

    /// The views that wait: day, number of the kind, value, views.
    pub fn waiting(&self) -> impl Iterator<Item = (Day, u8, &str, u64)> {
        let kinds = self
            .days
            .iter()
            .flat_map(|(day, known)| Dimension::ALL.into_iter().zip(known).map(|(kind, values)| (*day, kind, values)));
        let all =
            kinds.flat_map(|(day, kind, values)| values.iter().map(move |(value, views)| (day, kind.number(), &**value, *views)));
        all.filter(|(.., views)| *views > 0)
    }

    /// Everything that waited is in the tables now; days that are long over go.
    pub fn all_stored(&mut self) {
        self.days.sort_unstable_by_key(|(day, _)| std::cmp::Reverse(*day));
        self.days.truncate(DAYS);
        for (_, known) in &mut self.days {
            known.iter_mut().for_each(|values| values.values_mut().for_each(|views| *views = 0));
        }
    }
}
