//! What JSON Schema declares of types, as far as two schemas can be told to disagree.

use std::fmt;

use serde_json::Value;

/// A set of JSON types. An integer is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    pub(crate) const NUMBER: Self = Self(4 | 8);
    pub(crate) const STRING: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ANY: Self = Self(127);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::NULL, "null"),
        (Self::BOOLEAN, "boolean"),
        (Self::NUMBER, "number"),
        (Self::INTEGER, "integer"),
        (Self::STRING, "string"),
        (Self::ARRAY, "array"),
        (Self::OBJECT, "object"),
    ];

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether no value is of a type in both sets.
    pub(crate) const fn excludes(self, other: Self) -> bool {
        self.and(other).0 == 0
    }

    /// The type of `value`.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => Self::NUMBER,
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    fn named(name: &str) -> Self {
        let known = Self::NAMES.iter().find(|(_, known)| *known == name);
        known.map_or(Self::ANY, |(types, _)| *types)
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = *self;
        let mut separator = "";
        for (types, name) in Self::NAMES {
            if left.and(types) == types {
                write!(f, "{separator}{name}")?;
                separator = " or ";
                left = Self(left.0 & !types.0);
            }
        }
        if separator.is_empty() {
            f.write_str("nothing")?;
        }
        Ok(())
    }
}

/// A place in a schema, with the document that its references are looked up in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'a> {
    document: &'a Value,
    place: &'a Value,
}

/// What a schema says of one property.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Property<'a> {
    /// It is described here.
    Declared(Schema<'a>),
    /// It may be there, and nothing is said of it.
    Open,
    /// It is not there: the schema declares these instead.
    Excluded(&'a serde_json::Map<String, Value>),
}

/// How many references are followed before a schema counts as saying nothing.
const MAX_REFERENCES: usize = 16;

/// How deep schemas in schemas are looked at for their types.
const MAX_NESTING: usize = 8;

/// How many schemas are looked at for the types of one.
const MAX_SCHEMAS: usize = 256;

/// The longest list of values that is looked at for its types, and of required properties.
const MAX_LIST: usize = 256;

impl<'a> Schema<'a> {
    /// The whole of `document`.
    pub(crate) const fn new(document: &'a Value) -> Self {
        Self {
            document,
            place: document,
        }
    }

    const fn at(self, place: &'a Value) -> Self {
        Self {
            document: self.document,
            place,
        }
    }

    fn get(self, keyword: &str) -> Option<&'a Value> {
        self.place.get(keyword)
    }

    /// The place its reference points to, if it is one within the document.
    fn resolved(mut self) -> Option<Self> {
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = self.get("$ref") else {
                return Some(self);
            };
            let pointer = reference.as_str()?.strip_prefix('#')?;
            self = self.at(self.document.pointer(pointer)?);
        }
        None
    }

    /// The types a value may have.
    pub(crate) fn types(self) -> Types {
        self.types_within(MAX_NESTING, &mut { MAX_SCHEMAS })
    }

    fn types_within(self, nesting: usize, left: &mut usize) -> Types {
        let Some(schema) = self.resolved().filter(|_| nesting > 0 && *left > 0) else {
            return Types::ANY;
        };
        *left -= 1;
        let mut types = match schema.place {
            Value::Bool(false) => Types::NONE,
            _ => Types::ANY,
        };
        match schema.get("type") {
            Some(Value::String(name)) => types = Types::named(name),
            Some(Value::Array(names)) => {
                types = names
                    .iter()
                    .take(MAX_LIST)
                    .filter_map(Value::as_str)
                    .fold(Types::NONE, |all, name| all.or(Types::named(name)));
            }
            _ => {}
        }
        if let Some(value) = schema.get("const") {
            types = types.and(Types::of(value));
        }
        let list = |keyword| {
            let list = schema.get(keyword).and_then(Value::as_array);
            list.filter(|list| list.len() <= MAX_LIST)
        };
        if let Some(values) = list("enum") {
            let union = values.iter().map(Types::of).fold(Types::NONE, Types::or);
            types = types.and(union);
        }
        let mut of = |place| schema.at(place).types_within(nesting - 1, left);
        for several in ["anyOf", "oneOf"].into_iter().filter_map(list) {
            let union = several
                .iter()
                .fold(Types::NONE, |all, place| all.or(of(place)));
            types = types.and(union);
        }
        let all = list("allOf").into_iter().flatten();
        all.fold(types, |types, place| types.and(of(place)))
    }

    /// What is said of the property `name` of an object.
    ///
    /// A schema that declares properties and does not say that there are others is taken at its
    /// word: what it does not declare is not there.
    pub(crate) fn property(self, name: &str) -> Property<'a> {
        let Some(schema) = self.resolved() else {
            return Property::Open;
        };
        let declared = schema.get("properties").and_then(Value::as_object);
        if let Some(property) = declared.and_then(|declared| declared.get(name)) {
            return Property::Declared(schema.at(property));
        }
        let composed = [
            "patternProperties",
            "allOf",
            "anyOf",
            "oneOf",
            "if",
            "dependentSchemas",
        ];
        if composed.iter().any(|k| schema.get(k).is_some()) {
            return Property::Open;
        }
        match (schema.get("additionalProperties"), declared) {
            (Some(others @ Value::Object(_)), _) => Property::Declared(schema.at(others)),
            (None | Some(Value::Bool(false)), Some(declared)) => Property::Excluded(declared),
            _ => Property::Open,
        }
    }

    /// What the schema says of the property `name`, if it says anything.
    pub(crate) fn declared(self, name: &str) -> Option<Self> {
        match self.property(name) {
            Property::Declared(property) => Some(property),
            Property::Open | Property::Excluded(_) => None,
        }
    }

    /// Whether the object must not have the property `name`: as [`property`](Self::property), but
    /// only where the schema says so.
    pub(crate) fn forbids(self, name: &str) -> bool {
        let closed = self
            .resolved()
            .is_some_and(|schema| schema.get("additionalProperties") == Some(&Value::Bool(false)));
        closed && matches!(self.property(name), Property::Excluded(_))
    }

    /// The properties that an object must have.
    pub(crate) fn required(self) -> impl Iterator<Item = &'a str> {
        let names = self.resolved().and_then(|s| s.get("required"));
        names
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .take(MAX_LIST)
            .filter_map(Value::as_str)
    }

    /// What is said of the items of a list.
    pub(crate) fn items(self) -> Option<Self> {
        let schema = self.resolved()?;
        // The first items of a list may be described one by one.
        if schema.get("prefixItems").is_some() {
            return None;
        }
        schema.get("items").map(|items| schema.at(items))
    }
}
