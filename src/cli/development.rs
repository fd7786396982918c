//! Development mode: a secret of the server's own, so that a front end can start without a login.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use secrecy::SecretString;

use crate::auth::NewToken;

/// The file of the secret.
const FILE: &str = "data/development-secret";
/// The permissions of everybody but the owner.
const OF_OTHERS: u32 = 0o077;
/// The number of random bytes in the secret.
const LENGTH: usize = 32;
/// A day, in which a front end's developer restarts the server anyway.
const TOKEN_TTL: TimeDelta = TimeDelta::days(1);

/// The secret of the working directory, generated if there is none; only the owner of the file can
/// read it.
pub fn secret() -> io::Result<SecretString> {
    if let Some(secret) = existing_secret()? {
        return Ok(secret);
    }
    if let Some(folder) = Path::new(FILE).parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no random numbers"))?;
    let secret = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(FILE)?;
    io::Write::write_all(&mut file, secret.as_bytes())?;
    Ok(secret.into())
}

/// The secret that an earlier start has generated. One that others may have read or written is refused, since
/// they could sign in as anybody.
pub fn existing_secret() -> io::Result<Option<SecretString>> {
    let file = match fs::File::open(FILE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    if file.metadata()?.permissions().mode() & OF_OTHERS != 0 {
        return Err(io::Error::other(format!(
            "{FILE} is open to other users of this machine, who could sign tokens with it: delete it for a new one, or run `chmod 600 {FILE}`"
        )));
    }
    let secret = io::read_to_string(file)?;
    let secret = secret.trim();
    if secret.len() < LENGTH {
        return Err(io::Error::other(format!("{FILE} is broken: delete it, and start again")));
    }
    Ok(Some(secret.into()))
}

/// The claims of the token that the server prints.
pub fn user() -> NewToken {
    NewToken {
        sub: "dev-user".to_owned(),
        email: Some("dev-user@example.com".to_owned()),
        name: Some("Developer".to_owned()),
        ttl: TOKEN_TTL,
    }
}

/// What the server prints: its addresses, a token, and a request to paste.
pub fn welcome(address: SocketAddr, token: &str) -> String {
    format!(
        "
taskward runs in development mode: configure where tokens come from before others use it.

  GraphQL   http://{address}/graphql
  GraphiQL  http://{address}/

A token for `dev-user`, good for a day:

  {token}

Try it:

  curl http://{address}/graphql -H 'content-type: application/json' \\
    -H 'authorization: Bearer {token}' \\
    -d '{{\"query\":\"mutation {{ createTask(input: {{title: \\\"Buy milk\\\"}}) {{ task {{ id title }} }} }}\"}}'
"
    )
}
