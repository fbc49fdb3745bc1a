//! Decides on which of two devices a packet is sent.

use std::collections::HashMap;
use std::mem;

use pcap_core::{Dlt, Filter, Packet};
use pcap_examples::decode::{Detail, Endpoint, decode};

use crate::args::Args;

/// Each of the two maps of conversations has at most this many. So at least this many are remembered.
const MAX_REMEMBERED: usize = 1 << 16;
const SYN: u16 = 0x02;
const ACK: u16 = 0x10;

/// A side of a conversation, and so the device to send its packets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The device of `--interface`.
    Own,
    /// The device of `--peer`.
    Peer,
}

/// How to decide.
pub(crate) enum Sides {
    /// The side depends on the savefile.
    OfFile,
    /// The packets of the other side match this filter.
    Filter(Filter),
    /// The packets of servers belong to the other side.
    Client(Clients),
}

impl Sides {
    /// Returns how the command line decides for packets of a link type.
    pub(crate) fn new(args: &Args, dlt: Dlt) -> Result<Sides, pcap_core::Error> {
        Ok(match &args.peer_filter {
            Some(expression) => Sides::Filter(Filter::compile(dlt, expression)?),
            None if args.peer.is_some() && args.peer_file.is_empty() => {
                Sides::Client(Clients::default())
            }
            None => Sides::OfFile,
        })
    }

    /// Returns the side of a packet, given that of its savefile.
    pub(crate) fn side(&mut self, of_file: Side, dlt: Dlt, packet: Packet<'_>) -> Side {
        let is_peer = match self {
            Sides::OfFile => return of_file,
            Sides::Filter(filter) => filter.matches_packet(packet),
            Sides::Client(clients) => clients.is_from_server(dlt, packet.data()),
        };
        if is_peer { Side::Peer } else { Side::Own }
    }
}

/// Knows which of two hosts is the client.
///
/// All packets between two hosts follow the first one: its sender is the client, unless it is from a port below 1024
/// to a higher one, or accepts a TCP connection.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    /// The most recent pairs of hosts, the lower address first, with the client.
    recent: HashMap<Pair, Endpoint>,
    /// The pairs before those.
    older: HashMap<Pair, Endpoint>,
}

type Pair = (Endpoint, Endpoint);

impl Clients {
    fn is_from_server(&mut self, dlt: Dlt, data: &[u8]) -> bool {
        let known = decode(dlt, data);
        let (Some(source), Some(destination)) = (known.source, known.destination) else {
            return false;
        };
        let (from, to) = (host(source), host(destination));
        let pair = (from.min(to), from.max(to));
        if let Some(client) = self.recent.get(&pair) {
            return *client != from;
        }
        let client = self.older.remove(&pair).unwrap_or_else(|| {
            let is_server = match known.detail {
                Detail::Tcp {
                    flags: Some(flags), ..
                } if flags & SYN != 0 => flags & ACK != 0,
                _ => is_server(source, destination),
            };
            if is_server { to } else { from }
        });
        if self.recent.len() >= MAX_REMEMBERED {
            self.older = mem::take(&mut self.recent);
        }
        self.recent.insert(pair, client);
        client != from
    }
}

/// Returns whether a packet is from a well-known port to another one.
fn is_server(source: Endpoint, destination: Endpoint) -> bool {
    match (source, destination) {
        (Endpoint::Socket(from), Endpoint::Socket(to)) => from.port() < 1024 && to.port() >= 1024,
        _ => false,
    }
}

/// Returns an endpoint without its port.
fn host(end: Endpoint) -> Endpoint {
    match end {
        Endpoint::Socket(socket) => Endpoint::Ip(socket.ip()),
        end => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    const CLIENT: [u8; 4] = [192, 0, 2, 9];
    const SERVER: [u8; 4] = [192, 0, 2, 1];

    fn udp(from: ([u8; 4], u16), to: ([u8; 4], u16)) -> Vec<u8> {
        let mut data = Vec::new();
        let builder = PacketBuilder::ipv4(from.0, to.0, 64).udp(from.1, to.1);
        builder.write(&mut data, b"abc").unwrap();
        data
    }

    #[test]
    fn the_first_packet_of_two_hosts_decides() {
        let mut clients = Clients::default();
        let mut is_from_server = |data: &[u8]| clients.is_from_server(Dlt::RAW, data);
        assert!(!is_from_server(&udp((CLIENT, 5000), (SERVER, 4000))));
        assert!(is_from_server(&udp((SERVER, 4000), (CLIENT, 5000))));
        // Also for other conversations of these hosts.
        assert!(is_from_server(&udp((SERVER, 5000), (CLIENT, 53))));
        assert!(!is_from_server(&[]));
    }

    #[test]
    fn answers_show_the_server() {
        let mut clients = Clients::default();
        let answer = udp((SERVER, 53), (CLIENT, 5000));
        assert!(clients.is_from_server(Dlt::RAW, &answer));
        let mut accept = Vec::new();
        let tcp = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(5000, 80, 1, 2);
        tcp.syn().ack(1).write(&mut accept, &[]).unwrap();
        assert!(clients.is_from_server(Dlt::RAW, &accept));
    }

    #[test]
    fn the_number_of_remembered_hosts_is_limited() {
        let mut clients = Clients::default();
        for number in 0..3 * MAX_REMEMBERED as u32 {
            let from = number.to_be_bytes();
            clients.is_from_server(Dlt::RAW, &udp((from, 1), (SERVER, 1)));
            assert!(clients.recent.len() + clients.older.len() <= 2 * MAX_REMEMBERED);
        }
    }
}
