//! Captures from several devices, each in its own thread, and prints all packets in another, until Ctrl-C.
//!
//!     cargo run -p pcap-core --example threads -- DEVICE…

use std::sync::mpsc;
use std::{env, thread};

use pcap_core::{BreakHandle, Capture, End, Stats};

fn main() -> anyhow::Result<()> {
    // The channel is bounded: if printing is slow, packets wait in the kernel's buffers.
    let (sender, receiver) = mpsc::sync_channel(1000);
    let (mut readers, mut handles) = (vec![], vec![]);
    for device in env::args().skip(1) {
        let mut capture = Capture::from_device(&device).activate()?;
        handles.push(capture.break_handle());
        let sender = sender.clone();
        readers.push(thread::spawn(move || -> anyhow::Result<Stats> {
            while capture.ended() != Some(End::Eof) {
                // The iterator copies each packet, because a borrowed packet cannot be sent to another thread.
                for packet in capture.packets() {
                    sender.send((device.clone(), packet?))?;
                }
                capture.stop()?; // after Ctrl-C: the next iteration reads the packets that have arrived
            }
            Ok(capture.close()?)
        }));
    }
    ctrlc::set_handler(move || handles.iter().for_each(BreakHandle::breakloop))?;
    drop(sender); // the loop below ends when all threads have dropped their senders
    for (device, packet) in receiver {
        let (time, length) = (packet.timestamp(), packet.wire_len());
        println!("{device}: {time} {length} bytes");
    }
    for reader in readers {
        let stats = reader.join().expect("no panic")?;
        println!("{} received, {} dropped", stats.received, stats.dropped);
    }
    Ok(())
}
