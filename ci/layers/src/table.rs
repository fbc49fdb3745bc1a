//! The rule: which module of pcap-core may import which, and how long a file may be.

/// The modules of the crate's root, the lowest first, each with those that it imports. The root itself, `lib.rs`, may
/// import all. The check reports an import that is not here, a name here that is not imported, and cycles.
pub(crate) const MAY_IMPORT: &str = "\
text
sys          text
manual
loan
printable
serialize
error        text sys printable
version      text sys
stats        sys
warning      sys printable
breakloop    sys
timestamp    error
linktype     sys error
tstamp_type  sys error
device       text sys serialize error
direction    sys error
sendqueue    error
packet       loan timestamp linktype
cooked       linktype direction
savefile     loan sys error timestamp linktype device packet
filter       sys serialize error linktype direction packet
lookup       sys error device
dumper       sys error timestamp linktype packet savefile
handle       sys error breakloop timestamp linktype packet filter
callback     sys packet handle
capture      loan sys error version stats warning breakloop timestamp linktype tstamp_type device
             direction sendqueue packet savefile filter dumper handle callback
os           sys error stats breakloop linktype filter capture
pcapng       loan sys error stats breakloop timestamp linktype direction packet savefile dumper capture
remote       sys error version device filter capture
stream       loan sys error stats breakloop packet capture
coming_from
removed
";

/// Lines of code that a file must stay below, without blank lines, comments and the tests at its end.
pub(crate) const MOST_CODE_LINES: usize = 500;

/// Lines above an `unsafe` block of which one says `// SAFETY:`.
pub(crate) const LINES_ABOVE_UNSAFE: usize = 4;

/// The folders whose files have at most [`MOST_LINES`] lines. Generated bindings may have more.
pub(crate) const SOURCES: &[&str] = &[
    "ci",
    "pcap-core/benches",
    "pcap-core/fuzz",
    "pcap-core/src",
    "pcap-examples/manual",
    "pcap-examples/pages",
    "pcap-examples/src",
    "pcap-sys/build",
    "pcap-sys/src",
];

/// Lines that a file may have in all.
pub(crate) const MOST_LINES: usize = 500;
