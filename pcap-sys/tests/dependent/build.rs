//! Passes on what pcap-sys tells its dependents.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut lines: Vec<String> = std::env::vars()
        .filter(|(name, _)| name.starts_with("DEP_PCAP_"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.sort();
    println!("cargo::rustc-env=METADATA={}", lines.join(" "));

    // What the library lacks is not called, and so links.
    for function in ["pcap_open", "pcap_findalldevs_ex", "pcap_remoteact_list"] {
        println!("cargo::rustc-check-cfg=cfg(has_{function})");
        if std::env::var_os(format!("DEP_PCAP_HAVE_{}", function.to_uppercase())).is_some() {
            println!("cargo::rustc-cfg=has_{function}");
        }
    }
}
