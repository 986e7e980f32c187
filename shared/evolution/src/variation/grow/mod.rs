//! Random code.

mod expr;
mod production;
mod stmt;

use rand::RngExt;
use rand::seq::IndexedRandom;
use tdev_program::{Expr, Function, Item, Name, Node, Stmt, Type, Variable};

use super::anatomy::{Anatomy, callable};
use super::{Vocabulary, offspring, tree};
use crate::{Genome, Operator, Rng, Scope, Trial};
use production::{Production, productions};
pub(super) use production::{builtin_arguments, method_arguments, operands};
pub(super) use stmt::when;

/// Whether an expression is as deep as it may be on every way (full), or may end earlier (grow);
/// Koza 1992 makes half of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Grow,
    Full,
}

/// Makes random code that fits one place of a function.
pub(super) struct Grower<'a> {
    scope: &'a Scope,
    callable: &'a [(Name, usize, Type)],
    /// What has a value, those of comprehensions and loops around innermost last.
    visible: Vec<Variable>,
    /// The function's parameters.
    params: Vec<Name>,
    /// What is assigned in the function, or will be by what grows.
    locals: Vec<Name>,
    returns: Type,
    in_loop: bool,
    shape: Shape,
    /// How many nodes may still be made; leaves alone after that.
    left: usize,
    productions: Vec<(Type, Vec<Production>)>,
}

impl<'a> Grower<'a> {
    /// What grows in the place of the node of that number.
    pub(super) fn at(anatomy: &Anatomy<'_>, index: usize, scope: &'a Scope) -> Self {
        let function = anatomy.function;
        let mut assigned = Vec::new();
        for node in &anatomy.nodes {
            tree::assigned_by(*node, &mut assigned);
        }
        let room = scope.max_nodes.saturating_sub(anatomy.len());
        Self {
            scope,
            callable: callable(scope, function),
            visible: anatomy.visible(index).to_vec(),
            params: function.params.iter().map(|p| p.name.clone()).collect(),
            locals: assigned.into_iter().cloned().collect(),
            returns: anatomy.returns,
            in_loop: anatomy.in_loop(index),
            shape: Shape::Grow,
            left: room + anatomy.size(index),
            productions: Vec::new(),
        }
    }

    /// As [`Self::at`], for what is not at a node: with these variables visible.
    pub(super) fn seeing(mut self, visible: Vec<Variable>, in_loop: bool) -> Self {
        self.visible = visible;
        self.in_loop = in_loop;
        self
    }

    /// The productions of `ty`, as a place in `self.productions`.
    fn productions_of(&mut self, ty: Type) -> usize {
        if let Some(at) = self.productions.iter().position(|(known, _)| *known == ty) {
            return at;
        }
        let all = productions(ty, self.scope, self.callable);
        self.productions.push((ty, all));
        self.productions.len() - 1
    }

    /// A name that nothing in the function or around it has.
    fn fresh(&mut self) -> Name {
        let context = &self.scope.context;
        let is_free = |name: &Name| {
            !self.params.contains(name)
                && !self.locals.contains(name)
                && !context.constants.iter().any(|known| known.name == *name)
                && !context.functions.iter().any(|(known, ..)| known == name)
        };
        let names = (1_u32..).map(|number| Name::from(format!("v{number}")));
        let name = names.into_iter().find(is_free).unwrap_or_default();
        self.locals.push(name.clone());
        name
    }

    /// A variable or constant of type `ty`.
    pub(super) fn terminal(&mut self, ty: Type, rng: &mut Rng) -> Expr {
        self.left = self.left.saturating_sub(1);
        let ty = self.known(ty, rng);
        let names = self
            .visible
            .iter()
            .filter(|v| v.ty == ty && ty != Type::Any);
        let count = names.clone().count();
        let words = &self.scope.vocabulary.constants;
        let constants = words
            .iter()
            .filter(|value| Vocabulary::type_of(value) == ty);
        let some_constants = constants.clone().count();
        let name = |rng: &mut Rng| {
            let mut names = names.clone();
            // What a loop or the statement before has bound is more often what matters.
            let latest = names.clone().next_back();
            let latest = latest.filter(|v| self.locals.contains(&v.name));
            let chosen = match latest {
                Some(latest) if rng.random_bool(0.3) => Some(latest),
                _ => names.nth(rng.random_range(0..count)),
            };
            chosen.map(|v| Expr::Name(v.name.clone()))
        };
        let constant = |rng: &mut Rng| {
            let mut constants = constants.clone();
            constants.nth(rng.random_range(0..some_constants)).cloned()
        };
        let chosen = match (count, some_constants) {
            (0, 0) => None,
            (0, _) => constant(rng),
            (_, 0) => name(rng),
            _ if rng.random_bool(0.7) => name(rng),
            _ => constant(rng),
        };
        chosen.unwrap_or_else(|| Self::literal(ty, rng))
    }

    /// A type to make where `ty` is wanted: itself, or that of something there if nothing is known.
    fn known(&self, ty: Type, rng: &mut Rng) -> Type {
        match ty {
            Type::Any => {
                let seen = self.visible.iter().map(|v| v.ty);
                let seen: Vec<Type> = seen.filter(|ty| *ty != Type::Any).collect();
                let types = [&seen[..], &self.scope.vocabulary.types].concat();
                types.choose(rng).copied().unwrap_or(Type::Float)
            }
            Type::List(Item::Any) => {
                let lists = self.scope.vocabulary.types.iter();
                let lists: Vec<Type> = lists.copied().filter(|known| known.fits(ty)).collect();
                lists.choose(rng).copied().unwrap_or(ty)
            }
            known => known,
        }
    }

    fn literal(ty: Type, rng: &mut Rng) -> Expr {
        match ty {
            Type::Bool => Expr::Bool(rng.random()),
            Type::Int => Expr::Int(rng.random_range(-1..=2)),
            Type::Float => Expr::Float(f64::from(rng.random_range(-4_i8..=4)) / 2.0),
            Type::Str => Expr::Str(String::new()),
            Type::List(_) => Expr::List(Vec::new()),
            Type::Tuple(_) => Expr::Tuple(Vec::new()),
            Type::Dict(_) => Expr::Dict(Vec::new()),
            Type::Any | Type::None => Expr::None,
        }
    }
}

/// Makes the bodies of all functions anew, as [`random_genome`] does: what begins a search, and now
/// and then begins it again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Regrowth;

impl Operator for Regrowth {
    fn name(&self) -> &'static str {
        "regrowth"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        _: &mut Trial<'_>,
    ) -> Option<Genome> {
        let [parent, ..] = parents else {
            return None;
        };
        random_genome(parent, scope, rng)
    }
}

/// A genome with the functions of `like`, whose bodies are random: expressions ramped half and
/// half (Koza 1992), and, if the scope has statements, some of these before. Constants that a body
/// begins by assigning stay, as does a `return` of one of their variables at its end.
///
/// Yields nothing if what was drawn is too large each of several times.
pub fn random_genome(like: &Genome, scope: &Scope, rng: &mut Rng) -> Option<Genome> {
    let mut genome = like.clone();
    for at in 0..genome.functions.len() {
        let drawn = (0..super::ATTEMPTS).find_map(|_| {
            let function = random_function(&genome.functions[at], scope, rng)?;
            // One that is as it was is random enough.
            offspring(&genome, at, function, scope)
        });
        genome = drawn?;
    }
    Some(genome)
}

fn random_function(like: &Function, scope: &Scope, rng: &mut Rng) -> Option<Function> {
    let is_declaration = |stmt: &&Stmt| match stmt {
        Stmt::Expr(Expr::Str(_)) => true,
        Stmt::Assign(_, value) => {
            Vocabulary::type_of(value) != Type::Any && Node::Expr(value).size() <= 2
        }
        _ => false,
    };
    let kept = like.body.iter().take_while(is_declaration).count();
    let mut declared = Vec::new();
    for stmt in &like.body[..kept] {
        tree::assigned_by(Node::Stmt(stmt), &mut declared);
    }
    let mut function = like.clone();
    function.body.truncate(kept);
    let last = match like.body.last() {
        Some(Stmt::Return(Some(Expr::Name(name)))) if declared.contains(&name) => {
            Expr::Name(name.clone())
        }
        _ => Expr::None,
    };
    function.body.push(Stmt::Return(Some(last.clone())));
    let anatomy = Anatomy::of(&function, scope);
    let end = (0..anatomy.len()).rfind(|index| anatomy.stmt(*index).is_some())?;
    let mut grower = Grower::at(&anatomy, end, scope);
    grower.shape = if rng.random() {
        Shape::Grow
    } else {
        Shape::Full
    };
    let mut body = function.body[..kept].to_vec();
    if scope.vocabulary.statements {
        for _ in 0..rng.random_range(0..4) {
            body.extend(grower.stmts(2, rng));
        }
    }
    let levels = rng.random_range(2..=5_usize);
    let keeps = scope.vocabulary.statements && last != Expr::None;
    let value = if keeps {
        last
    } else {
        grower.expr(anatomy.returns, levels, rng)
    };
    body.push(Stmt::Return(Some(value)));
    function.body = body;
    Some(function)
}
