//! Tokens, names, brackets, and the choice of the operation.

use super::{DocumentValidator, Limits, on_a_worker_stack, render, validator};
use crate::engine::document::OperationType;

#[test]
fn tokens_are_counted_as_the_specification_counts_them() {
    let few =
        DocumentValidator { limits: Limits { tokens: 3, ..Limits::default() }, ..validator() };
    let is_refused = |source: &str| {
        let error = few.parse(source, None).err();
        error.is_some_and(|error| render(&error).starts_with("QUERY_TOO_COMPLEX"))
    };
    for three in [
        "{a}",
        "\u{feff}{,,a,} #{a}\r\n",
        "{ # \" \n a }",
        "...a}",
        "1 -2 3.5e+7",
        "-0.5E-1 1.0 \"\"",
        r#""a b \" c" """ "a" \""" b """ x"#,
        "falseish trueish nullable",
        "é a }",
    ] {
        assert!(!is_refused(three), "{three}");
        assert!(is_refused(&format!("{three} x")), "{three}");
    }
    for more in ["{a b]", "\"a\" \"b\" \"\" \"c\""] {
        assert!(is_refused(more), "{more}");
    }
}

#[test]
fn a_name_may_have_128_letters() {
    for document in [
        |name: &str| format!("{{ {name}: id }}"),
        |name: &str| format!("query {name} {{ id }}"),
        |name: &str| format!("{{ ...{name} }} fragment {name} on Query {{ id }}"),
    ] {
        assert!(validator().parse(&document(&"a".repeat(128)), None).is_ok());
        let error = validator().parse(&document(&"a".repeat(129)), None).unwrap_err();
        assert_eq!(
            render(&error),
            "QUERY_TOO_COMPLEX the document has a name of more than 128 letters: ask for less at a time"
        );
    }
}

#[test]
fn the_document_may_have_2000_tokens() {
    let document = |fields| format!("{{ {} }}", "id ".repeat(fields));
    assert!(validator().parse(&document(1998), None).is_ok());
    let error = validator().parse(&document(1999), None).unwrap_err();
    assert_eq!(
        render(&error),
        "QUERY_TOO_COMPLEX the document has more than 2000 tokens: ask for less at a time"
    );
}

#[test]
fn what_is_not_graphql_is_a_syntax_error_with_its_place() {
    for (source, message, place) in [
        ("", "Unexpected <EOF>.", Some((1, 1))),
        ("{ a(b: 1c) }", "Unexpected character `c` as integer suffix", Some((1, 8))),
        ("{\n  a(b: \"x) }", "unterminated string value", Some((2, 8))),
        ("{ a(b: \"\"\"x) }", "unterminated string value", Some((1, 8))),
        ("{ a { } }", "expected a selection", Some((1, 7))),
        ("{ a ", "expected R_CURLY, got EOF", Some((1, 5))),
        ("{ task(id) { id } }", "expected `:`", Some((1, 10))),
        ("{ tasks(filter: {title}) { totalCount } }", "expected `:`", Some((1, 23))),
        ("query(\"é\" a: ID!) { task(id: 1) { id } }", "expected `$`", Some((1, 11))),
        ("fragment a on Task { id }", "the document does not contain an operation", None),
    ] {
        let error = validator().parse(source, None).unwrap_err();
        assert_eq!(render(&error), format!("GRAPHQL_PARSE_FAILED Syntax error: {message}"));
        let at = error.locations.first().map(|pos| (pos.line, pos.column));
        assert_eq!(at, place, "{source}");
    }
}

#[test]
fn brackets_never_overflow_the_stack() {
    for (before, open, inner, close, after) in [
        ("{ a(b: ", "[", "1", "]", ") }"),
        ("{ a(b: ", "{a:", "1", "}", ") }"),
        ("query($a: Int = ", "[", "1", "]", ") { a }"),
        ("query($a: ", "[", "Int", "]", ") { a }"),
        ("", "{ a ", "", "}", ""),
        ("", "{ ... ", "{ a }", "}", ""),
    ] {
        for (depth, is_parsed) in [(60, true), (65, false), (900, false)] {
            let opened = format!("{before}{}{inner}", open.repeat(depth));
            let closed = format!("{opened}{}{after}", close.repeat(depth));
            let parsed = on_a_worker_stack(move || {
                assert!(validator().parse(&opened, None).is_err());
                validator().parse(&closed, None).map(drop).map_err(|error| render(&error))
            });
            let refused = "QUERY_TOO_COMPLEX the document has more than 64 nested brackets: ask for less at a time";
            assert_eq!(parsed.err().as_deref(), (!is_parsed).then_some(refused));
        }
    }
}

#[test]
fn the_operation_is_chosen_by_name() {
    let two = "query a { viewer { id } } mutation b { createTask(input: {title: \"c\"}) { task { id } } }";
    let (one, anonymous) = ("query a { viewer { id } }", "{ viewer { id } }");
    let chosen = |source, name| validator().parse(source, name).unwrap();
    assert_eq!(chosen(two, Some("b")).kind(), OperationType::Mutation);
    assert_eq!(chosen(two, Some("a")).name(), Some("a"));
    assert_eq!(chosen(one, None).name(), Some("a"));
    assert_eq!(chosen(anonymous, None).name(), None);
    for (source, name) in [(two, None), (two, Some("c")), (anonymous, Some("a"))] {
        let error = validator().parse(source, name).unwrap_err();
        assert!(render(&error).starts_with("GRAPHQL_VALIDATION_FAILED"));
    }
}
