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

    #[cfg(feature = "c")]
    compile_c();
}

/// Compiles C code for the libpcap that pcap-sys links.
#[cfg(feature = "c")]
fn compile_c() {
    println!("cargo::rerun-if-changed=src/beside.c");
    let mut build = cc::Build::new();
    if let Some(folder) = std::env::var_os("DEP_PCAP_INCLUDE") {
        build.include(folder);
    }
    for define in std::env::var("DEP_PCAP_DEFINES")
        .unwrap_or_default()
        .split(' ')
    {
        match define.split_once('=') {
            Some((name, value)) => build.define(name, value),
            None if define.is_empty() => &mut build,
            None => build.define(define, None),
        };
    }
    build.file("src/beside.c").compile("beside");
}
