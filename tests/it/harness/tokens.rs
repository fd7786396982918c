//! Real tokens, and the keys that sign them.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaKeyPair, RsaPublicKeyComponents,
    },
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use taskward::time::Timestamp;

/// The secret that the server and the tests share.
pub const SECRET: &str = "a secret that only the tests and the server know";

/// A token of that user, good for an hour.
pub fn of(sub: &str, now: Timestamp) -> String {
    with(&json!({
        "sub": sub,
        "email": format!("{sub}@example.com"),
        "name": sub,
        "iat": now.seconds(),
        "exp": now.seconds() + 3600,
    }))
}

/// A token with these claims.
pub fn with(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// A part of a token.
pub fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with any header and any claims, which need not even be JSON.
pub fn signed(
    header: &impl ToString,
    claims: &impl ToString,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let signed = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
    let signature = part(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A token by a shared secret, signed by the algorithm of its header: HS256, HS384 or HS512.
pub fn by_secret(secret: impl AsRef<[u8]>, header: &Value, claims: &impl ToString) -> String {
    let algorithm = match header["alg"].as_str() {
        Some("HS384") => hmac::HMAC_SHA384,
        Some("HS512") => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let key = hmac::Key::new(algorithm, secret.as_ref());
    signed(header, claims, |bytes| hmac::sign(&key, bytes).as_ref().to_vec())
}

/// A key pair of an issuer, under the name that its key set gives it.
pub struct Key {
    pub kid: String,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ec(&'static str, EcdsaKeyPair),
    Rsa(&'static RsaKeyPair),
}

impl Key {
    /// A key of the kind that Better Auth uses by default.
    pub fn ed25519(kid: &str) -> Self {
        Self { kid: kid.to_owned(), pair: Pair::Ed25519(Ed25519KeyPair::generate().unwrap()) }
    }

    /// A key on one of the curves P-256, P-384 and P-521.
    pub fn ec(kid: &str, curve: &'static str) -> Self {
        let algorithm = match curve {
            "P-256" => &ECDSA_P256_SHA256_FIXED_SIGNING,
            "P-384" => &ECDSA_P384_SHA384_FIXED_SIGNING,
            "P-521" => &ECDSA_P521_SHA512_FIXED_SIGNING,
            _ => panic!("no such curve: {curve}"),
        };
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        Self { kid: kid.to_owned(), pair: Pair::Ec(curve, pair) }
    }

    /// A key of 2048 bits; always the same one, since it takes long to make.
    pub fn rsa(kid: &str) -> Self {
        static PAIR: LazyLock<RsaKeyPair> =
            LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        Self { kid: kid.to_owned(), pair: Pair::Rsa(&PAIR) }
    }

    /// The algorithm that an issuer takes for such a key.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ed25519(_) => "EdDSA",
            Pair::Ec("P-256", _) => "ES256",
            Pair::Ec("P-384", _) => "ES384",
            Pair::Ec(..) => "ES512",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// The public key as a JWK, without `alg`.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": part(pair.public_key())})
            }
            Pair::Ec(curve, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": part(x), "y": part(y)})
            }
            Pair::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": part(public.n), "e": part(public.e)})
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk
    }

    /// The same with members more, or other ones.
    pub fn jwk_with(&self, more: &Value) -> Value {
        let mut jwk = self.jwk();
        jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        jwk
    }

    /// Its public half as X.509 writes it.
    pub fn public_der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der = match &self.pair {
            Pair::Ed25519(pair) => pair.public_key().as_der().unwrap(),
            Pair::Ec(_, pair) => pair.public_key().as_der().unwrap(),
            Pair::Rsa(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    /// The same as a PEM file.
    pub fn public_pem(&self) -> String {
        let text = BASE64_STANDARD.encode(self.public_der());
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// A token as Better Auth signs it: its header has `alg` and `kid`, and nothing else.
    pub fn signs(&self, claims: &impl ToString) -> String {
        self.signs_as(&json!({"alg": self.algorithm(), "kid": self.kid}), claims)
    }

    /// A token with this header, signed by its `alg` if the key can do that.
    pub fn signs_as(&self, header: &Value, claims: &impl ToString) -> String {
        let algorithm = header["alg"].as_str().unwrap_or_default();
        signed(header, claims, |bytes| self.signature(algorithm, bytes))
    }

    fn signature(&self, algorithm: &str, bytes: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(bytes).as_ref().to_vec(),
            Pair::Ec(_, pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let encoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, bytes, &mut signature).unwrap();
                signature
            }
        }
    }
}
