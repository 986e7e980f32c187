//! Packing by a table of priorities.
//!
//! A priority depends on item, room and capacity alone, and so few different sizes and rooms come
//! together that all of them are computed at once, in lanes; packing then looks them up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{EmptyBins, MAX_CAPACITY};

/// How many words have a bit for each room.
const WORDS: usize = MAX_CAPACITY as usize / 64 + 1;

/// All items with all rooms in which they could meet, for one capacity.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    capacity: u16,
    /// The different sizes of items, in order.
    sizes: Vec<u16>,
    /// For each size, the lane that its room 0 would have.
    base: Vec<usize>,
    items: Vec<f64>,
    rooms: Vec<f64>,
    capacities: Vec<f64>,
}

/// What packing works with, kept for what it has allocated.
#[derive(Debug, Default)]
pub struct Bench {
    /// The priorities of each grid, by lane.
    tables: Vec<Vec<f64>>,
    open: Open,
}

/// The bins that are open.
#[derive(Debug)]
struct Open {
    /// For each room, those that have it.
    bins: Vec<BinaryHeap<Reverse<u32>>>,
    /// For each room, whether there are any.
    present: [u64; WORDS],
    /// How many of these there may be bits in.
    words: usize,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            bins: Vec::new(),
            present: [0; WORDS],
            words: 0,
        }
    }
}

impl Grid {
    pub(super) fn new(capacity: u16, items: &[u16]) -> Self {
        let mut grid = Self {
            capacity,
            sizes: Vec::new(),
            base: Vec::new(),
            items: Vec::new(),
            rooms: Vec::new(),
            capacities: Vec::new(),
        };
        grid.add(items);
        grid
    }

    /// Takes up the sizes of `items`.
    pub(super) fn add(&mut self, items: &[u16]) {
        self.sizes.extend(items);
        self.sizes.sort_unstable();
        self.sizes.dedup();
    }

    /// Gives each size its lanes.
    pub(super) fn lay_out(&mut self, empty_bins: EmptyBins) {
        // An open bin has something in it.
        let widest = match empty_bins {
            EmptyBins::WhenNeeded => self.capacity - self.sizes.first().copied().unwrap_or(0),
            EmptyBins::ByPriority => self.capacity,
        };
        self.base = vec![0; usize::from(self.capacity) + 1];
        for size in &self.sizes {
            // Room `size` is the first that there is a lane for.
            self.base[usize::from(*size)] = self.items.len();
            for room in *size..=widest {
                self.items.push(f64::from(*size));
                self.rooms.push(f64::from(room));
            }
        }
        self.capacities = vec![f64::from(self.capacity); self.items.len()];
    }

    pub(super) fn capacity(&self) -> u16 {
        self.capacity
    }

    /// Item, room and capacity of all lanes.
    pub(super) fn columns(&self) -> [&[f64]; 3] {
        [&self.items, &self.rooms, &self.capacities]
    }

    /// Calls `visit` with the number, item, room and capacity of each lane.
    pub(super) fn each(&self, mut visit: impl FnMut(usize, f64, f64, f64)) {
        for (lane, (item, room)) in self.items.iter().zip(&self.rooms).enumerate() {
            visit(lane, *item, *room, f64::from(self.capacity));
        }
    }
}

impl Bench {
    /// The place for the priorities of the grid of that number.
    pub(super) fn table(&mut self, at: usize, grid: &Grid) -> &mut [f64] {
        if self.tables.len() <= at {
            self.tables.resize_with(at + 1, Vec::new);
        }
        let table = &mut self.tables[at];
        table.resize(grid.items.len(), 0.0);
        table
    }

    /// How many bins the items take; none if a bin that is looked at has no finite priority.
    pub(super) fn pack(
        &mut self,
        at: usize,
        grid: &Grid,
        items: &[u16],
        empty_bins: EmptyBins,
    ) -> Option<u32> {
        let table = &self.tables[at];
        let capacity = usize::from(grid.capacity);
        self.open.clear(capacity);
        let mut opened = 0_u32;
        for item in items {
            let size = usize::from(*item);
            let row = &table[grid.base[size]..];
            let mut best = self.open.best(size, row)?;
            if empty_bins == EmptyBins::ByPriority {
                let priority = row[capacity - size];
                if !priority.is_finite() {
                    return None;
                }
                best = best.filter(|(most, _)| priority <= *most);
            }
            let (bin, room) = if let Some((_, room)) = best {
                (self.open.take(room)?, room)
            } else {
                opened += 1;
                (Reverse(opened), capacity)
            };
            self.open.put(bin, room - size);
        }
        Some(opened)
    }
}

impl Open {
    fn clear(&mut self, capacity: usize) {
        self.bins.iter_mut().for_each(BinaryHeap::clear);
        let rooms = self.bins.len().max(capacity + 1);
        self.bins.resize_with(rooms, BinaryHeap::new);
        self.present = [0; WORDS];
        self.words = capacity / 64 + 1;
    }

    fn put(&mut self, bin: Reverse<u32>, room: usize) {
        self.bins[room].push(bin);
        self.present[room / 64] |= 1 << (room % 64);
    }

    /// The bin with that room that was opened first.
    fn take(&mut self, room: usize) -> Option<Reverse<u32>> {
        let bin = self.bins[room].pop()?;
        if self.bins[room].is_empty() {
            self.present[room / 64] &= !(1 << (room % 64));
        }
        Some(bin)
    }

    /// The best priority of bins that have room for `size`, and the room, if there is such a bin;
    /// `row` has the priorities from room `size` on. None at all if one of them is not finite.
    #[expect(clippy::float_cmp, reason = "equal priorities are equal")]
    #[expect(
        clippy::option_option,
        reason = "a failure, and no bin, are two different things"
    )]
    fn best(&self, size: usize, row: &[f64]) -> Option<Option<(f64, usize)>> {
        let mut best: Option<(f64, usize)> = None;
        let mut mask = u64::MAX << (size % 64);
        for word in size / 64..self.words {
            let mut bits = self.present[word] & mask;
            mask = u64::MAX;
            while bits != 0 {
                let room = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let priority = row[room - size];
                if !priority.is_finite() {
                    return None;
                }
                let is_better = best.is_none_or(|(most, at)| {
                    // Of equal ones that whose bin was opened first.
                    priority > most
                        || priority == most && self.bins[room].peek() > self.bins[at].peek()
                });
                if is_better {
                    best = Some((priority, room));
                }
            }
        }
        Some(best)
    }
}
