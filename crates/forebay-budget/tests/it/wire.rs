//! What others read: JSON of sizes, plans and accounts.

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, Limits, MemoryFacts, NofileLimits, Plan, Rate};
use serde_json::{from_value, json, to_value};

#[test]
fn sizes_are_read_as_numbers_or_text_and_written_as_numbers() {
    for (written, bytes) in [(json!(4096), 4096), (json!("4KiB"), 4096), (json!("10MB"), 10_000_000)] {
        assert_eq!(from_value::<ByteSize>(written).unwrap(), ByteSize::b(bytes));
    }
    assert_eq!(from_value::<Rate>(json!("10MiB/s")).unwrap(), Rate::mib(10));
    assert_eq!(to_value(ByteSize::mib(1)).unwrap(), json!(1_048_576));
    for wrong in [json!(-1), json!(1.5), json!("ten"), json!(null), json!([1])] {
        let error = from_value::<ByteSize>(wrong).unwrap_err().to_string();
        assert!(error.contains("a size") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn unknown_limits_are_errors_and_missing_ones_have_defaults() {
    assert_eq!(from_value::<Limits>(json!({})).unwrap(), Limits::default());
    let limits: Limits = from_value(json!({"memory": "64MiB", "connections": 100})).unwrap();
    assert_eq!((limits.memory, limits.connections), (Some(ByteSize::mib(64)), Some(100)));
    assert!(from_value::<Limits>(json!({"memroy": "64MiB"})).is_err());
}

#[test]
fn a_plan_says_for_each_line_who_holds_it_and_what_happens_when_it_is_full() {
    let nofile = NofileLimits { soft_before: 1024, soft: 20_000, hard: 20_000 };
    let limits = Limits { memory: Some(ByteSize::mib(64)), ..Limits::default() };
    let plan = to_value(Plan::compute(&limits, &MemoryFacts::default(), nofile).unwrap()).unwrap();
    assert_eq!(plan["limit"], json!(64 << 20));
    let line = &plan["lines"][0];
    assert_eq!((&line["class"], &line["when_full"]), (&json!("connections"), &json!("wait")));
    assert_eq!(line["total"], json!(line["count"].as_u64().unwrap() * line["each"].as_u64().unwrap()));
    assert_eq!(plan["fds"]["connections"], plan["connections_max"]);
}

#[test]
fn an_account_shows_all_its_numbers() {
    let ledger = Ledger::new([(Class::Reads, ByteSize::b(10))]);
    let _held = ledger.try_acquire(Class::Reads, 4).unwrap();
    assert!(ledger.try_acquire(Class::Reads, 7).is_err());
    let expected = json!({
        "in_use": 4, "peak": 4, "capacity": 10, "waiting": 0,
        "granted_total": 1, "refused_total": 1, "waited_seconds": 0.0,
    });
    assert_eq!(to_value(ledger.usage(Class::Reads)).unwrap(), expected);
    assert_eq!(to_value(FdLedger::new(3).usage()).unwrap()["capacity"], json!(3));
}
