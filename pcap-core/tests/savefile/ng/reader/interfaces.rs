//! Interfaces, with every option.

use std::net::{Ipv4Addr, Ipv6Addr};

use pcap_core::pcapng::{Interface, InterfaceFilter};

use super::text;
use crate::support::ng::{Idb, Order, Value, code, values};

pub(super) fn check_interface(found: &Interface, expected: &Idb, order: Order, place: &str) {
    let bytes = |code| {
        let values = values(&expected.options, code);
        values.map(|value| value.bytes(order)).collect::<Vec<_>>()
    };
    let first = |code| bytes(code).into_iter().next();
    assert_eq!(
        found.linktype().value(),
        u32::from(expected.linktype),
        "{place}"
    );
    assert_eq!(found.snaplen(), expected.snaplen, "{place}");
    for (found, code) in [
        (found.name(), code::IF_NAME),
        (found.description(), code::IF_DESCRIPTION),
        (found.os(), code::IF_OS),
        (found.hardware(), code::IF_HARDWARE),
        (found.iana_time_zone(), code::IF_IANA_TZNAME),
    ] {
        let expected = first(code).map(|bytes| text(&bytes));
        assert_eq!(found.as_deref(), expected.as_deref(), "{place}: {code}");
    }
    let ipv4: Vec<_> = found
        .ipv4()
        .map(|(a, m)| [a.octets(), m.octets()].concat())
        .collect();
    assert_eq!(ipv4, bytes(code::IF_IPV4), "{place}");
    let ipv6 = found.ipv6();
    let ipv6: Vec<_> = ipv6
        .map(|(a, prefix)| [&a.octets()[..], &[prefix]].concat())
        .collect();
    assert_eq!(ipv6, bytes(code::IF_IPV6), "{place}");
    let mac = found.mac_addr().map(|address| address.octets().to_vec());
    assert_eq!(mac, first(code::IF_MAC), "{place}");
    let eui = found.eui_addr().map(|address| address.to_vec());
    assert_eq!(eui, first(code::IF_EUI), "{place}");
    for (found, code) in [
        (found.speed(), code::IF_SPEED),
        (found.tx_speed(), code::IF_TXSPEED),
        (found.rx_speed(), code::IF_RXSPEED),
    ] {
        let expected = match values(&expected.options, code).next() {
            Some(Value::U64(speed)) => Some(*speed),
            _ => None,
        };
        assert_eq!(found, expected, "{place}: {code}");
    }
    assert_eq!(found.resolution().value(), expected.tsresol(), "{place}");
    assert_eq!(
        found.resolution().ticks_per_second(),
        expected.per_second(),
        "{place}"
    );
    assert_eq!(found.time_offset(), expected.tsoffset(), "{place}");
    let zone = values(&expected.options, code::IF_TZONE).find_map(|value| match value {
        Value::U32(zone) => Some(*zone),
        _ => None,
    });
    assert_eq!(found.time_zone(), zone, "{place}");
    let fcs_len = first(code::IF_FCSLEN).map(|bytes| bytes[0]);
    assert_eq!(found.fcs_len(), fcs_len, "{place}");
    let filter = values(&expected.options, code::IF_FILTER).next();
    match (found.filter(), filter) {
        (None, None) => {}
        (Some(InterfaceFilter::Expression(found)), Some(Value::Bytes(bytes))) => {
            assert_eq!(
                (bytes[0], text(&bytes[1..])),
                (0, found.into_owned()),
                "{place}"
            );
        }
        (Some(InterfaceFilter::Program(found)), Some(Value::Program(program))) => {
            assert_eq!(&found, program, "{place}");
        }
        (Some(InterfaceFilter::Other(kind, rest)), Some(Value::Bytes(bytes))) => {
            assert_eq!((&kind, rest), (&bytes[0], &bytes[1..]), "{place}");
            assert!(kind > 1, "{place}");
        }
        other => panic!("{place}: {other:?}"),
    }
}

/// What setters wrote.
#[test]
fn interfaces_return_what_was_set() {
    let (address, mask) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(255, 255, 0, 0));
    let interface = Interface::new(pcap_core::Linktype::ETHERNET)
        .with_ipv4(address, mask)
        .with_ipv4(Ipv4Addr::LOCALHOST, mask)
        .with_ipv6(Ipv6Addr::LOCALHOST, 128)
        .with_mac_addr(pcap_core::MacAddr::new([1, 2, 3, 4, 5, 6]))
        .with_eui_addr([8; 8])
        .with_speed(1)
        .with_tx_speed(2)
        .with_rx_speed(u64::MAX)
        .with_time_offset(-5)
        .with_iana_time_zone("Europe/Berlin")
        .with_comment("one")
        .with_comment("two");
    let ipv4: Vec<_> = interface.ipv4().collect();
    assert_eq!(ipv4, [(address, mask), (Ipv4Addr::LOCALHOST, mask)]);
    let ipv6: Vec<_> = interface.ipv6().collect();
    assert_eq!(ipv6, [(Ipv6Addr::LOCALHOST, 128)]);
    assert_eq!(interface.mac_addr().unwrap().octets(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(interface.eui_addr(), Some([8; 8]));
    assert_eq!(interface.speed(), Some(1));
    assert_eq!(interface.tx_speed(), Some(2));
    assert_eq!(interface.rx_speed(), Some(u64::MAX));
    assert_eq!(interface.time_offset(), -5);
    assert_eq!(interface.iana_time_zone().as_deref(), Some("Europe/Berlin"));
    let comments: Vec<_> = interface.comments().collect();
    assert_eq!(comments, ["one", "two"]);
}
