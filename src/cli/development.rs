//! Development mode: a secret of the server's own, so that a front end can start without a login.

use std::{fs, io, os::unix::fs::OpenOptionsExt, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// Where the secret is kept.
const FILE: &str = "data/development-secret";
/// Random bytes of the secret.
const LENGTH: usize = 32;

/// The secret of this folder, made when there is none; only its owner may read the file.
///
/// # Errors
/// When the file can neither be read nor made.
pub fn secret() -> io::Result<SecretString> {
    if let Some(secret) = existing_secret()? {
        return Ok(secret);
    }
    if let Some(folder) = Path::new(FILE).parent() {
        fs::create_dir_all(folder)?;
    }
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no random numbers"))?;
    let secret = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(FILE)?;
    io::Write::write_all(&mut file, secret.as_bytes())?;
    Ok(secret.into())
}

/// The secret that an earlier start has made.
///
/// # Errors
/// When there is a file that cannot be read.
pub fn existing_secret() -> io::Result<Option<SecretString>> {
    match fs::read_to_string(FILE) {
        Ok(secret) if secret.trim().len() >= LENGTH => Ok(Some(secret.trim().to_owned().into())),
        Ok(_) => Err(io::Error::other(format!("{FILE} is broken: delete it, and start again"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the console says: where the server is, a token, and a request to paste.
#[must_use]
pub fn welcome(address: std::net::SocketAddr, token: &str) -> String {
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
