//! Random statements.

use tdev_program::{
    Arm, BinaryOp, Builtin, CompareOp, Expr, Item, Method, Name, Stmt, Target, Type,
};

use super::{ALL, Generator, SCALARS};

impl Generator {
    pub(super) fn stmt(&mut self, depth: usize) -> Vec<Stmt> {
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

    pub(super) fn see(&mut self, names: &[(Name, Type)]) {
        self.visible.extend(names.iter().cloned());
    }

    /// What is iterated, and the names and types of what it yields.
    pub(super) fn iteration(&mut self, depth: usize) -> (Vec<(Name, Type)>, Expr) {
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
}
