//! A client that vanishes: no FIN, no reset, no acknowledgement. Only the kernel can tell.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use forebay_budget::Rate;
use forebay_net::{ConnLimits, ListenOptions, Listener, SocketSizes};
use socket2::{SockFilter, SockRef};

use crate::server::{Server, router};

/// `return 0`: every segment that comes is dropped before TCP sees it (`BPF_RET | BPF_K`).
const DROP_ALL: SockFilter = SockFilter::new(0x06, 0, 0, 0);

#[test]
fn a_client_that_vanishes_is_given_up_by_the_kernel_after_the_user_timeout() {
    let listen = |options: &ListenOptions| {
        let sizes = SocketSizes { user_timeout: Duration::from_millis(500), ..options.sizes.clone() };
        let options = ListenOptions { sizes, ..options.clone() };
        Listener::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap()
    };
    let patient = Duration::from_secs(3600);
    let never = |options: &mut forebay_net::ServeOptions| {
        options.limits =
            ConnLimits { stall: patient, grace: patient, min_rate: Rate::b(0), ..ConnLimits::default() };
    };
    let server = Server::on(listen, never, router);
    server.file("f", 64 << 20);
    let mut client = TcpStream::connect(server.addr).unwrap();
    client.write_all(b"GET /f/f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    client.read_exact(&mut [0; 1024]).unwrap();
    SockRef::from(&client).attach_filter(&[DROP_ALL]).unwrap();
    // Its window opens once more, for bytes that nobody will acknowledge.
    client.read_exact(&mut vec![0; 32 << 10]).unwrap();
    server.until("the connection is gone", |server| server.stats().active == 0);
    let killed: u64 = server.stats().killed.iter().map(|(_, count)| count).sum();
    assert_eq!(killed, 0, "no limit of ours had to end it");
    server.stop();
}
