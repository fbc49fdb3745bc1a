//! The options that say how packets are printed as text.

use clap::{ArgAction, Args, ColorChoice};

use crate::line_output::LineOutput;
use crate::packet_line::PacketLines;
use crate::packet_view::{BytesView, TimeFormat, View};

/// The options that change lines of text, so that they contradict other forms of output.
pub const OF_LINES: [&str; 10] = [
    "time_letters",
    "time",
    "nano",
    "link_header",
    "verbose",
    "ascii",
    "hex",
    "hex_ascii",
    "absolute_sequences",
    "number",
];

/// How to print packets as text. The letters are those of tcpdump.
///
/// The program must also have the `--json` option, which contradicts those that change lines of text.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Display")]
pub struct DisplayOptions {
    /// Print no time (-t), seconds since 1970 (-tt), the time since the previous packet (-ttt), the date (-tttt) or the
    /// time since the first packet (-ttttt)
    #[arg(short = 't', action = ArgAction::Count, conflicts_with_all = ["time", "json"],
        value_parser = time_letters)]
    time_letters: u8,
    /// The form of times (none, local, utc, epoch, delta, date or since-first)
    #[arg(
        long,
        value_name = "FORM",
        conflicts_with = "json",
        hide_possible_values = true,
        long_help = "The form of times: none, local (HH:MM:SS.ffffff in the time zone of the system or of TZ), \
                     utc (with the date, as in RFC 3339), epoch (seconds since 1970), delta (since the previous \
                     packet), date (local, with the date) or since-first [default: local]"
    )]
    time: Option<TimeFormat>,
    /// Print times with nine decimals instead of six
    #[arg(long, conflicts_with = "json")]
    nano: bool,
    /// Print the header of the link layer, such as MAC addresses and VLAN tags
    #[arg(short = 'e', long, conflicts_with = "json")]
    link_header: bool,
    /// Print more (-v), also of tunnels (-vv) and of the frame (-vvv): TTL, IP identification, checksums and options
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "json")]
    verbose: u8,
    /// Print shorter lines, and no statistics on standard error
    #[arg(short, long)]
    quiet: bool,
    /// Print the bytes as ASCII text; -AA: with the link header
    #[arg(short = 'A', long, action = ArgAction::Count, conflicts_with = "json")]
    ascii: u8,
    /// Print the bytes in hexadecimal; -xx: with the link header
    #[arg(short = 'x', long, action = ArgAction::Count, conflicts_with = "json")]
    hex: u8,
    /// Print the bytes in hexadecimal and as ASCII text; -XX: with the link header
    #[arg(short = 'X', long, action = ArgAction::Count, conflicts_with = "json")]
    hex_ascii: u8,
    /// Print TCP sequence numbers as they are, instead of relative to the first of the connection
    #[arg(
        short = 'S',
        long = "absolute-tcp-sequence-numbers",
        conflicts_with = "json"
    )]
    absolute_sequences: bool,
    /// Do not verify checksums, which the network card may fill in after a packet is captured
    #[arg(short = 'K', long = "dont-verify-checksums")]
    no_checksums: bool,
    /// Print the number of each packet
    #[arg(short = '#', long, conflicts_with = "json")]
    number: bool,
    /// Accepted as in tcpdump, although names are never resolved
    #[arg(short = 'n', action = ArgAction::Count)]
    numeric: u8,
    /// Write each line immediately, even to a pipe, instead of within a fraction of a second
    #[arg(short, long)]
    line_buffered: bool,
    /// When to use colors; by default on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    color: ColorChoice,
}

impl DisplayOptions {
    /// Returns the formatter of packet lines.
    #[must_use]
    pub fn lines(&self) -> PacketLines {
        PacketLines::new(self.view())
    }

    /// Returns a formatter of packet lines without colors.
    #[must_use]
    pub fn plain_lines(&self) -> PacketLines {
        PacketLines::new(View {
            color: ColorChoice::Never,
            ..self.view()
        })
    }

    /// Returns whether to use colors on standard output.
    #[must_use]
    pub fn is_colored(&self) -> bool {
        self.view().is_colored()
    }

    /// Returns the output of packet lines.
    #[must_use]
    pub fn output(&self) -> LineOutput {
        LineOutput::stdout()
            .line_buffered(self.line_buffered)
            .styled(self.view().is_colored())
    }

    fn view(&self) -> View {
        View {
            time: self.time.unwrap_or(match self.time_letters {
                0 => TimeFormat::Local,
                1 => TimeFormat::None,
                2 => TimeFormat::Epoch,
                3 => TimeFormat::Delta,
                4 => TimeFormat::Date,
                _ => TimeFormat::SinceFirst,
            }),
            nano: self.nano,
            link_header: self.link_header,
            verbosity: self.verbose,
            brief: self.quiet,
            bytes: self.bytes(),
            absolute_sequences: self.absolute_sequences,
            verify_checksums: !self.no_checksums,
            number: self.number,
            color: self.color,
        }
    }

    fn bytes(&self) -> Option<BytesView> {
        let view = |level: u8, hex, ascii| {
            (level > 0).then_some(BytesView {
                hex,
                ascii,
                link_header: level > 1,
            })
        };
        // The order of tcpdump.
        view(self.hex_ascii, true, true)
            .or(view(self.hex, true, false))
            .or(view(self.ascii, false, true))
    }

    /// Returns whether -v is given.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Returns whether to print no statistics on standard error.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }
}

/// Parses the number of letters of `-t`.
fn time_letters(text: &str) -> Result<u8, String> {
    let number = text.parse().ok().filter(|number| *number <= 5);
    number.ok_or("expected -t, -tt, -ttt, -tttt or -ttttt".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::json::JsonOptions;
    use clap::Parser;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        display: DisplayOptions,
        #[command(flatten)]
        json: JsonOptions,
    }

    fn view(words: &str) -> Result<View, clap::Error> {
        let line = ["program"].into_iter().chain(words.split(' '));
        let parsed = Words::try_parse_from(line)?;
        assert!(!parsed.json.json || words.contains("json"));
        Ok(parsed.display.view())
    }

    #[test]
    fn habits_of_tcpdump_are_understood() {
        let bytes = |hex, ascii, link_header| {
            Some(BytesView {
                hex,
                ascii,
                link_header,
            })
        };
        for (words, expected) in [
            ("-nnvvXS", bytes(true, true, false)),
            ("-nAl", bytes(false, true, false)),
            ("-nex", bytes(true, false, false)),
            ("-xxK#q", bytes(true, false, true)),
            ("-AXX -n", bytes(true, true, true)),
            ("-vvvv", None),
        ] {
            assert_eq!(view(words).unwrap().bytes, expected, "{words}");
        }
        assert_eq!(view("-tttt").unwrap().time, TimeFormat::Date);
        assert_eq!(view("-ttt").unwrap().time, TimeFormat::Delta);
    }

    #[test]
    fn what_changes_lines_contradicts_json() {
        for words in [
            "-t",
            "--time utc",
            "--nano",
            "-e",
            "-v",
            "-A",
            "-x",
            "-X",
            "-#",
        ] {
            assert!(view(words).is_ok(), "{words}");
            assert!(view(&format!("--json {words}")).is_err(), "{words}");
        }
        assert!(view("--json -nlqK").is_ok());
        assert!(view("-tttttt").is_err());
    }
}
