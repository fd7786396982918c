//! `check-config`: the effective configuration, or every error in it.

use super::process::{Folder, Output, SECRET};

/// The value of a setting.
fn value<'a>(output: &'a Output, name: &str) -> &'a str {
    output.succeeds();
    let mut lines = output.stdout.lines().filter_map(|line| line.split_once(' '));
    let line = lines.find(|(setting, _)| *setting == name);
    line.unwrap_or_else(|| panic!("{name} in {}", output.stdout)).1.trim()
}

#[test]
fn without_settings_it_is_development_on_this_machine() {
    let output = Folder::new().run(&["check-config"]);
    for (name, expected) in [
        ("mode", "development: no source of keys is configured"),
        ("TASKWARD_LISTEN", "127.0.0.1:4000"),
        ("DATABASE_URL", "sqlite://./data/taskward.db"),
        ("TASKWARD_POOL_SIZE", "16"),
        ("TASKWARD_ROW_SECURITY", "false"),
        ("TASKWARD_INTROSPECTION", "true"),
        ("TASKWARD_PLAYGROUND", "true"),
        ("TASKWARD_PLAYGROUND_ASSETS", "https://unpkg.com"),
        ("TASKWARD_CORS_ORIGINS", "any of this machine"),
        ("TASKWARD_REQUEST_TIMEOUT", "10 s"),
        ("TASKWARD_MAX_BODY", "1048576 bytes"),
        ("TASKWARD_MAX_RESPONSE", "16777216 bytes"),
        ("TASKWARD_MAX_TOKENS", "2000"),
        ("TASKWARD_MAX_ALIASES", "100"),
        ("TASKWARD_MAX_DIRECTIVES", "50"),
        ("TASKWARD_MAX_ROOT_FIELDS", "30"),
        ("TASKWARD_MAX_DEPTH", "15"),
        ("TASKWARD_MAX_COST", "10000"),
        ("TASKWARD_TRUSTED_DOCUMENTS", "none"),
        ("TASKWARD_PERSISTED_QUERIES", "4194304 bytes"),
        ("TASKWARD_RATE_LIMIT", "3000"),
        ("TASKWARD_ANONYMOUS_RATE_LIMIT", "300"),
        ("TASKWARD_TRUSTED_PROXIES", "none"),
        ("TASKWARD_MAX_TASKS", "100000"),
        ("TASKWARD_MAX_TAGS", "1000"),
        ("TASKWARD_MAX_LISTS", "1000"),
        ("TASKWARD_MAX_BYTES", "268435456"),
        ("TASKWARD_MAX_SOCKETS", "10000"),
        ("TASKWARD_MAX_SOCKETS_PER_USER", "32"),
        ("TASKWARD_MAX_SOCKET_OPERATIONS", "32"),
        ("TASKWARD_LOG", "info"),
        ("TASKWARD_LOG_FORMAT", "text"),
        ("BETTER_AUTH_URL", "none"),
        ("BETTER_AUTH_SECRET", "none"),
        ("BETTER_AUTH_SECRETS", "none"),
        ("JWKS_URL", "none"),
        ("JWT_ISSUER", "none"),
        ("JWT_AUDIENCE", "none"),
        ("TASKWARD_SHARED_SUBJECTS", "false"),
        ("TASKWARD_INSECURE_JWKS", "false"),
        ("TASKWARD_TOKEN_LEEWAY", "30 s"),
        ("TASKWARD_TOKEN_CACHE", "10000"),
    ] {
        assert_eq!(value(&output, name), expected, "{name}");
    }
}

#[test]
fn secrets_are_masked() {
    let folder = Folder::new()
        .with("BETTER_AUTH_SECRET", SECRET)
        .with("BETTER_AUTH_SECRETS", &format!("2:{SECRET} the second,1:{SECRET} the first"))
        .with(
            "DATABASE_URL",
            "postgres://me:hidden%2Fword@db.example.com:5433/tasks?sslmode=require",
        );
    let output = folder.run(&["check-config"]);
    assert_eq!(value(&output, "mode"), "production");
    let url = "postgres://me:***@db.example.com:5433/tasks?sslmode=require";
    assert_eq!(value(&output, "DATABASE_URL"), url);
    assert_eq!(value(&output, "BETTER_AUTH_SECRETS"), "***, ***, ***");
    for secret in [SECRET, "hidden"] {
        assert!(!format!("{output:?}").contains(secret), "{output:?}");
    }
}

#[test]
fn a_password_is_masked_in_every_part_of_the_url() {
    for (url, masked) in [
        (
            "postgres://db.example.com/tasks?user=me&password=hidden&sslmode=require",
            "postgres://db.example.com/tasks?user=me&password=***&sslmode=require",
        ),
        (
            "postgres://me:hidden@db.example.com/tasks?password=hidden",
            "postgres://me:***@db.example.com/tasks?password=***",
        ),
    ] {
        let output = Folder::new().with("DATABASE_URL", url).run(&["check-config"]);
        assert_eq!(value(&output, "DATABASE_URL"), masked);
    }
    for url in ["sqlite://./data/taskward.db", "sqlite://my tasks.db?mode=rwc"] {
        let output = Folder::new().with("DATABASE_URL", url).run(&["check-config"]);
        assert_eq!(value(&output, "DATABASE_URL"), url);
    }
}

#[test]
fn a_password_that_is_not_escaped_is_not_printed() {
    let before_the_host =
        ["hidden#1", "hidden/1", "hidden?1", "1#hidden", "1/hidden", "1?hidden", "1?hidden=1"];
    let urls = before_the_host.map(|it| format!("postgres://me:{it}@db.example.com/tasks"));
    let parameters = ["1#hidden", "1&hidden", "1&hidden=", "1&hidden$=1"];
    let parameters =
        parameters.map(|it| format!("postgres://me@db.example.com/tasks?password={it}"));
    for url in urls.iter().chain(&parameters) {
        let output = Folder::new().with("DATABASE_URL", url).run(&["check-config"]);
        assert!(output.faults()[0].starts_with("DATABASE_URL: "), "{output:?}");
        assert!(!output.stderr.contains("hidden"), "{output:?}");
    }
}

#[test]
fn a_parameter_that_the_driver_does_not_know_is_named_without_its_value() {
    for parameter in ["Password", "passwd", "connect-timeout"] {
        let url = format!("postgres://me@db.example.com/tasks?sslmode=require&{parameter}=hidden");
        let output = Folder::new().with("DATABASE_URL", &url).run(&["check-config"]);
        assert!(output.faults()[0].contains(parameter), "{output:?}");
        assert!(!output.stderr.contains("hidden"), "{output:?}");
    }
    for url in [
        "sqlite://tasks.db?hidden=1",
        "sqlite://tasks.db?mode=hidden",
        "sqlite://tasks.db?cache=hidden",
        "sqlite://tasks%FFhidden.db",
        "postgres://db.example.com/tasks?sslmode=hidden",
        "postgres://db.example.com/tasks?port=hidden",
    ] {
        let output = Folder::new().with("DATABASE_URL", url).run(&["check-config"]);
        assert!(output.faults()[0].starts_with("DATABASE_URL: "), "{output:?}");
        assert!(!output.stderr.contains("hidden"), "{output:?}");
    }
}

#[test]
fn each_parameter_that_the_driver_knows_is_accepted() {
    let url = "postgres://db.example.com/tasks?sslmode=verify-full&sslrootcert=a.pem&sslcert=b.pem&sslkey=c.pem\
        &statement-cache-capacity=10&host=/run/postgresql&port=5433&dbname=more&user=me&application_name=it\
        &options=-c%20jit%3Doff&options[work_mem]=8MB";
    Folder::new().with("DATABASE_URL", url).run(&["check-config"]).succeeds();
}

#[test]
fn what_hosted_databases_say_to_other_drivers_is_left_out() {
    for (given, shown) in [
        ("?sslmode=require&channel_binding=require", "?sslmode=require"),
        ("?connect_timeout=10&pgbouncer=true", ""),
    ] {
        let url = format!("postgres://db.example.com/tasks{given}");
        let output = Folder::new().with("DATABASE_URL", &url).run(&["check-config"]);
        let expected = format!("postgres://db.example.com/tasks{shown}");
        assert_eq!(value(&output, "DATABASE_URL"), expected);
    }
}

#[test]
fn production_hides_the_schema_by_default() {
    let production = || Folder::new().with("BETTER_AUTH_SECRET", SECRET);
    let output = production().run(&["check-config"]);
    assert_eq!(value(&output, "TASKWARD_INTROSPECTION"), "false");
    assert_eq!(value(&output, "TASKWARD_PLAYGROUND"), "false");
    assert_eq!(value(&output, "TASKWARD_CORS_ORIGINS"), "none");

    let output = production()
        .with("TASKWARD_INTROSPECTION", "true")
        .with("TASKWARD_PLAYGROUND", "true")
        .with("TASKWARD_CORS_ORIGINS", "https://a.example,https://b.example:8443")
        .with("TASKWARD_LISTEN", "0.0.0.0:80")
        .run(&["check-config"]);
    assert_eq!(value(&output, "TASKWARD_INTROSPECTION"), "true");
    assert_eq!(value(&output, "TASKWARD_PLAYGROUND"), "true");
    let origins = "https://a.example, https://b.example:8443";
    assert_eq!(value(&output, "TASKWARD_CORS_ORIGINS"), origins);
    assert_eq!(value(&output, "TASKWARD_LISTEN"), "0.0.0.0:80");
}

#[test]
fn a_flag_takes_precedence_over_the_environment() {
    let folder = Folder::new().with("TASKWARD_MAX_DEPTH", "7").with("TASKWARD_MAX_COST", "8");
    for arguments in [["check-config", "--max-depth=9"], ["--max-depth=9", "check-config"]] {
        let output = folder.run(&arguments);
        assert_eq!(value(&output, "TASKWARD_MAX_DEPTH"), "9");
        assert_eq!(value(&output, "TASKWARD_MAX_COST"), "8");
    }
}

#[test]
fn all_faults_are_named_at_once() {
    let output = Folder::new()
        .with("BETTER_AUTH_SECRET", "short")
        .with("BETTER_AUTH_URL", "nowhere")
        .with("TASKWARD_LISTEN", "localhost")
        .with("DATABASE_URL", "mysql://me:hidden@db/tasks")
        .with("TASKWARD_POOL_SIZE", "0")
        .with("TASKWARD_INTROSPECTION", "yes")
        .with("TASKWARD_PLAYGROUND", "1")
        .with("TASKWARD_CORS_ORIGINS", "https://a.example/,*")
        .with("TASKWARD_REQUEST_TIMEOUT", "10s")
        .with("TASKWARD_MAX_BODY", "-1")
        .with("TASKWARD_MAX_RESPONSE", "1048575")
        .with("TASKWARD_MAX_TOKENS", "many")
        .with("TASKWARD_SHARED_SUBJECTS", "on")
        .with("TASKWARD_INSECURE_JWKS", "1")
        .with("TASKWARD_TOKEN_LEEWAY", "30s")
        .with("TASKWARD_TOKEN_CACHE", "none")
        .with("TASKWARD_LOG_FORMAT", "xml")
        .run(&["check-config"]);
    let faults = output.faults();
    for (setting, count) in [
        ("BETTER_AUTH_SECRET", 1),
        ("BETTER_AUTH_URL", 1),
        ("TASKWARD_LISTEN", 1),
        ("DATABASE_URL", 1),
        ("TASKWARD_POOL_SIZE", 1),
        ("TASKWARD_INTROSPECTION", 1),
        ("TASKWARD_PLAYGROUND", 1),
        ("TASKWARD_CORS_ORIGINS", 2),
        ("TASKWARD_REQUEST_TIMEOUT", 1),
        ("TASKWARD_MAX_BODY", 1),
        ("TASKWARD_MAX_RESPONSE", 1),
        ("TASKWARD_MAX_TOKENS", 1),
        ("TASKWARD_SHARED_SUBJECTS", 1),
        ("TASKWARD_INSECURE_JWKS", 1),
        ("TASKWARD_TOKEN_LEEWAY", 1),
        ("TASKWARD_TOKEN_CACHE", 1),
        ("TASKWARD_LOG_FORMAT", 1),
    ] {
        let found = faults.iter().filter(|fault| fault.starts_with(setting)).count();
        assert_eq!(found, count, "{setting} in {faults:#?}");
    }
    assert_eq!(faults.len(), 18, "{faults:#?}");
    for secret in ["short", "hidden"] {
        assert!(!output.stderr.contains(secret), "{}", output.stderr);
    }
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let mut folder = Folder::new();
    for name in ["TASKWARD_MAX_DEPTH", "TASKWARD_SHARED_SUBJECTS", "JWKS_URL", "JWT_ISSUER"] {
        folder = folder.with(name, "");
    }
    let output = folder.run(&["check-config"]);
    assert_eq!(value(&output, "mode"), "development: no source of keys is configured");
    assert_eq!(value(&output, "TASKWARD_MAX_DEPTH"), "15");
    assert_eq!(value(&output, "TASKWARD_SHARED_SUBJECTS"), "false");
}

#[test]
fn an_empty_database_address_does_not_start_production_on_another_database() {
    let folder = Folder::new()
        .with("BETTER_AUTH_SECRET", "a-secret-that-is-long-enough-for-hs256")
        .with("DATABASE_URL", "");
    let output = folder.run(&["check-config"]);
    let faults = output.faults();
    assert!(matches!(&faults[..], [fault] if fault.starts_with("DATABASE_URL")), "{faults:#?}");
}

#[test]
fn row_security_is_refused_with_sqlite() {
    let folder = || Folder::new().with("TASKWARD_ROW_SECURITY", "true");
    let output = folder().run(&["check-config"]);
    let [fault] = output.faults()[..] else { panic!("{output:?}") };
    assert!(fault.starts_with("TASKWARD_ROW_SECURITY: SQLite"), "{fault}");
    let output = folder().with("DATABASE_URL", "postgres://db/tasks").run(&["check-config"]);
    assert_eq!(value(&output, "TASKWARD_ROW_SECURITY"), "true");
}

#[test]
fn flags_are_accepted_before_and_after_the_command() {
    let origins = ["--cors-origins=https://a.example,https://b.example", "--cors-origins"];
    let flags = [&origins[..], &["https://c.example", "--shared-subjects"]].concat();
    let folder = Folder::new().with("TASKWARD_CORS_ORIGINS", "https://d.example");
    for arguments in
        [[&["check-config"], &flags[..]].concat(), [&flags, &["check-config"][..]].concat()]
    {
        let output = folder.run(&arguments);
        let origins = "https://a.example, https://b.example, https://c.example";
        assert_eq!(value(&output, "TASKWARD_CORS_ORIGINS"), origins);
        assert_eq!(value(&output, "TASKWARD_SHARED_SUBJECTS"), "true");
    }
}

#[test]
fn a_log_filter_that_cannot_be_parsed_is_a_fault() {
    let output = Folder::new().with("TASKWARD_LOG", "info,=,x=y=z").run(&["check-config"]);
    let faults = output.faults();
    assert!(faults[0].starts_with("TASKWARD_LOG"), "{faults:#?}");
}

#[test]
fn development_mode_listens_on_this_machine_only() {
    for address in ["0.0.0.0:4000", "192.168.0.10:4000", "[::]:4000"] {
        let output = Folder::new().with("TASKWARD_LISTEN", address).run(&["check-config"]);
        let faults = output.faults();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].contains(address) && faults[0].contains("development"), "{faults:#?}");
    }
    for address in ["127.0.0.1:4000", "127.0.0.2:4000", "[::1]:4000"] {
        Folder::new().with("TASKWARD_LISTEN", address).run(&["check-config"]).succeeds();
    }
}

#[test]
fn the_env_file_is_read_in_development_mode() {
    let folder = Folder::new();
    folder.write(".env", "TASKWARD_MAX_DEPTH=7\nTASKWARD_MAX_COST=8\n");
    assert_eq!(value(&folder.run(&["check-config"]), "TASKWARD_MAX_DEPTH"), "7");

    let folder = folder.with("TASKWARD_MAX_DEPTH", "9");
    let output = folder.run(&["check-config"]);
    assert_eq!(value(&output, "TASKWARD_MAX_DEPTH"), "9", "the environment takes precedence");
    assert_eq!(value(&output, "TASKWARD_MAX_COST"), "8");

    folder.write(".env", &format!("BETTER_AUTH_SECRET='{SECRET}'\n"));
    assert_eq!(value(&folder.run(&["check-config"]), "mode"), "production");
}

#[test]
fn the_env_file_is_ignored_in_production_mode() {
    let folder = Folder::new().with("BETTER_AUTH_SECRET", SECRET);
    folder.write(".env", "TASKWARD_INTROSPECTION=true\n");
    assert_eq!(value(&folder.run(&["check-config"]), "TASKWARD_INTROSPECTION"), "false");
}

#[test]
fn the_file_of_trusted_documents_is_validated() {
    let file = "TASKWARD_TRUSTED_DOCUMENTS";
    let folder = || Folder::new().with("BETTER_AUTH_SECRET", SECRET).with(file, "documents.json");
    for text in ["", "[]", "{\"1\": 1}", "{\"operations\": [{\"id\": \"1\"}]}", "query { tasks }"] {
        let folder = folder();
        folder.write("documents.json", text);
        let output = folder.run(&["check-config"]);
        let [fault] = output.faults()[..] else { panic!("{output:?}") };
        assert!(
            fault.starts_with("TASKWARD_TRUSTED_DOCUMENTS: documents.json must hold"),
            "{fault}"
        );
    }
    let output = folder().run(&["check-config"]);
    let fault = output.faults()[0];
    assert!(
        fault.starts_with("TASKWARD_TRUSTED_DOCUMENTS: documents.json cannot be read"),
        "{fault}"
    );

    for (text, fault) in [
        (
            r#"{"1": "{ __typename }", "2": "{ tasks {"}"#,
            "documents.json, document 2: Syntax error",
        ),
        (r#"{"a": "{ a }", "sha256:a": "{ b }"}"#, "documents.json: "),
    ] {
        let folder = folder();
        folder.write("documents.json", text);
        let output = folder.run(&["check-config"]);
        let expected = format!("{file}: {fault}");
        assert!(output.faults()[0].starts_with(&expected), "{output:?}");
    }
    let empty = Folder::new().with("BETTER_AUTH_SECRET", SECRET).with(file, "");
    assert_eq!(value(&empty.run(&["check-config"]), file), "none");

    let folder = folder();
    folder.write("documents.json", r#"{"1": "{ __typename }"}"#);
    assert_eq!(value(&folder.run(&["check-config"]), file), "1, and no others run");
}

#[test]
fn every_missing_file_of_graphiql_is_named() {
    let folder = Folder::new().with("TASKWARD_PLAYGROUND_ASSETS", "playground/node_modules");
    let react = "playground/node_modules/react/umd";
    std::fs::create_dir_all(folder.path(react)).unwrap();
    folder.write(&format!("{react}/react.production.min.js"), "altered");
    let output = folder.run(&["check-config"]);
    let faults = output.faults();
    for (file, fault) in [
        ("graphiql/graphiql.min.css", " of graphiql@"),
        ("react/umd/react.production.min.js", " is not the file of react@"),
        ("react-dom/umd/react-dom.production.min.js", " of react-dom@"),
        ("graphql-ws/umd/graphql-ws.min.js", " of graphql-ws@"),
        ("graphiql/graphiql.min.js", " of graphiql@"),
    ] {
        let beginning =
            format!("TASKWARD_PLAYGROUND_ASSETS: playground/node_modules/{file}{fault}");
        assert!(faults.iter().any(|fault| fault.starts_with(&beginning)), "{file}: {faults:#?}");
    }
    assert_eq!(faults.len(), 5, "{faults:#?}");
}
