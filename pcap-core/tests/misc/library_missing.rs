//! With the `load-dynamically` feature: the program is not linked with libpcap; without libpcap it starts, each first
//! call returns an error, and nothing crashes.

use std::process::Command;

use crate::support::files::test_name;

use pcap_core::pcapng::{Interface, PcapngDumper};
use pcap_core::{
    Capture, Device, Dlt, Error, ErrorKind, Filter, Insn, Linktype, TstampType, lookup, version,
};

/// Set when this program runs itself without libpcap.
const CHILD: &str = "PCAP_TEST_WITHOUT_LIBPCAP";

/// Runs a test of this program in a system without libpcap. Returns true in that system, after which the caller does
/// its part.
fn is_where_libpcap_is_missing(test: impl FnOnce()) -> bool {
    let test = test_name(&test);
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    // SAFETY: takes nothing and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("{test}: skipped, only root can be where there is no libpcap");
        return false;
    }
    // A root directory with only the program and the libraries that it is linked with.
    let script = "mkdir \"$1/tmp\"; cp \"$2\" \"$1/program\"; \
                  ldd \"$2\" | sed -n 's|.*[[:space:]]\\(/[^ ]*\\) (0x.*|\\1|p' | while read -r file; do \
                  mkdir -p \"$1${file%/*}\" && cp -L \"$file\" \"$1$file\" || exit; done; \
                  root=$1; shift 2; profiles=${LLVM_PROFILE_FILE%/*}; \
                  if [ -n \"$profiles\" ]; then mkdir -p \"$root$profiles\"; \
                  mount --make-rprivate / 2>/dev/null; mount --bind \"$profiles\" \"$root$profiles\"; fi; \
                  exec chroot \"$root\" /program \"$@\"";
    let root = tempfile::tempdir().expect("a temporary directory");
    // What the program executes in there counts as well, if that is measured.
    let mut command = match std::env::var_os("LLVM_PROFILE_FILE") {
        Some(_) => {
            let mut command = Command::new("unshare");
            // In a chroot, `/` may be no mount point.
            command.args(["--mount", "--propagation", "unchanged", "sh"]);
            command
        }
        None => Command::new("sh"),
    };
    let output = command
        .args(["-c", script, "sh"])
        .arg(root.path())
        .arg(std::env::current_exe().expect("the path of this program"))
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("TMPDIR")
        .output()
        .expect("a shell runs");
    let [said, printed] =
        [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
    assert!(
        output.status.success(),
        "{}\n{printed}\n{said}",
        output.status
    );
    assert!(printed.contains("1 passed"), "{printed}\n{said}");
    false
}

#[track_caller]
fn missing<T>(result: Result<T, impl Into<Error>>) {
    let error = result.err().expect("libpcap was found").into();
    assert_eq!(error.kind(), ErrorKind::LibraryMissing, "{error}");
    let text = error.to_string();
    assert!(
        text.contains("no libpcap could be loaded: libpcap.so.1: "),
        "{text}"
    );
    assert!(
        error.help().is_some_and(|help| text.ends_with(help)),
        "{text}"
    );
    assert!(text.contains("install libpcap"), "{text}");
}

// Shows: parity/programs-die-before-main
#[test]
fn each_first_call_is_an_error() {
    if !is_where_libpcap_is_missing(each_first_call_is_an_error) {
        return;
    }
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0]);
    std::fs::write(file.path(), &bytes).expect("a temporary file");
    let mut dumper = PcapngDumper::new(Vec::new());
    let ethernet = Interface::new(Linktype::ETHERNET);
    dumper.add_interface(&ethernet).expect("an interface");
    let pcapng: Vec<u8> = dumper.into_writer().expect("the writer");

    missing(Device::list());
    missing(Device::default_device());
    missing(Device::find("lo"));
    missing(Capture::from_device("lo").activate());
    missing(Capture::from_device("lo").tstamp_types());
    missing(Capture::from_device("lo").can_set_rfmon());
    missing(Capture::from_file(file.path()));
    missing(Capture::from_reader(std::io::Cursor::new(bytes)));
    missing(Capture::from_reader(std::io::Cursor::new(pcapng)));
    missing(Capture::dead(Linktype::ETHERNET));
    missing(Filter::compile(Dlt::EN10MB, "ip"));
    missing(Filter::from_instructions(
        Dlt::EN10MB,
        &[Insn::new(0x06, 0, 0, 1)],
    ));
    missing(Filter::from_listing(Dlt::EN10MB, "1,6 0 0 1"));
    missing(Filter::any_of(Dlt::EN10MB, [80_u16]));
    missing(Filter::any_of(Dlt::EN10MB, [0_u16; 0]));
    missing(lookup::ethers(file.path()));
}

/// Infallible calls return what is known without libpcap.
#[test]
fn what_has_no_error_answers_all_the_same() {
    if !is_where_libpcap_is_missing(what_has_no_error_answers_all_the_same) {
        return;
    }
    assert_eq!(Dlt::EN10MB.name().as_deref(), Some("EN10MB"));
    assert_eq!(Dlt::from_name("DLT_RAW"), Some(Dlt::RAW));
    assert_eq!(Dlt::new(9999).description(), None);
    assert_eq!(TstampType::ADAPTER.name(), None);
    assert_eq!(TstampType::ADAPTER.description(), None);
    assert_eq!(TstampType::from_name("adapter"), None);
    assert_eq!(format!("{} {:?}", TstampType::new(3), Dlt::new(9999)), {
        let dlt = Dlt::new(9999);
        format!("3 {dlt:?}")
    });
    assert_eq!(version().to_string(), "");
    assert_eq!((version().major(), version().minor()), (0, 0));
    assert_eq!(lookup::addresses("::1"), [] as [std::net::IpAddr; 0]);
    assert_eq!(lookup::port("80"), None);
    assert_eq!(lookup::port_range("80-81"), None);
    assert_eq!(lookup::protocol("tcp"), None);
    assert_eq!(lookup::network("loopback"), None);
    assert_eq!(lookup::ethertype("ip"), None);
    assert_eq!(lookup::llc_sap("stp"), None);
    assert_eq!(lookup::ether_host("host"), None);
}

/// A program that needs libpcap to start could not report its absence.
// Shows: parity/programs-die-before-main
#[test]
fn the_program_is_not_linked_with_libpcap() {
    let program = std::env::current_exe().expect("the path of this program");
    let output = Command::new("ldd").arg(program).output().expect("ldd runs");
    let libraries = String::from_utf8_lossy(&output.stdout);
    assert!(libraries.contains("libc.so"), "{libraries}");
    assert!(!libraries.contains("libpcap"), "{libraries}");
    // And yet it is loaded.
    assert!(version().major() >= 1);
    Capture::dead(Linktype::ETHERNET).expect("libpcap was not found");
}
