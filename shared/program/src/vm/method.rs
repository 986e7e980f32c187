//! Methods, and those of lists and dicts.

use super::error::{Error, Result};
use super::heap::{Heap, Val};
use super::iter::Side;
use super::sequence::{integer, place};
use crate::ast::Method;

impl Heap {
    /// `receiver.method(arguments…)`; the compiler has checked how many there may be.
    pub(crate) fn method(&mut self, method: Method, receiver: Val, given: &[Val]) -> Result<Val> {
        match receiver {
            Val::Str(span) => self.text_method(method, span, given),
            Val::List(id) => self.list_method(method, id, given),
            Val::Tuple(id) => match (method, given) {
                (Method::Count | Method::Index, [_]) => self.list_method(method, id, given),
                _ => Err(Error::Attribute),
            },
            Val::Dict(id) => self.dict_method(method, id, given),
            _ => Err(Error::Attribute),
        }
    }

    fn list_method(&mut self, method: Method, id: u32, given: &[Val]) -> Result<Val> {
        match (method, given) {
            (Method::Append, [item]) => self.push(id, *item)?,
            (Method::Extend, [items]) => self.extend(id, *items)?,
            (Method::Insert, [at, item]) => self.insert_item(id, integer(*at)?, *item)?,
            (Method::Pop, _) => return self.pop_item(id, given),
            (Method::Remove, [item]) => {
                let at = self.find_item(id, *item)?.ok_or(Error::Value)?;
                self.burn((self.list(id).len() - at) / 8)?;
                self.list_mut(id).remove(at);
            }
            (Method::Index, [item]) => {
                let at = self.find_item(id, *item)?.ok_or(Error::Value)?;
                return Ok(Val::Int(i64::try_from(at).unwrap_or(i64::MAX)));
            }
            (Method::Count, [item]) => return self.count_items(id, *item),
            (Method::Reverse, []) => {
                self.burn(self.list(id).len() / 8)?;
                self.list_mut(id).reverse();
            }
            (Method::Sort, []) => self.sort(id, false)?,
            (Method::Clear, []) => self.list_mut(id).clear(),
            (Method::Copy, []) => return self.collect(Val::List(id)).map(Val::List),
            _ => return Err(Error::Attribute),
        }
        Ok(Val::None)
    }

    fn insert_item(&mut self, id: u32, at: i64, item: Val) -> Result<()> {
        let len = self.list(id).len();
        let end = i64::try_from(len).unwrap_or(i64::MAX);
        let at = if at < 0 { at.saturating_add(end) } else { at };
        let at = usize::try_from(at.clamp(0, end)).unwrap_or_default();
        self.burn((len - at) / 8)?;
        self.charge_items(1)?;
        self.list_mut(id).insert(at, item);
        Ok(())
    }

    fn pop_item(&mut self, id: u32, given: &[Val]) -> Result<Val> {
        let len = self.list(id).len();
        let index = match given {
            [] => -1,
            [index] => integer(*index)?,
            _ => return Err(Error::Type),
        };
        let at = place(index, len)?;
        self.burn((len - at) / 8)?;
        Ok(self.list_mut(id).remove(at))
    }

    fn find_item(&mut self, id: u32, item: Val) -> Result<Option<usize>> {
        let mut at = 0;
        while let Some(other) = self.list(id).get(at).copied() {
            self.burn(1)?;
            if self.equal(other, item)? {
                return Ok(Some(at));
            }
            at += 1;
        }
        Ok(None)
    }

    fn count_items(&mut self, id: u32, item: Val) -> Result<Val> {
        let mut count = 0;
        for at in 0..self.list(id).len() {
            self.burn(1)?;
            let other = self.list(id)[at];
            count += i64::from(self.equal(other, item)?);
        }
        Ok(Val::Int(count))
    }

    fn dict_method(&mut self, method: Method, id: u32, given: &[Val]) -> Result<Val> {
        match (method, given) {
            (Method::Get, [key]) => Ok(self.lookup(id, *key)?.unwrap_or(Val::None)),
            (Method::Get, [key, default]) => Ok(self.lookup(id, *key)?.unwrap_or(*default)),
            (Method::Keys, []) => Ok(Val::Iter(self.iterate_dict(id, Side::Keys))),
            (Method::Values, []) => Ok(Val::Iter(self.iterate_dict(id, Side::Values))),
            (Method::Items, []) => Ok(Val::Iter(self.iterate_dict(id, Side::Items))),
            (Method::Pop, [key]) => self.remove(id, *key)?.ok_or(Error::Key),
            (Method::Pop, [key, default]) => Ok(self.remove(id, *key)?.unwrap_or(*default)),
            (Method::Pop, []) => Err(Error::Type),
            (Method::SetDefault, [key, rest @ ..]) => {
                if let Some(value) = self.lookup(id, *key)? {
                    return Ok(value);
                }
                let value = rest.first().copied().unwrap_or(Val::None);
                self.insert(id, *key, value)?;
                Ok(value)
            }
            (Method::Clear, []) => {
                self.dict_mut(id).clear();
                Ok(Val::None)
            }
            (Method::Copy, []) => {
                let copy = self.new_dict()?;
                for at in 0..self.dict(id).entries().len() {
                    self.burn(1)?;
                    if let Some((key, value)) = self.dict(id).entry(at) {
                        self.insert(copy, key, value)?;
                    }
                }
                Ok(Val::Dict(copy))
            }
            _ => Err(Error::Attribute),
        }
    }
}
