//! Lists of endpoints as expressions of libpcap.

use std::net::IpAddr;

use pcap_core::{CompileOptions, Dlt, Endpoint, Filter, FilterTerm};

/// Returns the expression that the filter is equivalent to.
fn expression(terms: &[FilterTerm]) -> String {
    let class = |term: &FilterTerm| match term.endpoint() {
        Endpoint::Host(IpAddr::V4(_)) | Endpoint::Net(IpAddr::V4(_), _) => 0,
        Endpoint::Host(_) | Endpoint::Net(..) => 1,
        Endpoint::HostPort(..) => 3,
        _ => 2,
    };
    let mut parts = Vec::new();
    for wanted in 0..4 {
        for (side, other) in [("src", "dst "), ("dst", "src ")] {
            for term in terms.iter().filter(|term| class(term) == wanted) {
                if term.to_string().starts_with(other) {
                    continue;
                }
                let (endpoint, keyword) = match term.endpoint() {
                    it @ Endpoint::Host(_) => (it, "host"),
                    it @ Endpoint::Net(..) => (it, "net"),
                    it @ Endpoint::Port(_) => (it, "port"),
                    Endpoint::HostPort(host, port) => {
                        parts.push(format!("({side} host {host} and {side} port {port})"));
                        continue;
                    }
                    it => (it, "portrange"),
                };
                parts.push(format!("{side} {keyword} {endpoint}"));
            }
        }
    }
    parts.join(" or ")
}

/// Compiles the expression with libpcap.
pub(crate) fn libpcap(dlt: Dlt, terms: &[FilterTerm]) -> Filter {
    let expression = expression(terms);
    let options = CompileOptions::new().optimize(false);
    options
        .compile(dlt, &expression)
        .unwrap_or_else(|e| panic!("{dlt} {e}"))
}

/// Checks that both filters return the same for a packet, and returns whether they accept it.
#[track_caller]
pub(crate) fn same(ours: &Filter, theirs: &Filter, packet: &[u8]) -> bool {
    let wire = packet.len() as u32 + 10;
    let answer = ours.run(packet, wire);
    let mut expected = theirs.run(packet, wire);
    let libpcap = pcap_core::version();
    if answer == 0 && (libpcap.major(), libpcap.minor()) >= (1, 11) {
        // The filter does not load the words of an address that a network's mask ignores. If the packet ends before
        // them, it is rejected.
        let whole = |with| [packet, &[with; 64]].concat();
        let cut = [0, 0xff].map(whole);
        if cut
            .iter()
            .all(|p| ours.run(p, wire) == expected && theirs.run(p, wire) == expected)
        {
            expected = 0;
        }
    }
    assert_eq!(
        answer,
        expected,
        "{} {packet:02x?}\n{}\n{ours}",
        ours.datalink(),
        theirs.expression().unwrap_or("")
    );
    answer != 0
}
