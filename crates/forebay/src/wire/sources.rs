//! The rest of the process as the operators' interface wants to see it: each figure under the name that it has
//! there. Nothing is counted here.

use forebay_admin::{Network, NetworkFigures, Party, TransferView, Transfers, TurnFigures, Turns};
use forebay_net::Watch;
use forebay_tower::LoadShedLayer;

/// The clients' connections.
#[derive(Clone, Debug)]
pub(super) struct Clients(pub(super) Watch);

impl Transfers for Clients {
    fn visit(&self, visit: &mut dyn FnMut(TransferView)) {
        self.0.visit(|transfer| {
            visit(TransferView {
                id: transfer.id,
                client: transfer.client.to_string(),
                method: transfer.method.to_string(),
                target: transfer.target,
                protocol: transfer.protocol.name().to_owned(),
                age: transfer.age,
                sent: transfer.sent,
                received: transfer.received,
                rate: transfer.rate,
                stalled_on: transfer.stalled_on.map(party),
            });
        });
    }

    fn end(&self, id: u64) -> bool {
        self.0.end(id)
    }
}

impl Network for Clients {
    fn figures(&self) -> NetworkFigures {
        let stats = self.0.stats();
        let (mut transfers, mut on_client, mut on_upstream, mut on_budget) = (0, 0, 0, 0);
        self.0.visit(|transfer| {
            transfers += 1;
            match transfer.stalled_on {
                Some(forebay_net::Party::Client) => on_client += 1,
                Some(forebay_net::Party::Upstream) => on_upstream += 1,
                Some(forebay_net::Party::Budget) => on_budget += 1,
                None => {}
            }
        });
        NetworkFigures {
            accepted: stats.accepted,
            active: stats.active,
            transfers,
            stalled_on_client: on_client,
            stalled_on_upstream: on_upstream,
            stalled_on_budget: on_budget,
            ended: by_name(&stats.killed),
            streams_ended: by_name(&stats.streams_ended),
            tls_failures: stats.tls_failures,
            accept_pauses: stats.emfile_pauses,
            sent: stats.sent_bytes,
            received: stats.received_bytes,
            file_bytes: vec![
                ("sendfile", stats.zero_copy_bytes),
                ("late_read", stats.late_read_bytes),
                ("relayed", stats.relayed_bytes),
                ("read", stats.pread_bytes),
            ],
            desyncs: stats.desyncs,
            truncations: stats.truncations,
        }
    }
}

/// The queue of requests before their limit.
#[derive(Clone, Debug)]
pub(super) struct Line(pub(super) LoadShedLayer);

impl Turns for Line {
    fn figures(&self) -> TurnFigures {
        let figures = self.0.figures();
        TurnFigures {
            in_use: figures.in_use as u64,
            places: figures.slots as u64,
            waiting: figures.waiting as u64,
            waiting_max: figures.waiting_max as u64,
            waited: figures.waited,
            refused: figures.refused_total,
            saturated: figures.saturated,
        }
    }
}

fn by_name(ended: &[(forebay_net::Reason, u64)]) -> Vec<(&'static str, u64)> {
    ended.iter().map(|(reason, count)| (reason.name(), *count)).collect()
}

fn party(party: forebay_net::Party) -> Party {
    match party {
        forebay_net::Party::Client => Party::Client,
        forebay_net::Party::Upstream => Party::Upstream,
        forebay_net::Party::Budget => Party::Budget,
    }
}
