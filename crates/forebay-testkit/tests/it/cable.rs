//! What a pulled cable does to a connection: nothing that its ends could see.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use forebay_testkit::cable::Cable;
use forebay_testkit::notice;

#[test]
fn a_pulled_cable_is_silence_and_a_plugged_one_carries_what_was_sent_meanwhile() {
    let cable = match Cable::lay() {
        Ok(cable) => cable,
        Err(why) => return notice::skipped(why),
    };
    let listener = cable.far.inside(|| TcpListener::bind((cable.far.ip(), 0))).unwrap();
    let addr = listener.local_addr().unwrap();
    assert!(TcpStream::connect_timeout(&addr, Duration::from_millis(100)).is_err(), "nobody else is there");
    let mut client = cable.near.inside(|| TcpStream::connect(addr)).unwrap();
    let (mut server, _) = listener.accept().unwrap();

    cable.puller()();
    server.write_all(b"hello").unwrap();
    client.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut heard = [0; 5];
    assert!(client.read(&mut heard).is_err(), "neither bytes nor an end");

    cable.plug().unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    client.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello");
}
