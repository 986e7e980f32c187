//! One function: its variables, registers and jumps.

use super::op::{Code, Op, Reg};
use super::{Build, CompileError, Globals, Result, each_stmt};
use crate::ast::{Expr, Function, Name, Stmt, Target};
use crate::vm::Val;

/// The most registers of a function: a frame of them is set up per call.
const MAX_REGISTERS: Reg = 4096;

/// A place to jump to that is not known yet.
#[derive(Clone, Copy)]
pub(super) struct Label(usize);

/// A loop around the statement that is compiled.
#[derive(Clone, Copy)]
pub(super) struct Loop {
    pub(super) again: Label,
    pub(super) end: Label,
    /// The iterator that `break` leaves.
    pub(super) iter: Option<Reg>,
}

pub(super) struct Compiler<'a, 'b> {
    pub(super) name: String,
    pub(super) globals: &'b Globals<'a>,
    build: &'b mut Build,
    variables: Vec<&'b Name>,
    /// Which variables surely have a value here.
    pub(super) bound: Vec<bool>,
    /// The variables of the comprehensions around, innermost last.
    pub(super) inner: Vec<(&'b Name, Reg)>,
    pub(super) loops: Vec<Loop>,
    ops: Vec<Op>,
    /// Where each label is, once it is known.
    labels: Vec<Option<u16>>,
    /// The first register that is free.
    free: Reg,
    most: Reg,
    pub(super) in_constant: bool,
}

fn targets<'a>(target: &'a Target, names: &mut Vec<&'a Name>) {
    match target {
        Target::Name(name) if !names.contains(&name) => names.push(name),
        Target::Name(_) | Target::Index(_) => {}
        Target::Tuple(all) => all.iter().for_each(|target| targets(target, names)),
    }
}

impl<'a, 'b> Compiler<'a, 'b> {
    fn new(name: &Name, globals: &'b Globals<'a>, build: &'b mut Build) -> Self {
        Self {
            name: name.to_string(),
            globals,
            build,
            variables: Vec::new(),
            bound: Vec::new(),
            inner: Vec::new(),
            loops: Vec::new(),
            ops: Vec::new(),
            labels: Vec::new(),
            free: 0,
            most: 0,
            in_constant: false,
        }
    }

    pub(super) fn function(
        function: &'b Function,
        globals: &'b Globals<'a>,
        build: &'b mut Build,
    ) -> Result<Code> {
        let mut this = Self::new(&function.name, globals, build);
        this.variables = function.params.iter().map(|param| &param.name).collect();
        let params = this.variables.len();
        each_stmt(&function.body, &mut |stmt| match stmt {
            Stmt::Assign(target, _) | Stmt::Augment(target, ..) | Stmt::For(target, ..) => {
                targets(target, &mut this.variables);
            }
            _ => {}
        });
        let variables = this.variables.len();
        this.bound = (0..variables).map(|index| index < params).collect();
        this.reserve(variables)?;
        this.body(&function.body)?;
        let value = this.temporary()?;
        this.constant_to(value, Val::None)?;
        this.emit(Op::Return { a: value });
        this.finish(params, variables)
    }

    /// The code that evaluates a constant of the module.
    pub(super) fn constant(
        name: &Name,
        value: &'b Expr,
        globals: &'b Globals<'a>,
        build: &'b mut Build,
    ) -> Result<Code> {
        let mut this = Self::new(name, globals, build);
        this.in_constant = true;
        let a = this.value(value)?;
        this.emit(Op::Return { a });
        this.finish(0, 0)
    }

    fn finish(self, params: usize, variables: usize) -> Result<Code> {
        let too_large = || CompileError::TooLarge(self.name.clone());
        if self.ops.len() > usize::from(u16::MAX) {
            return Err(too_large());
        }
        let params = u16::try_from(params).map_err(|_| too_large())?;
        let variables = u16::try_from(variables).map_err(|_| too_large())?;
        let labels = &self.labels;
        let place = |to: u16| labels[usize::from(to)].unwrap_or_default();
        let mut ops = self.ops;
        for op in &mut ops {
            match op {
                Op::Jump { to }
                | Op::JumpIf { to, .. }
                | Op::Unless { to, .. }
                | Op::When { to, .. }
                | Op::Next { to, .. }
                | Op::NextPair { to, .. } => *to = place(*to),
                _ => {}
            }
        }
        Ok(Code {
            name: self.name,
            params,
            variables,
            registers: self.most,
            ops,
        })
    }

    pub(super) fn emit(&mut self, op: Op) {
        self.ops.push(op);
    }

    pub(super) fn label(&mut self) -> Result<Label> {
        if self.labels.len() >= usize::from(u16::MAX) {
            return Err(CompileError::TooLarge(self.name.clone()));
        }
        self.labels.push(None);
        Ok(Label(self.labels.len() - 1))
    }

    pub(super) fn place(&mut self, label: Label) {
        // A function that has grown past this is refused in the end.
        self.labels[label.0] = u16::try_from(self.ops.len()).ok();
    }

    /// What stands in an instruction until the labels are placed.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "there are no more labels than fit"
    )]
    pub(super) fn to(label: Label) -> u16 {
        label.0 as u16
    }

    fn reserve(&mut self, count: usize) -> Result<Reg> {
        let first = self.free;
        let free = usize::from(first) + count;
        match Reg::try_from(free) {
            Ok(free) if free <= MAX_REGISTERS => {
                self.free = free;
                self.most = self.most.max(free);
                Ok(first)
            }
            _ => Err(CompileError::TooLarge(self.name.clone())),
        }
    }

    /// A register for what lies between; free again after [`Self::release_to`].
    pub(super) fn temporary(&mut self) -> Result<Reg> {
        self.reserve(1)
    }

    pub(super) fn temporaries(&mut self, count: usize) -> Result<Reg> {
        self.reserve(count)
    }

    pub(super) fn mark(&self) -> Reg {
        self.free
    }

    pub(super) fn release_to(&mut self, mark: Reg) {
        self.free = mark;
    }

    pub(super) fn constant_to(&mut self, d: Reg, value: Val) -> Result<()> {
        let is_same = |known: &Val| match (*known, value) {
            (Val::None, Val::None) => true,
            (Val::Bool(a), Val::Bool(b)) => a == b,
            (Val::Int(a), Val::Int(b)) => a == b,
            (Val::Float(a), Val::Float(b)) => a.to_bits() == b.to_bits(),
            (Val::Str(a), Val::Str(b)) => a.start == b.start && a.len == b.len,
            _ => false,
        };
        let consts = &mut self.build.pool.consts;
        let k = consts.iter().position(is_same).unwrap_or_else(|| {
            consts.push(value);
            consts.len() - 1
        });
        let k = u16::try_from(k).map_err(|_| CompileError::TooLarge(self.name.clone()))?;
        self.emit(Op::Const { d, k });
        Ok(())
    }

    /// A string literal as a value.
    pub(super) fn text(&mut self, text: &str) -> Val {
        let image = &mut self.build.image;
        let known = self.build.pool.consts.iter().find(|known| match known {
            Val::Str(span) => image.str(*span) == text,
            _ => false,
        });
        if let Some(known) = known {
            return *known;
        }
        let start = image.text.len();
        image.text.push_str(text);
        Val::Str(image.span_from(start))
    }

    /// The register of a variable.
    pub(super) fn variable(&self, name: &Name) -> Option<Reg> {
        let inner = self.inner.iter().rev().find(|(known, _)| *known == name);
        if let Some((_, reg)) = inner {
            return Some(*reg);
        }
        let at = self.variables.iter().position(|known| *known == name)?;
        Reg::try_from(at).ok()
    }

    /// Whether a variable of the function, or of a comprehension around, has this name.
    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.inner.iter().any(|(known, _)| *known == name)
            || self.variables.iter().any(|known| *known == name)
    }

    /// Notes that the variable in `reg` has a value from here on.
    pub(super) fn bind(&mut self, reg: Reg) {
        if let Some(bound) = self.bound.get_mut(usize::from(reg)) {
            *bound = true;
        }
    }

    /// Makes sure that the variable in `reg` has a value when it is read here.
    pub(super) fn check_bound(&mut self, reg: Reg) {
        if self.bound.get(usize::from(reg)) == Some(&false) {
            self.emit(Op::Bound { a: reg });
            // Past the check it surely has one.
            self.bind(reg);
        }
    }
}
