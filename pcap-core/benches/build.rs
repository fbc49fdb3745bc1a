//! Compiles the C peer against the headers of the libpcap that `pcap-sys` found.

fn main() {
    println!("cargo::rerun-if-changed=src/peer.c");
    let mut c = cc::Build::new();
    c.file("src/peer.c").opt_level(2).warnings(true);
    if let Some(include) = std::env::var_os("DEP_PCAP_INCLUDE") {
        c.include(include);
    }
    c.compile("peer");
}
