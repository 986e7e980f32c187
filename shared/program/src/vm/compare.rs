//! Equality, order, membership and truth.

use std::cmp::Ordering;

use super::error::{Error, Result};
use super::heap::{Heap, Val};
use super::number::{self, Num};
use crate::ast::CompareOp;

impl Heap {
    /// Whether a value counts as true.
    #[inline]
    pub(crate) fn truth(&self, value: Val) -> bool {
        match value {
            Val::Bool(value) => value,
            Val::None | Val::Unbound => false,
            Val::Int(value) => value != 0,
            Val::Float(value) => value != 0.0,
            Val::Str(span) => span.len != 0,
            Val::List(id) | Val::Tuple(id) => !self.list(id).is_empty(),
            Val::Dict(id) => self.dict(id).len() != 0,
            Val::Iter(_) => true,
        }
    }

    /// `a == b`
    pub(crate) fn equal(&mut self, a: Val, b: Val) -> Result<bool> {
        self.equal_within(a, b, Self::LEVELS)
    }

    fn equal_within(&mut self, a: Val, b: Val, levels: usize) -> Result<bool> {
        if let (Some(a), Some(b)) = (Num::of(a), Num::of(b)) {
            return Ok(number::compare(a, b) == Some(Ordering::Equal));
        }
        match (a, b) {
            (Val::None, Val::None) => Ok(true),
            (Val::Str(a), Val::Str(b)) => {
                if a.len != b.len {
                    return Ok(false);
                }
                self.burn(a.len as usize / 16)?;
                Ok(self.str(a) == self.str(b))
            }
            (Val::List(a), Val::List(b)) | (Val::Tuple(a), Val::Tuple(b)) => {
                let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
                if self.list(a).len() != self.list(b).len() {
                    return Ok(false);
                }
                Ok(self.first_difference(a, b, below)?.is_none())
            }
            (Val::Dict(a), Val::Dict(b)) => {
                let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
                if self.dict(a).len() != self.dict(b).len() {
                    return Ok(false);
                }
                for at in 0..self.dict(a).entries().len() {
                    let Some((key, value)) = self.dict(a).entry(at) else {
                        continue;
                    };
                    self.burn(1)?;
                    match self.lookup(b, key)? {
                        Some(other) if self.equal_within(value, other, below)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The first place at which two lists differ, within the length of the shorter.
    fn first_difference(&mut self, a: u32, b: u32, levels: usize) -> Result<Option<usize>> {
        let shorter = self.list(a).len().min(self.list(b).len());
        for at in 0..shorter {
            self.burn(1)?;
            let (x, y) = (self.list(a)[at], self.list(b)[at]);
            if !self.equal_within(x, y, levels)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// How two values compare; `None` where NaN is involved. Python's `TypeError` for values that
    /// have no order.
    pub(crate) fn order(&mut self, a: Val, b: Val) -> Result<Option<Ordering>> {
        self.order_within(a, b, Self::LEVELS)
    }

    fn order_within(&mut self, a: Val, b: Val, levels: usize) -> Result<Option<Ordering>> {
        if let (Some(a), Some(b)) = (Num::of(a), Num::of(b)) {
            return Ok(number::compare(a, b));
        }
        match (a, b) {
            (Val::Str(a), Val::Str(b)) => {
                self.burn(a.len.min(b.len) as usize / 16)?;
                // The order of UTF-8 is that of the characters.
                Ok(Some(self.str(a).cmp(self.str(b))))
            }
            (Val::List(a), Val::List(b)) | (Val::Tuple(a), Val::Tuple(b)) => {
                let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
                match self.first_difference(a, b, below)? {
                    Some(at) => {
                        let (x, y) = (self.list(a)[at], self.list(b)[at]);
                        self.order_within(x, y, below)
                    }
                    None => Ok(Some(self.list(a).len().cmp(&self.list(b).len()))),
                }
            }
            _ => Err(Error::Type),
        }
    }

    /// `a op b`
    #[inline]
    pub(crate) fn compare(&mut self, op: CompareOp, a: Val, b: Val) -> Result<bool> {
        match (a, b) {
            (Val::Int(a), Val::Int(b)) => {
                if let Some(result) = holds(op, Some(a.cmp(&b))) {
                    return Ok(result);
                }
            }
            (Val::Float(a), Val::Float(b)) => {
                if let Some(result) = holds(op, a.partial_cmp(&b)) {
                    return Ok(result);
                }
            }
            _ => {}
        }
        self.compare_any(op, a, b)
    }

    fn compare_any(&mut self, op: CompareOp, a: Val, b: Val) -> Result<bool> {
        match op {
            CompareOp::Eq => self.equal(a, b),
            CompareOp::Ne => Ok(!self.equal(a, b)?),
            CompareOp::In => self.contains(b, a),
            CompareOp::NotIn => Ok(!self.contains(b, a)?),
            // The compiler sees to it that one side is `None`.
            CompareOp::Is => Ok(matches!((a, b), (Val::None, Val::None))),
            CompareOp::IsNot => Ok(!matches!((a, b), (Val::None, Val::None))),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {
                let order = self.order(a, b)?;
                Ok(holds(op, order).unwrap_or_default())
            }
        }
    }

    /// `item in container`
    fn contains(&mut self, container: Val, item: Val) -> Result<bool> {
        match (container, item) {
            (Val::Dict(id), key) => Ok(self.lookup(id, key)?.is_some()),
            (Val::Str(text), Val::Str(part)) => {
                self.burn_search(text.len as usize, part.len as usize)?;
                Ok(self.str(text).contains(self.str(part)))
            }
            (Val::List(id) | Val::Tuple(id), item) => {
                let mut at = 0;
                while let Some(other) = self.list(id).get(at).copied() {
                    self.burn(1)?;
                    if self.equal(other, item)? {
                        return Ok(true);
                    }
                    at += 1;
                }
                Ok(false)
            }
            (Val::Iter(id), item) => {
                let mut found = false;
                while let (false, Some(other)) = (found, self.next(id)?) {
                    found = self.equal(other, item)?;
                }
                self.release(id);
                Ok(found)
            }
            _ => Err(Error::Type),
        }
    }
}

/// Whether `op` holds between two numbers; `None` if it is not about their order.
#[inline]
pub(crate) fn holds(op: CompareOp, order: Option<Ordering>) -> Option<bool> {
    Some(match op {
        CompareOp::Eq => order == Some(Ordering::Equal),
        CompareOp::Ne => order != Some(Ordering::Equal),
        CompareOp::Lt => order == Some(Ordering::Less),
        CompareOp::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        CompareOp::Gt => order == Some(Ordering::Greater),
        CompareOp::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        CompareOp::In | CompareOp::NotIn | CompareOp::Is | CompareOp::IsNot => return None,
    })
}
