//! A daemon for remote captures that sends packets whose stated lengths include those of their headers, as libpcap's
//! check does.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::Result;

/// The packets: one whose stated length exceeds the snaplen, and one that ends before.
pub(crate) const SENT: [&[u8]; 2] = [&[7; 64], &[8; 44]];

/// The snaplen.
pub(crate) const SNAPLEN: u32 = 64;

const AUTH: u8 = 8;
const OPEN: u8 = 3;
const START: u8 = 4;
const PACKET: u8 = 7;
const REPLY: u8 = 0x80;

/// Prints the port, and serves one capture.
pub(crate) fn run() -> Result {
    const ETHERNET: u8 = 1;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    let (mut control, _) = listener.accept()?;
    answer(&mut control, AUTH, &[])?;
    answer(&mut control, OPEN, &[0, 0, 0, ETHERNET, 0, 0, 0, 0])?;
    let data = TcpListener::bind("127.0.0.1:0")?;
    let [high, low] = data.local_addr()?.port().to_be_bytes();
    answer(&mut control, START, &[0, 0, 1, 0, high, low, 0, 0])?;
    let (mut data, _) = data.accept()?;
    for sent in SENT {
        let stated = sent.len() as u32 + 20;
        let mut body = Vec::new();
        for number in [1, 2, stated, stated, 1] {
            body.extend(u32::to_be_bytes(number));
        }
        body.extend(sent);
        data.write_all(&message(PACKET, &body))?;
    }
    // Until the client closes its connection.
    drop(data);
    control.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Returns a message: version, type, value, length, body.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&[0, kind, 0, 0][..], &length, body].concat()
}

/// Reads a request and answers it.
fn answer(stream: &mut TcpStream, kind: u8, body: &[u8]) -> Result {
    let mut header = [0; 8];
    stream.read_exact(&mut header)?;
    let [.., a, b, c, d] = header;
    stream.read_exact(&mut vec![0; u32::from_be_bytes([a, b, c, d]) as usize])?;
    stream.write_all(&message(kind | REPLY, body))?;
    Ok(())
}
