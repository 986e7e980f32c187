//! A function taken apart: what stands where, and what may stand there instead.

use rand::RngExt;
use tdev_program::{
    Builtin, CompareOp, Expr, Function, Method, Name, Node, Stmt, Survey, Target, Type, UnaryOp,
    Variable,
};

use super::{returns, survey, tree};
use crate::{Genome, Rng, Scope};

/// A function, its nodes in preorder, and what is known of them.
pub(super) struct Anatomy<'a> {
    pub(super) function: &'a Function,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) survey: Survey,
    /// The node above each; none for the statements of the function's body.
    parents: Vec<Option<usize>>,
    pub(super) returns: Type,
}

impl<'a> Anatomy<'a> {
    pub(super) fn of(function: &'a Function, scope: &Scope) -> Self {
        let survey = survey(function, scope);
        let mut parents = Vec::with_capacity(survey.nodes.len());
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (index, node) in survey.nodes.iter().enumerate() {
            while open.last().is_some_and(|(_, end)| *end <= index) {
                open.pop();
            }
            parents.push(open.last().map(|(parent, _)| *parent));
            if node.size > 1 {
                open.push((index, index + node.size));
            }
        }
        Self {
            function,
            nodes: function.nodes(),
            survey,
            parents,
            returns: returns(function, scope),
        }
    }

    /// The function of `genome` that a node drawn among all its nodes stands in, and its number.
    pub(super) fn draw(genome: &'a Genome, scope: &Scope, rng: &mut Rng) -> Option<(usize, Self)> {
        let at = match genome.functions.len() {
            0 => return None,
            1 => 0,
            _ => {
                let mut left = rng.random_range(0..genome.size().max(1));
                let sizes = genome.functions.iter().map(Function::size);
                sizes
                    .enumerate()
                    .find(|(_, size)| {
                        let here = left < *size;
                        left = left.saturating_sub(*size);
                        here
                    })
                    .map_or(0, |(at, _)| at)
            }
        };
        Some((at, Self::of(&genome.functions[at], scope)))
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn ty(&self, index: usize) -> Type {
        self.survey.nodes[index].ty
    }

    pub(super) fn size(&self, index: usize) -> usize {
        self.survey.nodes[index].size
    }

    pub(super) fn depth(&self, index: usize) -> usize {
        self.survey.nodes[index].depth
    }

    pub(super) fn in_loop(&self, index: usize) -> bool {
        self.survey.nodes[index].in_loop
    }

    pub(super) fn visible(&self, index: usize) -> &[Variable] {
        self.survey.visible(index)
    }

    pub(super) fn expr(&self, index: usize) -> Option<&'a Expr> {
        match self.nodes[index] {
            Node::Expr(expr) => Some(expr),
            Node::Stmt(_) => None,
        }
    }

    pub(super) fn stmt(&self, index: usize) -> Option<&'a Stmt> {
        match self.nodes[index] {
            Node::Stmt(stmt) => Some(stmt),
            Node::Expr(_) => None,
        }
    }

    fn parent(&self, index: usize) -> Option<Node<'a>> {
        self.parents[index].map(|parent| self.nodes[parent])
    }

    /// Whether the node means something only as it is: the `None` beside `is`, a docstring, what
    /// a method changes.
    pub(super) fn is_fixed(&self, index: usize) -> bool {
        match (self.nodes[index], self.parent(index)) {
            (Node::Expr(Expr::None), Some(Node::Expr(Expr::Compare(_, rest)))) => rest
                .iter()
                .any(|(op, _)| matches!(op, CompareOp::Is | CompareOp::IsNot)),
            (Node::Stmt(Stmt::Expr(Expr::Str(_))), _)
            | (Node::Expr(Expr::Str(_)), Some(Node::Stmt(Stmt::Expr(_)))) => true,
            (Node::Expr(call), Some(Node::Stmt(Stmt::Expr(_)))) => matches!(call, Expr::Method(..)),
            _ => false,
        }
    }

    /// Whether what stands there is iterated at once, and so may be a `range` or the like.
    pub(super) fn is_iterated(&self, index: usize) -> bool {
        let Node::Expr(expr) = self.nodes[index] else {
            return false;
        };
        let is = |other: &Expr| std::ptr::eq(expr, other);
        match self.parent(index) {
            Some(Node::Stmt(Stmt::For(_, iterable, _))) => is(iterable),
            Some(Node::Expr(Expr::Comprehension(all))) => is(&all.iterable),
            Some(Node::Expr(Expr::Builtin(builtin, arguments))) => {
                *builtin == Builtin::Zip
                    || builtin.consumes_iterable()
                        && arguments.first().is_some_and(is)
                        && (arguments.len() == 1 || !matches!(builtin, Builtin::Min | Builtin::Max))
            }
            Some(Node::Expr(Expr::Method(Method::Join | Method::Extend, arguments))) => {
                arguments.get(1).is_some_and(is)
            }
            _ => false,
        }
    }

    /// Whether an expression of type `ty` may stand where the one of that number does.
    pub(super) fn accepts(&self, index: usize, ty: Type) -> bool {
        let here = self.ty(index);
        if ty.fits(here) {
            return true;
        }
        let number = |ty| matches!(ty, Type::Int | Type::Float);
        match self.parent(index) {
            Some(Node::Stmt(Stmt::Return(_))) => {
                ty == self.returns || self.returns == Type::Float && number(ty)
            }
            Some(Node::Stmt(Stmt::If(..) | Stmt::While(..))) => ty == Type::Bool,
            // Arithmetic whose result is a float takes numbers of both kinds.
            Some(Node::Expr(Expr::Compare(..))) => number(here) && number(ty),
            Some(Node::Expr(_)) => {
                let above = self.parents[index].map(|parent| self.ty(parent));
                above == Some(Type::Float) && number(here) && number(ty)
            }
            Some(Node::Stmt(_)) => here == Type::Float && ty == Type::Int,
            None => false,
        }
    }

    /// The type of what is wanted where the expression of that number stands.
    pub(super) fn wanted(&self, index: usize) -> Type {
        let here = self.ty(index);
        match self.parent(index) {
            Some(Node::Stmt(Stmt::Return(_))) if self.returns != Type::Any => self.returns,
            _ => here,
        }
    }

    /// A copy of the function with `new` in the place of the expression of that number.
    pub(super) fn with_expr(&self, index: usize, new: Expr) -> Option<Function> {
        let mut function = self.function.clone();
        self.put(&mut function, index, new)?;
        Some(function)
    }

    /// Puts `new` in the place of the expression of that number of `function`, a copy of this one.
    pub(super) fn put(&self, function: &mut Function, index: usize, new: Expr) -> Option<()> {
        // A negated literal is a literal.
        let negated = match (self.parent(index), &new) {
            (Some(Node::Expr(Expr::Unary(UnaryOp::Neg, _))), Expr::Int(value)) if *value >= 0 => {
                Some(Expr::Int(-value))
            }
            (Some(Node::Expr(Expr::Unary(UnaryOp::Neg, _))), Expr::Float(value))
                if value.is_sign_positive() =>
            {
                Some(Expr::Float(-value))
            }
            _ => None,
        };
        match (negated, self.parents[index]) {
            (Some(literal), Some(parent)) => function.replace_expr(parent, literal),
            _ => function.replace_expr(index, new),
        }
        .ok()
        .map(drop)
    }

    /// New names for those that the subtree `root` reads from around it and that `visible` does
    /// not have with the same type: some that it has. Nothing if it has none of a type that fits.
    pub(super) fn renaming(
        &self,
        root: usize,
        visible: &[Variable],
        rng: &mut Rng,
    ) -> Option<Vec<(Name, Name)>> {
        let around = self.visible(root);
        let mut renamed: Vec<(Name, Name)> = Vec::new();
        for index in root..root + self.size(root) {
            let Some(Expr::Name(name)) = self.expr(index) else {
                continue;
            };
            let is_known = visible
                .iter()
                .any(|known| known.name == *name && known.ty.fits(self.ty(index)));
            if is_known || renamed.iter().any(|(old, _)| old == name) {
                continue;
            }
            let is_read_from_around = around.iter().any(|known| known.name == *name);
            if !is_read_from_around && self.is_bound_within(root, name) {
                continue;
            }
            let ty = self.ty(index);
            let fitting = || visible.iter().filter(move |known| known.ty.fits(ty));
            let count = fitting().count();
            if count == 0 {
                return None;
            }
            let chosen = fitting().nth(rng.random_range(0..count))?;
            renamed.push((name.clone(), chosen.name.clone()));
        }
        Some(renamed)
    }

    fn is_bound_within(&self, root: usize, name: &Name) -> bool {
        let mut names = Vec::new();
        for node in &self.nodes[root..root + self.size(root)] {
            tree::assigned_by(*node, &mut names);
        }
        names.contains(&name)
    }

    /// Whether the subtree calls only functions in `callable`.
    pub(super) fn calls_only(&self, root: usize, callable: &[(Name, usize, Type)]) -> bool {
        self.nodes[root..root + self.size(root)]
            .iter()
            .all(|node| match node {
                Node::Expr(Expr::Call(name, _)) => callable.iter().any(|(known, ..)| known == name),
                _ => true,
            })
    }
}

/// The functions that `function` may call without the danger of calling itself: those before it.
pub(super) fn callable<'a>(scope: &'a Scope, function: &Function) -> &'a [(Name, usize, Type)] {
    let functions = &scope.context.functions;
    let here = functions
        .iter()
        .position(|(name, ..)| *name == function.name);
    &functions[..here.unwrap_or(0)]
}

/// How many variables `function` reads where they may have no value; nothing if one never has.
pub(super) fn unsure_reads(function: &Function, scope: &Scope) -> Option<usize> {
    let survey = survey(function, scope);
    let nodes = function.nodes();
    let mut assigned: Vec<&Name> = function.params.iter().map(|param| &param.name).collect();
    for node in &nodes {
        tree::assigned_by(*node, &mut assigned);
        if let Node::Stmt(Stmt::Augment(target, ..)) = node {
            tree::target_names(target, &mut assigned);
        }
    }
    let mut unsure = 0;
    for (index, node) in nodes.iter().enumerate() {
        let (Node::Expr(Expr::Name(read)) | Node::Stmt(Stmt::Augment(Target::Name(read), ..))) =
            node
        else {
            continue;
        };
        if survey
            .visible(index)
            .iter()
            .any(|known| known.name == *read)
        {
            continue;
        }
        if !assigned.contains(&read) {
            return None;
        }
        unsure += 1;
    }
    Some(unsure)
}
