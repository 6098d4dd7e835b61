//! One fast reader among others: a connection's turn has an end.

use std::fs::File;
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes};
use forebay_budget::Ledger;
use forebay_testkit::pattern::Pattern;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::cold::ColdPages;
use super::io::{Setup, SpanIo};
use super::queue::SpanQueue;
use super::region::SLOT_BYTES;
use super::socket::Socket;
use super::span::LeasedFile;
use crate::grow::Growth;
use crate::outgoing::Settle;
use crate::preface::Prefix;
use crate::sockopt::SocketSizes;
use crate::state::{ConnState, Ends, TURN_BYTES};
use crate::verdict::ConnLimits;

struct NothingParked;

impl Settle for NothingParked {
    fn settled(&self) {}
    fn closed(&self) {}
}

/// Sends placeholders until the turn has ended or all are out. Returns how many bytes went.
async fn one_turn(io: &mut SpanIo, state: &ConnState, names: &mut Vec<Bytes>) -> usize {
    let mut sent = 0;
    poll_fn(|cx| {
        while let Some(name) = names.first_mut() {
            match Pin::new(&mut *io).poll_write_vectored(cx, &[IoSlice::new(name)]) {
                Poll::Ready(wrote) => {
                    let wrote = wrote.unwrap();
                    sent += wrote;
                    name.advance(wrote);
                    if name.is_empty() {
                        names.remove(0);
                    }
                }
                Poll::Pending if state.turn_left() == 0 => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(sent)
    })
    .await
}

#[tokio::test]
async fn a_turn_ends_while_the_reader_would_take_more() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut client, &mut std::io::sink()).unwrap());
    let (tcp, peer) = listener.accept().unwrap();
    tcp.set_nonblocking(true).unwrap();
    let local = tcp.local_addr().unwrap();

    let (turns, each) = (3, TURN_BYTES / SLOT_BYTES);
    let named = tempfile::NamedTempFile::new().unwrap();
    Pattern::new(3).write_file(named.path(), (turns * TURN_BYTES) as u64).unwrap();
    let file = Arc::new(LeasedFile::unleased(File::open(named.path()).unwrap()));
    let queue = SpanQueue::new(0);
    let mut names: Vec<Bytes> = (0..turns * each)
        .map(|n| queue.push(Arc::clone(&file), (n * SLOT_BYTES) as u64, SLOT_BYTES))
        .collect();

    let ends = Ends { id: 1, fleet: 1, peer, local };
    let state = Arc::new(ConnState::new(ends, Arc::default(), Arc::default(), &ConnLimits::default()));
    let mut io = SpanIo::new(Setup {
        socket: Socket::Plain(TcpStream::from_std(tcp).unwrap()),
        state: Arc::clone(&state),
        queue,
        park: Arc::new(NothingParked),
        prefix: Prefix::default(),
        growth: Growth::new(Ledger::new([]), SocketSizes::default()),
        cold: ColdPages::Trust,
    });
    for turn in 0..turns {
        state.begin_turn(std::task::Waker::noop());
        assert_eq!(one_turn(&mut io, &state, &mut names).await, TURN_BYTES, "turn {turn}");
    }
    assert!(names.is_empty());
    drop(io);
    assert_eq!(reader.join().unwrap(), (turns * TURN_BYTES) as u64);
}
