//! Whatever the source, the analysis ends, in bounds of stack and without panicking.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;
use tdev_analysis::{Analysis, analyse};
use tdev_domain::{MAX_AGENT_BYTES, Source};

/// The stack the analysis must do with: that of a runtime's worker thread.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Analyses as much of `text` as an agent may have, if that is a source at all.
fn analyse_prefix(text: &str) -> Option<Analysis> {
    let end = text.floor_char_boundary(MAX_AGENT_BYTES);
    Source::from_bytes(&text.as_bytes()[..end])
        .ok()
        .map(|source| analyse(&source))
}

/// Analyses on a thread of its own, with a stack of [`STACK_BYTES`].
fn analyse_on_small_stack(text: String) -> Option<Analysis> {
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || analyse_prefix(&text))
        .unwrap()
        .join()
        .unwrap()
}

/// What `line` gives for each number below `count`, in order.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

/// Every source of the corpora.
static CORPUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    ["attacks", "benign", "quality"]
        .into_iter()
        .flat_map(|kind| fs::read_dir(folder.join(kind)).unwrap())
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect()
});

/// `before`, `count` times `open`, `middle`, `count` times `close`.
fn nested(open: &str, middle: &str, close: &str) -> String {
    let count = (MAX_AGENT_BYTES - middle.len()) / (open.len() + close.len());
    format!("{}{middle}{}", open.repeat(count), close.repeat(count))
}

#[test]
fn deep_sources_need_no_deep_stack() {
    let blocks = |head: &str| {
        let lines = lines(200, |i| format!("{}{head}\n", " ".repeat(i)));
        format!("{lines}{}pass\n", " ".repeat(200))
    };
    let links = lines(400, |i| format!("a{} = a{i} + 'x'\n", i + 1));
    let links_backwards = lines(400, |i| {
        let i = 400 - 1 - i;
        format!("a{} = a{i}+'x'\n", i + 1)
    });
    let deep = [
        nested("(", "1", ")"),
        nested("[", "", "]"),
        nested("{1:", "2", "}"),
        nested("f(", "", ")"),
        nested("a[", "0", "]"),
        nested("-", "1", ""),
        nested("not ", "x", ""),
        nested("a.", "b", ""),
        nested("a", "", "()"),
        nested("", "a", "[0]"),
        nested("1+", "1", ""),
        nested("1**", "1", ""),
        nested("'a'+", "'b'", ""),
        nested("x=", "1", ""),
        nested("lambda:", "0", ""),
        nested("1 if x else ", "1", ""),
        nested("a and ", "b", ""),
        nested("a<", "b", ""),
        nested("f'{", "x", "}'"),
        nested("await ", "x", ""),
        nested("[x for x in ", "y", "]"),
        nested("(yield ", "1", ")"),
        nested("*", "a", ""),
        nested("(a:=", "1", ")"),
        nested("@a\n", "def f(): pass", ""),
        nested("if a:0\nel", "if b:0", ""),
        nested("a;", "b", ""),
        nested("\\\n", "a", ""),
        nested("match ", "x", ":\n"),
        format!("match x:\n case {}", nested("[", "", "]")),
        blocks("if x:"),
        blocks("def f():"),
        blocks("class A:"),
        blocks("while x:"),
        blocks("for x in y:"),
        blocks("with x:"),
        blocks("try:"),
        format!("a0 = 'x'\n{links}"),
        format!("{links_backwards}a0 = 'x'\nb = a400 + ''\n"),
    ];
    // The same shapes just within the bounds, where the tree is walked and its findings few.
    let shapes = [
        ("(", "1", ")"),
        ("[", "", "]"),
        ("{1:", "2", "}"),
        ("f(", "x", ")"),
        ("-", "1", ""),
        ("a.", "b", ""),
        ("", "a", "[0]"),
        ("'a'+", "'b'", ""),
        ("1 if x else ", "1", ""),
        ("lambda:", "0", ""),
        ("[x for x in ", "y", "]"),
    ];
    for (open, middle, close) in shapes {
        for count in [45, 70, 90, 98, 140, 148] {
            let inner = format!("{}{middle}{}", open.repeat(count), close.repeat(count));
            analyse_on_small_stack(format!("x = {inner}\n"));
            analyse_on_small_stack(format!("x = {}{inner}{}\n", "(".repeat(40), ")".repeat(40)));
        }
    }
    for text in deep {
        let head: String = text.chars().take(24).collect();
        let analysis = analyse_on_small_stack(text);
        assert!(analysis.is_some_and(|a| !a.findings.is_empty()), "{head}");
    }
}

#[test]
fn values_that_grow_by_folding_stay_small() {
    let doubling = lines(200, |i| format!("a{} = a{i} + a{i}\n", i + 1));
    let lists = lines(200, |i| format!("a{} = [a{i}] * 9999\n", i + 1));
    let joins = lines(200, |i| format!("a{} = a{i}.join(range(99))\n", i + 1));
    let nested = "x = [[[[i for i in range(9999)] for j in range(9999)] for k in range(9999)] for l in range(9999)]\n";
    let replaced = lines(200, |i| format!("a{} = a{i}.replace('x','xxxx')\n", i + 1));
    for body in [doubling, lists, joins, nested.to_owned(), replaced] {
        assert!(analyse_prefix(&format!("a0 = 'x'\n{body}")).is_some());
    }
}

#[test]
fn work_spent_on_a_decoy_does_not_hide_what_follows() {
    let decoy = "g = [[a * b for a in range(999)] for b in range(999)]\n\n";
    let payload = "K = 7\nP = ''.join(chr(c ^ K) for c in [98, 113, 102, 107])\n";
    let analysis = analyse_prefix(&format!("{decoy}{payload}")).unwrap();
    assert!(
        analysis
            .findings
            .iter()
            .any(|f| f.rule == "SEC020" && f.line == Some(4))
    );

    let decoys = lines(60, |i| {
        format!("g{i} = [[a * b for a in range(999)] for b in range(999)]\n")
    });
    let analysis = analyse_prefix(&format!("{decoys}{payload}")).unwrap();
    assert!(
        analysis
            .findings
            .iter()
            .any(|f| f.rule == "SEC034" && f.line.is_none())
    );
}

/// Pieces of Python, to be strung together at random.
fn python_soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "def execute(input):",
        "class A:",
        "if x:",
        "else:",
        "while True:",
        "for i in range(9):",
        "try:",
        "except:",
        "return",
        "import os",
        "from a import b",
        "lambda x: x",
        "x",
        "f",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        ".",
        "=",
        "==",
        "+",
        "*",
        "**",
        "<<",
        "%",
        "@",
        "'a'",
        "\"{0.__class__}\"",
        "f'{x:>{y}}'",
        "b'\\xff'",
        "10",
        "1e9",
        "\n",
        "\n    ",
        "\n        ",
        "# EVOLVE-BLOCK-START\n",
        "# EVOLVE-BLOCK-END\n",
        "log",
        "now()",
        "sleep(",
        "recall",
        "getattr",
        "__class__",
        "chr(",
        "'%s' % ",
        "in",
        "not",
        "is",
        "and",
        "yield",
        "await",
        "async ",
        "global x",
        "del x",
        "match x:",
        "case [a, *b]:",
        "with a as b:",
        "r'(a+)+'",
        "re.compile(",
        "é",
        "\u{202e}",
        "\t",
        "\\",
        ";",
        "->",
        ":=",
        "...",
        "None",
        "x[::-1]",
        "import re\n",
    ]);
    vec(piece, 0..120).prop_map(|pieces| pieces.join(" "))
}

/// A source of the corpora with slices deleted, doubled, swapped or taken from another.
fn mutated_corpus() -> impl Strategy<Value = String> {
    let slice = || (any::<prop::sample::Index>(), 1usize..200);
    let mutation = (0u8..4, slice(), slice(), any::<prop::sample::Index>());
    (any::<prop::sample::Index>(), vec(mutation, 1..6)).prop_map(|(start, mutations)| {
        let mut text: Vec<char> = start.get(&CORPUS).chars().collect();
        for (kind, (at, len), (to, _), other) in mutations {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + len).min(text.len());
            let piece: Vec<char> = match kind {
                0 => {
                    text.drain(at..end);
                    continue;
                }
                1 => text[at..end].to_vec(),
                2 => text.drain(at..end).collect(),
                _ => other.get(&CORPUS).chars().skip(at).take(len).collect(),
            };
            let to = to.index(text.len() + 1);
            text.splice(to..to, piece);
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_analysed(text in "\\PC{0,300}|[\\x01-\\x7f]{0,600}|(?s).{0,300}") {
        analyse_prefix(&text);
    }

    #[test]
    fn any_string_of_python_is_analysed(text in python_soup()) {
        analyse_prefix(&text);
    }

    #[test]
    fn mutated_agents_are_analysed(text in mutated_corpus()) {
        if let Some(analysis) = analyse_prefix(&text) {
            let severities: Vec<_> = analysis.findings.iter().map(|f| f.severity).collect();
            prop_assert!(severities.is_sorted_by(|a, b| a >= b));
            let lines = u32::try_from(text.lines().count().max(1)).unwrap();
            for finding in &analysis.findings {
                prop_assert!(finding.line.is_none_or(|line| line >= 1 && line <= lines + 1));
            }
        }
    }
}
