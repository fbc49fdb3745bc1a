//! D-Bus, for which libpcap itself waits: breaks, deadlines, and calls that must not wait. On private buses.

use std::ffi::CString;
use std::io::{BufRead, BufReader, Read as _};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::ptr::NonNull;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{
    Active, Capture, Dlt, End, ErrorKind, Filter, FilterLocation, Insn, Next, Packet, PacketBatch,
    Stop, TstampType, Warning, WarningKind,
};
use tempfile::TempDir;

use crate::support::files;

/// Ten times as long as libpcap needs to notice a break: it checks ten times a second.
const BRIEFLY: Duration = Duration::from_secs(1);

/// A private bus without clients.
struct Bus {
    daemon: Child,
    address: String,
    /// Contains the socket, which the daemon leaves when it is killed.
    _folder: TempDir,
}

impl Bus {
    fn new() -> Option<Bus> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address", "--nopidfile"]);
        command.arg(format!("--address=unix:dir={}", folder.path().display()));
        let mut daemon = match command.stdout(Stdio::piped()).spawn() {
            Ok(daemon) => daemon,
            Err(error) => {
                skipped(&format!("there is no dbus-daemon: {error}"));
                return None;
            }
        };
        let mut address = String::new();
        let mut output = BufReader::new(daemon.stdout.take().unwrap());
        output.read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        Some(Bus {
            daemon,
            address,
            _folder: folder,
        })
    }

    /// Calls the bus, which causes at least two messages.
    fn call(&self) {
        let bus = format!("--bus={}", self.address);
        let status = Command::new("dbus-send")
            .args([&bus, "--print-reply", "--dest=org.freedesktop.DBus", "/"])
            .arg("org.freedesktop.DBus.GetId")
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("dbus-send").success());
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn skipped(why: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("{test}: skipped, {why}");
}

/// Returns a capture on a bus whose first messages have been read. Prints a message and returns `None` if there is no
/// such bus, or libpcap does not support D-Bus.
fn quiet(timeout: Duration) -> Option<(Capture<Active>, Bus)> {
    let bus = Bus::new()?;
    let device = format!("dbus://{}", bus.address);
    let options = Capture::from_device(device).timeout(timeout);
    // A device without a list of timestamp types has those of the host.
    let capture = options.tstamp_type(TstampType::HOST).activate();
    let mut capture = match capture {
        Ok(capture) => capture,
        Err(error) if error.kind() == ErrorKind::NoSuchDevice => {
            skipped(&format!("this libpcap has no D-Bus: {error}"));
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(capture.datalink(), Dlt::DBUS);
    let kinds: Vec<_> = capture.warnings().iter().map(|w| w.kind()).collect();
    assert_eq!(kinds, [WarningKind::OnlyBlocking]);
    // The bus's messages about the capture itself.
    while !matches!(
        capture.next_packet_timeout(BRIEFLY / 2).unwrap(),
        Next::Timeout
    ) {}
    Some((capture, bus))
}

const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_break_ends_a_wait() {
    let Some((mut capture, _bus)) = quiet(LONG) else {
        return;
    };
    type Read = fn(&mut Capture<Active>) -> Option<Stop>;
    let reads: [Read; 6] = [
        |capture| {
            assert!(!capture.read_batch(&mut PacketBatch::new()).unwrap());
            capture.ended().map(Stop::End)
        },
        |capture| {
            assert!(capture.next_packet().unwrap().is_none());
            capture.ended().map(Stop::End)
        },
        |capture| {
            let next = capture.next_packet_timeout(LONG);
            assert_eq!(next.unwrap(), Next::End(End::Break));
            capture.ended().map(Stop::End)
        },
        |capture| Some(capture.for_each(|_| ()).unwrap().stop()),
        |capture| Some(capture.dispatch_up_to(9, |_| ()).unwrap().stop()),
        |capture| {
            assert!(capture.packets().next().is_none());
            capture.ended().map(Stop::End)
        },
    ];
    for read in reads {
        let handle = capture.break_handle();
        let asked = thread::spawn(move || {
            thread::sleep(Duration::from_millis(250));
            let now = Instant::now();
            handle.breakloop();
            now
        });
        assert_eq!(read(&mut capture), Some(Stop::End(End::Break)));
        let took = asked.join().unwrap().elapsed();
        assert!(took < BRIEFLY, "{took:?}");
        // Before a read.
        capture.break_handle().breakloop();
        assert_eq!(read(&mut capture), Some(Stop::End(End::Break)));
    }
    // No break remains.
    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
}

// Shows: libpcap/d-bus-captures-refuse
#[test]
fn a_deadline_holds() {
    let Some((mut capture, bus)) = quiet(LONG) else {
        return;
    };
    for millis in [0, 1, 50, 300, 1100] {
        let time = Duration::from_millis(millis);
        let start = Instant::now();
        assert_eq!(capture.next_packet_timeout(time).unwrap(), Next::Timeout);
        let took = start.elapsed();
        assert!(took >= time && took < time + BRIEFLY, "{time:?}: {took:?}");
    }
    // A message that arrives in time is returned.
    let calling = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        bus.call();
        bus
    });
    let next = capture.next_packet_timeout(LONG).unwrap();
    assert!(matches!(next, Next::Packet(_)), "{next:?}");
    drop(calling.join().unwrap());
}

// Shows: libpcap/d-bus-captures-refuse
#[test]
fn a_read_that_is_not_to_wait_does_not() {
    let Some((mut capture, bus)) = quiet(LONG) else {
        return;
    };
    assert!(!capture.is_nonblock());
    capture.set_nonblock(true);
    assert!(capture.is_nonblock());
    let start = Instant::now();
    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    let done = capture.dispatch(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
    assert!(start.elapsed() < 2 * BRIEFLY, "{:?}", start.elapsed());
    // A message that is there is returned.
    bus.call();
    let (mut packets, start) = (0, Instant::now());
    while packets < 2 {
        packets += capture.dispatch(|_| ()).unwrap().packets();
        assert!(start.elapsed() < 10 * BRIEFLY, "{packets}");
    }
    bus.call();
    while !matches!(capture.try_next_packet().unwrap(), Next::Packet(_)) {
        assert!(start.elapsed() < 20 * BRIEFLY);
    }
}

/// libpcap returns one message with each read, and waits in the next one.
// Shows: libpcap/d-bus-captures-refuse
#[test]
fn dispatch_returns_with_what_is_there() {
    let Some((mut capture, bus)) = quiet(LONG) else {
        return;
    };
    bus.call();
    let start = Instant::now();
    let done = capture.dispatch_up_to(10, |_| ()).unwrap();
    assert!(done.packets() > 0 && done.stop() == Stop::Empty, "{done:?}");
    assert!(start.elapsed() < BRIEFLY, "{:?}", start.elapsed());
    // Up to the maximum.
    let done = capture.dispatch_up_to(1, |_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (1, Stop::Count));
}

/// After one message, libpcap would wait a tenth of a second for another.
#[test]
fn a_batch_contains_one_message() {
    let Some((mut capture, bus)) = quiet(LONG) else {
        return;
    };
    bus.call();
    let mut batch = PacketBatch::new();
    for _ in 0..2 {
        assert!(capture.read_batch(&mut batch).unwrap());
        assert_eq!(batch.len(), 1);
    }
}

/// In blocking mode `dispatch` waits for the packet-buffer timeout.
#[test]
fn dispatch_waits_for_the_timeout() {
    for millis in [1, 400] {
        let time = Duration::from_millis(millis);
        let Some((mut capture, _bus)) = quiet(time) else {
            return;
        };
        let start = Instant::now();
        let done = capture.dispatch(|_| ()).unwrap();
        assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
        let took = start.elapsed();
        assert!(took >= time && took < time + BRIEFLY, "{took:?}");
    }
}

/// libpcap would run a long filter in a read that ends only when a message passes.
#[test]
fn a_long_filter_runs_here() {
    let Some((mut capture, bus)) = quiet(LONG) else {
        return;
    };
    let none: Vec<_> = (0..4500)
        .map(|n| format!("len = {}", 1_000_000 + 2 * n))
        .collect();
    let none = Filter::compile(Dlt::DBUS, &none.join(" or ")).unwrap();
    assert!(none.instructions().len() > 4096);
    capture.set_filter(&none).unwrap();
    assert_eq!(capture.filter_location(), Some(FilterLocation::UserSpace));
    bus.call();
    assert_eq!(capture.next_packet_timeout(BRIEFLY).unwrap(), Next::Timeout);
    capture.set_filter("").unwrap();
    bus.call();
    assert!(capture.next_packet().unwrap().is_some());
    let short = [Insn::new(0x06, 0, 0, 0)];
    let short = Filter::from_instructions(Dlt::DBUS, &short).unwrap();
    capture.set_filter(&short).unwrap();
    assert_eq!(capture.filter_location(), Some(FilterLocation::Libpcap));
}

/// Such a handle has no packet socket.
#[test]
fn a_handle_of_other_code_is_taken_over() {
    let Some((capture, bus)) = quiet(LONG) else {
        return;
    };
    drop(capture);
    let device = CString::new(format!("dbus://{}", bus.address)).unwrap();
    let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: a C string, and a buffer of the size that libpcap requires.
    let pcap = unsafe { pcap_sys::pcap_create(device.as_ptr(), errbuf.as_mut_ptr()) };
    let pcap = NonNull::new(pcap).unwrap();
    // SAFETY: a new handle.
    assert_eq!(unsafe { pcap_sys::pcap_activate(pcap.as_ptr()) }, 0);
    // SAFETY: activated, and nothing else uses it.
    let mut capture = unsafe { Capture::<Active>::from_raw(pcap) }.unwrap();
    assert_eq!(capture.datalink(), Dlt::DBUS);
    assert!(capture.fileno().is_none());
    bus.call();
    assert!(capture.next_packet().unwrap().is_some());
}

/// Breaks, deadlines and non-blocking reads in any order neither lose nor repeat a message.
// Shows: libpcap/d-bus-captures-refuse
#[test]
fn each_message_comes_once() {
    let Some((mut capture, bus)) = quiet(Duration::from_millis(1)) else {
        return;
    };
    const COUNT: usize = 40;
    let handle = capture.break_handle();
    let sending = thread::spawn(move || {
        for number in 0..COUNT {
            let name = format!("com.example.test.number{number}");
            let status = Command::new("dbus-send")
                .args([&format!("--bus={}", bus.address), "--type=signal", "/"])
                .arg(name)
                .status();
            assert!(status.expect("dbus-send").success());
            if number % 7 == 0 {
                handle.breakloop();
            }
        }
        bus
    });
    let mut numbers = Vec::new();
    let mut keep = |data: &[u8]| {
        let text = String::from_utf8_lossy(data).into_owned();
        if let Some((_, rest)) = text.split_once("number") {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            numbers.push(digits.parse::<usize>().unwrap());
        }
        numbers.len()
    };
    let start = Instant::now();
    let mut count = 0;
    for turn in 0.. {
        if count >= COUNT {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{count}");
        let mut one = |next: Next<Packet<'_>>| {
            if let Next::Packet(packet) = next {
                count = keep(packet.data());
            }
        };
        match turn % 4 {
            0 => one(capture.try_next_packet().unwrap()),
            1 => one(capture
                .next_packet_timeout(Duration::from_millis(30))
                .unwrap()),
            2 => {
                capture.set_nonblock(turn % 8 == 2);
                let done = capture.dispatch_up_to(3, |packet| one(Next::Packet(packet)));
                done.unwrap();
            }
            _ => {
                let done = capture.for_each_up_to(1, |packet| one(Next::Packet(packet)));
                done.unwrap();
            }
        }
    }
    drop(sending.join().unwrap());
    assert!(numbers.into_iter().eq(0..COUNT));
}

/// Returns a capture on the bus. Prints a message and returns `None` if libpcap does not support D-Bus.
fn d_bus() -> Option<Capture<Active>> {
    match Capture::from_device("dbus-session").activate() {
        Ok(capture) => Some(capture),
        Err(error) if error.kind() == ErrorKind::NoSuchDevice => {
            println!("this libpcap has no D-Bus: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Runs a test in a process with this session bus. `watch` gets the daemon and the test's output, and returns what it
/// has read of it.
fn on_a_bus(
    test: impl FnOnce(),
    watch: impl FnOnce(&mut Bus, &mut BufReader<ChildStdout>) -> String,
) {
    let Some(mut bus) = Bus::new() else { return };
    let name = files::test_name(&test);
    let mut child = files::child(test);
    child.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = watch(&mut bus, &mut output);
    output.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    if said.contains("has no D-Bus") {
        eprintln!("{name}: skipped, {said}");
        return;
    }
    assert!(said.contains("all is well"), "{said}");
}

#[test]
fn a_missing_bus_is_a_device_not_up() {
    if files::in_child() {
        let error = Capture::from_device("dbus-session").activate();
        let error = error.unwrap_err();
        // If libpcap does not support D-Bus, there is no such device.
        let kinds = [ErrorKind::InterfaceNotUp, ErrorKind::NoSuchDevice];
        assert!(kinds.contains(&error.kind()), "{error}");
        println!("all is well");
        return;
    }
    let mut child = files::child(a_missing_bus_is_a_device_not_up);
    child.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/no/such/socket");
    let said = files::run(&mut child);
    assert!(said.contains("all is well"), "{said}");
}

// Shows: parity/go-without-filter-fails
#[test]
fn a_blocking_only_device_warns() {
    if files::in_child() {
        let Some(capture) = d_bus() else { return };
        let kinds: Vec<_> = capture.warnings().iter().map(Warning::kind).collect();
        assert_eq!(kinds, [WarningKind::OnlyBlocking]);
        let text = capture.warnings()[0].text();
        assert!(!text.is_empty());
        assert_eq!(capture.selectable_fd().map(|fd| fd.as_raw_fd()), None);
        println!("all is well");
        return;
    }
    on_a_bus(a_blocking_only_device_warns, |_, _| String::new());
}

/// The read fails with an error other than that of a removed device.
// Shows: libpcap/after-session-bus-ended
#[test]
fn a_bus_that_ends_is_an_error_of_each_read() {
    if files::in_child() {
        let Some(mut capture) = d_bus() else { return };
        println!("it captures");
        let error = loop {
            match capture.next_packet() {
                Ok(packet) => assert!(packet.is_some()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Other, "{error}");
        assert_eq!(error.operation(), Some("read from"));
        assert_eq!(error.object(), Some("dbus-session"));
        for _ in 0..3 {
            assert_eq!(
                capture.next_packet().unwrap_err().to_string(),
                error.to_string()
            );
        }
        println!("all is well");
        return;
    }
    on_a_bus(a_bus_that_ends_is_an_error_of_each_read, |bus, output| {
        let mut line = String::new();
        while !line.contains("it captures") && !line.contains("has no D-Bus") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0);
        }
        bus.daemon.kill().unwrap();
        line
    });
}
