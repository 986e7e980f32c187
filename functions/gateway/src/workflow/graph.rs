//! A workflow as a picture.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::{ACCEPT, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use tdev_domain::{StepId, StepStateName, WorkflowName};
use tdev_security::Principal;
use tdev_workflow::{Drawing, DrawnEdge, DrawnNode};
use utoipa::{IntoParams, ToSchema};

use super::read::wanted;
use crate::Deps;
use crate::extract::{Params, Segments, choice};
use crate::problem::Problem;
use crate::problems;
use crate::schemas::{dependency_kinds, step_kinds, step_states};

/// What is drawn, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GraphQuery {
    /// The version; the latest if it is left out.
    #[param(value_type = Option<u32>, minimum = 1)]
    version: Option<String>,
    /// In which form, in place of what `Accept` says.
    #[param(schema_with = crate::schemas::graph_formats)]
    format: Option<String>,
}

/// The graph of a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Graph)]
pub(crate) struct GraphView {
    /// The workflow.
    #[schema(value_type = String)]
    name: WorkflowName,
    /// The steps, each after all that it depends on.
    nodes: Vec<NodeView>,
    /// What depends on what.
    edges: Vec<EdgeView>,
}

/// A step as it is drawn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GraphNode)]
struct NodeView {
    /// Its identifier.
    #[schema(value_type = String)]
    id: StepId,
    /// What it does.
    #[schema(schema_with = step_kinds)]
    kind: &'static str,
    /// The same in a word or two: the agent's name, a number of seconds.
    detail: String,
    /// Where it stands; absent unless a run is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = step_states)]
    status: Option<StepStateName>,
}

/// A dependency as it is drawn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GraphEdge)]
struct EdgeView {
    /// The step that is waited for.
    #[schema(value_type = String)]
    from: StepId,
    /// The step that waits.
    #[schema(value_type = String)]
    to: StepId,
    /// Whether the step that waits runs only if the other one has completed.
    #[schema(schema_with = dependency_kinds)]
    kind: &'static str,
    /// The condition under which a choice goes this way, or `otherwise`; absent elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<String>,
}

/// In which form a graph is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Mermaid,
    Svg,
}

problems!(GraphProblems, PRIVATE:
    InvalidParameter, WorkflowNotFound, VersionNotFound, WorkflowDeleted);

/// Draw a workflow.
///
/// As JSON, as text for Mermaid or as SVG: as the parameter `format` says, else as `Accept`
/// prefers, else as JSON.
#[utoipa::path(
    get,
    path = "/v1/workflows/{name}/graph",
    tag = "workflows",
    operation_id = "drawWorkflow",
    params(("name" = String, Path, description = "The workflow's name."), GraphQuery),
    responses(
        (status = 200, description = "The graph", content(
            (GraphView = "application/json"),
            (String = "text/vnd.mermaid"),
            (String = "image/svg+xml"),
        )),
        GraphProblems,
    ),
)]
pub(crate) async fn graph(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<GraphQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = Format::wanted(query.format.as_deref(), &headers)?;
    let version = wanted(&deps, &principal, &name, query.version.as_deref()).await?;
    let definitions = &deps.definitions;
    let found = definitions.get(&deps, &principal.tenant, &version.definition);
    let drawing = Drawing::new(&found.await?.plan, &BTreeMap::new());
    Ok(drawn(drawing, format))
}

impl Format {
    /// The form that a parameter says, else the one that `Accept` prefers.
    pub(crate) fn wanted(parameter: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let formats = [
            ("json", Self::Json),
            ("mermaid", Self::Mermaid),
            ("svg", Self::Svg),
        ];
        let wanted = choice("format", parameter, formats)?;
        Ok(wanted.unwrap_or_else(|| preferred(headers)))
    }
}

/// The answer that has the drawing in this form.
pub(crate) fn drawn(drawing: Drawing, format: Format) -> Response {
    let text = |media_type, text: String| {
        let media_type = [(CONTENT_TYPE, HeaderValue::from_static(media_type))];
        (media_type, text).into_response()
    };
    let mut response = match format {
        Format::Json => Json(GraphView::from(drawing)).into_response(),
        Format::Mermaid => text("text/vnd.mermaid; charset=utf-8", drawing.to_mermaid()),
        Format::Svg => text("image/svg+xml", drawing.to_svg()),
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("accept"));
    response
}

/// The form that `Accept` likes best (RFC 9110); JSON if it likes none of them.
fn preferred(headers: &HeaderMap) -> Format {
    let ranges = headers.get_all(ACCEPT).iter();
    let ranges = ranges.filter_map(|value| value.to_str().ok());
    let mut best = (0.0, Format::Json);
    for range in ranges.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let format = match parts
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "application/json" | "application/*" | "*/*" => Format::Json,
            "text/vnd.mermaid" | "text/*" => Format::Mermaid,
            "image/svg+xml" | "image/*" => Format::Svg,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        let quality = quality.map_or(1.0, |text| text.parse::<f64>().unwrap_or(0.0));
        if quality > best.0 {
            best = (quality, format);
        }
    }
    best.1
}

impl From<Drawing> for GraphView {
    fn from(drawing: Drawing) -> Self {
        Self {
            name: drawing.name,
            nodes: drawing.nodes.into_iter().map(NodeView::from).collect(),
            edges: drawing.edges.into_iter().map(EdgeView::from).collect(),
        }
    }
}

impl From<DrawnNode> for NodeView {
    fn from(node: DrawnNode) -> Self {
        Self {
            id: node.id,
            kind: node.kind,
            detail: node.detail,
            status: node.status,
        }
    }
}

impl From<DrawnEdge> for EdgeView {
    fn from(edge: DrawnEdge) -> Self {
        Self {
            from: edge.from,
            to: edge.to,
            kind: edge.kind.as_str(),
            label: edge.label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_what_accept_likes_best() {
        for (accept, expected) in [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("text/html", Format::Json),
            ("image/svg+xml", Format::Svg),
            ("image/avif,image/*", Format::Svg),
            ("Text/Vnd.Mermaid", Format::Mermaid),
            ("application/json;q=0.5, image/svg+xml", Format::Svg),
            ("application/json, image/svg+xml", Format::Json),
            ("image/svg+xml;q=0, text/*;q=0.1", Format::Mermaid),
            ("image/svg+xml;q=x, */*;q=0.1", Format::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(preferred(&headers), expected, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Format::Json);
    }
}
