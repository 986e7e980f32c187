//! The registry of rules: every rule there is, with its severity and its cure.

use tdev_domain::Severity;

/// One thing the analysis looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The stable identifier: a group (`STR`, `TOOL`, `SEC`, `QUA`) and a number.
    pub id: &'static str,
    /// The weight of each of its findings.
    pub severity: Severity,
    /// What it looks for, in a few words.
    pub title: &'static str,
    /// What an author should do about a finding.
    pub advice: &'static str,
}

/// Declares each rule as a constant and all of them as [`RULES`], so that none can be left out.
macro_rules! rules {
    ($($name:ident $id:literal $severity:ident $title:literal $advice:literal;)+) => {
        $(pub(crate) const $name: Rule = Rule {
            id: $id,
            severity: Severity::$severity,
            title: $title,
            advice: $advice,
        };)+

        /// Every rule, by group and number.
        pub const RULES: &[Rule] = &[$($name),+];
    };
}

rules! {
    // Structure: what the sandbox needs of an agent.
    SYNTAX "STR001" Error "syntax error"
        "Correct the syntax; the caret shows where the parser gave up.";
    TOO_NESTED "STR002" Error "nesting too deep"
        "Split the expression or the blocks into named parts.";
    NO_EXECUTE "STR003" Error "`execute` is missing"
        "Define `def execute(input):` at the top level of the module.";
    NO_GET_CAPABILITIES "STR004" Error "`get_capabilities` is missing"
        "Define `def get_capabilities():` at the top level of the module.";
    NOT_PLAIN "STR005" Error "entry point is not a plain function"
        "Define it once, with `def`, at the top level: not async, not a generator, not decorated, not reassigned.";
    EXECUTE_ARITY "STR006" Error "`execute` takes the wrong parameters"
        "Give `execute` exactly one required positional parameter, the input.";
    GET_CAPABILITIES_ARITY "STR007" Error "`get_capabilities` takes parameters"
        "Let `get_capabilities` require no parameters.";
    EVOLVE_MARKERS "STR008" Error "EVOLVE-BLOCK markers do not pair up"
        "Write one `# EVOLVE-BLOCK-START` and, after it, one `# EVOLVE-BLOCK-END`, each on a line of its own.";
    MISSING_MODULE "STR009" Warning "module the sandbox lacks"
        "Use the modules the sandbox has (base64, binascii, collections, dataclasses, datetime, functools, itertools, json, math, re, typing, unicodedata) or write the few lines yourself.";

    // Tools: what an agent calls against what it declares.
    UNDECLARED_TOOL "TOOL001" Error "tool used but not declared"
        "Add the tool to `tools` in `get_capabilities()`.";
    UNUSED_TOOL "TOOL002" Warning "tool declared but not used"
        "Remove the tool from `tools`: an agent should ask for no more than it uses.";
    SHADOWED_TOOL "TOOL003" Info "tool's name taken by a definition of the agent"
        "Rename the definition if you meant the tool; calls reach the definition.";

    // Security: names and modules.
    FORBIDDEN_IMPORT "SEC001" Danger "import of a module that reaches outside"
        "Agents have no file system, network, process or interpreter access; use a declared tool instead.";
    UNKNOWN_IMPORT "SEC002" Danger "import of an unknown module"
        "Only the sandbox's modules can be imported; put the code you need into the agent.";
    DYNAMIC_CODE "SEC003" Danger "code made at run time"
        "Write the code out; nothing may be evaluated, executed, compiled or imported from text.";
    HOST_ACCESS "SEC004" Danger "access to the host"
        "Take data from the input and return it; agents have no files, console or debugger.";
    NAMESPACE_ACCESS "SEC005" Danger "access to namespaces or attributes by computed name"
        "Use a dict, or name the attribute in the source.";
    DUNDER_ATTRIBUTE "SEC006" Danger "special attribute that leads into the interpreter"
        "Use the public operation instead (`type(x)`, `len(x)`, iteration …).";
    DUNDER_NAME "SEC007" Danger "special name that leads into the interpreter"
        "Leave the interpreter's own names alone.";
    RESERVED_NAME "SEC008" Danger "name reserved for the platform"
        "Choose a name that does not start with `__tdev`.";
    INTROSPECTION_TEXT "SEC009" Danger "special attribute reached through a string"
        "Format and look up plain names only.";
    FRAME_ATTRIBUTE "SEC010" Danger "frame, code or traceback attribute"
        "Leave frames, code objects and tracebacks alone.";
    MODULE_INTERNALS "SEC011" Danger "module reached through another module"
        "Use the module's public functions only.";
    MONKEY_PATCH "SEC012" Danger "module or built-in changed at run time"
        "Define a function of your own instead of replacing another's.";

    // Security: hidden content.
    ENCODED_PAYLOAD "SEC020" Danger "encoded payload"
        "Write data and code in plain text.";
    ASSEMBLED_NAME "SEC021" Danger "dangerous name put together from pieces"
        "Write names out; if the text is harmless data, write it as one literal.";
    HIDDEN_CHARACTER "SEC022" Danger "invisible or direction-changing character"
        "Remove the character, or write it as an escape such as `\\u200b`.";
    CONFUSABLE_NAME "SEC023" Danger "name that looks like another"
        "Write names in one script, without compatibility letters.";
    SECRET "SEC024" Danger "secret in the source"
        "Revoke the secret and remove it; an artifact is stored and can be read.";
    SUSPICIOUS_HOST "SEC025" Danger "address typical of exfiltration"
        "Agents have no network; remove the address.";
    PROMPT_INJECTION "SEC026" Danger "text that instructs a reader's model"
        "Describe the agent to people; remove instructions aimed at a reviewing model.";

    // Security: resources.
    ENDLESS_LOOP "SEC030" Danger "loop without an exit"
        "Bound the loop, or leave it with `break`, `return` or `raise`.";
    ENDLESS_ITERATOR "SEC031" Danger "endless iterator consumed"
        "Bound it with `islice`, `zip` with something finite, or `break`.";
    ENDLESS_RECURSION "SEC032" Danger "recursion without a base case"
        "Return before the recursive call in some case, and recurse on something smaller.";
    HUGE_VALUE "SEC033" Danger "value too large for any run"
        "Compute with sizes that follow from the input, below the memory limit.";
    HUGE_WORK "SEC034" Danger "more work than any run has time for"
        "Bound the work by the input's size.";
    WIDTH_BOMB "SEC035" Danger "format width or precision too large"
        "Format with widths of a page, not of a disk.";
    SLOW_PATTERN "SEC036" Danger "regular expression with runaway backtracking"
        "Rewrite the pattern so that no text can be matched in many ways: no nested or overlapping repeats.";
    SWALLOWED_LIMIT "SEC037" Danger "handler that keeps a loop alive through every error"
        "Catch the errors you expect, by name, and let the rest end the run.";
    ENDLESS_STRUCTURE "SEC038" Danger "structure that contains itself"
        "Return a tree: nothing may contain itself or nest without end.";
    BROKEN_ORDER "SEC039" Danger "comparison that is no order"
        "Compare by the values, so that `a < b` and `b < a` are never both true.";

    // Security: conduct.
    IMPORT_TIME_TOOL "SEC040" Danger "tool called while the module loads"
        "Call tools from `execute` only.";
    SHIFTING_MANIFEST "SEC041" Danger "`get_capabilities` depends on more than itself"
        "Return the same manifest always: no tools, no state, no clock.";
    TOOL_FLOOD "SEC042" Danger "tool called more often than a run may"
        "Call the tool once with all there is to say.";

    // Quality.
    COMPLEX "QUA001" Warning "function too complex"
        "Split the function; each part should do one thing.";
    LONG_FUNCTION "QUA002" Warning "function too long"
        "Split the function into named steps.";
    NO_DOCSTRING "QUA003" Info "no docstring"
        "Say in the module's docstring what the agent does.";
    UNUSED_PARAMETER "QUA004" Info "parameter not used"
        "Remove the parameter, or use it.";
    UNREACHABLE "QUA005" Warning "code that is never reached"
        "Remove it.";
    MUTABLE_DEFAULT "QUA006" Warning "mutable default value"
        "Default to `None` and make the value inside.";
    GLOBAL_STATE "QUA007" Warning "module state changed by a function"
        "Keep state in local variables: nothing lasts from one run to the next.";
    CATCH_ALL "QUA008" Warning "handler that catches everything and says nothing"
        "Catch the errors you expect, by name.";
    UNDEFINED_NAME "QUA009" Warning "name that is defined nowhere"
        "Define it, import it, or correct the spelling.";
    UNSTABLE_VALUE "QUA010" Warning "value that differs from run to run"
        "Avoid `id` and `hash`: the same input should give the same output.";
    IMPORT_TIME_WORK "QUA011" Warning "work done while the module loads"
        "Move it into `execute`: the module is loaded for every call.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_are_unique_and_well_formed() {
        let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        for id in ids {
            let digits = id.trim_start_matches(|c: char| c.is_ascii_uppercase());
            assert!(matches!(
                &id[..id.len() - digits.len()],
                "STR" | "TOOL" | "SEC" | "QUA"
            ));
            assert!(
                digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()),
                "{id}"
            );
        }
    }

    #[test]
    fn the_group_tells_the_severity() {
        for rule in RULES {
            let grave = rule.severity >= Severity::Danger;
            if rule.id.starts_with("SEC") {
                assert_eq!(rule.severity, Severity::Danger, "{}", rule.id);
            } else if rule.id.starts_with("QUA") {
                assert!(!grave, "{}", rule.id);
            }
        }
    }

    #[test]
    fn every_rule_says_what_to_do() {
        for rule in RULES {
            assert!(
                !rule.title.is_empty() && rule.advice.ends_with('.'),
                "{}",
                rule.id
            );
        }
    }
}
