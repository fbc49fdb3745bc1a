//! A capture that is either live or a savefile.

use std::fmt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::capture::phase::{self, Opened, Slice, Source, Step};
use crate::capture::wait::WaitsFor;
use crate::capture::{Activated, Active, Capture, Offline, Phase, Readable};
use crate::error::Result;
use crate::filter::{CompileOptions, Filter, FilterSource};
use crate::handle::Handle;
use crate::packet::Packet;
use crate::timestamp::Precision;

/// A live capture or a savefile, for programs that take either. It has the calls that both have.
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
/// if let Some(live) = capture.as_live() {
///     println!("{:?}", live.stats()?);
/// }
/// # Ok::<(), pcap_core::Error>(())
/// ```
pub type AnyCapture = Capture<Any>;

/// The phase of a capture that is either live or a savefile. See [`AnyCapture`].
pub struct Any(Kind);

enum Kind {
    Live(Box<Capture<Active>>),
    Savefile(Box<Capture<Offline>>),
}

impl From<Capture<Active>> for AnyCapture {
    fn from(capture: Capture<Active>) -> AnyCapture {
        Capture::new(Any(Kind::Live(Box::new(capture))))
    }
}

impl From<Capture<Offline>> for AnyCapture {
    fn from(capture: Capture<Offline>) -> AnyCapture {
        Capture::new(Any(Kind::Savefile(Box::new(capture))))
    }
}

impl AnyCapture {
    /// Returns the live capture, if it is one.
    #[must_use]
    pub fn as_live(&self) -> Option<&Capture<Active>> {
        match &self.state.0 {
            Kind::Live(capture) => Some(capture),
            Kind::Savefile(_) => None,
        }
    }

    /// Returns the live capture mutably, if it is one.
    #[must_use]
    pub fn as_live_mut(&mut self) -> Option<&mut Capture<Active>> {
        match &mut self.state.0 {
            Kind::Live(capture) => Some(capture),
            Kind::Savefile(_) => None,
        }
    }

    /// Returns the savefile mutably, if it is one.
    #[must_use]
    pub fn as_savefile_mut(&mut self) -> Option<&mut Capture<Offline>> {
        match &mut self.state.0 {
            Kind::Savefile(capture) => Some(capture),
            Kind::Live(_) => None,
        }
    }

    /// Returns the savefile, if it is one.
    #[must_use]
    pub fn as_savefile(&self) -> Option<&Capture<Offline>> {
        match &self.state.0 {
            Kind::Savefile(capture) => Some(capture),
            Kind::Live(_) => None,
        }
    }
}

/// Evaluates the same expression for either kind.
macro_rules! either {
    ($any:expr, $capture:ident => $do:expr) => {
        match $any {
            Kind::Live($capture) => $do,
            Kind::Savefile($capture) => $do,
        }
    };
}

impl phase::Sealed for Any {}
impl Phase for Any {}
impl Activated for Any {}
impl Readable for Any {}

impl Opened for Any {
    fn handle(&self) -> &Handle {
        either!(&self.0, capture => capture.state.handle())
    }

    fn precision(&self) -> Precision {
        either!(&self.0, capture => capture.state.precision())
    }

    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter> {
        either!(&self.0, capture => capture.state.compile(expression, options))
    }
}

impl Source for Any {
    fn slice<F>(&mut self, max: u64, closure: &mut F) -> Result<Slice>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        either!(&mut self.0, capture => capture.state.slice(max, closure))
    }

    fn step(&mut self) -> Result<Step> {
        either!(&mut self.0, capture => capture.state.step())
    }

    fn current(&self) -> Option<Packet<'_>> {
        either!(&self.0, capture => capture.state.current())
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<()> {
        either!(&mut self.0, capture => capture.state.wait(deadline))
    }

    fn waits_for(&mut self) -> WaitsFor {
        either!(&mut self.0, capture => capture.state.waits_for())
    }

    fn is_ready(&self) -> Result<bool> {
        either!(&self.0, capture => capture.state.is_ready())
    }

    fn patience(&self) -> Option<Duration> {
        either!(&self.0, capture => capture.state.patience())
    }

    fn longest(&self) -> Option<Duration> {
        either!(&self.0, capture => capture.state.longest())
    }

    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        either!(&mut self.0, capture => capture.state.set_filter(source))
    }
}

impl fmt::Debug for Any {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Live(capture) => fmt::Debug::fmt(&capture.state, f),
            Kind::Savefile(capture) => fmt::Debug::fmt(&capture.state, f),
        }
    }
}
