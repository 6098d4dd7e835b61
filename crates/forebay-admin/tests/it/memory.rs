//! `/memory`: the plan with current and peak.

use forebay_budget::Class;

use crate::fixture::process;

#[tokio::test]
async fn json_has_the_plan_and_what_is_and_was_in_use() {
    let process = process();
    let mut lease = process.ledger.try_acquire(Class::Reads, 100_000).unwrap();
    lease.shrink_to(40_000);
    let memory = process.get_as("/memory", "application/json").await.json();
    let reads = memory["classes"].as_array().unwrap().iter().find(|class| class["class"] == "reads").unwrap();
    assert_eq!((&reads["in_use"], &reads["peak"]), (&40_000.into(), &100_000.into()));
    assert!(reads["capacity"].as_u64().unwrap() >= 100_000);
    assert!(memory["plan"]["lines"].as_array().unwrap().len() > 5);
    assert!(memory["process"]["anonymous"].as_u64().unwrap() > 0);
    assert_eq!((&memory["pools"][0]["pool"], &memory["pools"][0]["kept"]), (&"chunks".into(), &0.into()));
}

#[tokio::test]
async fn text_and_html_name_every_line_of_the_plan() {
    let process = process();
    let memory = process.get_as("/memory", "application/json").await.json();
    let text = process.get("/memory").await;
    let html = process.get_as("/memory", "text/html").await;
    assert_eq!(
        (text.content_type(), html.content_type()),
        ("text/plain; charset=utf-8", "text/html; charset=utf-8")
    );
    for line in memory["plan"]["lines"].as_array().unwrap() {
        let holder = line["holder"].as_str().unwrap();
        assert!(text.text().contains(holder), "{holder}");
        assert!(html.text().contains(holder), "{holder}");
    }
}
