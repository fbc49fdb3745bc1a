//! Returns the names of protocol numbers.

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
        0x88e5 => "MACsec",
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
    const CISCO: u32 = 0x0c;
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
