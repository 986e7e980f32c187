//! Taking requests apart: every failure is a [`Problem`] that says where.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_path_to_error::Segment;
use tdev_domain::Invalid;

use crate::problem::{Problem, ProblemType, Violation};

/// The query of a request, as a `T` whose fields are the parameters.
pub(crate) struct Params<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Params<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state)
            .await
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Problem::new(ProblemType::InvalidParameter, rejection.body_text()))
    }
}

/// The query parameter `name` as a `T`, if it was given.
pub(crate) fn parameter<T>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem>
where
    T: FromStr<Err = Invalid>,
{
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|invalid: Invalid| unexpected(name, &invalid.expected))
}

/// The query parameter `name` as the one of `known` that it names, if it was given.
pub(crate) fn choice<T, const N: usize>(
    name: &str,
    text: Option<&str>,
    known: [(&str, T); N],
) -> Result<Option<T>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let names = known.each_ref().map(|(name, _)| *name);
    let mut known = known.into_iter();
    match known.find(|(name, _)| *name == text) {
        Some((_, value)) => Ok(Some(value)),
        None => Err(unexpected(name, &format!("one of {}", names.join(", ")))),
    }
}

/// The query parameter `name` as a Boolean, if it was given.
pub(crate) fn flag(name: &str, text: Option<&str>) -> Result<Option<bool>, Problem> {
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|_| unexpected(name, "`true` or `false`"))
}

fn unexpected(name: &str, expected: &str) -> Problem {
    Problem::invalid_parameters([Violation::parameter(name, format!("expected {expected}"))])
}

/// The segments of a route's path.
pub(crate) struct Segments<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Segments<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(segments)| Self(segments))
            .map_err(|rejection| Problem::new(ProblemType::NotFound, rejection.body_text()))
    }
}

/// A `T` written as a JSON object. Serde also takes the fields of a struct from an array, by
/// position, which no client means.
#[derive(Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(ObjectVisitor(PhantomData))
            .map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// A member of which `null` does not mean that it is left out.
pub(crate) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// The body's media type in lower case, without parameters; empty if there is none.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

/// The problem of a body whose media type is not one of those `accepted`.
pub(crate) fn unsupported_media_type(accepted: &'static str) -> Problem {
    Problem::new(
        ProblemType::UnsupportedMediaType,
        format!("Send the body with a Content-Type of: {accepted}."),
    )
    .with_header(ACCEPT, HeaderValue::from_static(accepted))
}

/// The body as a `T`, if it says that it is JSON.
pub(crate) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    const JSON: &str = "application/json";
    if media_type(headers) == JSON {
        parse_json(body)
    } else {
        Err(unsupported_media_type(JSON))
    }
}

/// The body as a `T`, or the default if there is none.
pub(crate) fn json_or_default<T>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem>
where
    T: DeserializeOwned + Default,
{
    if body.is_empty() {
        Ok(T::default())
    } else {
        json(headers, body)
    }
}

/// Parses a JSON object; what is not JSON is told by line and column, what does not fit by a pointer.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let Object(value) = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        refused(&error.into_inner(), &pointer)
    })?;
    deserializer.end().map_err(|error| refused(&error, ""))?;
    Ok(value)
}

fn refused(error: &serde_json::Error, pointer: &str) -> Problem {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&place).unwrap_or(&message);
    match error.classify() {
        Category::Data => Problem::invalid_request([Violation::at(pointer, message)]),
        Category::Io | Category::Syntax | Category::Eof => Problem::new(
            ProblemType::MalformedJson,
            format!("The body is not JSON: {message}{place}."),
        )
        .with("line", error.line())
        .with("column", error.column()),
    }
}

/// A path of serde's as a JSON Pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => {
                format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Enum { .. } | Segment::Unknown => pointer,
        })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;
    use tdev_domain::AgentName;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "a/b")]
        _inner: Vec<u8>,
    }

    fn kind_and_shape(body: &str) -> (ProblemType, String) {
        let problem = parse_json::<Outer>(body.as_bytes()).unwrap_err();
        (problem.kind(), format!("{problem:?}"))
    }

    #[test]
    fn what_does_not_fit_is_pointed_at() {
        for (body, pointer) in [
            (r#"{"a/b": [1, "x"]}"#, "/a~1b/1"),
            (r#"{"a/b": [], "c": 1}"#, "/c"),
            ("{}", ""),
            ("[[1]]", ""),
        ] {
            let (kind, shape) = kind_and_shape(body);
            assert_eq!(kind, ProblemType::InvalidRequest, "{body}");
            assert!(
                shape.contains(&format!("Pointer({pointer:?})")),
                "{body}: {shape}"
            );
        }
    }

    #[test]
    fn what_is_not_json_is_told_by_line_and_column() {
        for body in [
            "",
            "{",
            "{\n  \"a/b\": [1,]\n}",
            "{\"a/b\": []} x",
            "\u{feff}{}",
        ] {
            let (kind, shape) = kind_and_shape(body);
            assert_eq!(kind, ProblemType::MalformedJson, "{body}");
            assert!(shape.contains("at line"), "{body}: {shape}");
        }
        let (_, shape) = kind_and_shape("{\n  \"a/b\": [1,]\n}");
        assert!(shape.contains("at line 2 column 13"), "{shape}");
    }

    #[test]
    fn a_parameter_is_refused_by_its_own_name() {
        let parsed = parameter::<AgentName>("agent", Some("text-statistics")).unwrap();
        assert_eq!(parsed.unwrap().as_str(), "text-statistics");
        assert!(parameter::<AgentName>("agent", None).unwrap().is_none());
        let problem = parameter::<AgentName>("of", Some("Not A Name")).unwrap_err();
        assert_eq!(problem.kind(), ProblemType::InvalidParameter);
        let shape = format!("{problem:?}");
        assert!(shape.contains("Parameter(\"of\")"), "{shape}");
    }

    #[test]
    fn a_choice_is_by_name() {
        let wanted = |text| choice("form", text, [("json", 1), ("svg", 2)]);
        assert_eq!(wanted(None).unwrap(), None);
        assert_eq!(wanted(Some("svg")).unwrap(), Some(2));
        for other in ["SVG", "", "json,svg"] {
            let shape = format!("{:?}", wanted(Some(other)).unwrap_err());
            assert!(shape.contains("expected one of json, svg"), "{shape}");
        }
    }

    #[test]
    fn a_flag_is_true_or_false() {
        assert_eq!(flag("dry_run", None).unwrap(), None);
        assert_eq!(flag("dry_run", Some("true")).unwrap(), Some(true));
        assert_eq!(flag("dry_run", Some("false")).unwrap(), Some(false));
        for other in ["True", "1", ""] {
            assert!(flag("dry_run", Some(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let problem = parse_json::<Value>(format!("{{\"a\": {deep}}}").as_bytes()).unwrap_err();
        assert_eq!(problem.kind(), ProblemType::MalformedJson);
    }

    #[test]
    fn the_media_type_is_compared_without_case_and_parameters() {
        let mut headers = HeaderMap::new();
        assert_eq!(media_type(&headers), "");
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(" Application/JSON ; charset=utf-8"),
        );
        assert_eq!(media_type(&headers), "application/json");
    }
}
