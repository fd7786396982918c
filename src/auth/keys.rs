//! Verification keys, parsed from secrets and JWKS documents, each bound to its algorithms.

use std::{slice, str::FromStr, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::error::quoted;

/// A key that verifies signatures. The token cache refers to it by identity, not by `kid`.
pub(super) struct VerificationKey {
    /// The JWK it was parsed from, to recognize it in the next JWKS; null for a secret.
    jwk: Value,
    kid: Option<String>,
    algorithms: &'static [Algorithm],
    decoding_key: DecodingKey,
}

impl VerificationKey {
    pub(super) fn from_secret(secret: &SecretString) -> Self {
        Self {
            jwk: Value::Null,
            kid: None,
            algorithms: &[Algorithm::HS256],
            decoding_key: DecodingKey::from_secret(secret.expose_secret().as_bytes()),
        }
    }

    /// Parses a JWK (RFC 7517 §4); `None` if it is not a supported signature key.
    fn from_jwk(value: Value) -> Option<Self> {
        let jwk = Jwk::deserialize(&value).ok().filter(Jwk::is_for_verification)?;
        let (supported, decoding_key) = jwk.decoding_key()?;
        let algorithms = jwk.restrict_to_alg(supported)?;
        Some(Self { jwk: value, kid: jwk.kid, algorithms, decoding_key })
    }

    pub(super) fn verifies(
        &self,
        signing_input: &str,
        signature: &str,
        algorithm: Algorithm,
    ) -> bool {
        self.supports(algorithm)
            && jsonwebtoken::crypto::verify(
                signature,
                signing_input.as_bytes(),
                &self.decoding_key,
                algorithm,
            )
            .unwrap_or(false)
    }

    fn supports(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

/// The JWK members that verification needs.
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

    /// The key, and all supported algorithms of its type.
    fn decoding_key(&self) -> Option<(&'static [Algorithm], DecodingKey)> {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        Some(match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => (&[EdDSA], self.ed25519()?),
            ("EC", Some("P-256")) => (&[ES256], self.ec_point(32)?),
            ("EC", Some("P-384")) => (&[ES384], self.ec_point(48)?),
            ("RSA", _) => (&[RS256, RS384, RS512, PS256, PS384, PS512], self.rsa()?),
            _ => return None,
        })
    }

    /// The key, unless it is weak.
    fn ed25519(&self) -> Option<DecodingKey> {
        let key = base64url_octets(self.x.as_ref(), 32)?;
        if is_weak_ed25519(key.as_slice().try_into().ok()?) {
            let kid = self.kid.as_deref().map(quoted);
            tracing::warn!(kid, "the JWKS has an Ed25519 key that is no good, which is skipped");
            return None;
        }
        Some(DecodingKey::from_ed_der(&key))
    }

    /// The uncompressed point of an EC key whose coordinates have `size` bytes (RFC 7518 §6.2.1).
    fn ec_point(&self, size: usize) -> Option<DecodingKey> {
        let mut point = vec![4];
        point.extend(base64url_octets(self.x.as_ref(), size)?);
        point.extend(base64url_octets(self.y.as_ref(), size)?);
        Some(DecodingKey::from_ec_der(&point))
    }

    /// Requires at least 2048 bits (RFC 7518 §3.3).
    fn rsa(&self) -> Option<DecodingKey> {
        let (n, e) = (base64url_uint(self.n.as_ref())?, base64url_uint(self.e.as_ref())?);
        let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
        (bits >= 2048).then(|| DecodingKey::from_rsa_raw_components(&n, &e))
    }

    /// Only the algorithm in `alg`, or all of them if the key has no `alg` (RFC 8725 §3.1).
    fn restrict_to_alg(&self, supported: &'static [Algorithm]) -> Option<&'static [Algorithm]> {
        let Some(alg) = &self.alg else { return Some(supported) };
        let alg = Algorithm::from_str(alg).ok()?;
        supported.iter().find(|algorithm| **algorithm == alg).map(slice::from_ref)
    }
}

/// Whether an Ed25519 key (RFC 8032 §5.1.2) is a point of small order, under which one signature is good for many
/// messages, or is encoded in a way that RFC 8032 §5.1.3 rejects.
fn is_weak_ed25519(key: [u8; 32]) -> bool {
    /// A number of 256 bits, its upper half first.
    type Wide = (u128, u128);
    /// 2^255 − 19.
    const P: Wide = (u128::MAX >> 1, u128::MAX - 18);
    /// The y of the points whose order is 1, 2, 4 or 8.
    const SMALL_ORDER: [Wide; 5] = [
        (0, 0),
        (0, 1),
        (P.0, P.1 - 1),
        (0x05fc_536d_8802_38b1_3933_c6d3_05ac_dfd5, 0xf098_eff2_89f4_c345_b027_b2c2_8f95_e826),
        (0x7a03_ac92_77fd_c74e_c6cc_392c_fa53_202a, 0x0f67_100d_760b_3cba_4fd8_4d3d_706a_17c7),
    ];
    let half =
        |at: usize| (0..16).rev().fold(0, |half, byte| half << 8 | u128::from(key[at + byte]));
    // The uppermost bit is the sign of x.
    let y = (half(16) & P.0, half(0));
    y >= P || SMALL_ORDER.contains(&y)
}

fn base64url_octets(text: Option<&String>, size: usize) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text?).ok().filter(|octets| octets.len() == size)
}

/// A `Base64urlUInt` (RFC 7518 §2), without leading zeros: some issuers write them, and the verifier
/// rejects them.
fn base64url_uint(text: Option<&String>) -> Option<Vec<u8>> {
    let octets = BASE64_URL_SAFE_NO_PAD.decode(text?).ok()?;
    Some(octets.into_iter().skip_while(|octet| *octet == 0).collect())
}

/// The usable keys of a JWKS.
pub(super) struct JwkSet(Vec<Arc<VerificationKey>>);

/// Why a JWKS has no key for a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KeyLookupError {
    /// No fetch of the JWKS has succeeded yet.
    NeverFetched,
    /// No key has this `kid`.
    UnknownKid,
    /// The token has no `kid`, and the JWKS does not have exactly one key for its algorithm.
    NoKid,
    /// The key with this `kid` is for another algorithm.
    OtherAlgorithm,
}

impl JwkSet {
    /// Parses a JWKS (RFC 7517 §5) and skips unusable keys. A key that is also in the previous set
    /// keeps its identity.
    pub(super) fn parse(document: &[u8], previous: Option<&Self>) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document =
            serde_json::from_slice(document).map_err(|error| format!("not a key set: {error}"))?;
        let known = |jwk: &Value| previous?.0.iter().find(|key| key.jwk == *jwk).cloned();
        let keys = document
            .keys
            .into_iter()
            .filter_map(|jwk| known(&jwk).or_else(|| VerificationKey::from_jwk(jwk).map(Arc::new)));
        Ok(Self(keys.collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys for a token with this `kid` and algorithm. Keys of different algorithms may share a
    /// `kid`.
    pub(super) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<VerificationKey>>, KeyLookupError> {
        let has_kid = |key: &&Arc<VerificationKey>| kid.is_none() || key.kid.as_deref() == kid;
        let keys = || self.0.iter().filter(has_kid);
        let usable: Vec<_> = keys().filter(|key| key.supports(algorithm)).cloned().collect();
        match kid {
            None if usable.len() != 1 => Err(KeyLookupError::NoKid),
            Some(_) if keys().next().is_none() => Err(KeyLookupError::UnknownKid),
            Some(_) if usable.is_empty() => Err(KeyLookupError::OtherAlgorithm),
            _ => Ok(usable),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A coordinate or modulus; parsing checks its length only.
    fn number(bytes: usize) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(vec![0xff; bytes])
    }

    /// The key of the first example of RFC 8032 §7.1.
    fn ed(more: &Value) -> Value {
        const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        with(json!({"kty": "OKP", "crv": "Ed25519", "x": X}), more)
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
            let key = VerificationKey::from_jwk(jwk.clone());
            let found = key.map(|key| format!("{:?}", key.algorithms)).unwrap_or_default();
            assert_eq!(found, algorithms, "{jwk}");
        }
    }

    #[test]
    fn an_ed25519_key_of_small_order_is_skipped() {
        // Little-endian: 0, 1, the two of order 8, p - 1, and from p on what is not canonical.
        let p = |first: u8| format!("{first:02x}{}7f", "ff".repeat(30));
        let mut weak = vec!["00".repeat(32), format!("01{}", "00".repeat(31))];
        weak.extend((0xec..=0xff).map(p));
        weak.extend([
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned(),
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned(),
        ]);
        let is_usable = |hex: &str, sign: u8| {
            let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
            let mut key: Vec<u8> = (0..32).map(byte).collect();
            key[31] |= sign;
            let x = BASE64_URL_SAFE_NO_PAD.encode(key);
            VerificationKey::from_jwk(ed(&json!({ "x": x }))).is_some()
        };
        let good = [p(0xeb), format!("02{}", "00".repeat(31))];
        for sign in [0, 0x80] {
            for hex in &weak {
                assert!(!is_usable(hex, sign), "{hex}");
            }
            for hex in &good {
                assert!(is_usable(hex, sign), "{hex}");
            }
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
        let set = JwkSet::parse(document.to_string().as_bytes(), None).unwrap();
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
    fn a_key_in_both_sets_keeps_its_identity() {
        let read = |x: [u8; 32], previous| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(x);
            let keys =
                json!({"keys": [ed(&json!({"kid": "a"})), ed(&json!({"kid": "b", "x": x}))]});
            JwkSet::parse(keys.to_string().as_bytes(), previous).unwrap()
        };
        let before = read([1; 32], None);
        let replaced = read([2; 32], Some(&before));
        assert!(Arc::ptr_eq(&before.0[0], &replaced.0[0]));
        assert!(!Arc::ptr_eq(&before.0[1], &replaced.0[1]), "same `kid`, another key");
        assert!(JwkSet::parse(b"<html>", None).is_err());
        assert!(JwkSet::parse(b"{}", None).is_err());
    }
}
