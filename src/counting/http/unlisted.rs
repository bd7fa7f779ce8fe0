//! Where visits came from that were refused for how the counter is set up: from pages of an origin that `ALLOWED_ORIGINS` does not list, or
//! for a site that `SITES` does not name. An owner who reads of it knows what to set; without it a wrong setting looks like silence.
//!
//! Strangers can make up origins and names, so few of a day are kept, those with the most visits, and none that is more than a name.

use crate::counting::model::date::Day;
use crate::counting::model::origin::Origins;
use crate::counting::model::site::Sites;
use crate::counting::model::unlisted::{MAX_A_DAY, Unlisted};
use crate::counting::protocol::report::Line;

/// A name over a period, for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlistedLine {
    /// What is not listed.
    pub unlisted: Unlisted,
    /// Its name.
    pub name: String,
    /// How many visits there were, at least.
    pub visits: u64,
    /// The last day that had one.
    pub last: Day,
    /// What to set, so that it is listed; nothing where it cannot be.
    pub set: Option<String>,
}

/// The longest list that is told with what is to be added to it, in bytes.
const MAX_LIST_BYTES: usize = 1_000;

/// What an owner is told of a period: the names with the most visits.
pub fn told(report: &[Line], origins: &Origins, sites: &Sites) -> Vec<UnlistedLine> {
    let mut all: Vec<UnlistedLine> = Vec::new();
    for line in report {
        let Some(unlisted) = Unlisted::from_number(line.reason) else { continue };
        let same = |one: &&mut UnlistedLine| one.unlisted == unlisted && one.name == line.name;
        if let Some(one) = all.iter_mut().find(same) {
            one.visits = one.visits.saturating_add(line.views);
            one.last = one.last.max(line.at);
        } else {
            all.push(UnlistedLine { unlisted, name: line.name.clone(), visits: line.views, last: line.at, set: None });
        }
    }
    all.sort_by(|a, b| b.visits.cmp(&a.visits).then_with(|| a.name.cmp(&b.name)));
    all.truncate(MAX_A_DAY);
    for one in &mut all {
        let (variable, list) = match one.unlisted {
            Unlisted::Origin => ("ALLOWED_ORIGINS", origins.with(&one.name)),
            Unlisted::Site => ("SITES", sites.with(&one.name)),
        };
        one.set = list.map(|list| {
            if list.len() > MAX_LIST_BYTES { format!("{variable}: add {}", one.name) } else { format!("{variable} = \"{list}\"") }
        });
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use super::*;

    #[test]
    fn an_owner_is_told_what_to_set() {
        let line = |at, unlisted: Unlisted, name: &str, views| Line {
            at,
            reason: unlisted.number(),
            name: name.to_owned(),
            views,
            ..Line::default()
        };
        let report = [
            line(1, Unlisted::Origin, "https://shop.example", 1),
            line(3, Unlisted::Origin, "https://shop.example", 4),
            line(2, Unlisted::Origin, "null", 2),
            line(2, Unlisted::Site, "shop", 1),
            line(2, Unlisted::Site, "Shop", 1),
        ];
        let (origins, sites) = (Origins::parse("https://blog.example").unwrap(), Sites::parse("blog").unwrap());
        let all = told(&report, &origins, &sites);
        let said: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.visits, one.last, one.set.as_deref())).collect();
        assert_eq!(
            said,
            [
                ("https://shop.example", 5, 3, Some("ALLOWED_ORIGINS = \"https://blog.example,https://shop.example\"")),
                ("null", 2, 2, None),
                ("Shop", 1, 2, None),
                ("shop", 1, 2, Some("SITES = \"blog,shop\"")),
            ]
        );
        let first = told(&report, &Origins::default(), &sites);
        assert_eq!(first[0].set.as_deref(), Some("ALLOWED_ORIGINS = \"https://shop.example\""));
        let many = Sites::parse(&(0..200).map(|n| format!("site-{n}")).collect::<Vec<_>>().join(",")).unwrap();
        assert_eq!(told(&report[3..4], &origins, &many)[0].set.as_deref(), Some("SITES: add shop"));
    }
}
