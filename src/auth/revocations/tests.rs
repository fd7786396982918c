use futures_util::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::auth::claims::{Leeway, Validation};

const START: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(START + seconds).unwrap()
}

/// Alice by a token of an hour that says this besides, issued when the tests begin.
fn alice(claims: Value) -> Viewer {
    by(json!({"sub": "alice"}), claims)
}

fn by(mut token: Value, claims: Value) -> Viewer {
    let Value::Object(more) = claims else { panic!("{claims}") };
    let all = token.as_object_mut().unwrap();
    all.extend([("iat".to_owned(), json!(START)), ("exp".to_owned(), json!(START + 3600))]);
    all.extend(more);
    all.retain(|_, value| !value.is_null());
    let validation = Validation { leeway: Leeway(30_000), ..Validation::default() };
    validation.viewer(all, &json!(all).to_string(), false, at(0)).unwrap()
}

/// What the check tells at that second.
fn refused(revocations: &Revocations, viewer: &Viewer, seconds: i64) -> bool {
    let Err(refusal) = revocations.check(viewer, at(seconds)) else { return false };
    assert_eq!(refusal.reason(), Some(AuthErrorReason::Revoked));
    true
}

/// A memory that knows of one sign-out by this token, at that instant.
fn signed_out(viewer: &Viewer, everywhere: bool, now: Timestamp) -> Revocations {
    let revocations = Revocations::default();
    for revoked in Revoked::by_sign_out(viewer.session(), everywhere, now) {
        revocations.add(viewer.id(), revoked);
    }
    revocations
}

#[test]
fn without_a_session_one_token_is_refused_until_it_has_expired() {
    let token = alice(json!({"jti": "1"}));
    let revocations = signed_out(&token, false, at(10));
    assert!(refused(&revocations, &token, 10));
    assert!(refused(&revocations, &token, 3600 + 299), "some other server's leeway");
    assert!(!refused(&revocations, &alice(json!({"jti": "1", "iat": START + 1})), 10));
    assert!(!refused(&revocations, &alice(json!({"sid": "1"})), 10));
    assert!(!refused(&revocations, &by(json!({"sub": "bob"}), json!({"jti": "1"})), 10));

    revocations.purge(at(3600 + 299));
    assert!(refused(&revocations, &token, 10));
    revocations.purge(at(3600 + 300));
    assert!(revocations.users.read().unwrap().is_empty());
}

#[test]
fn a_session_is_refused_with_all_its_tokens_for_30_days_or_longer() {
    const DAY: i64 = 86_400;
    let session = |exp: i64| alice(json!({"sid": "s", "exp": START + exp}));
    let revocations = signed_out(&session(60), false, at(10));
    assert!(refused(&revocations, &session(31 * DAY), 30 * DAY + 9));
    assert!(!refused(&revocations, &session(31 * DAY), 30 * DAY + 10));
    assert!(!refused(&revocations, &alice(json!({"sid": "S"})), 10));
    assert!(!refused(&revocations, &by(json!({"sub": "bob"}), json!({"sid": "s"})), 10));

    let revocations = signed_out(&session(31 * DAY), false, at(10));
    assert!(refused(&revocations, &session(31 * DAY), 31 * DAY));

    // The end of time is not passed.
    let forever = session(300_000_000_000);
    assert!(refused(&signed_out(&forever, false, at(10)), &forever, 1_000 * DAY));
}

#[test]
fn everywhere_is_all_that_was_issued_up_to_the_end_of_the_second() {
    let now = Timestamp::parse("2027-01-15T08:00:05.300Z").unwrap();
    assert_eq!(now.seconds(), START + 5);
    let ahead = alice(json!({"iat": START + 20}));
    let revocations = signed_out(&ahead, true, now);
    assert!(refused(&revocations, &ahead, 6), "this one, whenever it was issued");
    for (iat, expected) in [
        (json!(START - 86_400), true),
        (json!(START + 5), true),
        (json!(START * 1000 + 5_999).as_f64().map(|millis| json!(millis / 1000.0)).unwrap(), true),
        (json!(START + 6), false),
        (json!(START + 20), false),
        (json!(null), true),
    ] {
        let token = alice(json!({"iat": iat, "sid": "another"}));
        assert_eq!(refused(&revocations, &token, 40 * 86_400), expected, "{iat}");
        let bobs = by(json!({"sub": "bob"}), json!({"iat": iat}));
        assert!(!refused(&revocations, &bobs, 6));
    }
    revocations.purge(at(400 * 86_400));
    assert!(refused(&revocations, &alice(json!({})), 0), "this is never forgotten");

    // What is heard later, or again, takes nothing back.
    revocations.add(ahead.id(), Revoked::IssuedBefore(at(1)));
    assert!(refused(&revocations, &alice(json!({"iat": START + 5})), 6));
}

#[test]
fn whoever_waits_hears_of_their_own_end_and_leaves_nothing_behind() {
    let revocations = Revocations::default();
    let (first, second) = (alice(json!({"sid": "1"})), alice(json!({"sid": "2"})));
    let bobs = by(json!({"sub": "bob"}), json!({"sid": "1"}));
    let wait = |viewer| Box::pin(revocations.end_of(viewer, || at(10)));
    let (mut one, mut two, mut bob) = (wait(&first), wait(&second), wait(&bobs));
    assert!(one.as_mut().now_or_never().is_none());
    assert!(two.as_mut().now_or_never().is_none());
    assert!(bob.as_mut().now_or_never().is_none());
    assert_eq!(revocations.waiting().len(), 2, "one notify for each user");

    for revoked in Revoked::by_sign_out(first.session(), false, at(10)) {
        revocations.add(first.id(), revoked);
    }
    assert!(one.now_or_never().is_some());
    assert!(two.as_mut().now_or_never().is_none());
    assert!(wait(&first).now_or_never().is_some(), "who comes later is told at once");
    assert_eq!(revocations.waiting().len(), 2);

    revocations.add(second.id(), Revoked::IssuedBefore(at(1)));
    assert!(two.now_or_never().is_some());
    assert!(bob.as_mut().now_or_never().is_none());
    assert_eq!(revocations.waiting().len(), 1);
    drop(bob);
    assert!(revocations.waiting().is_empty());
}
