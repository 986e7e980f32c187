//! Dicts: entries in the order in which they were added, and an index by hash.

use super::error::{Error, Result};
use super::heap::{Heap, Val};

/// Up to so many entries a dict is searched from first to last.
const SMALL: usize = 8;
const VACANT: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// [`Val::Unbound`] once it is removed.
    key: Val,
    value: Val,
    hash: u64,
}

/// A dict. Whoever adds an entry has charged for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dict {
    entries: Vec<Entry>,
    index: Vec<u32>,
    live: usize,
    /// How often a key was added or removed.
    pub(crate) changes: u32,
}

impl Dict {
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry at a place, unless it was removed.
    pub(crate) fn entry(&self, at: usize) -> Option<(Val, Val)> {
        match self.entries.get(at) {
            Some(Entry {
                key: Val::Unbound, ..
            })
            | None => None,
            Some(entry) => Some((entry.key, entry.value)),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.index.clear();
        self.live = 0;
        self.changes = self.changes.wrapping_add(1);
    }

    pub(crate) fn trim(&mut self, kept: usize) {
        if self.entries.capacity() > kept {
            *self = Self::default();
        }
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.entries.extend_from_slice(&other.entries);
        self.index.extend_from_slice(&other.index);
        self.live = other.live;
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a hash is cut; entries are few"
    )]
    fn reindex(&mut self) {
        self.entries
            .retain(|entry| !matches!(entry.key, Val::Unbound));
        self.index.clear();
        if self.entries.len() < SMALL {
            return;
        }
        let size = (self.entries.len() * 4).next_power_of_two();
        self.index.resize(size, VACANT);
        for (number, entry) in self.entries.iter().enumerate() {
            let mut at = entry.hash as usize & (size - 1);
            while self.index[at] != VACANT {
                at = (at + 1) & (size - 1);
            }
            self.index[at] = number as u32;
        }
    }
}

/// Spreads a hash over all bits.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value ^ (value >> 29)
}

fn hash_bytes(text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let whole = words.iter().fold(text.len() as u64, |hash, word| {
        mix(hash.rotate_left(5) ^ u64::from_le_bytes(*word))
    });
    let last = rest
        .iter()
        .fold(0, |word, byte| (word << 8) | u64::from(*byte));
    mix(whole.rotate_left(5) ^ last)
}

impl Heap {
    /// The hash of a key: equal keys have equal hashes, `1`, `1.0` and `True` among them.
    pub(crate) fn hash(&mut self, key: Val, levels: usize) -> Result<u64> {
        Ok(match key {
            Val::None => 1,
            Val::Bool(value) => mix(u64::from(value)),
            Val::Int(value) => mix(value.cast_unsigned()),
            Val::Float(value) => match super::number::to_integer(value) {
                Ok(whole) if value.fract() == 0.0 => mix(whole.cast_unsigned()),
                _ => mix(value.to_bits()),
            },
            Val::Str(span) => {
                self.burn(span.len as usize / 8)?;
                hash_bytes(self.str(span).as_bytes())
            }
            Val::Tuple(id) => {
                let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
                let mut hash = 7;
                for at in 0..self.list(id).len() {
                    self.burn(1)?;
                    let item = self.list(id)[at];
                    hash = mix(hash ^ self.hash(item, below)?);
                }
                hash
            }
            _ => return Err(Error::Type),
        })
    }

    /// The place of the entry of `key`. Every entry looked at costs fuel, so that keys chosen to
    /// collide cost what they take.
    fn find(&mut self, id: u32, key: Val, hash: u64) -> Result<Option<usize>> {
        if self.dict(id).index.is_empty() {
            let mut from = 0;
            let has_hash = |entry: &Entry| entry.hash == hash;
            while let Some(next) = self.dict(id).entries[from..].iter().position(has_hash) {
                let at = from + next;
                if self.equal(self.dict(id).entries[at].key, key)? {
                    return Ok(Some(at));
                }
                from = at + 1;
            }
            return Ok(None);
        }
        let mask = self.dict(id).index.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "a hash is cut")]
        let mut slot = hash as usize & mask;
        loop {
            let number = self.dict(id).index[slot];
            if number == VACANT {
                return Ok(None);
            }
            self.burn(1)?;
            let entry = self.dict(id).entries[number as usize];
            if entry.hash == hash && self.equal(entry.key, key)? {
                return Ok(Some(number as usize));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// `dict[key]`, if it is there.
    pub(crate) fn lookup(&mut self, id: u32, key: Val) -> Result<Option<Val>> {
        let hash = self.hash(key, Self::LEVELS)?;
        let place = self.find(id, key, hash)?;
        Ok(place.map(|at| self.dict(id).entries[at].value))
    }

    /// `dict[key] = value`
    pub(crate) fn insert(&mut self, id: u32, key: Val, value: Val) -> Result<()> {
        let hash = self.hash(key, Self::LEVELS)?;
        if let Some(at) = self.find(id, key, hash)? {
            self.dict_mut(id).entries[at].value = value;
            return Ok(());
        }
        self.charge_entry()?;
        let dict = self.dict_mut(id);
        dict.entries.push(Entry { key, value, hash });
        dict.live += 1;
        dict.changes = dict.changes.wrapping_add(1);
        let number = dict.entries.len() - 1;
        if number < SMALL {
            return Ok(());
        }
        if dict.index.len() < dict.entries.len() * 2 {
            let work = dict.entries.len();
            dict.reindex();
            return self.burn(work / 4);
        }
        let mask = dict.index.len() - 1;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a hash is cut; entries are few"
        )]
        let (mut slot, number) = (hash as usize & mask, number as u32);
        while dict.index[slot] != VACANT {
            slot = (slot + 1) & mask;
        }
        dict.index[slot] = number;
        Ok(())
    }

    /// Removes the entry of `key` and returns its value.
    pub(crate) fn remove(&mut self, id: u32, key: Val) -> Result<Option<Val>> {
        let hash = self.hash(key, Self::LEVELS)?;
        let Some(at) = self.find(id, key, hash)? else {
            return Ok(None);
        };
        let dict = self.dict_mut(id);
        let value = dict.entries[at].value;
        // The place stays taken: what lies behind it in the index must be found. It equals no
        // key, and goes when the index is made anew.
        dict.entries[at].key = Val::Unbound;
        dict.live -= 1;
        dict.changes = dict.changes.wrapping_add(1);
        if dict.index.is_empty() {
            dict.entries.remove(at);
        }
        Ok(Some(value))
    }
}
