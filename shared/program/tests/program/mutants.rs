//! Random damage to sources: whatever is read runs, and nothing panics.

use proptest::prelude::*;
use tdev_program::{Budget, Machine, Program, Value, parse};

use crate::generate::{self, Source};

/// What mutants are made of.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    " ",
    "\n",
    "\n    ",
    "\n        ",
    "'",
    "\"",
    "=",
    "+=",
    "-",
    "*",
    "**",
    "//",
    "%",
    "<<",
    "not ",
    "in ",
    "is None",
    "if ",
    "else ",
    "elif x:",
    "while ",
    "for x in ",
    "return ",
    "def g(x):",
    "lambda ",
    "f",
    "p",
    "v1",
    "x",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "1e308",
    "0.5",
    "'é'",
    "None",
    "range(",
    "sorted(",
    "len(",
    "math.exp(",
    ".append(",
    ".pop(",
    ".join(",
    "[::-1]",
    "break",
    "continue",
    "raise ValueError",
    "# x",
    "\\",
    "\u{feff}",
    "\t",
    "*a",
    "**b",
    ":=",
    "{n}",
    "f'",
    "import math",
    "x = y = 1",
    "zip(",
    "str(",
];

/// A random program with some stretches cut, doubled or overwritten.
fn mutant(seed: u64) -> String {
    let mut source = Source::new(seed);
    let mut text: Vec<char> = generate::program(seed % 5_000)
        .0
        .to_string()
        .chars()
        .collect();
    for _ in 0..source.below(6) {
        let from = source.below(text.len() + 1);
        let to = (from + source.below(12)).min(text.len());
        let piece: Vec<char> = match source.below(4) {
            0 => vec![],
            1 => text[from..to].repeat(2),
            2 => {
                let other = source.below(text.len() + 1);
                text[other..(other + source.below(30)).min(text.len())].to_vec()
            }
            _ => source.pick(PIECES).chars().collect(),
        };
        text.splice(from..to, piece);
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(crate::config("TDEV_MUTANTS", 400))]

    /// `TDEV_MUTANTS=1000000 cargo test --release -p tdev-program --test program mutants` tries as
    /// many.
    #[test]
    fn mutants_do_not_panic(seed: u64) {
        let text = mutant(seed);
        let Ok(module) = parse(&text) else { return Ok(()) };
        let printed = module.to_string();
        let again = parse(&printed);
        prop_assert_eq!(again.as_ref(), Ok(&module), "{}", printed);
        let Ok(program) = Program::compile(&module) else { return Ok(()) };
        let mut random = Source::new(!seed);
        for function in module.functions() {
            let entry = program.entry(&function.name).unwrap();
            let inputs: Vec<Value> =
                function.params.iter().map(|param| generate::value(&mut random, param.ty)).collect();
            let budget = Budget { fuel: 20_000, memory: 1 << 18 };
            let mut machine = Machine::new();
            let first = program.run(&mut machine, entry, &inputs, budget);
            let left = machine.left();
            let second = program.run(&mut machine, entry, &inputs, budget);
            let same = match (&first, &second) {
                (Ok(a), Ok(b)) => a.is_identical(b),
                (a, b) => a == b,
            };
            prop_assert!(same, "{:?}, then {:?}", first, second);
            prop_assert_eq!(machine.left(), left);
        }
    }
}
