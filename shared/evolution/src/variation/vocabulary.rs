//! What random code is made of.

use tdev_program::{BinaryOp, Builtin, Constant, Expr, Item, Method, Node, Stmt, TopLevel, Type};

use crate::{Genome, Scaffold};

/// What random expressions and statements are made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vocabulary {
    /// Operators between numbers; `+` joins strings and lists too.
    pub binary: Vec<BinaryOp>,
    /// Built-in functions, `math`'s among them.
    pub builtins: Vec<Builtin>,
    /// Methods of strings, lists and dicts.
    pub methods: Vec<Method>,
    /// Constants worth trying: those of the agent, of the problem, and a few that are always.
    pub constants: Vec<Expr>,
    /// The types that variables and parts of expressions may have.
    pub types: Vec<Type>,
    /// Whether comparisons, `and`, `or`, `not` and `… if … else …` are among them.
    pub logic: bool,
    /// Whether statements are made and varied too; expressions alone otherwise.
    pub statements: bool,
    /// Whether loops and comprehensions are among them.
    pub loops: bool,
}

impl Vocabulary {
    /// What suits an agent whose block has parameters and results of `types`: what the block is
    /// made of now, and what people use with values of these types. Without any types, those of
    /// numbers are taken.
    pub fn for_agent(scaffold: &Scaffold, genome: &Genome, types: &[Type]) -> Self {
        let mut this = Self {
            logic: true,
            ..Self::default()
        };
        for ty in types {
            this.see_type(*ty);
        }
        for function in &genome.functions {
            let annotated = function.params.iter().map(|param| param.ty);
            for ty in annotated.chain([function.returns]) {
                this.see_type(ty);
            }
            for node in function.nodes() {
                this.see(node);
            }
            this.statements |= function.body.len() > 1;
        }
        for item in &scaffold.module(genome).items {
            if let TopLevel::Constant(_, value) = item {
                this.see_constant(value);
            }
        }
        this.add_by_type();
        this
    }

    /// The type of a constant of the vocabulary.
    pub(super) fn type_of(constant: &Expr) -> Type {
        match constant {
            Expr::None => Type::None,
            Expr::Bool(_) => Type::Bool,
            Expr::Int(_) => Type::Int,
            Expr::Float(_) | Expr::Constant(_) => Type::Float,
            Expr::Str(_) => Type::Str,
            Expr::List(items) => Type::List(
                items
                    .first()
                    .map_or(Item::Any, |item| Self::type_of(item).as_item()),
            ),
            _ => Type::Any,
        }
    }

    fn see_type(&mut self, ty: Type) {
        if matches!(ty, Type::Any | Type::None) {
            return;
        }
        add(&mut self.types, ty);
        if ty.indexed() != ty {
            self.loops = true;
            self.statements = true;
            self.see_type(ty.indexed());
            add(&mut self.types, Type::Int);
        }
        if ty == Type::Str {
            self.loops = true;
            self.statements = true;
            add(&mut self.types, Type::Int);
        }
    }

    fn see_constant(&mut self, value: &Expr) {
        let ty = Self::type_of(value);
        let is_short = !matches!(value, Expr::Str(text) if text.len() > 40);
        if !matches!(value, Expr::List(_)) && !matches!(ty, Type::Any | Type::None) && is_short {
            self.see_type(ty);
            add(&mut self.constants, value.clone());
        }
    }

    fn see(&mut self, node: Node<'_>) {
        match node {
            Node::Expr(Expr::Binary(op, _)) | Node::Stmt(Stmt::Augment(_, op, _)) => {
                add(&mut self.binary, *op);
            }
            Node::Expr(Expr::Builtin(builtin, _)) => add(&mut self.builtins, *builtin),
            Node::Expr(Expr::Method(method, _)) => add(&mut self.methods, *method),
            Node::Expr(Expr::Comprehension(_)) | Node::Stmt(Stmt::For(..) | Stmt::While(..)) => {
                self.loops = true;
                self.statements = true;
            }
            Node::Stmt(Stmt::If(..)) => self.statements = true,
            Node::Expr(literal) => self.see_constant(literal),
            Node::Stmt(_) => {}
        }
    }

    fn add_by_type(&mut self) {
        use BinaryOp::{Add, Div, FloorDiv, Mod, Mul, Sub};
        use Method::{Append, Count, Find, Get, Items, Join, Lower, Replace, Split, Strip, Upper};
        let has = |ty| self.types.contains(&ty);
        let (float, text) = (has(Type::Float), has(Type::Str));
        let lists = self.types.iter().any(|ty| matches!(ty, Type::List(_)));
        let dicts = self.types.iter().any(|ty| matches!(ty, Type::Dict(_)));
        let float = float || self.types.is_empty();
        if float {
            add(&mut self.types, Type::Float);
        }
        add(&mut self.types, Type::Bool);
        add_all(&mut self.binary, &[Add, Sub, Mul]);
        add_all(
            &mut self.builtins,
            &[Builtin::Abs, Builtin::Min, Builtin::Max],
        );
        if float {
            add(&mut self.binary, Div);
            let numbers = [0.0, 0.5, 1.0, 2.0, 10.0].map(Expr::Float);
            add_all(&mut self.constants, &numbers);
        }
        if self.types.contains(&Type::Int) {
            add_all(&mut self.binary, &[FloorDiv, Mod]);
            add_all(&mut self.constants, &[0, 1, 2].map(Expr::Int));
        }
        if text {
            add_all(&mut self.builtins, &[Builtin::Len, Builtin::Str]);
            add_all(
                &mut self.methods,
                &[Lower, Upper, Strip, Split, Join, Replace, Find, Count],
            );
            add_all(
                &mut self.constants,
                &["", " "].map(|text| Expr::Str(text.to_owned())),
            );
        }
        if lists {
            add_all(
                &mut self.builtins,
                &[Builtin::Len, Builtin::Sum, Builtin::Sorted],
            );
            add_all(&mut self.methods, &[Append, Count]);
        }
        if dicts {
            add_all(&mut self.methods, &[Get, Items]);
            add(&mut self.builtins, Builtin::Len);
        }
        self.constants
            .retain(|value| *value != Expr::Constant(Constant::Inf));
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

fn add_all<T: PartialEq + Clone>(all: &mut Vec<T>, more: &[T]) {
    for one in more {
        add(all, one.clone());
    }
}
