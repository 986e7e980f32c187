//! JSON Schemas of an agent's input and output.
//!
//! A schema comes from an agent's author and is evaluated for every call, so that more is asked of
//! it than to be valid: it must be self-contained, and evaluating it must take time that is
//! bounded by its size times the instance's. References may therefore not be recursive, a schema
//! with all its references written out may not be large, `unevaluated…` keywords (which evaluate
//! everything below them again) are out, and patterns run on an engine that never backtracks.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};
use tdev_domain::{Finding, Severity};

use crate::finding::{SCHEMA_INVALID, SCHEMA_UNSUPPORTED, quoted};

/// The most subschemas, each counted as often as it is referred to.
const MAX_SUBSCHEMAS: usize = 1_000;
/// The most bytes that one compiled pattern may take.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keywords whose value is a schema.
const SCHEMA: [&str; 10] = [
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "additionalItems",
];
/// Keywords whose value is a list of schemas.
const SCHEMAS: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Keywords whose value is an object of schemas.
const NAMED_SCHEMAS: [&str; 4] = [
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
];
/// Keywords that are valid and out of bounds.
const REFUSED: [&str; 8] = [
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Compiles the schema that the manifest's `field` holds; a finding says why it cannot be used.
pub(crate) fn compile(field: &str, schema: &Value) -> Result<Validator, Finding> {
    let mut walk = Walk {
        root: schema,
        open: Vec::new(),
        subschemas: 0,
    };
    walk.schema(schema).map_err(|reason| {
        SCHEMA_UNSUPPORTED.finding(Severity::Error, format!("`{field}`: {reason}"))
    })?;
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(MAX_PATTERN_BYTES)
                .dfa_size_limit(MAX_PATTERN_BYTES),
        )
        .build(schema)
        .map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/" } else { &place };
            let error = quoted(&error.to_string());
            SCHEMA_INVALID.finding(Severity::Error, format!("`{field}` at {place}: {error}"))
        })
}

/// Why `instance` breaks the schema: its first error and its place, without repeating values.
pub(crate) fn violation(schema: &Validator, instance: &Value) -> Option<String> {
    let error = schema.validate(instance).err()?;
    let place = error.instance_path().to_string();
    let place = if place.is_empty() { "/" } else { &place };
    Some(format!(
        "at {place}, {}",
        quoted(&error.masked_with("it").to_string())
    ))
}

/// A walk over a schema with all its references written out.
struct Walk<'a> {
    root: &'a Value,
    /// The references that are being followed.
    open: Vec<&'a str>,
    subschemas: usize,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Value) -> Result<(), String> {
        self.subschemas += 1;
        if self.subschemas > MAX_SUBSCHEMAS {
            return Err(format!(
                "more than {MAX_SUBSCHEMAS} subschemas, each counted as often as it is referred to"
            ));
        }
        // Whether it is a schema at all is for the meta-schema to say.
        let Value::Object(keywords) = schema else {
            return Ok(());
        };
        self.limits(schema, keywords)?;
        for name in SCHEMA {
            if let Some(schema) = keywords.get(name) {
                self.schema(schema)?;
            }
        }
        for name in SCHEMAS {
            for schema in keywords
                .get(name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.schema(schema)?;
            }
        }
        for name in NAMED_SCHEMAS {
            let named = keywords.get(name).and_then(Value::as_object);
            for schema in named.into_iter().flat_map(Map::values) {
                self.schema(schema)?;
            }
        }
        match keywords.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.reference(reference),
            None => Ok(()),
        }
    }

    fn limits(&self, schema: &Value, keywords: &Map<String, Value>) -> Result<(), String> {
        if let Some(name) = REFUSED.iter().find(|name| keywords.contains_key(**name)) {
            return Err(format!("the keyword `{name}` is not supported"));
        }
        if keywords.contains_key("$id") && !std::ptr::eq(schema, self.root) {
            return Err("`$id` is supported at the top only".to_owned());
        }
        match keywords.get("$schema") {
            Some(Value::String(dialect)) if dialect.trim_end_matches('#') != DIALECT => {
                Err(format!("`$schema`: expected {DIALECT}"))
            }
            _ => Ok(()),
        }
    }

    fn reference(&mut self, reference: &'a str) -> Result<(), String> {
        let shown = quoted(reference);
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err(format!("the reference `{shown}` leaves the schema"));
        };
        if self.open.contains(&reference) || pointer.is_empty() {
            return Err(format!("the reference `{shown}` leads back into itself"));
        }
        let target = self
            .root
            .pointer(pointer)
            .ok_or_else(|| format!("the reference `{shown}` leads nowhere"))?;
        self.open.push(reference);
        self.schema(target)?;
        self.open.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(schema: &Value) -> String {
        let finding = compile("input_schema", schema).map(|_| ()).unwrap_err();
        format!("{}: {}", finding.rule, finding.message)
    }

    #[test]
    fn usual_schemas_are_usable() {
        for schema in [
            json!(true),
            json!({}),
            json!({"$schema": DIALECT, "$id": "https://example.org/s", "type": "object"}),
            json!({
                "type": "object",
                "required": ["rows"],
                "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}},
                "$defs": {"row": {"type": "object", "patternProperties": {"^\\d+$": {"type": "string"}}}},
            }),
            // Shared, not recursive.
            json!({
                "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}},
                "$defs": {"x": {"type": "integer"}},
            }),
        ] {
            assert!(compile("input_schema", &schema).is_ok(), "{schema}");
        }
    }

    #[test]
    fn refusals_name_the_place_and_the_reason() {
        let refusals = [
            json!({"type": "nothing"}),
            json!({"properties": {"a": {"minimum": "1"}}}),
            json!({"properties": {"a": {"pattern": "(?=x)y"}}}),
            json!({"pattern": "(a)\\1"}),
            json!({"pattern": "("}),
            json!({"pattern": "(((\\w{1,99}){1,99}){1,99}){1,99}"}),
            json!({"$ref": "https://example.org/schema.json"}),
            json!({"$ref": "other.json"}),
            json!({"$ref": "#/$defs/missing"}),
            json!({"$defs": {"a": {"$ref": "file:///etc/passwd"}}}),
            json!({"$ref": "#"}),
            json!({"properties": {"child": {"$ref": "#"}}}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
            json!({"unevaluatedProperties": false}),
            json!({"properties": {"a": {"$id": "https://example.org/a"}}}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
            json!({"$dynamicRef": "#x"}),
        ]
        .map(|schema| (schema.to_string(), refusal(&schema)));
        insta::assert_json_snapshot!(refusals);
    }

    #[test]
    fn references_cannot_multiply_without_bound() {
        let mut defs = Map::new();
        for i in 0..40 {
            let next = json!({"$ref": format!("#/$defs/d{}", i + 1)});
            defs.insert(format!("d{i}"), json!({"allOf": [next, next]}));
        }
        defs.insert("d40".to_owned(), json!({"type": "string"}));
        let refusal = refusal(&json!({"$ref": "#/$defs/d0", "$defs": defs}));
        assert!(refusal.contains("more than 1000 subschemas"), "{refusal}");
    }

    #[test]
    fn a_violation_names_the_place_and_repeats_no_value() {
        let schema = compile(
            "input_schema",
            &json!({"properties": {"rows": {"items": {"type": "integer"}}}}),
        )
        .unwrap();
        assert_eq!(violation(&schema, &json!({"rows": [1, 2]})), None);
        let violation = violation(&schema, &json!({"rows": [1, "secret"]})).unwrap();
        assert_eq!(violation, r#"at /rows/1, it is not of type "integer""#);
    }
}
