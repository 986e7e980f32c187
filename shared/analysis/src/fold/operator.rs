//! Operators, subscripts and formatting on folded values.

use ruff_python_ast::Operator;

use super::value::{MAX_LEN, MAX_WEIGHT, Value, count, float};

/// `left op right`.
pub(super) fn binary(op: Operator, left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Huge(_), _) | (_, Value::Huge(_)) if left.len().or(right.len()).is_none() => {
            huge(op, left, right)
        }
        _ => match op {
            Operator::Add => add(left, right),
            Operator::Mult => multiply(left, right),
            Operator::Mod if matches!(left, Value::Str(_)) => percent(left.text()?, right),
            _ => arithmetic(op, left, right),
        },
    }
}

/// Arithmetic on integers of which one is too large to keep: only what stays as large matters.
fn huge(op: Operator, left: &Value, right: &Value) -> Option<Value> {
    let digits = |value: &Value| match value {
        Value::Huge(digits) => Some(*digits),
        _ => value.number().map(|n| n.abs().max(1.0).log10()),
    };
    let (l, r) = (digits(left)?, digits(right)?);
    match op {
        Operator::Add | Operator::Sub => Some(Value::Huge(l.max(r))),
        Operator::Mult => Some(Value::Huge(l + r)),
        Operator::Pow => power(left, right),
        Operator::LShift => Some(Value::Huge(f64::INFINITY)),
        _ => None,
    }
}

fn add(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Str(l), Value::Str(r)) => Value::Str(format!("{l}{r}")),
        (Value::Bytes(l), Value::Bytes(r)) => Value::Bytes([l.as_slice(), r].concat()),
        (Value::Seq(l), Value::Seq(r)) => Value::Seq([l.as_slice(), r].concat()),
        (Value::Long(_), other) | (other, Value::Long(_)) => {
            Value::Long(left.len()? + right.len()?).or_none_without(other)?
        }
        _ => return arithmetic(Operator::Add, left, right),
    })
}

impl Value {
    /// The value itself, unless `operand` has no length to have been added.
    fn or_none_without(self, operand: &Self) -> Option<Self> {
        operand.len().map(|_| self)
    }
}

fn multiply(left: &Value, right: &Value) -> Option<Value> {
    let (repeated, times) = match (left.len(), right.len()) {
        (Some(_), None) => (left, right),
        (None, Some(_)) => (right, left),
        (None, None) => return arithmetic(Operator::Mult, left, right),
        _ => return None,
    };
    let times = match times {
        Value::Float(_) => return None,
        times => times.number()?.max(0.0),
    };
    let len = repeated.total()? * times;
    if len.is_nan() {
        return None;
    }
    let weight = count(repeated.weight()) * times;
    if len > count(MAX_LEN) || weight > count(MAX_WEIGHT) || matches!(repeated, Value::Long(_)) {
        return Some(Value::Long(len));
    }
    // At most MAX_LEN, unless what is repeated is empty: then once is as good as any number.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let times = times.min(count(MAX_LEN)) as usize;
    Some(match repeated {
        Value::Str(text) => Value::Str(text.repeat(times)),
        Value::Bytes(bytes) => Value::Bytes(bytes.repeat(times)),
        Value::Seq(items) => Value::Seq(
            std::iter::repeat_n(items, times)
                .flatten()
                .cloned()
                .collect(),
        ),
        _ => return None,
    })
}

fn arithmetic(op: Operator, left: &Value, right: &Value) -> Option<Value> {
    if let (Some(l), Some(r)) = (left.int(), right.int()) {
        return integers(op, l, r);
    }
    let (l, r) = (left.number()?, right.number()?);
    let result = match op {
        Operator::Add => l + r,
        Operator::Sub => l - r,
        Operator::Mult => l * r,
        Operator::Div if r != 0.0 => l / r,
        Operator::FloorDiv if r != 0.0 => (l / r).floor(),
        Operator::Pow => l.powf(r),
        _ => return None,
    };
    Some(Value::Float(result))
}

fn integers(op: Operator, l: i128, r: i128) -> Option<Value> {
    let checked = match op {
        Operator::Add => l.checked_add(r),
        Operator::Sub => l.checked_sub(r),
        Operator::Mult => l.checked_mul(r),
        Operator::Pow => return power(&Value::Int(l), &Value::Int(r)),
        Operator::LShift => return shift_left(l, r),
        Operator::FloorDiv if r != 0 => {
            Some(l.div_euclid(r) - i128::from(r < 0 && l.rem_euclid(r) != 0))
        }
        Operator::Mod if r != 0 => {
            let remainder = l.rem_euclid(r);
            return Some(Value::Int(if r < 0 && remainder != 0 {
                remainder + r
            } else {
                remainder
            }));
        }
        Operator::Div if r != 0 => return Some(Value::Float(float(l) / float(r))),
        Operator::RShift => return Some(Value::Int(l >> r.clamp(0, 127))),
        Operator::BitAnd => Some(l & r),
        Operator::BitOr => Some(l | r),
        Operator::BitXor => Some(l ^ r),
        _ => return None,
    };
    // Past 128 bits only the size is kept.
    let digits = || float(l).abs().max(1.0).log10() + float(r).abs().max(1.0).log10();
    Some(checked.map_or_else(|| Value::Huge(digits()), Value::Int))
}

fn power(left: &Value, right: &Value) -> Option<Value> {
    if let (Some(base), Some(exponent)) = (left.int(), right.int()) {
        if exponent < 0 {
            return Some(Value::Float(float(base).powf(float(exponent))));
        }
        let small = u32::try_from(exponent)
            .ok()
            .and_then(|e| base.checked_pow(e));
        if let Some(power) = small {
            return Some(Value::Int(power));
        }
    }
    let digits = match left {
        Value::Huge(digits) => *digits,
        other => other.number()?.abs().log10(),
    };
    Some(Value::Huge(digits * right.number()?))
}

fn shift_left(l: i128, r: i128) -> Option<Value> {
    if r < 0 {
        return None;
    }
    let exact = u32::try_from(r)
        .ok()
        .filter(|bits| *bits < l.leading_zeros());
    Some(match exact {
        Some(bits) if l >= 0 => Value::Int(l << bits),
        _ => Value::Huge(float(l).abs().max(1.0).log10() + float(r) * 2f64.log10()),
    })
}

/// `value[index]`.
pub(super) fn index(value: &Value, index: i128) -> Option<Value> {
    let at = |len: usize| {
        let len = i128::try_from(len).ok()?;
        usize::try_from(if index < 0 { index + len } else { index }).ok()
    };
    match value {
        Value::Str(text) => {
            let c = text.chars().nth(at(text.chars().count())?)?;
            Some(Value::Str(c.into()))
        }
        Value::Bytes(bytes) => bytes.get(at(bytes.len())?).map(|b| Value::Int((*b).into())),
        Value::Seq(items) => items.get(at(items.len())?).cloned(),
        _ => None,
    }
}

/// `value[from:to:by]`.
pub(super) fn slice(
    value: &Value,
    from: Option<i128>,
    to: Option<i128>,
    by: Option<i128>,
) -> Option<Value> {
    let by = by.unwrap_or(1);
    if by == 0 {
        return None;
    }
    let items = value.elements()?;
    let len = i128::try_from(items.len()).ok()?;
    let (low, high) = if by > 0 { (0, len) } else { (-1, len - 1) };
    let place = |bound: Option<i128>, default: i128| {
        bound.map_or(default, |bound| {
            let bound = if bound < 0 {
                bound.saturating_add(len)
            } else {
                bound
            };
            bound.clamp(low, high)
        })
    };
    let (mut next, to) = if by > 0 {
        (place(from, low), place(to, high))
    } else {
        (place(from, high), place(to, low))
    };
    let mut picked = Vec::new();
    while if by > 0 { next < to } else { next > to } {
        picked.push(items.get(usize::try_from(next).ok()?)?.clone());
        next = next.saturating_add(by);
    }
    match value {
        Value::Str(_) => join("", &picked),
        Value::Bytes(_) => bytes(&picked),
        _ => Some(Value::Seq(picked)),
    }
}

/// `separator.join(items)`.
pub(super) fn join(separator: &str, items: &[Value]) -> Option<Value> {
    let texts = items
        .iter()
        .map(|item| match item {
            Value::Str(text) => Some(text.as_str()),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    let between = separator
        .len()
        .saturating_mul(texts.len().saturating_sub(1));
    let len = texts.iter().map(|text| text.len()).sum::<usize>() + between;
    Some(if len > MAX_WEIGHT {
        Value::Long(count(len))
    } else {
        Value::Str(texts.join(separator))
    })
}

/// `bytes(items)`.
pub(super) fn bytes(items: &[Value]) -> Option<Value> {
    items
        .iter()
        .map(|item| u8::try_from(item.int()?).ok())
        .collect::<Option<_>>()
        .map(Value::Bytes)
}

/// `str(value)`, of the simple values.
pub(super) fn display(value: &Value) -> Option<String> {
    Some(match value {
        Value::None => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(i) => i.to_string(),
        Value::Str(text) => text.clone(),
        _ => return None,
    })
}

/// `template % arguments`, for `%s`, `%d`, `%c` and `%%` without flags.
fn percent(template: &str, arguments: &Value) -> Option<Value> {
    let mut arguments = match arguments {
        Value::Seq(items) => items.clone(),
        single => vec![single.clone()],
    }
    .into_iter();
    let mut text = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match (chars.next()?, arguments.as_slice().first()) {
            ('%', _) => text.push('%'),
            ('s' | 'd', Some(_)) => text.push_str(&display(&arguments.next()?)?),
            ('c', Some(_)) => match arguments.next()? {
                Value::Str(c) => text.push_str(&c),
                code => text.push(character(code.int()?)?),
            },
            _ => return None,
        }
    }
    Some(Value::Str(text))
}

/// `chr(code)`.
pub(super) fn character(code: i128) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}
