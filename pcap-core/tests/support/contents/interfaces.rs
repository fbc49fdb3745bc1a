//! Interfaces, with every option.

use pcap_core::pcapng::{Interface, InterfaceFilter};

use super::super::ng::{Idb, Order, Value, code, values};
use super::text;

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
