//! Names in filter expressions: what the system's tables contain, and what the compiler makes of the same names.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use pcap_core::lookup::{self, PortRange};
use pcap_core::{Dlt, ErrorKind, Filter, MacAddr};

/// Returns whether two expressions mean the same to libpcap's compiler.
fn same(a: &str, b: &str) -> bool {
    let compile = |expression: &str| {
        let filter = Filter::compile(Dlt::EN10MB, expression);
        filter
            .unwrap_or_else(|e| panic!("{e}"))
            .instructions()
            .to_vec()
    };
    compile(a) == compile(b)
}

/// Gives this thread a private `/etc` with these files, and glibc's order of look-ups. Without root it prints that the
/// test is skipped, and returns `None`.
#[cfg(target_os = "linux")]
fn etc(files: &[(&str, &str)]) -> Option<tempfile::TempDir> {
    use std::ffi::CString;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::ptr::null;

    // SAFETY: takes nothing and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("{test}: skipped, only root can mount a folder over /etc");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let switch =
        "hosts: files\nnetworks: files\nprotocols: files\nservices: files\nethers: files\n";
    for (name, text) in files.iter().chain(&[("nsswitch.conf", switch)]) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let check = |status: libc::c_int, what: &str| {
        assert_eq!(status, 0, "cannot {what}: {}", io::Error::last_os_error());
    };
    // SAFETY: takes a number, and only affects this thread's view of the file system.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) }, "unshare");
    let private = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: the texts are C strings, and the other pointers may be null.
    let status = unsafe { libc::mount(c"".as_ptr(), c"/".as_ptr(), c"".as_ptr(), private, null()) };
    // In a chroot the root is no mount point: there it is as private as its creator left it.
    let inside = status != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL);
    if !inside {
        check(status, "keep mounts to this thread");
    }
    let path = CString::new(folder.path().as_os_str().as_bytes()).unwrap();
    let (from, to) = (path.as_ptr(), c"/etc".as_ptr());
    // SAFETY: as above.
    let status = unsafe { libc::mount(from, to, c"".as_ptr(), libc::MS_BIND, null()) };
    check(status, "mount");
    // The mount ends with the thread.
    Some(folder)
}

#[test]
fn localhost_has_its_loopback_address() {
    let addresses = lookup::addresses("localhost");
    assert!(addresses.iter().all(|a| a.is_loopback()), "{addresses:?}");
    assert!(!addresses.is_empty());
    let mut once = addresses.clone();
    once.dedup();
    assert_eq!(once, addresses);
}

#[test]
fn numeric_addresses_are_their_own_names() {
    for text in ["127.0.0.1", "192.0.2.7", "2001:db8::7", "::"] {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(lookup::addresses(text), [address]);
    }
    assert_eq!(lookup::addresses("no such host"), [] as [IpAddr; 0]);
    assert_eq!(lookup::addresses("127.0.0.1\0"), [] as [IpAddr; 0]);
    assert_eq!(lookup::addresses("\u{fe0f}\u{1}"), [] as [IpAddr; 0]);
}

#[test]
#[cfg(target_os = "linux")]
fn hosts_have_all_their_addresses_once() {
    // glibc reads this once in a process.
    let several = fs::read_to_string("/etc/host.conf").is_ok_and(|text| text.contains("multi on"));
    assert!(!lookup::addresses("localhost").is_empty());
    let hosts = "192.0.2.1 twin\n192.0.2.2 twin\n2001:db8::1 twin\n192.0.2.1 twin\n";
    let Some(_etc) = etc(&[("hosts", hosts)]) else {
        return;
    };
    let mut found = lookup::addresses("twin");
    found.sort();
    let expected = [
        IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)),
        Ipv4Addr::new(192, 0, 2, 2).into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    ];
    if several || cfg!(target_env = "musl") {
        assert_eq!(found, expected);
    } else {
        assert_eq!(found, expected[..1]);
    }
    assert_eq!(lookup::addresses("single"), [] as [IpAddr; 0]);
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))] // musl has no table of networks
fn networks_are_those_of_the_table() {
    let networks = "loopback 127.0.0.0\nshort 10\nhome 192.168.7.0 house\nall 0.0.0.0\n";
    let Some(_etc) = etc(&[("networks", networks)]) else {
        return;
    };
    assert_eq!(
        lookup::network("loopback"),
        Some(Ipv4Addr::new(127, 0, 0, 0))
    );
    assert_eq!(lookup::network("short"), Some(Ipv4Addr::new(10, 0, 0, 0)));
    let home = lookup::network("house").unwrap();
    assert_eq!(home, Ipv4Addr::new(192, 168, 7, 0));
    assert!(same(
        "net home",
        &format!("net {home} mask 255.255.255.255")
    ));
    for none in ["all", "elsewhere", "", "home\0"] {
        assert_eq!(lookup::network(none), None, "{none:?}");
    }
}

/// Every service of the system's own table whose name is one word of letters.
#[test]
fn ports_are_those_of_the_services() {
    let table = fs::read_to_string("/etc/services").expect("the table of services");
    let mut seen = HashSet::new();
    for line in table.lines() {
        let mut words = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let (Some(name), Some(port)) = (words.next(), words.next()) else {
            continue;
        };
        let (number, protocol) = port.split_once('/').expect("a number and a protocol");
        // A name may have several, also as the alias of another; the first counts.
        let first = protocol == "tcp" && !seen.contains(name);
        if protocol == "tcp" {
            seen.insert(name);
            seen.extend(words);
        }
        if !first {
            continue;
        }
        let found = lookup::port(name).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(found.number.to_string(), number, "{line}");
        assert!(
            matches!(found.protocol, None | Some(6)),
            "{line}: {found:?}"
        );
    }
    assert!(seen.len() > 20, "{} services", seen.len());
    let http = lookup::port("http").unwrap();
    assert_eq!((http.number, http.protocol), (80, Some(6)));
    assert!(same("port http", "tcp port 80"));
    let tftp = lookup::port("tftp").unwrap();
    assert_eq!((tftp.number, tftp.protocol), (69, Some(17)));
    let dns = lookup::port("domain").unwrap();
    assert_eq!((dns.number, dns.protocol), (53, None));
}

/// glibc truncates 65616 to 80, and accepts signs.
// Shows: libpcap/nametoproto-1-10-3
#[test]
fn a_number_is_a_port_only_within_16_bits() {
    for number in ["0", "1", "80", "65535"] {
        let port = lookup::port(number).unwrap();
        assert_eq!(port.number.to_string(), number);
        assert_eq!(port.protocol, None);
    }
    for wrong in [
        "65536",
        "65616",
        "-1",
        "+80",
        " 80",
        "80 ",
        "99999999999999999999",
        "",
        "-",
        "http\0",
        "no-such-service",
    ] {
        assert_eq!(lookup::port(wrong), None, "{wrong:?}");
    }
}

#[test]
fn port_ranges_have_two_ends_in_order() {
    let range = |name| {
        let PortRange {
            first,
            last,
            protocol,
            ..
        } = lookup::port_range(name)?;
        Some((first, last, protocol))
    };
    assert_eq!(range("80-443"), Some((80, 443, None)));
    assert_eq!(range("443-80"), Some((80, 443, None)));
    assert_eq!(range("ftp-http"), Some((21, 80, Some(6))));
    assert_eq!(range("syslog-ftp"), Some((21, 514, None)));
    assert_eq!(range("7-7"), Some((7, 7, None)));
    for wrong in [
        "80", "80-", "-80", "80-443x", "80-65536", "1--2", " 1-2", "a-b", "1-2-3", "1-2\0", "-",
    ] {
        assert_eq!(range(wrong), None, "{wrong:?}");
    }
}

#[test]
fn protocols_are_those_of_the_table() {
    for (name, number) in [("ip", 0), ("icmp", 1), ("tcp", 6), ("udp", 17)] {
        assert_eq!(lookup::protocol(name), Some(number), "{name}");
    }
    for none in ["no-such-protocol", "", "tcp\0", "6"] {
        assert_eq!(lookup::protocol(none), None, "{none:?}");
    }
}

/// libpcap before 1.11 then returns 0 for every name, which is `ip`.
// Shows: libpcap/nametoproto-1-10-3
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))] // musl has a table of its own
fn without_a_table_no_protocol_has_a_number() {
    let Some(_etc) = etc(&[]) else { return };
    for name in ["ip", "tcp", "no-such-protocol"] {
        assert_eq!(lookup::protocol(name), None, "{name}");
    }
}

#[test]
fn ethertypes_and_saps_are_libpcaps() {
    for (name, number) in [
        ("ip", 0x0800),
        ("arp", 0x0806),
        ("rarp", 0x8035),
        ("ip6", 0x86dd),
    ] {
        assert_eq!(lookup::ethertype(name), Some(number), "{name}");
        assert!(same(
            &format!("ether proto \\{name}"),
            &format!("ether proto {number}")
        ));
    }
    for (name, number) in [
        ("stp", 0x42),
        ("ipx", 0xe0),
        ("netbeui", 0xf0),
        ("iso", 0xfe),
    ] {
        assert_eq!(lookup::llc_sap(name), Some(number), "{name}");
    }
    for none in ["tcp", "", "ip\0"] {
        assert_eq!(lookup::ethertype(none), None, "{none:?}");
        assert_eq!(lookup::llc_sap(none), None, "{none:?}");
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ETHERS: &str = "# printers\n02:00:00:00:00:01 laser\n2:0:0:0:0:2\tink # slow\n";

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))] // musl has no such table
fn ether_hosts_are_those_of_the_table() {
    let Some(_etc) = etc(&[("ethers", ETHERS)]) else {
        return;
    };
    let [laser, ink] = [1, 2].map(|n| MacAddr::new([2, 0, 0, 0, 0, n]));
    assert_eq!(lookup::ether_host("laser"), Some(laser));
    assert_eq!(lookup::ether_host("ink"), Some(ink));
    assert!(same("ether host laser", &format!("ether host {laser}")));
    for none in ["matrix", "", "laser\0"] {
        assert_eq!(lookup::ether_host(none), None, "{none:?}");
    }
    assert_eq!(lookup::ethers("/etc/ethers").unwrap().len(), 2);
}

#[test]
#[cfg(unix)]
fn a_file_of_ethernet_hosts_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &[u8]| {
        let path = folder.path().join("ethers");
        fs::write(&path, text).unwrap();
        lookup::ethers(&path).unwrap()
    };
    let host = |n, name: &str| (MacAddr::new([2, 0, 0, 0, 0, n]), name.to_owned());
    // The last line has no newline.
    let text =
        b"# all\n\n02:00:00:00:00:01 one\nfe one\n  2:0:0:0:0:2\ttwo # 2\n2:0:0:0:0:3 dr\xe9i";
    let expected = [host(1, "one"), host(2, "two"), host(3, "dr\u{fffd}i")];
    let found = read(text);
    assert_eq!(found.first(), expected.first());
    assert_eq!(found[found.len() - 2..], expected[1..], "{found:?}");
    assert_eq!(read(b""), []);
    assert_eq!(read(b"no address\n"), []);
    let long = "x".repeat(5000);
    let found = read(format!("2:0:0:0:0:1 {long}\n2:0:0:0:0:2 two\n").as_bytes());
    assert_eq!(found, [host(1, &long[..121]), host(2, "two")]);

    let error = lookup::ethers(folder.path().join("none")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(std::io::ErrorKind::NotFound));
    assert!(lookup::ethers(Path::new("/dev/null")).unwrap().is_empty());
}

/// Many threads query them, together with the compiler, which uses the same tables.
// Shows: libpcap/where-c-library-look
#[test]
fn many_threads_get_the_right_answers() {
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(lookup::protocol("tcp"), Some(6));
                    assert_eq!(lookup::protocol("udp"), Some(17));
                    assert_eq!(lookup::port("http").map(|port| port.number), Some(80));
                    assert_eq!(lookup::ether_host("nobody"), None);
                    assert_eq!(lookup::network("nowhere"), None);
                    assert!(same("ip proto \\tcp", "ip proto 6"));
                }
            });
        }
    });
}

/// A table may leave out the zeros at the end of a network.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", not(emulated)))]
fn short_networks_are_completed() {
    let table = "short 10\nlonger 192.168\nwhole 192.0.2.0\n".to_owned();
    crate::support::files::with_tables([("/etc/networks", table)], || {
        for (name, network) in [
            ("short", [10, 0, 0, 0]),
            ("longer", [192, 168, 0, 0]),
            ("whole", [192, 0, 2, 0]),
        ] {
            assert_eq!(lookup::network(name), Some(network.into()), "{name}");
        }
    });
}
