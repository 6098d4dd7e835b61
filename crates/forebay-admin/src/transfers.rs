//! `/transfers`: what is on its way, and who holds it up.
//!
//! There may be thousands, and the page is read when there are: the source is visited one transfer at a time, and
//! only the [`SHOWN_MAX`] that matter most are kept. Those are the ones that do not move, oldest first, unless the
//! reader asks for another order.

use std::{cmp::Reverse, collections::BTreeMap, fmt::Write, sync::Arc};

use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use serde::Serialize;

use crate::{
    Party, TransferView,
    admission::{Draft, Refusal},
    routes::Admin,
    view::{Column, Form, HTML, JSON, TEXT, Table, age, bytes, page},
};

/// Transfers in one answer.
const SHOWN_MAX: usize = 200;
/// What [`SHOWN_MAX`] transfers may need, with targets of the length that the network allows, all of it escaped.
const PAGE_BYTES_MAX: u64 = 512 * 1024;

/// Which transfers come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Those that do not move, then the oldest.
    Stalled,
    Age,
    /// The slowest first.
    Rate,
    /// The most bytes first.
    Moved,
}

/// What was seen of all transfers, and the few that are shown.
#[derive(Default)]
struct Listed {
    /// Live transfers, shown or not.
    total: usize,
    /// Those that do not move, by who is to move.
    stalled: BTreeMap<Party, usize>,
    /// Bytes per second, all transfers.
    rate: u64,
    shown: BTreeMap<(u8, Reverse<u64>, u64), TransferView>,
}

/// The answer in JSON. Ages in seconds, amounts in bytes, rates in bytes per second.
#[derive(Serialize)]
struct Json<'a> {
    total: usize,
    stalled: BTreeMap<&'static str, usize>,
    rate: u64,
    transfers: Vec<JsonTransfer<'a>>,
}

#[derive(Serialize)]
struct JsonTransfer<'a> {
    id: u64,
    client: &'a str,
    method: &'a str,
    target: &'a str,
    protocol: &'a str,
    age: f64,
    sent: u64,
    received: u64,
    rate: u64,
    stalled_on: Option<&'static str>,
}

/// `GET /transfers?order=stalled|age|rate|moved`
pub(crate) async fn show(State(admin): State<Arc<Admin>>, request: Request) -> Result<Response, Refusal> {
    let mut draft = Draft::new(&admin, PAGE_BYTES_MAX)?;
    let order = Order::of(request.uri().query().unwrap_or_default());
    let mut listed = Listed::default();
    admin.sources.transfers.visit(&mut |transfer| listed.see(order, transfer));
    match Form::of(&request) {
        Form::Json => Ok(draft.send_bytes(serde_json::to_vec(&listed.json()).unwrap_or_default(), JSON)),
        Form::Html => {
            Ok(draft.send_bytes(page("transfers", &listed.html(order)).into_string().into_bytes(), HTML))
        }
        Form::Text => {
            writeln!(draft, "{}", listed.summary())?;
            listed.table().write_text(&mut draft)?;
            Ok(draft.send(TEXT))
        }
    }
}

/// `POST` or `DELETE /transfers/{id}`: ends it, and its connection where it cannot end alone.
pub(crate) async fn end(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<u64>,
    request: Request,
) -> Result<Response, Refusal> {
    if !admin.sources.transfers.end(id) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("no transfer {id}; it may just have ended")));
    }
    tracing::warn!(transfer = id, "ended by the operator");
    match Form::of(&request) {
        Form::Html => Ok(Redirect::to("/transfers").into_response()),
        Form::Text | Form::Json => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

impl Order {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Stalled, "stalled", "stalled first"),
        (Self::Age, "age", "oldest first"),
        (Self::Rate, "rate", "slowest first"),
        (Self::Moved, "moved", "most bytes first"),
    ];

    fn of(query: &str) -> Self {
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("order="));
        let named = Self::ALL.into_iter().find(|(_, name, _)| Some(*name) == asked);
        named.map_or(Self::Stalled, |(order, _, _)| order)
    }

    /// Smaller is shown first.
    fn key(self, transfer: &TransferView) -> (u8, Reverse<u64>, u64) {
        let age = Reverse(u64::try_from(transfer.age.as_millis()).unwrap_or(u64::MAX));
        match self {
            Self::Stalled => (u8::from(transfer.stalled_on.is_none()), age, transfer.id),
            Self::Age => (0, age, transfer.id),
            Self::Rate => (0, Reverse(u64::MAX - transfer.rate), transfer.id),
            Self::Moved => (0, Reverse(transfer.sent + transfer.received), transfer.id),
        }
    }
}

impl Listed {
    fn see(&mut self, order: Order, transfer: TransferView) {
        self.total += 1;
        self.rate += transfer.rate;
        if let Some(party) = transfer.stalled_on {
            *self.stalled.entry(party).or_default() += 1;
        }
        self.shown.insert(order.key(&transfer), transfer);
        if self.shown.len() > SHOWN_MAX {
            self.shown.pop_last();
        }
    }

    fn summary(&self) -> String {
        let mut text = format!("{} live, {}/s", self.total, bytes(self.rate));
        for (party, count) in &self.stalled {
            // Writing to a string cannot fail.
            let _ = write!(text, ", {count} stalled on the {}", party.name());
        }
        if self.total > self.shown.len() {
            let _ = write!(text, "; {} are shown", self.shown.len());
        }
        text
    }

    fn table(&self) -> Table<10> {
        let row = |transfer: &TransferView| {
            [
                transfer.id.to_string(),
                transfer.stalled_on.map_or("", Party::name).to_owned(),
                age(transfer.age.as_secs()),
                format!("{}/s", bytes(transfer.rate)),
                bytes(transfer.sent),
                bytes(transfer.received),
                transfer.client.clone(),
                transfer.protocol.clone(),
                transfer.method.clone(),
                transfer.target.clone(),
            ]
        };
        Table {
            columns: [
                Column::number("id"),
                Column::text("stalled on"),
                Column::number("age"),
                Column::number("rate"),
                Column::number("sent"),
                Column::number("received"),
                Column::text("client"),
                Column::text("protocol"),
                Column::text("method"),
                Column::text("target"),
            ],
            rows: self.shown.values().map(row).collect(),
            sum: None,
        }
    }

    fn html(&self, order: Order) -> Markup {
        html! {
            p { (self.summary()) }
            p class="soft" {
                @for (each, name, words) in Order::ALL {
                    @if each == order { strong { (words) } } @else { a href={ "?order=" (name) } { (words) } }
                    " "
                }
                a href="?format=json" { "JSON" }
            }
            div class="scroll" {
                table {
                    thead {
                        tr {
                            th class="number" { "age" } th { "waits for" } th class="number" { "rate" }
                            th class="number" { "sent" } th class="number" { "received" }
                            th { "client" } th { "request" } th {}
                        }
                    }
                    tbody { @for transfer in self.shown.values() { (html_row(transfer)) } }
                }
            }
        }
    }

    fn json(&self) -> Json<'_> {
        Json {
            total: self.total,
            stalled: self.stalled.iter().map(|(party, count)| (party.name(), *count)).collect(),
            rate: self.rate,
            transfers: self.shown.values().map(JsonTransfer::from).collect(),
        }
    }
}

fn html_row(transfer: &TransferView) -> Markup {
    html! {
        tr {
            td class="number" { (age(transfer.age.as_secs())) }
            td class="warn" { (transfer.stalled_on.map_or("", Party::name)) }
            td class="number" { (bytes(transfer.rate)) "/s" }
            td class="number" { (bytes(transfer.sent)) }
            td class="number" { (bytes(transfer.received)) }
            td { (transfer.client) }
            td class="wide" { (transfer.method) " " (transfer.target) " " span class="soft" { (transfer.protocol) } }
            td { form method="post" action={ "/transfers/" (transfer.id) } { button { "end" } } }
        }
    }
}

impl<'a> From<&'a TransferView> for JsonTransfer<'a> {
    fn from(transfer: &'a TransferView) -> Self {
        Self {
            id: transfer.id,
            client: &transfer.client,
            method: &transfer.method,
            target: &transfer.target,
            protocol: &transfer.protocol,
            age: transfer.age.as_secs_f64(),
            sent: transfer.sent,
            received: transfer.received,
            rate: transfer.rate,
            stalled_on: transfer.stalled_on.map(Party::name),
        }
    }
}
