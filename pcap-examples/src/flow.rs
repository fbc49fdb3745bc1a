//! Finds the flow that a packet belongs to.

use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::time::Duration;

use pcap_core::{Dlt, Packet, Timestamp};

use crate::decode::{Decoded, Endpoint, Fragment, OuterHeader, Protocol, decode};

/// Each of the two maps of first fragments has at most this many. So at least this many are remembered.
const MAX_REMEMBERED: usize = 4096;
/// A first fragment is remembered for at most this long. Systems wait no longer for the other fragments.
const FRAGMENT_LIFETIME: Duration = Duration::from_secs(30);

/// A flow: a protocol and two endpoints.
///
/// The endpoints are the innermost addresses, so packets in a tunnel belong to the flow inside the tunnel. Endpoints of
/// TCP, UDP, UDP-Lite, SCTP and DCCP have ports. Packets other than IP are distinguished by the addresses that they
/// have and by their protocol. Unknown packets are distinguished by their link type. Packets in different VLANs belong
/// to different flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The innermost known protocol.
    pub protocol: Protocol,
    /// The source and the destination.
    pub endpoints: Option<(Endpoint, Endpoint)>,
    /// The numbers of the first two VLAN tags. 0 stands for none: a tag with this number has only a priority.
    vlans: [u16; 2],
}

impl Flow {
    /// Returns the flow of a packet, in the direction of the packet. Fragments after the first have no ports.
    #[must_use]
    pub fn of(linktype: Dlt, data: &[u8]) -> Flow {
        Flow::new(&decode(linktype, data))
    }

    fn new(known: &Decoded<'_>) -> Flow {
        let protocol = match known.protocol {
            // In IEEE 802.3 frames, the number is the length of the frame.
            Protocol::Ether(number) if number < 0x600 => Protocol::Ether(0),
            protocol => protocol,
        };
        let ends = known.endpoints().map(|ends| match ends {
            // The destination port is truncated, so ignore the source port.
            (Endpoint::Socket(from), Endpoint::Ip(to)) => {
                (Endpoint::Ip(from.ip()), Endpoint::Ip(to))
            }
            ends => ends,
        });
        let mut tags = known.outer_headers.iter().filter_map(|outer| match outer {
            OuterHeader::Vlan(number) if *number > 0 => Some(*number),
            _ => None,
        });
        let vlans = [(); 2].map(|()| tags.next().unwrap_or(0));
        Flow {
            protocol,
            endpoints: ends,
            vlans,
        }
    }

    /// Returns the numbers of the VLANs, the outer one first. There are at most two.
    pub fn vlans(&self) -> impl Iterator<Item = u16> + use<> {
        self.vlans.into_iter().filter(|&number| number > 0)
    }

    /// Returns a flow that is equal for both directions.
    #[must_use]
    pub fn undirected(self) -> Flow {
        let ends = self.endpoints.map(|(a, b)| (a.min(b), a.max(b)));
        Flow {
            endpoints: ends,
            ..self
        }
    }
}

/// Finds the flows of packets, including IP fragments.
///
/// A fragment belongs to the flow of the first fragment of its IP packet, because only that one has the ports. A
/// fragment that arrives before the first one, or more than 30 seconds after it, belongs to the flow of its addresses
/// and protocol, without ports.
#[derive(Debug, Default)]
pub struct FlowTracker {
    ignores_vlans: bool,
    /// The most recent first fragments, with their times and flows.
    recent: HashMap<DatagramKey, (Timestamp, Flow)>,
    /// The first fragments before those.
    older: HashMap<DatagramKey, (Timestamp, Flow)>,
}

/// The key that all fragments of an IP packet share: the addresses, the identification, the protocol and the VLANs.
type DatagramKey = (Option<Endpoint>, Option<Endpoint>, u32, u8, [u16; 2]);

impl FlowTracker {
    /// Creates a tracker. With `ignores_vlans`, flows in different VLANs are the same.
    #[must_use]
    pub fn new(ignores_vlans: bool) -> FlowTracker {
        FlowTracker {
            ignores_vlans,
            ..FlowTracker::default()
        }
    }

    /// Returns the flow of a packet, in the direction of the packet.
    pub fn flow(&mut self, linktype: Dlt, packet: Packet<'_>) -> Flow {
        let known = decode(linktype, packet.data());
        let mut flow = Flow::new(&known);
        if self.ignores_vlans {
            flow.vlans = [0; 2];
        }
        let time = packet.timestamp();
        let inner = known
            .fragment
            .map(|part| (known.source, known.destination, part));
        let outer = known
            .outer_headers
            .iter()
            .filter_map(|outside| match *outside {
                OuterHeader::Tunnel {
                    source,
                    destination,
                    fragment,
                    ..
                } => Some((source, destination, fragment?)),
                _ => None,
            });
        for (source, destination, part) in outer.chain(inner) {
            let key = datagram_key(source, destination, part, flow.vlans);
            if part.offset > 0 {
                return self.find(key, time).unwrap_or(flow);
            }
            self.remember(key, time, flow);
        }
        flow
    }

    fn remember(&mut self, key: DatagramKey, time: Timestamp, flow: Flow) {
        if self.recent.len() >= MAX_REMEMBERED {
            self.older = mem::take(&mut self.recent);
        }
        self.recent.insert(key, (time, flow));
    }

    fn find(&self, key: DatagramKey, time: Timestamp) -> Option<Flow> {
        let &(first, flow) = self.recent.get(&key).or_else(|| self.older.get(&key))?;
        let gap = time
            .checked_duration_since(first)
            .or_else(|| first.checked_duration_since(time));
        gap.is_some_and(|gap| gap <= FRAGMENT_LIFETIME)
            .then_some(flow)
    }
}

/// Returns the key of an IP packet. It has no ports, because only the first fragment has them.
fn datagram_key(
    source: Option<Endpoint>,
    destination: Option<Endpoint>,
    part: Fragment,
    vlans: [u16; 2],
) -> DatagramKey {
    let address = |end| match end {
        Some(Endpoint::Socket(socket)) => Some(Endpoint::Ip(socket.ip())),
        end => end,
    };
    (
        address(source),
        address(destination),
        part.id,
        part.protocol,
        vlans,
    )
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for vlan in self.vlans() {
            write!(f, "vlan {vlan} ")?;
        }
        if let Some((source, destination)) = self.endpoints {
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
    fn directions_share_a_flow_but_ports_do_not() {
        let flow = |from, to| Flow::of(Dlt::RAW, &tcp(from, to)).undirected();
        assert_eq!(text(&tcp((A, 1), (B, 2))), "192.0.2.1:1 > 192.0.2.2:2 TCP");
        assert_eq!(flow((A, 1), (B, 2)), flow((B, 2), (A, 1)));
        assert_ne!(flow((A, 1), (B, 2)), flow((A, 2), (B, 1)));
        assert_eq!(flow((A, 1), (A, 2)), flow((A, 2), (A, 1)));
    }

    #[test]
    fn ports_are_found_in_sctp_and_in_truncated_headers() {
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
    fn fragments_belong_to_the_flow_of_the_first() {
        let payload = [0, 7, 0, 8, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        let first = ip(17, true, 0, &payload);
        let last = ip(17, false, 2, &payload);
        let (session, none) = ("192.0.2.1:7 > 192.0.2.2:8 UDP", "192.0.2.1 > 192.0.2.2 UDP");
        assert_eq!(
            (text(&first).as_str(), text(&last).as_str()),
            (session, none)
        );
        let mut tracker = FlowTracker::default();
        let mut flow = |secs, data: &[u8]| {
            let packet = Packet::new(Timestamp::new(secs, 0), 100, data);
            tracker.flow(Dlt::RAW, packet).to_string()
        };
        assert_eq!(flow(0, &last), none);
        assert_eq!(flow(0, &first), session);
        assert_eq!(flow(30, &last), session);
        assert_eq!(flow(31, &last), none);
        assert_eq!(
            flow(31, &ip(6, false, 2, &payload)),
            "192.0.2.1 > 192.0.2.2 TCP"
        );
        assert_eq!(flow(31, &ip(17, false, 0, &payload)), session);
    }

    #[test]
    fn fragments_of_a_tunnel_belong_to_the_flow_of_the_first() {
        let inner = ip(17, false, 0, &[0, 7, 0, 8, 0, 8, 0, 0]);
        let first = ip(4, true, 0, &inner);
        let last = ip(4, false, 4, b"the rest");
        let mut tracker = FlowTracker::default();
        let mut flow = |data: &[u8]| {
            let packet = Packet::new(Timestamp::EPOCH, 100, data);
            tracker.flow(Dlt::RAW, packet).to_string()
        };
        assert_eq!(flow(&first), "192.0.2.1:7 > 192.0.2.2:8 UDP");
        assert_eq!(flow(&last), "192.0.2.1:7 > 192.0.2.2:8 UDP");
    }

    #[test]
    fn the_number_of_remembered_first_fragments_is_limited() {
        let mut tracker = FlowTracker::default();
        for number in 0..3 * MAX_REMEMBERED as u32 {
            let flow = Flow::of(Dlt::RAW, &[]);
            tracker.remember((None, None, number, 17, [0; 2]), Timestamp::EPOCH, flow);
            assert!(tracker.recent.len() + tracker.older.len() <= 2 * MAX_REMEMBERED);
        }
        let find = |number| tracker.find((None, None, number, 17, [0; 2]), Timestamp::EPOCH);
        assert!(find(2 * MAX_REMEMBERED as u32).is_some() && find(0).is_none());
    }

    #[test]
    fn vlans_have_their_own_flows_unless_they_are_ignored() {
        let frame = |tags: &[u16], payload: &[u8]| {
            let mut frame = vec![2; 12];
            for tag in tags {
                frame.extend([0x81, 0]);
                frame.extend(tag.to_be_bytes());
            }
            frame.extend([8, 0]);
            frame.extend(payload);
            frame
        };
        let whole = ip(17, false, 0, &[0, 7, 0, 8, 0, 8, 0, 0]);
        let last = ip(17, false, 1, b"the rest");
        let first = ip(17, true, 0, &[0, 7, 0, 8, 0, 16, 0, 0]);
        let text = "192.0.2.1:7 > 192.0.2.2:8 UDP";
        let flows = |ignores_vlans| {
            let mut tracker = FlowTracker::new(ignores_vlans);
            let mut flow = |tags: &[u16], payload: &[u8]| {
                let data = frame(tags, payload);
                let packet = Packet::new(Timestamp::EPOCH, 100, &data);
                tracker.flow(Dlt::EN10MB, packet).to_string()
            };
            [
                flow(&[], &whole),
                flow(&[0xe000], &whole),
                flow(&[0x6007, 8], &whole),
                flow(&[9], &first),
                flow(&[9], &last),
            ]
        };
        assert_eq!(flows(true), [text; 5]);
        assert_eq!(
            flows(false),
            ["", "", "vlan 7 vlan 8 ", "vlan 9 ", "vlan 9 "].map(|vlans| vlans.to_owned() + text)
        );
    }

    #[test]
    fn packets_other_than_ip_use_the_addresses_that_they_have() {
        let frame = |length: u8| {
            let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0, length];
            frame.extend(vec![0x42; length.into()]);
            Flow::of(Dlt::EN10MB, &frame)
        };
        assert_eq!(frame(40), frame(50));
        let line = "02:00:00:00:00:01 > 02:00:00:00:00:02 STP";
        assert_eq!(frame(40).to_string(), line);
        let nothing = Flow::of(Dlt::EN10MB, &[1]);
        assert_eq!(nothing.to_string(), "EN10MB");
        assert_eq!(nothing, Flow::of(Dlt::EN10MB, &[]));
    }
}
