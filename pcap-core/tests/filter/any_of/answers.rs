//! The answer for each packet, compared with libpcap.

use pcap_core::{Dlt, ErrorKind, Filter};

use super::{any_of, libpcap, packet, same};
use crate::support::persuade::persuaded;
use crate::support::random::Random;

const DLTS: [Dlt; 10] = [
    Dlt::EN10MB,
    Dlt::RAW,
    Dlt::LINUX_SLL,
    Dlt::LINUX_SLL2,
    Dlt::NULL,
    Dlt::LOOP,
    Dlt::PPP,
    Dlt::IEEE802_11_RADIO,
    Dlt::IPV4,
    Dlt::IPV6,
];

// Shows: parity/filter-instructions-instructions
#[test]
fn any_of_agrees_with_libpcap() {
    let mut random = Random(0x5eed_0001);
    for dlt in DLTS {
        let (mut wanted, mut cut) = (0, 0);
        for _ in 0..150 {
            let terms = random.terms(12);
            let (ours, theirs) = (any_of(dlt, &terms), libpcap(dlt, &terms));
            for _ in 0..100 {
                let packet = packet(dlt, &mut random);
                if same(&ours, &theirs, &packet) {
                    wanted += 1;
                    // Each length of an accepted packet.
                    for length in 0..packet.len() {
                        cut += u32::from(same(&ours, &theirs, &packet[..length]));
                    }
                }
            }
        }
        println!("{dlt}: {wanted} accepted, {cut} of them truncated");
        assert!(
            wanted > 1000 && cut > 1000,
            "{dlt}: the packets are too dull"
        );
        assert!(wanted < 13_000, "{dlt}: too few packets match");
    }
}

/// A few of the same, which take less time.
#[test]
fn a_few_lists_agree_with_libpcap() {
    let mut random = Random(0x5eed_0003);
    for dlt in DLTS {
        let mut wanted = 0;
        for _ in 0..6 {
            let terms = random.terms(8);
            let (ours, theirs) = (any_of(dlt, &terms), libpcap(dlt, &terms));
            for n in 0..60 {
                let packet = match n % 2 {
                    0 => packet(dlt, &mut random),
                    _ => persuaded(theirs.instructions(), &mut random),
                };
                wanted += u32::from(same(&ours, &theirs, &packet));
                let length = random.below(packet.len() + 1);
                same(&ours, &theirs, &packet[..length]);
            }
        }
        assert!(wanted > 30, "{dlt}: {wanted}");
    }
}

/// Every possible link type number: libpcap has no filters for many of them, and the results never differ from its
/// own.
#[test]
fn every_link_type_is_right_or_refused() {
    let mut random = Random(0x5eed_0002);
    let (mut right, mut odd, mut met) = (Vec::new(), Vec::new(), 0);
    for dlt in (0..320).map(Dlt::new) {
        let mut filters = Vec::new();
        for _ in 0..6 {
            let terms = random.terms(6);
            match Filter::any_of(dlt, &terms) {
                Ok(ours) => filters.push((ours, libpcap(dlt, &terms))),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
                    if error.text().contains("does not support the code") {
                        odd.push(dlt);
                    }
                }
            }
        }
        let mut wanted = 0;
        for (ours, theirs) in &filters {
            for n in 0..400 {
                let from = if n % 2 == 0 { ours } else { theirs };
                let mut packet = persuaded(from.instructions(), &mut random);
                wanted += u32::from(same(ours, theirs, &packet));
                packet.truncate(random.below(packet.len() + 1));
                wanted += u32::from(same(ours, theirs, &packet));
            }
        }
        if !filters.is_empty() {
            right.push(dlt);
            met += u32::from(wanted > 20);
        }
    }
    println!(
        "{} link types, {met} of them with packets: {right:?}",
        right.len()
    );
    assert!(DLTS.iter().all(|dlt| right.contains(dlt)));
    odd.dedup();
    println!("with unsupported code: {odd:?}");
    // libpcap assumes that every packet of these is both IPv4 and IPv6.
    let known = |dlt: &Dlt| {
        let name = dlt.to_string();
        name.starts_with("JUNIPER_") || name.starts_with("BACNET_")
    };
    assert!(odd.iter().all(known));
    assert!(DLTS.iter().all(|dlt| right.contains(dlt)));
    assert!(right.len() > 40 && met as usize > right.len() - 10);
}
