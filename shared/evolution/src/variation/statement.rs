//! Mutations of statements.

use rand::RngExt;
use rand::seq::IndexedRandom;
use tdev_program::{Function, Name, Node, Stmt, Target, Type, Variable};

use super::anatomy::{Anatomy, unsure_reads};
use super::grow::{Grower, when};
use super::point::other_augmentation;
use super::{ATTEMPTS, offspring, tree};
use crate::{Genome, Operator, Rng, Scope, Trial};

/// Inserts, replaces, removes, swaps or moves a statement, wraps it in an `if` or a loop, unwraps
/// what is in one, replaces a condition, or assigns to another variable.
///
/// What it makes reads no more variables that may have no value than its parent does. Where the
/// scope has no statements it finds nothing to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatementMutation;

#[derive(Debug, Clone, Copy)]
enum Edit {
    InsertBefore,
    InsertAfter,
    Replace,
    Remove,
    Swap,
    Move,
    Copy,
    WrapInIf,
    WrapInLoop,
    Unwrap,
    Condition,
    Retarget,
}

const EDITS: [Edit; 12] = [
    Edit::InsertBefore,
    Edit::InsertAfter,
    Edit::Replace,
    Edit::Remove,
    Edit::Swap,
    Edit::Move,
    Edit::Copy,
    Edit::WrapInIf,
    Edit::WrapInLoop,
    Edit::Unwrap,
    Edit::Condition,
    Edit::Retarget,
];

impl Operator for StatementMutation {
    fn name(&self) -> &'static str {
        "statement"
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
        if !scope.vocabulary.statements {
            return None;
        }
        let (at, anatomy) = Anatomy::draw(parent, scope, rng)?;
        let is_stmt = |index: &usize| anatomy.stmt(*index).is_some() && !anatomy.is_fixed(*index);
        let stmts: Vec<usize> = (0..anatomy.len()).filter(is_stmt).collect();
        let unsure = unsure_reads(anatomy.function, scope);
        for _ in 0..ATTEMPTS {
            let edit = EDITS.choose(rng)?;
            let place = *stmts.choose(rng)?;
            let edited = Editor {
                anatomy: &anatomy,
                scope,
                place,
            }
            .apply(*edit, &stmts, rng);
            let edited = edited.filter(|function| match unsure_reads(function, scope) {
                Some(now) => unsure.is_none_or(|before| now <= before),
                None => false,
            });
            let child = edited.and_then(|edited| offspring(parent, at, edited, scope));
            if child.is_some() {
                return child;
            }
        }
        None
    }
}

struct Editor<'a> {
    anatomy: &'a Anatomy<'a>,
    scope: &'a Scope,
    /// The statement that is edited.
    place: usize,
}

impl Editor<'_> {
    fn apply(&self, edit: Edit, stmts: &[usize], rng: &mut Rng) -> Option<Function> {
        let stmt = self.anatomy.stmt(self.place)?;
        let is_end = matches!(stmt, Stmt::Return(_)) && self.anatomy.depth(self.place) == 0;
        if is_end && !matches!(edit, Edit::InsertBefore) {
            return None;
        }
        match edit {
            Edit::InsertBefore => self.insert(0, rng),
            Edit::InsertAfter => self.insert(1, rng),
            Edit::Replace => {
                let new = self.grower().stmts(1, rng);
                self.edited(|body, at| {
                    body.splice(at..=at, new);
                    Some(())
                })
            }
            Edit::Remove => self.edited(|body, at| {
                if body.len() == 1 {
                    return None;
                }
                body.remove(at);
                Some(())
            }),
            Edit::Swap => self.edited(|body, at| {
                let next = body.get(at + 1)?;
                if matches!(next, Stmt::Return(_)) {
                    return None;
                }
                body.swap(at, at + 1);
                Some(())
            }),
            Edit::Move => self.relocate(stmts, true, rng),
            Edit::Copy => self.relocate(stmts, false, rng),
            Edit::WrapInIf => {
                let test = self.grower().expr(Type::Bool, 3, rng);
                self.replaced(|stmt| Some(vec![when(test, vec![stmt])]))
            }
            Edit::WrapInLoop => {
                if !self.scope.vocabulary.loops {
                    return None;
                }
                let wrapped = self.grower().looped(stmt.clone(), rng);
                self.replaced(|_| Some(vec![wrapped]))
            }
            Edit::Unwrap => self.unwrap(stmt),
            Edit::Condition => self.condition(stmt, rng),
            Edit::Retarget => self.retarget(stmt, rng),
        }
    }

    fn grower(&self) -> Grower<'_> {
        Grower::at(self.anatomy, self.place, self.scope)
    }

    /// The function with a change of the body that the statement stands in, at its place.
    fn edited(&self, change: impl FnOnce(&mut Vec<Stmt>, usize) -> Option<()>) -> Option<Function> {
        let mut function = self.anatomy.function.clone();
        let (body, at) = tree::body_of(&mut function.body, self.place)?;
        change(body, at)?;
        Some(function)
    }

    fn replaced(&self, by: impl FnOnce(Stmt) -> Option<Vec<Stmt>>) -> Option<Function> {
        self.edited(|body, at| {
            let old = std::mem::replace(&mut body[at], Stmt::Pass);
            body.splice(at..=at, by(old)?);
            Some(())
        })
    }

    /// Inserts random statements, so many places behind the statement.
    fn insert(&self, behind: usize, rng: &mut Rng) -> Option<Function> {
        let mut visible = self.anatomy.visible(self.place).to_vec();
        if behind > 0 {
            match self.anatomy.stmt(self.place)? {
                Stmt::Return(_) | Stmt::Break | Stmt::Continue | Stmt::Raise(..) => return None,
                Stmt::Assign(Target::Name(name), _) => {
                    visible.retain(|known| known.name != *name);
                    let ty = self.anatomy.ty(self.place + 1);
                    let name = name.clone();
                    visible.push(Variable { name, ty });
                }
                _ => {}
            }
        }
        let in_loop = self.anatomy.in_loop(self.place);
        let new = self.grower().seeing(visible, in_loop).stmts(1, rng);
        self.edited(|body, at| {
            body.splice(at + behind..at + behind, new);
            Some(())
        })
    }

    /// Puts the statement before another, and takes it away where it was if it `moves`.
    fn relocate(&self, stmts: &[usize], moves: bool, rng: &mut Rng) -> Option<Function> {
        let to = *stmts.choose(rng)?;
        let within = self.place..self.place + self.anatomy.size(self.place);
        let stmt = self.anatomy.stmt(self.place)?;
        if within.contains(&to) || tree::leaves_loop(stmt) && !self.anatomy.in_loop(to) {
            return None;
        }
        let mut function = self.anatomy.function.clone();
        let insert = |function: &mut Function, to: usize| {
            let (body, at) = tree::body_of(&mut function.body, to)?;
            body.insert(at, stmt.clone());
            Some(())
        };
        let remove = |function: &mut Function| {
            let (body, at) = tree::body_of(&mut function.body, self.place)?;
            (body.len() > 1).then(|| body.remove(at))
        };
        // The later place first, so that the numbers of the earlier hold.
        if to > self.place {
            insert(&mut function, to)?;
            if moves {
                remove(&mut function)?;
            }
        } else {
            if moves {
                remove(&mut function)?;
            }
            insert(&mut function, to)?;
        }
        Some(function)
    }

    fn unwrap(&self, stmt: &Stmt) -> Option<Function> {
        let inner = match stmt {
            Stmt::If(arms, _) => arms.first()?.body.clone(),
            Stmt::For(_, _, body) | Stmt::While(_, body) => {
                if body.iter().any(tree::leaves_loop) {
                    return None;
                }
                body.clone()
            }
            _ => return None,
        };
        self.replaced(|_| Some(inner))
    }

    /// Another condition of an `if` or `while`.
    fn condition(&self, stmt: &Stmt, rng: &mut Rng) -> Option<Function> {
        let test = match stmt {
            Stmt::If(arms, _) => &arms.choose(rng)?.test,
            Stmt::While(test, _) => test,
            _ => return None,
        };
        let is_test = |node: &Node<'_>| matches!(node, Node::Expr(e) if std::ptr::eq(*e, test));
        let at = self.anatomy.nodes.iter().position(is_test)?;
        let new = Grower::at(self.anatomy, at, self.scope).expr(Type::Bool, 3, rng);
        self.anatomy.with_expr(at, new)
    }

    /// Another variable to assign to, or another operator to augment with.
    fn retarget(&self, stmt: &Stmt, rng: &mut Rng) -> Option<Function> {
        let (Stmt::Assign(Target::Name(name), _) | Stmt::Augment(Target::Name(name), ..)) = stmt
        else {
            return None;
        };
        let visible = self.anatomy.visible(self.place);
        let constants = &self.scope.context.constants;
        let ty = match visible.iter().find(|known| known.name == *name) {
            Some(known) => known.ty,
            None => self.anatomy.ty(self.place + 1),
        };
        let others = visible.iter().filter(|known| {
            known.ty == ty
                && known.name != *name
                && !constants.iter().any(|constant| constant.name == known.name)
        });
        let others: Vec<&Name> = others.map(|known| &known.name).collect();
        let mut new = stmt.clone();
        match &mut new {
            Stmt::Augment(_, op, _) if rng.random_bool(0.3) => {
                *op = other_augmentation(*op, &self.scope.vocabulary.binary, rng)?;
            }
            Stmt::Assign(target, _) | Stmt::Augment(target, ..) => {
                *target = Target::Name((*others.choose(rng)?).clone());
            }
            _ => return None,
        }
        self.replaced(|_| Some(vec![new]))
    }
}
