//! What a client submits to be registered.

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use tdev_domain::{AgentName, MAX_AGENT_BYTES, ManifestDraft, Source, SourceError, limits};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Object, media_type, parse_json, unsupported_media_type};
use crate::manifest::ManifestBody;
use crate::problem::{Problem, ProblemType, Violation};

/// The media types of Python source.
const PYTHON: [&str; 2] = ["text/x-python", "application/x-python"];

/// An agent to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterRequest {
    /// The name to register under.
    #[schema(example = "text-statistics", max_length = 63)]
    name: String,
    /// The Python source, of at most 6,656 bytes in UTF-8.
    #[schema(example = "def get_capabilities(): …\n\ndef execute(input): …\n")]
    source: String,
    /// What the code does not declare of itself. At most 32,768 bytes as JSON.
    #[schema(value_type = Option<ManifestBody>)]
    manifest: Option<Object<ManifestBody>>,
}

/// The parameters of a submission.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegisterQuery {
    /// The name to register under, where the body is Python source.
    #[param(example = "text-statistics")]
    name: Option<String>,
}

/// What a client submits, checked.
pub(crate) struct Submission {
    pub(crate) name: AgentName,
    pub(crate) source: Source,
    pub(crate) manifest: ManifestDraft,
}

impl Submission {
    /// Takes what is sent as JSON or as Python source.
    pub(crate) fn parse(
        query: RegisterQuery,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Self, Problem> {
        match media_type(headers).as_str() {
            "application/json" => Self::from_json(&query, body),
            python if PYTHON.contains(&python) => Self::from_python(query, body),
            _ => Err(unsupported_media_type(
                "application/json, text/x-python, application/x-python",
            )),
        }
    }

    fn from_json(query: &RegisterQuery, body: &Bytes) -> Result<Self, Problem> {
        if query.name.is_some() {
            return Err(invalid_name_parameter(
                "belongs into the body, where that is JSON",
            ));
        }
        let request: RegisterRequest = parse_json(body)?;
        let manifest = ManifestDraft::from(request.manifest.unwrap_or_default().0);
        let mut errors = Vec::new();
        let name = request.name.parse::<AgentName>();
        if let Err(invalid) = &name {
            errors.push(Violation::of_member(invalid));
        }
        if manifest
            .name
            .as_ref()
            .is_some_and(|name| *name != request.name)
        {
            errors.push(Violation::at(
                "/manifest/name",
                "expected the same as /name",
            ));
        }
        if json_bytes(&manifest) > limits::MAX_MANIFEST_BYTES {
            let detail = format!(
                "expected at most {} bytes as JSON",
                limits::MAX_MANIFEST_BYTES
            );
            errors.push(Violation::at("/manifest", detail));
        }
        match name {
            Ok(name) if errors.is_empty() => Ok(Self {
                name,
                source: source(request.source.as_bytes())?,
                manifest,
            }),
            _ => Err(Problem::invalid_request(errors)),
        }
    }

    fn from_python(query: RegisterQuery, body: &Bytes) -> Result<Self, Problem> {
        let name = query
            .name
            .ok_or_else(|| invalid_name_parameter("is missing; it names the agent"))?
            .parse()
            .map_err(|invalid: tdev_domain::Invalid| {
                invalid_name_parameter(&format!("expected {}", invalid.expected))
            })?;
        Ok(Self {
            name,
            source: source(body)?,
            manifest: ManifestDraft::default(),
        })
    }
}

fn source(bytes: &[u8]) -> Result<Source, Problem> {
    Source::from_bytes(bytes).map_err(|error| match error {
        SourceError::TooLarge { bytes } => Problem::new(
            ProblemType::AgentTooLarge,
            format!("The source has {bytes} bytes; the limit is {MAX_AGENT_BYTES}."),
        )
        .with("bytes", bytes)
        .with("limit", MAX_AGENT_BYTES),
        SourceError::Empty | SourceError::NotUtf8 { .. } | SourceError::Nul { .. } => Problem::new(
            ProblemType::InvalidSource,
            format!("The source is not usable: {error}."),
        ),
    })
}

fn invalid_name_parameter(detail: &str) -> Problem {
    Problem::new(
        ProblemType::InvalidParameter,
        format!("The parameter `name` {detail}."),
    )
    .with_errors([Violation::parameter("name", detail)])
}

fn json_bytes(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |json| json.len())
}
