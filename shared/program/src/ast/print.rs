//! The tree as Python.

use std::fmt::{self, Display, Formatter, Write};

use super::{
    Arm, BinaryOp, Builtin, Expr, Function, Module, Param, Stmt, Target, TopLevel, Type, UnaryOp,
};

/// How tightly an expression binds, as Python's grammar has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Lowest,
    /// What may follow `in` of a comprehension.
    Or,
    And,
    Not,
    Comparison,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Product,
    Unary,
    Power,
    Primary,
}

impl BinaryOp {
    fn binding(self) -> Binding {
        match self {
            Self::Add | Self::Sub => Binding::Sum,
            Self::Mul | Self::Div | Self::FloorDiv | Self::Mod => Binding::Product,
            Self::Pow => Binding::Power,
            Self::Shl | Self::Shr => Binding::Shift,
            Self::BitAnd => Binding::BitAnd,
            Self::BitOr => Binding::BitOr,
            Self::BitXor => Binding::BitXor,
        }
    }
}

impl Expr {
    fn binding(&self) -> Binding {
        match self {
            Self::If(_) => Binding::Lowest,
            Self::Or(_) => Binding::Or,
            Self::And(_) => Binding::And,
            Self::Unary(UnaryOp::Not, _) => Binding::Not,
            Self::Compare(..) => Binding::Comparison,
            Self::Binary(op, _) => op.binding(),
            Self::Unary(..) => Binding::Unary,
            Self::Int(value) if *value < 0 => Binding::Unary,
            Self::Float(value) if value.is_sign_negative() => Binding::Unary,
            // `1.real` is no attribute of 1.
            Self::Int(_) => Binding::Power,
            _ => Binding::Primary,
        }
    }

    /// Prints it, in parentheses if it binds less tightly than `least`.
    fn print(&self, f: &mut Formatter<'_>, least: Binding) -> fmt::Result {
        if self.binding() >= least {
            return self.print_bare(f);
        }
        f.write_char('(')?;
        self.print_bare(f)?;
        f.write_char(')')
    }

    fn print_bare(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => print_float(f, *value),
            Self::Str(text) => print_str(f, text),
            Self::Name(name) => f.write_str(name),
            Self::Constant(constant) => f.write_str(constant.as_str()),
            Self::List(items) => bracketed(f, "[", items, "]"),
            Self::Tuple(items) if items.len() == 1 => bracketed(f, "(", items, ",)"),
            Self::Tuple(items) => bracketed(f, "(", items, ")"),
            Self::Dict(items) => {
                f.write_char('{')?;
                separated(f, items, |f, [key, value]| {
                    key.print(f, Binding::Lowest)?;
                    f.write_str(": ")?;
                    value.print(f, Binding::Lowest)
                })?;
                f.write_char('}')
            }
            Self::Unary(op, operand) => {
                f.write_str(op.prefix())?;
                operand.print(f, self.binding())
            }
            Self::Binary(op, pair) => print_binary(f, *op, pair),
            Self::Compare(first, rest) => {
                first.print(f, Binding::BitOr)?;
                rest.iter().try_for_each(|(op, operand)| {
                    write!(f, " {} ", op.as_str())?;
                    operand.print(f, Binding::BitOr)
                })
            }
            Self::And(operands) => joined(f, operands, " and ", Binding::Not),
            Self::Or(operands) => joined(f, operands, " or ", Binding::And),
            Self::If(three) => {
                let [test, then, otherwise] = &**three;
                then.print(f, Binding::Or)?;
                f.write_str(" if ")?;
                test.print(f, Binding::Or)?;
                f.write_str(" else ")?;
                otherwise.print(f, Binding::Lowest)
            }
            Self::Index(pair) => print_index(f, pair),
            Self::Slice(slice) => {
                slice.value.print(f, Binding::Primary)?;
                f.write_char('[')?;
                print_optional(f, "", slice.lower.as_ref())?;
                print_optional(f, ":", slice.upper.as_ref())?;
                if slice.upper.is_none() {
                    f.write_char(':')?;
                }
                print_optional(f, ":", slice.step.as_ref())?;
                f.write_char(']')
            }
            Self::Comprehension(all) => {
                f.write_char('[')?;
                all.element.print(f, Binding::Lowest)?;
                write!(f, " for {} in ", all.target)?;
                all.iterable.print(f, Binding::Or)?;
                for condition in &all.conditions {
                    f.write_str(" if ")?;
                    condition.print(f, Binding::Or)?;
                }
                f.write_char(']')
            }
            Self::Call(name, arguments) => {
                f.write_str(name)?;
                bracketed(f, "(", arguments, ")")
            }
            Self::Builtin(Builtin::SortedReverse, arguments) => {
                f.write_str("sorted")?;
                bracketed(f, "(", arguments, ", reverse=True)")
            }
            Self::Builtin(builtin, arguments) => {
                f.write_str(builtin.as_str())?;
                bracketed(f, "(", arguments, ")")
            }
            Self::Method(method, arguments) => {
                let Some((receiver, arguments)) = arguments.split_first() else {
                    return Ok(());
                };
                receiver.print(f, Binding::Primary)?;
                write!(f, ".{}", method.as_str())?;
                bracketed(f, "(", arguments, ")")
            }
        }
    }
}

fn separated<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    mut print: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        print(f, item)?;
    }
    Ok(())
}

fn bracketed(f: &mut Formatter<'_>, open: &str, items: &[Expr], close: &str) -> fmt::Result {
    f.write_str(open)?;
    separated(f, items, |f, item| item.print(f, Binding::Lowest))?;
    f.write_str(close)
}

fn joined(f: &mut Formatter<'_>, operands: &[Expr], by: &str, least: Binding) -> fmt::Result {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            f.write_str(by)?;
        }
        operand.print(f, least)?;
    }
    Ok(())
}

fn print_optional(f: &mut Formatter<'_>, before: &str, expr: Option<&Expr>) -> fmt::Result {
    let Some(expr) = expr else { return Ok(()) };
    f.write_str(before)?;
    expr.print(f, Binding::Lowest)
}

fn print_index(f: &mut Formatter<'_>, [value, index]: &[Expr; 2]) -> fmt::Result {
    value.print(f, Binding::Primary)?;
    write!(f, "[{index}]")
}

fn print_binary(f: &mut Formatter<'_>, op: BinaryOp, [left, right]: &[Expr; 2]) -> fmt::Result {
    let own = op.binding();
    let (before, after) = match own {
        // `**` groups to the right and binds tighter than a sign before it, not after it.
        Binding::Power => (Binding::Primary, Binding::Unary),
        Binding::Product => (own, Binding::Unary),
        Binding::Sum => (own, Binding::Product),
        Binding::Shift => (own, Binding::Sum),
        Binding::BitAnd => (own, Binding::Shift),
        Binding::BitXor => (own, Binding::BitAnd),
        _ => (own, Binding::BitXor),
    };
    // An integer needs parentheses before a dot alone.
    let before = match left {
        Expr::Int(value) if *value >= 0 => Binding::Power,
        _ => before,
    };
    left.print(f, before)?;
    write!(f, " {} ", op.as_str())?;
    right.print(f, after)
}

/// The shortest text that is read back as the same float.
fn print_float(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    if value.is_nan() {
        f.write_str("(1e999 - 1e999)")
    } else if value.is_infinite() {
        f.write_str(if value > 0.0 { "1e999" } else { "-1e999" })
    } else {
        write!(f, "{value:?}")
    }
}

/// The inside of a string literal in double quotes.
fn print_escaped(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
            // A byte-order mark or a separator of lines would not survive everywhere.
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                write!(f, "\\u{:04x}", u32::from(c))?;
            }
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

fn print_str(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    print_escaped(f, text)?;
    f.write_char('"')
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.print(f, Binding::Lowest)
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(pair) => print_index(f, pair),
            Self::Tuple(targets) => {
                separated(f, targets, |f, target| match target {
                    Self::Tuple(_) => write!(f, "({target})"),
                    _ => write!(f, "{target}"),
                })?;
                f.write_str(if targets.len() == 1 { "," } else { "" })
            }
        }
    }
}

fn print_body(f: &mut Formatter<'_>, body: &[Stmt], indent: usize) -> fmt::Result {
    if body.is_empty() {
        return writeln!(f, "{:indent$}pass", "");
    }
    body.iter().try_for_each(|stmt| stmt.print(f, indent))
}

impl Stmt {
    fn print(&self, f: &mut Formatter<'_>, indent: usize) -> fmt::Result {
        write!(f, "{:indent$}", "")?;
        let inner = indent + 4;
        match self {
            Self::Assign(target, value) => writeln!(f, "{target} = {value}"),
            Self::Augment(target, op, value) => writeln!(f, "{target} {}= {value}", op.as_str()),
            Self::Expr(value) => writeln!(f, "{value}"),
            Self::If(arms, otherwise) => {
                for (index, Arm { test, body }) in arms.iter().enumerate() {
                    if index > 0 {
                        write!(f, "{:indent$}el", "")?;
                    }
                    writeln!(f, "if {test}:")?;
                    print_body(f, body, inner)?;
                }
                if otherwise.is_empty() {
                    return Ok(());
                }
                writeln!(f, "{:indent$}else:", "")?;
                print_body(f, otherwise, inner)
            }
            Self::While(test, body) => {
                writeln!(f, "while {test}:")?;
                print_body(f, body, inner)
            }
            Self::For(target, iterable, body) => {
                writeln!(f, "for {target} in {iterable}:")?;
                print_body(f, body, inner)
            }
            Self::Return(None) => writeln!(f, "return"),
            Self::Return(Some(value)) => writeln!(f, "return {value}"),
            Self::Raise(exception, message) => match message {
                Some(message) => writeln!(f, "raise {}({message})", exception.as_str()),
                None => writeln!(f, "raise {}", exception.as_str()),
            },
            Self::Break => writeln!(f, "break"),
            Self::Continue => writeln!(f, "continue"),
            Self::Pass => writeln!(f, "pass"),
        }
    }
}

impl Display for Stmt {
    /// Ends with a line break.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.print(f, 0)
    }
}

impl Display for Function {
    /// Ends with a line break.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "def {}(", self.name)?;
        separated(f, &self.params, |f, Param { name, ty }| {
            f.write_str(name)?;
            if *ty == Type::Any {
                return Ok(());
            }
            write!(f, ": {ty}")
        })?;
        f.write_char(')')?;
        if self.returns != Type::Any {
            write!(f, " -> {}", self.returns)?;
        }
        f.write_str(":\n")?;
        print_body(f, &self.body, 4)
    }
}

impl Display for Module {
    /// Ends with a line break; two blank lines around functions, one between other things.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut previous: Option<&TopLevel> = None;
        for item in &self.items {
            match (previous, item) {
                (None, _) | (Some(TopLevel::Constant(..)), TopLevel::Constant(..)) => {}
                (Some(TopLevel::Function(_)), _) | (_, TopLevel::Function(_)) => {
                    f.write_str("\n\n")?;
                }
                _ => f.write_char('\n')?,
            }
            match item {
                TopLevel::Text(text) => {
                    print_str(f, text)?;
                    f.write_char('\n')?;
                }
                TopLevel::ImportMath => f.write_str("import math\n")?,
                TopLevel::Constant(name, value) => writeln!(f, "{name} = {value}")?,
                TopLevel::Function(function) => write!(f, "{function}")?,
            }
            previous = Some(item);
        }
        Ok(())
    }
}
