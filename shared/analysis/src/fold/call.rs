//! Calls of built-ins, string methods and decoders on constants.

use ruff_python_ast::helpers::body_without_leading_docstring;
use ruff_python_ast::{Expr, ExprCall, ExprName, Stmt};

use super::value::{MAX_LEN, Value, count};
use super::{Env, Folder, codec, operator};
use crate::scope::{Binding, Resolved};

impl<'a> Folder<'a, '_> {
    pub(super) fn call(&self, call: &'a ExprCall, env: &Env<'a>) -> Option<Value> {
        let path = self.scopes.path(&call.func, env.scope);
        if path.as_deref() == Some("map") {
            return self.map(call, env);
        }
        let arguments = call
            .arguments
            .args
            .iter()
            .map(|argument| self.value(argument, env))
            .collect::<Option<Vec<_>>>()?;
        if let Some(value) = path.and_then(|path| function(&path, &arguments)) {
            return Some(value);
        }
        if let Expr::Name(name) = &*call.func {
            return self.own(name, &arguments, env);
        }
        let Expr::Attribute(method) = &*call.func else {
            return None;
        };
        // A class used as the receiver, as in `str.join("", parts)`.
        if let Expr::Name(class) = &*method.value
            && matches!(class.id.as_str(), "str" | "bytes")
            && let Some((receiver, rest)) = arguments.split_first()
            && let Some(value) = self::method(receiver, method.attr.id.as_str(), rest)
        {
            return Some(value);
        }
        self::method(
            &self.value(&method.value, env)?,
            method.attr.id.as_str(),
            &arguments,
        )
    }

    /// A call of a lambda or of a function of one `return`, as decoders are often written.
    fn own(&self, name: &'a ExprName, arguments: &[Value], env: &Env<'a>) -> Option<Value> {
        let resolved = self
            .scopes
            .resolve(env.scope, name.id.as_str(), name.range.start());
        let (Resolved::Bound(_, bindings) | Resolved::Perhaps(_, bindings)) = resolved else {
            return None;
        };
        let (parameters, body, node) = match bindings.as_slice() {
            [Binding::Value(Expr::Lambda(lambda))] => {
                (lambda.parameters.as_deref()?, &*lambda.body, lambda.range)
            }
            [Binding::Function(def)] => match body_without_leading_docstring(&def.body) {
                [Stmt::Return(only)] => (&*def.parameters, only.value.as_deref()?, def.range),
                _ => return None,
            },
            _ => return None,
        };
        if parameters.args.len() != arguments.len() {
            return None;
        }
        let names = parameters.args.iter().map(|p| p.parameter.name.id.as_str());
        let inner = Env {
            scope: self.scopes.opened_by(node)?,
            variables: names.zip(arguments.iter().cloned()).collect(),
            depth: env.depth,
        };
        self.value(body, &inner)
    }

    /// `map(function, items)`, the function being a built-in or a lambda of one parameter.
    fn map(&self, call: &'a ExprCall, env: &Env<'a>) -> Option<Value> {
        let [mapped, items] = &*call.arguments.args else {
            return None;
        };
        let items = self.value(items, env)?.elements()?;
        let path = self.scopes.path(mapped, env.scope);
        items
            .into_iter()
            .map(|item| {
                if let Expr::Lambda(lambda) = mapped {
                    let parameters = lambda.parameters.as_deref()?;
                    let [parameter] = parameters.args.as_slice() else {
                        return None;
                    };
                    let mut inner = env.clone();
                    inner
                        .variables
                        .push((parameter.parameter.name.id.as_str(), item));
                    return self.value(&lambda.body, &inner);
                }
                function(path.as_deref()?, &[item])
            })
            .collect::<Option<_>>()
            .map(Value::Seq)
    }
}

/// A built-in or decoder applied to constants.
fn function(path: &str, arguments: &[Value]) -> Option<Value> {
    let first = arguments.first();
    match (path, arguments) {
        ("str", []) => Some(Value::Str(String::new())),
        ("str", [value]) => operator::display(value).map(Value::Str),
        ("str", [value, _]) => value.text().map(|text| Value::Str(text.to_owned())),
        ("chr", [code]) => operator::character(code.int()?).map(|c| Value::Str(c.into())),
        ("ord", [Value::Str(text)]) => {
            let mut chars = text.chars();
            chars
                .next()
                .filter(|_| chars.next().is_none())
                .map(|c| Value::Int(u32::from(c).into()))
        }
        ("len", [value]) => value.len().and_then(|len| whole(len).map(Value::Int)),
        ("int", [value]) => integer(value, 10),
        ("int", [value, base]) => integer(value, u32::try_from(base.int()?).ok()?),
        ("float", [value]) => value.number().map(Value::Float),
        ("bool", [value]) => Some(Value::Bool(value.truth())),
        ("abs", [value]) => value.int()?.checked_abs().map(Value::Int),
        ("pow", [base, exponent]) => {
            operator::binary(ruff_python_ast::Operator::Pow, base, exponent)
        }
        ("range", [to]) => Some(Value::Range(0, to.int()?, 1)),
        ("range", [from, to]) => Some(Value::Range(from.int()?, to.int()?, 1)),
        ("range", [from, to, by]) => Some(Value::Range(from.int()?, to.int()?, by.int()?)),
        ("bytes" | "bytearray", [Value::Int(len)]) => {
            let len = usize::try_from(*len).ok()?;
            Some(if len > MAX_LEN {
                Value::Long(count(len))
            } else {
                Value::Bytes(vec![0; len])
            })
        }
        ("bytes" | "bytearray", [Value::Str(text), _]) => Some(Value::Bytes(text.clone().into())),
        ("bytes" | "bytearray", [items]) => operator::bytes(&items.elements()?),
        ("list" | "tuple" | "set" | "frozenset" | "sorted" | "iter", [items]) => {
            let known = items.elements().map(Value::Seq);
            known.or_else(|| items.len().map(Value::Long))
        }
        ("reversed", [items]) => {
            let mut items = items.elements()?;
            items.reverse();
            Some(Value::Seq(items))
        }
        ("zip", [left, right]) => {
            let pairs = left.elements()?.into_iter().zip(right.elements()?);
            Some(Value::Seq(
                pairs.map(|(l, r)| Value::Seq(vec![l, r])).collect(),
            ))
        }
        ("enumerate", [items]) => {
            let numbered = (0..).zip(items.elements()?);
            Some(Value::Seq(
                numbered
                    .map(|(i, v)| Value::Seq(vec![Value::Int(i), v]))
                    .collect(),
            ))
        }
        _ => decoder(path, first?, arguments.get(1)),
    }
}

/// The decoders of the standard library.
fn decoder(path: &str, argument: &Value, encoding: Option<&Value>) -> Option<Value> {
    let decoded = match path {
        "base64.b64decode"
        | "base64.standard_b64decode"
        | "base64.urlsafe_b64decode"
        | "base64.decodebytes"
        | "binascii.a2b_base64" => codec::base64(argument.text()?),
        "base64.b32decode" => codec::base32(argument.text()?),
        "base64.b85decode" => codec::base85(argument.text()?, true),
        "base64.a85decode" => codec::base85(argument.text()?, false),
        "base64.b16decode" | "binascii.unhexlify" | "binascii.a2b_hex" | "bytes.fromhex"
        | "bytearray.fromhex" => codec::hex(argument.text()?),
        "codecs.decode" => return decode(argument, encoding?.text()?),
        _ => None,
    };
    decoded.map(Value::Bytes)
}

/// `value.decode(encoding)`, text encodings and the transforms of `codecs`.
fn decode(value: &Value, encoding: &str) -> Option<Value> {
    match encoding.to_ascii_lowercase().replace('_', "-").as_str() {
        "rot13" | "rot-13" => Some(Value::Str(codec::rot13(value.text()?))),
        "hex" | "hex-codec" => codec::hex(value.text()?).map(Value::Bytes),
        "base64" | "base64-codec" => codec::base64(value.text()?).map(Value::Bytes),
        _ => value.text().map(|text| Value::Str(text.to_owned())),
    }
}

/// A method of a constant string, bytes or list.
fn method(receiver: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    if let Value::Long(len) = receiver {
        // Transforming what is too long to keep leaves it too long.
        return matches!(
            name,
            "upper" | "lower" | "encode" | "decode" | "copy" | "swapcase"
        )
        .then_some(Value::Long(*len));
    }
    if let (Value::Str(_), "ljust" | "rjust" | "center" | "zfill", Some(width)) =
        (receiver, name, arguments.first())
    {
        let width = width.number()?;
        return (width > count(MAX_LEN)).then_some(Value::Long(width));
    }
    match (receiver, name, arguments) {
        (Value::Int(i), "to_bytes", [len, rest @ ..]) => {
            let little = matches!(rest, [Value::Str(order)] if order == "little");
            to_bytes(*i, len.int()?, little).map(Value::Bytes)
        }
        (Value::Bytes(bytes), "decode", []) => {
            Some(Value::Str(std::str::from_utf8(bytes).ok()?.to_owned()))
        }
        (Value::Bytes(_), "decode", [encoding, ..]) => decode(receiver, encoding.text()?),
        (Value::Bytes(bytes), "hex", []) => Some(Value::Str(codec::to_hex(bytes))),
        (Value::Bytes(bytes), "join", [parts]) => {
            let parts = parts.elements()?;
            let parts = parts.iter().map(|part| match part {
                Value::Bytes(bytes) => Some(bytes.as_slice()),
                _ => None,
            });
            Some(Value::Bytes(
                parts.collect::<Option<Vec<_>>>()?.join(bytes.as_slice()),
            ))
        }
        (Value::Str(text), _, _) => text_method(text, name, arguments),
        _ => None,
    }
}

/// `i.to_bytes(len, order)`, of integers that are not negative.
fn to_bytes(i: i128, len: i128, little: bool) -> Option<Vec<u8>> {
    let len = usize::try_from(len).ok().filter(|len| *len <= MAX_LEN)?;
    let mut bytes = u128::try_from(i).ok()?.to_le_bytes().to_vec();
    bytes.resize(len.max(bytes.len()), 0);
    if bytes.get(len..)?.iter().any(|byte| *byte != 0) {
        return None;
    }
    bytes.truncate(len);
    if !little {
        bytes.reverse();
    }
    Some(bytes)
}

fn text_method(text: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    let swap = |c: char| {
        if c.is_uppercase() {
            c.to_lowercase().collect::<String>()
        } else {
            c.to_uppercase().collect()
        }
    };
    Some(Value::Str(match (name, arguments) {
        ("encode", _) => return Some(Value::Bytes(text.as_bytes().to_vec())),
        ("join", [items]) => return operator::join(text, &items.elements()?),
        ("split", []) => return Some(strings(text.split_whitespace())),
        ("split", [Value::Str(separator)]) if !separator.is_empty() => {
            return Some(strings(text.split(separator.as_str())));
        }
        ("replace", [Value::Str(from), Value::Str(to)]) if !from.is_empty() => {
            // Each replacement may lengthen the text, but by no more than it is long itself.
            if text.len().saturating_mul(to.len().max(1)) > 64 * MAX_LEN {
                return None;
            }
            text.replace(from.as_str(), to)
        }
        ("lower" | "casefold", []) => text.to_lowercase(),
        ("upper", []) => text.to_uppercase(),
        ("swapcase", []) => text.chars().map(swap).collect(),
        ("strip", []) => text.trim().to_owned(),
        ("strip", [Value::Str(set)]) => text.trim_matches(|c| set.contains(c)).to_owned(),
        ("removeprefix", [Value::Str(prefix)]) => text
            .strip_prefix(prefix.as_str())
            .unwrap_or(text)
            .to_owned(),
        ("format", arguments) => format(text, arguments)?,
        _ => return None,
    }))
}

fn strings<'t>(parts: impl Iterator<Item = &'t str>) -> Value {
    Value::Seq(parts.map(|part| Value::Str(part.to_owned())).collect())
}

/// `template.format(arguments)` for plain `{}` and `{0}`.
fn format(template: &str, arguments: &[Value]) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    let mut automatic = 0;
    while let Some(open) = rest.find(['{', '}']) {
        text.push_str(&rest[..open]);
        rest = &rest[open..];
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            text.push_str(&rest[..1]);
            rest = after;
            continue;
        }
        let (field, after) = rest.strip_prefix('{')?.split_once('}')?;
        let index = if field.is_empty() {
            automatic += 1;
            automatic - 1
        } else {
            field.parse().ok()?
        };
        text.push_str(&operator::display(arguments.get::<usize>(index)?)?);
        rest = after;
    }
    Some(text + rest)
}

fn integer(value: &Value, base: u32) -> Option<Value> {
    match value {
        Value::Str(text) if base == 10 => text.trim().parse().ok().map(Value::Int),
        Value::Str(text) if (2..=36).contains(&base) => {
            let text = text.trim().to_ascii_lowercase();
            let digits = text.strip_prefix(prefix(base)).unwrap_or(&text);
            i128::from_str_radix(digits, base).ok().map(Value::Int)
        }
        Value::Long(digits) => Some(Value::Huge(*digits)),
        Value::Float(f) => whole(f.trunc()).map(Value::Int),
        other => other.int().map(Value::Int),
    }
}

/// The value of an integer literal, by its prefix.
pub(super) fn integer_text(text: &str) -> Option<i128> {
    [16, 8, 2]
        .into_iter()
        .find_map(|base| Some((text.strip_prefix(prefix(base))?, base)))
        .map_or_else(
            || text.parse().ok(),
            |(digits, base)| i128::from_str_radix(digits, base).ok(),
        )
}

/// How literals of a base start.
const fn prefix(base: u32) -> &'static str {
    match base {
        16 => "0x",
        8 => "0o",
        2 => "0b",
        _ => "",
    }
}

/// A float without a fraction as an integer, where it is exact.
#[allow(clippy::cast_possible_truncation)]
fn whole(f: f64) -> Option<i128> {
    (f.abs() < 1e30).then_some(f as i128)
}
