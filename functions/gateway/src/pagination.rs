//! Listings in pages.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tdev_aws::PageRequest;
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Problem, Violation};

/// The entries of a page when the request names no number.
pub(crate) const DEFAULT_LIMIT: u32 = 50;
/// The most entries of a page.
pub(crate) const MAX_LIMIT: u32 = 100;

/// Which page of a listing is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most entries to return.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<String>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of a listing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The entries, in the listing's order.
    items: Vec<T>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// Parses `limit` and `cursor`.
pub(crate) fn page_request(
    limit: Option<&str>,
    cursor: Option<&str>,
) -> Result<PageRequest, Problem> {
    let mut errors = Vec::new();
    let limit = limit.map_or(Some(DEFAULT_LIMIT), |text| {
        text.parse()
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
    });
    if limit.is_none() {
        let expected = format!("expected a whole number from 1 to {MAX_LIMIT}");
        errors.push(Violation::parameter("limit", expected));
    }
    let after = cursor.map(decode);
    if after == Some(None) {
        errors.push(not_a_cursor());
    }
    match (limit, after) {
        (Some(limit), after) if errors.is_empty() => Ok(PageRequest {
            limit,
            after: after.flatten(),
        }),
        _ => Err(refused(errors)),
    }
}

impl<T> Page<T> {
    /// The answer to a client, each entry of `page` shown by `view`.
    pub(crate) fn of<E>(page: tdev_aws::Page<E>, view: impl FnMut(E) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            next: page.next.map(|after| BASE64_URL_SAFE_NO_PAD.encode(after)),
        }
    }
}

/// What a failed listing means: a cursor can be well-formed and still not one of this listing.
pub(crate) fn listing_failed(error: tdev_aws::Error) -> Problem {
    if matches!(error, tdev_aws::Error::Cursor { .. }) {
        refused(vec![not_a_cursor()])
    } else {
        error.into()
    }
}

fn decode(cursor: &str) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    String::from_utf8(bytes).ok()
}

/// The place that `page` goes on after, of a listing whose places are written as a `T`.
pub(crate) fn place<T: FromStr>(page: &PageRequest) -> Result<Option<T>, Problem> {
    let place = page.after.as_deref().map(str::parse).transpose();
    place.map_err(|_| refused(vec![not_a_cursor()]))
}

/// What is wrong with a cursor that no page of the listing gave out.
fn not_a_cursor() -> Violation {
    Violation::parameter("cursor", "expected the `next` of a page of this listing")
}

fn refused(errors: Vec<Violation>) -> Problem {
    Problem::invalid_parameters(errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_the_place() {
        let page = tdev_aws::Page {
            items: vec![1, 2],
            next: Some("text-statistics".to_owned()),
        };
        let page = Page::of(page, |n| n * 10);
        assert_eq!(page.items, [10, 20]);
        let request = page_request(Some("2"), page.next.as_deref()).unwrap();
        assert_eq!(
            request,
            PageRequest {
                limit: 2,
                after: Some("text-statistics".to_owned())
            }
        );
    }

    #[test]
    fn the_limit_has_a_default_and_bounds() {
        assert_eq!(page_request(None, None).unwrap().limit, 50);
        assert_eq!(page_request(Some("100"), None).unwrap().limit, 100);
        for bad in ["0", "101", "-1", "ten", "", "1.5"] {
            assert!(page_request(Some(bad), None).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_is_base_64_of_text() {
        for bad in ["a", "===", "_w", "a b"] {
            assert!(page_request(None, Some(bad)).is_err(), "{bad}");
        }
    }
}
