//! The part of jq that runtime expressions may be written in: paths, and conditions on them.

use serde_json::Value;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) root: Root,
    pub(super) segments: Vec<Segment>,
}

/// Where a path begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Root {
    /// `.`
    Data,
    /// `$name`
    Variable(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    Field(String),
    Index(i32),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Path(Path),
    Literal(Value),
}

/// A condition, with its operators as JMESPath writes them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Operand(Operand),
    Compare(Operand, &'static str, Operand),
    Not(Box<Self>),
    Join(Box<Self>, &'static str, Box<Self>),
}

const WHY: &str = "an expression is a path, such as .a.b, .[0] or $context.a, and a condition may \
    compare paths and literals and join comparisons by and, or and not";

/// How deep conditions may nest.
const MAX_NESTING: usize = 32;

/// The most comparisons of a condition.
const MAX_TERMS: usize = 64;

type Parsed<T> = Result<T, &'static str>;

/// Parses `text` as a path.
pub(super) fn path(text: &str) -> Parsed<Path> {
    let mut parser = Parser::new(text);
    let path = parser.path()?;
    parser.end().map(|()| path)
}

/// Parses `text` as a condition.
pub(super) fn condition(text: &str) -> Parsed<Condition> {
    let mut parser = Parser::new(text);
    let condition = parser.condition(0)?;
    parser.end().map(|()| condition)
}

struct Parser<'a> {
    rest: &'a str,
    terms: usize,
}

impl<'a> Parser<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            terms: 0,
        }
    }

    fn end(&mut self) -> Parsed<()> {
        self.space();
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(WHY)
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.rest
            .strip_prefix(token)
            .map(|rest| self.rest = rest)
            .is_some()
    }

    /// Takes `word` if it is not the beginning of a longer one.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let Some(rest) = self.rest.strip_prefix(word) else {
            return false;
        };
        let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if ends {
            self.rest = rest;
        }
        ends
    }

    /// A name, if there is one.
    fn name(&mut self) -> Option<String> {
        if !self
            .rest
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        {
            return None;
        }
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(name.to_owned())
    }

    fn string(&mut self) -> Parsed<String> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        match values.next() {
            Some(Ok(text)) => {
                self.rest = &self.rest[values.byte_offset()..];
                Ok(text)
            }
            _ => Err(WHY),
        }
    }

    fn path(&mut self) -> Parsed<Path> {
        self.space();
        let (root, mut segments) = if self.take("$") {
            (Root::Variable(self.name().ok_or(WHY)?), Vec::new())
        } else if self.take(".") {
            let first = if self.rest.starts_with('"') {
                Some(self.string()?)
            } else {
                self.name()
            };
            let first = first.map(Segment::Field);
            (Root::Data, first.into_iter().collect())
        } else {
            return Err(WHY);
        };
        // A dot alone is followed by nothing or a bracket.
        let mut may_follow = segments.is_empty() && root == Root::Data;
        loop {
            if self.rest.starts_with('[') || (!may_follow && self.rest.starts_with(".[")) {
                self.take(".");
                self.take("[");
                segments.push(self.bracket()?);
            } else if !may_follow && self.take(".") {
                let field = if self.rest.starts_with('"') {
                    self.string()?
                } else {
                    self.name().ok_or(WHY)?
                };
                segments.push(Segment::Field(field));
            } else {
                return Ok(Path { root, segments });
            }
            may_follow = false;
        }
    }

    /// What follows `[`.
    fn bracket(&mut self) -> Parsed<Segment> {
        self.space();
        let segment = if self.rest.starts_with('"') {
            Segment::Field(self.string()?)
        } else {
            let end = self.rest.find(']').ok_or(WHY)?;
            let index: i32 = self.rest[..end].trim().parse().map_err(|_| WHY)?;
            self.rest = &self.rest[end..];
            Segment::Index(index)
        };
        self.space();
        if self.take("]") {
            Ok(segment)
        } else {
            Err(WHY)
        }
    }

    fn condition(&mut self, depth: usize) -> Parsed<Condition> {
        let mut left = self.conjunction(depth)?;
        while self.word("or") {
            let right = self.conjunction(depth)?;
            left = Condition::Join(Box::new(left), "||", Box::new(right));
        }
        self.space();
        if self.take("|") {
            if !self.word("not") {
                return Err(WHY);
            }
            left = Condition::Not(Box::new(left));
        }
        Ok(left)
    }

    fn conjunction(&mut self, depth: usize) -> Parsed<Condition> {
        let mut left = self.comparison(depth)?;
        while self.word("and") {
            let right = self.comparison(depth)?;
            left = Condition::Join(Box::new(left), "&&", Box::new(right));
        }
        Ok(left)
    }

    fn comparison(&mut self, depth: usize) -> Parsed<Condition> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err("a condition has at most 64 comparisons");
        }
        self.space();
        if self.take("(") {
            if depth == MAX_NESTING {
                return Err("a condition nests at most 32 deep");
            }
            let inner = self.condition(depth + 1)?;
            self.space();
            return if self.take(")") { Ok(inner) } else { Err(WHY) };
        }
        let left = self.operand()?;
        self.space();
        for operator in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.take(operator) {
                return Ok(Condition::Compare(left, operator, self.operand()?));
            }
        }
        Ok(Condition::Operand(left))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.space();
        if self.rest.starts_with(['.', '$']) {
            return self.path().map(Operand::Path);
        }
        for (word, value) in [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
        ] {
            if self.word(word) {
                return Ok(Operand::Literal(value));
            }
        }
        if self.rest.starts_with('"') {
            return self.string().map(|text| Operand::Literal(text.into()));
        }
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | 'e' | 'E' | '+'))
            .unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        let number: Value = serde_json::from_str(number).map_err(|_| WHY)?;
        self.rest = rest;
        Ok(Operand::Literal(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> Segment {
        Segment::Field(name.to_owned())
    }

    #[test]
    fn paths() {
        for (text, segments) in [
            (".", vec![]),
            (".a", vec![field("a")]),
            (" .a.b_1 ", vec![field("a"), field("b_1")]),
            (".[0]", vec![Segment::Index(0)]),
            (".a[-1].b", vec![field("a"), Segment::Index(-1), field("b")]),
            (".\"x y\"[\"z\"]", vec![field("x y"), field("z")]),
            (".a.[2]", vec![field("a"), Segment::Index(2)]),
        ] {
            let found = path(text).unwrap();
            assert_eq!(found.root, Root::Data);
            assert_eq!(found.segments, segments, "{text}");
        }
        let found = path("$context.a").unwrap();
        assert_eq!(found.root, Root::Variable("context".to_owned()));
    }

    #[test]
    fn what_is_no_path() {
        for text in [
            "",
            "a",
            "..",
            ".a.",
            ".a | length",
            ".a[]",
            ".a[1:2]",
            ".a?",
            "$",
            ".a + 1",
            ". a",
            ".[",
            ".[\"a]",
            "{a: .b}",
        ] {
            assert!(path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let found = condition(".a or .b == 1 and (.c | not)").unwrap();
        let Condition::Join(_, "||", right) = found else {
            panic!("{found:?}");
        };
        assert!(matches!(*right, Condition::Join(_, "&&", _)));
    }

    #[test]
    fn conditions_are_bounded() {
        assert!(condition(&"(".repeat(10_000)).is_err());
        assert!(condition(&vec![".a"; 10_000].join(" and ")).is_err());
    }
}
