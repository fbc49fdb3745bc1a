//! Queries about a device, and activations that fail: they change nothing on the device, block no other thread and
//! disturb no other process. In network namespaces.

use crate::support;
use crate::support::files;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Netns, own_descriptors};
use pcap_core::os::linux::CaptureExt;
use pcap_core::{Capture, Direction, Dlt, Error, ErrorKind, Inactive, TstampType};

/// Returns whether this kernel has the netfilter devices.
fn has(device: &str) -> bool {
    match Capture::from_device(device).activate() {
        Ok(_) => true,
        Err(error) => {
            let test = thread::current().name().unwrap_or("a test").to_owned();
            eprintln!("{test}: skipped for {device}, which this kernel does not have: {error}");
            false
        }
    }
}

/// Returns options for a netfilter device whose activation fails, each because of another option.
fn refused(device: &str) -> Vec<(&'static str, Capture<Inactive>)> {
    let device = || Capture::from_device(device);
    let other = pcap_core::CompileOptions::new()
        .compile(Dlt::EN10MB, "ip")
        .unwrap();
    vec![
        ("tstamp_type", device().tstamp_type(TstampType::ADAPTER)),
        ("rfmon", device().rfmon(true)),
        ("snaplen", device().snaplen(1 << 30)),
        ("filter", device().filter("bad bad")),
        ("compiled filter", device().filter(&other)),
        ("datalink", device().datalink(Dlt::EN10MB)),
        ("direction", device().direction(Direction::In)),
        ("qdisc_bypass", device().qdisc_bypass(true)),
    ]
}

/// Makes each query about a device.
fn ask(device: &str) {
    Capture::from_device(device).tstamp_types().unwrap();
    assert!(!Capture::from_device(device).can_set_rfmon().unwrap());
}

// Shows: libpcap/handle-created-activated-list
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn questions_from_many_threads_end() {
    const COUNT: u32 = 1500;
    own_descriptors();
    let Some(_net) = Netns::new() else { return };
    let activates = has("nflog");
    let done = &AtomicU32::new(0);
    thread::scope(|scope| {
        for which in 0..4 {
            scope.spawn(move || {
                for number in 0..COUNT {
                    let device = format!("nflog:{}", which * COUNT + number);
                    match (number % 4, activates) {
                        (0 | 1, _) => ask(&device),
                        (2, true) => {
                            drop(Capture::from_device(device.as_str()).activate().unwrap())
                        }
                        _ => {
                            for (option, capture) in refused(&device) {
                                assert!(capture.activate().is_err(), "{option}");
                            }
                        }
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // A query that hangs would hang the test: the process exits and prints which one.
        let mut last = (0, Instant::now());
        while done.load(Ordering::Relaxed) < 4 * COUNT {
            thread::sleep(Duration::from_millis(10));
            let now = done.load(Ordering::Relaxed);
            if now > last.0 {
                last = (now, Instant::now());
            }
            if last.1.elapsed() > Duration::from_secs(60) {
                eprintln!("{now} of {} done, and no progress for a minute", 4 * COUNT);
                std::process::abort();
            }
        }
    });
}

/// Ends with the test.
struct Asking(Child);

impl Drop for Asking {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Another process continuously queries the device and fails to activate it.
// Shows: libpcap/handle-created-activated-list
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn questions_disturb_no_other_process() {
    if files::in_child() {
        for round in 0.. {
            if round == 1 {
                println!("asking");
            }
            for device in ["nflog:5", "nfqueue:5"] {
                ask(device);
                for (option, capture) in refused(device) {
                    assert!(capture.activate().is_err(), "{option}");
                }
            }
        }
    }
    own_descriptors();
    let Some(_net) = Netns::new() else { return };
    let there: Vec<_> = ["nflog:5", "nfqueue:5"]
        .into_iter()
        .filter(|device| has(device))
        .collect();
    let mut child = files::child(questions_disturb_no_other_process);
    let mut asking = Asking(child.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(asking.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("asking")));
    for _ in 0..1000 {
        for device in &there {
            let activated = Capture::from_device(*device).activate();
            assert!(activated.is_ok(), "{device}: {activated:?}");
        }
    }
    assert!(asking.0.try_wait().unwrap().is_none(), "it failed");
}

/// An option that only an open device rejects gives the same error before the device is opened.
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn netfilter_refusals_come_before_opening() {
    own_descriptors();
    let Some(_net) = Netns::new() else { return };
    let unsupported = ErrorKind::Unsupported;
    let expected = [
        ("tstamp_type", ErrorKind::InvalidOption),
        ("rfmon", ErrorKind::RfmonNotSupported),
        ("snaplen", ErrorKind::InvalidOption),
        ("filter", ErrorKind::FilterSyntax),
        ("compiled filter", ErrorKind::LinktypeMismatch),
        ("datalink", ErrorKind::Other),
        ("direction", unsupported),
        ("qdisc_bypass", unsupported),
    ];
    for device in ["nflog:5", "nfqueue", "nfqueue:1,2"] {
        let open = Capture::from_device(device).activate().ok();
        for ((option, capture), (name, kind)) in refused(device).into_iter().zip(expected) {
            assert_eq!(option, name);
            let error: Error = capture.activate().unwrap_err();
            assert_eq!(error.kind(), kind, "{device}, {option}: {error}");
        }
        // Setting it on the open device fails with the same kind.
        let Some(mut open) = open else { continue };
        let error = open.set_datalink(Dlt::EN10MB).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other, "{error}");
        let error = open.set_direction(Direction::In).unwrap_err();
        assert_eq!(error.kind(), unsupported, "{error}");
        let error = open.set_filter("bad bad").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
    }
    // A supported option is accepted.
    if has("nflog") {
        let capture = Capture::from_device("nflog")
            .filter("ip")
            .datalink(Dlt::IPV4);
        capture.activate().unwrap();
    }
}

/// No packet socket is created, which another process could see.
// Shows: libpcap/handle-created-activated-list
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn questions_open_nothing_on_an_interface() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let over = &AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let watching = scope.spawn(move || {
            let mut seen = 0;
            while !over.load(Ordering::Relaxed) {
                let sockets = fs::read_to_string("/proc/thread-self/net/packet").unwrap();
                seen += usize::from(sockets.lines().count() > 1);
            }
            seen
        });
        for _ in 0..100 {
            for device in ["left", "any", "lo"] {
                ask(device);
                let device = || Capture::from_device(device);
                let failed = device().tstamp_type(TstampType::new(77)).activate();
                assert_eq!(failed.unwrap_err().kind(), ErrorKind::InvalidOption);
                let failed = device().promisc(true).rfmon(true).activate();
                assert_eq!(failed.unwrap_err().kind(), ErrorKind::RfmonNotSupported);
            }
        }
        over.store(true, Ordering::Relaxed);
        watching.join().unwrap()
    });
    assert_eq!(seen, 0);
}

/// libpcap sets promiscuous mode when it activates a handle, before a filter can be set.
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn a_failure_leaves_promiscuous_mode_off() {
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let mut monitor = std::process::Command::new("ip")
        .args(["-d", "monitor", "link"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
    let _monitor = Asking(monitor);
    let (said, lines_said) = std::sync::mpsc::channel();
    thread::spawn(move || lines.for_each(|line| drop(said.send(line.unwrap()))));
    let mut ends = 0;
    let mut promiscuity = || {
        let mut highest = None;
        // The last event: all earlier ones are reported before it.
        ends += 1;
        let (end, other) = (format!("end{ends}"), format!("other{ends}"));
        net.veth(&end, &other);
        loop {
            let line = lines_said.recv_timeout(Duration::from_secs(60)).unwrap();
            if line.contains(&format!(": {end}@")) {
                break;
            }
            let after = line.split("promiscuity ").nth(1);
            highest = highest
                .max(after.and_then(|text| text.split(' ').next().unwrap().parse::<u32>().ok()));
        }
        highest.unwrap_or(0)
    };
    // Until the monitor listens.
    support::wait_until("the monitor listens", || {
        net.ip(["link", "set", "left", "mtu", "1400"]);
        net.ip(["link", "set", "left", "mtu", "1500"]);
        lines_said.try_recv().is_ok()
    });
    promiscuity();

    let device = || Capture::from_device("left").promisc(true);
    let raw = pcap_core::Filter::compile(Dlt::RAW, "ip").unwrap();
    let refused = [
        device().filter("((("),
        device().filter(&raw),
        device().datalink(Dlt::RAW),
    ];
    for capture in refused {
        capture.activate().unwrap_err();
        assert_eq!(promiscuity(), 0, "{capture:?}");
    }
    // An expression that only an open device compiles.
    drop(device().filter("inbound").activate().unwrap());
    assert_eq!(promiscuity(), 1);
    drop(device().filter("ip").activate().unwrap());
    assert_eq!(promiscuity(), 1);
}
