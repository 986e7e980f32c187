//! The built-in functions.

use super::error::{Error, Result};
use super::heap::{Heap, Val};
use super::number::{Num, to_integer};
use super::sequence::integer;
use super::{math, text};
use crate::ast::{BinaryOp, Builtin};

fn float(value: Val) -> Result<f64> {
    Num::of(value).map(Num::to_f64).ok_or(Error::Type)
}

fn count(value: u64) -> Result<Val> {
    i64::try_from(value)
        .map(Val::Int)
        .map_err(|_| Error::Overflow)
}

impl Heap {
    /// `builtin(arguments…)`; the compiler has checked how many there are.
    pub(crate) fn builtin(&mut self, builtin: Builtin, arguments: &[Val]) -> Result<Val> {
        match (builtin, arguments) {
            (Builtin::Abs, [value]) => absolute(*value),
            (Builtin::Len, [value]) => self.len(*value),
            (Builtin::Min | Builtin::Max, [values]) => {
                self.extreme_of(*values, builtin == Builtin::Max)
            }
            (Builtin::Min | Builtin::Max, values) => self.extreme(values, builtin == Builtin::Max),
            (Builtin::Sum, [values]) => self.sum(*values, Val::Int(0)),
            (Builtin::Sum, [values, start]) => self.sum(*values, *start),
            (Builtin::All, [values]) => self.find_truth(*values, false).map(|f| Val::Bool(!f)),
            (Builtin::Any, [values]) => self.find_truth(*values, true).map(Val::Bool),
            (Builtin::Range, _) => self.range_of(arguments).map(Val::Iter),
            (Builtin::Enumerate, [values]) => self.enumerate(*values, 0).map(Val::Iter),
            (Builtin::Enumerate, [values, start]) => {
                self.enumerate(*values, integer(*start)?).map(Val::Iter)
            }
            (Builtin::Zip, values) => self.zip(values).map(Val::Iter),
            (Builtin::Reversed, [value]) => self.reversed(*value).map(Val::Iter),
            (Builtin::Sorted | Builtin::SortedReverse, [values]) => {
                let list = self.collect(*values)?;
                self.sort(list, builtin == Builtin::SortedReverse)?;
                Ok(Val::List(list))
            }
            (Builtin::List, []) => self.new_list(&[]).map(Val::List),
            (Builtin::List, [values]) => self.collect(*values).map(Val::List),
            (Builtin::Tuple, []) => self.new_list(&[]).map(Val::Tuple),
            (Builtin::Tuple, [values @ Val::Tuple(_)]) => Ok(*values),
            (Builtin::Tuple, [values]) => self.collect(*values).map(Val::Tuple),
            (Builtin::Dict, []) => self.new_dict().map(Val::Dict),
            (Builtin::Bool, []) => Ok(Val::Bool(false)),
            (Builtin::Bool, [value]) => Ok(Val::Bool(self.truth(*value))),
            (Builtin::Int, []) => Ok(Val::Int(0)),
            (Builtin::Int, [value]) => self.make_int(*value),
            (Builtin::Float, []) => Ok(Val::Float(0.0)),
            (Builtin::Float, [value]) => self.make_float(*value),
            (Builtin::Str, []) => self.new_str("").map(Val::Str),
            (Builtin::Str, [value]) => self.make_text(*value).map(Val::Str),
            (Builtin::Chr, [value]) => self.character_of(*value),
            (Builtin::Ord, [value]) => self.code_of(*value),
            (Builtin::Round, _) => round(arguments),
            _ => math_function(builtin, arguments),
        }
    }

    fn len(&mut self, value: Val) -> Result<Val> {
        let len = match value {
            Val::List(id) | Val::Tuple(id) => self.list(id).len() as u64,
            Val::Dict(id) => self.dict(id).len() as u64,
            Val::Str(text) => self.text_len(text)? as u64,
            Val::Iter(id) => {
                let len = self.iter_len(id)?;
                self.release(id);
                len
            }
            _ => return Err(Error::Type),
        };
        count(len)
    }

    fn extreme_of(&mut self, values: Val, is_max: bool) -> Result<Val> {
        let id = self.iterate(values)?;
        let mut best = self.next(id)?.ok_or(Error::Value)?;
        while let Some(value) = self.next(id)? {
            best = self.extreme(&[best, value], is_max)?;
        }
        self.release(id);
        Ok(best)
    }

    fn sum(&mut self, values: Val, start: Val) -> Result<Val> {
        if matches!(start, Val::Str(_)) {
            return Err(Error::Type);
        }
        let id = self.iterate(values)?;
        let mut total = start;
        while let Some(value) = self.next(id)? {
            total = self.binary(BinaryOp::Add, total, value)?;
        }
        self.release(id);
        Ok(total)
    }

    /// Whether one of the values counts as `wanted`.
    fn find_truth(&mut self, values: Val, wanted: bool) -> Result<bool> {
        let id = self.iterate(values)?;
        let mut found = false;
        while let (false, Some(value)) = (found, self.next(id)?) {
            found = self.truth(value) == wanted;
        }
        self.release(id);
        Ok(found)
    }

    fn range_of(&mut self, arguments: &[Val]) -> Result<u32> {
        match arguments {
            [end] => self.range(0, integer(*end)?, 1),
            [start, end] => self.range(integer(*start)?, integer(*end)?, 1),
            [start, end, step] => self.range(integer(*start)?, integer(*end)?, integer(*step)?),
            _ => Err(Error::Type),
        }
    }

    fn make_int(&mut self, value: Val) -> Result<Val> {
        match value {
            Val::Str(span) => {
                self.charge(span.len as usize)?;
                text::parse_integer(self.str(span)).map(Val::Int)
            }
            Val::Float(value) => to_integer(value.trunc()).map(Val::Int),
            other => integer(other).map(Val::Int),
        }
    }

    fn make_float(&mut self, value: Val) -> Result<Val> {
        match value {
            Val::Str(span) => {
                self.charge(span.len as usize)?;
                text::parse_float(self.str(span)).map(Val::Float)
            }
            other => float(other).map(Val::Float),
        }
    }

    fn character_of(&mut self, value: Val) -> Result<Val> {
        let code = u32::try_from(integer(value)?).map_err(|_| Error::Value)?;
        match char::from_u32(code) {
            Some(c) => self.new_str(c.encode_utf8(&mut [0; 4])).map(Val::Str),
            // A string of ours holds no half of a surrogate pair; one of Python's does.
            None if (0xd800..0xe000).contains(&code) => Err(Error::Unsupported),
            None => Err(Error::Value),
        }
    }

    fn code_of(&mut self, value: Val) -> Result<Val> {
        let Val::Str(span) = value else {
            return Err(Error::Type);
        };
        let mut characters = self.str(span).chars();
        match (characters.next(), characters.next()) {
            (Some(only), None) => Ok(Val::Int(u32::from(only).into())),
            _ => Err(Error::Type),
        }
    }
}

fn absolute(value: Val) -> Result<Val> {
    match Num::of(value).ok_or(Error::Type)? {
        Num::Int(value) => value.checked_abs().map(Val::Int).ok_or(Error::IntegerRange),
        Num::Float(value) => Ok(Val::Float(value.abs())),
    }
}

fn round(arguments: &[Val]) -> Result<Val> {
    let (value, digits) = match arguments {
        [value] | [value, Val::None] => (*value, None),
        [value, digits] => (*value, Some(*digits)),
        _ => return Err(Error::Type),
    };
    match (Num::of(value).ok_or(Error::Type)?, digits) {
        (Num::Int(value), None) => Ok(Val::Int(value)),
        (Num::Float(value), None) => to_integer(math::round_half_even(value)).map(Val::Int),
        (Num::Int(value), Some(digits)) => {
            math::round_integer(value, integer(digits)?).map(Val::Int)
        }
        (Num::Float(value), Some(digits)) => {
            math::round_to(value, integer(digits)?).map(Val::Float)
        }
    }
}

fn math_function(function: Builtin, arguments: &[Val]) -> Result<Val> {
    match (function, arguments) {
        (Builtin::MathFloor | Builtin::Ceil, [value]) => {
            match (Num::of(*value).ok_or(Error::Type)?, function) {
                (Num::Int(value), _) => Ok(Val::Int(value)),
                (Num::Float(value), Builtin::Ceil) => to_integer(value.ceil()).map(Val::Int),
                (Num::Float(value), _) => to_integer(value.floor()).map(Val::Int),
            }
        }
        (_, [value]) => math::unary(function, float(*value)?)
            .unwrap_or(Err(Error::Type))
            .map(Val::Float),
        (_, [x, y]) => math::binary(function, float(*x)?, float(*y)?)
            .unwrap_or(Err(Error::Type))
            .map(Val::Float),
        _ => Err(Error::Type),
    }
}
