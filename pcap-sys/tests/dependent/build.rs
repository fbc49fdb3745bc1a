//! Passes on what pcap-sys tells its dependents.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut lines: Vec<String> = std::env::vars()
        .filter(|(name, _)| name.starts_with("DEP_PCAP_"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.sort();
    println!("cargo::rustc-env=METADATA={}", lines.join(" "));
}
