//! Encoded payloads, and names put together from pieces.

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFor};

use super::{is_plain, reveals};
use crate::fold::{Value, decodings, rot13};
use crate::rules;
use crate::tree;
use crate::walk::Walk;

/// The shortest literal worth decoding; shorter ones are words.
const MIN_ENCODED: usize = 12;

/// How many encodings may lie over one another.
const MAX_LAYERS: u32 = 3;

/// From this many bytes on, decoded data that is neither text nor a known kind of file is opaque.
const MIN_OPAQUE: usize = 128;

pub(super) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    if walk.is_excused(expr) {
        return;
    }
    if let Expr::Call(call) = expr {
        opaque(walk, call);
    }
    if is_plain(expr) {
        if let Expr::StringLiteral(_) | Expr::BytesLiteral(_) = expr
            && let Some(text) = walk.text(expr)
            && let Some(revealed) = hidden(&text)
        {
            let message = format!("this literal decodes to `{revealed}`");
            walk.add(&rules::ENCODED_PAYLOAD, expr, message);
        }
        return;
    }
    let Some(text) = walk.text(expr) else { return };
    let Some(revealed) = reveals(&text).or_else(|| hidden(&text)) else {
        return;
    };
    walk.excuse(expr);
    if decodes(walk, expr) {
        let message = format!("this expression decodes to `{revealed}`");
        walk.add(&rules::ENCODED_PAYLOAD, expr, message);
    } else if !is_written_out(expr, revealed) {
        let message = format!("this expression puts `{revealed}` together");
        walk.add(&rules::ASSEMBLED_NAME, expr, message);
    }
}

/// Text that is put together one character at a time in a loop over codes.
pub(super) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    let Stmt::For(for_) = stmt else { return };
    let Some(text) = spelled(walk, for_) else {
        return;
    };
    if let Some(revealed) = reveals(&text) {
        let message = format!("this loop spells `{revealed}`");
        walk.add(&rules::ENCODED_PAYLOAD, stmt, message);
    }
}

/// What the `chr(…)` in the body of a loop over constants spells.
fn spelled<'a>(walk: &Walk<'a, '_>, for_: &'a StmtFor) -> Option<String> {
    let variable = tree::name(&for_.target)?;
    let items = walk.fold(&for_.iter)?;
    let mut spelling = None;
    tree::each_expr(&for_.body, &mut |expr| {
        if let Expr::Call(call) = expr
            && walk.unbound(&call.func) == Some("chr")
            && spelling.is_none()
        {
            spelling = walk.folder.fold_each(expr, walk.scope, variable, &items);
        }
    });
    spelling?.iter().map(Value::text).collect()
}

/// What `text` hides under at most [`MAX_LAYERS`] encodings.
fn hidden(text: &str) -> Option<&'static str> {
    if text.len() < MIN_ENCODED {
        return None;
    }
    let reversed: String = text.chars().rev().collect();
    let telling = |text: &str| reveals(text).filter(|_| !text.trim().is_empty());
    // Words are not code backwards or rotated: only what is plainly code counts there.
    if reveals(text).is_none() {
        for other in [rot13(text), reversed.clone()] {
            if let Some(revealed) = telling(&other) {
                return Some(revealed);
            }
        }
    }
    decoded(text, MAX_LAYERS).or_else(|| decoded(&reversed, 1))
}

fn decoded(text: &str, layers: u32) -> Option<&'static str> {
    if layers == 0 || text.len() < MIN_ENCODED {
        return None;
    }
    decodings(text)
        .iter()
        .find_map(|inner| reveals(inner).or_else(|| decoded(inner, layers - 1)))
}

/// Whether an expression decodes, reverses or computes its text rather than joining pieces.
fn decodes(walk: &Walk<'_, '_>, expr: &Expr) -> bool {
    let mut found = false;
    tree::each_part(expr, &mut |part| {
        found |= match part {
            Expr::Call(call) => {
                let path = walk.path(&call.func);
                let method = match &*call.func {
                    Expr::Attribute(method) => Some(method.attr.id.as_str()),
                    _ => path.as_deref(),
                };
                method.is_some_and(|method| {
                    method.contains("decode")
                        || method.contains("hex")
                        || matches!(method, "translate" | "chr" | "bytes" | "bytearray" | "map")
                })
            }
            Expr::Subscript(subscript) => matches!(*subscript.slice, Expr::Slice(_)),
            _ => false,
        };
    });
    found
}

/// Whether one of the literals in `expr` has the whole of `revealed`: then it is plainly written,
/// and nothing is put together.
fn is_written_out(expr: &Expr, revealed: &str) -> bool {
    let mut found = false;
    tree::each_part(expr, &mut |part| {
        found |= match part {
            Expr::StringLiteral(literal) => literal
                .value
                .iter()
                .any(|part| part.value.contains(revealed)),
            Expr::FString(string) => string.value.elements().any(|element| {
                element
                    .as_literal()
                    .is_some_and(|literal| literal.value.contains(revealed))
            }),
            _ => false,
        };
    });
    found
}

/// A constant that decodes to bytes that are neither text nor a known kind of file.
fn opaque<'a>(walk: &mut Walk<'a, '_>, call: &'a ExprCall) {
    let decoder = walk.path(&call.func).is_some_and(|path| {
        path.contains("decode") || path.contains("unhexlify") || path.ends_with(".fromhex")
    });
    if !decoder {
        return;
    }
    let argument = call
        .arguments
        .args
        .first()
        .and_then(|argument| walk.fold(argument));
    let Some(argument) = argument.as_ref().and_then(Value::text) else {
        return;
    };
    if let Some(bytes) = crate::fold::decoded_bytes(argument)
        && bytes.len() >= MIN_OPAQUE
        && std::str::from_utf8(&bytes).is_err()
        && !is_known_file(&bytes)
    {
        let message = format!("{} bytes of unreadable data are decoded", bytes.len());
        walk.add(&rules::ENCODED_PAYLOAD, call, message);
    }
}

/// Whether the bytes start as an image, a font, a sound or a document does.
fn is_known_file(bytes: &[u8]) -> bool {
    const MAGIC: &[&[u8]] = &[
        b"\x89PNG",
        b"GIF8",
        b"\xff\xd8\xff",
        b"BM",
        b"RIFF",
        b"%PDF",
        b"\0\0\x01\0",
        b"OggS",
        b"wOFF",
        b"wOF2",
        b"ID3",
        b"fLaC",
    ];
    MAGIC.iter().any(|magic| bytes.starts_with(magic))
}
