//! What a token allows its bearer to do (RFC 8693, section 4.2).

use http::HeaderValue;
use serde_json::Value;

/// Something that a token allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// `tasks:read`
    Read,
    /// `tasks:write`
    Write,
}

impl Scope {
    const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The word for it in the claim `scope`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "tasks:read",
            Self::Write => "tasks:write",
        }
    }

    /// The value of `WWW-Authenticate` for whoever lacks it (RFC 6750, section 3.1).
    #[must_use]
    pub fn www_authenticate(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Read => {
                "Bearer realm=\"tasks\", error=\"insufficient_scope\", scope=\"tasks:read\""
            }
            Self::Write => {
                "Bearer realm=\"tasks\", error=\"insufficient_scope\", scope=\"tasks:write\""
            }
        })
    }

    /// What the claim `scope` allows: words with spaces between them, or a list of words, as some
    /// issuers write it. Words of others mean nothing here; without the claim all is allowed, and
    /// by one that cannot be read nothing is.
    pub(super) fn granted(claim: Option<&Value>) -> Vec<Self> {
        let words: Vec<&str> = match claim {
            None => return Self::ALL.to_vec(),
            Some(Value::String(words)) => words.split(' ').collect(),
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            Some(_) => Vec::new(),
        };
        Self::ALL.into_iter().filter(|scope| words.contains(&scope.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        Scope::{Read, Write},
        *,
    };

    #[test]
    fn the_claim_allows_what_it_names() {
        assert_eq!(Scope::granted(None), [Read, Write]);
        for (claim, scopes) in [
            (json!("tasks:read tasks:write"), &[Read, Write][..]),
            (json!("openid tasks:write  email"), &[Write]),
            (json!("tasks:read tasks:read"), &[Read]),
            (json!(["tasks:write", 1, "tasks:read"]), &[Read, Write]),
            (json!(["tasks:read tasks:write"]), &[]),
            (json!("tasks:reader TASKS:READ tasks:* tasks:read,tasks:write tasks:write\n"), &[]),
            (json!("openid profile"), &[]),
            (json!(""), &[]),
            (json!([]), &[]),
            (json!(null), &[]),
            (json!(true), &[]),
            (json!({"tasks:read": true}), &[]),
        ] {
            assert_eq!(Scope::granted(Some(&claim)), scopes, "{claim}");
        }
    }

    #[test]
    fn the_challenge_names_the_scope() {
        for scope in Scope::ALL {
            let challenge = scope.www_authenticate();
            let named = format!("scope=\"{}\"", scope.as_str());
            assert!(challenge.to_str().unwrap().ends_with(&named));
        }
    }
}
