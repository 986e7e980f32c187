//! Calls.

use super::function::Compiler;
use super::op::{Op, Reg};
use super::{CompileError, Result};
use crate::ast::{Builtin, Expr, Method, Name};
use crate::vm::MAX_ZIPPED;

impl<'b> Compiler<'_, 'b> {
    fn undefined(&self, name: &str) -> CompileError {
        CompileError::UndefinedFunction {
            function: self.name.clone(),
            name: name.to_owned(),
        }
    }

    fn arity(&self, name: &str) -> CompileError {
        CompileError::Arity {
            function: self.name.clone(),
            name: name.to_owned(),
        }
    }

    pub(super) fn call(&mut self, name: &'b Name, arguments: &'b [Expr], d: Reg) -> Result<()> {
        if self.in_constant {
            return Err(CompileError::CallInConstant(self.name.clone()));
        }
        let functions = &self.globals.functions;
        let found = functions.iter().position(|(known, _)| *known == name);
        let Some(at) = found.filter(|_| !self.is_variable(name)) else {
            return Err(self.undefined(name));
        };
        if functions[at].1 != arguments.len() {
            return Err(self.arity(name));
        }
        let function = self.count(at)?;
        // The registers of what is called begin at its arguments, above all that is in use.
        let first = self.consecutive(arguments)?;
        self.emit(Op::Call { d, function, first });
        Ok(())
    }

    pub(super) fn builtin(
        &mut self,
        builtin: Builtin,
        arguments: &'b [Expr],
        d: Reg,
    ) -> Result<()> {
        let name = builtin.as_str();
        if self.is_variable(name) {
            return Err(self.undefined(name));
        }
        let (least, most) = builtin.arity();
        let most = if builtin == Builtin::Zip {
            MAX_ZIPPED
        } else {
            most
        };
        if !(least..=most).contains(&arguments.len()) {
            return Err(self.arity(name));
        }
        let n = u8::try_from(arguments.len()).map_err(|_| self.arity(name))?;
        let first = self.temporaries(arguments.len())?;
        for (index, (argument, reg)) in arguments.iter().zip(first..).enumerate() {
            let mark = self.mark();
            if consumes(builtin, index, argument, arguments.len()) {
                self.iterable_to(argument, reg)?;
            } else {
                self.compute(argument, reg)?;
            }
            self.release_to(mark);
        }
        self.emit(Op::Builtin {
            builtin,
            n,
            d,
            first,
        });
        Ok(())
    }

    pub(super) fn method(&mut self, method: Method, arguments: &'b [Expr], d: Reg) -> Result<()> {
        let (least, most) = method.arity();
        let given = arguments
            .len()
            .checked_sub(1)
            .ok_or_else(|| self.malformed())?;
        if !(least..=most).contains(&given) {
            return Err(self.arity(method.as_str()));
        }
        let n = u8::try_from(arguments.len()).map_err(|_| self.arity(method.as_str()))?;
        let first = self.temporaries(arguments.len())?;
        let consumes = matches!(method, Method::Join | Method::Extend);
        for (index, (argument, reg)) in arguments.iter().zip(first..).enumerate() {
            let mark = self.mark();
            if consumes && index == 1 {
                self.iterable_to(argument, reg)?;
            } else {
                self.compute(argument, reg)?;
            }
            self.release_to(mark);
        }
        self.emit(Op::Method {
            method,
            n,
            d,
            first,
        });
        Ok(())
    }
}

/// Whether a built-in function consumes an argument that is an iterator at once.
fn consumes(builtin: Builtin, index: usize, argument: &Expr, arguments: usize) -> bool {
    match builtin {
        Builtin::Zip => true,
        Builtin::Min | Builtin::Max => arguments == 1,
        // Python knows the length, or the end, of these alone.
        Builtin::Len | Builtin::Reversed => matches!(
            argument,
            Expr::Builtin(Builtin::Range, _)
                | Expr::Method(Method::Keys | Method::Values | Method::Items, _)
        ),
        _ => index == 0 && builtin.consumes_iterable(),
    }
}
