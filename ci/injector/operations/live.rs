//! Operations on devices. At `right`, the same packet arrives all the time.

use std::thread;
use std::time::Duration;

use pcap_core::os::linux::{Fanout, FanoutMode, SenderExt as _};
use pcap_core::{Active, Capture, Device, Direction, End, Next, PacketBatch, SendQueue};

use crate::output::{Output, Result, kept};

/// The number of packets that an operation reads.
const PACKETS: u64 = 3;

fn open(device: &str) -> Result<Capture<Active>> {
    let capture = Capture::from_device(device)
        .timeout(Duration::from_millis(5))
        .buffer_size(1 << 18);
    Ok(capture.activate()?)
}

fn describe(device: &Device, output: &mut Output) {
    output.line(format!(
        "{} {:?} {}",
        device.name(),
        device.addresses(),
        device.raw_flags()
    ));
}

pub(crate) fn devices(output: &mut Output) -> Result<()> {
    for device in Device::list()? {
        describe(&device, output);
    }
    Ok(())
}

pub(crate) fn find(name: &str, output: &mut Output) -> Result<()> {
    let device = Device::find(name)?;
    describe(&device, output);
    output.line(format!("{:?} {:?}", device.index(), device.net_and_mask()?));
    describe(&Device::default_device()?, output);
    Ok(())
}

pub(crate) fn questions(device: &str, output: &mut Output) -> Result<()> {
    let capture = Capture::from_device(device);
    output.line(format!(
        "{:?} {}",
        capture.tstamp_types()?,
        capture.can_set_rfmon()?
    ));
    Ok(())
}

pub(crate) fn activate(device: &str, output: &mut Output) -> Result<()> {
    let capture = open(device)?;
    output.line(format!(
        "{} {} {:?}",
        capture.datalink(),
        capture.snaplen(),
        capture.warnings()
    ));
    Ok(())
}

pub(crate) fn activate_options(device: &str, output: &mut Output) -> Result<()> {
    let capture = Capture::from_device(device)
        .snaplen(100)
        .promisc(true)
        .immediate_mode(true)
        .buffer_size(1 << 20)
        .filter("udp")
        .direction(Direction::In)
        .activate()?;
    output.line(format!(
        "{} {} {:?}",
        capture.snaplen(),
        capture.bufsize(),
        capture.warnings()
    ));
    output.line(format!("{:?}", capture.datalinks()?));
    Ok(())
}

pub(crate) fn next(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = open(device)?;
    for _ in 0..PACKETS {
        output.content(
            capture
                .next_packet()?
                .ok_or("expected a packet, found the end")?,
        );
    }
    Ok(())
}

pub(crate) fn batch(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = open(device)?;
    let mut batch = PacketBatch::with_limits(1, 1000);
    for _ in 0..PACKETS {
        if !capture.read_batch(&mut batch)? {
            return Err("expected packets, found the end".into());
        }
        output.content(batch.get(0).ok_or("expected a packet, found none")?);
    }
    Ok(())
}

pub(crate) fn for_each(device: &str, output: &mut Output) -> Result<()> {
    let done = open(device)?.for_each_up_to(PACKETS, |packet| output.content(packet))?;
    output.line(done.packets().to_string());
    Ok(())
}

pub(crate) fn timeout(device: &str, output: &mut Output) -> Result<()> {
    match open(device)?.next_packet_timeout(Duration::from_millis(20))? {
        Next::Timeout => {
            output.line("timeout");
            Ok(())
        }
        other => Err(format!("expected a timeout, found {other:?}").into()),
    }
}

/// Sets a filter that passes no packet, and then one that passes all.
pub(crate) fn filter(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = open(device)?;
    capture.set_filter("tcp")?;
    match capture.next_packet_timeout(Duration::from_millis(20))? {
        Next::Timeout => {}
        other => return Err(format!("expected a timeout, found {other:?}").into()),
    }
    capture.set_filter("udp")?;
    for _ in 0..PACKETS {
        output.content(
            capture
                .next_packet()?
                .ok_or("expected a packet, found the end")?,
        );
    }
    Ok(())
}

pub(crate) fn stop(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = open(device)?;
    output.content(
        capture
            .next_packet()?
            .ok_or("expected a packet, found the end")?,
    );
    capture.stop()?;
    while capture.next_packet()?.is_some() {}
    output.line(format!("{:?}", capture.ended()));
    let stats = capture.close()?;
    if stats.received == 0 {
        return Err("expected received packets, found none".into());
    }
    Ok(())
}

pub(crate) fn stats(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = open(device)?;
    for _ in 0..PACKETS {
        output.content(
            capture
                .next_packet()?
                .ok_or("expected a packet, found the end")?,
        );
    }
    let stats = capture.stats()?;
    output.line(format!("{}", stats.received >= PACKETS));
    Ok(())
}

pub(crate) fn write(device: &str, path: &str, output: &mut Output) -> Result<()> {
    let mut capture = open(device)?;
    let mut dumper = capture.dump(path)?;
    for _ in 0..PACKETS {
        let packet = capture
            .next_packet()?
            .ok_or("expected a packet, found the end")?;
        output.content(packet);
        dumper.write(packet)?;
    }
    let length = dumper.position();
    dumper.close()?;
    kept(path, length)
}

/// Breaks a read in another thread.
pub(crate) fn breaks(device: &str, output: &mut Output) -> Result<()> {
    let mut capture = open(device)?;
    let handle = capture.break_handle();
    let reader = thread::Builder::new().spawn(move || {
        let packet = capture.next_packet()?.is_some();
        Ok::<_, pcap_core::Error>((packet, capture.ended()))
    })?;
    thread::sleep(Duration::from_millis(2));
    handle.breakloop();
    match reader.join() {
        Ok(Ok((false, Some(End::Break)))) => {
            output.line("break");
            Ok(())
        }
        Ok(Ok(other)) => Err(format!("expected a break, found {other:?}").into()),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err("the reader panicked".into()),
    }
}

pub(crate) fn inject(device: &str, output: &mut Output) -> Result<()> {
    let capture = open(device)?;
    let bytes = capture.inject(&[0xff; 60])? + capture.inject(&[0xfe; 1000])?;
    output.line(bytes.to_string());
    Ok(())
}

fn queue() -> Result<SendQueue> {
    let mut queue = SendQueue::new();
    for number in 0..100 {
        queue.push(&[number; 80])?;
    }
    Ok(queue)
}

pub(crate) fn send_queue(device: &str, output: &mut Output) -> Result<()> {
    let capture = open(device)?;
    output.line(capture.inject_queue(&queue()?)?.to_string());
    Ok(())
}

/// Sends with a sender after its capture is closed.
pub(crate) fn sender(device: &str, output: &mut Output) -> Result<()> {
    let capture = open(device)?;
    let sender = capture.sender()?;
    let sent = sender.inject(&[0xff; 60])?;
    drop(capture);
    output.line(format!("{sent} {}", sender.inject_queue(&queue()?)?));
    Ok(())
}

pub(crate) fn fanout(device: &str, output: &mut Output) -> Result<()> {
    let options = Capture::from_device(device)
        .timeout(Duration::from_millis(5))
        .buffer_size(1 << 18);
    let group = Fanout::new(FanoutMode::LoadBalance).activate(&options, 2)?;
    let (counts, _) = group.for_each(|_, capture| {
        Ok::<_, pcap_core::Error>(capture.for_each_up_to(PACKETS, |_| ())?.packets())
    })?;
    output.line(format!("{counts:?}"));
    Ok(())
}

pub(crate) fn async_next(device: &str, output: &mut Output) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let mut capture = open(device)?.into_tokio()?;
        for _ in 0..PACKETS {
            output.content(
                capture
                    .next_packet()
                    .await?
                    .ok_or("expected a packet, found the end")?,
            );
        }
        Ok(())
    })
}
