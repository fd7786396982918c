//! Keys, and the algorithms that each of them is for.

use std::{slice, str::FromStr, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

/// One key. A cached token refers to it by identity, not by name.
pub(super) struct Key {
    /// What it was made from, to know it again in the next key set.
    source: Value,
    kid: Option<String>,
    algorithms: &'static [Algorithm],
    decoding_key: DecodingKey,
}

impl Key {
    /// The UTF-8 bytes of a secret.
    pub(super) fn secret(secret: &SecretString) -> Self {
        Self {
            source: Value::Null,
            kid: None,
            algorithms: &[Algorithm::HS256],
            decoding_key: DecodingKey::from_secret(secret.expose_secret().as_bytes()),
        }
    }

    /// A public key out of a set (RFC 7517); `None` when it cannot verify a signature here.
    fn public(source: Value) -> Option<Self> {
        let jwk = Jwk::deserialize(&source).ok().filter(Jwk::is_for_verification)?;
        let (fitting, decoding_key) = jwk.decoding_key()?;
        let algorithms = jwk.bound(fitting)?;
        Some(Self { source, kid: jwk.kid, algorithms, decoding_key })
    }

    /// Whether it signed these bytes with this algorithm.
    pub(super) fn verifies(
        &self,
        signing_input: &str,
        signature: &str,
        algorithm: Algorithm,
    ) -> bool {
        self.fits(algorithm)
            && jsonwebtoken::crypto::verify(
                signature,
                signing_input.as_bytes(),
                &self.decoding_key,
                algorithm,
            )
            .unwrap_or(false)
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

/// The members of a JWK that matter to a verifier.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Jwk {
    fn is_for_verification(&self) -> bool {
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"))
    }

    /// The key itself, and all algorithms that could go with it.
    fn decoding_key(&self) -> Option<(&'static [Algorithm], DecodingKey)> {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        Some(match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => {
                (&[EdDSA], DecodingKey::from_ed_der(&octets(self.x.as_ref(), 32)?))
            }
            ("EC", Some("P-256")) => (&[ES256], self.point(32)?),
            ("EC", Some("P-384")) => (&[ES384], self.point(48)?),
            ("RSA", _) => (&[RS256, RS384, RS512, PS256, PS384, PS512], self.rsa()?),
            _ => return None,
        })
    }

    /// An uncompressed point of a curve whose coordinates are `size` bytes long.
    fn point(&self, size: usize) -> Option<DecodingKey> {
        let mut point = vec![4];
        point.extend(octets(self.x.as_ref(), size)?);
        point.extend(octets(self.y.as_ref(), size)?);
        Some(DecodingKey::from_ec_der(&point))
    }

    /// At least 2048 bits (RFC 7518, section 3.3).
    fn rsa(&self) -> Option<DecodingKey> {
        let (n, e) = (integer(self.n.as_ref())?, integer(self.e.as_ref())?);
        let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
        (bits >= 2048).then(|| DecodingKey::from_rsa_raw_components(&n, &e))
    }

    /// The algorithm that `alg` binds the key to, or all that fit (RFC 8725, section 3.1).
    fn bound(&self, fitting: &'static [Algorithm]) -> Option<&'static [Algorithm]> {
        let Some(alg) = &self.alg else { return Some(fitting) };
        let bound = Algorithm::from_str(alg).ok()?;
        fitting.iter().find(|algorithm| **algorithm == bound).map(slice::from_ref)
    }
}

fn octets(text: Option<&String>, size: usize) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text?).ok().filter(|octets| octets.len() == size)
}

/// A number without the leading zeros that some issuers write and the verifier refuses.
fn integer(text: Option<&String>) -> Option<Vec<u8>> {
    let octets = BASE64_URL_SAFE_NO_PAD.decode(text?).ok()?;
    Some(octets.into_iter().skip_while(|octet| *octet == 0).collect())
}

/// The usable keys of a key set.
pub(super) struct KeySet(Vec<Arc<Key>>);

/// Why a key set has no key for a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KeyLookupError {
    /// No key set was fetched yet.
    NeverFetched,
    /// No key has this `kid`.
    UnknownKid,
    /// There is no `kid`, and not exactly one key that fits.
    NoKid,
    /// The key of this `kid` is for something else.
    OtherAlgorithm,
}

impl KeySet {
    /// Reads a JWKS. A key that also stood in the previous set stays the same one; what cannot be
    /// used is skipped, whatever it is.
    pub(super) fn parse(document: &[u8], previous: Option<&Self>) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document =
            serde_json::from_slice(document).map_err(|error| format!("not a key set: {error}"))?;
        let known = |source: &Value| previous?.0.iter().find(|key| key.source == *source).cloned();
        let keys = document
            .keys
            .into_iter()
            .filter_map(|source| known(&source).or_else(|| Key::public(source).map(Arc::new)));
        Ok(Self(keys.collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that may verify such a token. A `kid` may stand there twice, and then the algorithm
    /// decides.
    pub(super) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<Key>>, KeyLookupError> {
        let of_kid = |key: &&Arc<Key>| kid.is_none() || key.kid.as_deref() == kid;
        let keys = || self.0.iter().filter(of_kid);
        let fitting: Vec<_> = keys().filter(|key| key.fits(algorithm)).cloned().collect();
        match kid {
            None if fitting.len() != 1 => Err(KeyLookupError::NoKid),
            Some(_) if keys().next().is_none() => Err(KeyLookupError::UnknownKid),
            Some(_) if fitting.is_empty() => Err(KeyLookupError::OtherAlgorithm),
            _ => Ok(fitting),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Coordinates and moduli that have the right length, which is all that parsing looks at.
    fn number(bytes: usize) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(vec![0xff; bytes])
    }

    fn ed(more: &Value) -> Value {
        with(json!({"kty": "OKP", "crv": "Ed25519", "x": number(32)}), more)
    }

    fn with(mut jwk: Value, more: &Value) -> Value {
        jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        jwk
    }

    #[test]
    fn each_key_is_for_its_algorithms_only() {
        let ec = |crv: &str, bytes| {
            let x = number(bytes);
            json!({"kty": "EC", "crv": crv, "x": x, "y": x})
        };
        let rsa = |bytes| json!({"kty": "RSA", "n": number(bytes), "e": "AQAB"});
        let all_rsa = "[RS256, RS384, RS512, PS256, PS384, PS512]";
        let table = [
            (ed(&json!({})), "[EdDSA]"),
            (ed(&json!({"alg": "EdDSA", "use": "sig", "key_ops": ["verify"]})), "[EdDSA]"),
            (ec("P-256", 32), "[ES256]"),
            (ec("P-384", 48), "[ES384]"),
            (rsa(256), all_rsa),
            (with(rsa(256), &json!({"n": format!("AAAA{}", number(258))})), all_rsa),
            (with(rsa(256), &json!({"alg": "PS384"})), "[PS384]"),
            // Unusable, each for one reason.
            (rsa(255), ""),
            (with(rsa(256), &json!({"alg": "ES256"})), ""),
            (with(rsa(256), &json!({"alg": "RSA-OAEP-256"})), ""),
            (with(rsa(256), &json!({"alg": "HS256"})), ""),
            (with(rsa(256), &json!({"e": null})), ""),
            (ec("P-521", 66), ""),
            (with(ec("P-521", 66), &json!({"alg": "ES512"})), ""),
            (ec("P-256", 31), ""),
            (ec("secp256k1", 32), ""),
            (ed(&json!({"crv": "Ed448"})), ""),
            (ed(&json!({"x": "not base64!"})), ""),
            (ed(&json!({"use": "enc"})), ""),
            (ed(&json!({"use": "something new"})), ""),
            (ed(&json!({"key_ops": ["sign"]})), ""),
            (ed(&json!({"kid": 7})), ""),
            (json!({"kty": "oct", "k": number(32), "alg": "HS256"}), ""),
            (json!({"kty": "of tomorrow"}), ""),
            (json!({}), ""),
            (json!("a string"), ""),
        ];
        for (jwk, algorithms) in table {
            let key = Key::public(jwk.clone());
            let found = key.map(|key| format!("{:?}", key.algorithms)).unwrap_or_default();
            assert_eq!(found, algorithms, "{jwk}");
        }
    }

    #[test]
    fn a_key_is_found_by_kid_and_algorithm() {
        let rsa = |kid: &str, alg: &str| {
            let n = number(256);
            json!({"kty": "RSA", "n": n, "e": "AQAB", "kid": kid, "alg": alg})
        };
        let document = json!({"more": 1, "keys": [
            rsa("twice", "RS256"),
            rsa("twice", "PS256"),
            {"kty": "EC", "crv": "P-521", "kid": "wide", "alg": "ES512"},
            ed(&json!({"kid": "ed", "alg": "EdDSA"})),
            rsa("other", "RS256"),
            ed(&json!({"alg": "EdDSA", "use": "enc"})),
        ]});
        let set = KeySet::parse(document.to_string().as_bytes(), None).unwrap();
        let find = |kid, algorithm| set.find(kid, algorithm).map(|keys| keys.len());
        assert_eq!(find(Some("twice"), Algorithm::RS256), Ok(1));
        assert_eq!(find(Some("twice"), Algorithm::PS256), Ok(1));
        assert_eq!(find(Some("twice"), Algorithm::PS512), Err(KeyLookupError::OtherAlgorithm));
        assert_eq!(find(Some("wide"), Algorithm::ES384), Err(KeyLookupError::UnknownKid));
        assert_eq!(find(None, Algorithm::EdDSA), Ok(1));
        assert_eq!(find(None, Algorithm::RS256), Err(KeyLookupError::NoKid));
        assert_eq!(find(None, Algorithm::ES256), Err(KeyLookupError::NoKid));
    }

    #[test]
    fn a_key_that_stays_is_the_same_one() {
        let read = |x: [u8; 32], previous| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(x);
            let keys =
                json!({"keys": [ed(&json!({"kid": "a"})), ed(&json!({"kid": "b", "x": x}))]});
            KeySet::parse(keys.to_string().as_bytes(), previous).unwrap()
        };
        let before = read([1; 32], None);
        let replaced = read([2; 32], Some(&before));
        assert!(Arc::ptr_eq(&before.0[0], &replaced.0[0]));
        assert!(!Arc::ptr_eq(&before.0[1], &replaced.0[1]), "the name is the same, not the key");
        assert!(KeySet::parse(b"<html>", None).is_err());
        assert!(KeySet::parse(b"{}", None).is_err());
    }
}
