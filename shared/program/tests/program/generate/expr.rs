//! Random expressions.

use tdev_program::{
    BinaryOp, Builtin, CompareOp, Comprehension, Expr, Item, Method, Name, Slice, Target, Type,
    UnaryOp,
};

use super::{ALL, Generator, negated};

impl Generator {
    /// An expression of type `ty`, at most `depth` levels deep.
    pub(crate) fn expr(&mut self, ty: Type, depth: usize) -> Expr {
        let ty = if self.source.chance(1) {
            self.source.pick(&ALL)
        } else {
            ty
        };
        if depth == 0 || self.source.chance(15) {
            let of_type = |(_, known): &&(Name, Type)| *known == ty;
            let all: Vec<_> = self.visible.iter().filter(of_type).cloned().collect();
            if !all.is_empty() && self.source.chance(75) {
                return Expr::Name(self.source.pick(&all).0);
            }
            return self.literal(ty);
        }
        let depth = depth - 1;
        match self.source.below(12) {
            0 => {
                let (test, then) = (self.expr(Type::Bool, depth), self.expr(ty, depth));
                return Expr::conditional(test, then, self.expr(ty, depth));
            }
            1 => {
                if let Some((params, returns)) = self.helper.clone()
                    && returns == ty
                {
                    let arguments = params.iter().map(|ty| self.expr(*ty, depth)).collect();
                    return Expr::Call(Name::new("g"), arguments);
                }
            }
            2 => {
                let operands = vec![self.expr(ty, depth), self.expr(ty, depth)];
                return if self.source.chance(50) {
                    Expr::And(operands)
                } else {
                    Expr::Or(operands)
                };
            }
            _ => {}
        }
        match ty {
            Type::Int => self.integer(depth),
            Type::Float => self.floating(depth),
            Type::Bool => self.boolean(depth),
            Type::Str => self.string(depth),
            Type::List(item) => self.list(item, depth),
            Type::Dict(_) => self.dict(depth),
            _ => self.literal(ty),
        }
    }

    fn integer(&mut self, depth: usize) -> Expr {
        let any = self.source.pick(&ALL[3..]);
        match self.source.below(11) {
            0..4 => {
                let op = self.source.pick(&[
                    BinaryOp::Add,
                    BinaryOp::Sub,
                    BinaryOp::Mul,
                    BinaryOp::FloorDiv,
                    BinaryOp::Mod,
                    BinaryOp::BitAnd,
                    BinaryOp::BitOr,
                    BinaryOp::BitXor,
                ]);
                Expr::binary(op, self.expr(Type::Int, depth), self.expr(Type::Int, depth))
            }
            4 => {
                let op = self
                    .source
                    .pick(&[BinaryOp::Pow, BinaryOp::Shl, BinaryOp::Shr]);
                let right = Expr::Int(i64::try_from(self.source.below(6)).unwrap());
                Expr::binary(op, self.expr(Type::Int, depth), right)
            }
            5 => Expr::Builtin(Builtin::Len, vec![self.expr(any, depth)]),
            6 => {
                let builtin = self
                    .source
                    .pick(&[Builtin::Sum, Builtin::Max, Builtin::Min]);
                Expr::Builtin(builtin, vec![self.expr(Type::List(Item::Int), depth)])
            }
            7 => {
                let builtin = self.source.pick(&[
                    Builtin::Int,
                    Builtin::Round,
                    Builtin::MathFloor,
                    Builtin::Ceil,
                ]);
                Expr::Builtin(builtin, vec![self.expr(Type::Float, depth)])
            }
            8 => {
                let (list, index) = (
                    self.expr(Type::List(Item::Int), depth),
                    self.expr(Type::Int, depth),
                );
                Expr::Index(Box::new([list, index]))
            }
            9 => {
                let method = self
                    .source
                    .pick(&[Method::Count, Method::Find, Method::Index]);
                Expr::Method(
                    method,
                    vec![self.expr(Type::Str, depth), self.expr(Type::Str, depth)],
                )
            }
            _ => {
                let op = self
                    .source
                    .pick(&[UnaryOp::Neg, UnaryOp::Pos, UnaryOp::Invert]);
                negated(op, self.expr(Type::Int, depth))
            }
        }
    }

    fn floating(&mut self, depth: usize) -> Expr {
        let number = self
            .source
            .pick(&[Type::Int, Type::Float, Type::Float, Type::Bool]);
        match self.source.below(9) {
            0..4 => {
                let op = self.source.pick(&[
                    BinaryOp::Add,
                    BinaryOp::Sub,
                    BinaryOp::Mul,
                    BinaryOp::Div,
                    BinaryOp::FloorDiv,
                    BinaryOp::Mod,
                ]);
                Expr::binary(op, self.expr(Type::Float, depth), self.expr(number, depth))
            }
            4 => Expr::binary(
                BinaryOp::Div,
                self.expr(Type::Int, depth),
                self.expr(number, depth),
            ),
            5 => Expr::Builtin(Builtin::Sqrt, vec![self.expr(number, depth)]),
            6 => {
                let digits = Expr::Int(i64::try_from(self.source.below(9)).unwrap() - 4);
                Expr::Builtin(Builtin::Round, vec![self.expr(Type::Float, depth), digits])
            }
            7 => {
                let builtin = self.source.pick(&[Builtin::Max, Builtin::Min]);
                Expr::Builtin(
                    builtin,
                    vec![self.expr(Type::Float, depth), self.expr(number, depth)],
                )
            }
            _ => {
                let builtin = self.source.pick(&[Builtin::Abs, Builtin::Float]);
                Expr::Builtin(builtin, vec![self.expr(Type::Float, depth)])
            }
        }
    }

    fn boolean(&mut self, depth: usize) -> Expr {
        let ty = self.source.pick(&ALL);
        match self.source.below(8) {
            0..4 => {
                let op = self.source.pick(&[
                    CompareOp::Eq,
                    CompareOp::Ne,
                    CompareOp::Lt,
                    CompareOp::Le,
                    CompareOp::Gt,
                    CompareOp::Ge,
                ]);
                let ty = match (op, ty) {
                    (CompareOp::Eq | CompareOp::Ne, _) => ty,
                    (_, Type::Dict(_)) => Type::Float,
                    (_, ty) => ty,
                };
                let mut rest = vec![(op, self.expr(ty, depth))];
                if self.source.chance(20) {
                    rest.push((CompareOp::Ne, self.expr(ty, depth)));
                }
                Expr::Compare(Box::new(self.expr(ty, depth)), rest)
            }
            4 => {
                let op = self.source.pick(&[CompareOp::In, CompareOp::NotIn]);
                let (item, list) = self.source.pick(&[
                    (Type::Str, Type::Str),
                    (Type::Int, Type::List(Item::Int)),
                    (Type::Str, Type::Dict(Item::Int)),
                ]);
                Expr::compare(op, self.expr(item, depth), self.expr(list, depth))
            }
            5 => negated(UnaryOp::Not, self.expr(ty, depth)),
            6 => {
                let method = self.source.pick(&[
                    Method::IsDigit,
                    Method::IsAlpha,
                    Method::IsUpper,
                    Method::IsSpace,
                ]);
                Expr::Method(method, vec![self.expr(Type::Str, depth)])
            }
            _ => Expr::Builtin(
                self.source.pick(&[Builtin::Any, Builtin::All]),
                vec![self.expr(Type::List(Item::Int), depth)],
            ),
        }
    }

    fn bounds(&mut self, value: Expr, depth: usize) -> Expr {
        let mut bound = |percent| {
            let is_there = self.source.chance(percent);
            is_there.then(|| self.expr(Type::Int, depth.min(1)))
        };
        let (lower, upper, step) = (bound(60), bound(60), bound(25));
        Expr::Slice(Box::new(Slice {
            value,
            lower,
            upper,
            step,
        }))
    }

    fn string(&mut self, depth: usize) -> Expr {
        let text = self.expr(Type::Str, depth);
        match self.source.below(8) {
            0 | 1 => Expr::binary(BinaryOp::Add, text, self.expr(Type::Str, depth)),
            2 => {
                let ty = self.source.pick(&ALL);
                Expr::Builtin(Builtin::Str, vec![self.expr(ty, depth)])
            }
            3 => {
                let method = self.source.pick(&[
                    Method::Lower,
                    Method::Upper,
                    Method::Strip,
                    Method::LStrip,
                    Method::RStrip,
                ]);
                Expr::Method(method, vec![text])
            }
            4 => {
                let (old, new) = (self.expr(Type::Str, depth), self.expr(Type::Str, depth));
                Expr::Method(Method::Replace, vec![text, old, new])
            }
            5 => Expr::Method(
                Method::Join,
                vec![text, self.expr(Type::List(Item::Str), depth)],
            ),
            6 => Expr::Index(Box::new([text, self.expr(Type::Int, depth)])),
            _ => self.bounds(text, depth),
        }
    }

    fn list(&mut self, item: Item, depth: usize) -> Expr {
        let ty = Type::List(item);
        match self.source.below(8) {
            0 => {
                let len = self.source.below(4);
                Expr::List((0..len).map(|_| self.expr(item.into(), depth)).collect())
            }
            1 => Expr::binary(BinaryOp::Add, self.expr(ty, depth), self.expr(ty, depth)),
            2 => {
                let times = Expr::Int(i64::try_from(self.source.below(4)).unwrap());
                Expr::binary(BinaryOp::Mul, self.expr(ty, depth), times)
            }
            3 => {
                let builtin =
                    self.source
                        .pick(&[Builtin::Sorted, Builtin::SortedReverse, Builtin::List]);
                Expr::Builtin(builtin, vec![self.expr(ty, depth)])
            }
            4 => {
                let value = self.expr(ty, depth);
                self.bounds(value, depth)
            }
            5 if item == Item::Str => {
                Expr::Method(Method::Split, vec![self.expr(Type::Str, depth)])
            }
            _ => {
                let (names, iterable) = self.iteration(depth.min(2));
                let visible = self.visible.len();
                self.see(&names);
                let element = self.expr(item.into(), depth);
                let conditions = if self.source.chance(40) {
                    vec![self.expr(Type::Bool, depth.min(2))]
                } else {
                    vec![]
                };
                self.visible.truncate(visible);
                let mut targets: Vec<_> = names
                    .into_iter()
                    .map(|(name, _)| Target::Name(name))
                    .collect();
                let target = match targets.len() {
                    1 => targets.remove(0),
                    _ => Target::Tuple(targets),
                };
                Expr::Comprehension(Box::new(Comprehension {
                    element,
                    target,
                    iterable,
                    conditions,
                }))
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Expr {
        let len = self.source.below(4);
        let pair = |this: &mut Self| [this.expr(Type::Str, depth), this.expr(Type::Int, depth)];
        let pairs = (0..len).map(|_| pair(self)).collect();
        match self.source.below(3) {
            0 => Expr::Method(Method::Copy, vec![self.expr(Type::Dict(Item::Int), depth)]),
            _ => Expr::Dict(pairs),
        }
    }
}
