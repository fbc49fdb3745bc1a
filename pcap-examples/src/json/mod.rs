//! Formats packets, statistics and summaries as lines of JSON.
//!
//! Every line of JSON that a program prints is an object that begins with the version of the schema and a type, see
//! [`Object::of_type`]. The files in `pcap-examples/schema` describe the members of each type, and the tests validate
//! the output of every program against them.

mod object;
mod packet;
mod packet_field;
mod statistics;
mod summary;

pub use object::{Object, SCHEMA, list, number, string};
pub use packet::PacketObjects;
pub use packet_field::PacketField;
pub use statistics::{
    push as push_statistics, push_counts, push_drops, push_interface, push_output, push_waits,
};
pub use summary::{JsonOutput, note_error, push_file_error};

/// The section of `--help` about the JSON of packets.
pub const HELP: &str = "\
JSON:
  One line per packet, with an object of these members. A member is missing if
  the packet does not have it, or is truncated before it. A JSON Schema is in
  pcap-examples/schema/v1.json, which is installed in PREFIX/share.

  schema           the version of the schema: 1
  type             \"packet\"
  time             seconds since 1970 with nine decimals, as a string
  caplen, len      bytes captured, and on the wire
  linktype         the link type, such as \"EN10MB\"
  vlans, mpls, pppoe
                   arrays of tags, labels and sessions, the outermost first
  tunnels          array of objects of protocol, id, source, source_port,
                   destination and destination_port, the outermost first
  protocol         the innermost known protocol, but none above TCP or UDP
  application      the protocol above TCP or UDP, if it is recognized
  source_mac, destination_mac
                   the addresses of the link layer
  source, source_port, destination, destination_port
                   the innermost addresses and ports
  ttl              the time to live of IPv4, or the hop limit of IPv6
  flags            array of the flags of TCP, such as \"SYN\"
  sequence, acknowledgment, window
                   fields of TCP
  payload_len      bytes in TCP or UDP on the wire
  fragment         object of id, and offset in bytes
  info             fields of the protocol and its contents, for people
  dns              object of id, operation, response (whether it is one), code
                   and code_name, questions (objects of name and type) and
                   answers (objects of name, type and data)
  tls              object of message, version and server_name
  payload          the bytes after the last known header, in hexadecimal; only
                   with --payload or --fields
  data             all captured bytes, in hexadecimal; only with --data or
                   --fields

  Packets of Linux's cooked link types:
  interface_index  the number of the interface, only with LINUX_SLL2
  interface        its name, only in live captures
  direction        \"in\" or \"out\"
  packet_type      \"host\", \"broadcast\", \"multicast\", \"otherhost\",
                   \"outgoing\" or a number
  hardware_type    the number of Linux's ARPHRD_ constant

  Packets of pcapng savefiles:
  section          the number of the section, from the second one on
  interface_id     the number of the interface in its section, from 0
  interface        its name
  direction        \"in\" or \"out\"
  reception        \"unicast\", \"multicast\", \"broadcast\" or \"promiscuous\"
  packet_flags     a number
  dropped          packets lost before this one
  packet_id, queue, process, thread
                   numbers
  link_errors, comments
                   arrays of strings";
