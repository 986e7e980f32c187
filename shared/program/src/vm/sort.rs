//! Sorting: stable, with a comparison that may fail and need not be consistent.

use std::cmp::Ordering;

use super::error::{Error, Result};
use super::heap::{Heap, Val};

/// What a list has that can be sorted without looking further.
enum Kind {
    Integers,
    Floats,
    Texts,
    Others,
}

fn kind(items: &[Val]) -> Kind {
    let all = |is: fn(&Val) -> bool| items.iter().all(is);
    if all(|item| matches!(item, Val::Int(_))) {
        Kind::Integers
    } else if all(|item| matches!(item, Val::Float(value) if !value.is_nan())) {
        Kind::Floats
    } else if all(|item| matches!(item, Val::Str(_))) {
        Kind::Texts
    } else {
        Kind::Others
    }
}

impl Heap {
    /// Sorts a list in place. Equal items keep their order, backwards too.
    pub(crate) fn sort(&mut self, id: u32, is_reverse: bool) -> Result<()> {
        let mut items = std::mem::take(self.list_mut(id));
        let outcome = self.sort_items(&mut items, is_reverse);
        *self.list_mut(id) = items;
        outcome
    }

    fn sort_items(&mut self, items: &mut [Val], is_reverse: bool) -> Result<()> {
        let len = items.len();
        if len < 2 {
            return Ok(());
        }
        let rounds = len.ilog2() as usize + 1;
        self.burn(len.saturating_mul(rounds))?;
        self.charge(size_of_val(items))?;
        let directed = |order: Ordering| if is_reverse { order.reverse() } else { order };
        match kind(items) {
            Kind::Integers => items.sort_by(|a, b| match (a, b) {
                (Val::Int(a), Val::Int(b)) => directed(a.cmp(b)),
                _ => Ordering::Equal,
            }),
            Kind::Floats => items.sort_by(|a, b| match (a, b) {
                (Val::Float(a), Val::Float(b)) => {
                    directed(a.partial_cmp(b).unwrap_or(Ordering::Equal))
                }
                _ => Ordering::Equal,
            }),
            Kind::Texts => {
                let bytes: usize = items.iter().map(|item| text_bytes(*item)).sum();
                self.burn(bytes.saturating_mul(rounds) / 16)?;
                let text = |item: &Val| match item {
                    Val::Str(span) => self.str(*span),
                    _ => "",
                };
                items.sort_by(|a, b| directed(text(a).cmp(text(b))));
            }
            Kind::Others => {
                let mut buffer = items.to_vec();
                self.merge_sort(items, &mut buffer, is_reverse)?;
            }
        }
        Ok(())
    }

    /// As deep as the logarithm of the length.
    fn merge_sort(
        &mut self,
        items: &mut [Val],
        buffer: &mut [Val],
        is_reverse: bool,
    ) -> Result<()> {
        let len = items.len();
        if len < 2 {
            return Ok(());
        }
        let middle = len / 2;
        self.merge_sort(&mut items[..middle], &mut buffer[..middle], is_reverse)?;
        self.merge_sort(&mut items[middle..], &mut buffer[middle..], is_reverse)?;
        buffer.copy_from_slice(items);
        let (mut left, mut right) = (0, middle);
        for place in items.iter_mut() {
            let take_right = if left == middle {
                true
            } else if right == len {
                false
            } else {
                self.burn(1)?;
                let order = if is_reverse {
                    self.order(buffer[left], buffer[right])?
                } else {
                    self.order(buffer[right], buffer[left])?
                };
                order == Some(Ordering::Less)
            };
            let from = if take_right { &mut right } else { &mut left };
            *place = buffer[*from];
            *from += 1;
        }
        Ok(())
    }

    /// Whether `a` comes before `b`.
    pub(crate) fn is_less(&mut self, a: Val, b: Val) -> Result<bool> {
        Ok(self.order(a, b)? == Some(Ordering::Less))
    }

    /// The least, or greatest, of a list that is not empty; the first of several.
    pub(crate) fn extreme(&mut self, values: &[Val], is_max: bool) -> Result<Val> {
        let (mut best, rest) = match values.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return Err(Error::Value),
        };
        for value in rest {
            self.burn(1)?;
            let is_better = if is_max {
                self.is_less(best, *value)?
            } else {
                self.is_less(*value, best)?
            };
            if is_better {
                best = *value;
            }
        }
        Ok(best)
    }
}

fn text_bytes(item: Val) -> usize {
    match item {
        Val::Str(span) => span.len as usize,
        _ => 0,
    }
}
