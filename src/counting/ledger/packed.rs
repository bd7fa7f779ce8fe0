//! The counts of many pages in one row: of each page that was viewed, by the quarters of one hour, or for one day.
//!
//! If each page and hour had a row, each fold would write a row for each page, and each list would read one for each. So [`PAGES`]
//! pages share a row: those whose numbers differ only in the last byte. An entry usually takes four bytes.

use crate::counting::ledger::quarters::Counts;

/// The pages that share a row. Fewer would make more rows; more would make a page's own history longer to read: this many make a row
/// of 1 to 10 KB where all of them are viewed.
pub const PAGES: u64 = 256;

/// The quarters of an hour.
const QUARTERS: u64 = 4;

/// The bits of a number in each of its bytes. The eighth bit says that another byte follows (LEB128).
const BITS: u32 = 7;
const MORE: u8 = 1 << BITS;

/// The part that a page is in, by the number of the page.
pub(crate) fn part_of(page: u64) -> u64 {
    page / PAGES
}

/// One page in one quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

impl Place {
    /// The place of a page, by its number, in a quarter, counted from 1970 or from the hour. In a row of a day the quarter is 0.
    pub(crate) fn new(page: u64, quarter: u64) -> Self {
        Self((page % PAGES).saturating_mul(QUARTERS).saturating_add(quarter % QUARTERS))
    }

    /// The page, counted from the first of its row.
    pub fn page(self) -> u64 {
        self.0 / QUARTERS
    }

    /// The quarter of the hour.
    pub fn quarter(self) -> u64 {
        self.0 % QUARTERS
    }
}

/// The entries of a row, in the order of their places. A sorted list, because a map would make the Worker larger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed(Vec<(Place, Counts)>);

impl Packed {
    /// Reads a row; `None` for bytes that are no row.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        entries(bytes).collect::<Option<_>>().map(Self)
    }

    /// Writes a row: for each entry the distance of its place from the one before, and its three counts.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len().saturating_mul(4));
        let mut next = 0;
        for (Place(place), counts) in &self.0 {
            for number in [place.saturating_sub(next), counts.views, counts.visitors, counts.newcomers] {
                write_number(&mut bytes, number);
            }
            next = place.saturating_add(1);
        }
        bytes
    }

    /// Adds to a place.
    pub(crate) fn add(&mut self, place: Place, more: Counts) {
        match self.0.binary_search_by_key(&place, |(known, _)| *known) {
            Ok(at) => {
                if let Some((_, counts)) = self.0.get_mut(at) {
                    *counts = counts.plus(more);
                }
            }
            Err(at) => self.0.insert(at, (place, more)),
        }
    }

    /// Adds another row.
    pub(crate) fn add_all(&mut self, more: &Self) {
        for (place, counts) in &more.0 {
            self.add(*place, *counts);
        }
    }

    /// All entries, by page and quarter.
    pub fn iter(&self) -> impl Iterator<Item = (Place, Counts)> {
        self.0.iter().copied()
    }

    /// Removes the entries of a page, by its number, and returns them.
    pub(crate) fn take(&mut self, page: u64) -> Vec<(Place, Counts)> {
        self.0.extract_if(.., |(place, _)| place.page() == page % PAGES).collect()
    }

    /// Whether it has no entries.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The entries of a row, one by one. `None` stands for bytes that are no row, and is the last. A list of pages reads thousands of rows, and
/// this allocates nothing for them.
pub(crate) fn entries(mut bytes: &[u8]) -> impl Iterator<Item = Option<(Place, Counts)>> {
    let mut next = Some(0_u64);
    std::iter::from_fn(move || {
        let from = next.filter(|_| !bytes.is_empty())?;
        let entry = read_entry(&mut bytes, from);
        next = entry.map(|(Place(place), _)| place.saturating_add(1));
        Some(entry)
    })
}

fn read_entry(bytes: &mut &[u8], from: u64) -> Option<(Place, Counts)> {
    let place = from.checked_add(read_number(bytes)?).filter(|place| *place < PAGES.saturating_mul(QUARTERS))?;
    let [views, visitors, newcomers] = [read_number(bytes)?, read_number(bytes)?, read_number(bytes)?];
    Some((Place(place), Counts { views, visitors, newcomers }))
}

/// Appends a number: seven bits in a byte, the lowest first.
#[allow(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub(crate) fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= MORE.into() {
        bytes.push(number as u8 | MORE);
        number >>= BITS;
    }
    bytes.push(number as u8);
}

/// Takes a number of [`write_number`] off the front of bytes; `None` if there is none.
pub(crate) fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0_u32);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & !MORE);
        // More than 64 bits are no number.
        number |= bits.checked_shl(shift).filter(|shifted| shifted.checked_shr(shift) == Some(bits))?;
        if byte & MORE == 0 {
            return Some(number);
        }
        shift = shift.checked_add(BITS)?;
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(views: u64, visitors: u64, newcomers: u64) -> Counts {
        Counts { views, visitors, newcomers }
    }

    #[test]
    fn an_entry_takes_four_bytes() {
        let mut packed = Packed::default();
        packed.add(Place::new(7, 1_900_001), counts(3, 2, 1));
        packed.add(Place::new(7, 1_900_001), counts(1, 0, 0));
        packed.add(Place::new(256 + 8, 0), counts(1, 1, 1));
        assert_eq!(packed.to_bytes(), [29, 4, 2, 1, 2, 1, 1, 1]);
        assert_eq!(packed.take(7), [(Place::new(7, 1), counts(4, 2, 1))]);
        assert_eq!(packed.to_bytes(), [32, 1, 1, 1]);
        assert!(!packed.is_empty() && Packed::default().is_empty());
    }

    #[test]
    fn what_is_no_row_is_refused() {
        for bytes in [&[0][..], &[0, 1, 1], &[0, 1, 1, 128], &[128, 8, 1, 1, 1], &[255; 40]] {
            assert_eq!(Packed::from_bytes(bytes), None, "{bytes:?}");
        }
        let many = [&[0, 1, 1][..], &[255; 9], &[1]].concat();
        assert_eq!(Packed::from_bytes(&many).unwrap().iter().next(), Some((Place(0), counts(1, 1, u64::MAX))));
        assert_eq!(Packed::from_bytes(&[&[0, 1, 1][..], &[255; 9], &[2]].concat()), None, "65 bits");
    }

    proptest! {
        #[test]
        fn a_row_reads_back(all in prop::collection::btree_map((0..PAGES, 0..QUARTERS), any::<[u64; 3]>(), 0..40)) {
            let mut packed = Packed::default();
            for ((page, quarter), [views, visitors, newcomers]) in &all {
                packed.add(Place::new(*page, *quarter), counts(*views, *visitors, *newcomers));
            }
            prop_assert_eq!(Packed::from_bytes(&packed.to_bytes()), Some(packed.clone()));
            for ((page, quarter), (place, _)) in all.keys().zip(packed.iter()) {
                prop_assert_eq!((place.page(), place.quarter()), (*page, *quarter));
            }
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _some_row_or_none = Packed::from_bytes(&bytes);
        }
    }
}
