//! The rest of the process as the operators' interface wants to see it: each figure under the name that it has
//! there. Nothing is counted here.

use forebay_admin::{Network, NetworkFigures, Party, TransferView, Transfers};
use forebay_net::Watch;

/// The clients' connections.
#[derive(Clone, Debug)]
pub(super) struct Clients(pub(super) Watch);

impl Transfers for Clients {
    fn visit(&self, visit: &mut dyn FnMut(TransferView)) {
        for transfer in self.0.list() {
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
        }
    }

    fn end(&self, id: u64) -> bool {
        self.0.end(id)
    }
}

impl Network for Clients {
    fn figures(&self) -> NetworkFigures {
        let stats = self.0.stats();
        let transfers = self.0.list();
        let stalled_on =
            |party| transfers.iter().filter(|transfer| transfer.stalled_on == Some(party)).count() as u64;
        NetworkFigures {
            accepted: stats.accepted,
            active: stats.active,
            transfers: transfers.len() as u64,
            stalled_on_client: stalled_on(forebay_net::Party::Client),
            stalled_on_upstream: stalled_on(forebay_net::Party::Upstream),
            stalled_on_budget: stalled_on(forebay_net::Party::Budget),
            ended: stats.killed.iter().map(|(reason, count)| (reason.name(), *count)).collect(),
            tls_failures: stats.tls_failures,
            accept_pauses: stats.emfile_pauses,
            sent: stats.sent_bytes,
            received: stats.received_bytes,
            file_bytes: vec![
                ("sendfile", stats.zero_copy_bytes),
                ("late_read", stats.late_read_bytes),
                ("read", stats.pread_bytes),
            ],
            desyncs: stats.desyncs,
            truncations: stats.truncations,
            pools: Vec::new(),
        }
    }
}

fn party(party: forebay_net::Party) -> Party {
    match party {
        forebay_net::Party::Client => Party::Client,
        forebay_net::Party::Upstream => Party::Upstream,
        forebay_net::Party::Budget => Party::Budget,
    }
}
