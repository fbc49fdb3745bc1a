//! `pcap-core`, with tasks.

use pcap_core::stream::{AsyncCapture, Runtime};
use pcap_core::{Active, Awaitable, Capture};

use super::{Source, Way, ours};
use crate::Failure;
use crate::tally::Tally;

pub(crate) fn read(source: Source<'_>, way: Way) -> Result<Tally, Failure> {
    let Source::Path(path) = source else {
        return Err("tasks are measured with files only".into());
    };
    let capture = Capture::from_file(path)?;
    Ok(match way {
        Way::Tokio => on_tokio(capture, usize::MAX)?.0,
        _ => on_async_io(capture, usize::MAX)?.0,
    })
}

/// Starts what a runtime starts once per process, so that no packet is charged for it.
pub(crate) fn start(way: Way) {
    if way == Way::AsyncIo {
        async_io::block_on(async {});
    }
}

/// Does the same as [`ours::receive`], also with tasks, which take the capture and return it.
pub(crate) fn receive_all(
    mut capture: Capture<Active>,
    way: Way,
    mark: usize,
) -> Result<(Tally, Capture<Active>), Failure> {
    match way {
        Way::Tokio => on_tokio(capture, mark),
        Way::AsyncIo => on_async_io(capture, mark),
        way => Ok((ours::receive(&mut capture, way, mark)?, capture)),
    }
}

fn on_tokio<S: Awaitable>(
    capture: Capture<S>,
    mark: usize,
) -> Result<(Tally, Capture<S>), Failure> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build()?;
    runtime.block_on(async {
        let capture = capture.into_tokio().map_err(|error| error.to_string())?;
        ask(capture, mark).await
    })
}

fn on_async_io<S: Awaitable>(
    capture: Capture<S>,
    mark: usize,
) -> Result<(Tally, Capture<S>), Failure> {
    async_io::block_on(async {
        let capture = capture.into_async_io().map_err(|error| error.to_string())?;
        ask(capture, mark).await
    })
}

/// Reads until a packet of `mark` bytes arrives.
async fn ask<S: Awaitable, R: Runtime>(
    mut capture: AsyncCapture<S, R>,
    mark: usize,
) -> Result<(Tally, Capture<S>), Failure> {
    let mut tally = Tally::default();
    while let Some(packet) = capture.next_packet().await? {
        if packet.data().len() == mark {
            break;
        }
        tally.add(packet.data());
    }
    Ok((tally, capture.into_inner()))
}
