//! Locks, and passwords that wait to be verified.

use super::*;

#[test]
fn who_guesses_is_locked_out_and_told_for_how_long() {
    let house = House::new();
    let guess = |now, n| {
        let wrong = basic("alice", "Wonderland");
        let asked = house.ask(&[(AUTHORIZATION, &wrong)], |ask| {
            ask.client = client(n);
            ask.now = at(now);
        });
        run(asked, at(now)).unwrap_err()
    };
    for _ in 0..4 {
        assert_eq!(guess(0, 1).status(), StatusCode::UNAUTHORIZED);
    }
    let refusal = guess(1, 1);
    assert_eq!(refusal.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refusal.headers().collect::<Vec<_>>(), [(RETRY_AFTER, HeaderValue::from(3))]);
    let almost_three = Refusal::Locked { retry_after: Duration::from_millis(2001) };
    assert_eq!(almost_three.retry_after(), Some(Duration::from_secs(3)), "never too early");
    let token = format!("Bearer {}", house.bob.expose());
    assert_eq!(status(house.show(&token)), 429, "nothing is looked at, right or wrong");
    assert_eq!(caller(house.ask(&[], |_| ())), Caller::NOBODY, "but nobody may still be nobody");
    assert_eq!(guess(4, 1).status(), StatusCode::UNAUTHORIZED, "it ends");
    for n in 2..4 {
        assert_eq!(guess(5, n).status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(guess(5, 9).status(), StatusCode::TOO_MANY_REQUESTS, "for this name, from anywhere");
}

#[test]
fn whoever_proved_himself_lately_is_not_locked_out_by_strangers() {
    let house = House::new();
    let right = basic("alice", "wonderland");
    run(house.show(&right), at(0)).unwrap();
    for _ in 0..9 {
        house.doors.attempts.failed(client(9), Some("alice"), at(0));
    }
    let alice = caller(house.show(&right));
    assert_eq!(alice.identity().unwrap().name().as_str(), "alice");
    let from_elsewhere = house.ask(&[(AUTHORIZATION, &right)], |ask| ask.client = client(2));
    assert_eq!(status(from_elsewhere), 429);
}

#[test]
fn what_waits_to_be_verified_is_asked_again_when_its_turn_comes() {
    let house = House::new();
    let ledger = Ledger::new([(Class::Admin, ByteSize::kib(16))]);
    let pending = |password| match house.show(&basic("alice", password)).unwrap() {
        Step::Password(pending) => pending,
        other => panic!("{other:?}"),
    };
    let lease = || ledger.try_acquire(Class::Admin, 8 << 10).unwrap();
    let wrong: Vec<_> = (0..9).map(|n| pending(if n == 8 { "wonderland" } else { "guess" })).collect();
    let answers: Vec<_> = wrong
        .into_iter()
        .map(|pending| pending.run(lease(), at(0)).map_err(|refusal| refusal.status().as_u16()).map(|_| ()))
        .collect();
    assert_eq!(answers[..4], [Err(401); 4]);
    assert_eq!(answers[4..], [Err(429); 5], "the right one too, or the answer would tell");
    house.doors.attempts.succeeded(client(1), Some("alice"));
    let small = ledger.try_acquire(Class::Admin, 1).unwrap();
    assert_eq!(pending("wonderland").run(small, at(0)).unwrap_err().status(), 503);
    let second = pending("wonderland");
    assert!(pending("wonderland").run(lease(), at(0)).is_ok() && second.run(lease(), at(0)).is_ok());
    assert!(ledger.idle());
    assert!(!format!("{:?}", house.show(&basic("alice", "swordfish"))).contains("swordfish"));
}
