// Documents that use every element of the language (specification of September 2025, §2).

/** Valid: all that an executable document may have. */
export const EVERYTHING = `# Insignificant: comments, commas,,, and a byte order mark in between \uFEFF
"What it does, in a string with \\u0065scapes: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uD83C\\uDF89 \\u{1F389}"
query Everything(
  """
  A block description, with "quotes" and \\"""
  """
  $id: ID!
  $ids: [ID!]! = ["a", "b"],
  "nullable, null by default" $after: String = null
  $filter: TaskFilter = {
    completed: false
    and: [{ search: "milk" }, { not: { priority: { in: [HIGH, URGENT] } } }]
  }
  $order: [TaskOrder!] = { field: DUE, direction: DESC }
  $first: Int! = -0
  $show: Boolean! = true
) {
  task(id: $id) { ...OfTask @include(if: $show) @skip(if: false) }
  same: task(id: $id) { id, same: id }
  byNumber: task(id: 42) { __typename }
  nodes(ids: $ids) {
    __typename
    ... on Task { ...OfTask }
    ... on User @skip(if: $show) { session { expiresIn scopes } }
    ... { id }
    ... @include(if: true) { id }
    ... on Node { key: id }
  }
  tasks(first: $first, after: $after, filter: $filter, orderBy: $order) {
    edges { cursor node { subtasks(last: 1) { totalCount } } }
    pageInfo { hasNextPage endCursor }
  }
  literal: tasks(
    first: 1
    filter: {
      or: []
      search: """
        a block string,
          indented by two, with \\""" and # no comment
      """
      completed: null
      dueOn: { within: "P7D", gte: "2026-11-21" }
      tags: { anyOf: "one for a list", noneOf: ["a", 1, "\\u0062"] }
      createdAt: { lt: "2026-11-21T09:30:00.000Z" }
    }
    orderBy: [{ field: DUE }, { direction: ASC, field: TITLE }]
  ) { nodes { ... on Task { title } } }
  type: __typename
  ...OfQuery
}

mutation Write($title: String!, $due: DueInput, $day: Date!) {
  createTask(input: { title: $title, due: $due, priority: LOW }) {
    ... on Payload { cursor query { viewer { id } } }
    task { id }
  }
  again: createTask(input: { title: "", due: { on: $day } }) { cursor }
}

subscription Follow { changes(since: null) { changes { kind node { id } } hasMore } }

"fragments have descriptions, too"
fragment OfTask on Task { id title tags { id } list { ...OfNode } }
fragment OfNode on Node { id }
"""
and may be spread before they are defined,
with names like keywords
"""
fragment type on Query { fragment: viewer { query: id mutation: name on: email true: image } }
fragment OfQuery on Query { ...type __schema { queryType { name } } __type(name: "Task") { kind } }
`;

/** Well formed, but invalid: directives that nobody has defined, with all kinds of values, in every place. */
export const EVERYWHERE = `
query Everything($a: [Int!]! = [1, -2] @onVariable, $b: Nope = C @onVariable(value: {a: [-0]})) @onQuery(x: 1.5e-3) {
  viewer @onField(x: ENUM) @onField(x: null, y: true, z: """block""") {
    ...F @onSpread
    ... on User @onInline { id }
    ... @onInline(list: [[], [{}]]) { id }
  }
  unknown(a: 1, b: [$a, {c: $b}]) { deeper { and { deeper } } }
}
mutation M @onMutation { like(story: 123) @defer { story { id } } }
subscription S($input: Input!) @onSubscription { storyLikes(input: $input) { likers { count } } }
fragment F on Friend @onFragment { foo(size: $size, bar: $b, obj: {key: "value"}) }
query { unnamed(truthy: true, falsy: false, nullish: null), query }
`;
