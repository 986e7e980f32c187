//! Numbers and values as text, and text as numbers.

use std::fmt::Write;

use super::error::{Error, Result};
use super::heap::{Heap, Span, Val};

/// What the text of a number costs at most, in bytes.
const NUMBER_BYTES: usize = 32;

/// Writes a float as Python's `repr` does: the fewest digits that are read back as the same float.
fn write_float(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("nan");
        return;
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    let value = value.abs();
    if value.is_infinite() {
        out.push_str("inf");
        return;
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        // The shortest digits again, without an exponent and with a fraction.
        write!(out, "{value:?}").unwrap_or_default();
        return;
    }
    out.push_str(digits);
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(out, "e{sign}{:02}", exponent.unsigned_abs()).unwrap_or_default();
}

/// Writes a text as Python's `repr` does.
fn write_quoted(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 0x20 || (0x7f..0xa1).contains(&u32::from(c)) || c == '\u{ad}' => {
                write!(out, "\\x{:02x}", u32::from(c)).unwrap_or_default();
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// Whether Python takes `c` for white space.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The digits of a number without the underscores between them.
fn without_underscores(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    let mut previous = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '_' {
            let between =
                previous.is_ascii_digit() && characters.peek().is_some_and(char::is_ascii_digit);
            if !between {
                return None;
            }
        } else {
            digits.push(c);
        }
        previous = c;
    }
    Some(digits)
}

/// `int(text)`
pub(crate) fn parse_integer(text: &str) -> Result<i64> {
    let digits = without_underscores(text.trim_matches(is_space)).ok_or(Error::Value)?;
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::Value);
    }
    digits.parse().map_err(|_| Error::IntegerRange)
}

/// `float(text)`
pub(crate) fn parse_float(text: &str) -> Result<f64> {
    let digits = without_underscores(text.trim_matches(is_space)).ok_or(Error::Value)?;
    digits.parse().map_err(|_| Error::Value)
}

impl Heap {
    /// `str(value)`
    pub(crate) fn make_text(&mut self, value: Val) -> Result<Span> {
        if let Val::Str(span) = value {
            return Ok(span);
        }
        let start = self.text.len();
        self.write(value, Self::LEVELS)?;
        Ok(self.span_from(start))
    }

    /// Writes a value at the end of the text, strings in quotes.
    fn write(&mut self, value: Val, levels: usize) -> Result<()> {
        match value {
            Val::None => self.write_str("None"),
            Val::Bool(true) => self.write_str("True"),
            Val::Bool(false) => self.write_str("False"),
            Val::Int(value) => {
                self.charge(NUMBER_BYTES)?;
                write!(self.text, "{value}").map_err(|_| Error::OutOfMemory)
            }
            Val::Float(value) => {
                self.charge(NUMBER_BYTES)?;
                write_float(&mut self.text, value);
                Ok(())
            }
            Val::Str(span) => {
                // A character is written in four at most, and its own bytes are copied first.
                self.charge((span.len as usize).saturating_mul(5) + 2)?;
                let text = self.str(span).to_owned();
                write_quoted(&mut self.text, &text);
                Ok(())
            }
            Val::List(id) => {
                self.write_str("[")?;
                self.write_items(id, levels)?;
                self.write_str("]")
            }
            Val::Tuple(id) => {
                self.write_str("(")?;
                self.write_items(id, levels)?;
                let end = if self.list(id).len() == 1 { ",)" } else { ")" };
                self.write_str(end)
            }
            Val::Dict(id) => self.write_dict(id, levels),
            Val::Unbound | Val::Iter(_) => Err(Error::Type),
        }
    }

    fn write_str(&mut self, text: &str) -> Result<()> {
        self.charge(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    fn write_items(&mut self, id: u32, levels: usize) -> Result<()> {
        let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
        for at in 0..self.list(id).len() {
            self.burn(1)?;
            if at > 0 {
                self.write_str(", ")?;
            }
            let item = self.list(id)[at];
            self.write(item, below)?;
        }
        Ok(())
    }

    fn write_dict(&mut self, id: u32, levels: usize) -> Result<()> {
        let below = levels.checked_sub(1).ok_or(Error::Recursion)?;
        self.write_str("{")?;
        let mut is_first = true;
        for at in 0..self.dict(id).entries().len() {
            self.burn(1)?;
            let Some((key, value)) = self.dict(id).entry(at) else {
                continue;
            };
            if !is_first {
                self.write_str(", ")?;
            }
            is_first = false;
            self.write(key, below)?;
            self.write_str(": ")?;
            self.write(value, below)?;
        }
        self.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(value: f64) -> String {
        let mut out = String::new();
        write_float(&mut out, value);
        out
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1e100, "1e+100"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn quotes_are_chosen_as_python_chooses_them() {
        for (text, quoted) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("\"it's\"", "'\"it\\'s\"'"),
            ("a\\\n\u{1}é\u{a0}", "'a\\\\\\n\\x01é\\xa0'"),
        ] {
            let mut out = String::new();
            write_quoted(&mut out, text);
            assert_eq!(out, quoted);
        }
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        assert_eq!(parse_integer(" -1_000\n"), Ok(-1000));
        assert_eq!(parse_integer("1__0"), Err(Error::Value));
        assert_eq!(parse_integer("- 1"), Err(Error::Value));
        assert_eq!(
            parse_integer("99999999999999999999"),
            Err(Error::IntegerRange)
        );
        assert_eq!(parse_float("1_0.5e1"), Ok(105.0));
        assert_eq!(parse_float("-Infinity"), Ok(f64::NEG_INFINITY));
        assert_eq!(parse_float("1_"), Err(Error::Value));
    }
}
