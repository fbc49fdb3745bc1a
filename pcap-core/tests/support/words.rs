//! Words and expressions of the filter language.

/// Words of which some sequences are valid. None is resolved by DNS.
pub(crate) const WORDS: &str = "and or not ( ) ( ) and or && || ! src dst host net port portrange proto protochain \
    ether wlan ip ip6 arp rarp tcp udp sctp icmp icmp6 igmp ah esp pim vrrp carp decnet iso isis esis \
    clnp l1 stp ipx netbeui llc vlan mpls pppoed pppoes geneve broadcast multicast inbound outbound \
    ifindex less greater len byte type mgt subtype beacon dir fromds addr1 addr4 ra ta radio link fddi tr \
    ip[0] tcp[13] udp[4:2] ip6[40:4] ether[0:1] icmp[icmptype] tcp[tcpflags] ip[len] ip[ip[0]] wlan[3] \
    [ ] : + - * / % & | ^ << >> < > = >= <= != == 0 1 2 5 31 32 80 255 256 1500 65535 65536 0x800 \
    0xffffffff 4294967295 4294967296 -1 1-5 10 10.1 192.0.2.1 192.0.2.0/24 10.0.0.0/8 0.0.0.0/0 \
    ::1 2001:db8::/32 ::/0 00:00:5e:00:53:01 0000.5e00.5301 $1 mask 255.0.0.0 fisu lssu sio opc dpc sls \
    hopc vpi vci lane metac oam connectmsg rulenum rnr reason action match pass on gateway lat moprc \
    tcp-syn icmp-echo \\tcp \\ip";

/// Returns expressions that compile, to be combined.
pub(crate) fn expressions() -> impl Iterator<Item = &'static str> {
    include_str!("../data/expressions.txt")
        .lines()
        .filter(|line| !line.starts_with(['#', '!']))
        .filter_map(|line| line.splitn(3, '\t').nth(2))
}
