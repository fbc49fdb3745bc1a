//! The links to manual pages, which are the last line of an item's documentation.

/// Expands to a link to a manual page: of a function of libpcap, of one that another function's page describes, of a
/// topic of libpcap by its section, or of Linux.
///
/// An empty `///` precedes it, and another one follows it if the item has examples. Otherwise rustdoc takes this file
/// for their place, because the last line of the documentation is from here.
macro_rules! manual {
    ($function:literal) => {
        manual!($function, $function)
    };
    ($function:literal, $page:literal) => {
        manual!(@ $function "3PCAP" "https://www.tcpdump.org/manpages/" $page ".3pcap.html")
    };
    (libpcap $section:literal $page:literal) => {
        manual!(@ $page $section "https://www.tcpdump.org/manpages/" $page "." $section ".html")
    };
    (linux $section:literal $page:literal) => {
        manual!(@ $page $section "https://man7.org/linux/man-pages/man" $section "/" $page "." $section ".html")
    };
    (@ $name:literal $section:literal $($url:literal)*) => {
        concat!("Manual page: [`", $name, "(", $section, ")`](", $($url,)* ").")
    };
}
