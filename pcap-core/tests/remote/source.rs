//! Remote captures, as far as they are the same with every libpcap: source strings, authentication, and the error of a
//! libpcap without remote capture.

use std::time::Duration;

use pcap_core::ErrorKind;
use pcap_core::remote::{self, Auth, Options, Source};

fn parse(text: &str) -> Source {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn a_source_string_round_trips() {
    for (text, parts) in [
        ("rpcap://host/eth0", (false, "host", None, "eth0")),
        (
            "rpcaps://host:2003/eth0",
            (true, "host", Some("2003"), "eth0"),
        ),
        (
            "rpcap://[fe80::1%eth0]:rpcap/br/0",
            (false, "fe80::1%eth0", Some("rpcap"), "br/0"),
        ),
        ("rpcap://[::1]/", (false, "::1", None, "")),
        (
            "rpcap://10.0.0.1/\\Device\\NPF_{0}",
            (false, "10.0.0.1", None, "\\Device\\NPF_{0}"),
        ),
    ] {
        let source = parse(text);
        let (tls, host, port, device) = parts;
        assert!(source.is_remote() && source.path().is_none(), "{text}");
        assert_eq!(
            (source.is_tls(), source.host()),
            (tls, Some(host)),
            "{text}"
        );
        assert_eq!(
            (source.port(), source.device()),
            (port, Some(device)),
            "{text}"
        );
        assert_eq!(source.to_string(), text);
    }
    for (text, canonical) in [
        ("rpcap://[10.0.0.1]/lo", "rpcap://10.0.0.1/lo"),
        ("rpcap://host:/lo", "rpcap://host/lo"),
        ("rpcap://eth0", "eth0"),
        ("RPCAPS://eth0", "eth0"),
    ] {
        assert_eq!(parse(text).to_string(), canonical);
    }
    for text in ["eth0", "eth0:1", "http://x/y", "FILE://a"] {
        let source = parse(text);
        assert_eq!(
            (source.device(), source.is_remote()),
            (Some(text), false),
            "{text}"
        );
    }
    let file = parse("file:///tmp/a b.pcap");
    assert_eq!((file.path(), file.device()), (Some("/tmp/a b.pcap"), None));
}

#[test]
fn what_is_made_is_what_is_parsed() {
    let made = Source::remote("::1", 2002, "eth0").unwrap().tls(true);
    assert_eq!(made, parse("rpcaps://[::1]:2002/eth0"));
    assert_eq!(
        made.with_device("lo").unwrap(),
        parse("rpcaps://[::1]:2002/lo")
    );
    assert_eq!(Source::file("-").unwrap(), parse("file://-"));
    let local = Source::local("eth0").unwrap();
    assert_eq!(local, parse("eth0"));
    assert_eq!(local.clone().tls(true), local);
    assert_eq!(parse("rpcap://").to_string(), "rpcap://");
    assert!(Source::file("a").unwrap().with_device("b").is_err());
}

#[test]
fn hostile_strings_are_errors_and_nothing_else() {
    let long = format!("rpcap://host/{}", "x".repeat(1011));
    assert_eq!(long.len(), 1024);
    // With 1023 bytes, there is no room for TLS.
    for text in [&long, &long[..1023]] {
        let error = text.parse::<Source>().unwrap_err().to_string();
        let expected = "expected at most 1023 bytes, libpcap's limit, found 1024";
        assert!(error.ends_with(expected), "{error}");
    }
    let longest = parse(&long[..1022]).tls(true);
    assert_eq!(longest.to_string().len(), 1023);
    assert_eq!(parse(&longest.to_string()), longest);
    assert_eq!(
        parse(&longest.clone().tls(false).to_string()),
        longest.tls(false)
    );
    for text in [
        "",
        "rpcap:///eth0",
        "rpcap://::1/eth0",
        "rpcap://fe80::1/eth0",
        "rpcap://[::1/eth0",
        "rpcap://[::1]x/eth0",
        "rpcap://[]/eth0",
        "rpcap://a]/eth0",
        "rpcap://host:2 2/eth0",
        "rpcap://ho\0st/eth0",
        "eth\0",
        "file://",
        &long,
    ] {
        let error = text.parse::<Source>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
        assert!(!error.to_string().contains(['\0', '\n']), "{text:?}");
    }
    for host in ["", "a/b", "me@host", "[::1]", "a\0b", &long] {
        let error = Source::remote(host, None, "eth0").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{host:?}");
    }
    for device in ["", "rpcap://eth0", "rpcap://a/b", "file://a", "\0", &long] {
        assert!(Source::local(device).is_err(), "{device:?}");
    }
}

/// Every short string of the significant characters: none causes a panic, and a valid one round-trips.
#[test]
fn every_short_source_round_trips() {
    let signs = [
        "rpcap://", "rpcaps:", "file://", "/", ":", "[", "]", "@", "a", "\0", "é",
    ];
    let mut understood = 0;
    for mut n in 0..signs.len().pow(5) {
        let mut text = String::new();
        for _ in 0..5 {
            text.push_str(signs[n % signs.len()]);
            n /= signs.len();
        }
        if let Ok(source) = text.parse::<Source>() {
            understood += 1;
            assert_eq!(parse(&source.to_string()), source, "{text:?}");
        }
    }
    assert!(understood > 1000, "{understood}");
}

// Shows: libpcap/daemon-say-anything-sent
#[test]
fn a_password_is_in_no_text() {
    let auth = Auth::password("me", "secret");
    let remote = Options::new(parse("rpcap://127.0.0.1:1/lo")).auth(auth.clone());
    let url = "rpcap://me:secret@127.0.0.1/lo"
        .parse::<Source>()
        .unwrap_err();
    let refused = remote.open().unwrap_err();
    let nul = Auth::password("me", "secret\0");
    let nul = remote.clone().auth(nul).open().unwrap_err();
    for text in [
        format!("{auth:?} {remote:?}"),
        format!("{url:?} {refused:?} {nul:?}"),
        format!("{:?}", url.object()),
    ] {
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(format!("{auth:?}").contains("me"));
}

#[test]
fn impossible_options_are_named() {
    let remote = Options::new(parse("rpcap://127.0.0.1:1/lo"));
    let tls = Options::new(parse("rpcaps://127.0.0.1:1/lo"));
    for (remote, name) in [
        (remote.clone().snaplen(262_145), "snaplen"),
        (remote.clone().timeout(Duration::MAX), "timeout"),
        (tls.udp(true), "udp"),
    ] {
        let error = remote.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption, "{error}");
        assert!(error.text().contains(name), "{error}");
    }
    for text in ["eth0", "file://a.pcap", "rpcap://127.0.0.1/"] {
        let error = Options::new(parse(text)).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    // Nobody listens on the port, but the options are possible.
    let error = remote.snaplen(262_144).udp(true).open().unwrap_err();
    assert_ne!(error.kind(), ErrorKind::InvalidOption, "{error}");
}

// Shows: libpcap/listing-savefiles-findalldevsex
#[test]
#[cfg_attr(emulated, ignore = "qemu-user cannot list devices")]
fn the_devices_of_this_host_need_no_daemon() {
    let listed = remote::devices(&parse("rpcap://"), &Auth::Null).unwrap();
    let names = |devices: &[pcap_core::Device]| -> Vec<_> {
        devices.iter().map(|d| d.name().to_owned()).collect()
    };
    assert_eq!(names(&listed), names(&pcap_core::Device::list().unwrap()));
    let error = remote::devices(&parse("file:///tmp/"), &Auth::Null).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

/// Debian's header declares the functions, but its library lacks them.
#[cfg(not(have_pcap_remoteact_list))]
// Shows: libpcap/header-declares-functions-remote
#[test]
fn a_libpcap_without_remote_capture_says_so() {
    let source = parse("rpcap://127.0.0.1:1/lo");
    for error in [
        remote::devices(&source, &Auth::Null).unwrap_err(),
        Options::new(source.clone()).open().unwrap_err(),
        Options::new(source.clone())
            .filter("tcp")
            .auth(Auth::password("a", "b"))
            .open()
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let version = pcap_core::version();
        let linked = format!(
            "the linked libpcap {}.{}.",
            version.major(),
            version.minor()
        );
        assert!(error.text().starts_with(&linked), "{error}");
        assert!(error.text().contains("--enable-remote"), "{error}");
        assert_eq!(error.object(), Some("rpcap://127.0.0.1:1/lo"));
    }
}

/// libpcap's own results, if it has the functions.
#[cfg(all(have_pcap_createsrcstr, have_pcap_parsesrcstr))]
mod libpcap {
    use std::ffi::{CStr, CString, c_char, c_int};

    use super::parse;
    use pcap_core::remote::Source;

    const SIZE: usize = 1024;

    unsafe extern "C" {
        fn pcap_createsrcstr(
            source: *mut c_char,
            kind: c_int,
            host: *const c_char,
            port: *const c_char,
            name: *const c_char,
            errbuf: *mut c_char,
        ) -> c_int;
        fn pcap_parsesrcstr(
            source: *const c_char,
            kind: *mut c_int,
            host: *mut c_char,
            port: *mut c_char,
            name: *mut c_char,
            errbuf: *mut c_char,
        ) -> c_int;
    }

    fn text(buffer: &[c_char; SIZE]) -> String {
        // SAFETY: libpcap terminates its output with a NUL, and the buffer was zeroed.
        unsafe { CStr::from_ptr(buffer.as_ptr()) }
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Returns the kind, host, port and name.
    fn libpcap_parses(source: &str) -> Option<(c_int, [String; 3])> {
        let source = CString::new(source).unwrap();
        let mut kind = 0;
        let [mut host, mut port, mut name, mut errbuf] = [[0; SIZE]; 4];
        // SAFETY: the source is a C string, and the buffers have at least the size that libpcap requires.
        let status = unsafe {
            pcap_parsesrcstr(
                source.as_ptr(),
                &mut kind,
                host.as_mut_ptr(),
                port.as_mut_ptr(),
                name.as_mut_ptr(),
                errbuf.as_mut_ptr(),
            )
        };
        (status == 0).then(|| (kind, [&host, &port, &name].map(text)))
    }

    fn kind(source: &Source) -> c_int {
        match (source.path(), source.is_remote()) {
            (Some(_), _) => 2,
            (None, false) => 3,
            (None, true) => 4,
        }
    }

    #[test]
    fn libpcap_parses_short_sources_the_same() {
        let signs = [
            "rpcap://",
            "rpcaps://",
            "file://",
            "/",
            ":",
            "[",
            "]",
            "a",
            "2",
        ];
        let (mut same, mut refused) = (0, 0);
        for mut n in 0..signs.len().pow(5) {
            let mut source = String::new();
            for _ in 0..5 {
                source.push_str(signs[n % signs.len()]);
                n /= signs.len();
            }
            let Ok(ours) = source.parse::<Source>() else {
                refused += 1;
                continue;
            };
            let Some((theirs, parts)) = libpcap_parses(&source) else {
                // It parses the part before an unknown `://` before it rejects it.
                assert_eq!(kind(&ours), 3, "{source}");
                continue;
            };
            same += 1;
            assert_eq!(kind(&ours), theirs, "{source}");
            let name = ours.path().or(ours.device()).unwrap_or_default();
            let ours =
                [ours.host(), ours.port(), Some(name)].map(|p| p.unwrap_or_default().to_owned());
            assert_eq!(ours, parts, "{source}");
        }
        assert!(same > 10_000 && refused > 1_000, "{same} {refused}");
    }

    #[test]
    fn libpcap_makes_the_same_strings() {
        for source in [
            "rpcap://host/eth0",
            "rpcap://[::1]:2002/lo",
            "rpcap://h/",
            "file:///tmp/a",
        ] {
            let ours = parse(source);
            let text = |part: Option<&str>| CString::new(part.unwrap_or_default()).unwrap();
            let [host, port] = [ours.host(), ours.port()].map(text);
            let name = text(ours.path().or(ours.device()));
            let [mut made, mut errbuf] = [[0; SIZE]; 2];
            // SAFETY: C strings, and buffers of at least the size that libpcap requires.
            let status = unsafe {
                pcap_createsrcstr(
                    made.as_mut_ptr(),
                    kind(&ours),
                    host.as_ptr(),
                    port.as_ptr(),
                    name.as_ptr(),
                    errbuf.as_mut_ptr(),
                )
            };
            assert_eq!(status, 0, "{source}");
            assert_eq!(super::libpcap::text(&made), ours.to_string());
        }
    }
}

#[test]
fn credentials_are_shown_without_the_password() {
    let shown = |auth| format!("{auth:?}");
    assert_eq!(shown(Auth::Null), "Null");
    let text = shown(Auth::password("mallory", "xyzzy"));
    assert_eq!(text, "Password { user: \"mallory\", .. }");
}
