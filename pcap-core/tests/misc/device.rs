//! Devices: what the list contains for interfaces that the tests create.

use pcap_core::{Device, DeviceAddress, ErrorKind};

#[test]
fn there_is_no_device_of_a_name_that_none_has() {
    for name in ["", "no-such-device", "a\0b", "\u{e9}th0"] {
        let error = Device::find(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
        assert_eq!(error.object(), Some(name));
    }
}

#[cfg(target_os = "linux")]
mod live {
    use std::ffi::{CStr, OsStr};
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    use std::os::unix::ffi::OsStrExt;

    use pcap_core::{
        Address, ConnectionStatus, Device, DeviceAddress, DeviceName, ErrorKind, MacAddr,
    };

    use crate::support::memory::resident;
    use crate::support::{Netns, descriptors, files, wait_until};

    fn names() -> Vec<String> {
        let devices = Device::list().unwrap();
        devices.iter().map(|d| d.name().to_owned()).collect()
    }

    fn address_of(device: &Device, ip: impl Into<IpAddr>) -> DeviceAddress {
        let ip = ip.into();
        device
            .addresses()
            .iter()
            .find(|a| a.address.ip() == Some(ip))
            .unwrap_or_else(|| panic!("no {ip} in {device:#?}"))
            .clone()
    }

    fn v4(a: u8, b: u8, c: u8, d: u8) -> Address {
        Address::V4(Ipv4Addr::new(a, b, c, d))
    }

    /// Returns the flags of all devices as libpcap lists them.
    fn flags_by_libpcap() -> Vec<(String, u32)> {
        let mut list = std::ptr::null_mut();
        let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
        // SAFETY: the pointer is a local variable, and the buffer has the required size.
        let status = unsafe { pcap_sys::pcap_findalldevs(&mut list, errbuf.as_mut_ptr()) };
        assert_eq!(status, 0);
        let mut flags = Vec::new();
        let mut next = list;
        while !next.is_null() {
            // SAFETY: an element of the list, which has not been freed yet.
            let device = unsafe { &*next };
            // SAFETY: a C string of the list.
            let name = unsafe { CStr::from_ptr(device.name) };
            flags.push((name.to_str().unwrap().to_owned(), device.flags));
            next = device.next;
        }
        // SAFETY: allocated by `pcap_findalldevs`, and not used afterwards.
        unsafe { pcap_sys::pcap_freealldevs(list) };
        flags
    }

    // Shows: parity/list-devices-address-netmask
    #[test]
    fn the_raw_flags_are_those_of_libpcap() {
        let Some(net) = Netns::new() else { return };
        net.veth("left", "right");
        net.veth("unused", "other");
        net.ip("link set unused down".split(' '));
        // The kernel reports shortly afterwards that the other end does not run.
        wait_until("the other end does not run", || {
            !Device::find("other").unwrap().is_running()
        });
        let devices = Device::list().unwrap();
        let flags = |device: &Device| (device.name().to_owned(), device.raw_flags());
        let ours: Vec<_> = devices.iter().map(flags).collect();
        assert_eq!(ours, flags_by_libpcap());
        let of = |name| Device::find(name).unwrap().raw_flags();
        let [up, running, loopback] = [
            pcap_sys::PCAP_IF_UP,
            pcap_sys::PCAP_IF_RUNNING,
            pcap_sys::PCAP_IF_LOOPBACK,
        ]
        .map(|flag| flag as u32);
        let three = up | running | loopback;
        assert_eq!(of("lo") & three, three);
        assert_eq!(of("left") & three, up | running);
        assert_eq!(of("unused") & three, 0);
    }

    /// Addresses without a netmask were once skipped; every part except the address itself may be missing.
    // Shows: libpcap/device-odd-name-loses, parity/list-devices-address-netmask
    // Shows: parity/network-number-netmask-device, parity/device-odd-name-loses
    #[test]
    fn a_device_has_its_addresses() {
        let Some(net) = Netns::new() else { return };
        net.veth("left", "right");
        net.ip(["link", "set", "left", "address", "02:00:00:00:0a:0b"]);
        net.ip(["addr", "add", "10.1.2.3/20", "brd", "+", "dev", "left"]);
        net.ip(["addr", "add", "10.9.9.9/32", "dev", "left"]);
        net.ip("addr add 172.16.0.1 peer 172.16.0.2 dev left".split(' '));
        net.ipv6("left");
        net.ip("addr add 2001:db8::5/64 nodad dev left".split(' '));

        let left = Device::find("left").unwrap();
        assert_eq!((left.name(), left.description()), ("left", None));
        assert!(left.is_up() && left.is_running());
        assert!(!left.is_loopback() && !left.is_wireless());
        assert_eq!(left.connection_status(), ConnectionStatus::Connected);

        let address = address_of(&left, Ipv4Addr::new(10, 1, 2, 3));
        assert_eq!(address.netmask, Some(v4(255, 255, 240, 0)));
        assert_eq!(address.broadcast, Some(v4(10, 1, 15, 255)));
        assert_eq!(address.to_string(), "10.1.2.3");

        // The address of a single host, without a broadcast address.
        let address = address_of(&left, Ipv4Addr::new(10, 9, 9, 9));
        assert_eq!(address.netmask, Some(v4(255, 255, 255, 255)));

        let v6: Ipv6Addr = "2001:db8::5".parse().unwrap();
        let address = address_of(&left, v6);
        assert_eq!(
            address.address,
            Address::V6 {
                addr: v6,
                scope_id: 0
            }
        );
        let mask = address.netmask.and_then(|mask| mask.ip());
        assert_eq!(mask, Some("ffff:ffff:ffff:ffff::".parse().unwrap()));

        // The link-local address of an interface has its index.
        let index = fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
        let line = index.lines().find(|l| l.starts_with("fe80")).unwrap();
        let index = u32::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
        assert!(
            left.addresses().iter().any(|a| matches!(
                &a.address,
                Address::V6 { addr, scope_id } if addr.segments()[0] == 0xfe80 && *scope_id == index
            )),
            "{left:#?}"
        );

        let mac = MacAddr::new([2, 0, 0, 0, 10, 11]);
        assert_eq!(left.mac_address(), Some(mac));
        let hardware = left.addresses().iter().find(|a| a.address.mac().is_some());
        let hardware = hardware.unwrap();
        let broadcast = hardware.broadcast.clone();
        assert_eq!(broadcast, Some(Address::Mac(MacAddr::BROADCAST)));
        assert_eq!((&hardware.netmask, &hardware.destination), (&None, &None));

        assert_eq!(
            left.net_and_mask().unwrap(),
            Some((Ipv4Addr::new(10, 1, 0, 0), Ipv4Addr::new(255, 255, 240, 0)))
        );
    }

    // Shows: parity/list-devices-address-netmask
    #[test]
    fn a_point_to_point_device_has_a_destination() {
        let Some(net) = Netns::new() else { return };
        net.ip("tuntap add dev tun0 mode tun".split(' '));
        net.ip("addr add 10.0.0.1 peer 10.0.0.2 dev tun0".split(' '));
        net.ip("link set tun0 up".split(' '));
        let tun = Device::find("tun0").unwrap();
        let address = address_of(&tun, Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(address.destination, Some(v4(10, 0, 0, 2)));
        assert_eq!(address.broadcast, None);
        assert_eq!(address.netmask, Some(v4(255, 255, 255, 255)));
        // It has no hardware address, not even an empty one.
        assert_eq!(tun.mac_address(), None);
        assert!(
            tun.addresses().iter().all(|a| a.address.ip().is_some()),
            "{tun:#?}"
        );
        assert_eq!(
            tun.net_and_mask().unwrap(),
            Some((Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::BROADCAST))
        );
    }

    /// A device with an odd name once made the whole list fail.
    // Shows: libpcap/device-odd-name-loses, parity/device-odd-name-loses
    #[test]
    fn one_odd_name_does_not_lose_the_list() {
        let Some(net) = Netns::new() else { return };
        let odd = OsStr::from_bytes(b"odd\xff\xfe");
        net.veth("left", odd);
        let names = names();
        for expected in ["left", "lo", "any", "odd\u{fffd}\u{fffd}"] {
            assert!(
                names.iter().any(|name| name == expected),
                "{expected}: {names:?}"
            );
        }
        // It is found and opened by its exact bytes, not by what is printed for them.
        let device = Device::find(odd).unwrap();
        assert_eq!(device.name(), "odd\u{fffd}\u{fffd}");
        assert_eq!(DeviceName::from(&device), DeviceName::from(odd));
        assert_eq!(Device::find(&device).unwrap(), device);
        assert!(Device::find("odd\u{fffd}\u{fffd}").is_err());
        assert_eq!(device.net_and_mask().unwrap(), None);
        net.ip(["addr", "add", "10.7.0.1/16", "dev"]
            .map(OsStr::new)
            .into_iter()
            .chain([odd]));
        let network = device.net_and_mask().unwrap();
        assert_eq!(
            network,
            Some((Ipv4Addr::new(10, 7, 0, 0), Ipv4Addr::new(255, 255, 0, 0)))
        );
    }

    /// A failure of `pcap_lookupnet` is no error: a device may have no network.
    // Shows: libpcap/lookupnet-fails-device-without, parity/network-number-netmask-device
    #[test]
    fn a_device_without_addresses_is_listed() {
        let Some(net) = Netns::new() else { return };
        net.veth("left", "right");
        net.ip("link set right down".split(' '));
        // Its peer is down, so it is up without a carrier.
        wait_until("the carrier is lost", || {
            !Device::find("left").unwrap().is_running()
        });
        let left = Device::find("left").unwrap();
        let right = Device::find("right").unwrap();
        assert!(left.is_up());
        assert_eq!(left.connection_status(), ConnectionStatus::Disconnected);
        assert!(!right.is_up() && !right.is_running());
        for device in [left, right] {
            assert!(device.mac_address().is_some());
            assert!(device.addresses().iter().all(|a| a.address.ip().is_none()));
            assert_eq!(device.net_and_mask().unwrap(), None);
        }
    }

    // Shows: parity/default-device, parity/windows-npcap-first-readable
    #[test]
    fn lo_and_any_are_there_and_are_what_they_are() {
        let Some(_net) = Netns::new() else { return };
        let lo = Device::find("lo").unwrap();
        assert!(lo.is_loopback() && lo.is_up() && lo.is_running());
        assert_eq!(lo.connection_status(), ConnectionStatus::NotApplicable);
        assert_eq!(lo.mac_address(), Some(MacAddr::ZERO));
        let netmask = address_of(&lo, Ipv4Addr::LOCALHOST).netmask;
        assert_eq!(netmask, Some(v4(255, 0, 0, 0)));
        assert_eq!(
            lo.net_and_mask().unwrap(),
            Some((Ipv4Addr::new(127, 0, 0, 0), Ipv4Addr::new(255, 0, 0, 0)))
        );
        let any = Device::find("any").unwrap();
        assert!(any.description().is_some() && any.addresses().is_empty());
        assert!(any.is_up() && any.is_running() && !any.is_loopback());
        assert_eq!(any.connection_status(), ConnectionStatus::NotApplicable);
        // Querying the network of any device is no error.
        for device in Device::list().unwrap() {
            let network = device.net_and_mask().unwrap();
            assert_eq!(network.is_some(), device == lo, "{device:#?}");
        }
    }

    #[test]
    fn ip_addresses_leave_hardware_addresses_out() {
        let Some(net) = Netns::new() else { return };
        net.veth("left", "right");
        assert_eq!(Device::find("left").unwrap().ip_addresses().count(), 0);
        for address in ["192.0.2.1/24", "192.0.2.7/24"] {
            net.ip(["addr", "add", address, "dev", "left"]);
        }
        let left = Device::find("left").unwrap();
        let found: Vec<IpAddr> = left.ip_addresses().collect();
        assert_eq!(found, [[192, 0, 2, 1], [192, 0, 2, 7]].map(IpAddr::from));
        assert!(left.addresses().len() > found.len());
    }

    #[test]
    fn devices_are_found_by_their_index() {
        let Some(net) = Netns::new() else { return };
        net.veth("left", "right");
        let shown = net.ip(["-o", "link", "show", "left"]);
        let index: u32 = shown.split(':').next().unwrap().parse().unwrap();
        let left = Device::from_index(index).unwrap();
        assert_eq!((left.name(), left.index()), ("left", Some(index)));
        assert_eq!(Device::find("any").unwrap().index(), None);
        let error = Device::from_index(9999).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
        assert_eq!(error.object(), Some("9999"));
        net.ip(["link", "del", "left"]);
        assert_eq!(left.index(), None);
    }

    #[test]
    fn addresses_can_be_made() {
        let mut made = DeviceAddress::new(Ipv4Addr::LOCALHOST);
        made.netmask = Some(Ipv4Addr::new(255, 0, 0, 0).into());
        let Some(_net) = Netns::new() else { return };
        let lo = Device::find("lo").unwrap();
        assert_eq!(address_of(&lo, Ipv4Addr::LOCALHOST), made);
        assert_eq!(Address::from(IpAddr::from([1, 2, 3, 4])), v4(1, 2, 3, 4));
        let v6 = Address::from(Ipv6Addr::LOCALHOST);
        assert_eq!(
            (v6.ip(), v6.to_string()),
            (Some(Ipv6Addr::LOCALHOST.into()), "::1".into())
        );
        assert_eq!(Address::from(MacAddr::ZERO).mac(), Some(MacAddr::ZERO));
    }

    // Shows: parity/default-device
    #[test]
    fn the_default_device_is_one_that_works() {
        let Some(net) = Netns::new() else { return };
        // Only `lo` and pseudo-devices.
        let alone = Device::default_device().unwrap();
        assert!(alone.is_up(), "{alone:#?}");
        net.veth("left", "right");
        net.ip("link set right down".split(' '));
        // One has no carrier, the other is down.
        assert!(Device::default_device().unwrap().is_up());
        net.ip("link set right up".split(' '));
        wait_until("there is a carrier", || {
            Device::find("left").unwrap().is_running()
        });
        let works = Device::default_device().unwrap();
        assert!(["left", "right"].contains(&works.name()), "{works:#?}");
    }

    /// `pcap_init` would disable `pcap_lookupdev` for other users of libpcap in the process.
    // Shows: libpcap/init-cannot-undone-unix
    #[test]
    fn other_users_of_libpcap_lose_nothing() {
        let Some(net) = Netns::new() else { return };
        net.veth("left", "right");
        assert!(!Device::list().unwrap().is_empty());
        let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
        // SAFETY: the buffer has the required size; nobody else calls this meanwhile.
        let name = unsafe { pcap_sys::pcap_lookupdev(errbuf.as_mut_ptr()) };
        assert!(!name.is_null());
    }

    #[test]
    fn a_device_that_is_gone_has_no_network() {
        let Some(net) = Netns::new() else { return };
        net.veth("left", "right");
        let left = Device::find("left").unwrap();
        net.ip("link del left".split(' '));
        let error = left.net_and_mask().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
        assert_eq!(error.object(), Some("left"));
        assert!(!names().contains(&"left".to_owned()));
    }

    #[test]
    fn listing_keeps_neither_descriptors_nor_memory() {
        // In its own process, whose descriptors and memory no other test changes.
        if !files::is_by_itself(listing_keeps_neither_descriptors_nor_memory) {
            return;
        }
        let Some(net) = Netns::new() else { return };
        for i in 0..8 {
            net.veth(&format!("left{i}"), &format!("right{i}"));
            net.ip([
                "addr",
                "add",
                &format!("10.{i}.0.1/24"),
                "dev",
                &format!("left{i}"),
            ]);
        }
        let ask = |times| {
            for _ in 0..times {
                let devices = Device::list().unwrap();
                assert!(devices.len() > 16);
                let _ = Device::find("nobody").unwrap_err();
                let _ = devices[0].net_and_mask().unwrap();
            }
        };
        ask(50);
        let (fds, memory) = (descriptors(), resident());
        ask(400);
        assert_eq!(descriptors(), fds);
        // 800 lists of 20 devices would be more than 5 MB.
        let grown = resident().saturating_sub(memory);
        assert!(grown < 2 << 20, "{grown} bytes more");
    }
}

#[test]
fn a_device_can_be_described() {
    let address = DeviceAddress::new(std::net::Ipv4Addr::LOCALHOST);
    let device = Device::new("made up")
        .unwrap()
        .with_description("by a test")
        .with_addresses([address.clone()])
        .with_raw_flags(pcap_core::sys::PCAP_IF_LOOPBACK as u32);
    assert_eq!(device.name(), "made up");
    assert_eq!(device.description(), Some("by a test"));
    assert_eq!(device.addresses(), [address]);
    assert!(device.is_loopback() && !device.is_up());
    assert_eq!(device.index(), None);
    let error = Device::new("a\0b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}
