//! Random documents.

use async_graphql::{Schema, Variables};
use futures_util::FutureExt;
use serde_json::json;

use super::{
    CREATE, doubling,
    schema::{Mutation, Query, SubscriptionRoot},
    validator,
};
use crate::engine::document::{OperationType, execution_document};

/// Documents cut up and put together at random: nothing panics here, nor, where nothing is refused
/// here, in the library that takes over.
#[test]
fn no_document_panics() {
    let schema = Schema::new(Query, Mutation, SubscriptionRoot);
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
        let Ok(operation) = validator.parse(&source, None) else { continue };
        let variables = Variables::from_json(variables.clone());
        if validator.complexity(&operation, &variables).is_err() {
            continue;
        }
        let Ok(operation) = validator.validate(operation) else { continue };
        let Ok(literals) = validator.literals(&operation, &variables) else { continue };
        let coerced = validator.coerce(&operation.variables(), literals.count, variables);
        if let Ok(variables) = coerced {
            passed += 1;
            let fields = validator.collect_fields(&operation, &variables).unwrap();
            if operation.kind() != OperationType::Subscription {
                let mut request = async_graphql::Request::new("");
                request.set_parsed_query(execution_document(operation.kind(), &fields, &variables));
                let mut response = schema.execute(request).now_or_never().unwrap();
                fields.complete_response(&mut response);
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
