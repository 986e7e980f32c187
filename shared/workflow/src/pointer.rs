//! JSON pointers (RFC 6901), which name places in a definition.

use std::fmt::{Display, Write};

/// Calls `f` with `pointer` longer by `token`, and makes it as before.
pub(crate) fn within<R>(
    pointer: &mut String,
    token: impl Display,
    f: impl FnOnce(&mut String) -> R,
) -> R {
    let length = pointer.len();
    push(pointer, token);
    let result = f(pointer);
    pointer.truncate(length);
    result
}

/// Makes `pointer` longer by `token`.
pub(crate) fn push(pointer: &mut String, token: impl Display) {
    pointer.push('/');
    // Writing to a string does not fail.
    let _ = write!(Escaped(pointer), "{token}");
}

struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            match c {
                '~' => self.0.push_str("~0"),
                '/' => self.0.push_str("~1"),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}
