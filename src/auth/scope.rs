//! OAuth scopes: what a token allows its bearer to do (RFC 8693 §4.2).

use http::HeaderValue;
use serde_json::Value;

/// A scope of this API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// `tasks:read`
    Read,
    /// `tasks:write`
    Write,
}

impl Scope {
    const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The value in the `scope` claim.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "tasks:read",
            Self::Write => "tasks:write",
        }
    }

    /// The `WWW-Authenticate` challenge for a token without this scope (RFC 6750 §3.1).
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

    /// Parses the `scope` claim: a space-separated string, or the list that some issuers write.
    /// Ignores unknown scopes. Without the claim all scopes are granted; a claim of another type
    /// grants none.
    pub(super) fn granted(claim: Option<&Value>) -> Vec<Self> {
        let granted: Vec<&str> = match claim {
            None => return Self::ALL.to_vec(),
            Some(Value::String(scopes)) => scopes.split(' ').collect(),
            Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
            Some(_) => Vec::new(),
        };
        Self::ALL.into_iter().filter(|scope| granted.contains(&scope.as_str())).collect()
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
    fn the_claim_grants_the_scopes_it_lists() {
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
