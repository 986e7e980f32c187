//! The pages that the types of problems refer to.

use std::fmt::Write;

use axum::response::Html;

use crate::extract::Segments;
use crate::problem::{Problem, ProblemType, no_such_route};

/// All types, with a link to each.
pub(crate) async fn index() -> Html<String> {
    let items = ProblemType::ALL
        .iter()
        .fold(String::new(), |mut items, kind| {
            // Writing to a string does not fail.
            let _ = write!(
                items,
                "<li>{} <a href=\"{}\">{}</a></li>",
                kind.status().as_u16(),
                kind.reference(),
                kind.slug(),
            );
            items
        });
    page("Problems", &format!("<ul>{items}</ul>"))
}

/// One type.
pub(crate) async fn get(Segments(slug): Segments<String>) -> Result<Html<String>, Problem> {
    let Some(kind) = ProblemType::ALL.iter().find(|kind| kind.slug() == slug) else {
        return Err(no_such_route().await);
    };
    let body = format!(
        "<p>Status {}, type <code>{}</code>.</p><p>{}</p><p><a href=\"/problems\">All problems</a></p>",
        kind.status().as_u16(),
        kind.reference(),
        paragraph(kind.meaning()),
    );
    Ok(page(kind.title(), &body))
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         </head><body><h1>{title}</h1>{body}</body></html>"
    ))
}

/// The text as HTML, with what stands between backticks as code.
fn paragraph(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let mut html = String::new();
    for (i, part) in escaped.split('`').enumerate() {
        let is_code = i % 2 == 1;
        html.push_str(if is_code { "<code>" } else { "" });
        html.push_str(part);
        html.push_str(if is_code { "</code>" } else { "" });
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_html() {
        assert_eq!(
            paragraph("a `b` <c> & `d`"),
            "a <code>b</code> &lt;c> &amp; <code>d</code>"
        );
    }
}
