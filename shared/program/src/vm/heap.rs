//! Where the values of a run live: arenas that are filled while it goes on and emptied before the
//! next one.

use super::dict::Dict;
use super::error::{Error, Result};
use super::iter::Slot;
use crate::{MAX_DEPTH, Value};

/// A value while a program runs: scalars by value, the rest as a place in the [`Heap`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Val {
    /// A variable that has no value yet.
    Unbound,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Span),
    List(u32),
    Tuple(u32),
    Dict(u32),
    /// Never stored: the compiler sees that it is consumed where it is made.
    Iter(u32),
}

/// A stretch of the heap's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// What a list costs beside its items, in bytes.
const LIST_BYTES: usize = 32;
/// What a dict costs beside its entries, in bytes.
const DICT_BYTES: usize = 64;
/// What an item of a list costs, in bytes.
const ITEM_BYTES: usize = size_of::<Val>();
/// What an entry of a dict costs, its share of the index included, in bytes.
const ENTRY_BYTES: usize = 64;
/// How many bytes of text a machine keeps for the next run.
const KEPT_TEXT: usize = 1 << 16;
/// Up to how many items a machine keeps the memory of a list or dict for the next run.
const KEPT_ITEMS: usize = 1 << 9;
/// How many lists, and how many dicts, a machine keeps for the next run.
const KEPT_CONTAINERS: usize = 1 << 10;
/// The most a budget can give, so that a place in the text has 32 bits.
pub(crate) const MAX_MEMORY: usize = 1 << 31;

/// The arenas of a run, and what it may still use.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    pub(crate) text: String,
    lists: Vec<Vec<Val>>,
    lists_used: usize,
    dicts: Vec<Dict>,
    dicts_used: usize,
    pub(crate) iters: Vec<Slot>,
    pub(crate) fuel: u64,
    pub(crate) memory: usize,
}

fn index(id: u32) -> usize {
    id as usize
}

impl Heap {
    /// Empties it and puts in what `image` holds.
    pub(crate) fn reset(&mut self, image: &Self) {
        if self.text.capacity() > KEPT_TEXT {
            self.text = String::new();
        }
        self.text.clear();
        self.text.push_str(&image.text);
        for list in self.lists.iter_mut().take(self.lists_used) {
            if list.capacity() > KEPT_ITEMS {
                *list = Vec::new();
            }
        }
        for dict in self.dicts.iter_mut().take(self.dicts_used) {
            dict.trim(KEPT_ITEMS);
        }
        self.lists.truncate(KEPT_CONTAINERS);
        self.dicts.truncate(KEPT_CONTAINERS);
        self.iters.clear();
        self.lists_used = 0;
        self.dicts_used = 0;
        for list in image.lists.iter().take(image.lists_used) {
            self.next_list().extend_from_slice(list);
        }
        for dict in image.dicts.iter().take(image.dicts_used) {
            self.next_dict().copy_from(dict);
        }
    }

    fn next_list(&mut self) -> &mut Vec<Val> {
        if self.lists_used == self.lists.len() {
            self.lists.push(Vec::new());
        }
        self.lists_used += 1;
        let list = &mut self.lists[self.lists_used - 1];
        list.clear();
        list
    }

    fn next_dict(&mut self) -> &mut Dict {
        if self.dicts_used == self.dicts.len() {
            self.dicts.push(Dict::default());
        }
        self.dicts_used += 1;
        let dict = &mut self.dicts[self.dicts_used - 1];
        dict.clear();
        dict
    }

    /// Takes `units` of fuel.
    #[inline]
    pub(crate) fn burn(&mut self, units: usize) -> Result<()> {
        self.fuel = self
            .fuel
            .checked_sub(units as u64)
            .ok_or(Error::OutOfFuel)?;
        Ok(())
    }

    /// Takes `bytes` of memory, and fuel for filling them.
    #[inline]
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<()> {
        self.memory = self.memory.checked_sub(bytes).ok_or(Error::OutOfMemory)?;
        self.burn(bytes / 32)
    }

    /// Takes the memory of `items` more items of a list.
    pub(crate) fn charge_items(&mut self, items: usize) -> Result<()> {
        self.charge(items.saturating_mul(ITEM_BYTES))
    }

    /// Takes the memory of one more entry of a dict.
    pub(crate) fn charge_entry(&mut self) -> Result<()> {
        self.charge(ENTRY_BYTES)
    }

    pub(crate) fn new_list(&mut self, items: &[Val]) -> Result<u32> {
        self.charge(LIST_BYTES + items.len().saturating_mul(ITEM_BYTES))?;
        let list = self.next_list();
        list.extend_from_slice(items);
        Ok(last(self.lists_used))
    }

    pub(crate) fn new_dict(&mut self) -> Result<u32> {
        self.charge(DICT_BYTES)?;
        self.next_dict();
        Ok(last(self.dicts_used))
    }

    pub(crate) fn list(&self, id: u32) -> &[Val] {
        &self.lists[index(id)]
    }

    /// The list itself; whoever makes it longer has charged for it.
    pub(crate) fn list_mut(&mut self, id: u32) -> &mut Vec<Val> {
        &mut self.lists[index(id)]
    }

    pub(crate) fn push(&mut self, id: u32, item: Val) -> Result<()> {
        self.charge_items(1)?;
        self.list_mut(id).push(item);
        Ok(())
    }

    pub(crate) fn dict(&self, id: u32) -> &Dict {
        &self.dicts[index(id)]
    }

    pub(crate) fn dict_mut(&mut self, id: u32) -> &mut Dict {
        &mut self.dicts[index(id)]
    }

    pub(crate) fn str(&self, span: Span) -> &str {
        let start = span.start as usize;
        &self.text[start..start + span.len as usize]
    }

    /// What has been added to the text since `start`.
    pub(crate) fn span_from(&self, start: usize) -> Span {
        span(start, self.text.len() - start)
    }

    pub(crate) fn new_str(&mut self, text: &str) -> Result<Span> {
        self.charge(text.len())?;
        let start = self.text.len();
        self.text.push_str(text);
        Ok(self.span_from(start))
    }

    /// A copy of a part of the text.
    pub(crate) fn append_span(&mut self, part: Span) -> Result<()> {
        self.charge(part.len as usize)?;
        let start = part.start as usize;
        self.text
            .extend_from_within(start..start + part.len as usize);
        Ok(())
    }

    /// Brings a value in.
    pub(crate) fn import(&mut self, value: &Value, levels: usize) -> Result<Val> {
        let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
        self.burn(1)?;
        Ok(match value {
            Value::None => Val::None,
            Value::Bool(value) => Val::Bool(*value),
            Value::Int(value) => Val::Int(*value),
            Value::Float(value) => Val::Float(*value),
            Value::Str(text) => Val::Str(self.new_str(text)?),
            Value::List(items) => Val::List(self.import_items(items, below)?),
            Value::Tuple(items) => Val::Tuple(self.import_items(items, below)?),
            Value::Dict(pairs) => {
                let id = self.new_dict()?;
                for (key, value) in pairs {
                    let key = self.import(key, below)?;
                    let value = self.import(value, below)?;
                    self.insert(id, key, value)?;
                }
                Val::Dict(id)
            }
        })
    }

    fn import_items(&mut self, items: &[Value], levels: usize) -> Result<u32> {
        let id = self.new_list(&[])?;
        for item in items {
            let item = self.import(item, levels)?;
            self.push(id, item)?;
        }
        Ok(id)
    }

    /// Takes a value out. What is shared is copied, and charged for, as often as it is met.
    pub(crate) fn export(&mut self, value: Val, levels: usize) -> Result<Value> {
        let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
        self.charge(ITEM_BYTES)?;
        Ok(match value {
            Val::None => Value::None,
            Val::Bool(value) => Value::Bool(value),
            Val::Int(value) => Value::Int(value),
            Val::Float(value) => Value::Float(value),
            Val::Str(span) => {
                self.charge(span.len as usize)?;
                Value::Str(self.str(span).to_owned())
            }
            Val::List(id) => Value::List(self.export_items(id, below)?),
            Val::Tuple(id) => Value::Tuple(self.export_items(id, below)?),
            Val::Dict(id) => {
                let mut pairs = Vec::new();
                for at in 0..self.dict(id).entries().len() {
                    let Some((key, value)) = self.dict(id).entry(at) else {
                        continue;
                    };
                    pairs.push((self.export(key, below)?, self.export(value, below)?));
                }
                Value::Dict(pairs)
            }
            Val::Unbound | Val::Iter(_) => return Err(Error::Type),
        })
    }

    fn export_items(&mut self, id: u32, levels: usize) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        for at in 0..self.list(id).len() {
            let item = self.list(id)[at];
            items.push(self.export(item, levels)?);
        }
        Ok(items)
    }

    /// How deep a walk over a value may go.
    pub(crate) const LEVELS: usize = MAX_DEPTH;
}

/// The number of the last of so many. A run cannot pay for 2^32 of them.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded by the memory of a run"
)]
fn last(used: usize) -> u32 {
    (used - 1) as u32
}

/// A stretch of text. The text is shorter than [`MAX_MEMORY`] and the image together.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded by the memory of a run"
)]
pub(crate) fn span(start: usize, len: usize) -> Span {
    Span {
        start: start as u32,
        len: len as u32,
    }
}
