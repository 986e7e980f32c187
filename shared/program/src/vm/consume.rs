//! Iterators taken to their end, or apart.

use super::error::{Error, Result};
use super::heap::{Heap, Val};
use super::iter::{Iter, Side};

impl Heap {
    /// The next item of an iterator, which must be a pair, taken apart.
    pub(crate) fn next_pair(&mut self, id: u32) -> Result<Option<[Val; 2]>> {
        let makes_tuples = matches!(
            self.iters[id as usize].iter,
            Iter::Enumerate { .. }
                | Iter::Zip { .. }
                | Iter::Dict {
                    side: Side::Items,
                    ..
                }
        );
        if makes_tuples {
            self.burn(1)?;
            return match self.next_parts(id)? {
                Some((parts, 2)) => Ok(Some([parts[0], parts[1]])),
                Some(_) => Err(Error::Value),
                None => Ok(None),
            };
        }
        let Some(item) = self.next(id)? else {
            return Ok(None);
        };
        let mut pair = [Val::None; 2];
        self.unpack(item, &mut pair)?;
        Ok(Some(pair))
    }

    /// Spreads the items of a value over as many places.
    pub(crate) fn unpack(&mut self, value: Val, places: &mut [Val]) -> Result<()> {
        self.burn(places.len())?;
        if let Val::List(id) | Val::Tuple(id) = value {
            let items = self.list(id);
            if items.len() != places.len() {
                return Err(Error::Value);
            }
            places.copy_from_slice(items);
            return Ok(());
        }
        let id = self.iterate(value)?;
        for place in places {
            *place = self.next(id)?.ok_or(Error::Value)?;
        }
        let ended = self.next(id)?.is_none();
        self.release(id);
        if ended { Ok(()) } else { Err(Error::Value) }
    }

    /// The items of a value as a list of its own.
    pub(crate) fn collect(&mut self, value: Val) -> Result<u32> {
        if let Val::List(id) | Val::Tuple(id) = value {
            return self.copy_items(id, 0, self.list(id).len());
        }
        let id = self.iterate(value)?;
        let list = self.new_list(&[])?;
        while let Some(item) = self.next(id)? {
            self.push(list, item)?;
        }
        self.release(id);
        Ok(list)
    }
}
