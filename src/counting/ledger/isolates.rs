//! The last batch of each lane, so that a retry of it gets its stored receipt.
//!
//! A lane sends one batch to a shard at a time, each with a higher number than the one before. So the last batch of each lane
//! ([`crate::counting::dispatch::lanes`]) tells a retry (the same number) from a new batch (a higher one), and from a straggler that
//! nobody waits for (a lower one).
//!
//! With many isolates, most visits come alone, and most batches are of a lane that posts once a minute or less. So the batches are kept
//! as bytes, the oldest first: a lone visit's takes about 60 bytes with its place in the index. They are in pieces ([`Piece`]), and the
//! oldest piece is dropped as a whole when its time is over. The index is an open-addressed table of places. It holds no keys; those
//! are with the batches. The names of lanes are random bits that isolates draw, so nobody can make them collide.

use crate::counting::ledger::last_batch::LastBatch;

/// How long a batch can still be retried: twice the longest deadline of a visit, with 10 s for clocks that differ.
pub const KEEP_MS: u64 = 60_000;

/// The most bytes that the last batches take, to within a batch of 6 KB. Beyond them, all batches are refused until older ones are 60 s
/// old.
pub const MAX_BYTES: usize = 12 * 1024 * 1024;

/// The most bytes at which a lane is taken that is not remembered. The rest is for the next batches of those that are, which may be
/// larger.
pub const MAX_NEW_BYTES: usize = MAX_BYTES / 4 * 3;

/// As many lanes fit at least, if each sends a lone visit in a minute.
pub const LONE_LANES: usize = 150_000;

/// The bytes that later batches of their lanes must have made useless before what is left is moved together.
const MANY_USELESS: usize = MAX_BYTES / 8;

/// The size of a piece. What comes within a piece is forgotten together, so a busier shard forgets more exactly. The newest piece always
/// stays, so a quiet shard remembers its last 1,500 batches for longer than it must.
const PIECE_BYTES: usize = 64 * 1024;

/// Batches that came one after the other.
#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    /// When the newest of them came.
    newest: u64,
    /// How many of them are the last of their lanes.
    lanes: usize,
    /// The bytes of those.
    useful: usize,
}

/// Where a batch is: the number of its piece above [`PLACE_BITS`], and its offset in the piece. 0 is no place, as pieces count from 1.
type Place = u64;
const PLACE_BITS: u32 = 32;

/// The bytes of a place in the index.
const PLACE_BYTES: usize = size_of::<Place>();

/// 2^64 divided by the golden ratio: the multiplier of Fibonacci hashing (Knuth).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The last batches by lane.
#[derive(Debug, Default)]
pub(crate) struct Isolates {
    /// The oldest first.
    pieces: Vec<Piece>,
    /// The number of pieces that were dropped.
    dropped: u64,
    /// The index: as many places as a power of two, or none.
    index: Vec<Place>,
    /// The places of the index that are not 0. Some may be of batches that were dropped.
    taken: usize,
    /// The sum of `lanes` of all pieces.
    lanes: usize,
    /// The bytes of all pieces, and the useful ones.
    bytes: usize,
    useful: usize,
}

impl Isolates {
    /// The last batch of a lane.
    pub(crate) fn last_batch_of(&self, isolate: u128) -> Option<LastBatch<'_>> {
        self.find(isolate).1
    }

    /// The last batches of all lanes. Where lanes post in turn, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = LastBatch<'_>> {
        (0..self.pieces.len()).flat_map(|at| self.of_piece(at))
    }

    /// When the newest batch came, in milliseconds since 1970.
    pub(crate) fn newest(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.newest).max().unwrap_or(0)
    }

    /// How many lanes are remembered.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    /// How many bytes that takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.saturating_add(self.index.len().saturating_mul(PLACE_BYTES))
    }

    /// Remembers a batch in place of the one before of its lane.
    pub(crate) fn insert(&mut self, batch: LastBatch<'_>) {
        self.forget(batch.at);
        self.make_index();
        let (slot, last) = self.find(batch.isolate);
        let last = last.map(|last| last.len());
        let (length, number) = (batch.len(), self.last_piece_for(batch.len()));
        if let (Some(place), Some(length)) = (self.index.get(slot).copied(), last) {
            self.is_useless(place, length);
        }
        let Some(piece) = self.pieces.last_mut() else { return };
        let place = number.checked_shl(PLACE_BITS).unwrap_or(0) | u64::try_from(piece.bytes.len()).unwrap_or(0);
        batch.write(&mut piece.bytes);
        piece.newest = piece.newest.max(batch.at);
        piece.lanes = piece.lanes.saturating_add(1);
        piece.useful = piece.useful.saturating_add(length);
        self.lanes = self.lanes.saturating_add(1);
        self.bytes = self.bytes.saturating_add(length);
        self.useful = self.useful.saturating_add(length);
        if let Some(slot) = self.index.get_mut(slot) {
            self.taken = self.taken.saturating_add(usize::from(*slot == 0));
            *slot = place;
        }
    }

    /// Whether there is room for the next batch of a lane. It makes room if it can, and costs little if it cannot.
    pub(crate) fn has_room(&mut self, is_known: bool, now: u64) -> bool {
        let most = if is_known { MAX_BYTES } else { MAX_NEW_BYTES };
        if self.bytes() < most {
            return true;
        }
        self.forget(now);
        if self.bytes() >= most && self.bytes.saturating_sub(self.useful) >= MANY_USELESS {
            self.move_together(u64::MAX);
        }
        self.bytes() < most
    }

    /// Forgets batches that are too old to be retried: the oldest pieces, if all in them is so old. The newest piece stays.
    pub(crate) fn forget(&mut self, now: u64) {
        let mut over = 0_usize;
        for piece in self.pieces.iter().rev().skip(1).rev() {
            if piece.newest.saturating_add(KEEP_MS) >= now && !piece.bytes.is_empty() {
                break;
            }
            over = over.saturating_add(1);
            self.lanes = self.lanes.saturating_sub(piece.lanes);
            self.bytes = self.bytes.saturating_sub(piece.bytes.len());
            self.useful = self.useful.saturating_sub(piece.useful);
        }
        if over > 0 {
            self.pieces.drain(..over);
            self.dropped = self.dropped.saturating_add(u64::try_from(over).unwrap_or(0));
        }
    }

    /// Moves what is useful together. Batches that came after `latest`, by a clock that was ahead, come at `latest` instead.
    pub(crate) fn move_together(&mut self, latest: u64) {
        let mut moved = Self::default();
        for at in 0..self.pieces.len() {
            for batch in self.of_piece(at) {
                moved.insert(LastBatch { at: batch.at.min(latest), ..batch });
            }
            if let Some(piece) = self.pieces.get_mut(at) {
                piece.bytes = Vec::new();
            }
        }
        *self = moved;
    }

    /// The last batches in a piece.
    fn of_piece(&self, at: usize) -> impl Iterator<Item = LastBatch<'_>> {
        let first = self.number_of(at).checked_shl(PLACE_BITS).unwrap_or(0);
        let whole = self.pieces.get(at).map_or(&[][..], |piece| &piece.bytes);
        let mut left = whole;
        let all = std::iter::from_fn(move || {
            let place = first | u64::try_from(whole.len().saturating_sub(left.len())).unwrap_or(0);
            LastBatch::read(&mut left).map(|batch| (place, batch))
        });
        all.filter(|(place, batch)| self.index.get(self.find(batch.isolate).0) == Some(place)).map(|(_, batch)| batch)
    }

    /// The number of a piece.
    fn number_of(&self, at: usize) -> u64 {
        self.dropped.saturating_add(u64::try_from(at).unwrap_or(0)).saturating_add(1)
    }

    /// The piece of a place, unless it was dropped, and the offset.
    fn piece_of(&self, place: Place) -> Option<(usize, usize)> {
        let number = place.checked_shr(PLACE_BITS).unwrap_or(0).checked_sub(self.dropped)?.checked_sub(1)?;
        let offset = place & u64::from(u32::MAX);
        Some((usize::try_from(number).ok()?, usize::try_from(offset).ok()?))
    }

    /// The slot of a lane in the index, with its last batch; if there is none, a slot that is free for it.
    fn find(&self, isolate: u128) -> (usize, Option<LastBatch<'_>>) {
        let last = self.index.len().wrapping_sub(1);
        let mut slot = slot_of(isolate) & last;
        let mut free = None;
        for _ in 0..self.index.len() {
            let place = self.index.get(slot).copied().unwrap_or(0);
            let found = self.piece_of(place).and_then(|(at, offset)| self.pieces.get(at)?.bytes.get(offset..));
            match found.and_then(|mut bytes| LastBatch::read(&mut bytes)) {
                Some(batch) if batch.isolate == isolate => return (slot, Some(batch)),
                Some(_) => {}
                // This batch was dropped. The one that is looked for may come after it.
                None if place > 0 => free = free.or(Some(slot)),
                None => return (free.unwrap_or(slot), None),
            }
            slot = slot.wrapping_add(1) & last;
        }
        (free.unwrap_or(slot), None)
    }

    /// Makes sure that a quarter of the index is free, so that it is quick to search, and that it is not much too large.
    fn make_index(&mut self) {
        let enough = self.lanes.saturating_add(8);
        let is_full = self.taken.saturating_add(1).saturating_mul(4) > self.index.len().saturating_mul(3);
        if !is_full && self.index.len() <= enough.saturating_mul(16) {
            return;
        }
        let length = enough.saturating_mul(2).next_power_of_two();
        let places = std::mem::replace(&mut self.index, vec![0; length]);
        self.taken = 0;
        for place in places {
            let batch = self.piece_of(place).and_then(|(at, offset)| self.pieces.get(at)?.bytes.get(offset..));
            let Some(isolate) = batch.and_then(|mut bytes| LastBatch::read(&mut bytes)).map(|batch| batch.isolate) else {
                continue;
            };
            let (slot, _) = self.find(isolate);
            if let Some(slot) = self.index.get_mut(slot) {
                *slot = place;
                self.taken = self.taken.saturating_add(1);
            }
        }
    }

    /// Makes sure that the newest piece has room for so many bytes, and returns its number.
    fn last_piece_for(&mut self, length: usize) -> u64 {
        if self.pieces.last().is_none_or(|piece| piece.bytes.len().saturating_add(length) > PIECE_BYTES) {
            self.pieces.push(Piece::default());
        }
        self.number_of(self.pieces.len().saturating_sub(1))
    }

    /// Notes that a later batch of the lane came. A piece that is of no more use is dropped at once.
    fn is_useless(&mut self, place: Place, length: usize) {
        self.lanes = self.lanes.saturating_sub(1);
        self.useful = self.useful.saturating_sub(length);
        let newest = self.pieces.len().saturating_sub(1);
        let Some((at, _)) = self.piece_of(place) else { return };
        let Some(piece) = self.pieces.get_mut(at) else { return };
        piece.lanes = piece.lanes.saturating_sub(1);
        piece.useful = piece.useful.saturating_sub(length);
        if piece.lanes == 0 && at < newest {
            self.bytes = self.bytes.saturating_sub(piece.bytes.len());
            piece.bytes = Vec::new();
        }
    }
}

/// The slot where the search for a lane begins, before it is cut to the size of the index.
fn slot_of(isolate: u128) -> usize {
    let folded = (isolate ^ isolate.wrapping_shr(64)) & u128::from(u64::MAX);
    let hash = u64::try_from(folded).unwrap_or(0).wrapping_mul(GOLDEN);
    usize::try_from(hash.wrapping_shr(32)).unwrap_or(0)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
