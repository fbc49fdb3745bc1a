//! The protocol of remote capture, for small daemons in the tests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use pcap_core::remote::{Options, Source};
use pcap_core::{Capture, Linktype, Remote};

pub(crate) const ERROR: u8 = 1;
pub(crate) const OPEN: u8 = 3;
pub(crate) const START: u8 = 4;
pub(crate) const PACKET: u8 = 7;
pub(crate) const FILTER: u8 = 5;
pub(crate) const AUTH: u8 = 8;
pub(crate) const STATS: u8 = 9;
const REPLY: u8 = 0x80;

/// Returns a message of the protocol: version, type, value, length, body.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0, kind, 0, 0][..], &length, body].concat()
}

/// Returns a message with a packet whose header states this caplen.
pub(crate) fn packet(caplen: u32, data: &[u8]) -> Vec<u8> {
    let header: Vec<u8> = [1_u32, 2, caplen, caplen, 1]
        .into_iter()
        .flat_map(u32::to_be_bytes)
        .collect();
    message(PACKET, &[&header, data].concat())
}

/// Reads a request.
pub(crate) fn request(stream: &mut TcpStream, kind: u8) {
    let mut header = [0; 8];
    stream.read_exact(&mut header).unwrap();
    assert_eq!(header[1], kind);
    let length = u32::from_be_bytes(header[4..].try_into().unwrap());
    let mut rest = vec![0; length as usize];
    stream.read_exact(&mut rest).unwrap();
}

/// Reads a request and answers it.
pub(crate) fn answer(stream: &mut TcpStream, kind: u8, body: &[u8]) {
    request(stream, kind);
    stream.write_all(&message(kind | REPLY, body)).unwrap();
}

/// Accepts a connection, any user and any device.
pub(crate) fn accept(listener: &TcpListener, linktype: Linktype) -> TcpStream {
    let (mut control, _) = listener.accept().unwrap();
    answer(&mut control, AUTH, &[]);
    let [a, b, c, d] = linktype.value().to_be_bytes();
    answer(&mut control, OPEN, &[a, b, c, d, 0, 0, 0, 0]);
    control
}

/// Starts the capture, and returns the connection for its packets.
pub(crate) fn start(control: &mut TcpStream) -> TcpStream {
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let [high, low] = data.local_addr().unwrap().port().to_be_bytes();
    answer(control, START, &[0, 0, 1, 0, high, low, 0, 0]);
    data.accept().unwrap().0
}

/// Waits until the peer closes the connection.
pub(crate) fn wait_for_close(control: &mut TcpStream) {
    let _ = control.read_to_end(&mut Vec::new());
}

/// Starts a daemon on a port of its own, and returns the source of its device `lo`.
pub(crate) fn daemon(serve: impl FnOnce(TcpListener) + Send + 'static) -> (Source, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let daemon = std::thread::spawn(move || serve(listener));
    (Source::remote("127.0.0.1", port, "lo").unwrap(), daemon)
}

/// Starts a daemon that sends these bytes as the packets of one capture.
pub(crate) fn sending(sent: Vec<u8>) -> (Source, JoinHandle<()>) {
    daemon(move |listener| {
        let mut control = accept(&listener, Linktype::ETHERNET);
        let mut data = start(&mut control);
        data.write_all(&sent).unwrap();
        wait_for_close(&mut control);
    })
}

/// Opens a capture of a daemon that sends these bytes as the packets. Its snaplen is 64.
pub(crate) fn capture(sent: Vec<u8>) -> (Capture<Remote>, JoinHandle<()>) {
    let (source, daemon) = sending(sent);
    // An extra request excludes the capture's own connection.
    let options = Options::new(source).own_packets(true).snaplen(64);
    (options.open().unwrap(), daemon)
}
