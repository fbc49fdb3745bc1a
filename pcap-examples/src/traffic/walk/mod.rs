//! Finds the layers of any packet, as tshark counts them.

pub(super) mod fields;
mod link;
mod network;
mod transport;
mod tunnel;

use pcap_core::Dlt;

use super::key::{Address, Kind};
use super::layers::Layers;

/// The maximum depth of nested headers. The limit keeps a packet from exhausting the stack.
const MAX_DEPTH: u32 = 32;

/// Finds the layers of a packet of this link type. Returns the message of DNS in it, if there is one.
pub(super) fn walk<'a>(linktype: Dlt, data: &'a [u8], found: &mut Layers) -> Option<&'a [u8]> {
    found.clear();
    let mut walk = Walk {
        found,
        depth: 0,
        ends: None,
        dns: None,
    };
    match linktype {
        Dlt::EN10MB => walk.ethernet(data),
        Dlt::RAW => walk.raw(data),
        Dlt::IPV4 => match data.first().map(|byte| byte >> 4) {
            Some(6) => walk.ipv6(data),
            _ => walk.ip_version_4(data),
        },
        Dlt::IPV6 => walk.ipv6(data),
        Dlt::NULL | Dlt::LOOP => walk.null(data),
        Dlt::LINUX_SLL => walk.cooked(data, 14, 2, 16),
        Dlt::LINUX_SLL2 => walk.cooked(data, 0, 8, 20),
        Dlt::PPP => walk.ppp(data),
        Dlt::PPP_SERIAL if data.starts_with(&[0xff]) => walk.ppp(data),
        Dlt::C_HDLC | Dlt::PPP_SERIAL => walk.cisco_hdlc(data),
        Dlt::PPP_ETHER => walk.pppoe_session(data),
        Dlt::MPLS => walk.mpls(data),
        _ => {}
    }
    walk.dns
}

/// Walks from the outermost header to the innermost.
struct Walk<'a, 'f> {
    found: &'f mut Layers,
    depth: u32,
    /// The innermost IP addresses, and whether they are those of IPv6.
    ends: Option<(bool, [Address; 2])>,
    /// The message of DNS.
    dns: Option<&'a [u8]>,
}

impl<'a> Walk<'a, '_> {
    fn protocol(&mut self, name: &'static str) {
        self.found.add_protocol(name);
    }

    /// Adds a protocol, if at least this number of its bytes was captured. Otherwise, returns `false`.
    fn at_least(&mut self, length: usize, name: &'static str, data: &'a [u8]) -> bool {
        let is_present = data.len() >= length;
        if is_present {
            self.protocol(name);
        }
        is_present
    }

    fn pair(&mut self, kind: Kind, ends: [Address; 2], ports: [u16; 2]) {
        self.found.add_pair(kind, ends, ports);
        self.dns = None;
    }

    /// Counts a header that can be nested. Returns `false` if it is nested too deeply.
    fn descend(&mut self) -> bool {
        self.depth += 1;
        self.depth <= MAX_DEPTH
    }
}
