//! Iteration. An iterator is consumed where it is made, so they nest like brackets, and those of a
//! loop go when the loop ends.

use super::error::{Error, Result};
use super::heap::{Heap, Span, Val};

/// How many iterables `zip` takes.
pub(crate) const MAX_ZIPPED: usize = 4;

/// What of a dict is iterated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Keys,
    Values,
    Items,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Iter {
    Range {
        next: i64,
        step: i64,
        left: u64,
    },
    List {
        id: u32,
        at: u32,
    },
    /// A list backwards: the place after the next item.
    Reversed {
        id: u32,
        at: u32,
    },
    Str {
        rest: Span,
    },
    Dict {
        id: u32,
        at: u32,
        changes: u32,
        side: Side,
        back: bool,
    },
    Enumerate {
        inner: u32,
        count: i64,
    },
    Zip {
        inner: [u32; MAX_ZIPPED],
        len: u8,
    },
}

/// An iterator, and the first of those that it is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(super) iter: Iter,
    base: u32,
}

/// How many numbers `range(start, end, step)` has.
fn range_len(start: i64, end: i64, step: i64) -> u64 {
    let (from, to) = if step > 0 { (start, end) } else { (end, start) };
    if from >= to {
        return 0;
    }
    let distance = to.abs_diff(from);
    (distance - 1) / step.unsigned_abs() + 1
}

impl Heap {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "they nest, and nesting is bounded"
    )]
    fn start(&mut self, iter: Iter, base: Option<u32>) -> u32 {
        let id = self.iters.len() as u32;
        let base = base.unwrap_or(id);
        self.iters.push(Slot { iter, base });
        id
    }

    pub(crate) fn range(&mut self, start: i64, end: i64, step: i64) -> Result<u32> {
        if step == 0 {
            return Err(Error::Value);
        }
        let left = range_len(start, end, step);
        Ok(self.start(
            Iter::Range {
                next: start,
                step,
                left,
            },
            None,
        ))
    }

    /// An iterator over a value, or the iterator that it is.
    #[inline]
    pub(crate) fn iterate(&mut self, value: Val) -> Result<u32> {
        let iter = match value {
            Val::Iter(id) => return Ok(id),
            Val::List(id) | Val::Tuple(id) => Iter::List { id, at: 0 },
            Val::Str(rest) => Iter::Str { rest },
            Val::Dict(id) => return Ok(self.iterate_dict(id, Side::Keys)),
            _ => return Err(Error::Type),
        };
        Ok(self.start(iter, None))
    }

    pub(crate) fn iterate_dict(&mut self, id: u32, side: Side) -> u32 {
        let changes = self.dict(id).changes;
        let iter = Iter::Dict {
            id,
            at: 0,
            changes,
            side,
            back: false,
        };
        self.start(iter, None)
    }

    /// `reversed(value)`
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded by the memory of a run"
    )]
    pub(crate) fn reversed(&mut self, value: Val) -> Result<u32> {
        let iter = match value {
            Val::List(id) | Val::Tuple(id) => {
                let at = self.list(id).len() as u32;
                Iter::Reversed { id, at }
            }
            Val::Str(text) => {
                // A string is reversed at once: there is nothing that could change it.
                let items = self.characters(text)?;
                let at = self.list(items).len() as u32;
                Iter::Reversed { id: items, at }
            }
            Val::Dict(id) => return Ok(self.reversed_dict(id, Side::Keys)),
            Val::Iter(id) => return self.reverse_iter(id),
            _ => return Err(Error::Type),
        };
        Ok(self.start(iter, None))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded by the memory of a run"
    )]
    fn reversed_dict(&mut self, id: u32, side: Side) -> u32 {
        let dict = self.dict(id);
        let (at, changes) = (dict.entries().len() as u32, dict.changes);
        let iter = Iter::Dict {
            id,
            at,
            changes,
            side,
            back: true,
        };
        self.start(iter, None)
    }

    fn reverse_iter(&mut self, id: u32) -> Result<u32> {
        match self.iters[id as usize].iter {
            Iter::Range { next, step, left } => {
                let last = i128::from(next) + i128::from(step) * (i128::from(left) - 1);
                let last = if left == 0 {
                    next
                } else {
                    i64::try_from(last).unwrap_or(next)
                };
                let step = step.checked_neg().ok_or(Error::IntegerRange)?;
                self.iters[id as usize].iter = Iter::Range {
                    next: last,
                    step,
                    left,
                };
                Ok(id)
            }
            Iter::Dict {
                id,
                side,
                back: false,
                ..
            } => Ok(self.reversed_dict(id, side)),
            _ => Err(Error::Type),
        }
    }

    /// `enumerate(value, count)`
    pub(crate) fn enumerate(&mut self, value: Val, count: i64) -> Result<u32> {
        let inner = self.iterate(value)?;
        let base = self.iters[inner as usize].base;
        Ok(self.start(Iter::Enumerate { inner, count }, Some(base)))
    }

    /// `zip(values…)`
    pub(crate) fn zip(&mut self, values: &[Val]) -> Result<u32> {
        let mut inner = [0; MAX_ZIPPED];
        let mut base = None;
        for (place, value) in inner.iter_mut().zip(values) {
            *place = self.iterate(*value)?;
            base = base.or(Some(self.iters[*place as usize].base));
        }
        let len = u8::try_from(values.len()).unwrap_or_default();
        // Those that were made before it was called may lie deeper than the first.
        let deepest = inner.iter().take(values.len());
        let base = deepest.map(|i| self.iters[*i as usize].base).min().or(base);
        Ok(self.start(Iter::Zip { inner, len }, base))
    }

    /// How many items an iterator has left, for those of which Python knows it.
    pub(crate) fn iter_len(&self, id: u32) -> Result<u64> {
        match self.iters[id as usize].iter {
            Iter::Range { left, .. } => Ok(left),
            Iter::Dict {
                id, back: false, ..
            } => Ok(self.dict(id).len() as u64),
            _ => Err(Error::Type),
        }
    }

    /// Drops an iterator, those that it is made of, and those made since.
    #[inline]
    pub(crate) fn release(&mut self, id: u32) {
        if let Some(slot) = self.iters.get(id as usize) {
            let base = slot.base as usize;
            self.iters.truncate(base);
        }
    }

    /// The next item. Costs fuel.
    #[inline]
    pub(crate) fn next(&mut self, id: u32) -> Result<Option<Val>> {
        self.burn(1)?;
        match &mut self.iters[id as usize].iter {
            Iter::Range { next, step, left } => {
                if *left == 0 {
                    return Ok(None);
                }
                let item = *next;
                *left -= 1;
                *next = next.wrapping_add(*step);
                Ok(Some(Val::Int(item)))
            }
            Iter::List { id, at } => {
                let (id, place) = (*id, *at);
                *at += 1;
                let item = self.list(id).get(place as usize).copied();
                Ok(item)
            }
            Iter::Reversed { id, at } => {
                let id = *id;
                let Some(place) = at.checked_sub(1) else {
                    return Ok(None);
                };
                *at = place;
                let item = self.list(id).get(place as usize).copied();
                Ok(item)
            }
            _ => self.next_of_others(id),
        }
    }

    fn next_of_others(&mut self, id: u32) -> Result<Option<Val>> {
        match self.iters[id as usize].iter {
            Iter::Str { rest } => {
                let Some(first) = self.str(rest).chars().next() else {
                    return Ok(None);
                };
                #[expect(clippy::cast_possible_truncation, reason = "at most 4")]
                let len = first.len_utf8() as u32;
                let (start, left) = (rest.start + len, rest.len - len);
                let rest_of_it = Span { start, len: left };
                self.iters[id as usize].iter = Iter::Str { rest: rest_of_it };
                Ok(Some(Val::Str(Span {
                    start: rest.start,
                    len,
                })))
            }
            Iter::Dict {
                id: dict,
                at,
                changes,
                side,
                back,
            } => {
                if self.dict(dict).changes != changes {
                    return Err(Error::Runtime);
                }
                self.next_of_dict(id, dict, at, side, back)
            }
            Iter::Enumerate { .. } | Iter::Zip { .. } => match self.next_parts(id)? {
                Some((parts, len)) => Ok(Some(Val::Tuple(self.new_list(&parts[..len])?))),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn next_of_dict(
        &mut self,
        id: u32,
        dict: u32,
        at: u32,
        side: Side,
        back: bool,
    ) -> Result<Option<Val>> {
        let Some((key, value)) = self.advance(id, dict, at, back)? else {
            return Ok(None);
        };
        Ok(Some(match side {
            Side::Keys => key,
            Side::Values => value,
            Side::Items => Val::Tuple(self.new_list(&[key, value])?),
        }))
    }

    /// The next entry of a dict that was not removed.
    fn advance(
        &mut self,
        id: u32,
        dict: u32,
        mut at: u32,
        back: bool,
    ) -> Result<Option<(Val, Val)>> {
        let found = loop {
            let place = if back { at.checked_sub(1) } else { Some(at) };
            let Some(place) = place.filter(|p| (*p as usize) < self.dict(dict).entries().len())
            else {
                break None;
            };
            at = if back { place } else { place + 1 };
            if let Some(entry) = self.dict(dict).entry(place as usize) {
                break Some(entry);
            }
            self.burn(1)?;
        };
        if let Iter::Dict { at: place, .. } = &mut self.iters[id as usize].iter {
            *place = at;
        }
        Ok(found)
    }

    /// The next item of an iterator of tuples, taken apart, without making the tuple.
    pub(super) fn next_parts(&mut self, id: u32) -> Result<Option<([Val; MAX_ZIPPED], usize)>> {
        let mut parts = [Val::None; MAX_ZIPPED];
        match self.iters[id as usize].iter {
            Iter::Enumerate { inner, count } => {
                let Some(item) = self.next(inner)? else {
                    return Ok(None);
                };
                let next = count.checked_add(1).ok_or(Error::IntegerRange)?;
                self.iters[id as usize].iter = Iter::Enumerate { inner, count: next };
                parts[0] = Val::Int(count);
                parts[1] = item;
                Ok(Some((parts, 2)))
            }
            Iter::Zip { inner, len } => {
                let len = usize::from(len);
                for (part, inner) in parts.iter_mut().zip(inner).take(len) {
                    let Some(item) = self.next(inner)? else {
                        return Ok(None);
                    };
                    *part = item;
                }
                Ok((len > 0).then_some((parts, len)))
            }
            Iter::Dict {
                id: dict,
                at,
                changes,
                side: Side::Items,
                back,
            } => {
                if self.dict(dict).changes != changes {
                    return Err(Error::Runtime);
                }
                let entry = self.advance(id, dict, at, back)?;
                Ok(entry.map(|(key, value)| {
                    parts[0] = key;
                    parts[1] = value;
                    (parts, 2)
                }))
            }
            _ => Err(Error::Type),
        }
    }
}
