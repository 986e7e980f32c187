//! Random programs that are well typed for the most part, and inputs for them.

mod expr;
mod stmt;

use tdev_program::{
    Arm, BinaryOp, Builtin, CompareOp, Expr, Function, Item, Module, Name, Param, Stmt, TopLevel,
    Type, UnaryOp, Value,
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
