//! Sets a condition `have_<function>` for each optional function that the linked libpcap exports, as determined by
//! `pcap-sys`, for `src/sys/compat.rs` and for the tests.

/// The functions in `src/sys/compat.rs`.
const OPTIONAL: [&str; 3] = ["pcap_findalldevs_ex", "pcap_open", "pcap_remoteact_list"];

/// Additional functions that the tests compare with.
const FOR_TESTS: [&str; 2] = ["pcap_createsrcstr", "pcap_parsesrcstr"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Only set by `ci/races`.
    println!("cargo::rustc-check-cfg=cfg(thread_sanitizer)");
    for function in OPTIONAL.into_iter().chain(FOR_TESTS) {
        println!("cargo::rustc-check-cfg=cfg(have_{function})");
        let told = format!("DEP_PCAP_HAVE_{}", function.to_uppercase());
        println!("cargo::rerun-if-env-changed={told}");
        if std::env::var_os(told).is_some() {
            println!("cargo::rustc-cfg=have_{function}");
        }
    }
}
