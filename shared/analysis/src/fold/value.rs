//! Values that constant expressions fold to.

/// The most characters, bytes or elements a folded value keeps; beyond, only its length is known.
pub(super) const MAX_LEN: usize = 8_192;

/// The most bytes a folded value keeps, what it contains included.
pub(super) const MAX_WEIGHT: usize = 65_536;

/// A constant, as far as it matters here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    /// An integer too large to keep, by its number of decimal digits.
    Huge(f64),
    Str(String),
    Bytes(Vec<u8>),
    /// A list, tuple or set.
    Seq(Vec<Value>),
    /// `range(from, to, by)`, not yet walked through.
    Range(i128, i128, i128),
    /// A string or sequence too long to keep, by its length.
    Long(f64),
}

impl Value {
    /// The number of elements, of values that have one.
    pub(crate) fn len(&self) -> Option<f64> {
        Some(match self {
            Self::Str(text) => count(text.chars().count()),
            Self::Bytes(bytes) => count(bytes.len()),
            Self::Seq(items) => count(items.len()),
            Self::Range(from, to, by) => range_len(*from, *to, *by),
            Self::Long(len) => *len,
            _ => return None,
        })
    }

    /// The number of elements, those of elements that are themselves too long included.
    pub(super) fn total(&self) -> Option<f64> {
        match self {
            Self::Seq(items) => Some(
                items
                    .iter()
                    .map(|item| item.total().unwrap_or(1.0).max(1.0))
                    .sum(),
            ),
            other => other.len(),
        }
    }

    /// The value as a number, where it is one; a huge integer is infinite.
    pub(crate) fn number(&self) -> Option<f64> {
        Some(match self {
            Self::Bool(b) => f64::from(u8::from(*b)),
            Self::Int(i) => float(*i),
            Self::Float(f) => *f,
            Self::Huge(_) => f64::INFINITY,
            _ => return None,
        })
    }

    /// The value as an integer, `True` and `False` included.
    pub(super) fn int(&self) -> Option<i128> {
        match self {
            Self::Int(i) => Some(*i),
            Self::Bool(b) => Some(i128::from(*b)),
            _ => None,
        }
    }

    /// The text, of strings and of bytes that are UTF-8.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// What `bool(value)` is.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(b) => *b,
            Self::Int(i) => *i != 0,
            Self::Float(f) => *f != 0.0,
            Self::Huge(_) => true,
            other => other.len().is_some_and(|len| len > 0.0),
        }
    }

    /// The elements, of anything short enough to walk through.
    pub(super) fn elements(&self) -> Option<Vec<Self>> {
        match self {
            Self::Seq(items) => Some(items.clone()),
            Self::Str(text) => Some(text.chars().map(|c| Self::Str(c.into())).collect()),
            Self::Bytes(bytes) => Some(bytes.iter().map(|b| Self::Int((*b).into())).collect()),
            Self::Range(from, to, by) if range_len(*from, *to, *by) <= count(MAX_LEN) => {
                let mut items = Vec::new();
                let mut next = *from;
                while if *by > 0 { next < *to } else { next > *to } {
                    items.push(Self::Int(next));
                    next = next.checked_add(*by)?;
                }
                Some(items)
            }
            _ => None,
        }
    }

    /// About how many bytes the value holds, what it contains included.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Str(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Seq(items) => items.iter().map(|item| item.weight() + 1).sum(),
            Self::Long(_) => MAX_WEIGHT,
            _ => 1,
        }
    }

    /// The value, with one too long to keep reduced to its length.
    pub(super) fn bounded(self) -> Self {
        let kept =
            matches!(self, Self::Range(..)) || self.len().is_none_or(|len| len <= count(MAX_LEN));
        if !kept || self.weight() > MAX_WEIGHT {
            Self::Long(self.total().unwrap_or_default())
        } else {
            self
        }
    }
}

/// The length of a range; 0 for a step of 0, which Python refuses.
fn range_len(from: i128, to: i128, by: i128) -> f64 {
    let span = if by > 0 {
        to.saturating_sub(from)
    } else {
        from.saturating_sub(to)
    };
    if by == 0 || span <= 0 {
        0.0
    } else {
        (float(span) / float(by).abs()).ceil()
    }
}

/// A length as a float; exact far beyond any length that is kept.
#[allow(clippy::cast_precision_loss)]
pub(super) fn count(len: usize) -> f64 {
    len as f64
}

/// An integer as a float, rounded.
#[allow(clippy::cast_precision_loss)]
pub(super) fn float(i: i128) -> f64 {
    i as f64
}
