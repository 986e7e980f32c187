//! Subscripts, slices, and the operators of sequences.

use super::error::{Error, Result};
use super::heap::{Heap, Span, Val, span};
use super::number::{self, Num};
use crate::ast::{BinaryOp, UnaryOp};

/// An index or a bound of a slice as an integer.
pub(crate) fn integer(value: Val) -> Result<i64> {
    match value {
        Val::Int(value) => Ok(value),
        Val::Bool(value) => Ok(value.into()),
        _ => Err(Error::Type),
    }
}

/// The place that an index means in a sequence of so many.
pub(crate) fn place(index: i64, len: usize) -> Result<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let at = if index < 0 { index + len } else { index };
    if at < len {
        usize::try_from(at).map_err(|_| Error::Index)
    } else {
        Err(Error::Index)
    }
}

/// A bound of a slice, cut to `0..=len`.
fn bound(index: i64, len: i64) -> i64 {
    let at = if index < 0 {
        index.saturating_add(len)
    } else {
        index
    };
    at.clamp(0, len)
}

impl Heap {
    /// `a op b`
    #[inline]
    pub(crate) fn binary(&mut self, op: BinaryOp, a: Val, b: Val) -> Result<Val> {
        if let (Val::Float(a), Val::Float(b)) = (a, b)
            && let Some(result) = number::floats(op, a, b)?
        {
            return Ok(Val::Float(result));
        }
        if let (Some(x), Some(y)) = (Num::of(a), Num::of(b)) {
            if let (Val::Bool(x), Val::Bool(y)) = (a, b) {
                match op {
                    BinaryOp::BitAnd => return Ok(Val::Bool(x & y)),
                    BinaryOp::BitOr => return Ok(Val::Bool(x | y)),
                    BinaryOp::BitXor => return Ok(Val::Bool(x ^ y)),
                    _ => {}
                }
            }
            return number::arithmetic(op, x, y)?
                .map(Val::from)
                .ok_or(Error::Type);
        }
        self.combine(op, a, b)
    }

    fn combine(&mut self, op: BinaryOp, a: Val, b: Val) -> Result<Val> {
        match (op, a, b) {
            (BinaryOp::Add, Val::Str(a), Val::Str(b)) => self.concat(a, b).map(Val::Str),
            (BinaryOp::Add, Val::List(a), Val::List(b)) => self.chain(a, b).map(Val::List),
            (BinaryOp::Add, Val::Tuple(a), Val::Tuple(b)) => self.chain(a, b).map(Val::Tuple),
            (BinaryOp::Mul, Val::Str(text), times) | (BinaryOp::Mul, times, Val::Str(text)) => {
                self.repeat_text(text, integer(times)?).map(Val::Str)
            }
            (BinaryOp::Mul, Val::List(id), times) | (BinaryOp::Mul, times, Val::List(id)) => {
                self.repeat(id, integer(times)?).map(Val::List)
            }
            (BinaryOp::Mul, Val::Tuple(id), times) | (BinaryOp::Mul, times, Val::Tuple(id)) => {
                self.repeat(id, integer(times)?).map(Val::Tuple)
            }
            (BinaryOp::Mod, Val::Str(_), _) | (BinaryOp::BitOr, Val::Dict(_), Val::Dict(_)) => {
                Err(Error::Unsupported)
            }
            _ => Err(Error::Type),
        }
    }

    /// `a op= b`: as `a op b`, save that a list changes itself.
    pub(crate) fn augment(&mut self, op: BinaryOp, a: Val, b: Val) -> Result<Val> {
        match (op, a) {
            (BinaryOp::Add, Val::List(id)) => {
                self.extend(id, b)?;
                Ok(a)
            }
            (BinaryOp::Mul, Val::List(id)) => {
                let times = integer(b)?;
                let items = self.list(id).len();
                if times <= 0 {
                    self.list_mut(id).clear();
                } else if let Ok(times) = usize::try_from(times) {
                    self.charge_items(items.saturating_mul(times))?;
                    for _ in 1..times {
                        self.list_mut(id).extend_from_within(..items);
                    }
                }
                Ok(a)
            }
            _ => self.binary(op, a, b),
        }
    }

    /// `list.extend(value)`
    pub(crate) fn extend(&mut self, id: u32, value: Val) -> Result<()> {
        if let Val::List(other) | Val::Tuple(other) = value {
            let items = self.list(other).len();
            self.charge_items(items)?;
            for at in 0..items {
                let item = self.list(other)[at];
                self.list_mut(id).push(item);
            }
            return Ok(());
        }
        let iter = self.iterate(value)?;
        while let Some(item) = self.next(iter)? {
            self.push(id, item)?;
        }
        self.release(iter);
        Ok(())
    }

    pub(crate) fn concat(&mut self, a: Span, b: Span) -> Result<Span> {
        if a.len == 0 || b.len == 0 {
            return Ok(if a.len == 0 { b } else { a });
        }
        // What stands at the end of the text is lengthened where it is.
        if (a.start + a.len) as usize == self.text.len() {
            self.append_span(b)?;
            return Ok(self.span_from(a.start as usize));
        }
        let start = self.text.len();
        self.append_span(a)?;
        self.append_span(b)?;
        Ok(self.span_from(start))
    }

    fn chain(&mut self, a: u32, b: u32) -> Result<u32> {
        let list = self.copy_items(a, 0, self.list(a).len())?;
        let items = self.list(b).len();
        self.charge_items(items)?;
        for at in 0..items {
            let item = self.list(b)[at];
            self.list_mut(list).push(item);
        }
        Ok(list)
    }

    fn repeat_text(&mut self, text: Span, times: i64) -> Result<Span> {
        let times = usize::try_from(times).unwrap_or(0);
        let len = text.len as usize;
        if len == 0 || times == 0 {
            return Ok(span(0, 0));
        }
        self.charge(len.saturating_mul(times))?;
        let start = self.text.len();
        let from = text.start as usize;
        for _ in 0..times {
            self.text.extend_from_within(from..from + len);
        }
        Ok(self.span_from(start))
    }

    fn repeat(&mut self, id: u32, times: i64) -> Result<u32> {
        let times = usize::try_from(times).unwrap_or(0);
        let items = self.list(id).len();
        let list = self.new_list(&[])?;
        if items == 0 {
            return Ok(list);
        }
        self.charge_items(items.saturating_mul(times))?;
        for _ in 0..times {
            for at in 0..items {
                let item = self.list(id)[at];
                self.list_mut(list).push(item);
            }
        }
        Ok(list)
    }

    /// A list of its own with a part of another.
    pub(crate) fn copy_items(&mut self, id: u32, from: usize, to: usize) -> Result<u32> {
        let list = self.new_list(&[])?;
        self.charge_items(to - from)?;
        for at in from..to {
            let item = self.list(id)[at];
            self.list_mut(list).push(item);
        }
        Ok(list)
    }

    pub(crate) fn unary(op: UnaryOp, value: Val) -> Result<Val> {
        Ok(match (op, Num::of(value).ok_or(Error::Type)?) {
            (UnaryOp::Neg, Num::Int(value)) => {
                Val::Int(value.checked_neg().ok_or(Error::IntegerRange)?)
            }
            (UnaryOp::Neg, Num::Float(value)) => Val::Float(-value),
            (UnaryOp::Invert, Num::Int(value)) => Val::Int(!value),
            (UnaryOp::Invert, Num::Float(_)) => return Err(Error::Type),
            (UnaryOp::Pos | UnaryOp::Not, number) => number.into(),
        })
    }

    /// How many characters a text has.
    pub(crate) fn text_len(&mut self, text: Span) -> Result<usize> {
        self.burn(text.len as usize / 32)?;
        let text = self.str(text);
        Ok(if text.is_ascii() {
            text.len()
        } else {
            text.chars().count()
        })
    }

    /// The characters of a text as a list of strings.
    pub(crate) fn characters(&mut self, text: Span) -> Result<u32> {
        let count = self.text_len(text)?;
        let list = self.new_list(&[])?;
        self.charge_items(count)?;
        let mut start = text.start as usize;
        for _ in 0..count {
            let len = self.text[start..].chars().next().map_or(1, char::len_utf8);
            self.list_mut(list).push(Val::Str(span(start, len)));
            start += len;
        }
        Ok(list)
    }

    /// `value[index]`
    #[inline]
    pub(crate) fn index(&mut self, value: Val, index: Val) -> Result<Val> {
        match value {
            Val::List(id) | Val::Tuple(id) => {
                let index = integer(index)?;
                let items = self.list(id);
                Ok(items[place(index, items.len())?])
            }
            Val::Dict(id) => self.lookup(id, index)?.ok_or(Error::Key),
            Val::Str(text) => {
                let index = integer(index)?;
                self.character(text, index).map(Val::Str)
            }
            _ => Err(Error::Type),
        }
    }

    fn character(&mut self, text: Span, index: i64) -> Result<Span> {
        let len = self.text_len(text)?;
        let at = place(index, len)?;
        let start = text.start as usize;
        if len == text.len as usize {
            return Ok(span(start + at, 1));
        }
        self.burn(at / 8)?;
        let found = self.str(text).char_indices().nth(at);
        let (offset, c) = found.ok_or(Error::Index)?;
        Ok(span(start + offset, c.len_utf8()))
    }

    /// `value[index] = item`
    pub(crate) fn set_index(&mut self, value: Val, index: Val, item: Val) -> Result<()> {
        match value {
            Val::List(id) => {
                let index = integer(index)?;
                let at = place(index, self.list(id).len())?;
                self.list_mut(id)[at] = item;
                Ok(())
            }
            Val::Dict(id) => self.insert(id, index, item),
            _ => Err(Error::Type),
        }
    }

    /// `value[lower:upper:step]`; absent bounds are `None`.
    pub(crate) fn slice(&mut self, value: Val, bounds: [Val; 3]) -> Result<Val> {
        let len = match value {
            Val::List(id) | Val::Tuple(id) => self.list(id).len(),
            Val::Str(text) => self.text_len(text)?,
            _ => return Err(Error::Type),
        };
        let places = places(bounds, len)?;
        match value {
            Val::Str(text) => self.slice_text(text, len, places).map(Val::Str),
            Val::List(id) => self.slice_items(id, places).map(Val::List),
            Val::Tuple(id) => self.slice_items(id, places).map(Val::Tuple),
            _ => Err(Error::Type),
        }
    }

    fn slice_items(&mut self, id: u32, places: Places) -> Result<u32> {
        let list = self.new_list(&[])?;
        self.charge_items(places.count)?;
        for at in places.iter() {
            let item = self.list(id)[at];
            self.list_mut(list).push(item);
        }
        Ok(list)
    }

    fn slice_text(&mut self, text: Span, len: usize, places: Places) -> Result<Span> {
        let start = text.start as usize;
        let is_ascii = len == text.len as usize;
        if is_ascii && places.step == 1 {
            return Ok(span(start + places.first, places.count));
        }
        self.charge(text.len as usize)?;
        let new = self.text.len();
        if is_ascii {
            self.charge(places.count)?;
            for at in places.iter() {
                self.text.extend_from_within(start + at..=start + at);
            }
        } else {
            self.charge(len * 8)?;
            let characters: Vec<char> = self.str(text).chars().collect();
            self.text.extend(places.iter().map(|at| characters[at]));
        }
        Ok(self.span_from(new))
    }
}

/// The places of a slice.
#[derive(Clone, Copy)]
struct Places {
    first: usize,
    step: i64,
    count: usize,
}

impl Places {
    fn iter(self) -> impl Iterator<Item = usize> {
        let step = isize::try_from(self.step).unwrap_or_default();
        let mut at = self.first;
        (0..self.count).map(move |_| {
            let place = at;
            at = at.wrapping_add_signed(step);
            place
        })
    }
}

fn places([lower, upper, step]: [Val; 3], len: usize) -> Result<Places> {
    let read = |value: Val| match value {
        Val::None => Ok(None),
        value => integer(value).map(Some),
    };
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let step = read(step)?.unwrap_or(1);
    if step == 0 {
        return Err(Error::Value);
    }
    let (lower, upper) = (read(lower)?, read(upper)?);
    let (first, count) = if step > 0 {
        let first = lower.map_or(0, |i| bound(i, len));
        let end = upper.map_or(len, |i| bound(i, len));
        (
            first,
            (end - first)
                .max(0)
                .unsigned_abs()
                .div_ceil(step.unsigned_abs()),
        )
    } else {
        // Backwards the bounds are cut to `-1..len`.
        let back = |i: i64| {
            let at = if i < 0 { i.saturating_add(len) } else { i };
            at.clamp(-1, len - 1)
        };
        let first = lower.map_or(len - 1, back);
        let end = upper.map_or(-1, back);
        (
            first,
            (first - end)
                .max(0)
                .unsigned_abs()
                .div_ceil(step.unsigned_abs()),
        )
    };
    Ok(Places {
        first: usize::try_from(first).unwrap_or_default(),
        step,
        count: usize::try_from(count).unwrap_or_default(),
    })
}
