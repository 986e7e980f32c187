//! Random programs that are well typed for the most part, and inputs for them.

use tdev_program::{
    Arm, BinaryOp, Builtin, CompareOp, Comprehension, Expr, Function, Item, Method, Module, Name,
    Param, Slice, Stmt, Target, TopLevel, Type, UnaryOp, Value,
};

/// A stream of numbers that a seed determines.
pub(crate) struct Source(u64);

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub(crate) fn int(&mut self) -> i64 {
        let near = self.next().cast_signed();
        match self.below(20) {
            0 => near,
            1 => near % 1_000_000_007,
            2 => self.pick(&[i64::MAX, i64::MIN, 1 << 53, -(1 << 53) - 1, 1 << 31]),
            _ => near % 12,
        }
    }

    pub(crate) fn float(&mut self) -> f64 {
        match self.below(20) {
            0 => self.pick(&[0.0, -0.0, 1e300, 1e-300, -1e16, 5e-324]),
            1 => {
                let value = f64::from_bits(self.next());
                if value.is_finite() { value } else { 2.5 }
            }
            2..9 => f64::from(i32::try_from(self.below(41)).unwrap() - 20) / 4.0,
            _ => f64::from(i32::try_from(self.below(200_001)).unwrap() - 100_000) / 1000.0,
        }
    }

    pub(crate) fn text(&mut self) -> String {
        let len = self.below(6);
        (0..len)
            .map(|_| self.pick(&['a', 'b', 'A', ' ', '1', '0', 'é', '-', '\'', '\n']))
            .collect()
    }
}

const SCALARS: [Type; 4] = [Type::Int, Type::Float, Type::Bool, Type::Str];
const ALL: [Type; 8] = [
    Type::Int,
    Type::Float,
    Type::Bool,
    Type::Str,
    Type::List(Item::Int),
    Type::List(Item::Str),
    Type::List(Item::Float),
    Type::Dict(Item::Int),
];

/// Writes a function `f` and a helper `g`.
pub(crate) struct Generator {
    pub(crate) source: Source,
    visible: Vec<(Name, Type)>,
    variables: usize,
    helper: Option<(Vec<Type>, Type)>,
    in_loop: bool,
}

pub(crate) fn value(source: &mut Source, ty: Type) -> Value {
    let len = source.below(5);
    match ty {
        Type::Int => Value::Int(source.int()),
        Type::Float => Value::Float(source.float()),
        Type::Bool => Value::Bool(source.chance(50)),
        Type::Str => Value::Str(source.text()),
        Type::List(item) => Value::List((0..len).map(|_| value(source, item.into())).collect()),
        Type::Dict(item) => {
            let mut pairs: Vec<(Value, Value)> = Vec::new();
            for _ in 0..len {
                let key = Value::Str(source.text());
                if !pairs.iter().any(|(known, _)| *known == key) {
                    pairs.push((key, value(source, item.into())));
                }
            }
            Value::Dict(pairs)
        }
        _ => Value::None,
    }
}

/// A module with a function `f`, and the types of its parameters.
pub(crate) fn program(seed: u64) -> (Module, Vec<Type>) {
    let mut this = Generator::new(seed);
    let mut items = vec![TopLevel::ImportMath];
    let constant = Name::new("LIMIT");
    let ty = this.source.pick(&ALL);
    items.push(TopLevel::Constant(constant.clone(), this.literal(ty)));
    let params: Vec<Type> = (0..this.source.below(3))
        .map(|_| this.source.pick(&SCALARS))
        .collect();
    let returns = this.source.pick(&ALL);
    this.visible = vec![(constant.clone(), ty)];
    items.push(TopLevel::Function(this.function("g", &params, returns, 2)));
    this.helper = Some((params, returns));
    let params: Vec<Type> = (0..=this.source.below(3))
        .map(|_| this.source.pick(&ALL))
        .collect();
    this.visible = vec![(constant, ty)];
    let returns = this.source.pick(&ALL);
    items.push(TopLevel::Function(this.function("f", &params, returns, 5)));
    (Module { items }, params)
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            source: Source::new(seed),
            visible: Vec::new(),
            variables: 0,
            helper: None,
            in_loop: false,
        }
    }

    fn function(&mut self, name: &str, params: &[Type], returns: Type, stmts: usize) -> Function {
        let params: Vec<Param> = params
            .iter()
            .zip(["p", "q", "r"])
            .map(|(ty, name)| Param {
                name: Name::new(name),
                ty: *ty,
            })
            .collect();
        for Param { name, ty } in &params {
            self.visible.push((name.clone(), *ty));
        }
        let mut body = self.body(stmts, 2);
        body.push(Stmt::Return(Some(self.expr(returns, 4))));
        Function {
            name: Name::new(name),
            params,
            returns,
            body,
        }
    }

    fn fresh(&mut self) -> Name {
        self.variables += 1;
        Name::from(format!("v{}", self.variables))
    }

    fn body(&mut self, stmts: usize, depth: usize) -> Vec<Stmt> {
        let visible = self.visible.len();
        let count = 1 + self.source.below(stmts);
        let mut body: Vec<Stmt> = (0..count).flat_map(|_| self.stmt(depth)).collect();
        // Now and then a variable is read that has no value on every way.
        if depth < 2 && !self.source.chance(5) {
            self.visible.truncate(visible);
        }
        if self.in_loop && self.source.chance(10) {
            let test = self.expr(Type::Bool, 2);
            let leave = self.source.pick(&[Stmt::Break, Stmt::Continue]);
            body.push(Stmt::If(
                vec![Arm {
                    test,
                    body: vec![leave],
                }],
                vec![],
            ));
        }
        body
    }

    fn own_variable(&mut self, ty: Option<Type>) -> Option<(Name, Type)> {
        let of_type = |(name, known): &&(Name, Type)| {
            ty.is_none_or(|ty| ty == *known) && name.as_str() != "LIMIT"
        };
        let all: Vec<_> = self.visible.iter().filter(of_type).cloned().collect();
        (!all.is_empty()).then(|| self.source.pick(&all))
    }

    fn stmt(&mut self, depth: usize) -> Vec<Stmt> {
        let choice = self.source.below(if depth > 0 { 12 } else { 7 });
        match choice {
            0..3 => {
                let ty = self.source.pick(&ALL);
                let value = self.expr(ty, 3);
                let name = match self.own_variable(Some(ty)) {
                    Some((name, _)) if self.source.chance(40) => name,
                    _ => self.fresh(),
                };
                self.visible.push((name.clone(), ty));
                vec![Stmt::Assign(Target::Name(name), value)]
            }
            3 => match self.own_variable(None) {
                Some((name, ty))
                    if matches!(ty, Type::Int | Type::Float | Type::Str | Type::List(_)) =>
                {
                    let op = match ty {
                        Type::Int => {
                            self.source
                                .pick(&[BinaryOp::Sub, BinaryOp::Mul, BinaryOp::BitXor])
                        }
                        Type::Float => self.source.pick(&[BinaryOp::Sub, BinaryOp::Div]),
                        _ => BinaryOp::Add,
                    };
                    vec![Stmt::Augment(Target::Name(name), op, self.expr(ty, 2))]
                }
                _ => vec![Stmt::Pass],
            },
            4 => match self.own_variable(None) {
                Some((name, Type::List(item))) => {
                    let index = self.expr(Type::Int, 1);
                    let value = self.expr(item.into(), 2);
                    let list = Expr::Name(name);
                    vec![match self.source.below(4) {
                        0 => Stmt::Expr(Expr::Method(Method::Append, vec![list, value])),
                        1 => Stmt::Expr(Expr::Method(Method::Pop, vec![list, index])),
                        2 => Stmt::Expr(Expr::Method(Method::Insert, vec![list, index, value])),
                        _ => Stmt::Assign(Target::Index(Box::new([list, index])), value),
                    }]
                }
                Some((name, Type::Dict(item))) => {
                    let key = self.expr(Type::Str, 1);
                    let value = self.expr(item.into(), 2);
                    let target = Target::Index(Box::new([Expr::Name(name), key]));
                    vec![if self.source.chance(60) {
                        Stmt::Assign(target, value)
                    } else {
                        Stmt::Augment(target, BinaryOp::Add, value)
                    }]
                }
                _ => vec![Stmt::Pass],
            },
            5 => {
                let (a, b) = (self.source.pick(&SCALARS), self.source.pick(&SCALARS));
                let values = vec![self.expr(a, 2), self.expr(b, 2)];
                let names = [self.fresh(), self.fresh()];
                self.visible.push((names[0].clone(), a));
                self.visible.push((names[1].clone(), b));
                let targets = names.into_iter().map(Target::Name).collect();
                vec![Stmt::Assign(Target::Tuple(targets), Expr::Tuple(values))]
            }
            6 => {
                let test = self.expr(Type::Bool, 2);
                let ty = self.source.pick(&ALL);
                let value = self.expr(ty, 2);
                vec![Stmt::If(
                    vec![Arm {
                        test,
                        body: vec![Stmt::Return(Some(value))],
                    }],
                    vec![],
                )]
            }
            7..9 => {
                let arms = 1 + self.source.below(2);
                let arms = (0..arms)
                    .map(|_| Arm {
                        test: self.expr(Type::Bool, 3),
                        body: self.body(2, depth - 1),
                    })
                    .collect();
                let otherwise = if self.source.chance(50) {
                    self.body(2, depth - 1)
                } else {
                    vec![]
                };
                vec![Stmt::If(arms, otherwise)]
            }
            9 => self.while_loop(depth),
            _ => vec![self.for_loop(depth)],
        }
    }

    /// A loop that ends by a counter of its own.
    fn while_loop(&mut self, depth: usize) -> Vec<Stmt> {
        let counter = self.fresh();
        let start = Stmt::Assign(Target::Name(counter.clone()), Expr::Int(0));
        let limit = Expr::compare(CompareOp::Lt, Expr::Name(counter.clone()), Expr::Int(4));
        let test = Expr::And(vec![limit, self.expr(Type::Bool, 2)]);
        let was_in_loop = std::mem::replace(&mut self.in_loop, true);
        let step = Stmt::Augment(Target::Name(counter), BinaryOp::Add, Expr::Int(1));
        let mut body = vec![step];
        body.extend(self.body(2, depth - 1));
        self.in_loop = was_in_loop;
        vec![start, Stmt::While(test, body)]
    }

    fn for_loop(&mut self, depth: usize) -> Stmt {
        let (target, iterable) = self.iteration(2);
        let was_in_loop = std::mem::replace(&mut self.in_loop, true);
        let visible = self.visible.len();
        self.see(&target);
        let target = target
            .into_iter()
            .map(|(name, _)| Target::Name(name))
            .collect::<Vec<_>>();
        let body = self.body(2, depth - 1);
        self.visible.truncate(visible);
        self.in_loop = was_in_loop;
        let [target] = &target[..] else {
            return Stmt::For(Target::Tuple(target), iterable, body);
        };
        Stmt::For(target.clone(), iterable, body)
    }

    fn see(&mut self, names: &[(Name, Type)]) {
        self.visible.extend(names.iter().cloned());
    }

    /// What is iterated, and the names and types of what it yields.
    fn iteration(&mut self, depth: usize) -> (Vec<(Name, Type)>, Expr) {
        let (a, b) = (self.fresh(), self.fresh());
        let item = self.source.pick(&[Item::Int, Item::Str, Item::Float]);
        let list = self.expr(Type::List(item), depth);
        match self.source.below(7) {
            0 | 1 => {
                let stop = Expr::Int(i64::try_from(self.source.below(6)).unwrap());
                (
                    vec![(a, Type::Int)],
                    Expr::Builtin(Builtin::Range, vec![stop]),
                )
            }
            2 => {
                let text = self.expr(Type::Str, depth);
                (vec![(a, Type::Str)], text)
            }
            3 => (
                vec![(a, Type::Int), (b, item.into())],
                Expr::Builtin(Builtin::Enumerate, vec![list]),
            ),
            4 => {
                let text = self.expr(Type::Str, depth);
                let zip = Expr::Builtin(Builtin::Zip, vec![list, text]);
                (vec![(a, item.into()), (b, Type::Str)], zip)
            }
            5 => {
                let dict = self.expr(Type::Dict(Item::Int), depth);
                let items = Expr::Method(Method::Items, vec![dict]);
                (vec![(a, Type::Str), (b, Type::Int)], items)
            }
            _ => {
                let reversed = Expr::Builtin(Builtin::Reversed, vec![list]);
                (vec![(a, item.into())], reversed)
            }
        }
    }

    fn literal(&mut self, ty: Type) -> Expr {
        let len = self.source.below(4);
        match ty {
            Type::Int => Expr::Int(self.source.int()),
            Type::Float => Expr::Float(self.source.float()),
            Type::Bool => Expr::Bool(self.source.chance(50)),
            Type::Str => Expr::Str(self.source.text()),
            Type::List(item) => Expr::List((0..len).map(|_| self.literal(item.into())).collect()),
            Type::Dict(item) => Expr::Dict(
                (0..len)
                    .map(|_| [Expr::Str(self.source.text()), self.literal(item.into())])
                    .collect(),
            ),
            _ => Expr::None,
        }
    }

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

/// An operator before its operand, in the form that comes back from print.
fn negated(op: UnaryOp, operand: Expr) -> Expr {
    match (op, operand) {
        (UnaryOp::Neg, Expr::Int(value)) if value >= 0 => Expr::Int(-value),
        (UnaryOp::Neg, Expr::Float(value)) if value.is_sign_positive() => Expr::Float(-value),
        (op, operand) => Expr::Unary(op, Box::new(operand)),
    }
}

/// An expression of floats, for lanes as well: `x`, `y` and numbers.
pub(crate) fn numeric(source: &mut Source, depth: usize) -> Expr {
    if depth == 0 || source.chance(15) {
        return match source.below(6) {
            0 | 1 => Expr::name("x"),
            2 | 3 => Expr::name("y"),
            4 => Expr::Float(source.float()),
            _ => Expr::Int(source.int()),
        };
    }
    let mut below = || numeric(source, depth - 1);
    let (a, b, c, d) = (below(), below(), below(), below());
    match source.below(14) {
        0..5 => {
            let op = source.pick(&[
                BinaryOp::Add,
                BinaryOp::Sub,
                BinaryOp::Mul,
                BinaryOp::Div,
                BinaryOp::FloorDiv,
                BinaryOp::Mod,
                BinaryOp::Pow,
            ]);
            Expr::binary(op, a, b)
        }
        5 => negated(UnaryOp::Neg, a),
        6 | 7 => {
            let function = source.pick(&[
                Builtin::Sqrt,
                Builtin::Exp,
                Builtin::Log,
                Builtin::Sin,
                Builtin::Cos,
                Builtin::Tan,
                Builtin::Tanh,
                Builtin::Abs,
                Builtin::MathFloor,
                Builtin::Int,
            ]);
            Expr::Builtin(function, vec![a])
        }
        8 => Expr::Builtin(source.pick(&[Builtin::Min, Builtin::Max]), vec![a, b]),
        9 => Expr::Builtin(Builtin::Pow, vec![a, b]),
        10 => Expr::And(vec![a, b]),
        11 => Expr::Or(vec![a, b, c]),
        _ => {
            let op = source.pick(&[CompareOp::Lt, CompareOp::Ge, CompareOp::Eq]);
            let mut test = Expr::compare(op, a, b);
            if source.chance(30) {
                test = negated(UnaryOp::Not, test);
            }
            Expr::conditional(test, c, d)
        }
    }
}
