//! The problems: what is asked, what a solution may be made of, and what others reach.

use serde_json::{Value as Json, json};
use tdev_domain::Source;
use tdev_evolution::problem::{Field, Metric};
use tdev_evolution::variation::Vocabulary;
use tdev_evolution::{Genome, Scaffold, Scope, Settings};
use tdev_program::{BinaryOp, Builtin, Expr, Item, Method, Type};

use crate::data::Kind;

const INTS: Type = Type::List(Item::Int);
const FLOATS: Type = Type::List(Item::Float);
const WORDS: Type = Type::List(Item::Str);

/// A problem of the suite.
pub(crate) struct Problem {
    pub(crate) name: &'static str,
    pub(crate) inputs: &'static [Kind],
    pub(crate) outputs: &'static [(&'static str, Kind)],
    /// The block that the search begins with; the last function is called.
    block: &'static str,
    /// What stands behind the block, if more than one function is asked for.
    after: &'static str,
    /// The types of values that a solution may work with.
    types: &'static [Type],
    /// The constants that the suite gives, beside those of all problems.
    numbers: &'static [i64],
    texts: &'static [&'static str],
    /// What is expected of the function that is called, made of the output in the file.
    pub(crate) expected: fn(Json) -> Json,
    metric: fn() -> Metric,
    /// How many of 100 runs of PushGP succeed with lexicase selection (Helmuth and Spector 2015).
    pub(crate) published: u32,
}

const BASE: Problem = Problem {
    name: "",
    inputs: &[],
    outputs: &[("value", Kind::Int)],
    block: "",
    after: "",
    types: &[Type::Int, Type::Bool],
    numbers: &[],
    texts: &[],
    expected: |output| output,
    metric: || Metric::Absolute,
    published: 0,
};

pub(crate) const PROBLEMS: [Problem; 12] = [
    Problem {
        name: "number-io",
        inputs: &[Kind::Float, Kind::Int],
        outputs: &[("value", Kind::Float)],
        block: "def solve(x: float, n: int) -> float:\n    result = 0.0\n    return result\n",
        types: &[Type::Int, Type::Float],
        published: 98,
        ..BASE
    },
    Problem {
        name: "smallest",
        inputs: &[Kind::Int; 4],
        block: "def solve(a: int, b: int, c: int, d: int) -> int:\n    result = 0\n    return result\n",
        metric: || Metric::Exact,
        published: 81,
        ..BASE
    },
    Problem {
        name: "median",
        inputs: &[Kind::Int; 3],
        block: "def solve(a: int, b: int, c: int) -> int:\n    result = 0\n    return result\n",
        metric: || Metric::Exact,
        published: 45,
        ..BASE
    },
    Problem {
        name: "mirror-image",
        inputs: &[Kind::Vector; 2],
        outputs: &[("value", Kind::Bool)],
        block: "def solve(xs: list[int], ys: list[int]) -> bool:\n    result = False\n    return result\n",
        types: &[Type::Int, Type::Bool, INTS],
        metric: || Metric::Exact,
        published: 78,
        ..BASE
    },
    Problem {
        name: "string-lengths-backwards",
        inputs: &[Kind::Vector],
        outputs: &[("value", Kind::Text)],
        block: "def solve(words: list[str]) -> str:\n    result = \"\"\n    return result\n",
        types: &[Type::Int, Type::Bool, Type::Str, WORDS],
        texts: &["\n"],
        metric: || Metric::EditDistance,
        published: 66,
        ..BASE
    },
    Problem {
        name: "replace-space-with-newline",
        inputs: &[Kind::Text],
        outputs: &[("printed", Kind::Text), ("counted", Kind::Int)],
        block: "def printed(text: str) -> str:\n    result = \"\"\n    return result\n\n\n\
                def counted(text: str) -> int:\n    result = 0\n    return result\n",
        after: "def solve(text):\n    return {\"printed\": printed(text), \"counted\": counted(text)}\n",
        types: &[Type::Int, Type::Bool, Type::Str],
        texts: &[" ", "\n"],
        metric: || Metric::Fields {
            fields: vec![
                field("printed", Metric::EditDistance),
                field("counted", Metric::Absolute),
            ],
        },
        published: 51,
        ..BASE
    },
    Problem {
        name: "negative-to-zero",
        inputs: &[Kind::Vector],
        outputs: &[("value", Kind::Vector)],
        block: "def solve(xs: list[int]) -> list[int]:\n    result = []\n    return result\n",
        types: &[Type::Int, Type::Bool, INTS],
        metric: || Metric::EditDistance,
        published: 45,
        ..BASE
    },
    Problem {
        name: "last-index-of-zero",
        inputs: &[Kind::Vector],
        block: "def solve(xs: list[int]) -> int:\n    result = 0\n    return result\n",
        types: &[Type::Int, Type::Bool, INTS],
        published: 21,
        ..BASE
    },
    Problem {
        name: "syllables",
        inputs: &[Kind::Text],
        outputs: &[("value", Kind::Text)],
        block: "def answer(text: str) -> str:\n    count = 0\n    result = \"\"\n    return result\n",
        // As in the publication, the number is judged beside the text.
        after: "def solve(text):\n    printed = answer(text)\n    last = printed.split(\" \")[-1]\n    \
                return {\"printed\": printed, \"counted\": int(last) if last.isdigit() else -1}\n",
        types: &[Type::Int, Type::Bool, Type::Str],
        texts: &["The number of syllables is ", "aeiouy"],
        expected: |output| {
            let count = output.as_str().and_then(|text| text.rsplit(' ').next());
            let count: i64 = count.and_then(|count| count.parse().ok()).unwrap();
            json!({"printed": output, "counted": count})
        },
        metric: || Metric::Fields {
            fields: vec![
                field("printed", Metric::EditDistance),
                field("counted", Metric::Absolute),
            ],
        },
        published: 18,
        ..BASE
    },
    Problem {
        name: "vector-average",
        inputs: &[Kind::Vector],
        outputs: &[("value", Kind::Float)],
        block: "def solve(xs: list[float]) -> float:\n    result = 0.0\n    return result\n",
        types: &[Type::Int, Type::Bool, Type::Float, FLOATS],
        published: 16,
        ..BASE
    },
    Problem {
        name: "count-odds",
        inputs: &[Kind::Vector],
        block: "def solve(xs: list[int]) -> int:\n    result = 0\n    return result\n",
        types: &[Type::Int, Type::Bool, INTS],
        numbers: &[2],
        published: 8,
        ..BASE
    },
    Problem {
        name: "grade",
        inputs: &[Kind::Int; 5],
        outputs: &[("value", Kind::Text)],
        block: "def answer(a: int, b: int, c: int, d: int, score: int) -> str:\n    result = \"\"\n    return result\n",
        types: &[Type::Int, Type::Bool, Type::Str],
        // As in the publication, the distance of the letter is judged beside the text.
        after: "def solve(a, b, c, d, score):\n    printed = answer(a, b, c, d, score)\n    \
                letter = printed[14:15]\n    \
                return {\"printed\": printed, \"letter\": ord(letter) if letter else 0}\n",
        texts: &["Student has a ", " grade.", "A", "B", "C", "D", "F"],
        expected: |output| {
            let letter = output.as_str().and_then(|text| text.chars().nth(14));
            let letter = u32::from(letter.unwrap());
            json!({"printed": output, "letter": letter})
        },
        metric: || Metric::Fields {
            fields: vec![
                field("printed", Metric::EditDistance),
                field("letter", Metric::Absolute),
            ],
        },
        published: 4,
        ..BASE
    },
];

fn field(name: &str, metric: Metric) -> Field {
    Field {
        name: name.to_owned(),
        metric,
        weight: 1.0,
    }
}

impl Problem {
    pub(crate) fn metric(&self) -> Metric {
        (self.metric)()
    }

    pub(crate) fn agent(&self) -> (Scaffold, Genome) {
        let (block, after) = (self.block, self.after);
        let text = format!("# EVOLVE-BLOCK-START\n{block}# EVOLVE-BLOCK-END\n\n\n{after}");
        Scaffold::of(&Source::from_bytes(text.as_bytes()).unwrap()).unwrap()
    }

    /// All that there is for the problem's types, nothing chosen for the problem but constants.
    pub(crate) fn scope(&self, scaffold: &Scaffold, genome: &Genome, settings: &Settings) -> Scope {
        let mut scope = Scope::for_agent(scaffold, genome, &[], settings);
        let mut words = Vocabulary {
            binary: vec![BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul],
            builtins: vec![Builtin::Abs, Builtin::Max, Builtin::Min],
            types: self.types.to_vec(),
            logic: true,
            statements: true,
            loops: true,
            ..Vocabulary::default()
        };
        let has = |ty: Type| self.types.contains(&ty);
        words.binary.extend([BinaryOp::FloorDiv, BinaryOp::Mod]);
        if has(Type::Float) {
            words.binary.push(BinaryOp::Div);
            words
                .builtins
                .extend([Builtin::Float, Builtin::Int, Builtin::Round]);
            words.constants.extend([0.0, 1.0].map(Expr::Float));
        }
        if has(Type::Str) {
            words.builtins.extend([Builtin::Len, Builtin::Str]);
            words.methods.extend([
                Method::Count,
                Method::Find,
                Method::IsAlpha,
                Method::IsDigit,
                Method::IsSpace,
                Method::Join,
                Method::Lower,
                Method::Replace,
                Method::Split,
                Method::Strip,
                Method::Upper,
            ]);
        }
        if self.types.iter().any(|ty| matches!(ty, Type::List(_))) {
            words
                .builtins
                .extend([Builtin::Len, Builtin::Sum, Builtin::Sorted]);
            words.methods.extend([Method::Count, Method::Index]);
        }
        let numbers = [0, 1].iter().chain(self.numbers);
        words
            .constants
            .extend(numbers.map(|value| Expr::Int(*value)));
        let texts = self.texts.iter();
        words
            .constants
            .extend(texts.map(|text| Expr::Str((*text).to_owned())));
        words.builtins.sort_unstable();
        words.builtins.dedup();
        words.methods.sort_unstable();
        words.methods.dedup();
        scope.vocabulary = words;
        scope
    }
}
