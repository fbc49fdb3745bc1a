//! The keywords of the filter language.

/// Words that can precede an address, a port or a protocol; a later term may inherit them.
const QUALIFIERS: &str = "dst src link ether ppp slip fddi tr wlan ip arp rarp ip6 sctp tcp udp icmp icmp6 igmp igrp \
    pim vrrp carp radio ah esp atalk aarp decnet lat sca moprc mopdl iso esis es-is isis is-is l1 l2 iih lsp snp csnp \
    psnp clnp stp ipx netbeui host net port portrange proto protochain gateway address1 addr1 address2 addr2 address3 \
    addr3 address4 addr4 ra ta";

/// Words of a term that shifts the headers: the terms after it look behind a tag, a label or an outer header.
const HEADER_SHIFTING: &str = "vlan mpls pppoes geneve vxlan lane";

/// Fields that are compared with a number, or with a list of numbers in parentheses.
const FIELDS: &str = "vpi vci sio opc dpc sls hsio hopc hdpc hsls";

const OTHERS: &str = "and or not mask type subtype direction dir less greater byte broadcast multicast len length \
    inbound outbound on ifname rset ruleset rnr rulenum srnr subrulenum reason action ifindex vlan mpls pppoed pppoes \
    geneve lane llc metac bcc oam oamf4 oamf4ec oamf4sc sc ilmic connectmsg metaconnect fisu lssu lsu msu hfisu hlssu \
    hmsu icmptype icmpcode icmp6type icmp6code tcpflags tcp-fin \
    tcp-syn tcp-rst tcp-push tcp-ack tcp-urg tcp-ece tcp-cwr icmp-echo icmp-echoreply icmp-unreach \
    icmp-sourcequench icmp-redirect icmp-routeradvert icmp-routersolicit icmp-timxceed icmp-paramprob icmp-tstamp \
    icmp-tstampreply icmp-ireq icmp-ireqreply icmp-maskreq icmp-maskreply";

/// Returns whether a word is a keyword, which is never resolved. A keyword missing here only costs
/// a second compilation.
pub(crate) fn is_keyword(word: &str) -> bool {
    is_qualifier(word) || is_field(word) || is_among(OTHERS, word)
}

/// Returns whether a word can precede an address, a port or a protocol.
pub(crate) fn is_qualifier(word: &str) -> bool {
    is_among(QUALIFIERS, word)
}

/// Returns whether a word is a field that is compared with a number, or with a list in parentheses.
pub(crate) fn is_field(word: &str) -> bool {
    is_among(FIELDS, word)
}

/// Returns whether a term that begins with the word shifts the headers for the terms after it.
pub(crate) fn shifts_headers(word: &str) -> bool {
    is_among(HEADER_SHIFTING, word)
}

fn is_among(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}
