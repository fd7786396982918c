use async_graphql::{
    Enum, ID, InputObject, InputValueError, InputValueResult, Interface, Object, OneofObject,
    Scalar, ScalarType, Schema, ServerError, SimpleObject, Subscription, Value, Variables,
    parser::types::OperationType,
};
use futures_util::{FutureExt, Stream, stream};
use serde_json::{Value as Json, json};

use super::{DocumentValidator, Limits, complexity::Complexity};
use crate::graphql;

// ------------------------------------------------------------------------------------ a schema

struct Date(String);

#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) if text.len() == 10 => Ok(Self(text)),
            _ => Err(InputValueError::custom("no date")),
        }
    }
    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.len() == 10)
    }
    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Priority {
    Low,
    High,
}

#[derive(OneofObject)]
enum DueInput {
    On(Date),
    At(String),
}

#[derive(InputObject)]
struct ReminderInput {
    at: Date,
}

#[derive(InputObject)]
struct CreateTaskInput {
    title: String,
    due: Option<DueInput>,
    #[graphql(default)]
    completed: bool,
    priority: Option<Priority>,
    reminders: Option<Vec<ReminderInput>>,
    points: Option<i32>,
}

#[derive(InputObject)]
struct TaskFilter {
    not: Option<Box<TaskFilter>>,
    and: Option<Vec<TaskFilter>>,
    title: Option<String>,
}

#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"))]
enum Node {
    Task(Task),
    Tag(Tag),
}

struct Tag;

#[Object]
impl Tag {
    async fn id(&self) -> ID {
        "1".into()
    }
}

#[derive(SimpleObject)]
struct PageInfo {
    has_next_page: bool,
}

#[derive(SimpleObject)]
struct TaskEdge {
    cursor: String,
    node: Task,
}

#[derive(SimpleObject)]
struct TaskConnection {
    edges: Vec<TaskEdge>,
    nodes: Vec<Task>,
    page_info: PageInfo,
    total_count: i32,
}

#[derive(SimpleObject)]
struct Change {
    node: Option<Node>,
}

#[derive(SimpleObject)]
struct ChangePage {
    changes: Vec<Change>,
}

#[derive(SimpleObject)]
struct TaskPayload {
    task: Task,
    query: Query,
}

#[derive(SimpleObject)]
struct BatchResult {
    node: Option<Node>,
}

#[derive(SimpleObject)]
struct BatchPayload {
    results: Vec<BatchResult>,
    query: Query,
}

fn no_tasks() -> TaskConnection {
    let page_info = PageInfo { has_next_page: false };
    TaskConnection { edges: Vec::new(), nodes: Vec::new(), page_info, total_count: 0 }
}

struct Task;

#[Object]
impl Task {
    async fn id(&self) -> ID {
        "1".into()
    }
    async fn title(&self) -> &str {
        "milk"
    }
    async fn parent(&self) -> Option<Task> {
        None
    }
    async fn tags(&self) -> Vec<Tag> {
        Vec::new()
    }
    #[expect(unused_variables, reason = "only its arguments are looked at")]
    async fn subtasks(&self, first: Option<i32>, last: Option<i32>) -> TaskConnection {
        no_tasks()
    }
}

struct Query;

#[Object]
#[expect(unused_variables, reason = "only their arguments are looked at")]
impl Query {
    async fn dates(&self, on: Option<Vec<Date>>) -> Option<Task> {
        None
    }
    async fn viewer(&self) -> Tag {
        Tag
    }
    async fn node(&self, id: ID) -> Option<Node> {
        None
    }
    async fn task(&self, id: ID) -> Option<Task> {
        Some(Task)
    }
    async fn tasks(
        &self,
        first: Option<i32>,
        last: Option<i32>,
        filter: Option<TaskFilter>,
        priority: Option<Priority>,
    ) -> TaskConnection {
        no_tasks()
    }
    async fn changes(&self, #[graphql(default = 500)] first: i32) -> ChangePage {
        ChangePage { changes: Vec::new() }
    }
}

struct Mutation;

#[Object]
#[expect(unused_variables, reason = "only their arguments are looked at")]
impl Mutation {
    async fn create_task(&self, input: CreateTaskInput) -> Option<TaskPayload> {
        None
    }
    async fn batch(&self) -> Option<BatchPayload> {
        None
    }
}

struct Live;

#[Subscription]
impl Live {
    async fn changes(&self) -> impl Stream<Item = ChangePage> {
        stream::empty()
    }
}

// ------------------------------------------------------------------------------------- speaking

fn validator() -> DocumentValidator {
    DocumentValidator::new(graphql::registry_of::<Query, Mutation, Live>(), Limits::default(), true)
}

fn complexity(source: &str) -> Result<Complexity, ServerError> {
    measure_with(source, json!({}))
}

fn measure_with(source: &str, variables: Json) -> Result<Complexity, ServerError> {
    let validator = validator();
    let document = validator.parse(source)?;
    validator.complexity(&document.operation(None)?, &Variables::from_json(variables))
}

fn coerce(source: &str, variables: Json) -> Result<Variables, Vec<ServerError>> {
    let validator = validator();
    let document = validator.parse(source).unwrap();
    validator.coerce(&document.operation(None).unwrap(), Variables::from_json(variables))
}

/// `CODE message`, and the `field` in front where there is one.
fn told(error: &ServerError) -> String {
    let text = |key| match error.extensions.as_ref().unwrap().get(key) {
        Some(Value::String(text)) => format!("{text} "),
        _ => String::new(),
    };
    format!("{}{}{}", text("field"), text("code"), error.message)
}

fn refused(result: Result<Complexity, ServerError>) -> String {
    told(&result.unwrap_err())
}

/// All faults of the values, one a line.
fn faults(source: &str, variables: Json) -> String {
    match coerce(source, variables) {
        Ok(_) => String::new(),
        Err(errors) => errors.iter().map(told).collect::<Vec<_>>().join("\n"),
    }
}

fn repeat(n: usize, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect()
}

/// Each of them spreads the next one twice.
fn doubling(fragments: usize) -> String {
    let all = repeat(fragments, |n| {
        let next = n + 1;
        format!("fragment f{n} on Query {{ ...f{next} ...f{next} }} ")
    });
    format!("{{ ...f0 }} {all} fragment f{fragments} on Query {{ viewer {{ id }} }}")
}

// ---------------------------------------------------------------------------------------- syntax

#[test]
fn tokens_are_counted_as_the_specification_counts_them() {
    let few =
        DocumentValidator { limits: Limits { tokens: 3, ..Limits::default() }, ..validator() };
    let is_refused = |source: &str| {
        let error = few.parse(source).err();
        error.is_some_and(|error| told(&error).starts_with("QUERY_TOO_COMPLEX"))
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
            told(&error),
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
        told(&error),
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
        assert_eq!(told(&error), format!("GRAPHQL_PARSE_FAILED Syntax error: {message}"));
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
                validator().parse(&closed).map(drop).map_err(|error| told(&error))
            });
            let refused = "QUERY_TOO_COMPLEX the document has more than 64 nested brackets: ask for less at a time";
            assert_eq!(parsed.err().as_deref(), (!is_parsed).then_some(refused));
        }
    }
}

/// Runs on a stack of the size that tokio gives its workers.
fn on_a_worker_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

// ------------------------------------------------------------------------------------ operations

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
        assert!(told(&error).starts_with("GRAPHQL_VALIDATION_FAILED"));
    }
}

// ---------------------------------------------------------------------------------------- limits

/// Writes a document that has so many of something.
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
            "a ".repeat(fields),
            "b ".repeat(5)
        )
    };
    let depth = |n| {
        format!("{{ ...f }} fragment f on Query {}a{}", "{ a ".repeat(n - 1) + "{", "}".repeat(n))
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
        assert_eq!(refused(error), format!("QUERY_TOO_COMPLEX {message}"));
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
        let document = validator.parse(source).unwrap();
        let operation = document.operation(None).unwrap();
        let result = validator.complexity(&operation, &Variables::default());
        assert_eq!(result.is_ok(), is_allowed);
    }
}

#[test]
fn limits_hold_for_what_is_not_chosen_too() {
    let deep = "{ a ".repeat(16) + &"}".repeat(16);
    let many = repeat(101, |n| format!("a{n}: id "));
    for (other, what) in [
        (format!("query b {deep}"), "16 levels"),
        (format!("fragment f on Query {deep}"), "16 levels"),
        (format!("query b {{ {many} }}"), "101 aliases"),
        (format!("fragment f on Tag {{ {many} }}"), "101 aliases"),
    ] {
        let document =
            validator().parse(&format!("query a {{ viewer {{ id }} }} {other}")).unwrap();
        let operation = document.operation(Some("a")).unwrap();
        let error = refused(validator().complexity(&operation, &Variables::default()));
        assert!(error.contains(what), "{error}");
    }
    let dear = "query b { tasks(first: 100) { nodes { subtasks(first: 100) { totalCount } } } }";
    let document = validator().parse(&format!("query a {{ viewer {{ id }} }} {dear}")).unwrap();
    let operation = document.operation(Some("a")).unwrap();
    assert_eq!(validator().complexity(&operation, &Variables::default()).unwrap().cost, 1);
}

#[test]
fn ten_thousand_aliases_stop_at_the_tokens() {
    let source = format!("{{ {} }}", repeat(10_000, |n| format!("a{n}: __typename ")));
    assert!(validator().parse(&source).is_err());
}

#[test]
fn fragments_are_walked_once_however_often_they_are_spread() {
    for fragments in [1, 5, 10] {
        let measure =
            complexity(&doubling(fragments)).map(|measure| (measure.visits, measure.cost));
        let spreads = 2_usize.pow(u32::try_from(fragments).unwrap());
        if spreads <= 30 {
            assert_eq!(measure.unwrap(), (2 * fragments + 3, spreads as u64));
        }
    }
    for (fragments, too_much) in [(31, "expands to"), (64, "expands to"), (100, "has 101 levels")] {
        let error = refused(complexity(&doubling(fragments)));
        assert!(error.starts_with("QUERY_TOO_COMPLEX the document"), "{error}");
        assert!(error.contains(too_much), "{error}");
    }
    let unknown = doubling(31).replace("viewer { id }", "...unknown");
    assert!(refused(complexity(&unknown)).contains("expands to"));
}

#[test]
fn a_fragment_that_spreads_itself_is_refused() {
    for source in [
        "{ ...a } fragment a on Query { ...a }",
        "{ ...a } fragment a on Query { x { ... { ...a } } }",
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
        "{ viewer { id } } fragment a on Query { ...a }",
    ] {
        assert_eq!(
            refused(complexity(source)),
            "GRAPHQL_VALIDATION_FAILED the fragment `a` spreads itself: take one of the spreads out"
        );
    }
    assert!(
        complexity("{ ...a ...a } fragment a on Query { ...b ...b } fragment b on Query { x }")
            .is_ok()
    );
}

#[test]
fn levels_are_counted_through_fragments() {
    let nested = |fragments: usize, depth: usize| {
        let open = "...{".repeat(depth);
        let close = "}".repeat(depth);
        let fragment = |n: usize| {
            let next = if n + 1 < fragments { format!("...f{}", n + 1) } else { "x".to_owned() };
            format!("fragment f{n} on Query {{ {open} {next} {close} }} ")
        };
        // Those that are spread last come first: they are walked before the others.
        format!("{{ ...f0 }} {}", (0..fragments).rev().map(fragment).collect::<String>())
    };
    assert!(complexity(&nested(2, 48)).is_ok());
    for (fragments, depth) in [(2, 49), (10, 40), (30, 10)] {
        assert!(refused(complexity(&nested(fragments, depth))).contains("levels of selections"));
    }
}

#[test]
fn the_longest_chains_fit_the_stack() {
    let chain = repeat(245, |n| format!("fragment f{n} on Q {{ ...f{} }} ", n + 1));
    let source = format!("{{ ...f0 }} {chain}");
    let measured = on_a_worker_stack(move || {
        let document = validator().parse(&source).unwrap();
        let operation = document.operation(None).unwrap();
        assert!(validator().coerce(&operation, Variables::default()).is_ok());
        validator().complexity(&operation, &Variables::default()).map_err(|error| error.message)
    });
    assert!(measured.unwrap_err().contains("levels of selections"));
}

// ------------------------------------------------------------------------------------------ cost

#[test]
fn cost_counts_the_objects_that_could_come_back() {
    for (source, expected) in [
        ("{ __typename }", 0),
        ("{ __schema { types { fields { name } } } }", 0),
        ("{ unknown { tasks { nodes { id } } } ... on Unknown { tasks { totalCount } } }", 0),
        ("{ viewer { id } }", 1),
        ("{ viewer { id } viewer { id } }", 2),
        ("{ node(id: 1) { id } }", 1),
        ("{ node(id: 1) { ... on Task { parent { parent { id } } } } }", 3),
        ("{ task(id: 1) { tags { id } } }", 51),
        ("{ tasks { totalCount } }", 50),
        ("{ tasks(first: null) { nodes { id } } }", 50),
        (
            "{ tasks(first: 10) { nodes { id } edges { cursor node { id } } pageInfo { hasNextPage } } }",
            10,
        ),
        ("{ tasks(last: 10) { ... on TaskConnection { edges { node { id } } } } }", 10),
        ("{ tasks(first: 0) { nodes { tags { id } } } }", 0),
        ("{ tasks(first: -1) { nodes { id } } }", 0),
        ("{ tasks(first: 1000) { nodes { id } } }", 100),
        ("{ tasks(first: 3, last: 7) { nodes { id } } }", 7),
        ("{ tasks(first: 10) { nodes { parent { id } } edges { node { parent { id } } } } }", 30),
        (
            "{ tasks(first: 10) { nodes { subtasks(first: 20) { nodes { tags { id } } } } } }",
            10 + 10 * 20 * 51,
        ),
        ("{ changes { changes { node { id } } } }", 500),
        ("{ changes(first: 1000) { changes { node { id } } } }", 500),
        ("{ changes(first: 10) { changes { node { ... on Task { parent { id } } } } } }", 20),
        ("subscription { changes { changes { node { id } } } }", 100),
        ("mutation { createTask(input: {}) { task { id } query { tasks { nodes { id } } } } }", 51),
        (
            "mutation { batch { results { node { id } } query { tasks(first: 3) { nodes { id } } } } }",
            103,
        ),
        ("mutation { batch { results { node { ... on Task { tags { id } } } } } }", 100 * 51),
        ("query($n: Int = 7) { tasks(first: $n) { nodes { id } } }", 7),
        ("query($n: Int) { tasks(first: $n) { nodes { id } } }", 50),
    ] {
        // The table is about cost alone, so what is dear is told as well.
        let dear = DocumentValidator {
            limits: Limits { cost: u64::MAX, ..Limits::default() },
            ..validator()
        };
        let document = dear.parse(source).unwrap();
        let operation = document.operation(None).unwrap();
        let measure = dear.complexity(&operation, &Variables::default()).unwrap();
        assert_eq!(measure.cost, expected, "{source}");
    }
    let by_variable = "query($n: Int = 7) { tasks(first: $n) { nodes { id } } }";
    for (n, expected) in [(json!(9), 9), (json!(null), 50), (json!("9"), 50), (json!(101), 100)] {
        assert_eq!(measure_with(by_variable, json!({ "n": n })).unwrap().cost, expected);
    }
}

#[test]
fn nested_pages_saturate() {
    let source = format!(
        "{{ tasks(first: 100) {{ nodes {} }} }}",
        "{ subtasks(first: 100) { nodes ".repeat(6) + "{ id }" + &"} }".repeat(6)
    );
    assert!(refused(complexity(&source)).contains("objects; at most 10000"));
}

#[test]
fn fields_of_all_objects_together_are_limited() {
    let source = |fields| {
        let fields = "id ".repeat(fields);
        format!(
            "{{ tasks(first: 100) {{ nodes {{ subtasks(first: 99) {{ nodes {{ {fields} }} }} }} }} }}"
        )
    };
    assert_eq!(complexity(&source(45)).unwrap().cost, 10_000);
    let error = refused(complexity(&source(60)));
    assert!(
        error.ends_with("values; at most 500000 are allowed: ask for less at a time"),
        "{error}"
    );
}

#[test]
fn the_viewer_is_needed_for_more_than_the_schema() {
    for (source, expected) in [
        ("{ __typename a: __typename }", false),
        (
            "{ ...f } fragment f on Query { __schema { queryType { name } } __type(name: \"A\") { name } }",
            false,
        ),
        ("{ __typename ... { viewer { id } } }", true),
        ("mutation { __typename }", false),
        ("{ unknown }", true),
    ] {
        assert_eq!(complexity(source).unwrap().needs_viewer, expected, "{source}");
    }
}

#[test]
fn introspection_can_be_off() {
    let off = DocumentValidator { introspection: false, ..validator() };
    for (source, is_allowed) in [
        ("{ __typename viewer { __typename } }", true),
        ("{ __schema { queryType { name } } }", false),
        ("{ a: __type(name: \"Task\") { name } }", false),
        ("{ ...f } fragment f on Query { ... { __schema { queryType { name } } } }", false),
        ("mutation { createTask { query { __schema { queryType { name } } } } }", false),
    ] {
        let document = off.parse(source).unwrap();
        let operation = document.operation(None).unwrap();
        let result = off.complexity(&operation, &Variables::default());
        assert_eq!(result.is_ok(), is_allowed, "{source}");
        if let Err(error) = result {
            assert_eq!(told(&error), "GRAPHQL_VALIDATION_FAILED introspection is off");
        }
    }
}

/// What graphql-js prints for `getIntrospectionQuery` with all its options, and GraphiQL sends.
#[test]
fn the_standard_introspection_query_passes() {
    let mut of_type = "kind name".to_owned();
    for _ in 0..9 {
        of_type = format!("kind name ofType {{ {of_type} }}");
    }
    let source = format!(
        "query IntrospectionQuery {{
          __schema {{
            description
            queryType {{ name kind }}
            mutationType {{ name kind }}
            subscriptionType {{ name kind }}
            types {{ ...FullType }}
            directives {{
              name description isRepeatable locations
              args(includeDeprecated: true) {{ ...InputValue }}
            }}
          }}
        }}
        fragment FullType on __Type {{
          kind name description specifiedByURL isOneOf
          fields(includeDeprecated: true) {{
            name description
            args(includeDeprecated: true) {{ ...InputValue }}
            type {{ ...TypeRef }}
            isDeprecated deprecationReason
          }}
          inputFields(includeDeprecated: true) {{ ...InputValue }}
          interfaces {{ ...TypeRef }}
          enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
          possibleTypes {{ ...TypeRef }}
        }}
        fragment InputValue on __InputValue {{
          name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason
        }}
        fragment TypeRef on __Type {{ {of_type} }}"
    );
    let Complexity { cost, needs_viewer, .. } = complexity(&source).unwrap();
    assert_eq!((cost, needs_viewer), (0, false));
    assert_eq!(faults(&source, json!({})), "");
}

// ----------------------------------------------------------------------------------------- values

const CREATE: &str =
    "mutation($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }";

#[test]
fn variables_are_checked_against_their_types() {
    let due = |due: Json| json!({ "input": { "title": "a", "due": due } });
    for (variables, expected) in [
        (json!({}), "input BAD_USER_INPUT input is required"),
        (json!({ "input": null }), "input BAD_USER_INPUT expected CreateTaskInput, not null"),
        (json!({ "input": 5 }), "input BAD_USER_INPUT expected CreateTaskInput"),
        (json!({ "input": { "title": "a" }, "undeclared": 1 }), ""),
        (json!({ "input": {} }), "input.title BAD_USER_INPUT title is required"),
        (
            json!({ "input": { "title": null } }),
            "input.title BAD_USER_INPUT expected String, not null",
        ),
        (json!({ "input": { "title": 5 } }), "input.title BAD_USER_INPUT expected String"),
        (
            json!({ "input": { "titel": "a" } }),
            "input.titel BAD_USER_INPUT unknown field `titel`: leave it out\ninput.title BAD_USER_INPUT title is required",
        ),
        (
            json!({ "input": { "title": "a", "reminders": [{ "at": "x" }, {}] } }),
            "input.reminders.0.at BAD_USER_INPUT expected Date, such as \"2026-12-01\"\ninput.reminders.1.at BAD_USER_INPUT at is required",
        ),
        (json!({ "input": { "title": "a", "reminders": { "at": "2026-11-21" } } }), ""),
        (json!({ "input": { "title": "a", "reminders": null, "due": null } }), ""),
        (
            json!({ "input": { "title": "a", "reminders": [null] } }),
            "input.reminders.0 BAD_USER_INPUT expected ReminderInput, not null",
        ),
        (
            json!({ "input": { "title": "a", "completed": null } }),
            "input.completed BAD_USER_INPUT expected Boolean, not null",
        ),
        (json!({ "input": { "title": "a", "priority": "HIGH" } }), ""),
        (
            json!({ "input": { "title": "a", "priority": "high" } }),
            "input.priority BAD_USER_INPUT expected Priority",
        ),
        (
            json!({ "input": { "title": "a", "priority": 1 } }),
            "input.priority BAD_USER_INPUT expected Priority",
        ),
        (json!({ "input": { "title": "a", "points": 2_147_483_647 } }), ""),
        (
            json!({ "input": { "title": "a", "points": 2_147_483_648_u32 } }),
            "input.points BAD_USER_INPUT expected Int",
        ),
        (
            json!({ "input": { "title": "a", "points": 1.5 } }),
            "input.points BAD_USER_INPUT expected Int",
        ),
        (
            json!({ "input": { "title": "a", "points": "1" } }),
            "input.points BAD_USER_INPUT expected Int",
        ),
        (due(json!({ "on": "2026-11-21" })), ""),
        (
            due(json!({ "on": "x" })),
            "input.due.on BAD_USER_INPUT expected Date, such as \"2026-12-01\"",
        ),
        (due(json!({})), "input.due BAD_USER_INPUT give exactly one of on, at"),
        (due(json!({ "on": null })), "input.due BAD_USER_INPUT give exactly one of on, at"),
        (
            due(json!({ "on": "2026-11-21", "at": null })),
            "input.due BAD_USER_INPUT give exactly one of on, at",
        ),
    ] {
        assert_eq!(faults(CREATE, variables.clone()), expected, "{variables}");
    }
    let error = coerce(CREATE, json!({})).unwrap_err().remove(0);
    assert_eq!((error.locations[0].line, error.locations[0].column), (1, 10));
}

#[test]
fn at_most_twenty_faults_are_told() {
    let reminders = vec![json!({}); 100];
    let errors = coerce(CREATE, json!({ "input": { "title": "a", "reminders": reminders } }));
    assert_eq!(errors.unwrap_err().len(), 20);
}

#[test]
fn defaults_are_checked_and_filled_in() {
    let source =
        "query($n: Int = 7, $m: Int, $k: Int = 1) { tasks(first: $n, last: $m) { totalCount } }";
    let variables = coerce(source, json!({ "k": null })).unwrap();
    assert_eq!(variables.into_value().into_json().unwrap(), json!({ "n": 7, "k": null }));
    for (definition, expected) in [
        ("$a: Int = \"x\"", "GRAPHQL_VALIDATION_FAILED a: expected Int"),
        ("$a: Int! = null", "GRAPHQL_VALIDATION_FAILED a: expected Int, not null"),
        ("$a: CreateTaskInput = 5", "GRAPHQL_VALIDATION_FAILED a: expected CreateTaskInput"),
        ("$a: [Unknown] = [1]", "GRAPHQL_VALIDATION_FAILED a: unknown type `Unknown`"),
        ("$a: [[Float!]!]! = 1", ""),
        ("$a: Task", ""),
    ] {
        assert_eq!(faults(&format!("query({definition}) {{ a }}"), json!({})), expected);
    }
}

#[test]
fn values_in_the_document_are_checked_with_the_variables_in_them() {
    let create = |input: &str| {
        format!(
            "mutation($d: Date, $e: Boolean = true, $t: String!) {{ ...f }} fragment f on Mutation {{ createTask(input: {input}) {{ task {{ id }} }} }}"
        )
    };
    for (input, variables, expected) in [
        ("{title: $t}", json!({ "t": "a" }), ""),
        ("{title: $t}", json!({}), "t BAD_USER_INPUT t is required"),
        ("{title: $t, completed: $e}", json!({ "t": "a" }), ""),
        (
            "{title: $t, completed: $e}",
            json!({ "t": "a", "e": null }),
            "e BAD_USER_INPUT expected Boolean, not null",
        ),
        ("{title: $t, due: {on: $d}}", json!({ "t": "a", "d": "2026-11-21" }), ""),
        (
            "{title: $t, due: {on: $d}}",
            json!({ "t": "a", "d": "x" }),
            "d BAD_USER_INPUT expected Date, such as \"2026-12-01\"",
        ),
        (
            "{title: $t, due: {on: $d}}",
            json!({ "t": "a", "d": null }),
            "d BAD_USER_INPUT expected Date, not null",
        ),
        (
            "{title: $t, due: {on: $d}}",
            json!({ "t": "a" }),
            "d BAD_USER_INPUT expected Date, not null",
        ),
        (
            "{title: $t, due: {on: $d, at: $t}}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.due: give exactly one of on, at",
        ),
        (
            "{title: $t, due: {on: null}}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.due: give exactly one of on, at",
        ),
        (
            "{title: $t, due: {}}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.due: give exactly one of on, at",
        ),
        (
            "{title: 5, due: {on: $d}}",
            json!({ "t": "a", "d": "2026-11-21" }),
            "GRAPHQL_VALIDATION_FAILED input.title: expected String",
        ),
        (
            "{due: null}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.title: title is required",
        ),
        (
            "{title: \"a\", points: 3000000000}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.points: expected Int",
        ),
        (
            "{title: \"a\", priority: \"HIGH\"}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.priority: expected Priority",
        ),
        ("{title: \"a\", priority: HIGH}", json!({ "t": "a" }), ""),
        (
            "{title: \"a\", priority: UP}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.priority: expected Priority",
        ),
        (
            "{title: \"a\", reminders: [{at: \"x\"}]}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.reminders.0.at: expected Date, such as \"2026-12-01\"",
        ),
        (
            "{title: \"a\", titel: 1}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.titel: unknown field `titel`: leave it out",
        ),
        ("5", json!({ "t": "a" }), "GRAPHQL_VALIDATION_FAILED input: expected CreateTaskInput"),
        (
            "null",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input: expected CreateTaskInput, not null",
        ),
    ] {
        assert_eq!(faults(&create(input), variables.clone()), expected, "{input} {variables}");
    }
}

#[test]
fn arguments_are_checked() {
    for (source, expected) in [
        ("{ tasks(first: \"x\") { totalCount } }", "GRAPHQL_VALIDATION_FAILED first: expected Int"),
        ("{ tasks(unknown: 1) { totalCount } }", ""),
        (
            "{ tasks(filter: {not: {and: [{title: 1}]}}) { totalCount } }",
            "GRAPHQL_VALIDATION_FAILED filter.not.and.0.title: expected String",
        ),
        ("{ viewer @skip(if: 1) { id } }", "GRAPHQL_VALIDATION_FAILED if: expected Boolean"),
    ] {
        assert_eq!(faults(source, json!({})), expected);
    }
    let condition = "query($on: Boolean = true) { viewer @include(if: $on) { id } }";
    assert_eq!(faults(condition, json!({})), "");
    assert_eq!(
        faults(condition, json!({ "on": null })),
        "on BAD_USER_INPUT expected Boolean, not null"
    );
}

#[test]
fn variables_fit_the_places_where_they_stand() {
    for (definition, usage, variables, expected) in [
        ("$a: [Date!]!", "dates(on: $a)", json!({ "a": [] }), ""),
        ("$a: [Date!]", "dates(on: $a)", json!({}), ""),
        ("$a: Date!", "dates(on: [$a])", json!({ "a": "2026-11-21" }), ""),
        (
            "$a: Date!",
            "dates(on: $a)",
            json!({ "a": "2026-11-21" }),
            "expected [Date!], but the variable is Date!",
        ),
        ("$a: [Date]", "dates(on: $a)", json!({}), "expected [Date!], but the variable is [Date]"),
        ("$a: Date", "dates(on: [$a])", json!({}), "expected Date!, but the variable is Date"),
        ("$a: ID", "task(id: $a)", json!({ "a": "1" }), "expected ID!, but the variable is ID"),
        (
            "$a: String!",
            "task(id: $a)",
            json!({ "a": "1" }),
            "expected ID!, but the variable is String!",
        ),
        ("$a: Int!", "changes(first: $a)", json!({ "a": 1 }), ""),
        ("$a: Int", "changes(first: $a)", json!({ "a": 1 }), ""),
        (
            "$a: Boolean",
            "viewer @skip(if: $a)",
            json!({}),
            "expected Boolean!, but the variable is Boolean",
        ),
    ] {
        let source = format!("query({definition}) {{ {usage} {{ id }} }}");
        let expected = match expected {
            "" => String::new(),
            expected => format!("GRAPHQL_VALIDATION_FAILED a: {expected}"),
        };
        assert_eq!(faults(&source, variables), expected, "{source}");
    }
    let source = "query($a: Int) { changes(first: $a) { changes { __typename } } }";
    assert_eq!(faults(source, json!({})), "", "the argument has a default of its own");
    assert_eq!(faults(source, json!({ "a": null })), "a BAD_USER_INPUT expected Int, not null");
}

// ------------------------------------------------------------------------------------------ chaos

/// Documents cut up and put together at random: nothing panics here, nor, where nothing is refused
/// here, in the library that takes over.
#[test]
fn no_document_panics() {
    let schema = Schema::new(Query, Mutation, Live);
    let validator = validator();
    let seeds = [
        CREATE.to_owned(),
        doubling(4),
        "query a($n: Int = 1, $d: [Date!]) @x { tasks(first: $n, filter: {not: {and: []}}) { edges { node { id } } } }".to_owned(),
        "{ node(id: \"\\u00e9\") { ... on Task @skip(if: true) { subtasks { totalCount } } } }".to_owned(),
        "fragment f on Task { tags { id } ...f } subscription { changes { changes { node { id } } } }".to_owned(),
        "{ a(b: \"\"\" x \\\"\"\" \"\"\", c: [1.5e3, -0, true, null, HIGH, $v, {a: {}}]) }".to_owned(),
    ];
    let pieces: Vec<String> = seeds
        .iter()
        .flat_map(|seed| seed.split_inclusive([' ', '{', '}', '(', ')', ':', '"']))
        .map(str::to_owned)
        .collect();
    let variables = json!({ "n": 3, "d": ["x"], "input": { "title": "a" }, "v": [[{}]] });
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut passed = 0;
    for _ in 0..5_000 {
        let mut parts: Vec<&str> = seeds[random.below(seeds.len())]
            .split_inclusive([' ', '{', '}', '(', ')', ':', '"'])
            .collect();
        for _ in 0..random.below(4) {
            let at = random.below(parts.len());
            match random.below(3) {
                0 => parts[at] = &pieces[random.below(pieces.len())],
                1 => parts.insert(at, &pieces[random.below(pieces.len())]),
                _ => _ = parts.swap_remove(at),
            }
            if parts.is_empty() {
                parts.push("{");
            }
        }
        let source = parts.concat();
        let Ok(document) = validator.parse(&source) else { continue };
        let Ok(operation) = document.operation(None) else { continue };
        let variables = Variables::from_json(variables.clone());
        let measure = validator.complexity(&operation, &variables);
        let coerced = validator.coerce(&operation, variables);
        if let (Ok(_), Ok(variables)) = (measure, coerced) {
            passed += 1;
            if operation.kind() != OperationType::Subscription {
                let mut request = async_graphql::Request::new("");
                request.set_parsed_query(document.into_parsed(&validator, None, &variables));
                request.variables = variables;
                schema.execute(request).now_or_never().unwrap();
            }
        }
    }
    assert!(passed > 500, "{passed}");
}

/// xorshift: the same numbers in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}
