//! The Python around an agent.
//!
//! What leaves the interpreter is converted to owned values by code that checks neither time nor
//! memory, so a small structure that refers to itself many times over (`a = [a, a]`, sixty times)
//! would unfold there without end. The wrapper therefore walks every value about to leave, in
//! bytecode, where the limits hold, and lets only bounded JSON through: a function result on its
//! way out, and the arguments of a tool call.
//!
//! The walk calls no code of the agent's, so nothing can change between the check and the
//! conversion. The names it needs are taken from the interpreter's built-ins, also where the agent
//! has a global of the same name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use monty::MontyRun;
use monty_types::{CompileOptions, MontyObject, MontyType, PrintWriter, ResourceTracker};
use tdev_domain::{Tool, limits};

use crate::names::Names;

/// The host function behind every tool.
pub(crate) const CALL: &str = "__tdev_call";
/// What is called in place of a tool to raise a `RuntimeError`, whatever that name stands for.
pub(crate) const RAISE: &str = "raise";

/// The walk came through: the value is bounded.
pub(crate) const BOUNDED: i64 = 0;
/// The walk met more than the limit.
pub(crate) const TOO_LARGE: i64 = 1;
/// The walk met what is not JSON; its name is beside this.
pub(crate) const NOT_JSON: i64 = 2;

/// `@name` stands for a built-in.
///
/// The first function is a short cut for what most agents return, a small flat dict; what it does
/// not settle goes to the second.
const WALK: &str = "\
def __tdev_bounded(value):
    if @type(value) is @dict and @len(value) < 100:
        for key in value:
            if @type(key) is not @str:
                break
            item = value[key]
            kind = @type(item)
            if kind is @str:
                if @len(item) > 1000:
                    break
            elif kind is @int:
                if @abs(item) > {max_small}:
                    break
            elif not (kind is @float or kind is @bool or item is None):
                break
        else:
            return (0, value)
    return __tdev_walk(value)


def __tdev_walk(value):
    size = 0
    depth = 0
    level = [value]
    while level:
        depth += 1
        if depth > {depth}:
            break
        below = []
        for item in level:
            kind = @type(item)
            if kind is @str:
                size += @len(item)
            elif kind is @int:
                if item > {max_int} or item < {min_int}:
                    return (2, 'an integer of more than 64 bits')
            elif kind is @float or kind is @bool or item is None:
                pass
            elif @isinstance(item, @dict):
                size += @len(item)
                for key in item:
                    kind = @type(key)
                    if kind is @str:
                        size += @len(key)
                    elif kind is @int:
                        if key > {max_int} or key < {min_int}:
                            return (2, 'an integer of more than 64 bits')
                    elif not (kind is @float or kind is @bool or key is None):
                        return (2, 'a dict key of type ' + @str(kind))
                below.extend(item.values())
            elif @isinstance(item, @list) or @isinstance(item, @tuple):
                size += @len(item)
                below.extend(item)
            else:
                return (2, 'a value of type ' + @str(kind))
            if size > {size}:
                return (1, None)
        level = below
    return (0, value)
";

const RESULT: &str =
    "__tdev_bounded(get_capabilities() if __tdev_describe else execute(__tdev_input))\n";

/// The built-ins that [`WALK`] and the tools use.
const BUILTINS: [&str; 11] = [
    "abs",
    "type",
    "str",
    "int",
    "float",
    "bool",
    "list",
    "tuple",
    "dict",
    "len",
    "isinstance",
];

/// Where the agent's lines are in the wrapped source, and what it was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Lines before the agent's first.
    before: u32,
    /// Lines of the agent.
    lines: u32,
    /// The tools the agent may call.
    pub(crate) tools: BTreeSet<Tool>,
    /// Whether a call of an agent is a coroutine, so that several can be awaited at once.
    pub(crate) awaits_agents: bool,
}

impl Layout {
    /// The agent's own number for a line of the wrapped source, if the line is the agent's.
    pub(crate) fn agent_line(&self, line: u32) -> Option<u32> {
        let line = line.checked_sub(self.before)?;
        (1..=self.lines).contains(&line).then_some(line)
    }
}

/// An agent's source with the wrapper around it.
pub(crate) struct Wrapped {
    /// The whole source.
    pub(crate) text: String,
    /// The names of the inputs that the source takes.
    pub(crate) input_names: Vec<String>,
    /// The inputs after the first two, the same in each run.
    pub(crate) fixed_inputs: Vec<MontyObject>,
    /// Where the agent is in it.
    pub(crate) layout: Layout,
}

/// Wraps the agent `text`, which uses `names`.
pub(crate) fn wrap(text: &str, names: &Names, tools: &BTreeSet<Tool>) -> Wrapped {
    let mut input_names = vec!["__tdev_describe".to_owned(), "__tdev_input".to_owned()];
    let mut fixed_inputs = Vec::new();
    let awaits_agents = names.modules.contains("asyncio");
    let mut before = WALK
        .replace("{depth}", &limits::MAX_RECURSION.to_string())
        .replace("{size}", &limits::MAX_OUTPUT_BYTES.to_string())
        .replace("{max_small}", &i64::MAX.to_string())
        .replace("{max_int}", &u64::MAX.to_string())
        .replace("{min_int}", &i64::MIN.to_string());
    if !tools.is_empty() {
        input_names.push(CALL.to_owned());
        fixed_inputs.push(MontyObject::Function {
            name: CALL.to_owned(),
            docstring: None,
        });
        before.push_str(&stand_ins(names, tools));
        before.extend(tools.iter().map(|tool| definition(*tool, awaits_agents)));
    }
    for name in BUILTINS {
        let written = if names.written.contains(name) {
            let input = format!("__tdev_{name}");
            input_names.push(input.clone());
            fixed_inputs.push(builtin(name));
            input
        } else {
            name.to_owned()
        };
        before = replace_word(&before, name, &written);
    }
    let layout = Layout {
        before: line_count(&before),
        lines: line_count(text) + 1,
        tools: tools.clone(),
        awaits_agents,
    };
    Wrapped {
        text: format!("{before}{text}\n{RESULT}"),
        input_names,
        fixed_inputs,
        layout,
    }
}

/// The function by which an agent calls `tool`. Its signature is checked by calling it, as any
/// function's; its arguments go to the host by name.
fn definition(tool: Tool, awaits_agents: bool) -> String {
    let parameters = tool.parameters();
    let mut arguments = String::new();
    for parameter in parameters {
        let name = parameter.split('=').next().unwrap_or_default();
        let name = name.trim_start_matches('*');
        // What is logged is a text, whatever it was.
        let value = if (tool, name) == (Tool::Log, "message") {
            "message if @type(message) is @str else @str(message)"
        } else {
            name
        };
        let _ = write!(arguments, "'{name}': {value}, ");
    }
    let parameters = parameters.join(", ");
    let call = format!("{CALL}('{tool}', __tdev_bounded({{{arguments}}}))");
    if tool == Tool::CallAgent && awaits_agents {
        // A future that fails would fail what gathers it, and not raise where it is awaited.
        return format!(
            "async def {tool}({parameters}):\n    good, answer = await {call}\n    if good:\n        return answer\n    {CALL}('{RAISE}', answer)\n"
        );
    }
    format!("def {tool}({parameters}):\n    return {call}\n")
}

/// Replaces `@name` where the name ends there.
fn replace_word(text: &str, name: &str, by: &str) -> String {
    let marked = format!("@{name}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&marked) {
        let after = &rest[at + marked.len()..];
        let ends = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(&rest[..at]);
        out.push_str(if ends { by } else { &marked });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn line_count(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

fn builtin(name: &str) -> MontyObject {
    MontyObject::builtin_function_from_name(name).unwrap_or(MontyObject::Type(match name {
        "str" => MontyType::Str,
        "int" => MontyType::Int,
        "float" => MontyType::Float,
        "bool" => MontyType::Bool,
        "list" => MontyType::List,
        "tuple" => MontyType::Tuple,
        "dict" => MontyType::Dict,
        _ => MontyType::Type,
    }))
}

/// Functions that stand in for every global the agent calls, until it binds that name itself.
///
/// The interpreter passes a call of an unbound global to the host, arguments and all, converted
/// without a check. The stand-in drops the arguments and raises the `NameError` that is due.
fn stand_ins(names: &Names, tools: &BTreeSet<Tool>) -> String {
    let mut text = String::new();
    for name in &names.called {
        let is_tool = tools.iter().any(|tool| tool.as_str() == name);
        if !is_tool && (names.globals.contains(name) || !is_builtin(name)) {
            let _ = writeln!(
                text,
                "def {name}(*args, **kwargs): return {CALL}('', '{name}')"
            );
        }
    }
    text
}

/// Whether the interpreter knows `name` by itself; it is the only one to know.
fn is_builtin(name: &str) -> bool {
    MontyRun::new(
        name.to_owned(),
        "name",
        Vec::new(),
        CompileOptions::default(),
    )
    .is_ok_and(|run| {
        run.run(
            Vec::new(),
            ResourceTracker::default(),
            PrintWriter::Disabled,
        )
        .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, tools: &[Tool]) -> Wrapped {
        wrap(
            text,
            &Names::of(text).unwrap(),
            &tools.iter().copied().collect(),
        )
    }

    #[test]
    fn the_agents_lines_keep_their_numbers() {
        let wrapped = wrapped("a = 1\nb = 2", &[Tool::Log, Tool::Now]);
        let lines: Vec<_> = wrapped.text.lines().collect();
        let first = lines.iter().position(|line| *line == "a = 1").unwrap();
        let line = |index: usize| wrapped.layout.agent_line(u32::try_from(index + 1).unwrap());
        assert_eq!(line(first), Some(1));
        assert_eq!(line(first + 1), Some(2));
        assert_eq!(line(first - 1), None);
        assert_eq!(line(lines.len() - 1), None);
        assert!(!wrapped.text.contains('@') && !wrapped.text.contains("{size}"));
    }

    #[test]
    fn a_shadowed_builtin_becomes_an_input() {
        let plain = wrapped("x = 1", &[]);
        assert_eq!(plain.input_names.len(), 2);
        let shadowed = wrapped("def f(x):\n    type = x\n", &[]);
        assert_eq!(shadowed.input_names[2..], ["__tdev_type"]);
        assert!(shadowed.text.contains("kind = __tdev_type(item)"));
        assert_eq!(shadowed.fixed_inputs.len(), 1);
    }

    #[test]
    fn every_builtin_the_wrapper_uses_can_be_an_input() {
        for name in BUILTINS {
            assert!(is_builtin(name), "{name}");
            assert!(builtin(name).to_string().contains(name), "{name}");
        }
    }

    #[test]
    fn stand_ins_leave_builtins_alone() {
        let text = wrapped(
            "def helper(): pass\ndef sum(x): return 0\nhelper()\nlen([])\nsum([])\nmissing()\nlog()",
            &[Tool::Log],
        )
        .text;
        for (name, stands_in) in [
            ("helper", true),
            ("sum", true),
            ("missing", true),
            ("len", false),
            ("log", false),
        ] {
            let def = format!("def {name}(*args");
            assert_eq!(text.contains(&def), stands_in, "{name}");
        }
    }
}
