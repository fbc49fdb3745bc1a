//! The macro for links to manual pages. Such a link is the last line of an item's documentation.

/// Expands to a link to a manual page. Its forms are, in this order: a function of libpcap that has its own page, a
/// function that is described on the page of another function, another page of libpcap with its section, and a page of
/// Linux with its section.
///
/// Write an empty `///` before it, and another one after it if the item has examples. Without the second one, rustdoc
/// attributes the examples to this file, because the last line of the documentation comes from here.
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
