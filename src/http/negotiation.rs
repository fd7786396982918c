//! Content negotiation: `Accept` (RFC 9110 §12.5.1) and `Content-Type` (RFC 9110 §8.3) by the rules of
//! GraphQL over HTTP.

use axum::http::{HeaderMap, HeaderValue, header};

/// How a GraphQL response is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseFormat {
    pub media_type: MediaType,
    /// Whether an invalid document gets status 200 (GraphQL over HTTP, "application/json"). Older clients,
    /// which accept `application/json` and nothing else, expect it.
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
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }
}

impl ResponseFormat {
    /// The format for a client that does not send `Accept`.
    pub const PLAIN: Self = Self { media_type: MediaType::Json, legacy_status_200: false };

    /// The best format that `Accept` allows; `None` when it allows neither media type. The newer one is
    /// used if it is listed or if the older one is excluded; a wildcard alone may be from an old client.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        const NEWER: &str = "application/graphql-response+json";
        const OLDER: &str = "application/json";
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::PLAIN);
        }
        let weight_of = |name: &str| {
            Some(media_ranges(headers).find(|(range, _)| range.eq_ignore_ascii_case(name))?.1)
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
            let mut accepted = media_ranges(headers).filter(|(_, weight)| *weight > 0.0);
            let legacy_status_200 = accepted.all(|(range, _)| range.eq_ignore_ascii_case(OLDER));
            Some(Self { media_type: MediaType::Json, legacy_status_200 })
        } else {
            is_accepted(NEWER).then_some(newer)
        }
    }
}

/// Whether `Accept` lists event streams. A wildcard does not count: such a client need not support them.
pub fn accepts_event_stream(headers: &HeaderMap) -> bool {
    const EVENT_STREAM: &str = "text/event-stream";
    media_ranges(headers)
        .any(|(range, weight)| range.eq_ignore_ascii_case(EVENT_STREAM) && weight > 0.0)
}

/// The media ranges of `Accept`, each with its weight.
fn media_ranges(headers: &HeaderMap) -> impl Iterator<Item = (&str, f32)> {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| (essence(range), weight(range)))
        .filter(|(range, _)| !range.is_empty())
}

/// Whether the body is JSON in UTF-8 (RFC 8259 §8.1).
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
