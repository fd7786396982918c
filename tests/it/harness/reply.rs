//! Responses.

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

/// A response of the server, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.status, self.body))
    }

    /// The data of an answer without errors.
    pub fn data(&self) -> Value {
        let mut json = self.json();
        assert_eq!(json.get("errors"), None, "{} {json:#}", self.status);
        json["data"].take()
    }

    /// The only error of the answer.
    pub fn error(&self) -> Value {
        let json = self.json();
        let errors = json["errors"].as_array().unwrap_or_else(|| panic!("no error: {json:#}"));
        assert_eq!(errors.len(), 1, "{json:#}");
        errors[0].clone()
    }

    /// The code of the only error.
    pub fn code(&self) -> String {
        self.error()["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The field that the only error names.
    pub fn field(&self) -> String {
        self.error()["extensions"]["field"].as_str().unwrap_or_default().to_owned()
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
