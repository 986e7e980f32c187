//! The methods of strings.

use super::error::{Error, Result};
use super::heap::{Heap, Span, Val, span};
use super::text::is_space;
use crate::ast::Method;

/// How a string is stripped.
#[derive(Clone, Copy)]
struct Ends {
    left: bool,
    right: bool,
}

fn text(value: Val) -> Result<Span> {
    match value {
        Val::Str(span) => Ok(span),
        _ => Err(Error::Type),
    }
}

impl Heap {
    /// Pays for a search. Searching takes time in proportion to both lengths.
    pub(crate) fn burn_search(&mut self, text: usize, part: usize) -> Result<()> {
        self.burn((text + part) / 8)
    }

    /// `text.method(arguments…)`
    pub(crate) fn text_method(
        &mut self,
        method: Method,
        receiver: Span,
        arguments: &[Val],
    ) -> Result<Val> {
        self.burn(receiver.len as usize / 16)?;
        match (method, arguments) {
            (Method::Lower | Method::Upper, []) => self.change_case(method, receiver).map(Val::Str),
            (Method::Strip, _) => self.strip(
                receiver,
                arguments,
                Ends {
                    left: true,
                    right: true,
                },
            ),
            (Method::LStrip, _) => self.strip(
                receiver,
                arguments,
                Ends {
                    left: true,
                    right: false,
                },
            ),
            (Method::RStrip, _) => self.strip(
                receiver,
                arguments,
                Ends {
                    left: false,
                    right: true,
                },
            ),
            (Method::StartsWith, [part]) => {
                let part = text(*part)?;
                Ok(Val::Bool(self.str(receiver).starts_with(self.str(part))))
            }
            (Method::EndsWith, [part]) => {
                let part = text(*part)?;
                Ok(Val::Bool(self.str(receiver).ends_with(self.str(part))))
            }
            (Method::Find, [part]) => {
                let at = self.find_text(receiver, text(*part)?)?;
                Ok(Val::Int(at.unwrap_or(-1)))
            }
            (Method::Index, [part]) => {
                let at = self.find_text(receiver, text(*part)?)?;
                at.map(Val::Int).ok_or(Error::Value)
            }
            (Method::Count, [part]) => self.count_text(receiver, text(*part)?),
            (Method::Replace, [old, new]) => self
                .replace(receiver, text(*old)?, text(*new)?)
                .map(Val::Str),
            (Method::Split, [] | [Val::None]) => self.split_words(receiver).map(Val::List),
            (Method::Split, [separator]) => self.split(receiver, text(*separator)?).map(Val::List),
            (Method::Join, [items]) => self.join(receiver, *items).map(Val::Str),
            (
                Method::IsDigit
                | Method::IsAlpha
                | Method::IsAlnum
                | Method::IsSpace
                | Method::IsLower
                | Method::IsUpper,
                [],
            ) => Ok(Val::Bool(is_all(method, self.str(receiver)))),
            (Method::Append | Method::Extend | Method::Insert | Method::Pop, _) => {
                Err(Error::Attribute)
            }
            (Method::Join | Method::Replace, _) => Err(Error::Type),
            _ => Err(Error::Attribute),
        }
    }

    fn change_case(&mut self, method: Method, receiver: Span) -> Result<Span> {
        // A character becomes three at most.
        self.charge((receiver.len as usize).saturating_mul(4))?;
        let text = self.str(receiver);
        let changed = match method {
            Method::Lower => text.to_lowercase(),
            _ => text.to_uppercase(),
        };
        let start = self.text.len();
        self.text.push_str(&changed);
        Ok(self.span_from(start))
    }

    fn strip(&mut self, receiver: Span, arguments: &[Val], ends: Ends) -> Result<Val> {
        let characters = match arguments {
            [] | [Val::None] => None,
            [characters] => Some(text(*characters)?),
            _ => return Err(Error::Type),
        };
        let set_len = characters.map_or(1, |set| set.len as usize);
        self.burn((receiver.len as usize).saturating_mul(set_len) / 8)?;
        let whole = self.str(receiver);
        let goes = |c: char| characters.map_or_else(|| is_space(c), |s| self.str(s).contains(c));
        let mut left = whole;
        if ends.left {
            left = left.trim_start_matches(goes);
        }
        let skipped = whole.len() - left.len();
        if ends.right {
            left = left.trim_end_matches(goes);
        }
        Ok(Val::Str(span(
            receiver.start as usize + skipped,
            left.len(),
        )))
    }

    /// Where a part stands, counted in characters.
    fn find_text(&mut self, receiver: Span, part: Span) -> Result<Option<i64>> {
        self.burn_search(receiver.len as usize, part.len as usize)?;
        let Some(offset) = self.str(receiver).find(self.str(part)) else {
            return Ok(None);
        };
        let before = &self.str(receiver)[..offset];
        let characters = if before.is_ascii() {
            offset
        } else {
            before.chars().count()
        };
        Ok(i64::try_from(characters).ok())
    }

    fn count_text(&mut self, receiver: Span, part: Span) -> Result<Val> {
        self.burn_search(receiver.len as usize, part.len as usize)?;
        let count = if part.len == 0 {
            self.text_len(receiver)? + 1
        } else {
            self.str(receiver).matches(self.str(part)).count()
        };
        self.burn(count)?;
        Ok(Val::Int(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    fn replace(&mut self, receiver: Span, old: Span, new: Span) -> Result<Span> {
        let Val::Int(count) = self.count_text(receiver, old)? else {
            return Err(Error::Type);
        };
        let count = usize::try_from(count).unwrap_or_default();
        if count == 0 {
            return Ok(receiver);
        }
        let added = (new.len as usize).saturating_mul(count);
        self.charge(
            (receiver.len as usize)
                .saturating_add(added)
                .saturating_mul(2),
        )?;
        let replaced = self.str(receiver).replace(self.str(old), self.str(new));
        let start = self.text.len();
        self.text.push_str(&replaced);
        Ok(self.span_from(start))
    }

    /// The parts of a text, each of which costs an item.
    fn split_into<'a>(&mut self, parts: impl Iterator<Item = Span> + 'a) -> Result<u32> {
        let list = self.new_list(&[])?;
        for part in parts {
            self.burn(1)?;
            self.push(list, Val::Str(part))?;
        }
        Ok(list)
    }

    fn split_words(&mut self, receiver: Span) -> Result<u32> {
        self.charge((receiver.len as usize).saturating_mul(4))?;
        let base = receiver.start as usize;
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in self.str(receiver).char_indices() {
            match (is_space(c), start) {
                (true, Some(first)) => {
                    words.push(span(base + first, at - first));
                    start = None;
                }
                (false, None) => start = Some(at),
                _ => {}
            }
        }
        if let Some(first) = start {
            words.push(span(base + first, receiver.len as usize - first));
        }
        self.split_into(words.into_iter())
    }

    fn split(&mut self, receiver: Span, separator: Span) -> Result<u32> {
        if separator.len == 0 {
            return Err(Error::Value);
        }
        let Val::Int(count) = self.count_text(receiver, separator)? else {
            return Err(Error::Type);
        };
        self.charge_items(usize::try_from(count).unwrap_or_default())?;
        let mut parts = Vec::new();
        let mut start = receiver.start as usize;
        for part in self.str(receiver).split(self.str(separator)) {
            parts.push(span(start, part.len()));
            start += part.len() + separator.len as usize;
        }
        self.split_into(parts.into_iter())
    }

    fn join(&mut self, separator: Span, items: Val) -> Result<Span> {
        let items = match items {
            Val::List(id) | Val::Tuple(id) => id,
            other => self.collect(other)?,
        };
        let count = self.list(items).len();
        // Everything is looked at before anything is written.
        for at in 0..count {
            self.burn(1)?;
            text(self.list(items)[at])?;
        }
        if count == 1 {
            return text(self.list(items)[0]);
        }
        let start = self.text.len();
        for at in 0..count {
            if at > 0 {
                self.append_span(separator)?;
            }
            let item = text(self.list(items)[at])?;
            self.append_span(item)?;
        }
        Ok(self.span_from(start))
    }
}

fn is_all(method: Method, text: &str) -> bool {
    let every = |is: fn(char) -> bool| !text.is_empty() && text.chars().all(is);
    let cased = |own: fn(char) -> bool, other: fn(char) -> bool| {
        text.chars().any(own) && !text.chars().any(other)
    };
    match method {
        Method::IsDigit => every(|c| c.is_ascii_digit()),
        Method::IsAlpha => every(char::is_alphabetic),
        Method::IsAlnum => every(char::is_alphanumeric),
        Method::IsSpace => every(is_space),
        Method::IsLower => cased(char::is_lowercase, char::is_uppercase),
        _ => cased(char::is_uppercase, char::is_lowercase),
    }
}
