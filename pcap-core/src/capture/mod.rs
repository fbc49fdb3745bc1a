//! Captures and their phases.

// rustdoc lists the methods of `Capture` in the order of these modules.
mod inactive;

mod offline;

mod dead;

mod next;

mod each;

mod batch;

mod read;

#[allow(clippy::module_inception)] // the folder is named after its main type
mod capture;

mod live;

mod active;

mod breaks;

mod any;
#[cfg(feature = "remote")]
mod remote;

mod iter;
#[cfg(any(feature = "tokio", feature = "async-io"))]
mod nonblocking;
mod options;
mod outcome;
mod phase;
mod read_ahead;
mod vlan;
mod wait;

#[allow(unused_imports, unreachable_pub)] // used on Linux only
pub use active::Sender;
pub use active::{Active, FilterLocation};
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use active::{Refusals, Try};
pub use any::{Any, AnyCapture};
pub use capture::{Activated, Awaitable, Capture, Phase, Readable};
pub use dead::Dead;
pub use inactive::Inactive;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use iter::Copies;
pub use iter::{IntoPackets, Packets};
pub use live::Live;
pub use offline::Offline;
#[cfg(feature = "remote")]
pub(crate) use options::{DEFAULT_TIMEOUT, LARGEST_SNAPLEN};
pub use outcome::{Done, End, Flow, Next, Stop};
#[cfg(feature = "remote")]
pub(crate) use remote::Connection;
#[cfg(feature = "remote")]
pub use remote::Remote;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use wait::WaitsFor;
pub(crate) use wait::{LOOK_AGAIN, readable};
