//! The terms of a list.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{any_of, ipv4};
use pcap_core::{Dlt, Endpoint, ErrorKind, Filter, FilterTerm, Insn};

#[test]
fn the_empty_list_and_everything() {
    let nothing = Filter::any_of(Dlt::EN10MB, [] as [FilterTerm; 0]).unwrap();
    assert_eq!(nothing.instructions(), [Insn::new(6, 0, 0, 0)]);
    assert!(!nothing.matches(&ipv4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST)));

    let all = Filter::any_of(Dlt::EN10MB, [(Ipv4Addr::UNSPECIFIED, 0)]).unwrap();
    assert!(all.matches(&ipv4(Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST)));
    assert_eq!((all.expression(), all.runs_on_bytes()), (None, true));

    // No packet of the link type has such an address.
    let v4 = Filter::any_of(Dlt::IPV6, [Ipv4Addr::LOCALHOST]).unwrap();
    assert_eq!(v4.instructions(), nothing.instructions());
}

#[test]
fn what_is_no_term_is_an_error_that_names_it() {
    let address = Ipv4Addr::new(192, 0, 2, 1);
    for (term, object) in [
        (FilterTerm::from((address, 33)), "192.0.2.1/33"),
        (FilterTerm::from((address, 24)), "192.0.2.1/24"),
        (
            FilterTerm::source((Ipv6Addr::LOCALHOST, 129)),
            "src ::1/129",
        ),
        (
            FilterTerm::destination((Ipv6Addr::LOCALHOST, 127)),
            "dst ::1/127",
        ),
        (FilterTerm::from(Endpoint::Ports(2, 1)), "2-1"),
    ] {
        let error = Filter::any_of(Dlt::EN10MB, [FilterTerm::from(80), term]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.object(), Some(object), "{error}");
    }
    let long = Filter::any_of(Dlt::EN10MB, std::iter::repeat(80)).unwrap_err();
    assert_eq!(long.kind(), ErrorKind::FilterTooLong, "{long}");
    let unknown = Filter::any_of(Dlt::USB_LINUX, [80]).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unsupported, "{unknown}");
}

#[test]
fn terms_are_read_and_printed() {
    for text in [
        "192.0.2.1",
        "src 192.0.2.0/24",
        "0.0.0.0/0",
        "2001:db8::/32",
        "dst ::/0",
        "::ffff:192.0.2.1",
        "0",
        "dst 65535",
        "src 6000-6063",
        "7-7",
        "192.0.2.1:443",
        "src [2001:db8::1]:443",
        "dst [::ffff:192.0.2.1]:0",
    ] {
        let term: FilterTerm = text.parse().unwrap();
        assert_eq!(term.to_string(), text);
        any_of(Dlt::EN10MB, &[term]);
    }
    for text in [
        "",
        " ",
        "src",
        "src ",
        "dst  80",
        "80 ",
        "65536",
        "-1",
        "+80",
        "1-",
        "-",
        "1-65536",
        "9-8",
        "192.0.2",
        "192.0.2.1/",
        "192.0.2.1/33",
        "192.0.2.1/+8",
        "192.0.2.0/300",
        "10.0.0.1/8",
        "::1/129",
        "fe80::1%eth0",
        "[fe80::1%2]:80",
        "192.0.2.1:",
        "192.0.2.1:+80",
        "192.0.2.1:65536",
        "192.0.2.0/24:80",
        "2001:db8::1:443/",
        "[192.0.2.1]:80",
        "[2001:db8::1]",
        "example.org:80",
        "src dst 192.0.2.1:80",
        "example.org",
        "http",
        "host 1.2.3.4",
        "1.2.3.4\0",
        "SRC 80",
        "\u{e9}",
    ] {
        let error = text.parse::<FilterTerm>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
    }
}

#[test]
fn scopes_and_reversed_ranges_are_no_terms() {
    for (text, is_term) in [
        ("[::1]:80", true),
        ("[fe80::1%1]:80", false),
        ("fe80::1%1", false),
        ("80-80", true),
        ("80-81", true),
        ("81-80", false),
    ] {
        assert_eq!(text.parse::<Endpoint>().is_ok(), is_term, "{text}");
    }
}
