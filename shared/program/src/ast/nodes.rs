//! Subtrees by their place in preorder.
//!
//! The nodes of a function are its statements and expressions, numbered from 0 as they stand in
//! the source; those of an expression are itself (0) and what is below it. Targets of assignments
//! are no nodes of their own, but the expressions in them are nodes.

use super::{Expr, Function, Stmt, Target};

/// A node of a function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Node<'a> {
    /// A statement.
    Stmt(&'a Stmt),
    /// An expression.
    Expr(&'a Expr),
}

/// Why a subtree could not be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// There is no node of that number.
    #[error("there is no node {0}")]
    Absent(usize),
    /// An expression was put where a statement stands, or the other way round.
    #[error("node {0} is of the other kind")]
    OtherKind(usize),
}

enum NodeMut<'a> {
    Stmt(&'a mut Stmt),
    Expr(&'a mut Expr),
}

/// Calls a closure with every node directly below a node, in order. Written once for shared and
/// once for exclusive references.
macro_rules! children {
    ($target:ident, $expr:ident, $stmt:ident, $node:ident, $iter:ident, $as_ref:ident,
     $($mutable:ident)?) => {
        fn $target<'a>(target: &'a $($mutable)? Target, visit: &mut impl FnMut($node<'a>)) {
            match target {
                Target::Name(_) => {}
                Target::Index(pair) => for e in pair.$iter() { visit($node::Expr(e)); },
                Target::Tuple(targets) => {
                    for target in targets {
                        $target(target, visit);
                    }
                }
            }
        }

        fn $expr<'a>(expr: &'a $($mutable)? Expr, visit: &mut impl FnMut($node<'a>)) {
            match expr {
                Expr::None | Expr::Bool(_) | Expr::Int(_) | Expr::Float(_) | Expr::Str(_)
                | Expr::Name(_) | Expr::Constant(_) => {}
                Expr::List(items) | Expr::Tuple(items) | Expr::And(items) | Expr::Or(items)
                | Expr::Call(_, items) | Expr::Builtin(_, items) | Expr::Method(_, items) => {
                    for e in items.$iter() { visit($node::Expr(e)); }
                }
                Expr::Dict(items) => {
                    for e in items.$iter().flatten() { visit($node::Expr(e)); }
                }
                Expr::Unary(_, operand) => visit($node::Expr(operand)),
                Expr::Binary(_, pair) | Expr::Index(pair) => {
                    for e in pair.$iter() { visit($node::Expr(e)); }
                }
                Expr::Compare(first, rest) => {
                    visit($node::Expr(first));
                    for (_, e) in rest.$iter() { visit($node::Expr(e)); }
                }
                Expr::If(three) => {
                    let [test, then, otherwise] = &$($mutable)? **three;
                    // As they stand in the source.
                    visit($node::Expr(then));
                    visit($node::Expr(test));
                    visit($node::Expr(otherwise));
                }
                Expr::Slice(slice) => {
                    visit($node::Expr(&$($mutable)? slice.value));
                    for bound in [
                        slice.lower.$as_ref(),
                        slice.upper.$as_ref(),
                        slice.step.$as_ref(),
                    ] {
                        for e in bound.into_iter() { visit($node::Expr(e)); }
                    }
                }
                Expr::Comprehension(all) => {
                    visit($node::Expr(&$($mutable)? all.element));
                    $target(&$($mutable)? all.target, visit);
                    visit($node::Expr(&$($mutable)? all.iterable));
                    for e in all.conditions.$iter() { visit($node::Expr(e)); }
                }
            }
        }

        fn $stmt<'a>(stmt: &'a $($mutable)? Stmt, visit: &mut impl FnMut($node<'a>)) {
            match stmt {
                Stmt::Assign(target, value)
                | Stmt::Augment(target, _, value) => {
                    $target(target, visit);
                    visit($node::Expr(value));
                }
                Stmt::Expr(value) => visit($node::Expr(value)),
                Stmt::If(arms, otherwise) => {
                    for arm in arms {
                        visit($node::Expr(&$($mutable)? arm.test));
                        for s in arm.body.$iter() { visit($node::Stmt(s)); }
                    }
                    for s in otherwise.$iter() { visit($node::Stmt(s)); }
                }
                Stmt::While(test, body) => {
                    visit($node::Expr(test));
                    for s in body.$iter() { visit($node::Stmt(s)); }
                }
                Stmt::For(target, iterable, body) => {
                    $target(target, visit);
                    visit($node::Expr(iterable));
                    for s in body.$iter() { visit($node::Stmt(s)); }
                }
                Stmt::Return(value) | Stmt::Raise(_, value) => {
                    for e in value.$iter() { visit($node::Expr(e)); }
                }
                Stmt::Break | Stmt::Continue | Stmt::Pass => {}
            }
        }
    };
}

children!(
    target_children,
    expr_children,
    stmt_children,
    Node,
    iter,
    as_ref,
);
children!(
    target_children_mut,
    expr_children_mut,
    stmt_children_mut,
    NodeMut,
    iter_mut,
    as_mut,
    mut
);

impl<'a> Node<'a> {
    /// Calls `visit` with every node directly below this one, in order.
    pub fn for_each_child(self, visit: &mut impl FnMut(Node<'a>)) {
        match self {
            Self::Stmt(stmt) => stmt_children(stmt, visit),
            Self::Expr(expr) => expr_children(expr, visit),
        }
    }

    /// The number of nodes from here down.
    pub fn size(self) -> usize {
        match self {
            Self::Stmt(stmt) => stmt.size(),
            Self::Expr(expr) => expr.size(),
        }
    }

    /// How many levels there are from here down; 1 for a leaf. Stops counting at `most`.
    pub(crate) fn depth_up_to(self, most: usize) -> usize {
        let mut deepest = 0;
        if most > 1 {
            self.for_each_child(&mut |child| {
                if deepest + 1 < most {
                    deepest = deepest.max(child.depth_up_to(most - 1));
                }
            });
        }
        deepest + 1
    }

    fn find(self, left: &mut usize) -> Option<Node<'a>> {
        if *left == 0 {
            return Some(self);
        }
        *left -= 1;
        let mut found = None;
        self.for_each_child(&mut |child| {
            if found.is_none() {
                found = child.find(left);
            }
        });
        found
    }
}

impl<'a> NodeMut<'a> {
    fn find(self, left: &mut usize) -> Option<Self> {
        if *left == 0 {
            return Some(self);
        }
        *left -= 1;
        let mut found = None;
        let mut visit = |child: NodeMut<'a>| {
            if found.is_none() {
                found = child.find(left);
            }
        };
        match self {
            Self::Stmt(stmt) => stmt_children_mut(stmt, &mut visit),
            Self::Expr(expr) => expr_children_mut(expr, &mut visit),
        }
        found
    }
}

impl Stmt {
    /// The number of nodes of this statement, itself included.
    pub fn size(&self) -> usize {
        let mut size = 1;
        stmt_children(self, &mut |child| size += child.size());
        size
    }
}

impl Expr {
    /// The number of nodes of this expression, itself included.
    pub fn size(&self) -> usize {
        let mut size = 1;
        expr_children(self, &mut |child| size += child.size());
        size
    }

    /// How many levels it has; 1 for a leaf.
    pub fn depth(&self) -> usize {
        Node::Expr(self).depth_up_to(usize::MAX)
    }

    /// The node of that number.
    pub fn get(&self, index: usize) -> Option<&Self> {
        let mut left = index;
        match Node::Expr(self).find(&mut left)? {
            Node::Expr(expr) => Some(expr),
            Node::Stmt(_) => None,
        }
    }

    /// The node of that number, to be changed.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Self> {
        let mut left = index;
        match NodeMut::Expr(self).find(&mut left)? {
            NodeMut::Expr(expr) => Some(expr),
            NodeMut::Stmt(_) => None,
        }
    }

    /// Puts `new` in the place of the node of that number and returns what was there.
    pub fn replace(&mut self, index: usize, new: Self) -> Result<Self, NodeError> {
        let place = self.get_mut(index).ok_or(NodeError::Absent(index))?;
        Ok(std::mem::replace(place, new))
    }
}

impl Function {
    /// The number of its nodes.
    pub fn size(&self) -> usize {
        self.body.iter().map(Stmt::size).sum()
    }

    /// How many levels of statements and expressions it has.
    pub fn depth(&self) -> usize {
        let depth = |stmt| Node::Stmt(stmt).depth_up_to(usize::MAX);
        self.body.iter().map(depth).max().unwrap_or_default()
    }

    /// Its nodes, in order.
    pub fn nodes(&self) -> Vec<Node<'_>> {
        fn collect<'a>(node: Node<'a>, nodes: &mut Vec<Node<'a>>) {
            nodes.push(node);
            node.for_each_child(&mut |child| collect(child, nodes));
        }
        let mut nodes = Vec::new();
        for stmt in &self.body {
            collect(Node::Stmt(stmt), &mut nodes);
        }
        nodes
    }

    /// The node of that number.
    pub fn get(&self, index: usize) -> Option<Node<'_>> {
        let mut left = index;
        self.body
            .iter()
            .find_map(|stmt| Node::Stmt(stmt).find(&mut left))
    }

    fn find_mut(&mut self, index: usize) -> Result<NodeMut<'_>, NodeError> {
        let mut left = index;
        self.body
            .iter_mut()
            .find_map(|stmt| NodeMut::Stmt(stmt).find(&mut left))
            .ok_or(NodeError::Absent(index))
    }

    /// The expression of that number, to be changed.
    pub fn expr_mut(&mut self, index: usize) -> Result<&mut Expr, NodeError> {
        match self.find_mut(index)? {
            NodeMut::Expr(expr) => Ok(expr),
            NodeMut::Stmt(_) => Err(NodeError::OtherKind(index)),
        }
    }

    /// The statement of that number, to be changed.
    pub fn stmt_mut(&mut self, index: usize) -> Result<&mut Stmt, NodeError> {
        match self.find_mut(index)? {
            NodeMut::Stmt(stmt) => Ok(stmt),
            NodeMut::Expr(_) => Err(NodeError::OtherKind(index)),
        }
    }

    /// Puts `new` in the place of the expression of that number and returns what was there.
    pub fn replace_expr(&mut self, index: usize, new: Expr) -> Result<Expr, NodeError> {
        Ok(std::mem::replace(self.expr_mut(index)?, new))
    }

    /// Puts `new` in the place of the statement of that number and returns what was there.
    pub fn replace_stmt(&mut self, index: usize, new: Stmt) -> Result<Stmt, NodeError> {
        Ok(std::mem::replace(self.stmt_mut(index)?, new))
    }
}
