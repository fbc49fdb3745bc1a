//! Sections and the blocks without packets.

use std::net::IpAddr;

use pcap_core::pcapng::{NamedAddress, NamesBlock, SecretsBlock, Section, StatisticsBlock};

use super::super::ng::{self, Opt, Order, Seen, Value, code, expected, values};
use super::{text, time};

/// Returns the text of the first option with a code.
fn first_text(options: &[Opt], code: u16, order: Order) -> Option<String> {
    values(options, code)
        .next()
        .map(|value| text(&value.bytes(order)))
}

pub(super) fn check_section(found: &Section, expected: &ng::Section, place: &str) {
    let header = &expected.header;
    assert_eq!(found.version(), header.version, "{place}");
    assert_eq!(found.is_known(), header.is_known(), "{place}");
    let length = (header.length != -1).then_some(header.length as u64);
    assert_eq!(found.length(), length, "{place}");
    let [hardware, os, application] = code::SHB;
    for (found, code) in [
        (found.hardware(), hardware),
        (found.os(), os),
        (found.application(), application),
    ] {
        let expected = first_text(&header.options, code, expected.order);
        assert_eq!(found.as_deref(), expected.as_deref(), "{place}: {code}");
    }
}

fn number(bytes: &[u8], at: usize, order: Order) -> u32 {
    let bytes = bytes[at..at + 4].try_into().unwrap();
    match order {
        Order::Little => u32::from_le_bytes(bytes),
        Order::Big => u32::from_be_bytes(bytes),
    }
}

pub(super) fn check_statistics(
    found: &StatisticsBlock<'_>,
    seen: &Seen,
    section: &ng::Section,
    place: &str,
) {
    let number = |at| number(&seen.body, at, section.order);
    let join = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let ticks = join(number(4), number(8));
    assert_eq!(found.interface_id(), number(0), "{place}");
    assert_eq!(found.ticks(), Some(ticks), "{place}");
    // The interface may come later in the section.
    let interface = section.interfaces.get(number(0) as usize);
    let interface = interface.filter(|_| found.interface().is_some());
    let at = |ticks| time(expected::nanos(ticks, interface?));
    assert_eq!(found.timestamp(), at(ticks), "{place}");
    for (found, code) in [
        (found.start_time(), code::ISB_STARTTIME),
        (found.end_time(), code::ISB_ENDTIME),
    ] {
        let ticks = match values(&seen.options, code).next() {
            Some(Value::Pair(high, low)) => Some(join(*high, *low)),
            _ => None,
        };
        assert_eq!(found, ticks.and_then(at), "{place}: {code}");
    }
    for (found, code) in [
        (found.received(), code::ISB_IFRECV),
        (found.if_dropped(), code::ISB_IFDROP),
        (found.accepted(), code::ISB_FILTERACCEPT),
        (found.dropped(), code::ISB_OSDROP),
        (found.delivered(), code::ISB_USRDELIV),
    ] {
        let expected = match values(&seen.options, code).next() {
            Some(Value::U64(number)) => Some(*number),
            _ => None,
        };
        assert_eq!(found, expected, "{place}: {code}");
    }
}

pub(super) fn check_names(found: &NamesBlock<'_>, seen: &Seen, order: Order, place: &str) {
    let mut rest = &seen.body[..];
    let mut records = found.records();
    while rest.len() >= 4 {
        let head = number(rest, 0, order);
        let (kind, length) = match order {
            Order::Little => (head & 0xffff, head >> 16),
            Order::Big => (head >> 16, head & 0xffff),
        };
        let value = &rest[4..4 + length as usize];
        rest = &rest[4 + (length as usize).next_multiple_of(4)..];
        if kind == 0 {
            break;
        }
        let record = records
            .next()
            .unwrap_or_else(|| panic!("{place}: no record"));
        let address = match record.address {
            NamedAddress::Ip(IpAddr::V4(address)) => (1, address.octets().to_vec()),
            NamedAddress::Ip(IpAddr::V6(address)) => (2, address.octets().to_vec()),
            NamedAddress::Mac(address) => (3, address.octets().to_vec()),
            NamedAddress::Eui64(address) => (4, address.to_vec()),
            NamedAddress::Other(kind, value) => (kind.into(), value.to_vec()),
            _ => panic!("{place}: {record:?}"),
        };
        assert_eq!(address.0, kind, "{place}");
        assert!(value.starts_with(&address.1), "{place}");
        let names = value[address.1.len()..].split(|&byte| byte == 0);
        let names: Vec<_> = names.filter(|name| !name.is_empty()).map(text).collect();
        assert_eq!(record.names, names, "{place}");
    }
    assert!(records.next().is_none(), "{place}");
    let [name, v4, v6] = code::NS;
    let bytes = |code| {
        values(&seen.options, code)
            .next()
            .map(|value| value.bytes(order))
    };
    assert_eq!(
        found.dns_name().as_deref(),
        bytes(name).map(|b| text(&b)).as_deref(),
        "{place}"
    );
    let address = found.dns_ipv4().map(|address| address.octets().to_vec());
    assert_eq!(address, bytes(v4), "{place}");
    let address = found.dns_ipv6().map(|address| address.octets().to_vec());
    assert_eq!(address, bytes(v6), "{place}");
}

pub(super) fn check_secrets(found: &SecretsBlock<'_>, seen: &Seen, order: Order, place: &str) {
    assert_eq!(
        found.secrets_type(),
        number(&seen.body, 0, order),
        "{place}"
    );
    assert_eq!(found.secrets(), &seen.body[8..], "{place}");
}
