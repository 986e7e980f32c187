//! A search as pictures: how its loss fell, and of whom its champion comes.
//!
//! Images are SVG that needs nothing else, with every text escaped; the same data always makes the
//! same bytes.

mod ancestry;
mod curve;
#[cfg(test)]
mod tests;

pub use ancestry::ancestry_svg;
pub use curve::{curve_svg, curve_text};

use crate::Loss;

/// A loss in a few characters.
fn short(loss: Loss) -> String {
    let value = loss.value();
    if loss == Loss::WORST {
        "fails".to_owned()
    } else if value != 0.0 && !(1e-3..1e6).contains(&value) {
        format!("{value:.2e}")
    } else {
        let text = format!("{value:.4}");
        let text = text.trim_end_matches('0');
        text.trim_end_matches('.').to_owned()
    }
}

/// `text` as character data, or within quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no place for most of these.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
