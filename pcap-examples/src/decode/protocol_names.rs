//! Returns the names of protocol numbers.

use super::link::CISCO;

/// Returns the name of an Ethernet type. It is shown if the header of that protocol is truncated or damaged.
pub(super) fn ether(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0x0800 => "IPv4",
        0x0806 => "ARP",
        0x6558 => "Ethernet",
        0x8035 => "RARP",
        0x8100 | 0x88a8 | 0x9100 => "VLAN",
        0x86dd => "IPv6",
        0x880b => "PPP",
        0x8847 | 0x8848 => "MPLS",
        0x8863 | 0x8864 => "PPPoE",
        0x8809 => "slow protocols",
        0x8892 => "PROFINET",
        0x888e => "EAPOL",
        0x88a4 => "EtherCAT",
        0x88cc => "LLDP",
        0x88e5 => "MACsec",
        0x88e7 => "PBB",
        0x88f7 => "PTP",
        0x8902 => "CFM",
        0x8906 => "FCoE",
        0x9000 => "loopback test",
        _ => return None,
    })
}

/// Returns the name of a service access point of IEEE 802.2.
pub(super) fn llc(service: u8) -> Option<&'static str> {
    Some(match service {
        0x06 => "IPv4",
        0x42 => "STP",
        0xaa => "SNAP",
        0xe0 => "IPX",
        0xf0 => "NetBIOS",
        0xfe => "OSI",
        _ => return None,
    })
}

/// Returns the name of an organization's protocol in a SNAP header.
pub(super) fn snap(organization: u32, protocol: u16) -> Option<&'static str> {
    Some(match (organization, protocol) {
        (CISCO, 0x010b) => "PVST",
        (CISCO, 0x0111) => "UDLD",
        (CISCO, 0x2000) => "CDP",
        (CISCO, 0x2003) => "VTP",
        (CISCO, 0x2004) => "DTP",
        _ => return None,
    })
}

/// Returns the name of a PPP protocol.
pub(super) fn ppp(protocol: u16) -> Option<&'static str> {
    Some(match protocol {
        0x0021 => "IPv4",
        0x0057 => "IPv6",
        0x0281 | 0x0283 => "MPLS",
        0x8021 => "IPCP",
        0x8057 => "IPV6CP",
        0x80fd => "CCP",
        0xc021 => "LCP",
        0xc023 => "PAP",
        0xc025 => "LQR",
        0xc223 => "CHAP",
        _ => return None,
    })
}

/// Returns the name of a protocol on a type of Linux device.
pub(super) fn linux(hardware: u16, protocol: u16) -> Option<&'static str> {
    Some(match (hardware, protocol) {
        (770, _) => "Frame Relay",
        (802, _) => "802.11 Prism",
        (803, _) => "radiotap",
        (824, 0) => "netlink route",
        (824, 2) => "netlink usersock",
        (824, 4) => "netlink sock_diag",
        (824, 6) => "netlink xfrm",
        (824, 9) => "netlink audit",
        (824, 12) => "netlink netfilter",
        (824, 15) => "netlink kobject_uevent",
        (824, 16) => "netlink generic",
        (824, _) => return None,
        (_, 0x02) => "AX.25",
        (_, 0x09) => "LocalTalk",
        (_, 0x0c) => "CAN",
        (_, 0x0d) => "CAN FD",
        (_, 0x0e) => "CAN XL",
        (_, 0x17) => "IrDA",
        (_, 0x1a) => "ARCNET",
        (_, 0x1b) => "DSA",
        (_, 0xf5) => "Phonet",
        (_, 0xf6) => "802.15.4",
        (_, 0xf7) => "CAIF",
        (_, 0xfa) => "MCTP",
        _ => return None,
    })
}

/// Returns the name of an IEEE 802.11 frame, given its type and subtype.
pub(super) fn wireless(kind: u8, subtype: u8) -> Option<&'static str> {
    Some(match (kind, subtype) {
        (0, 0) => "association request",
        (0, 1) => "association response",
        (0, 2) => "reassociation request",
        (0, 3) => "reassociation response",
        (0, 4) => "probe request",
        (0, 5) => "probe response",
        (0, 8) => "beacon",
        (0, 9) => "ATIM",
        (0, 10) => "disassociation",
        (0, 11) => "authentication",
        (0, 12) => "deauthentication",
        (0, 13) => "action",
        (1, 8) => "block acknowledgment request",
        (1, 9) => "block acknowledgment",
        (1, 10) => "PS-Poll",
        (1, 11) => "RTS",
        (1, 12) => "CTS",
        (1, 13) => "acknowledgment",
        (1, 14) => "CF-End",
        (2, 4 | 12) => "null",
        (2, _) => "data",
        _ => return None,
    })
}

/// Returns the name of a PPPoE discovery packet, given its code.
pub(super) fn pppoe(code: u8) -> Option<&'static str> {
    Some(match code {
        0x07 => "PADO",
        0x09 => "PADI",
        0x19 => "PADR",
        0x65 => "PADS",
        0xa7 => "PADT",
        _ => return None,
    })
}

/// Returns the name of an operation of ARP or RARP.
pub(super) fn arp(operation: u16) -> Option<&'static str> {
    Some(match operation {
        1 => "request",
        2 => "reply",
        3 => "reverse request",
        4 => "reverse reply",
        8 => "inverse request",
        9 => "inverse reply",
        _ => return None,
    })
}

/// Returns the meaning of a type of ICMP.
pub(super) fn icmp(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "echo reply",
        3 => "destination unreachable",
        4 => "source quench",
        5 => "redirect",
        8 => "echo request",
        9 => "router advertisement",
        10 => "router solicitation",
        11 => "time exceeded",
        12 => "parameter problem",
        13 => "timestamp request",
        14 => "timestamp reply",
        17 => "address mask request",
        18 => "address mask reply",
        42 => "extended echo request",
        43 => "extended echo reply",
        _ => return None,
    })
}

/// Returns the meaning of a code of ICMP.
pub(super) fn icmp_code(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed",
        (3, 5) => "source route failed",
        (3, 6) => "network unknown",
        (3, 7) => "host unknown",
        (3, 9) => "network prohibited",
        (3, 10) => "host prohibited",
        (3, 11) => "network unreachable for this type of service",
        (3, 12) => "host unreachable for this type of service",
        (3, 13) => "prohibited by a filter",
        (5, 0 | 2) => "network",
        (5, 1 | 3) => "host",
        (11, 0) => "in transit",
        (11, 1) => "in reassembly",
        _ => return None,
    })
}

/// Returns the meaning of a type of ICMPv6.
pub(super) fn icmpv6(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "destination unreachable",
        2 => "packet too big",
        3 => "time exceeded",
        4 => "parameter problem",
        128 => "echo request",
        129 => "echo reply",
        130 => "multicast listener query",
        131 => "multicast listener report",
        132 => "multicast listener done",
        133 => "router solicitation",
        134 => "router advertisement",
        135 => "neighbor solicitation",
        136 => "neighbor advertisement",
        137 => "redirect",
        143 => "multicast listener report v2",
        _ => return None,
    })
}

/// Returns the meaning of a code of ICMPv6.
pub(super) fn icmpv6_code(kind: u8, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (1, 0) => "no route",
        (1, 1) => "prohibited",
        (1, 2) => "beyond the scope of the source",
        (1, 3) => "address unreachable",
        (1, 4) => "port unreachable",
        (1, 5) => "source address prohibited",
        (1, 6) => "route rejected",
        (3, 0) => "in transit",
        (3, 1) => "in reassembly",
        (4, 0) => "erroneous header field",
        (4, 1) => "unknown next header",
        (4, 2) => "unknown option",
        _ => return None,
    })
}
