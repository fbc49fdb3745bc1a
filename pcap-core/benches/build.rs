//! Compiles the C peer against the headers of the libpcap that `pcap-sys` found.

fn main() {
    println!("cargo::rerun-if-changed=src/c");
    let mut c = cc::Build::new();
    let files = ["read.c", "filter.c", "expressions.c", "write.c", "live.c"];
    c.files(files.map(|file| format!("src/c/{file}")));
    c.opt_level(2).warnings(true);
    if let Some(include) = std::env::var_os("DEP_PCAP_INCLUDE") {
        c.include(include);
    }
    c.compile("peer");
}
