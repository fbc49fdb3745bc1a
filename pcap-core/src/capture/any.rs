//! A capture that is either live or a savefile.

use std::fmt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

#[cfg(feature = "remote")]
use crate::capture::Remote;
use crate::capture::phase::{self, BatchResult, Found, Opened, PacketSource, Waits};
use crate::capture::wait::WaitsFor;
use crate::capture::{Activated, Active, Awaitable, Capture, Offline, Phase, Readable};
use crate::error::Result;
use crate::filter::{CompileOptions, Filter, FilterSource};
use crate::handle::Handle;
use crate::packet::{Packet, PacketBatch};
use crate::stats::Stats;
use crate::timestamp::Precision;

/// A live capture or a savefile, for programs that accept either. It has the methods that both support.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::{AnyCapture, Capture};
///
/// # let argument = "eth0";
/// let mut capture: AnyCapture = if argument.ends_with(".pcap") {
///     Capture::from_file(argument)?.into()
/// } else {
///     Capture::from_device(argument).activate()?.into()
/// };
/// capture.set_filter("tcp")?;
/// while let Some(packet) = capture.next_packet()? {
///     println!("{packet:?}");
/// }
/// if let Some(stats) = capture.stats()? {
///     println!("{} packets dropped", stats.dropped);
/// }
/// # Ok::<(), pcap_core::Error>(())
/// ```
pub type AnyCapture = Capture<Any>;

/// The phase of a capture that is either live or a savefile. See [`AnyCapture`].
pub struct Any(Kind);

enum Kind {
    Active(Box<Capture<Active>>),
    #[cfg(feature = "remote")]
    Remote(Box<Capture<Remote>>),
    Savefile(Box<Capture<Offline>>),
}

impl From<Capture<Active>> for AnyCapture {
    #[inline]
    fn from(capture: Capture<Active>) -> AnyCapture {
        Capture::new(Any(Kind::Active(Box::new(capture))))
    }
}

#[cfg(feature = "remote")]
impl From<Capture<Remote>> for AnyCapture {
    #[inline]
    fn from(capture: Capture<Remote>) -> AnyCapture {
        Capture::new(Any(Kind::Remote(Box::new(capture))))
    }
}

impl From<Capture<Offline>> for AnyCapture {
    #[inline]
    fn from(capture: Capture<Offline>) -> AnyCapture {
        Capture::new(Any(Kind::Savefile(Box::new(capture))))
    }
}

/// # A device or a savefile
impl AnyCapture {
    /// Returns a reference to the capture if it is on a device of this host, and `None` otherwise.
    #[must_use]
    #[inline]
    pub fn as_active(&self) -> Option<&Capture<Active>> {
        match &self.state.0 {
            Kind::Active(capture) => Some(capture),
            _ => None,
        }
    }

    /// Returns a mutable reference to the capture if it is on a device of this host, and `None` otherwise.
    #[must_use]
    #[inline]
    pub fn as_active_mut(&mut self) -> Option<&mut Capture<Active>> {
        match &mut self.state.0 {
            Kind::Active(capture) => Some(capture),
            _ => None,
        }
    }

    /// Returns a reference to the capture if it is on a device of another host, and `None` otherwise. Requires the
    /// `remote` feature.
    #[cfg(feature = "remote")]
    #[must_use]
    #[inline]
    pub fn as_remote(&self) -> Option<&Capture<Remote>> {
        match &self.state.0 {
            Kind::Remote(capture) => Some(capture),
            _ => None,
        }
    }

    /// Returns a mutable reference to the capture if it is on a device of another host, and `None` otherwise. Requires
    /// the `remote` feature.
    #[cfg(feature = "remote")]
    #[must_use]
    #[inline]
    pub fn as_remote_mut(&mut self) -> Option<&mut Capture<Remote>> {
        match &mut self.state.0 {
            Kind::Remote(capture) => Some(capture),
            _ => None,
        }
    }

    /// Returns a reference to the capture if it reads a savefile, and `None` otherwise.
    #[must_use]
    #[inline]
    pub fn as_savefile(&self) -> Option<&Capture<Offline>> {
        match &self.state.0 {
            Kind::Savefile(capture) => Some(capture),
            _ => None,
        }
    }

    /// Returns a mutable reference to the capture if it reads a savefile, and `None` otherwise.
    #[must_use]
    #[inline]
    pub fn as_savefile_mut(&mut self) -> Option<&mut Capture<Offline>> {
        match &mut self.state.0 {
            Kind::Savefile(capture) => Some(capture),
            _ => None,
        }
    }

    /// Returns whether this is a live capture, on a device of this host or of another one.
    #[must_use]
    #[inline]
    pub fn is_live(&self) -> bool {
        self.as_savefile().is_none()
    }

    /// Returns the statistics of a live capture, and `None` for a savefile.
    ///
    /// # Errors
    ///
    /// The errors of [`Capture::stats`] on a live capture.
    ///
    #[doc = manual!("pcap_stats")]
    #[inline]
    pub fn stats(&self) -> Result<Option<Stats>> {
        match &self.state.0 {
            Kind::Active(capture) => capture.stats().map(Some),
            #[cfg(feature = "remote")]
            Kind::Remote(capture) => capture.stats().map(Some),
            Kind::Savefile(_) => Ok(None),
        }
    }
}

/// Evaluates the same expression for each kind of capture.
macro_rules! either {
    ($any:expr, $capture:ident => $do:expr) => {
        match $any {
            Kind::Active($capture) => $do,
            #[cfg(feature = "remote")]
            Kind::Remote($capture) => $do,
            Kind::Savefile($capture) => $do,
        }
    };
}

impl phase::Sealed for Any {}
impl Phase for Any {}
impl Activated for Any {}
impl Readable for Any {}
impl Awaitable for Any {}

impl Opened for Any {
    #[inline]
    fn handle(&self) -> &Handle {
        either!(&self.0, capture => capture.state.handle())
    }

    #[inline]
    fn precision(&self) -> Precision {
        either!(&self.0, capture => capture.state.precision())
    }

    #[inline]
    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter> {
        either!(&self.0, capture => capture.state.compile(expression, options))
    }
}

impl PacketSource for Any {
    #[inline]
    fn read_batch<F>(&mut self, max: u64, closure: &mut F) -> Result<BatchResult>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        either!(&mut self.0, capture => capture.state.read_batch(max, closure))
    }

    #[inline]
    fn step(&mut self) -> Result<Found> {
        either!(&mut self.0, capture => capture.state.step())
    }

    #[inline]
    fn ready(&mut self) -> Option<Packet<'_>> {
        either!(&mut self.0, capture => capture.state.ready())
    }

    #[inline]
    fn current(&self) -> Option<Packet<'_>> {
        either!(&self.0, capture => capture.state.current())
    }

    #[inline]
    fn lend_none(&mut self) {
        either!(&mut self.0, capture => capture.state.lend_none());
    }

    #[inline]
    fn fill(&mut self, batch: &mut PacketBatch) -> Result<Found> {
        either!(&mut self.0, capture => capture.state.fill(batch))
    }

    #[inline]
    fn is_known_empty(&mut self) -> bool {
        either!(&mut self.0, capture => capture.state.is_known_empty())
    }

    #[inline]
    fn wait(&mut self, deadline: Option<Instant>) -> Result<()> {
        either!(&mut self.0, capture => capture.state.wait(deadline))
    }

    #[inline]
    fn patience(&self) -> Option<Duration> {
        either!(&self.0, capture => capture.state.patience())
    }

    #[inline]
    fn longest(&self) -> Option<Duration> {
        either!(&self.0, capture => capture.state.longest())
    }

    #[inline]
    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        either!(&mut self.0, capture => capture.state.set_filter(source))
    }
}

impl Waits for Any {
    #[inline]
    fn waits_for(&mut self) -> WaitsFor {
        match &mut self.0 {
            Kind::Active(capture) => capture.state.waits_for(),
            #[cfg(feature = "remote")]
            Kind::Remote(_) => WaitsFor::Libpcap("reads of a remote capture wait inside libpcap"),
            Kind::Savefile(capture) => capture.state.waits_for(),
        }
    }

    #[inline]
    fn is_ready(&self) -> Result<bool> {
        match &self.0 {
            Kind::Active(capture) => capture.state.is_ready(),
            #[cfg(feature = "remote")]
            Kind::Remote(_) => Ok(true),
            Kind::Savefile(capture) => capture.state.is_ready(),
        }
    }
}

impl fmt::Debug for Any {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        either!(&self.0, capture => fmt::Debug::fmt(&capture.state, f))
    }
}
