//! The identifier of a request, which its log lines, its answer and its problems share.

use http::{HeaderMap, HeaderName};
use lambda_http::Context;
use uuid::Uuid;

/// The header that carries the identifier, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const MAX_CHARS: usize = 64;

tokio::task_local! {
    static CURRENT: String;
}

/// The identifier of the request that the current task serves, if it serves one.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(String::clone).ok()
}

/// Serves a request under `id`.
pub(crate) async fn scope<F: Future>(id: String, serve: F) -> F::Output {
    CURRENT.scope(id, serve).await
}

/// The client's identifier if it sent a sane one, else Lambda's, else a new one.
pub(crate) fn choose(headers: &HeaderMap, context: Option<&Context>) -> String {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_sane(id))
        .map(str::to_owned)
        .or_else(|| {
            context
                .map(|context| context.request_id.clone())
                .filter(|id| is_sane(id))
        })
        .unwrap_or_else(|| Uuid::now_v7().to_string())
}

/// Fit to be logged, sent and quoted.
fn is_sane(id: &str) -> bool {
    (1..=MAX_CHARS).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn chosen(header: &str, context: Option<&Context>) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(header).unwrap());
        choose(&headers, context)
    }

    #[test]
    fn the_clients_comes_first_if_it_is_sane() {
        let mut context = Context::default();
        "from-lambda".clone_into(&mut context.request_id);
        assert_eq!(
            chosen("order-17.retry_2", Some(&context)),
            "order-17.retry_2"
        );
        for bad in ["", "a b", "<script>", "a\tb", &"x".repeat(65)] {
            assert_eq!(chosen(bad, Some(&context)), "from-lambda", "{bad:?}");
            assert_eq!(chosen(bad, None).len(), 36);
        }
    }

    #[tokio::test]
    async fn it_is_known_within_its_scope_only() {
        assert_eq!(current(), None);
        let seen = scope("r-1".to_owned(), async { current() }).await;
        assert_eq!(seen.as_deref(), Some("r-1"));
    }
}
