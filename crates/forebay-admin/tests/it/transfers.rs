//! `/transfers`: by age and rate, who is stalled, and an end to one.

use axum::body::Body;
use forebay_admin::Party;
use http::{Request, StatusCode, header};

use crate::fixture::{process, transfer};

#[tokio::test]
async fn the_stalled_come_first_and_the_orders_are_what_they_say() {
    let process = process();
    {
        let mut transfers = process.road.transfers.lock().unwrap();
        transfers.extend((1..=4).map(transfer));
        transfers[1].stalled_on = Some(Party::Client);
        transfers[2].stalled_on = Some(Party::Budget);
        transfers[0].rate = 5;
    }
    let order = async |order: &str| -> Vec<u64> {
        let list = process.get(&format!("/transfers?format=json&order={order}")).await.json();
        list["transfers"].as_array().unwrap().iter().map(|each| each["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(order("stalled").await, [3, 2, 4, 1]);
    assert_eq!(order("age").await, [4, 3, 2, 1]);
    assert_eq!(order("rate").await[0], 1);
    assert_eq!(order("moved").await[0], 4);
    let list = process.get("/transfers?format=json").await.json();
    assert_eq!(list["stalled"], serde_json::json!({"budget": 1, "client": 1}));
    assert_eq!(list["transfers"][0]["stalled_on"], "budget");
    let text = process.get("/transfers").await;
    assert!(text.text().starts_with("4 live, 305 B/s, 1 stalled on the client, 1 stalled on the budget"));
}

#[tokio::test]
async fn of_ten_thousand_only_the_first_are_shown_and_all_are_counted() {
    let process = process();
    process.road.transfers.lock().unwrap().extend((1..=10_000).map(transfer));
    let list = process.get("/transfers?format=json&order=age").await.json();
    assert_eq!((&list["total"], list["transfers"].as_array().unwrap().len()), (&10_000.into(), 200));
    assert_eq!(list["transfers"][0]["id"], 10_000);
    for accept in ["text/html", "text/plain"] {
        assert_eq!(process.get_as("/transfers", accept).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn names_from_the_network_are_text_in_the_page() {
    let process = process();
    let mut odd = transfer(1);
    odd.target = "/<script>alert(1)</script>".to_owned();
    process.road.transfers.lock().unwrap().push(odd);
    let page = process.get_as("/transfers", "text/html").await;
    assert!(page.text().contains("&lt;script&gt;") && !page.text().contains("<script>"));
}

#[tokio::test]
async fn one_can_be_ended_by_a_tool_and_by_a_button() {
    let process = process();
    process.road.transfers.lock().unwrap().extend([transfer(7), transfer(8)]);
    let tool = Request::delete("/transfers/7").body(Body::empty()).unwrap();
    assert_eq!(process.ask(tool).await.status, StatusCode::NO_CONTENT);
    let button =
        Request::post("/transfers/8").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let answer = process.ask(button).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.headers[header::LOCATION], "/transfers");
    assert_eq!(*process.road.ended.lock().unwrap(), [7, 8]);
    let gone = Request::delete("/transfers/9").body(Body::empty()).unwrap();
    assert_eq!(process.ask(gone).await.status, StatusCode::NOT_FOUND);
}
