//! Code that the command-line programs share.
//!
//! The programs are in `src/bin`. Each `main` calls [`program::main`]. Savefiles are read with [`savefile_reader`] and
//! written with [`savefile_writer`]; packets are decoded by [`decode`] and printed by [`packet_printer`]. [`signals`]
//! handles Ctrl-C and other signals.

pub mod background_writer;
pub mod block_output;
pub mod block_reader;
pub mod block_times;
pub mod capture_threads;
pub mod classic_output;
mod closed_stdout;
pub mod comment_args;
pub mod commented_packets;
pub mod compression;
pub mod copy_progress;
pub mod decode;
mod destination;
pub mod device;
pub mod device_list;
pub mod drain;
pub mod drop_counts;
pub mod duplicates;
pub mod escape;
pub mod exit;
pub mod expression;
pub mod files;
pub mod flow;
pub mod format_dumper;
pub mod hex;
pub mod host_order;
pub mod interface_names;
pub mod interruptible_reader;
pub mod json;
pub mod line_output;
pub mod link_converter;
pub mod link_filters;
pub mod linktype_snaplens;
pub mod lost_parts;
pub mod numbered_files;
pub mod options;
pub mod output_format;
pub mod packet_counter;
pub mod packet_line;
pub mod packet_origin;
pub mod packet_printer;
pub mod packet_sink;
pub mod packet_view;
pub mod preamble;
pub mod privileges;
pub mod program;
pub mod progress;
pub mod rotation;
pub mod safe_files;
pub mod savefile_input;
pub mod savefile_reader;
pub mod savefile_source;
pub mod savefile_summary;
pub mod savefile_writer;
pub mod send_schedule;
pub mod service_manager;
mod signal_thread;
pub mod signals;
pub mod skipped_packets;
pub mod sorter;
pub mod statistics;
pub mod stderr;
pub mod value_parsers;
