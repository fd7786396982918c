//! Tokens, names, brackets, and the choice of the operation.

use async_graphql::parser::types::OperationType;

use super::{DocumentValidator, Limits, on_a_worker_stack, render, validator};

#[test]
fn tokens_are_counted_as_the_specification_counts_them() {
    let few =
        DocumentValidator { limits: Limits { tokens: 3, ..Limits::default() }, ..validator() };
    let is_refused = |source: &str| {
        let error = few.parse(source).err();
        error.is_some_and(|error| render(&error).starts_with("QUERY_TOO_COMPLEX"))
    };
    for three in [
        "{a}",
        "\u{feff}{,,a,,} # {a b c d e}\r\n#\n",
        "{ # \" \n a }",
        "...a}",
        "1 -2 3.5e+7",
        "-0.5E-1 1.0 \"\"",
        r#""a b \" c" """ "a" \""" b """ x"#,
        "falseish trueish nullable",
        "é }",
    ] {
        assert!(!is_refused(three), "{three}");
        assert!(is_refused(&format!("{three} x")), "{three}");
    }
    for more in ["[1-1-1", "[truetruefalse", "[nullnullnull]", "{a b", "\"a\" \"b\" \"\" \"c\""] {
        assert!(is_refused(&format!("{more}]")), "{more}");
    }
}

#[test]
fn a_name_may_have_128_letters() {
    for document in [
        |name: &str| format!("{{ {name}: id }}"),
        |name: &str| format!("query {name} {{ id }}"),
        |name: &str| format!("{{ ...{name} }} fragment {name} on Query {{ id }}"),
    ] {
        assert!(validator().parse(&document(&"a".repeat(128))).is_ok());
        let error = validator().parse(&document(&"a".repeat(129))).unwrap_err();
        assert_eq!(
            render(&error),
            "QUERY_TOO_COMPLEX the document has a name of more than 128 letters: ask for less at a time"
        );
    }
}

#[test]
fn the_document_may_have_2000_tokens() {
    let document = |fields| format!("{{ {} }}", "id ".repeat(fields));
    assert!(validator().parse(&document(1998)).is_ok());
    let error = validator().parse(&document(1999)).unwrap_err();
    assert_eq!(
        render(&error),
        "QUERY_TOO_COMPLEX the document has more than 2000 tokens: ask for less at a time"
    );
}

#[test]
fn what_is_not_graphql_is_a_syntax_error_with_its_place() {
    for (source, message, place) in [
        ("", "expected executable definition", Some((1, 1))),
        ("{ a(b: 1c) }", "expected value", Some((1, 8))),
        ("{\n  a(b: \"x) }", "expected value", Some((2, 8))),
        ("{ a(b: \"\"\"x) }", "a block string does not end", None),
        ("{ a } query b { a }", "document contains multiple operations", Some((1, 1))),
        ("fragment a on b { c }", "document does not contain an operation", None),
    ] {
        let error = validator().parse(source).unwrap_err();
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
                assert!(validator().parse(&opened).is_err());
                validator().parse(&closed).map(drop).map_err(|error| render(&error))
            });
            let refused = "QUERY_TOO_COMPLEX the document has more than 64 nested brackets: ask for less at a time";
            assert_eq!(parsed.err().as_deref(), (!is_parsed).then_some(refused));
        }
    }
}

#[test]
fn the_operation_is_chosen_by_name() {
    let named = validator().parse("query a { viewer { id } } mutation b { x }").unwrap();
    assert_eq!(named.operation(Some("b")).unwrap().kind(), OperationType::Mutation);
    assert_eq!(named.operation(Some("a")).unwrap().name(), Some("a"));
    let only = validator().parse("query a { viewer { id } }").unwrap();
    assert_eq!(only.operation(None).unwrap().name(), Some("a"));
    let anonymous = validator().parse("{ viewer { id } }").unwrap();
    assert_eq!(anonymous.operation(None).unwrap().name(), None);
    for (document, name) in [(&named, None), (&named, Some("c")), (&anonymous, Some("a"))] {
        let error = document.operation(name).unwrap_err();
        assert!(render(&error).starts_with("GRAPHQL_VALIDATION_FAILED"));
    }
}
