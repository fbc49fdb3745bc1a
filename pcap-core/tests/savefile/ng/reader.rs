//! The block reader, compared with what the generator put into its files.

use std::net::{Ipv4Addr, Ipv6Addr};

use pcap_core::pcapng::Interface;

use super::random_files;
use crate::support::contents::{check, open};
use crate::support::ng::{Case, large, valid};

fn check_undamaged(case: &Case) {
    let mut reader = open(&case.bytes);
    let error = check(case, &mut reader, case.bytes.len() as u64);
    assert!(error.is_none(), "{}: {error:?}", case.name);
    assert!(matches!(reader.next_block(), Ok(None)), "{}", case.name);
    assert_eq!(reader.skipped(), 0);
}

#[test]
fn each_block_has_what_was_put_in() {
    valid().iter().for_each(check_undamaged);
}

#[test]
fn blocks_of_random_files_have_what_was_put_in() {
    random_files().for_each(|case| check_undamaged(&case));
}

#[test]
fn large_blocks_have_what_was_put_in() {
    large().iter().for_each(|make| check_undamaged(&make()));
}

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
