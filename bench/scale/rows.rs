//! The rows that a batch writes, counted on the real ledger over SQLite.
//!
//! A batch writes one row. A checkpoint, every [`JOURNAL_ROWS`] batches, writes rows for the pages that were visited and the isolates that posted since
//! the last one. So the cost of a batch depends on how many isolates share a journal.

use crate::load::{Rng, some_visit};
use crate::support::rig::Rig;
use footfall::counting::ledger::state::JOURNAL_ROWS;
use serde::Serialize;

/// The batch sizes that are counted. Sizes in between hardly differ: a journal of small batches visits fewer pages, and one of large batches has
/// more hashes.
const SIZES: [u64; 5] = [1, 4, 16, 64, 256];

/// The rows of a batch, by its size.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) visits_a_batch: u64,
    /// With one isolate, and with a different one for each batch.
    pub(crate) one_isolate: f64,
    pub(crate) many_isolates: f64,
}

/// Counts the rows of a batch of each size.
pub(crate) fn count() -> Vec<Sample> {
    let sample = |visits| Sample {
        visits_a_batch: visits,
        one_isolate: a_ring(visits, 1) / JOURNAL_ROWS as f64,
        many_isolates: a_ring(visits, JOURNAL_ROWS) / JOURNAL_ROWS as f64,
    };
    SIZES.map(sample).into()
}

/// The rows of a batch of about `visits` visits if this many isolates post to the shard. A journal has at most as many isolates as batches; the worst
/// case is that all differ.
pub(crate) fn a_batch(samples: &[Sample], visits: f64, isolates: usize) -> f64 {
    let off = |sample: &&Sample| ((sample.visits_a_batch as f64).ln() - visits.ln()).abs();
    let Some(sample) = samples.iter().min_by(|a, b| off(a).total_cmp(&off(b))) else { return f64::NAN };
    let part = (isolates.min(JOURNAL_ROWS as usize) as f64 - 1.0) / (JOURNAL_ROWS as f64 - 1.0);
    sample.one_isolate + (sample.many_isolates - sample.one_isolate) * part
}

/// The rows that a full journal and its checkpoint write, once the pages are known.
fn a_ring(visits: u64, isolates: u64) -> f64 {
    let mut rig = Rig::new();
    let mut rng = Rng::new(visits);
    let mut written = 0;
    for batch in 0..=2 * JOURNAL_ROWS {
        // The first batch of the second and third journals writes the checkpoint of the one before.
        if batch == JOURNAL_ROWS + 1 {
            written = rig.sql.rows_written();
        }
        let sent: Vec<_> = (0..visits).map(|_| some_visit(&mut rng).by(rng.next())).collect();
        let receipt = rig.send(u128::from(batch % isolates), batch + 1, &sent);
        assert_eq!(receipt.visits.len() as u64, visits);
    }
    (rig.sql.rows_written() - written) as f64
}
