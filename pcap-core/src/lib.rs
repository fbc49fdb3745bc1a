//! Safe libpcap.

mod breakloop;
mod callback;
mod capture;
mod device;
mod direction;
mod dumper;
mod error;
mod ffi;
mod filter;
mod handle;
mod linktype;
pub mod os;
mod packet;
mod savefile;
mod stats;
mod timestamp;
mod tstamp_type;
mod version;
mod warning;

pub use breakloop::BreakHandle;
pub use capture::{
    ActivateError, Activated, Active, Any, AnyCapture, Capture, Dead, Done, End, Inactive,
    IntoPackets, Next, Offline, Packets, Phase, Readable,
};
pub use device::{Address, ConnectionStatus, Device, DeviceAddress, DeviceName, MacAddr};
pub use direction::Direction;
pub use dumper::Dumper;
pub use error::{Error, ErrorKind, Result};
pub use filter::{CompileOptions, Filter, FilterSource, Insn};
pub use linktype::{Dlt, Linktype};
pub use packet::{Packet, PacketHeader, PacketOwned};
pub use savefile::SavefileFormat;
pub use stats::Stats;
pub use timestamp::{Precision, Timestamp, TimestampRangeError};
pub use tstamp_type::TstampType;
pub use version::{Version, version};
pub use warning::{Warning, WarningKind};
