//! Media types: what the client sends, and what it wants back (RFC 9110 §12.5.1 and §8.3, GraphQL
//! over HTTP).

use axum::http::{HeaderMap, HeaderValue, header};

/// In which form an answer goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseFormat {
    /// The answer's `Content-Type`.
    pub media_type: MediaType,
    /// Whether a request that is refused is answered with 200, as clients from before GraphQL over
    /// HTTP expect: those that accept `application/json` and name nothing else.
    pub legacy_status_200: bool,
}

/// The media types of a GraphQL response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/graphql-response+json`
    GraphqlResponse,
    /// `application/json`
    Json,
}

impl MediaType {
    /// The value of `Content-Type`.
    #[must_use]
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }
}

impl ResponseFormat {
    /// The form where nothing is known of what the client wants.
    pub const PLAIN: Self = Self { media_type: MediaType::Json, legacy_status_200: false };

    /// The best form that `Accept` allows, `None` when it allows none. The newer media type is only
    /// used where it is named, since a client that takes anything may be an old one, or where the
    /// older one is ruled out.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        const NEWER: &str = "application/graphql-response+json";
        const OLDER: &str = "application/json";
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::PLAIN);
        }
        let weight_of = |name: &str| {
            Some(ranges(headers).find(|(range, _)| range.eq_ignore_ascii_case(name))?.1)
        };
        // The most specific range decides.
        let is_accepted = |name: &str| {
            let by_range = weight_of(name).or_else(|| weight_of("application/*"));
            by_range.or_else(|| weight_of("*/*")).is_some_and(|weight| weight > 0.0)
        };
        let newer = Self { media_type: MediaType::GraphqlResponse, legacy_status_200: false };
        if weight_of(NEWER).is_some() && is_accepted(NEWER) {
            Some(newer)
        } else if is_accepted(OLDER) {
            let mut accepted = ranges(headers).filter(|(_, weight)| *weight > 0.0);
            let legacy_status_200 = accepted.all(|(range, _)| range.eq_ignore_ascii_case(OLDER));
            Some(Self { media_type: MediaType::Json, legacy_status_200 })
        } else {
            is_accepted(NEWER).then_some(newer)
        }
    }
}

/// Whether `Accept` names a stream of events: who takes anything need not understand one.
#[must_use]
pub fn takes_events(headers: &HeaderMap) -> bool {
    const EVENTS: &str = "text/event-stream";
    ranges(headers).any(|(range, weight)| range.eq_ignore_ascii_case(EVENTS) && weight > 0.0)
}

/// What `Accept` names, each with its weight.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (&str, f32)> {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| (essence(range), weight(range)))
        .filter(|(range, _)| !range.is_empty())
}

/// Whether a body is JSON in UTF-8, the only form of a request (RFC 8259 §8.1).
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let charset = parameter(value, "charset");
    essence(value).eq_ignore_ascii_case("application/json")
        && charset.is_none_or(|charset| charset.trim_matches('"').eq_ignore_ascii_case("utf-8"))
}

fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

fn weight(range: &str) -> f32 {
    parameter(range, "q").map_or(1.0, |weight| weight.parse().unwrap_or(0.0))
}

fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}
