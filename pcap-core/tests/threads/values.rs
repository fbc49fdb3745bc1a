//! What may be used from several threads, and the results there.

use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{
    AnyCapture, BreakHandle, Capture, CompileOptions, CookedHeader, Dead, Device, DeviceName, Dlt,
    Done, Dumper, Error, Filter, FilterSource, Inactive, IntoPackets, Next, Offline, Packet,
    PacketOwned, Packets, SendQueue, Stats, Timestamp, Unsent, Version, Warning,
};

/// The table of the guide. Examples there that must not compile show what is not `Sync`.
// Shows: libpcap/handle-used-thread-time
#[test]
fn what_the_guide_says_is_send_and_sync_is() {
    fn both<T: Send + Sync>() {}
    fn send<T: Send>() {}
    both::<Capture<Inactive>>();
    both::<Filter>();
    both::<BreakHandle>();
    #[cfg(target_os = "linux")]
    both::<pcap_core::os::linux::Sender>();
    both::<SendQueue>();
    both::<Packet<'static>>();
    both::<PacketOwned>();
    both::<Device>();
    both::<Error>();
    both::<Unsent>();
    both::<Warning>();
    both::<Stats>();
    both::<Timestamp>();
    send::<Capture<pcap_core::Active>>();
    send::<Capture<Offline>>();
    send::<Capture<Dead>>();
    send::<AnyCapture>();
    send::<Dumper>();
}

#[test]
fn the_other_types_are_send_and_sync_too() {
    fn both<T: Send + Sync>() {}
    fn send<T: Send>() {}
    both::<CompileOptions>();
    both::<CookedHeader<'static>>();
    both::<DeviceName>();
    both::<Done>();
    both::<FilterSource<'static>>();
    both::<Next<PacketOwned>>();
    both::<Version>();
    send::<Packets<'static, Offline>>();
    send::<IntoPackets<pcap_core::Active>>();
    #[cfg(target_os = "linux")]
    {
        both::<pcap_core::os::linux::Fanout>();
        send::<pcap_core::os::linux::FanoutGroup>();
        both::<pcap_core::os::linux::FanoutOutcome<u8>>();
    }
    #[cfg(feature = "remote")]
    {
        both::<pcap_core::remote::Auth>();
        both::<pcap_core::remote::Options>();
        both::<pcap_core::remote::Source>();
        send::<Capture<pcap_core::Remote>>();
    }
}

/// Returns an Ethernet frame with a UDP packet from one port to another.
fn udp(source: u16, destination: u16, last: u8) -> Vec<u8> {
    let mut frame = vec![0; 60];
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[23] = 17;
    frame[26..30].copy_from_slice(&[10, 0, 0, 1]);
    frame[30..34].copy_from_slice(&[10, 0, 0, last]);
    frame[34..36].copy_from_slice(&source.to_be_bytes());
    frame[36..38].copy_from_slice(&destination.to_be_bytes());
    frame
}

/// Different expressions at the same time, short and long, valid and invalid, with names that are resolved, optimized
/// or not, with a device and without: each filter accepts the right packets.
// Shows: libpcap/compiling-thread-safe-since
#[test]
fn sixteen_threads_compile_for_seconds() {
    let end = Instant::now() + Duration::from_secs(3);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..16_u32)
            .map(|which| {
                scope.spawn(move || {
                    let mut count = 0;
                    let dead = Capture::dead(Dlt::EN10MB).unwrap();
                    loop {
                        let mixed = which.wrapping_mul(7919).wrapping_add(count * 31);
                        round(&dead, mixed);
                        count += 1;
                        if Instant::now() >= end {
                            break;
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
    });
}

fn round(dead: &Capture<Dead>, number: u32) {
    let options = CompileOptions::new().optimize(number % 2 == 0);
    let compile = |expression: &str| match number % 3 {
        0 => options.compile_for(dead, expression),
        _ => options.compile(Dlt::EN10MB, expression),
    };
    let port = (number % 60_000) as u16 + 1;
    let last = (number % 250) as u8 + 1;

    let filter = compile(&format!("udp dst port {port} and dst host 10.0.0.{last}")).unwrap();
    assert!(filter.matches(&udp(1, port, last)));
    assert!(!filter.matches(&udp(port, port + 1, last)));
    assert!(!filter.matches(&udp(1, port, last + 1)));

    let hosts: Vec<String> = (0..number % 40)
        .map(|n| format!("host 10.0.1.{n}"))
        .collect();
    let long = format!("({} or udp) and not src port {port}", hosts.join(" or "));
    let long = long.replace("( or ", "(");
    let filter = compile(&long).unwrap();
    assert!(filter.matches(&udp(port + 1, port, last)), "{long}");
    assert!(!filter.matches(&udp(port, 1, last)), "{long}");

    // Names, which the C library resolves.
    let filter = compile("ip proto \\udp and dst port domain").unwrap();
    assert!(filter.matches(&udp(port, 53, last)));
    assert!(!filter.matches(&udp(53, 54, last)));

    // An error is that of this expression, not of another thread's.
    let wrong = format!("udp port {port} nosuchword{number}");
    let error = compile(&wrong).unwrap_err();
    assert_eq!(error.object(), Some(wrong.as_str()));
    assert!(error.text().contains("syntax error"), "{error}");
    let error = compile(&format!("port {}", 65_536 + number)).unwrap_err();
    assert!(
        error.text().contains(&(65_536 + number).to_string()),
        "{error}"
    );
}

#[test]
fn one_filter_is_run_by_many_threads() {
    let filter = Filter::compile(Dlt::EN10MB, "udp dst port 7").unwrap();
    thread::scope(|scope| {
        for which in 0..8 {
            let filter = &filter;
            scope.spawn(move || {
                for number in 0..20_000_u16 {
                    let port = number % 14;
                    assert_eq!(filter.matches(&udp(which, port, 1)), port == 7);
                }
            });
        }
    });
}
