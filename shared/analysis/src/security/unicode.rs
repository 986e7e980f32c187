//! Characters that hide or deceive: invisible ones, reversed text, and letters that look alike.

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::report::Report;
use crate::rules;

/// Reports characters that are invisible or change the direction of text, wherever they stand.
pub(super) fn hidden(source: &str, report: &mut Report) {
    let mut before = '\0';
    for (at, c) in source.char_indices() {
        let after = source[at + c.len_utf8()..].chars().next().unwrap_or('\0');
        if let Some(what) = hides(c, before, after, at) {
            let place = TextRange::empty(TextSize::try_from(at).unwrap_or_default());
            let message = format!("U+{:04X} is {what}", u32::from(c));
            report.add(&rules::HIDDEN_CHARACTER, place, message);
        }
        before = c;
    }
}

/// What is wrong with `c` between its neighbours, if anything is.
fn hides(c: char, before: char, after: char, at: usize) -> Option<&'static str> {
    let is_word = |c: char| !c.is_ascii() && c.is_alphanumeric();
    // Joiners belong to many scripts and to emoji, where letters or pictures stand around them.
    let joins = |c: char| is_word(c) || u32::from(c) > 0x2000 && !c.is_alphanumeric();
    match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some("a change of direction"),
        '\u{200e}' | '\u{200f}' | '\u{061c}' if !is_word(before) && !is_word(after) => {
            Some("a mark of direction")
        }
        '\u{200c}' | '\u{200d}' if !joins(before) || !joins(after) => Some("an invisible joiner"),
        '\u{feff}' if at > 0 => Some("an invisible space"),
        '\u{200b}'
        | '\u{2060}'..='\u{2064}'
        | '\u{180e}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{034f}'
        | '\u{17b4}'
        | '\u{17b5}' => Some("an invisible character"),
        // Tags spell the flags of England and the like after a black flag, and hide text elsewhere.
        '\u{e0000}'..='\u{e007f}' if before != '\u{1f3f4}' && !is_tag(before) => {
            Some("an invisible tag")
        }
        '\u{fff9}'..='\u{fffb}' => Some("an invisible annotation"),
        // An escape or backspace rewrites what a terminal shows.
        '\u{1b}' | '\u{8}' | '\u{7f}' => Some("a control character"),
        _ => None,
    }
}

fn is_tag(c: char) -> bool {
    ('\u{e0000}'..='\u{e007f}').contains(&c)
}

/// Reports identifiers that mix scripts, look like Latin ones, or become others by
/// compatibility.
pub(super) fn identifiers(source: &str, tokens: &Tokens, report: &mut Report) {
    for token in tokens
        .iter()
        .filter(|token| token.kind() == TokenKind::Name)
    {
        let name = source.get(token.range().to_std_range()).unwrap_or_default();
        if name.is_ascii() {
            continue;
        }
        let scripts: Vec<Script> = name.chars().filter_map(script).collect();
        let latin = scripts.contains(&Script::Latin);
        let other = scripts
            .iter()
            .any(|s| matches!(s, Script::Cyrillic | Script::Greek));
        let complaint = if scripts.contains(&Script::Compatibility) {
            "is read as plain letters"
        } else if latin && other && !is_symbol_name(name) {
            "mixes scripts"
        } else if other && name.chars().count() > 1 && name.chars().all(looks_latin) {
            "only looks Latin"
        } else {
            continue;
        };
        report.add(
            &rules::CONFUSABLE_NAME,
            token.range(),
            format!("`{name}` {complaint}"),
        );
    }
}

/// A Greek letter used as a symbol with a Latin index or word: `Δt`, `σ_max`, `λ1`.
fn is_symbol_name(name: &str) -> bool {
    let greek = name.chars().filter(|c| script(*c) == Some(Script::Greek));
    let confusable = name.chars().any(|c| script(c) == Some(Script::Cyrillic))
        || name
            .chars()
            .any(|c| script(c) == Some(Script::Greek) && looks_latin(c));
    greek.count() == 1 && !confusable
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    /// Letters that stand for others: full width, mathematical, enclosed, ligatures.
    Compatibility,
}

fn script(c: char) -> Option<Script> {
    Some(match u32::from(c) {
        0x41..=0x5a | 0x61..=0x7a | 0xc0..=0x24f => Script::Latin,
        0x370..=0x3ff | 0x1f00..=0x1fff => Script::Greek,
        0x400..=0x52f | 0x1c80..=0x1c8f => Script::Cyrillic,
        0xaa
        | 0xba
        | 0x2071
        | 0x207f
        | 0x2090..=0x209c
        | 0x2100..=0x214f
        | 0x2160..=0x217f
        | 0xfb00..=0xfb06
        | 0xff21..=0xff3a
        | 0xff41..=0xff5a
        | 0x1d400..=0x1d7ff
        | 0x1d2c..=0x1d6a => Script::Compatibility,
        _ => return None,
    })
}

/// Whether a letter is commonly taken for a Latin one, or is one.
fn looks_latin(c: char) -> bool {
    const LOOKALIKES: &str = "аеосрухіјѕԁһԛԝвкмнтгпАВЕКМНОРСТХІЈЅοαινρτυχκγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
    c.is_ascii_alphanumeric() || c == '_' || LOOKALIKES.contains(c)
}
