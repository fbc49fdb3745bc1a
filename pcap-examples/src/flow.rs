//! Which conversation a packet is part of.

use std::fmt;
use std::net::SocketAddr;

use pcap_core::Dlt;

use crate::decode::{Detail, Endpoint, Protocol, decode};

/// What the packets of a conversation have in common: the protocol, and between whom.
///
/// The ends have ports for TCP, UDP and SCTP. Fragments of IP have none, the first of a datagram
/// neither, so that all of a datagram are in one flow. What is not IP is told apart by its best
/// addresses and its protocol, and what is not understood by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The last protocol that is known.
    pub protocol: Protocol,
    /// From whom, and to whom.
    pub ends: Option<(Endpoint, Endpoint)>,
}

impl Flow {
    /// The flow of a packet, in the packet's direction.
    #[must_use]
    pub fn of(linktype: Dlt, data: &[u8]) -> Flow {
        let known = decode(linktype, data);
        let protocol = match known.protocol {
            // In the frames of IEEE 802.3 it is the length of each.
            Protocol::Ether(number) if number < 0x600 => Protocol::Ether(0),
            protocol => protocol,
        };
        let ends = known.ends.map(|ends| match ends {
            (Endpoint::Ip(source), Endpoint::Ip(destination))
                if has_ports(protocol) && known.detail != Detail::Fragment =>
            {
                // Of SCTP no more is decoded, and of others the header may be cut.
                match *known.rest {
                    [a, b, c, d, ..] => {
                        let port = |high, low| u16::from_be_bytes([high, low]);
                        (
                            Endpoint::Socket(SocketAddr::new(source, port(a, b))),
                            Endpoint::Socket(SocketAddr::new(destination, port(c, d))),
                        )
                    }
                    _ => ends,
                }
            }
            _ => ends,
        });
        Flow { protocol, ends }
    }

    /// The same for both directions.
    #[must_use]
    pub fn undirected(self) -> Flow {
        let ends = self.ends.map(|(a, b)| (a.min(b), a.max(b)));
        Flow { ends, ..self }
    }
}

/// Whether the first four bytes are ports.
fn has_ports(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::Named("TCP" | "UDP") | Protocol::Ip(132 /* SCTP */)
    )
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((source, destination)) = self.ends {
            write!(f, "{source} > {destination} ")?;
        }
        self.protocol.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{IpFragOffset, IpNumber, Ipv4Header, PacketBuilder};

    const A: [u8; 4] = [192, 0, 2, 1];
    const B: [u8; 4] = [192, 0, 2, 2];

    fn text(data: &[u8]) -> String {
        Flow::of(Dlt::RAW, data).to_string()
    }

    fn tcp(from: ([u8; 4], u16), to: ([u8; 4], u16)) -> Vec<u8> {
        let mut data = Vec::new();
        PacketBuilder::ipv4(from.0, to.0, 64)
            .tcp(from.1, to.1, 1, 2)
            .write(&mut data, b"abc")
            .unwrap();
        data
    }

    fn ip(number: u8, more: bool, offset: u16, payload: &[u8]) -> Vec<u8> {
        let length = payload.len() as u16;
        let mut header = Ipv4Header::new(length, 64, IpNumber(number), A, B).unwrap();
        header.more_fragments = more;
        header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
        let mut data = Vec::new();
        header.write(&mut data).unwrap();
        data.extend(payload);
        data
    }

    #[test]
    fn both_directions_are_one_flow_and_another_port_is_another() {
        let flow = |from, to| Flow::of(Dlt::RAW, &tcp(from, to)).undirected();
        assert_eq!(text(&tcp((A, 1), (B, 2))), "192.0.2.1:1 > 192.0.2.2:2 TCP");
        assert_eq!(flow((A, 1), (B, 2)), flow((B, 2), (A, 1)));
        assert_ne!(flow((A, 1), (B, 2)), flow((A, 2), (B, 1)));
        assert_eq!(flow((A, 1), (A, 2)), flow((A, 2), (A, 1)));
    }

    #[test]
    fn ports_are_known_also_of_sctp_and_of_cut_headers() {
        let whole = tcp((A, 1), (B, 2));
        for length in 24..whole.len() {
            let line = "192.0.2.1:1 > 192.0.2.2:2 TCP";
            assert_eq!(text(&whole[..length]), line, "{length} bytes");
        }
        assert_eq!(text(&whole[..23]), "192.0.2.1 > 192.0.2.2 TCP");
        let sctp = ip(132, false, 0, &[0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(text(&sctp), "192.0.2.1:9 > 192.0.2.2:256 SCTP");
    }

    #[test]
    fn all_fragments_of_a_datagram_are_in_one_flow() {
        let payload = [0, 7, 0, 8, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        let first = ip(17, true, 0, &payload);
        let last = ip(17, false, 2, &payload);
        assert_eq!(text(&first), "192.0.2.1 > 192.0.2.2 UDP");
        assert_eq!(Flow::of(Dlt::RAW, &first), Flow::of(Dlt::RAW, &last));
        assert_eq!(
            text(&ip(17, false, 0, &payload)),
            "192.0.2.1:7 > 192.0.2.2:8 UDP"
        );
    }

    #[test]
    fn what_is_not_ip_has_the_best_addresses_that_there_are() {
        let frame = |length: u8| {
            let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0, length];
            frame.extend(vec![0x42; length.into()]);
            Flow::of(Dlt::EN10MB, &frame)
        };
        assert_eq!(frame(40), frame(50));
        let line = "02:00:00:00:00:01 > 02:00:00:00:00:02 802.3";
        assert_eq!(frame(40).to_string(), line);
        let nothing = Flow::of(Dlt::EN10MB, &[1]);
        assert_eq!(nothing.to_string(), "EN10MB");
        assert_eq!(nothing, Flow::of(Dlt::EN10MB, &[]));
    }
}
