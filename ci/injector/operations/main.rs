//! Performs one operation of pcap-core, and prints a digest of the packets and of other results. `ci/torture` runs it
//! with faults. It prints nothing until the end, so that only a complete result is printed.

mod live;
mod offline;
mod output;
#[cfg(feature = "remote")]
mod remote;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

use output::{Output, Result};

fn main() -> ExitCode {
    handle_signals();
    let arguments: Vec<String> = std::env::args().collect();
    let argument = |number: usize| arguments.get(number).map_or("", String::as_str);
    match run(argument(1), argument(2), argument(3)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}: {error}", argument(1));
            ExitCode::FAILURE
        }
    }
}

/// Installs a handler that interrupts system calls. A call of a thread that does not block the signal may therefore
/// fail with EINTR.
fn handle_signals() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: `sigaction` is plain data, for which zeros are valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler does nothing.
    unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) };
}

fn run(operation: &str, first: &str, second: &str) -> Result<()> {
    let mut output = Output::default();
    match operation {
        "version" => output.line(pcap_core::version().to_string()),
        "next" => offline::next(first, &mut output)?,
        "open-file" => offline::open_file(first, &mut output)?,
        "reader" => offline::reader(first, &mut output)?,
        "stdin" => offline::stdin(&mut output)?,
        "batches" => offline::batches(first, &mut output)?,
        "for-each" => offline::for_each(first, &mut output)?,
        "iterator" => offline::iterator(first, &mut output)?,
        "filtered" => offline::filtered(first, &mut output)?,
        "follow" => offline::follow(first, &mut output)?,
        "blocks" => offline::blocks(first, &mut output)?,
        "async-file" => offline::async_file(first, &mut output)?,
        "async-stdin" => offline::async_stdin(&mut output)?,
        "compile" => offline::compile(&mut output)?,
        "compile-names" => offline::compile_names(&mut output)?,
        "any-of" => offline::any_of(&mut output)?,
        "match" => offline::matches(&mut output)?,
        "listing" => offline::listing(&mut output)?,
        "dead" => offline::dead(&mut output)?,
        "write" => write::classic(first, &mut output)?,
        "write-nano" => write::nano(first, &mut output)?,
        "write-open-file" => write::open_file(first, &mut output)?,
        "write-writer" => write::writer(first, &mut output)?,
        "append" => write::append(first, &mut output)?,
        "write-pcapng" => write::pcapng(first, &mut output)?,
        "append-pcapng" => write::append_pcapng(first, &mut output)?,
        "copy" => write::copy(first, second, &mut output)?,
        "devices" => live::devices(&mut output)?,
        "find" => live::find(first, &mut output)?,
        "questions" => live::questions(first, &mut output)?,
        "activate" => live::activate(first, &mut output)?,
        "activate-options" => live::activate_options(first, &mut output)?,
        "live-next" => live::next(first, &mut output)?,
        "live-batch" => live::batch(first, &mut output)?,
        "live-for-each" => live::for_each(first, &mut output)?,
        "live-timeout" => live::timeout(first, &mut output)?,
        "live-filter" => live::filter(first, &mut output)?,
        "live-stop" => live::stop(first, &mut output)?,
        "live-stats" => live::stats(first, &mut output)?,
        "live-write" => live::write(first, second, &mut output)?,
        "break" => live::breaks(first, &mut output)?,
        "inject" => live::inject(first, &mut output)?,
        "send-queue" => live::send_queue(first, &mut output)?,
        "sender" => live::sender(first, &mut output)?,
        "fanout" => live::fanout(first, &mut output)?,
        "async-live" => live::async_next(first, &mut output)?,
        #[cfg(feature = "remote")]
        "remote-devices" => remote::devices(&mut output)?,
        #[cfg(feature = "remote")]
        "remote-open" => remote::open(first, &mut output)?,
        #[cfg(feature = "remote")]
        "remote-next" => remote::next(first, &mut output)?,
        #[cfg(feature = "remote")]
        "remote-for-each" => remote::for_each(first, &mut output)?,
        #[cfg(feature = "remote")]
        "remote-filter" => remote::filter(first, &mut output)?,
        #[cfg(feature = "remote")]
        "remote-stats" => remote::stats(first, &mut output)?,
        #[cfg(feature = "remote")]
        "remote-udp" => remote::udp(first, &mut output)?,
        other => return Err(format!("expected an operation, found `{other}`").into()),
    }
    output.print()
}
