//! Panics in the user's code: while reading, in the text of an error, in a drop. They never cause a packet that is not
//! in the savefile, and the error after them repeats.

mod closures;
mod readers;
mod writers;

use std::any::Any;
use std::fmt;
use std::ops::ControlFlow;
use std::panic::panic_any;
use std::sync::Once;
use std::time::Duration;

use pcap_core::{Capture, End, Next, Offline, Packet, Result, Stop};

use crate::support::files::{MICRO, NANO, Order, PATCHED, Pcap, Pcapng};

/// The payload of each panic here. No hook prints it, because there are thousands.
struct Injected;

fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() && !info.payload().is::<Bomb>() {
                hook(info);
            }
        }));
    });
}

fn inject() -> ! {
    panic_any(Injected)
}

fn assert_injected(panic: Box<dyn Any + Send>) {
    if !panic.is::<Injected>() {
        std::panic::resume_unwind(panic);
    }
}

/// What panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The reader.
    Read,
    /// The reader, with a payload whose drop panics.
    Payload,
    /// The text of its error.
    Display,
    /// The drop of its error.
    Drop,
    /// The drop of an error that asks for another read.
    Interrupted,
    /// Nothing: an ordinary error.
    None,
}

const FAULTS: [Fault; 6] = [
    Fault::Read,
    Fault::Payload,
    Fault::Display,
    Fault::Drop,
    Fault::Interrupted,
    Fault::None,
];

/// A reader's own error.
#[derive(Debug)]
struct Torn(Fault);

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Fault::Display {
            inject();
        }
        f.write_str("the tape is torn")
    }
}

impl std::error::Error for Torn {}

impl Drop for Torn {
    fn drop(&mut self) {
        if [Fault::Drop, Fault::Interrupted].contains(&self.0) && !std::thread::panicking() {
            inject();
        }
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            inject();
        }
    }
}

const USB_LINUX_MMAPPED: u32 = 220;

const LINUX_SLL: u32 = 113;

/// Returns savefiles whose packets contain what looks like a packet, which is found after a wrong position.
fn savefiles() -> Vec<(&'static str, Vec<u8>)> {
    let [little, big] = Order::BOTH;
    let other = if Order::NATIVE == big { little } else { big };
    let classic = |order, magic, linktype| {
        let empty = Pcap::new(order, magic).linktype(linktype);
        let more = if magic == PATCHED { 8 } else { 0 };
        let record = |file: Pcap, n: u32, data: &[u8]| {
            let length = data.len() as u32;
            let file = file.record([n, n, length, length], &[0; 8][..more]);
            file.raw(data)
        };
        let forged = record(empty.clone(), 7, b"FORGED").bytes()[24..].to_vec();
        let data = [forged.repeat(2), vec![0; 64]].concat();
        (0..3).fold(empty, |file, n| record(file, n, &data)).bytes()
    };
    let pcapng = |order| {
        let empty = || Pcapng::new(order);
        let start = empty().bytes().len();
        let forged = empty().packet(0, 7, 6, b"FORGED").bytes()[start..].to_vec();
        let data = [forged.repeat(2), vec![0; 64]].concat();
        let file = empty().interface(1, 0, &[]);
        (0..3)
            .fold(file, |file, n| file.packet(0, n, data.len() as u32, &data))
            .bytes()
    };
    vec![
        ("classic", classic(Order::NATIVE, MICRO, 1)),
        ("classic, swapped", classic(other, NANO, 1)),
        // libpcap reads these, except pcapng.
        ("USB", classic(Order::NATIVE, MICRO, USB_LINUX_MMAPPED)),
        ("cooked, swapped", classic(other, MICRO, LINUX_SLL)),
        ("patched", classic(Order::NATIVE, PATCHED, 1)),
        ("pcapng", pcapng(Order::NATIVE)),
        ("pcapng, swapped", pcapng(other)),
    ]
}

/// Repeats a reading call until the end.
fn read(
    capture: &mut Capture<Offline>,
    call: usize,
    keep: &mut dyn FnMut(Packet<'_>),
) -> Result<()> {
    loop {
        match call {
            0 => match capture.next_packet()? {
                Some(packet) => keep(packet),
                None => return Ok(()),
            },
            1 => match capture.try_next_packet()? {
                Next::Packet(packet) => keep(packet),
                other => {
                    assert_eq!(other, Next::End(End::Eof));
                    return Ok(());
                }
            },
            2 => match capture.next_packet_timeout(Duration::from_secs(10))? {
                Next::Packet(packet) => keep(packet),
                other => {
                    assert_eq!(other, Next::End(End::Eof));
                    return Ok(());
                }
            },
            3 => return capture.for_each(keep).map(drop),
            4 => return capture.dispatch(keep).map(drop),
            5 => {
                let each = |packet: Packet<'_>| {
                    keep(packet);
                    ControlFlow::<()>::Continue(())
                };
                return capture.try_for_each(each).map(drop);
            }
            6 => {
                for packet in capture.packets() {
                    keep(packet?.as_packet());
                }
                return Ok(());
            }
            _ => {
                if capture.for_each_up_to(1, &mut *keep)?.stop() == Stop::End(End::Eof) {
                    return Ok(());
                }
            }
        }
    }
}
