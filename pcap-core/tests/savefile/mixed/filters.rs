//! Filters for several link types.

use pcap_core::{Dlt, ErrorKind, Filter, WarningKind};

use super::{ETHERNET, NULL, RAW, WLAN, mixed, origins, two_linktypes};
use crate::support::files::{Order, Pcapng, open, ping, read_all, tcp, udp};

#[test]
fn an_expression_is_compiled_for_each_link_type() {
    for mut capture in mixed(&two_linktypes()) {
        capture.set_filter("icmp or udp").unwrap();
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(origins(&packets), [(0, ETHERNET), (1, RAW), (1, RAW)]);
        assert!(capture.warnings().is_empty());
    }
}

#[test]
fn a_link_type_without_a_filter_is_one_warning() {
    // It comes back as an interface and as a section of each byte order.
    let raw = |order| {
        let file = Pcapng::new(order)
            .interface(RAW, 0, &[])
            .interface(RAW, 9, &[]);
        file.packet(0, 1, 28, &udp()[14..]).bytes()
    };
    let bytes = [two_linktypes(), raw(Order::Little), raw(Order::Big)].concat();
    for mut capture in mixed(&bytes) {
        capture
            .set_filter("ether dst 02:02:00:00:00:01 or ether[0] = 2")
            .unwrap();
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(origins(&packets), [(0, ETHERNET), (0, ETHERNET)]);
        let [warning] = capture.warnings() else {
            panic!("{:?}", capture.warnings());
        };
        assert_eq!(warning.kind(), WarningKind::FilterNotSupported);
        let reason = Filter::compile(Dlt::RAW, "ether dst 02:02:00:00:00:01").unwrap_err();
        let text = format!(
            "the filter rejects all packets of link type RAW: {}",
            reason.text()
        );
        assert_eq!(warning.text(), text);
    }
}

/// The numbers at the start of these packets have the byte order of their section.
#[test]
fn each_byte_order_has_its_filter() {
    let section = |order: Order| {
        let packet = |family: u32| [&order.u32(family)[..], &[0x45; 40]].concat();
        let file = Pcapng::new(order).interface(NULL, 0, &[]);
        let file = file
            .packet(0, 1, 44, &packet(2))
            .packet(0, 2, 44, &packet(30));
        file.bytes()
    };
    let [little, big] = Order::BOTH.map(section);
    for bytes in [
        [&little[..], &big, &little].concat(),
        [&big[..], &little, &big].concat(),
    ] {
        for early in [true, false] {
            for capture in [open(&bytes[..]), crate::support::files::open_file(&bytes)] {
                let mut capture = capture;
                if early {
                    capture.set_filter("ip").unwrap();
                }
                capture.mix_linktypes().unwrap();
                if !early {
                    capture.set_filter("ip").unwrap();
                }
                let times = capture.packets_with(|packet| packet.timestamp());
                let times: Vec<_> = times.map(|time| time.unwrap().subsec_nanos()).collect();
                assert_eq!(times, [1000; 3]);
            }
        }
        // It is one warning for both orders.
        let [mut capture, _] = mixed(&[&two_linktypes()[..], &bytes].concat());
        capture.set_filter("ether[0] & 1 = 0 and vlan").unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), 0);
        let warned = |name: &str| {
            let texts = capture.warnings().iter().map(|warning| warning.text());
            texts.filter(|text| text.contains(name)).count()
        };
        assert_eq!([warned("type RAW:"), warned("type NULL:")], [1, 1]);
    }
}

#[test]
fn a_compiled_filter_is_for_its_link_type() {
    let [raw, ethernet] = [Dlt::RAW, Dlt::EN10MB].map(|dlt| Filter::compile(dlt, "ip").unwrap());
    let wlan = Filter::compile(Dlt::IEEE802_11, "type data").unwrap();
    for mut capture in mixed(&two_linktypes()) {
        capture.set_filter(&raw).unwrap();
        let packet = capture.next_packet().unwrap().unwrap();
        assert_eq!(packet.interface(), Some(1));
        let text =
            "the filter rejects all packets of link type EN10MB: it was compiled for link type RAW";
        assert_eq!(capture.warnings()[0].text(), text);
        assert_eq!(capture.warnings().len(), 1);
        // The warnings are those of the filter.
        capture.set_filter(&ethernet).unwrap();
        assert!(capture.warnings()[0].text().contains("type RAW: "));
        assert_eq!(capture.next_packet().unwrap().unwrap().interface(), Some(0));
        // Its link type may still come.
        capture.set_filter(&wlan).unwrap();
        assert_eq!(capture.warnings().len(), 2);
        assert!(capture.next_packet().unwrap().is_none());
    }
}

#[test]
fn a_bad_filter_leaves_the_one_before() {
    for mut capture in mixed(&two_linktypes()) {
        capture.set_filter("ether[0] = 2").unwrap();
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), ping(0));
        let warnings = capture.warnings().to_vec();
        for bad in ["udp and (", "type mgt", "host no-such-host.invalid"] {
            let error = capture.set_filter(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FilterSyntax);
            let alone = Filter::compile(Dlt::EN10MB, bad).unwrap_err();
            assert_eq!(error.text(), alone.text());
        }
        assert_eq!(capture.warnings(), warnings);
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), tcp(2));
        assert!(capture.next_packet().unwrap().is_none());
    }
}

#[test]
fn a_changed_filter_holds_at_once() {
    for mut capture in mixed(&two_linktypes()) {
        let mut next = |filter: &str| {
            capture.set_filter(filter).unwrap();
            capture
                .next_packet()
                .unwrap()
                .map(|packet| packet.data().to_vec())
        };
        assert_eq!(next("icmp"), Some(ping(0)));
        assert_eq!(next("tcp or udp"), Some(tcp(2)));
        assert_eq!(next("tcp"), None);
    }
    for mut capture in mixed(&two_linktypes()) {
        capture.set_filter("tcp").unwrap();
        capture.set_filter(" ").unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), 4);
    }
}

/// libpcap cannot compile anything for this link type, not even nothing.
#[test]
fn the_empty_expression_accepts_all() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 0, &[])
        .interface(60_000, 0, &[])
        .packet(1, 1, 4, b"1234")
        .bytes();
    for (expression, count) in [("", 1), ("ip", 0)] {
        for mut capture in mixed(&bytes) {
            capture.set_filter(expression).unwrap();
            assert_eq!(read_all(&mut capture).unwrap().len(), count);
            assert_eq!(capture.warnings().len(), 1 - count);
        }
    }
}

/// The interfaces before the first packet are known before it is read.
#[test]
fn the_first_interface_does_not_decide() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 0, &[])
        .block(4, &[0; 4])
        .interface(WLAN, 0, &[])
        .packet(1, 1, 30, &[0x80; 30])
        .packet(0, 1, 98, &ping(0))
        .bytes();
    for mut capture in mixed(&bytes) {
        assert_eq!(capture.interfaces().len(), 2);
        capture.set_filter("type mgt").unwrap();
        assert!(capture.warnings()[0].text().contains("type EN10MB: "));
        assert_eq!(read_all(&mut capture).unwrap().len(), 1);
    }
    // What comes later is not known.
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 0, &[])
        .packet(0, 1, 98, &ping(0))
        .interface(WLAN, 0, &[])
        .packet(1, 1, 30, &[0x80; 30])
        .bytes();
    for mut capture in mixed(&bytes) {
        assert!(capture.set_filter("type mgt").is_err());
        capture.set_filter("type mgt or ip").unwrap_err();
        capture.set_filter("greater 20").unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), 2);
    }
}
