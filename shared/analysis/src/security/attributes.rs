//! Attributes: special ones, frames and code, the insides of modules, and their replacement.

use ruff_python_ast::{Expr, ExprAttribute, Stmt};
use ruff_text_size::TextRange;

use super::{imports, is_dangerous_dunder};
use crate::rules;
use crate::scope::{Binding, Resolved};
use crate::tree;
use crate::walk::Walk;

/// Special methods and attributes that are public operations, to define and to call.
const OPERATIONS: &[&str] = &[
    "__abs__",
    "__add__",
    "__aenter__",
    "__aexit__",
    "__aiter__",
    "__all__",
    "__and__",
    "__anext__",
    "__annotations__",
    "__author__",
    "__await__",
    "__bool__",
    "__bytes__",
    "__call__",
    "__cause__",
    "__ceil__",
    "__class_getitem__",
    "__complex__",
    "__contains__",
    "__context__",
    "__copy__",
    "__dataclass_fields__",
    "__deepcopy__",
    "__delattr__",
    "__delitem__",
    "__dir__",
    "__divmod__",
    "__doc__",
    "__enter__",
    "__eq__",
    "__exit__",
    "__float__",
    "__floor__",
    "__floordiv__",
    "__format__",
    "__fspath__",
    "__ge__",
    "__get__",
    "__getattr__",
    "__getitem__",
    "__gt__",
    "__hash__",
    "__iadd__",
    "__iand__",
    "__ifloordiv__",
    "__ilshift__",
    "__imatmul__",
    "__imod__",
    "__imul__",
    "__index__",
    "__init__",
    "__int__",
    "__invert__",
    "__ior__",
    "__ipow__",
    "__irshift__",
    "__isub__",
    "__iter__",
    "__itruediv__",
    "__ixor__",
    "__le__",
    "__len__",
    "__length_hint__",
    "__lshift__",
    "__lt__",
    "__match_args__",
    "__matmul__",
    "__members__",
    "__missing__",
    "__mod__",
    "__module__",
    "__mul__",
    "__name__",
    "__ne__",
    "__neg__",
    "__new__",
    "__next__",
    "__notes__",
    "__or__",
    "__pos__",
    "__post_init__",
    "__pow__",
    "__qualname__",
    "__radd__",
    "__rand__",
    "__rdivmod__",
    "__repr__",
    "__reversed__",
    "__rfloordiv__",
    "__rlshift__",
    "__rmatmul__",
    "__rmod__",
    "__rmul__",
    "__ror__",
    "__round__",
    "__rpow__",
    "__rrshift__",
    "__rshift__",
    "__rsub__",
    "__rtruediv__",
    "__rxor__",
    "__set__",
    "__set_name__",
    "__setattr__",
    "__setitem__",
    "__sizeof__",
    "__slots__",
    "__str__",
    "__sub__",
    "__suppress_context__",
    "__truediv__",
    "__trunc__",
    "__version__",
    "__xor__",
];

/// Special methods that change how objects are made, found, pickled or let go of.
const TRICKY_METHODS: &[&str] = &[
    "__build_class__",
    "__builtins__",
    "__class__",
    "__code__",
    "__del__",
    "__dict__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__loader__",
    "__mro_entries__",
    "__prepare__",
    "__reduce__",
    "__reduce_ex__",
    "__spec__",
    "__subclasses__",
];

/// Attributes of frames, code objects, tracebacks, generators and old-style functions.
const FRAMES: &[&str] = &[
    "gi_frame",
    "gi_code",
    "gi_yieldfrom",
    "gi_running",
    "cr_frame",
    "cr_code",
    "cr_await",
    "cr_origin",
    "ag_frame",
    "ag_code",
    "ag_await",
    "tb_frame",
    "tb_next",
    "tb_lasti",
    "tb_lineno",
    "f_globals",
    "f_locals",
    "f_builtins",
    "f_back",
    "f_code",
    "f_trace",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_freevars",
    "func_globals",
    "func_code",
    "func_closure",
    "func_defaults",
    "im_func",
    "im_self",
    "im_class",
];

/// Whether an attribute of this name leads into the interpreter.
pub(super) fn is_unsafe(name: &str) -> bool {
    FRAMES.contains(&name) || (tree::is_dunder(name) && !OPERATIONS.contains(&name))
}

/// Judges an attribute by its name alone.
pub(super) fn name(walk: &mut Walk<'_, '_>, name: &str, range: TextRange) {
    if FRAMES.contains(&name) {
        let message = format!("`{name}` belongs to a frame, code object or traceback");
        walk.add(&rules::FRAME_ATTRIBUTE, range, message);
    } else if is_unsafe(name) {
        walk.add(
            &rules::DUNDER_ATTRIBUTE,
            range,
            format!("`{name}` leads into the interpreter"),
        );
    }
}

pub(super) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    match expr {
        Expr::Attribute(attribute) => self::attribute(walk, expr, attribute),
        Expr::Call(call) => {
            excuse_class(walk, &call.func);
            if matches!(walk.unbound(&call.func), Some("isinstance" | "issubclass")) {
                for argument in &call.arguments.args {
                    excuse_class(walk, argument);
                }
            }
            if let Expr::Attribute(method) = &*call.func {
                match method.attr.id.as_str() {
                    "mro" if call.arguments.is_empty() => {
                        walk.add(
                            &rules::DUNDER_ATTRIBUTE,
                            expr,
                            "`mro` lists a class's ancestors",
                        );
                    }
                    "get" | "pop" | "setdefault" | "__getitem__" => {
                        if let Some(key) = call.arguments.args.first() {
                            self::key(walk, key);
                        }
                    }
                    _ => {}
                }
            }
            for keyword in &call.arguments.keywords {
                if let Some(name) = &keyword.arg
                    && is_dangerous_dunder(name.id.as_str())
                {
                    let message = format!("`{}` is passed as a keyword", name.id);
                    walk.add(&rules::INTROSPECTION_TEXT, keyword.range, message);
                }
            }
        }
        Expr::Compare(compare) => {
            for side in std::iter::once(&*compare.left).chain(&*compare.comparators) {
                excuse_class(walk, side);
            }
        }
        Expr::Subscript(subscript) => key(walk, &subscript.slice),
        _ => {}
    }
}

/// A key that is a special attribute: a namespace is being searched.
fn key<'a>(walk: &mut Walk<'a, '_>, key: &'a Expr) {
    if let Some(name) = walk.text(key)
        && is_dangerous_dunder(&name)
    {
        walk.add(
            &rules::INTROSPECTION_TEXT,
            key,
            format!("`{name}` is looked up by key"),
        );
    }
}

/// `x.__class__` is harmless where a class is only named, compared or called, for a plain `x`.
fn excuse_class(walk: &mut Walk<'_, '_>, expr: &Expr) {
    if let Expr::Attribute(attribute) = expr
        && attribute.attr.id == "__class__"
        && tree::name(&attribute.value).is_some()
    {
        walk.excuse(attribute.attr.range);
    }
}

fn attribute(walk: &mut Walk<'_, '_>, expr: &Expr, attribute: &ExprAttribute) {
    let attr = attribute.attr.id.as_str();
    if matches!(attr, "__name__" | "__qualname__") {
        excuse_class(walk, &attribute.value);
    }
    let own_dict = attr == "__dict__" && tree::name(&attribute.value) == Some("self");
    if !walk.is_excused(attribute.attr.range) && !own_dict {
        name(walk, attr, attribute.attr.range);
    }
    if let Some(module) = walk.path(&attribute.value)
        && imports::is_in_sandbox(&module)
        && is_imported(walk, &attribute.value)
    {
        if imports::reaches_outside(&module, attr) {
            let message = format!("`{module}.{attr}` reaches outside the sandbox");
            walk.add(&rules::FORBIDDEN_IMPORT, expr, message);
        }
        if (attr.starts_with('_') && !tree::is_dunder(attr)) || imports::is_module(attr) {
            let message = format!("`{attr}` is not what `{module}` is for");
            walk.add(&rules::MODULE_INTERNALS, expr, message);
        }
    }
}

/// Whether the expression is a name that some import binds, directly or by another name.
fn is_imported(walk: &Walk<'_, '_>, expr: &Expr) -> bool {
    use ruff_text_size::Ranged;
    let Some(name) = tree::root_name(expr) else {
        return false;
    };
    match walk.scopes.resolve(walk.scope, name, expr.start()) {
        Resolved::Unbound => false,
        Resolved::Perhaps(_, bindings) | Resolved::Bound(_, bindings) => {
            bindings.iter().any(|binding| {
                matches!(
                    binding,
                    Binding::Module(_) | Binding::Member(..) | Binding::Value(Expr::Name(_))
                )
            })
        }
    }
}

/// Assignment to, or deletion of, something that belongs to a module or a built-in type.
pub(super) fn stmt(walk: &mut Walk<'_, '_>, stmt: &Stmt) {
    let targets: Vec<&Expr> = match stmt {
        Stmt::Assign(assign) => assign.targets.iter().collect(),
        Stmt::AugAssign(assign) => vec![&assign.target],
        Stmt::AnnAssign(assign) => vec![&assign.target],
        Stmt::Delete(delete) => delete.targets.iter().collect(),
        Stmt::FunctionDef(def) => {
            if TRICKY_METHODS.contains(&def.name.id.as_str()) {
                let message = format!("`{}` changes how objects are made or found", def.name.id);
                walk.add(&rules::DUNDER_ATTRIBUTE, def.name.range, message);
            }
            return;
        }
        _ => return,
    };
    for target in targets {
        let Expr::Attribute(attribute) = target else {
            continue;
        };
        let owner = &*attribute.value;
        let built_in = walk
            .unbound(owner)
            .is_some_and(|name| walk.tool(owner).is_none() && !walk.scopes.binds_anywhere(name));
        if built_in || is_module_or_member(walk, owner) {
            let message = format!(
                "`{}` of something imported or built in is changed",
                attribute.attr.id
            );
            walk.add(&rules::MONKEY_PATCH, target, message);
        }
    }
}

fn is_module_or_member(walk: &Walk<'_, '_>, owner: &Expr) -> bool {
    is_imported(walk, owner)
        && walk
            .path(owner)
            .is_some_and(|path| imports::is_in_sandbox(path.split('.').next().unwrap_or_default()))
}
