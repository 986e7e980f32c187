//! The structure of a regular expression, as far as backtracking depends on it.

/// How deep groups may nest before a pattern is given up on.
const MAX_DEPTH: u32 = 50;

/// A set of characters: the ASCII ones singly, of the others all word characters together and
/// all the rest together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Characters {
    ascii: u128,
    words: bool,
    rest: bool,
}

impl Characters {
    const ALL: Self = Self {
        ascii: u128::MAX,
        words: true,
        rest: true,
    };

    fn of(c: char) -> Self {
        let mut set = Self::default();
        set.add(c);
        set
    }

    fn add(&mut self, c: char) {
        match u32::from(c) {
            code @ 0..128 => self.ascii |= 1 << code,
            _ if c.is_alphanumeric() => self.words = true,
            _ => self.rest = true,
        }
    }

    fn matching(test: impl Fn(char) -> bool, words: bool, rest: bool) -> Self {
        let mut set = Self {
            ascii: 0,
            words,
            rest,
        };
        (0..128u8)
            .map(char::from)
            .filter(|c| test(*c))
            .for_each(|c| set.add(c));
        set
    }

    fn union(self, other: Self) -> Self {
        Self {
            ascii: self.ascii | other.ascii,
            words: self.words || other.words,
            rest: self.rest || other.rest,
        }
    }

    /// All characters that are not in the set.
    fn complement(self) -> Self {
        Self {
            ascii: !self.ascii,
            words: !self.words,
            rest: !self.rest,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ascii == 0 && !self.words && !self.rest
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.ascii & other.ascii != 0 || (self.words && other.words) || (self.rest && other.rest)
    }
}

/// Something that a quantifier can follow.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// One character of a set.
    One(Characters),
    /// One certain character.
    Literal(char),
    /// A group: its alternatives.
    Group(Vec<Vec<Piece>>),
    /// An anchor, look-around or boundary: matches no characters, but can fail.
    Zero,
    /// A back-reference: matches anything.
    Reference,
}

/// A node and how often it may stand in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) node: Node,
    pub(super) min: u32,
    /// `None`: without bound.
    pub(super) max: Option<u32>,
    /// A possessive repeat gives nothing back, and so never runs away.
    possessive: bool,
}

impl Piece {
    pub(super) fn repeats_many(&self) -> bool {
        !self.possessive && self.max.is_none_or(|max| max >= super::MANY)
    }

    /// Whether it can match nothing at all.
    pub(super) fn is_nullable(&self) -> bool {
        self.min == 0
            || match &self.node {
                Node::Group(alternatives) => alternatives
                    .iter()
                    .any(|sequence| sequence.iter().all(Self::is_nullable)),
                Node::Zero | Node::Reference => true,
                Node::One(_) | Node::Literal(_) => false,
            }
    }

    /// Whether it can fail where text is left.
    pub(super) fn can_fail(&self) -> bool {
        matches!(self.node, Node::Zero | Node::Reference) || !self.is_nullable()
    }

    pub(super) fn is_one_character(&self) -> bool {
        matches!(self.node, Node::One(_) | Node::Literal(_))
    }

    /// All characters it can match.
    pub(super) fn characters(&self) -> Characters {
        match &self.node {
            Node::One(set) => *set,
            Node::Literal(c) => Characters::of(*c),
            Node::Group(alternatives) => alternatives
                .iter()
                .flatten()
                .fold(Characters::default(), |set, piece| {
                    set.union(piece.characters())
                }),
            Node::Zero => Characters::default(),
            Node::Reference => Characters::ALL,
        }
    }
}

/// The text of a sequence of literal characters, if that is all it is.
pub(super) fn literal(sequence: &[Piece]) -> Option<String> {
    sequence
        .iter()
        .map(|piece| match piece.node {
            Node::Literal(c) if piece.min == 1 && piece.max == Some(1) => Some(c),
            _ => None,
        })
        .collect()
}

/// The alternatives of a pattern; `None` if it is not one, or of a kind that is not understood.
pub(super) fn parse(pattern: &str) -> Option<Vec<Vec<Piece>>> {
    let mut parser = Parser {
        rest: pattern.chars().collect(),
        at: 0,
    };
    let alternatives = parser.alternatives(MAX_DEPTH)?;
    (parser.at == parser.rest.len()).then_some(alternatives)
}

struct Parser {
    rest: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let matches = text
            .chars()
            .enumerate()
            .all(|(i, c)| self.rest.get(self.at + i) == Some(&c));
        if matches {
            self.at += text.chars().count();
        }
        matches
    }

    fn alternatives(&mut self, depth: u32) -> Option<Vec<Vec<Piece>>> {
        let depth = depth.checked_sub(1)?;
        let mut alternatives = vec![Vec::new()];
        while let Some(c) = self.peek() {
            match c {
                ')' => break,
                '|' => {
                    self.at += 1;
                    alternatives.push(Vec::new());
                }
                _ => {
                    let node = self.node(depth)?;
                    let piece = self.quantified(node);
                    alternatives.last_mut()?.push(piece);
                }
            }
        }
        Some(alternatives)
    }

    fn node(&mut self, depth: u32) -> Option<Node> {
        Some(match self.next()? {
            '.' => {
                let mut set = Characters::ALL;
                set.ascii &= !(1 << 10);
                Node::One(set)
            }
            '^' | '$' => Node::Zero,
            '[' => Node::One(self.class()?),
            '(' => self.group(depth)?,
            '\\' => self.escape()?,
            '*' | '+' | '?' => return None,
            c => Node::Literal(c),
        })
    }

    fn group(&mut self, depth: u32) -> Option<Node> {
        if self.eat("?#") {
            while self.next()? != ')' {}
            return Some(Node::Zero);
        }
        let mut looks = false;
        if self.eat("?=") || self.eat("?!") || self.eat("?<=") || self.eat("?<!") {
            looks = true;
        } else if self.eat("?P=") {
            while self.next()? != ')' {}
            return Some(Node::Reference);
        } else if self.eat("?P<") || self.eat("?<") {
            while self.next()? != '>' {}
        } else if self.eat("?>") {
            // An atomic group gives nothing back.
            self.alternatives(depth)?;
            return self.eat(")").then_some(Node::Zero);
        } else if self.eat("?(") {
            return None;
        } else if self.eat("?") {
            // Flags, for the group or, closed at once, for all that follows.
            while let Some(c) = self.next() {
                match c {
                    ':' => break,
                    ')' => return Some(Node::Zero),
                    // In verbose patterns white space and comments mean nothing.
                    'x' => return None,
                    _ => {}
                }
            }
        }
        let alternatives = self.alternatives(depth)?;
        self.eat(")").then_some(if looks {
            Node::Zero
        } else {
            Node::Group(alternatives)
        })
    }

    fn escape(&mut self) -> Option<Node> {
        Some(match self.next()? {
            'A' | 'Z' | 'z' | 'b' | 'B' => Node::Zero,
            '1'..='9' => {
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.at += 1;
                }
                Node::Reference
            }
            c => shorthand(c).map_or_else(|| self.escaped(c), |set| Some(Node::One(set)))?,
        })
    }

    /// A single character written as an escape, the backslash and `c` being read.
    fn escaped(&mut self, c: char) -> Option<Node> {
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'n' => return Some(Node::Literal('\n')),
            't' => return Some(Node::Literal('\t')),
            'r' => return Some(Node::Literal('\r')),
            other => return Some(Node::Literal(other)),
        };
        let digits: String = (0..digits).map(|_| self.next()).collect::<Option<_>>()?;
        let code = u32::from_str_radix(&digits, 16).ok()?;
        char::from_u32(code).map(Node::Literal)
    }

    fn class(&mut self) -> Option<Characters> {
        let negated = self.eat("^");
        let mut set = Characters::default();
        let mut first = true;
        loop {
            let c = self.next()?;
            if c == ']' && !first {
                break;
            }
            first = false;
            let low = if c == '\\' {
                let escape = self.next()?;
                if let Some(class) = shorthand(escape) {
                    set = set.union(class);
                    continue;
                }
                match self.escaped(escape)? {
                    Node::Literal(c) => c,
                    _ => return None,
                }
            } else {
                c
            };
            let is_range =
                self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|c| *c != ']');
            if !is_range {
                set.add(low);
                continue;
            }
            self.at += 1;
            let high = match self.next()? {
                '\\' => {
                    let escape = self.next()?;
                    match self.escaped(escape)? {
                        Node::Literal(c) => c,
                        _ => return None,
                    }
                }
                c => c,
            };
            (low.min('\u{7f}')..=high.min('\u{7f}')).for_each(|c| set.add(c));
            if !high.is_ascii() {
                // The ends of a range beyond ASCII stand for what is between.
                set.add(high);
                set.add(low);
            }
        }
        Some(if negated { set.complement() } else { set })
    }

    fn quantified(&mut self, node: Node) -> Piece {
        let simple = match self.peek() {
            Some('*') => Some((0, None)),
            Some('+') => Some((1, None)),
            Some('?') => Some((0, Some(1))),
            _ => None,
        };
        let count = match simple {
            Some(count) => {
                self.at += 1;
                Some(count)
            }
            None if self.peek() == Some('{') => self.count(),
            None => None,
        };
        let Some((min, max)) = count else {
            return Piece {
                node,
                min: 1,
                max: Some(1),
                possessive: false,
            };
        };
        let possessive = self.eat("+");
        self.eat("?");
        Piece {
            node,
            min,
            max,
            possessive,
        }
    }

    /// `{m}`, `{m,}`, `{,n}` or `{m,n}`; anything else is literal.
    fn count(&mut self) -> Option<(u32, Option<u32>)> {
        let end = self.rest[self.at..].iter().position(|c| *c == '}')?;
        let inside: String = self.rest[self.at + 1..self.at + end].iter().collect();
        let number = |text: &str| text.parse::<u32>().ok();
        let count = match inside.split_once(',') {
            None => (number(&inside)?, Some(number(&inside)?)),
            Some((min, "")) => (number(min)?, None),
            Some(("", max)) => (0, Some(number(max)?)),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        self.at += end + 1;
        Some(count)
    }
}

/// The set an escape such as `\d` stands for.
fn shorthand(c: char) -> Option<Characters> {
    let digit = |c: char| c.is_ascii_digit();
    let space = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    Some(match c {
        'd' => Characters::matching(digit, false, false),
        'D' => Characters::matching(|c| !digit(c), true, true),
        's' => Characters::matching(space, false, true),
        'S' => Characters::matching(|c| !space(c), true, true),
        'w' => Characters::matching(word, true, false),
        'W' => Characters::matching(|c| !word(c), false, true),
        _ => return None,
    })
}
