//! Security rules, by theme. Each is a question asked of one statement, expression, token stream
//! or module; each finding is something a well-meant agent practically never does.

mod attributes;
mod imports;
mod iterators;
mod loops;
mod manifest;
mod names;
mod pattern;
mod payload;
mod recursion;
mod shape;
mod size;
mod text;
mod unicode;

use ruff_python_ast::token::Tokens;
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::TextRange;

use crate::report::Report;
use crate::tree;
use crate::walk::Walk;

/// Rules about the bare text, comments included.
pub(crate) fn source(text: &str, report: &mut Report) {
    unicode::hidden(text, report);
    text::secrets(text, report);
}

/// Rules about tokens.
pub(crate) fn tokens(source: &str, tokens: &Tokens, report: &mut Report) {
    unicode::identifiers(source, tokens, report);
    names::reserved(source, tokens, report);
    text::comments(source, tokens, report);
}

/// Rules about the module as a whole.
pub(crate) fn module(walk: &mut Walk<'_, '_>) {
    recursion::functions(walk);
    manifest::shifting(walk);
}

/// Rules about one statement.
pub(crate) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    imports::stmt(walk, stmt);
    attributes::stmt(walk, stmt);
    payload::stmt(walk, stmt);
    loops::stmt(walk, stmt);
    shape::stmt(walk, stmt);
    iterators::stmt(walk, stmt);
    size::stmt(walk, stmt);
}

/// Rules about one expression.
pub(crate) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    names::expr(walk, expr);
    attributes::expr(walk, expr);
    payload::expr(walk, expr);
    text::expr(walk, expr);
    iterators::expr(walk, expr);
    size::expr(walk, expr);
    pattern::expr(walk, expr);
    recursion::expr(walk, expr);
    loops::expr(walk, expr);
}

/// Rules about an attribute named in a class pattern.
pub(crate) fn attribute_name(walk: &mut Walk<'_, '_>, name: &str, range: TextRange) {
    attributes::name(walk, name, range);
}

/// Names that code uses to break out, whether written, put together or looked up.
const DANGEROUS_NAMES: &[&str] = &[
    "eval",
    "exec",
    "compile",
    "__import__",
    "import_module",
    "importlib",
    "subprocess",
    "ctypes",
    "builtins",
    "__builtins__",
    "globals",
    "locals",
    "breakpoint",
    "execfile",
    "popen",
    "Popen",
    "system",
    "os",
    "sys",
    "socket",
    "pickle",
    "marshal",
    "getattr",
    "setattr",
    "open",
    "__subclasses__",
    "urlopen",
    "check_output",
    "environ",
    "getenv",
    "os.system",
    "_getframe",
];

/// Special attributes that lead from any object into the interpreter.
const DANGEROUS_DUNDERS: &[&str] = &[
    "__class__",
    "__base__",
    "__bases__",
    "__mro__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__builtin__",
    "__import__",
    "__code__",
    "__closure__",
    "__dict__",
    "__getattribute__",
    "__loader__",
    "__spec__",
    "__reduce__",
    "__reduce_ex__",
    "__self__",
    "__func__",
    "__wrapped__",
    "__traceback__",
    "__init_subclass__",
    "__subclasshook__",
    "__kwdefaults__",
    "__defaults__",
    "__weakref__",
    "__objclass__",
    "__annotate__",
];

/// Whether `name` is a special attribute that leads into the interpreter.
fn is_dangerous_dunder(name: &str) -> bool {
    DANGEROUS_DUNDERS.contains(&name)
}

/// What in `text` shows it to be code that reaches outside, if anything does.
fn reveals(text: &str) -> Option<&'static str> {
    const MARKERS: &[&str] = &[
        "import os",
        "import sys",
        "import subprocess",
        "import socket",
        "import ctypes",
        "import builtins",
        "import importlib",
        "import pty",
        "import urllib",
        "import requests",
        "from os import",
        "from subprocess import",
        "exec(",
        "eval(",
        "os.system",
        "os.popen",
        "os.environ",
        "sys.modules",
        "subprocess.",
        "socket.socket",
        "urllib.request",
        "getattr(",
        "open('",
        "open(\"",
        "globals()",
        "/etc/passwd",
        "/etc/shadow",
        "/proc/self",
        "/bin/sh",
        "/bin/bash",
        "169.254.169.254",
        "while True:",
        "while 1:",
        "AWS_SECRET",
        "rm -rf",
    ];
    let dunder = DANGEROUS_DUNDERS
        .iter()
        .find(|dunder| text.contains(**dunder));
    let marker = || MARKERS.iter().find(|marker| text.contains(**marker));
    let name = || DANGEROUS_NAMES.iter().find(|name| text == **name);
    dunder.or_else(marker).or_else(name).copied()
}

/// Whether the expression is text as it stands: a literal in one piece, or a name.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::StringLiteral(literal) => literal.value.as_slice().len() == 1,
        Expr::BytesLiteral(literal) => literal.value.as_slice().len() == 1,
        other => tree::name(other).is_some(),
    }
}
