//! Expressions.

use ruff_python_ast::{self as py};
use ruff_text_size::{Ranged, TextRange};

use super::{Reader, Result};
use crate::ast::{
    BinaryOp, Builtin, CompareOp, Comprehension, Constant, Expr, Method, Slice, UnaryOp,
};

impl Reader<'_> {
    pub(super) fn expr(&self, expr: &py::Expr, depth: usize) -> Result<Expr> {
        self.check_depth(expr.range(), depth)?;
        let below = depth + 1;
        Ok(match expr {
            py::Expr::NoneLiteral(_) => Expr::None,
            py::Expr::BooleanLiteral(literal) => Expr::Bool(literal.value),
            py::Expr::NumberLiteral(literal) => self.number(literal, false)?,
            py::Expr::StringLiteral(literal) => Expr::Str(literal.value.to_str().to_owned()),
            py::Expr::FString(string) => self.format(string, depth)?,
            py::Expr::Name(name) => Expr::Name(name.id().clone()),
            py::Expr::Attribute(attribute) => self.attribute(attribute)?,
            py::Expr::List(list) => Expr::List(self.exprs(&list.elts, below)?),
            py::Expr::Tuple(tuple) => Expr::Tuple(self.exprs(&tuple.elts, below)?),
            py::Expr::Dict(dict) => Expr::Dict(self.dict(dict, below)?),
            py::Expr::UnaryOp(unary) => self.unary(unary, below)?,
            py::Expr::BinOp(binary) => {
                let op = self.operator(binary.range, binary.op)?;
                let left = self.expr(&binary.left, below)?;
                Expr::binary(op, left, self.expr(&binary.right, below)?)
            }
            py::Expr::BoolOp(bool_op) => {
                let operands = self.exprs(&bool_op.values, below)?;
                match bool_op.op {
                    py::BoolOp::And => Expr::And(operands),
                    py::BoolOp::Or => Expr::Or(operands),
                }
            }
            py::Expr::Compare(compare) => self.compare(compare, below)?,
            py::Expr::If(conditional) => Expr::conditional(
                self.expr(&conditional.test, below)?,
                self.expr(&conditional.body, below)?,
                self.expr(&conditional.orelse, below)?,
            ),
            py::Expr::Subscript(subscript) => self.subscript(subscript, below)?,
            py::Expr::ListComp(all) => {
                self.comprehension(all.range, &all.elt, &all.generators, below)?
            }
            py::Expr::Call(call) => self.call(call, below)?,
            other => return Err(self.outside(other.range(), construct(other))),
        })
    }

    fn exprs(&self, exprs: &[py::Expr], depth: usize) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr, depth)).collect()
    }

    fn number(&self, literal: &py::ExprNumberLiteral, negative: bool) -> Result<Expr> {
        match &literal.value {
            py::Number::Int(value) => {
                let magnitude = value.as_u64().map(i128::from);
                let value = magnitude.map(|m| if negative { -m } else { m });
                value
                    .and_then(|value| i64::try_from(value).ok())
                    .map(Expr::Int)
                    .ok_or_else(|| self.outside(literal.range, "an integer of more than 64 bits"))
            }
            py::Number::Float(value) => Ok(Expr::Float(if negative { -value } else { *value })),
            py::Number::Complex { .. } => Err(self.outside(literal.range, "a complex number")),
        }
    }

    fn unary(&self, unary: &py::ExprUnaryOp, depth: usize) -> Result<Expr> {
        let op = match unary.op {
            py::UnaryOp::USub => UnaryOp::Neg,
            py::UnaryOp::UAdd => UnaryOp::Pos,
            py::UnaryOp::Invert => UnaryOp::Invert,
            py::UnaryOp::Not => UnaryOp::Not,
        };
        if let (UnaryOp::Neg, py::Expr::NumberLiteral(literal)) = (op, &*unary.operand) {
            return self.number(literal, true);
        }
        Ok(Expr::Unary(op, Box::new(self.expr(&unary.operand, depth)?)))
    }

    pub(super) fn operator(&self, range: TextRange, op: py::Operator) -> Result<BinaryOp> {
        Ok(match op {
            py::Operator::Add => BinaryOp::Add,
            py::Operator::Sub => BinaryOp::Sub,
            py::Operator::Mult => BinaryOp::Mul,
            py::Operator::Div => BinaryOp::Div,
            py::Operator::FloorDiv => BinaryOp::FloorDiv,
            py::Operator::Mod => BinaryOp::Mod,
            py::Operator::Pow => BinaryOp::Pow,
            py::Operator::LShift => BinaryOp::Shl,
            py::Operator::RShift => BinaryOp::Shr,
            py::Operator::BitAnd => BinaryOp::BitAnd,
            py::Operator::BitOr => BinaryOp::BitOr,
            py::Operator::BitXor => BinaryOp::BitXor,
            py::Operator::MatMult => return Err(self.outside(range, "`@`")),
        })
    }

    fn compare(&self, compare: &py::ExprCompare, depth: usize) -> Result<Expr> {
        let first = self.expr(&compare.left, depth)?;
        let pairs = compare.ops.iter().zip(&compare.comparators);
        let rest: Vec<_> = pairs
            .map(|(op, operand)| {
                let op = match op {
                    py::CmpOp::Eq => CompareOp::Eq,
                    py::CmpOp::NotEq => CompareOp::Ne,
                    py::CmpOp::Lt => CompareOp::Lt,
                    py::CmpOp::LtE => CompareOp::Le,
                    py::CmpOp::Gt => CompareOp::Gt,
                    py::CmpOp::GtE => CompareOp::Ge,
                    py::CmpOp::Is => CompareOp::Is,
                    py::CmpOp::IsNot => CompareOp::IsNot,
                    py::CmpOp::In => CompareOp::In,
                    py::CmpOp::NotIn => CompareOp::NotIn,
                };
                Ok((op, self.expr(operand, depth)?))
            })
            .collect::<Result<_>>()?;
        Ok(Expr::Compare(Box::new(first), rest))
    }

    fn dict(&self, dict: &py::ExprDict, depth: usize) -> Result<Vec<[Expr; 2]>> {
        let pair = |item: &py::DictItem| match &item.key {
            Some(key) => Ok([self.expr(key, depth)?, self.expr(&item.value, depth)?]),
            None => Err(self.outside(dict.range, "`**` in a dict")),
        };
        dict.items.iter().map(pair).collect()
    }

    fn subscript(&self, subscript: &py::ExprSubscript, depth: usize) -> Result<Expr> {
        let value = self.expr(&subscript.value, depth)?;
        let py::Expr::Slice(slice) = &*subscript.slice else {
            let index = self.expr(&subscript.slice, depth)?;
            return Ok(Expr::Index(Box::new([value, index])));
        };
        let bound = |bound: &Option<Box<py::Expr>>| {
            let bound = bound.as_deref();
            bound.map(|expr| self.expr(expr, depth)).transpose()
        };
        Ok(Expr::Slice(Box::new(Slice {
            value,
            lower: bound(&slice.lower)?,
            upper: bound(&slice.upper)?,
            step: bound(&slice.step)?,
        })))
    }

    fn comprehension(
        &self,
        range: TextRange,
        element: &py::Expr,
        generators: &[py::Comprehension],
        depth: usize,
    ) -> Result<Expr> {
        let [generator] = generators else {
            return Err(self.outside(range, "a comprehension with several `for`"));
        };
        if generator.is_async {
            return Err(self.outside(range, "an async comprehension"));
        }
        Ok(Expr::Comprehension(Box::new(Comprehension {
            element: self.expr(element, depth)?,
            target: self.target(&generator.target, depth)?,
            iterable: self.expr(&generator.iter, depth)?,
            conditions: self.exprs(&generator.ifs, depth)?,
        })))
    }

    /// `f"a{b}"` as `"a" + str(b)`, which means the same and which every Python prints.
    fn format(&self, string: &py::ExprFString, depth: usize) -> Result<Expr> {
        let mut pieces: Vec<Expr> = Vec::new();
        let text = |pieces: &mut Vec<Expr>, more: &str| match pieces.last_mut() {
            Some(Expr::Str(text)) => text.push_str(more),
            _ => pieces.push(Expr::Str(more.to_owned())),
        };
        // The value of the last piece stands below a sum and a call.
        let depth = depth + 2;
        for part in &string.value {
            let elements = match part {
                py::FStringPart::Literal(literal) => {
                    text(&mut pieces, &literal.value);
                    continue;
                }
                py::FStringPart::FString(inner) => &inner.elements,
            };
            for element in elements {
                match element {
                    py::InterpolatedStringElement::Literal(literal) => {
                        text(&mut pieces, &literal.value);
                    }
                    py::InterpolatedStringElement::Interpolation(value) => {
                        let plain = value.conversion == py::ConversionFlag::None
                            && value.format_spec.is_none()
                            && value.debug_text.is_none();
                        if !plain {
                            return Err(self.outside(value.range, "a format in an f-string"));
                        }
                        let value = self.expr(&value.expression, depth)?;
                        pieces.push(Expr::Builtin(Builtin::Str, vec![value]));
                    }
                }
            }
        }
        let mut sum: Option<Expr> = None;
        for (levels, piece) in (depth..).zip(pieces) {
            self.check_depth(string.range, levels)?;
            sum = Some(match sum {
                Some(sum) => Expr::binary(BinaryOp::Add, sum, piece),
                None => piece,
            });
        }
        Ok(sum.unwrap_or_else(|| Expr::Str(String::new())))
    }

    fn attribute(&self, attribute: &py::ExprAttribute) -> Result<Expr> {
        let constant = match &*attribute.value {
            py::Expr::Name(name) if name.id() == "math" => {
                Constant::from_name(&format!("math.{}", attribute.attr))
            }
            _ => None,
        };
        constant.map(Expr::Constant).ok_or_else(|| {
            let construct = format!("the attribute `{}`", attribute.attr);
            self.outside(attribute.range, construct)
        })
    }

    fn call(&self, call: &py::ExprCall, depth: usize) -> Result<Expr> {
        let range = call.range();
        match &*call.func {
            py::Expr::Name(name) => match Builtin::from_name(name.id()) {
                Some(builtin) => self.builtin(builtin, call, depth),
                None => Ok(Expr::Call(
                    name.id().clone(),
                    self.arguments(call, false, depth)?,
                )),
            },
            py::Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                if let py::Expr::Name(module) = &*attribute.value
                    && module.id() == "math"
                {
                    let builtin = Builtin::from_name(&format!("math.{name}"))
                        .ok_or_else(|| self.outside(range, format!("`math.{name}`")))?;
                    return self.builtin(builtin, call, depth);
                }
                let method = Method::from_name(name)
                    .ok_or_else(|| self.outside(range, format!("the method `{name}`")))?;
                let mut arguments = vec![self.expr(&attribute.value, depth)?];
                arguments.extend(self.arguments(call, method == Method::Join, depth)?);
                let (least, most) = method.arity();
                self.check_arity(range, name, arguments.len() - 1, least, most)?;
                Ok(Expr::Method(method, arguments))
            }
            other => Err(self.outside(other.range(), "a call of a value")),
        }
    }

    fn builtin(&self, builtin: Builtin, call: &py::ExprCall, depth: usize) -> Result<Expr> {
        let name = builtin.as_str();
        let mut builtin = builtin;
        let keywords = &call.arguments.keywords;
        if let (Builtin::Sorted, [keyword]) = (builtin, &keywords[..]) {
            let is_reverse = keyword.arg.as_ref().is_some_and(|arg| arg.id == "reverse");
            match (&keyword.value, is_reverse) {
                (py::Expr::BooleanLiteral(literal), true) if literal.value => {
                    builtin = Builtin::SortedReverse;
                }
                _ => {
                    return Err(self.outside(call.range(), "a keyword but `reverse=True`"));
                }
            }
        } else if !keywords.is_empty() {
            return Err(self.outside(call.range(), "a keyword argument"));
        }
        let takes_generator = matches!(
            builtin,
            Builtin::Sum
                | Builtin::Min
                | Builtin::Max
                | Builtin::Sorted
                | Builtin::SortedReverse
                | Builtin::List
                | Builtin::Tuple
        );
        let arguments = self.positional(call, takes_generator, depth)?;
        let (least, most) = builtin.arity();
        self.check_arity(call.range(), name, arguments.len(), least, most)?;
        Ok(Expr::Builtin(builtin, arguments))
    }

    fn check_arity(
        &self,
        range: TextRange,
        name: &str,
        given: usize,
        least: usize,
        most: usize,
    ) -> Result<()> {
        if (least..=most).contains(&given) {
            return Ok(());
        }
        Err(self.outside(range, format!("`{name}` with {given} arguments")))
    }

    fn arguments(&self, call: &py::ExprCall, generator: bool, depth: usize) -> Result<Vec<Expr>> {
        if call.arguments.keywords.is_empty() {
            return self.positional(call, generator, depth);
        }
        Err(self.outside(call.range(), "a keyword argument"))
    }

    /// The positional arguments; a generator, where it is consumed at once, as a list.
    fn positional(&self, call: &py::ExprCall, generator: bool, depth: usize) -> Result<Vec<Expr>> {
        if let ([py::Expr::Generator(all)], true) = (&call.arguments.args[..], generator) {
            let list = self.comprehension(all.range, &all.elt, &all.generators, depth + 1)?;
            return Ok(vec![list]);
        }
        self.exprs(&call.arguments.args, depth)
    }
}

/// What people call the expression.
fn construct(expr: &py::Expr) -> &'static str {
    match expr {
        py::Expr::Named(_) => "`:=`",
        py::Expr::Lambda(_) => "`lambda`",
        py::Expr::Set(_) | py::Expr::SetComp(_) => "a set",
        py::Expr::DictComp(_) => "a dict comprehension",
        py::Expr::Generator(_) => "a generator; a list can stand here,",
        py::Expr::Await(_) | py::Expr::Yield(_) | py::Expr::YieldFrom(_) => "`await` or `yield`",
        py::Expr::TString(_) => "a t-string",
        py::Expr::BytesLiteral(_) => "a bytes literal",
        py::Expr::EllipsisLiteral(_) => "`...`",
        py::Expr::Starred(_) => "`*`",
        py::Expr::Slice(_) => "a slice in a tuple",
        _ => "such an expression",
    }
}
