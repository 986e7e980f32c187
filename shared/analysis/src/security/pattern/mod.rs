//! Regular expressions that can take exponential time.

mod parse;

use ruff_python_ast::Expr;

use crate::rules;
use crate::scope::Binding;
use crate::walk::Walk;
use parse::{Node, Piece};

/// From this many repetitions on, a bounded repeat is as bad as an unbounded one.
const MANY: u32 = 16;

/// The most repetitions all counts of a pattern may multiply to.
const MAX_COUNT: f64 = 1e5;

/// How many equal unbounded repeats may stand side by side.
const MAX_SIDE_BY_SIDE: usize = 2;

pub(super) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    match expr {
        Expr::Call(call) => {
            let Some(function) = walk.path(&call.func) else {
                return;
            };
            let Some(function) = function.strip_prefix("re.") else {
                return;
            };
            let keyword = call
                .arguments
                .find_keyword("pattern")
                .map(|keyword| &keyword.value);
            if let Some(pattern) = call.arguments.args.first().or(keyword)
                && let Some(text) = walk.text(pattern)
            {
                judge(walk, pattern, &text, function == "fullmatch");
            }
        }
        // Patterns are also kept in tables, and compiled from there.
        Expr::StringLiteral(_) => {
            let imports_re = walk
                .scopes
                .bindings(crate::scope::ScopeId::MODULE, "re")
                .iter()
                .any(|binding| matches!(binding, Binding::Module("re")));
            if imports_re && let Some(text) = walk.text(expr) {
                judge(walk, expr, &text, false);
            }
        }
        _ => {}
    }
}

fn judge(walk: &mut Walk<'_, '_>, place: &Expr, pattern: &str, whole: bool) {
    let Some(alternatives) = parse::parse(pattern) else {
        return;
    };
    if let Some(complaint) = runaway(&alternatives, whole) {
        walk.add(&rules::SLOW_PATTERN, place, complaint);
    }
}

/// What is wrong with a pattern; `fails` if what follows it, or its end, may fail to match.
fn runaway(alternatives: &[Vec<Piece>], fails: bool) -> Option<&'static str> {
    for sequence in alternatives {
        if counts(sequence) >= MAX_COUNT {
            return Some("its counts multiply to too many repetitions");
        }
        for (i, piece) in sequence.iter().enumerate() {
            let fails = fails || sequence[i + 1..].iter().any(Piece::can_fail);
            if let Node::Group(inner) = &piece.node {
                if piece.repeats_many() && fails {
                    if inner.iter().any(|sequence| is_divisible(sequence)) {
                        return Some(
                            "a repeat inside a repeat can divide the same text in many ways",
                        );
                    }
                    if overlap(inner) {
                        return Some("repeated alternatives match the same text");
                    }
                }
                if let Some(complaint) = runaway(inner, fails || piece.repeats_many()) {
                    return Some(complaint);
                }
            }
            if fails && side_by_side(&sequence[i..]) > MAX_SIDE_BY_SIDE {
                return Some("repeats side by side can divide the same text in many ways");
            }
        }
    }
    None
}

/// The product of all large counts in a sequence, nested ones included.
fn counts(sequence: &[Piece]) -> f64 {
    sequence
        .iter()
        .map(|piece| {
            let own = piece.max.filter(|max| *max > 1).map_or(1.0, f64::from);
            let inner = match &piece.node {
                Node::Group(inner) => inner.iter().map(|s| counts(s)).fold(1.0, f64::max),
                _ => 1.0,
            };
            own * inner
        })
        .fold(1.0, f64::max)
}

/// Whether a sequence, repeated, can match one text with its rounds divided in different places:
/// it has a repeat of characters, and all that stands between that repeat in one round and in
/// the next can be empty or consist of the same characters.
fn is_divisible(sequence: &[Piece]) -> bool {
    sequence.iter().enumerate().any(|(i, piece)| {
        if let Node::Group(inner) = &piece.node
            && piece.max == Some(1)
            && sequence.len() == 1
        {
            return inner.iter().any(|sequence| is_divisible(sequence));
        }
        let characters = piece.characters();
        piece.repeats_many()
            && !characters.is_empty()
            && sequence
                .iter()
                .enumerate()
                .filter(|(j, _)| *j != i)
                .all(|(_, other)| other.is_nullable() || other.characters().overlaps(&characters))
    })
}

/// Whether two alternatives match the same single character, or one is a series of others.
fn overlap(alternatives: &[Vec<Piece>]) -> bool {
    let singles: Vec<_> = alternatives
        .iter()
        .filter_map(|sequence| match sequence.as_slice() {
            [piece] if piece.max == Some(1) && piece.min == 1 && piece.is_one_character() => {
                Some(piece.characters())
            }
            _ => None,
        })
        .collect();
    let same = singles
        .iter()
        .enumerate()
        .any(|(i, a)| singles[i + 1..].iter().any(|b| a.overlaps(b)));
    let words: Vec<String> = alternatives
        .iter()
        .filter_map(|s| parse::literal(s))
        .collect();
    same || words.iter().any(|word| is_series(word, &words))
}

/// Whether `word` is made of two or more of `words`.
fn is_series(word: &str, words: &[String]) -> bool {
    let mut reached = vec![false; word.len() + 1];
    reached[0] = true;
    for at in 0..word.len() {
        if reached[at] && word.is_char_boundary(at) {
            for part in words
                .iter()
                .filter(|part| !part.is_empty() && *part != word)
            {
                if word[at..].starts_with(part.as_str()) {
                    reached[at + part.len()] = true;
                }
            }
        }
    }
    !word.is_empty() && reached[word.len()]
}

/// How many unbounded repeats of the same characters stand at the start of `sequence`.
fn side_by_side(sequence: &[Piece]) -> usize {
    let Some(first) = sequence.first() else {
        return 0;
    };
    let characters = first.characters();
    sequence
        .iter()
        .take_while(|piece| {
            piece.max.is_none() && !characters.is_empty() && piece.characters() == characters
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_runaway(pattern: &str) -> bool {
        runaway(&parse::parse(pattern).unwrap(), false).is_some()
    }

    #[test]
    fn runaway_patterns() {
        for pattern in [
            "(a+)+$",
            "^(a*)*b",
            "([a-z]+)*\\d",
            "(\\w+\\s?)*!",
            "^(?:\\w+\\d)+$",
            "(a|a)*$",
            "(a|aa)+$",
            "(a|b|ab)*c",
            "(\\w|\\d)+$",
            "(.*)*x",
            "(?P<x>x+x+)+y",
            ".*.*.*=",
            "((a{1,100}){1,100}){1,100}",
            "a{1000000}",
            "((\\w+)*)+;",
            "^(([a-z])+.)+[A-Z]([a-z])+$",
        ] {
            assert!(is_runaway(pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns_in_good_order() {
        for pattern in [
            "(\\d+,)*\\d+$",
            "[^\\W\\d_]+(?:['’-][^\\W\\d_]+)*$",
            "\"(?:[^\"\\\\]|\\\\.)*\"",
            "^\\s*(\\w+)\\s*=\\s*(.*?)\\s*$",
            "(?:[A-Z][a-z]+\\s?)+\\d",
            "^[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+$",
            "(\\w+\\s?)+",
            "^(?:\\d{1,3}\\.){3}\\d{1,3}$",
            "(?:https?|ftp)://[^\\s/]+(?:/[^\\s]*)?",
            "^#{1,6}\\s+(.+)$",
            "(a|b)*c",
            "(?:ab|cd)+$",
            "(?:,\\d{3})*(?:\\.\\d+)?$",
            "^(?!.*\\.\\.)[a-z.]+$",
        ] {
            assert!(!is_runaway(pattern), "{pattern}");
        }
    }
}
