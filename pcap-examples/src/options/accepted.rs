//! Options of tcpdump that only concern captures, and that tcpdump ignores when it reads savefiles.

use clap::Args;

/// Options that have no effect when savefiles are read. Command lines for tcpdump may contain them.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Accepted as in tcpdump")]
pub struct AcceptedOptions {
    /// Packets are printed with all bytes that the savefile has
    #[arg(
        short = 's',
        long = "snapshot-length",
        value_name = "BYTES",
        hide = true
    )]
    snaplen: Option<u32>,
    /// No device is opened
    #[arg(short = 'p', long, hide = true)]
    no_promiscuous_mode: bool,
    /// Packets of a savefile do not wait
    #[arg(long, hide = true)]
    immediate_mode: bool,
    /// Times have six decimals by default
    #[arg(long, hide = true, conflicts_with = "nano")]
    micro: bool,
    /// Packets are always printed
    #[arg(long, hide = true)]
    print: bool,
}
