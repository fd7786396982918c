//! Each limit of a document and of its selections.

use async_graphql::{ServerError, Variables};

use super::{
    DocumentValidator, Limits, complexity, doubling, on_a_worker_stack, refusal, repeat, validator,
};

/// Writes a document with a given number of something.
type Writes<'a> = &'a dyn Fn(usize) -> String;

#[test]
fn each_limit_allows_its_number_and_no_more() {
    let aliases = |n| format!("{{ viewer {{ {} }} }}", repeat(n, |n| format!("a{n}: id ")));
    let directives = |n| {
        let fields = n - 4;
        format!(
            "query($a: Int @d) @d {{ viewer {{ ...f @d {} }} }} fragment f on Tag @d {{ id }}",
            "id @d ".repeat(fields)
        )
    };
    let root_fields = |n| {
        let fields = n - 10;
        format!(
            "{{ {} ...f ...f }} fragment f on Query {{ ... {{ {} }} }}",
            "viewer { id } ".repeat(fields),
            "__typename ".repeat(5)
        )
    };
    let depth = |n| {
        let parents = "{ parent ".repeat(n - 2);
        format!(
            "{{ ...f }} fragment f on Query {{ task(id: 1) {parents} {{ id }} {}",
            "}".repeat(n - 1)
        )
    };
    let cost = |n| {
        format!(
            "{{ tasks(first: 99) {{ nodes {{ subtasks(first: 100) {{ totalCount }} }} }} {} }}",
            "viewer { id } ".repeat(n - 9_999)
        )
    };
    let table: [(&str, usize, Writes<'_>); 5] = [
        (
            "the document has 101 aliases; at most 100 are allowed: ask for less at a time",
            100,
            &aliases,
        ),
        (
            "the document has 51 directives; at most 50 are allowed: ask for less at a time",
            50,
            &directives,
        ),
        (
            "the operation has 31 root fields; at most 30 are allowed: ask for less at a time",
            30,
            &root_fields,
        ),
        (
            "the document has 16 levels of fields; at most 15 are allowed: ask for less at a time",
            15,
            &depth,
        ),
        (
            "the operation could return 10001 objects; at most 10000 are allowed: ask for less at a time",
            10_000,
            &cost,
        ),
    ];
    for (message, limit, document) in table {
        assert_eq!(complexity(&document(limit)).map_err(|error| error.message).err(), None);
        let error = complexity(&document(limit + 1));
        assert_eq!(refusal(error), format!("QUERY_TOO_COMPLEX {message}"));
    }
}

#[test]
fn selections_are_counted_after_fragments_are_expanded() {
    let source = "{ ...f ...f } fragment f on Query { viewer { id } }";
    let in_operation = 2 * (1 + 2);
    let in_fragment = 2;
    for (selections, is_allowed) in
        [(in_operation + in_fragment, true), (in_operation + in_fragment - 1, false)]
    {
        let validator =
            DocumentValidator { limits: Limits { selections, ..Limits::default() }, ..validator() };
        let operation = validator.parse(source, None).unwrap();
        let result = validator.complexity(&operation, &Variables::default());
        assert_eq!(result.is_ok(), is_allowed);
    }
}

#[test]
fn limits_hold_for_what_is_not_chosen_too() {
    let deep = "{ parent ".repeat(15) + "{ id }" + &"}".repeat(15);
    let many = repeat(101, |n| format!("a{n}: id "));
    for (other, what) in [
        (format!("query b {{ task(id: 1) {deep} }}"), "17 levels"),
        (format!("fragment f on Task {deep}"), "16 levels"),
        (format!("query b {{ viewer {{ {many} }} }}"), "101 aliases"),
        (format!("fragment f on Tag {{ {many} }}"), "101 aliases"),
    ] {
        let operation = validator()
            .parse(&format!("query a {{ viewer {{ id }} }} {other}"), Some("a"))
            .unwrap();
        let error = refusal(validator().complexity(&operation, &Variables::default()));
        assert!(error.contains(what), "{error}");
    }
    let expensive =
        "query b { tasks(first: 100) { nodes { subtasks(first: 100) { totalCount } } } }";
    let operation = validator()
        .parse(&format!("query a {{ viewer {{ id }} }} {expensive}"), Some("a"))
        .unwrap();
    assert_eq!(validator().complexity(&operation, &Variables::default()).unwrap().cost, 1);
}

#[test]
fn ten_thousand_aliases_stop_at_the_tokens() {
    let source = format!("{{ {} }}", repeat(10_000, |n| format!("a{n}: __typename ")));
    assert!(validator().parse(&source, None).is_err());
}

#[test]
fn fragments_are_walked_once_however_often_they_are_spread() {
    for fragments in [1, 5, 10] {
        let result =
            complexity(&doubling(fragments)).map(|complexity| (complexity.visits, complexity.cost));
        let spreads = 2_usize.pow(u32::try_from(fragments).unwrap());
        if spreads <= 30 {
            assert_eq!(result.unwrap(), (2 * fragments + 3, spreads as u64));
        }
    }
    for (fragments, too_much) in [(31, "expands to"), (64, "expands to"), (100, "has 101 levels")] {
        let error = refusal(complexity(&doubling(fragments)));
        assert!(error.starts_with("QUERY_TOO_COMPLEX the document"), "{error}");
        assert!(error.contains(too_much), "{error}");
    }
    let unknown = doubling(31).replace("viewer { id }", "...unknown");
    assert!(refusal(complexity(&unknown)).contains("expands to"));
}

#[test]
fn a_fragment_that_spreads_itself_is_refused() {
    for source in [
        "{ ...a } fragment a on Query { ...a }",
        "{ ...a } fragment a on Query { viewer { ... on Tag { ...b } } } fragment b on Tag { ...b }",
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
    ] {
        let operation = validator().parse(source, None).unwrap();
        assert!(validator().complexity(&operation, &Variables::default()).is_ok(), "{source}");
        let refused = validator().validate(operation).unwrap_err();
        let says_so = |error: &ServerError| error.message.contains("cannot reference itself");
        assert!(refused.iter().any(says_so), "{refused:?}");
    }
}

#[test]
fn levels_are_counted_through_fragments() {
    let nested = |fragments: usize, depth: usize| {
        let open = "...{".repeat(depth);
        let close = "}".repeat(depth);
        let fragment = |n: usize| {
            let next =
                if n + 1 < fragments { format!("...f{}", n + 1) } else { "__typename".to_owned() };
            format!("fragment f{n} on Query {{ {open} {next} {close} }} ")
        };
        // Those that are spread last are defined first, so that they are walked before the others.
        format!("{{ ...f0 }} {}", (0..fragments).rev().map(fragment).collect::<String>())
    };
    assert!(complexity(&nested(2, 48)).is_ok());
    for (fragments, depth) in [(2, 49), (10, 40), (30, 10)] {
        assert!(refusal(complexity(&nested(fragments, depth))).contains("levels of selections"));
    }
}

#[test]
fn the_longest_chains_fit_the_stack() {
    let chain = repeat(245, |n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1));
    let source = format!("{{ ...f0 }} {chain}");
    let result = on_a_worker_stack(move || {
        let operation = validator().parse(&source, None).unwrap();

        validator().complexity(&operation, &Variables::default()).map_err(|error| error.message)
    });
    assert!(result.unwrap_err().contains("levels of selections"));
}
