//! Filters that the kernel rejects, or has no room for.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use pcap_core::{Active, Capture, Dlt, End, ErrorKind, Filter, FilterLocation, Stop, WarningKind};

use super::{MANY, datagram, frame, inject, modes, on, options, rest};
use crate::support::Netns;
use crate::support::files;
use crate::support::refused::{apart, refuse};

/// With little memory for filters, the process runs them, on whole packets.
// Shows: libpcap/filter-kernel-evaluate-outbound, libpcap/filter-runs-process-sees
#[test]
fn filters_without_room_run_here() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    net.sysctl("net/core/optmem_max", "20480");
    let left = on("left").activate().unwrap();
    let hosts = (0..1000_u32).map(|n| Ipv4Addr::from(0xc000_0200 + 7 * n));
    let long = Filter::any_of(Dlt::EN10MB, hosts).unwrap();
    for (immediate, snaplen) in modes() {
        let mut capture = options("right", immediate, snaplen)
            .filter(&long)
            .activate()
            .unwrap();
        assert_eq!(capture.filter_location(), Some(FilterLocation::UserSpace));
        let from = |host: [u8; 4]| {
            let mut frame = datagram(53);
            frame[26..30].copy_from_slice(&host);
            frame
        };
        inject(&left, (0..MANY).map(|_| from([192, 0, 2, 7])));
        inject(&left, (0..MANY).map(|_| from([192, 0, 2, 6])));
        let packets = rest(&mut capture);
        assert_eq!(
            packets.len() as u32,
            MANY,
            "immediate {immediate} snaplen {snaplen}"
        );
        let longest = if snaplen == 0 { 60 } else { snaplen };
        assert!(
            packets
                .iter()
                .all(|p| p.caplen() == longest && p.wire_len() == 60)
        );
    }
    // Two programs that fit, but not both at once.
    let of_hosts = |count: u32| {
        let hosts = (0..count).map(|n| Ipv4Addr::from(0xc000_0200 + 7 * n));
        Filter::any_of(Dlt::EN10MB, hosts).unwrap()
    };
    let mut capture = on("right").activate().unwrap();
    let mut fits = |filter: &Filter| {
        capture.set_filter("").unwrap();
        capture.set_filter(filter).unwrap();
        capture.filter_location() == Some(FilterLocation::Kernel)
    };
    let filters = (1..20).map(|n| of_hosts(50 * n));
    let most = filters.take_while(&mut fits).last().unwrap();
    for _ in 0..3 {
        capture.set_filter(&most).unwrap();
        assert_eq!(capture.filter_location(), Some(FilterLocation::Kernel));
    }
    // Another socket shows that it fits. Without one, this process runs the filter.
    let location = apart(|| {
        let netlink = [(0, libc::AF_NETLINK as u32)];
        refuse(libc::SYS_socket, &netlink, libc::EACCES);
        capture.set_filter(&most).unwrap();
        capture.filter_location()
    });
    // C libraries of 32 bits may create sockets with another system call.
    if cfg!(target_pointer_width = "64") {
        assert_eq!(location, Some(FilterLocation::UserSpace));
    }
    capture.set_filter("").unwrap();
    capture.set_filter(&most).unwrap();
    // And one that only the kernel can evaluate.
    net.sysctl("net/core/optmem_max", "4096");
    let expression = long_outbound();
    let error = on("right")
        .filter(expression.as_str())
        .activate()
        .unwrap_err();
    assert!(error.to_string().contains("optmem_max"), "{error}");
    let error = capture.set_filter(expression.as_str()).unwrap_err();
    assert!(error.to_string().contains("only the kernel"), "{error}");
    assert_eq!(capture.filter_location(), Some(FilterLocation::Kernel));
    let options = on("right").filter(expression.as_str());
    let capture = options.activate_best_effort().unwrap();
    assert_eq!(capture.warnings()[0].kind(), WarningKind::OptionSkipped);
    assert_eq!(capture.filter_location(), None);
}

/// Returns a filter that only the kernel can evaluate, too long for little memory.
fn long_outbound() -> String {
    let many: Vec<_> = (0..240).map(|n| format!("host 192.0.2.{n}")).collect();
    format!("outbound and ({})", many.join(" or "))
}

#[test]
fn a_filter_that_is_refused_leaves_the_former() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    net.sysctl("net/core/optmem_max", "4096");
    let short = |immediate| {
        let options = options("right", immediate, 30);
        options.filter("udp port 53").activate().unwrap()
    };
    let foreign = || {
        let (raw, _) = short(false).into_raw();
        // SAFETY: an activated handle without another owner.
        unsafe { Capture::<Active>::from_raw(raw) }.unwrap()
    };
    let refused = long_outbound();
    // Could run in the process if it saw more of each packet.
    let cut = refused.replace("outbound", "ip");
    for (case, filter) in [&refused, &refused, &cut, &refused].into_iter().enumerate() {
        let mut capture = match case {
            0 => short(false),
            3 => foreign(),
            _ => short(true),
        };
        capture.set_filter(filter.as_str()).unwrap_err();
        inject(&left, (0..MANY).map(|n| frame(n, 70)));
        inject(&left, (0..MANY).map(|_| datagram(53)));
        let lengths: Vec<_> = rest(&mut capture).iter().map(|p| p.wire_len()).collect();
        assert!(lengths == [60; MANY as usize], "case {case}");
    }
}

/// Called by the test below, in its own process.
#[test]
fn filters_that_the_kernel_refuses() {
    if !files::in_child() {
        return;
    }
    let net = Netns::new().expect("root");
    net.veth("left", "right");
    net.sysctl("net/core/optmem_max", "4096");
    let hosts = (0..1000_u32).map(|n| Ipv4Addr::from(0xc000_0200 + 7 * n));
    let long = Filter::any_of(Dlt::EN10MB, hosts).unwrap();
    let mut right = on("right").filter(&long).activate().unwrap();
    right.set_filter("(1 << ether[14]) = 2").unwrap();
    right.set_filter(&long).unwrap();
    let many: Vec<_> = (0..200).map(|n| format!("host 192.0.2.{n}")).collect();
    let expression = format!("outbound and ({})", many.join(" or "));
    right.set_filter(expression.as_str()).unwrap_err();
}

// Shows: libpcap/setfilter-loses-packets-exchanges
#[test]
fn libpcap_prints_nothing_to_stderr() {
    let Some(_net) = Netns::new() else { return };
    let output = files::child(filters_that_the_kernel_refuses)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_locked_filter_is_an_error() {
    use pcap_core::os::linux::SocketFilterExt;
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut right = on("right").activate().unwrap();
    right.fileno().unwrap().lock_filter().unwrap();
    let error = right.set_filter("ip").unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Io(std::io::ErrorKind::PermissionDenied)
    );
    inject(&left, (0..10).map(|n| frame(n, 60)));
    // Packets that have arrived can still be read to the end.
    right.stop().unwrap();
    thread::sleep(Duration::from_millis(50));
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (10, Stop::End(End::Eof)));
}
