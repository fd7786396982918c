use super::*;

/// The sources of settings that are written as flags.
fn sources(flags: &[&str]) -> Result<TokenSources, Vec<String>> {
    let list = |text: &str| text.split(',').map(str::to_owned).collect();
    let mut settings = TokenSettings::default();
    for flag in flags {
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        match name {
            "--better-auth-url" => settings.better_auth_url = value.to_owned(),
            "--better-auth-secret" => settings.better_auth_secret = value.into(),
            "--better-auth-secrets" => {
                settings.better_auth_secrets = value.split(',').map(Into::into).collect();
            }
            "--jwks-url" => settings.jwks_url = value.to_owned(),
            "--jwt-issuer" => settings.jwt_issuer = list(value),
            "--jwt-audience" => settings.jwt_audience = list(value),
            "--shared-subjects" => settings.shared_subjects = true,
            "--insecure-jwks" => settings.insecure_jwks = true,
            "--token-leeway" => settings.token_leeway = value.parse().unwrap(),
            "--token-cache" => settings.token_cache = value.parse().unwrap(),
            _ => panic!("{flag}"),
        }
    }
    settings.sources()
}

fn faults(args: &[&str]) -> Vec<String> {
    sources(args).err().unwrap_or_default()
}

const SECRET: &str = "--better-auth-secret=0123456789abcdef0123456789abcdef";
const BETTER_AUTH: &str = "--better-auth-url=https://app.example";
const JWKS: &str = "--jwks-url=https://issuer.example/keys";
const ISSUER: &str = "--jwt-issuer=https://issuer.example/";
const AUDIENCE: &str = "--jwt-audience=tasks";

#[test]
fn good_settings_are_accepted() {
    let table: &[&[&str]] = &[
        &[],
        &["--better-auth-secret=", "--better-auth-url=", "--jwks-url=", "--jwt-issuer=,"],
        &[SECRET],
        &["--better-auth-secret=00000000000000000000000001234567"],
        &[BETTER_AUTH],
        &[SECRET, BETTER_AUTH],
        &[SECRET, BETTER_AUTH, "--jwks-url=https://cdn.example/jwks"],
        &[JWKS, ISSUER, AUDIENCE],
        &[JWKS, "--jwt-issuer=https://a.example,https://a.example/", AUDIENCE],
        &[JWKS, ISSUER, AUDIENCE, SECRET, "--shared-subjects"],
        &[JWKS, "--jwt-issuer=a,b", AUDIENCE, "--shared-subjects"],
        &["--better-auth-url=http://localhost:3000"],
        &["--better-auth-url=http://app.localhost"],
        &["--better-auth-url=http://127.0.0.2"],
        &["--better-auth-url=http://[::1]:3000"],
        &["--better-auth-url=http://auth:3000", "--insecure-jwks"],
        &["--better-auth-url=http://auth:3000", "--jwks-url=https://auth/jwks"],
        &[BETTER_AUTH, "--token-leeway=300", "--token-cache=0"],
    ];
    for args in table {
        assert_eq!(faults(args), [""; 0], "{args:?}");
    }
}

#[test]
fn each_fault_names_the_setting_and_shows_no_secret() {
    let long = "abcdefghijklmnopqrstuvwxyz".repeat(2);
    let repeated = format!("--better-auth-secrets=2:{},1:{}", "x".repeat(64), "hushhh.".repeat(9));
    let rotation = format!("--better-auth-secrets=2:{long},2:{long},hush,z:{long},1:hush");
    let table: &[(&[&str], &[&str])] = &[
        (&["--better-auth-secret=hush"], &["BETTER_AUTH_SECRET has fewer than 32 bytes"]),
        (
            &["--better-auth-secret=better-auth-secret-12345678901234567890"],
            &["BETTER_AUTH_SECRET is the default"],
        ),
        (
            &[&repeated],
            &[
                "BETTER_AUTH_SECRETS: entry 1 repeats fewer than 8",
                "BETTER_AUTH_SECRETS: entry 2 repeats fewer than 8",
            ],
        ),
        (
            &["--better-auth-secret=0000000000000000000000000000000"],
            &["BETTER_AUTH_SECRET has fewer"],
        ),
        (
            &["--better-auth-secret=00000000000000000000000000123456"],
            &["BETTER_AUTH_SECRET repeats"],
        ),
        (
            &[&rotation],
            &[
                "BETTER_AUTH_SECRETS: entry 2 repeats",
                "BETTER_AUTH_SECRETS: entry 3 must read",
                "BETTER_AUTH_SECRETS: entry 4 must read",
                "BETTER_AUTH_SECRETS: entry 5 has fewer",
            ],
        ),
        (&["--better-auth-url=http://auth:3000"], &["BETTER_AUTH_URL must begin with https://"]),
        (&["--better-auth-url=http://localhost.example"], &["BETTER_AUTH_URL must begin with"]),
        (&["--better-auth-url=app.example"], &["BETTER_AUTH_URL is not a URL"]),
        (&["--better-auth-url=ftp://app.example"], &["BETTER_AUTH_URL is not a URL"]),
        (&[JWKS], &["JWT_ISSUER is not set", "JWT_AUDIENCE is not set"]),
        (&[JWKS, ISSUER], &["JWT_AUDIENCE is not set"]),
        (&[JWKS, ISSUER, AUDIENCE, SECRET], &["Tokens come from more than one issuer"]),
        (&[BETTER_AUTH, "--jwt-issuer=a,b"], &["Tokens come from more than one issuer"]),
        (&["--token-leeway=301"], &["TASKWARD_TOKEN_LEEWAY must be at most 300"]),
        (
            &[
                "--jwks-url=http://issuer.example",
                "--better-auth-secret=hush",
                "--token-leeway=900",
            ],
            &[
                "BETTER_AUTH_SECRET has fewer",
                "JWKS_URL must begin with https://",
                "JWT_ISSUER is not set",
                "JWT_AUDIENCE is not set",
                "TASKWARD_TOKEN_LEEWAY",
            ],
        ),
    ];
    for (args, expected) in table {
        let faults = faults(args);
        assert_eq!(faults.len(), expected.len(), "{args:?}: {faults:?}");
        for (fault, start) in faults.iter().zip(*expected) {
            assert!(fault.starts_with(start), "{fault}");
            assert!(!fault.contains("hush") && !fault.contains(&long), "{fault}");
        }
    }
}

#[test]
fn the_key_set_of_better_auth_is_where_it_is_mounted() {
    let table = [
        ("https://app.example", "https://app.example/api/auth/jwks", "https://app.example"),
        ("https://app.example/", "https://app.example/api/auth/jwks", "https://app.example"),
        (
            "https://app.example/api/auth/",
            "https://app.example/api/auth/jwks",
            "https://app.example",
        ),
        (
            "https://app.example:8443/login?a#b",
            "https://app.example:8443/login/jwks",
            "https://app.example:8443",
        ),
    ];
    for (url, key_set, origin) in table {
        let sources = sources(&[&format!("--better-auth-url={url}")]).ok().unwrap();
        assert_eq!(sources.key_set.unwrap().as_str(), key_set);
        assert_eq!(sources.validation.issuers.accepted, [origin]);
        assert_eq!(sources.validation.audiences.accepted, [origin]);
    }
}

#[test]
fn the_current_secret_signs() {
    let newest = "new 0123456789abcdef0123456789abcdef";
    let list = format!("--better-auth-secrets= 2:{newest} , 1:old {newest}");
    let sources = sources(&[SECRET, &list]).ok().unwrap();
    assert_eq!(sources.secrets.len(), 3);
    assert_eq!(sources.signing_secret().unwrap().expose_secret(), newest);
    let sources = sources.with_secret("made up".into());
    assert_eq!(sources.signing_secret().unwrap().expose_secret(), "made up");
}
