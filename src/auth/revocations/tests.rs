use futures_util::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::auth::claims::{Leeway, Validation};

const START: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(START + seconds).unwrap()
}

/// Alice with a token for an hour from [`START`], with additional or replaced claims.
fn alice(claims: Value) -> Viewer {
    user(json!({"sub": "alice"}), claims)
}

fn user(mut token: Value, claims: Value) -> Viewer {
    let Value::Object(more) = claims else { panic!("{claims}") };
    let all = token.as_object_mut().unwrap();
    all.extend([("iat".to_owned(), json!(START)), ("exp".to_owned(), json!(START + 3600))]);
    all.extend(more);
    all.retain(|_, value| !value.is_null());
    let validation = Validation { leeway: Leeway(30_000), ..Validation::default() };
    validation.validate(all, &json!(all).to_string(), false, at(0)).unwrap()
}

/// Whether the token is revoked at that second.
fn is_revoked(revocations: &Revocations, viewer: &Viewer, seconds: i64) -> bool {
    let Err(error) = revocations.check(viewer, at(seconds)) else { return false };
    assert_eq!(error.reason(), Some(AuthErrorReason::Revoked));
    true
}

/// The revocations after one sign-out with this token at that instant.
fn signed_out(viewer: &Viewer, everywhere: bool, now: Timestamp) -> Revocations {
    let revocations = Revocations::default();
    for revoked in Revoked::by_sign_out(viewer.session(), everywhere, now) {
        revocations.add(viewer.id(), revoked);
    }
    revocations
}

#[test]
fn without_a_sid_one_token_is_revoked_until_it_has_expired() {
    let token = alice(json!({"jti": "1"}));
    let revocations = signed_out(&token, false, at(10));
    assert!(is_revoked(&revocations, &token, 10));
    assert!(is_revoked(&revocations, &token, 3600 + 299), "the largest leeway");
    assert!(!is_revoked(&revocations, &alice(json!({"jti": "1", "iat": START + 1})), 10));
    assert!(!is_revoked(&revocations, &alice(json!({"sid": "1"})), 10));
    assert!(!is_revoked(&revocations, &user(json!({"sub": "bob"}), json!({"jti": "1"})), 10));

    revocations.purge(at(3600 + 299));
    assert!(is_revoked(&revocations, &token, 10));
    revocations.purge(at(3600 + 300));
    assert!(revocations.users.read().unwrap().is_empty());
}

#[test]
fn a_session_is_revoked_with_all_its_tokens_for_30_days_or_longer() {
    const DAY: i64 = 86_400;
    let session = |exp: i64| alice(json!({"sid": "s", "exp": START + exp}));
    let revocations = signed_out(&session(60), false, at(10));
    assert!(is_revoked(&revocations, &session(31 * DAY), 30 * DAY + 9));
    assert!(!is_revoked(&revocations, &session(31 * DAY), 30 * DAY + 10));
    assert!(!is_revoked(&revocations, &alice(json!({"sid": "S"})), 10));
    assert!(!is_revoked(&revocations, &user(json!({"sub": "bob"}), json!({"sid": "s"})), 10));

    let revocations = signed_out(&session(31 * DAY), false, at(10));
    assert!(is_revoked(&revocations, &session(31 * DAY), 31 * DAY));

    // Dates after the year 9999 are clamped.
    let forever = session(300_000_000_000);
    assert!(is_revoked(&signed_out(&forever, false, at(10)), &forever, 1_000 * DAY));
}

#[test]
fn everywhere_revokes_all_tokens_issued_up_to_the_end_of_the_second() {
    let now = Timestamp::parse("2027-01-15T08:00:05.300Z").unwrap();
    assert_eq!(now.seconds(), START + 5);
    let ahead = alice(json!({"iat": START + 20}));
    let revocations = signed_out(&ahead, true, now);
    assert!(is_revoked(&revocations, &ahead, 6), "its own token, whatever its `iat`");
    for (iat, expected) in [
        (json!(START - 86_400), true),
        (json!(START + 5), true),
        (json!(START * 1000 + 5_999).as_f64().map(|millis| json!(millis / 1000.0)).unwrap(), true),
        (json!(START + 6), false),
        (json!(START + 20), false),
        (json!(null), true),
    ] {
        let token = alice(json!({"iat": iat, "sid": "another"}));
        assert_eq!(is_revoked(&revocations, &token, 40 * 86_400), expected, "{iat}");
        let bobs = user(json!({"sub": "bob"}), json!({"iat": iat}));
        assert!(!is_revoked(&revocations, &bobs, 6));
    }
    revocations.purge(at(400 * 86_400));
    assert!(is_revoked(&revocations, &alice(json!({})), 0), "never deleted");

    // An earlier instant that is applied later does not replace a later one.
    revocations.add(ahead.id(), Revoked::IssuedBefore(at(1)));
    assert!(is_revoked(&revocations, &alice(json!({"iat": START + 5})), 6));
}

#[test]
fn a_waiting_task_is_notified_of_its_own_revocation_and_leaves_no_entry() {
    let revocations = Revocations::default();
    let (first, second) = (alice(json!({"sid": "1"})), alice(json!({"sid": "2"})));
    let bobs = user(json!({"sub": "bob"}), json!({"sid": "1"}));
    let wait = |viewer| Box::pin(revocations.revoked(viewer, || at(10)));
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
    assert!(wait(&first).now_or_never().is_some(), "already revoked");
    assert_eq!(revocations.waiting().len(), 2);

    revocations.add(second.id(), Revoked::IssuedBefore(at(1)));
    assert!(two.now_or_never().is_some());
    assert!(bob.as_mut().now_or_never().is_none());
    assert_eq!(revocations.waiting().len(), 1);
    drop(bob);
    assert!(revocations.waiting().is_empty());
}
