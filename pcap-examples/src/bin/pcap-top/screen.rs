//! The terminal: its modes, and a writer that shows each update at once. Whatever ends the program, the terminal is left
//! as it was found.

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use pcap_examples::signals;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::queue;
use ratatui::crossterm::style::ResetColor;
use ratatui::crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};

/// How long to wait for a terminal that accepts no data before leaving it as it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether updates are shown. The lock is held while data is written, which may take as long as the user likes.
static IS_SHOWN: Mutex<bool> = Mutex::new(false);
/// Whether the screen is open, so that it must be closed at the end.
static IS_OPEN: AtomicBool = AtomicBool::new(false);
/// Whether a panic or a signal ends the program.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// The terminal that the program draws on.
pub(crate) type Screen = Terminal<CrosstermBackend<Update>>;

/// From now on, a panic of any thread closes the screen before its message is printed, and so does a signal that kills
/// the process. Call this before the program has other threads.
pub(crate) fn close_at_any_end() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        close_for_good();
        print(panic);
    }));
    signals::on_kill(close_for_good);
}

fn close_for_good() {
    IS_OVER.store(true, Ordering::SeqCst);
    close();
}

/// Opens the full screen.
pub(crate) fn open() -> io::Result<Screen> {
    enter()?;
    Terminal::new(CrosstermBackend::new(Update::default()))
}

/// Shows the full screen, at the start or after the process was stopped. The screen must then be drawn anew. Does
/// nothing if a panic or a signal ends the program.
pub(crate) fn enter() -> io::Result<()> {
    // A thread that ends the program meanwhile waits for the lock, and then closes the screen.
    let mut is_shown = lock();
    if IS_OVER.load(Ordering::SeqCst) {
        return Ok(());
    }
    IS_OPEN.store(true, Ordering::SeqCst);
    // A shell may have changed the modes, and crossterm sets them only if they are not set yet.
    let _ = terminal::disable_raw_mode();
    terminal::enable_raw_mode()?;
    let mut update = Vec::new();
    queue!(update, EnterAlternateScreen, Hide)?;
    *is_shown = true;
    write(&update)
}

/// Returns whether the screen is open. A panic of another thread or a signal closes it.
pub(crate) fn is_open() -> bool {
    IS_OPEN.load(Ordering::SeqCst)
}

/// Leaves the full screen, and restores the modes of the terminal. Does nothing if there is none. Waits only for a
/// limited time until the terminal accepts that. Any thread may call this.
pub(crate) fn close() {
    // A terminal that is stopped with Ctrl-S blocks.
    let leaving = thread::Builder::new().spawn(|| {
        let is_shown = lock_briefly();
        if let (Some(mut is_shown), true) = (is_shown, IS_OPEN.swap(false, Ordering::SeqCst)) {
            *is_shown = false;
            let mut update = Vec::new();
            let _ = queue!(update, ResetColor, LeaveAlternateScreen, Show);
            let _ = write(&update);
        }
    });
    let begun = Instant::now();
    while leaving.as_ref().is_ok_and(|thread| !thread.is_finished()) && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(2));
    }
    IS_OPEN.store(false, Ordering::SeqCst);
    let _ = terminal::disable_raw_mode();
}

fn lock() -> MutexGuard<'static, bool> {
    IS_SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock_briefly() -> Option<MutexGuard<'static, bool>> {
    let begun = Instant::now();
    loop {
        match IS_SHOWN.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return None,
        }
    }
}

/// Writes to the terminal, without the buffer of the standard library, whose lock would stay locked.
#[cfg(unix)]
fn write(bytes: &[u8]) -> io::Result<()> {
    use std::fs::File;
    use std::os::fd::AsFd;

    File::from(io::stdout().as_fd().try_clone_to_owned()?).write_all(bytes)
}

#[cfg(not(unix))]
fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Collects the bytes of an update, and writes them together.
#[derive(Debug, Default)]
pub(crate) struct Update(Vec<u8>);

impl Write for Update {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let is_shown = lock();
        let written = match *is_shown && !self.0.is_empty() {
            true => write(&self.0),
            false => Ok(()),
        };
        self.0.clear();
        written
    }
}
