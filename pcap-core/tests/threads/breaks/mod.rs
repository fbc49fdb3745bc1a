//! Breaks from several threads and from signal handlers, at random moments, while a capture does everything else:
//! reading with every call, changing the mode and the filter, opening, closing, and sending.
//!
//! Each break ends a read, and several before a read end one; no read ends without a break; each packet comes once.
//! Each test runs for `BREAK_STRESS_SECONDS` (default two), with the seed `BREAK_STRESS_SEED` or one that it prints.

mod captures;
mod savefiles;
mod senders;
mod signals;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pcap_core::{
    Active, BreakHandle, Capture, Direction, Done, End, ErrorKind, Next, Packet, Readable, Stop,
};

use crate::support::Netns;
use crate::support::random::Random;

/// How long a step may take before the process is ended. Opening and closing wait for the kernel several times
/// (`synchronize_rcu`), for seconds each if programs with a higher priority use all processors.
const HANGS: Duration = Duration::from_secs(300);

/// The duration of a test, its random numbers, and its watchdog.
struct Run {
    end: Instant,
    seed: u64,
    steps: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Run {
    fn new() -> Run {
        let number = |name| std::env::var(name).ok().map(|n| n.parse::<u64>());
        let number = |name| number(name).map(|n| n.unwrap_or_else(|e| panic!("{name}: {e}")));
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = number("BREAK_STRESS_SEED").unwrap_or(since.as_micros() as u64);
        let seconds = number("BREAK_STRESS_SECONDS").unwrap_or(2);
        println!("BREAK_STRESS_SEED={seed}");
        let run = Run {
            end: Instant::now() + Duration::from_secs(seconds),
            seed,
            steps: Arc::default(),
            stop: Arc::default(),
        };
        run.watch();
        run
    }

    /// Ends the process if there is no progress: threads that hang cannot be ended otherwise.
    fn watch(&self) {
        let (steps, stop, seed) = (self.steps.clone(), self.stop.clone(), self.seed);
        let name = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            let mut last = (0, Instant::now());
            while !stop.load(SeqCst) {
                thread::sleep(Duration::from_millis(50));
                let now = steps.load(SeqCst);
                if now != last.0 {
                    last = (now, Instant::now());
                }
                if last.1.elapsed() > HANGS {
                    let text =
                        format!("{name} hangs after {now} steps, BREAK_STRESS_SEED={seed}\n");
                    // Not with `eprint!`, which is only shown when a test fails.
                    let _ = io::stderr().write_all(text.as_bytes());
                    std::process::abort();
                }
            }
        });
    }

    fn step(&self) {
        self.steps.fetch_add(1, SeqCst);
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// Does the same as [`goes_on`](Self::goes_on), and longer on a slow machine, until a break was seen.
    fn goes_on_until_seen(&self, target: &Target) -> bool {
        let none = target.seen.load(SeqCst) == 0;
        self.goes_on() || none && Instant::now() < self.end + HANGS
    }

    fn random(&self, which: u64) -> Random {
        Random::new(self.seed ^ which.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
    }
}

fn pause(random: &mut Random, micros: usize) {
    match random.below(4) {
        0 => {}
        1 => thread::yield_now(),
        _ => thread::sleep(Duration::from_micros(random.below(micros) as u64)),
    }
}

/// Something that can be broken, and how many breaks were requested and seen.
struct Target {
    handle: BreakHandle,
    asked: AtomicUsize,
    seen: AtomicUsize,
    /// Set when it is no longer read.
    stop: AtomicBool,
}

impl Target {
    fn new(handle: BreakHandle) -> Target {
        Target {
            handle,
            asked: AtomicUsize::new(0),
            seen: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        }
    }

    fn ask(&self) {
        self.asked.fetch_add(1, SeqCst);
        self.handle.breakloop();
    }

    /// Counts a read that ended: there must have been a break for it, and for each before.
    fn saw(&self) {
        let seen = self.seen.fetch_add(1, SeqCst) + 1;
        let asked = self.asked.load(SeqCst);
        assert!(seen <= asked, "{seen} breaks seen, {asked} requested");
    }

    /// Breaks, and waits until a break was seen, or everything is over.
    fn ask_and_wait(&self, stop: &AtomicBool) {
        let before = self.seen.load(SeqCst);
        self.ask();
        let start = Instant::now();
        let stop = || self.stop.load(SeqCst) || stop.load(SeqCst);
        while self.seen.load(SeqCst) == before && !stop() {
            assert!(start.elapsed() < HANGS, "no read saw the break");
            thread::sleep(Duration::from_micros(50));
        }
    }
}

/// The targets that the breaking threads choose from: current ones, and closed ones.
#[derive(Default)]
struct Targets(Mutex<Vec<Arc<Target>>>);

impl Targets {
    fn add(&self, target: Arc<Target>) {
        let mut all = self.0.lock().unwrap();
        if all.len() > 3 {
            all.remove(0);
        }
        all.push(target);
    }

    /// Removes a target, and waits until no thread breaks it.
    fn retire(&self, mut target: Arc<Target>) -> Target {
        target.stop.store(true, SeqCst);
        self.0.lock().unwrap().retain(|t| !Arc::ptr_eq(t, &target));
        loop {
            match Arc::try_unwrap(target) {
                Ok(target) => return target,
                Err(shared) => target = shared,
            }
            thread::yield_now();
        }
    }

    fn choose(&self, random: &mut Random) -> Option<Arc<Target>> {
        let all = self.0.lock().unwrap();
        // Mostly the newest.
        let back = if random.below(3) == 0 {
            random.below(4)
        } else {
            0
        };
        all.iter().rev().nth(back).cloned()
    }

    /// Breaks until it is over.
    fn hammer(&self, random: &mut Random, stop: &AtomicBool) {
        while !stop.load(SeqCst) {
            if let Some(target) = self.choose(random) {
                match random.below(8) {
                    0 => target.ask_and_wait(stop),
                    1 => (0..random.below(50)).for_each(|_| target.ask()),
                    2 => {
                        let clone = target.handle.clone();
                        target.ask();
                        drop(target);
                        drop(clone);
                    }
                    _ => target.ask(),
                }
            }
            pause(random, 1500);
        }
    }
}

/// Calls `work` while three threads break the targets.
fn hammered<T>(run: &Run, targets: &Targets, work: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for which in 0..3 {
            let stop = &stop;
            scope.spawn(move || targets.hammer(&mut run.random(10 + which), stop));
        }
        // The threads also end if this panics.
        let _stop = Sets(&stop);
        work()
    })
}

struct Sets<'a>(&'a AtomicBool);

impl Drop for Sets<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Reads with a random call, which may wait, and returns why it ended. A break by the closure is not included.
fn read<S: Readable>(
    capture: &mut Capture<S>,
    random: &mut Random,
    mut each: impl FnMut(&[u8]),
) -> Option<Stop> {
    let counted = |count: u64, done: Done| {
        assert_eq!(count, done.packets());
        done.stop()
    };
    let single = |next: Next<Packet<'_>>, each: &mut dyn FnMut(&[u8])| match next {
        Next::Packet(packet) => {
            each(packet.data());
            None
        }
        Next::Timeout => Some(Stop::Empty),
        Next::End(end) => Some(Stop::End(end)),
    };
    let mut count = 0;
    let some = 1 + random.below(60);
    let end = match random.below(8) {
        0 => match capture.next_packet().unwrap() {
            Some(packet) => {
                each(packet.data());
                return None;
            }
            None => capture.ended().map(Stop::End),
        },
        1 => {
            let time = Duration::from_micros(random.below(4000) as u64);
            return single(capture.next_packet_timeout(time).unwrap(), &mut each);
        }
        2 => return single(capture.try_next_packet().unwrap(), &mut each),
        3 => {
            if capture.advance().unwrap() {
                each(capture.packet().unwrap().data());
                return None;
            }
            capture.ended().map(Stop::End)
        }
        4 => {
            let done = capture.dispatch_up_to(some as u64, |packet| {
                count += 1;
                each(packet.data());
            });
            Some(counted(count, done.unwrap()))
        }
        5 => {
            let done = capture.for_each_up_to(some as u64, |packet| {
                count += 1;
                each(packet.data());
            });
            Some(counted(count, done.unwrap()))
        }
        6 => {
            let done = capture.for_each(|packet| {
                count += 1;
                each(packet.data());
            });
            Some(counted(count, done.unwrap()))
        }
        _ => {
            let flow = capture.try_for_each(|packet| {
                count += 1;
                each(packet.data());
                match count < some as u64 {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            });
            match flow.unwrap() {
                ControlFlow::Break(()) => return None,
                ControlFlow::Continue(done) => Some(counted(count, done)),
            }
        }
    };
    let ended = match end.unwrap() {
        Stop::End(end) => Some(end),
        Stop::Count | Stop::Empty => None,
    };
    assert_eq!(ended, capture.ended());
    end
}

/// Breaks with many clones at the same moment, without and during a read.
fn break_at_once<S: Readable>(capture: &mut Capture<S>, random: &mut Random) {
    let handle = capture.break_handle();
    let threads = 2 + random.below(6);
    let all = |reading: &mut dyn FnMut(&Barrier)| {
        let begin = Barrier::new(threads + 1);
        thread::scope(|scope| {
            for _ in 0..threads {
                let (begin, handle) = (&begin, handle.clone());
                scope.spawn(move || {
                    begin.wait();
                    handle.breakloop();
                });
            }
            reading(&begin);
        });
    };
    // Before a read: it ends, and the next one does not.
    all(&mut |begin| {
        begin.wait();
    });
    let ended = read(capture, random, |_| panic!("a packet"));
    assert_eq!(ended, Some(Stop::End(End::Break)));
    assert!(!matches!(
        capture.try_next_packet().unwrap(),
        Next::End(End::Break)
    ));
    // During a read: the last of them may come after it, for the next one; never for two.
    all(&mut |begin| {
        begin.wait();
        let next = capture.next_packet_timeout(HANGS).unwrap();
        assert_eq!(next, Next::End(End::Break));
    });
    let _ = capture.try_next_packet().unwrap();
    assert!(!matches!(
        capture.try_next_packet().unwrap(),
        Next::End(End::Break)
    ));
}

fn frame(number: u32) -> [u8; 60] {
    let mut frame = [0xff; 60];
    frame[12..14].copy_from_slice(&[0x88, 0xb5]);
    frame[56..].copy_from_slice(&number.to_be_bytes());
    frame
}

/// Returns the number in a frame, after any link-layer header.
fn number(data: &[u8]) -> usize {
    let number = data[data.len() - 4..].try_into().unwrap();
    u32::from_be_bytes(number) as usize
}

/// The packets that have arrived.
#[derive(Default)]
struct Came {
    packets: Vec<bool>,
    count: usize,
}

impl Came {
    fn packet(&mut self, data: &[u8]) {
        let number = number(data);
        if self.packets.len() <= number {
            self.packets.resize(number + 1, false);
        }
        assert!(!self.packets[number], "packet {number} came twice");
        self.packets[number] = true;
        self.count += 1;
    }
}

/// Opens a device at the second or third attempt: those before fail, and leave the options unchanged.
fn open(device: &str, random: &mut Random) -> Capture<Active> {
    let mut capture = Capture::from_device(device)
        .buffer_size(8 << 20)
        // In immediate mode each packet occupies this much.
        .snaplen(512)
        .timeout(Duration::from_millis(1 + random.below(5) as u64))
        .immediate_mode(random.below(2) == 0)
        .promisc(random.below(2) == 0);
    if device == "any" {
        // Once for each packet, and not for each end of the pair.
        capture = capture.promisc(false).direction(Direction::In);
    }
    let failing = capture.clone().filter("no such filter");
    for _ in 0..1 + random.below(2) {
        let failed = failing.activate().unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::FilterSyntax, "{failed}");
    }
    capture
        .filter("ether proto 0x88b5 or len > 0")
        .activate()
        .unwrap()
}

/// Reads until each sent packet has arrived or is counted as dropped: on its way to a device, or because the reader
/// paused and blocks with a few packets each filled the buffer. Returns the number of breaks.
fn read_the_rest(
    capture: &mut Capture<Active>,
    came: &mut Came,
    sent: usize,
    device: &str,
    dropped_before: u64,
) -> usize {
    let mut breaks = 0;
    let waiting = Instant::now();
    loop {
        let in_buffer = capture.stats().unwrap().dropped;
        let dropped = (Netns::rx_dropped(device) - dropped_before + in_buffer) as usize;
        if came.count + dropped == sent {
            return breaks;
        }
        match capture
            .next_packet_timeout(Duration::from_millis(100))
            .unwrap()
        {
            Next::Packet(packet) => came.packet(packet.data()),
            Next::End(End::Break) => breaks += 1,
            Next::Timeout => assert!(
                waiting.elapsed() < HANGS / 2,
                "{} of {sent} packets came, {dropped} were dropped: {:?}",
                came.count,
                capture.stats()
            ),
            Next::End(End::Eof) => panic!("{} of {sent} packets came, then the end", came.count),
        }
    }
}

const MANY: u16 = 3000;

/// Writes a savefile in pieces, with pauses.
fn write_slowly(mut to: impl Write, bytes: &[u8], random: &mut Random) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = (1 + random.below(4000)).min(rest.len());
        let (piece, after) = rest.split_at(length);
        if let Err(error) = to.write_all(piece) {
            // The reader has given up, and reports why.
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{error}");
            return;
        }
        rest = after;
        pause(random, 400);
    }
}
