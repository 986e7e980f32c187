//! What stands where in a function, of which type, and what may be used there.

use super::{
    Comprehension, Expr, Function, Module, Name, Node, Stmt, Target, TopLevel, Type, UnaryOp,
    infer::{binary, call, invoke},
};

/// A variable, parameter or module constant and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: Name,
    /// Its type, as far as it is known.
    pub ty: Type,
}

/// What a function sees of its module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The module's constants.
    pub constants: Vec<Variable>,
    /// The module's functions: the name, how many parameters, and the type returned.
    pub functions: Vec<(Name, usize, Type)>,
}

/// What is known of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeInfo {
    /// Whether it is a statement; an expression otherwise.
    pub is_stmt: bool,
    /// The type of the expression; [`Type::None`] for a statement.
    pub ty: Type,
    /// How many levels lie above it.
    pub depth: usize,
    /// The number of nodes from here down.
    pub size: usize,
    /// Whether it stands in a loop, where `break` and `continue` may stand.
    pub in_loop: bool,
    scope: usize,
}

/// Every node of a function, numbered as by [`Function::nodes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The nodes in order.
    pub nodes: Vec<NodeInfo>,
    /// The type of what the function returns.
    pub returns: Type,
    scopes: Vec<Vec<Variable>>,
}

impl Context {
    /// What the functions of `module` see. The types of functions without annotation are inferred,
    /// each from those before it.
    pub fn of(module: &Module) -> Self {
        let mut context = Self::default();
        for item in &module.items {
            match item {
                TopLevel::Constant(name, value) => {
                    let mut walk = Walk::new(&context);
                    let ty = walk.expr(value, 0, 0, false);
                    let name = name.clone();
                    context.constants.push(Variable { name, ty });
                }
                TopLevel::Function(function) => {
                    let returns = match function.returns {
                        Type::Any => Survey::of(function, &context).returns,
                        annotated => annotated,
                    };
                    let arity = function.params.len();
                    let name = function.name.clone();
                    context.functions.push((name, arity, returns));
                }
                TopLevel::Text(_) | TopLevel::ImportMath => {}
            }
        }
        context
    }
}

impl Survey {
    /// Looks at `function`, whose parameters have the types of their annotations.
    pub fn of(function: &Function, context: &Context) -> Self {
        let types: Vec<Type> = function.params.iter().map(|param| param.ty).collect();
        Self::with_types(function, &types, context)
    }

    /// Looks at `function`, whose parameters have these `types`.
    pub fn with_types(function: &Function, types: &[Type], context: &Context) -> Self {
        let mut walk = Walk::new(context);
        for (index, param) in function.params.iter().enumerate() {
            let ty = types.get(index).copied().unwrap_or_default();
            walk.assign(&param.name, ty);
        }
        let params = walk.types.clone();
        // Once to learn the types of the variables, once with them.
        for _ in 0..2 {
            walk.nodes.clear();
            walk.returns = None;
            walk.scopes.truncate(1);
            let scope = walk.scope_with(0, params.iter().map(|v| v.name.clone()).collect());
            walk.body(&function.body, scope, 0, false);
        }
        // Scopes were noted before the last types were learnt.
        for variable in walk.scopes.iter_mut().flatten() {
            if let Some(known) = walk.types.iter().find(|known| known.name == variable.name) {
                variable.ty = known.ty;
            }
        }
        Self {
            nodes: walk.nodes,
            returns: walk.returns.unwrap_or(Type::None),
            scopes: walk.scopes,
        }
    }

    /// The variables and constants that surely have a value where the node of that number stands.
    pub fn visible(&self, index: usize) -> &[Variable] {
        self.nodes
            .get(index)
            .and_then(|node| self.scopes.get(node.scope))
            .map_or(&[], Vec::as_slice)
    }
}

struct Walk<'a> {
    context: &'a Context,
    nodes: Vec<NodeInfo>,
    scopes: Vec<Vec<Variable>>,
    types: Vec<Variable>,
    /// Variables of the comprehensions around, innermost last.
    inner: Vec<Variable>,
    returns: Option<Type>,
}

impl<'a> Walk<'a> {
    fn new(context: &'a Context) -> Self {
        Self {
            context,
            nodes: Vec::new(),
            scopes: vec![context.constants.clone()],
            types: Vec::new(),
            inner: Vec::new(),
            returns: None,
        }
    }

    fn assign(&mut self, name: &Name, ty: Type) {
        match self.types.iter_mut().find(|known| known.name == *name) {
            Some(known) => known.ty = known.ty.join(ty),
            None => self.types.push(Variable {
                name: name.clone(),
                ty,
            }),
        }
    }

    fn type_of(&self, name: &Name) -> Type {
        self.inner
            .iter()
            .rev()
            .chain(&self.types)
            .chain(&self.context.constants)
            .find(|known| known.name == *name)
            .map_or(Type::Any, |known| known.ty)
    }

    /// The scope that has `names` beside what `scope` has.
    fn scope_with(&mut self, scope: usize, names: Vec<Name>) -> usize {
        let mut visible = self.scopes[scope].clone();
        let before = visible.len();
        for name in names {
            let ty = self.type_of(&name);
            match visible.iter_mut().find(|known| known.name == name) {
                Some(known) if known.ty == ty => {}
                Some(known) => {
                    known.ty = ty;
                }
                None => visible.push(Variable { name, ty }),
            }
        }
        if visible.len() == before && visible == self.scopes[scope] {
            return scope;
        }
        self.scopes.push(visible);
        self.scopes.len() - 1
    }

    /// What is visible in both.
    fn common(&mut self, a: usize, b: usize) -> usize {
        if a == b {
            return a;
        }
        let other = &self.scopes[b];
        let in_both = |v: &&Variable| other.iter().any(|known| known.name == v.name);
        let visible: Vec<_> = self.scopes[a].iter().filter(in_both).cloned().collect();
        self.scopes.push(visible);
        self.scopes.len() - 1
    }

    fn open(&mut self, is_stmt: bool, scope: usize, depth: usize, in_loop: bool) -> usize {
        self.nodes.push(NodeInfo {
            is_stmt,
            ty: Type::None,
            depth,
            size: 0,
            in_loop,
            scope,
        });
        self.nodes.len() - 1
    }

    fn close(&mut self, index: usize, ty: Type) -> Type {
        let size = self.nodes.len() - index;
        self.nodes[index].size = size;
        self.nodes[index].ty = ty;
        ty
    }

    /// Returns the scope after the body, or nothing if its end is never reached.
    fn body(&mut self, body: &[Stmt], scope: usize, depth: usize, in_loop: bool) -> Option<usize> {
        let mut reached = Some(scope);
        for stmt in body {
            let scope = reached.unwrap_or(scope);
            let after = self.stmt(stmt, scope, depth, in_loop);
            reached = reached.and(after);
        }
        reached
    }

    fn stmt(&mut self, stmt: &Stmt, scope: usize, depth: usize, in_loop: bool) -> Option<usize> {
        let index = self.open(true, scope, depth, in_loop);
        let below = depth + 1;
        let after = match stmt {
            Stmt::Assign(target, value) => {
                self.target_exprs(target, scope, below, in_loop);
                let ty = self.expr(value, scope, below, in_loop);
                Some(self.bind(target, ty, scope))
            }
            Stmt::Augment(target, op, value) => {
                self.target_exprs(target, scope, below, in_loop);
                let ty = self.expr(value, scope, below, in_loop);
                if let Target::Name(name) = target {
                    let ty = binary(*op, self.type_of(name), ty);
                    self.assign(name, ty);
                }
                Some(scope)
            }
            Stmt::Expr(value) => {
                self.expr(value, scope, below, in_loop);
                Some(scope)
            }
            Stmt::If(arms, otherwise) => {
                let mut after = None;
                for arm in arms {
                    self.expr(&arm.test, scope, below, in_loop);
                    let end = self.body(&arm.body, scope, below, in_loop);
                    after = self.merge(after, end);
                }
                let end = self.body(otherwise, scope, below, in_loop);
                self.merge(after, end)
            }
            Stmt::While(test, body) => {
                self.expr(test, scope, below, in_loop);
                self.body(body, scope, below, true);
                Some(scope)
            }
            Stmt::For(target, iterable, body) => {
                self.target_exprs(target, scope, below, in_loop);
                let ty = self.expr(iterable, scope, below, in_loop).iterated();
                let inside = self.bind(target, ty, scope);
                self.body(body, inside, below, true);
                Some(scope)
            }
            Stmt::Return(value) => {
                let ty = value
                    .as_ref()
                    .map_or(Type::None, |v| self.expr(v, scope, below, in_loop));
                self.returns = Some(self.returns.map_or(ty, |known| known.join(ty)));
                None
            }
            Stmt::Raise(_, message) => {
                if let Some(message) = message {
                    self.expr(message, scope, below, in_loop);
                }
                None
            }
            Stmt::Break | Stmt::Continue => None,
            Stmt::Pass => Some(scope),
        };
        self.close(index, Type::None);
        after
    }

    fn merge(&mut self, a: Option<usize>, b: Option<usize>) -> Option<usize> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.common(a, b)),
            (only, None) | (None, only) => only,
        }
    }

    fn target_exprs(&mut self, target: &Target, scope: usize, depth: usize, in_loop: bool) {
        match target {
            Target::Name(_) => {}
            Target::Index(pair) => {
                for expr in &**pair {
                    self.expr(expr, scope, depth, in_loop);
                }
            }
            Target::Tuple(targets) => {
                for target in targets {
                    self.target_exprs(target, scope, depth, in_loop);
                }
            }
        }
    }

    /// Notes that `target` is assigned a value of type `ty`; returns the scope after it.
    fn bind(&mut self, target: &Target, ty: Type, scope: usize) -> usize {
        match target {
            Target::Name(name) => {
                self.assign(name, ty);
                self.scope_with(scope, vec![name.clone()])
            }
            Target::Index(_) => scope,
            Target::Tuple(targets) => targets.iter().fold(scope, |scope, target| {
                self.bind(target, ty.iterated(), scope)
            }),
        }
    }

    fn comprehension(
        &mut self,
        all: &Comprehension,
        scope: usize,
        depth: usize,
        in_loop: bool,
    ) -> Type {
        // The element stands first but depends on what is iterated.
        let nodes = self.nodes.len();
        let ty = self.expr(&all.iterable, scope, depth, in_loop).iterated();
        self.nodes.truncate(nodes);
        let outer = self.inner.len();
        let names = self.inner_names(&all.target, ty);
        let inside = self.scope_with(scope, names);
        let element = self.expr(&all.element, inside, depth, in_loop);
        self.target_exprs(&all.target, inside, depth, in_loop);
        let hidden = self.inner.split_off(outer);
        self.expr(&all.iterable, scope, depth, in_loop);
        self.inner.extend(hidden);
        for condition in &all.conditions {
            self.expr(condition, inside, depth, in_loop);
        }
        self.inner.truncate(outer);
        Type::List(element.as_item())
    }

    fn inner_names(&mut self, target: &Target, ty: Type) -> Vec<Name> {
        match target {
            Target::Name(name) => {
                let name = name.clone();
                self.inner.push(Variable {
                    name: name.clone(),
                    ty,
                });
                vec![name]
            }
            Target::Index(_) => Vec::new(),
            Target::Tuple(targets) => {
                let inner = |target| self.inner_names(target, ty.iterated());
                targets.iter().flat_map(inner).collect()
            }
        }
    }

    fn expr(&mut self, expr: &Expr, scope: usize, depth: usize, in_loop: bool) -> Type {
        let index = self.open(false, scope, depth, in_loop);
        let ty = if let Expr::Comprehension(all) = expr {
            self.comprehension(all, scope, depth + 1, in_loop)
        } else {
            let mut types = Vec::new();
            Node::Expr(expr).for_each_child(&mut |child| {
                if let Node::Expr(child) = child {
                    types.push(self.expr(child, scope, depth + 1, in_loop));
                }
            });
            self.combine(expr, &types)
        };
        self.close(index, ty)
    }

    /// The type of `expr`, whose children have these `types`.
    fn combine(&self, expr: &Expr, types: &[Type]) -> Type {
        let join = |types: &[Type]| types.iter().copied().reduce(Type::join).unwrap_or_default();
        match (expr, types) {
            (Expr::None, _) => Type::None,
            (Expr::Bool(_) | Expr::Compare(..) | Expr::Unary(UnaryOp::Not, _), _) => Type::Bool,
            (Expr::Float(_) | Expr::Constant(_), _) => Type::Float,
            (Expr::Str(_), _) => Type::Str,
            (Expr::Name(name), _) => self.type_of(name),
            (Expr::List(_), _) => Type::List(join(types).as_item()),
            (Expr::Tuple(_), _) => Type::Tuple(join(types).as_item()),
            (Expr::Dict(_), _) => {
                let values: Vec<Type> = types.iter().skip(1).step_by(2).copied().collect();
                Type::Dict(join(&values).as_item())
            }
            (Expr::Int(_), _) | (Expr::Unary(..), [Type::Bool]) => Type::Int,
            (Expr::Unary(..), [ty]) if ty.is_number() => *ty,
            (Expr::Binary(op, _), [left, right]) => binary(*op, *left, *right),
            (Expr::And(_) | Expr::Or(_), _) => join(types),
            (Expr::If(_), [then, _, otherwise]) => then.join(*otherwise),
            (Expr::Index(_), [value, _]) => value.indexed(),
            (Expr::Slice(_), [value, ..]) => *value,
            (Expr::Builtin(builtin, _), _) => call(*builtin, types),
            (Expr::Method(method, _), _) => invoke(*method, types),
            (Expr::Call(name, _), _) => {
                let functions = self.context.functions.iter();
                functions
                    .filter(|(known, ..)| known == name)
                    .map(|known| known.2)
                    .next()
                    .unwrap_or_default()
            }
            _ => Type::Any,
        }
    }
}
