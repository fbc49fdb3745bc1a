//! The thread of the screen: draws it, and handles keys. It may be blocked by the terminal, so nothing waits for it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::options::display::DisplayOptions;
use pcap_examples::signals::{self, Stop};
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use ratatui::crossterm::style;

use crate::debug;
use crate::draw;
use crate::filter_edit::FilterEdit;
use crate::keys::{Action, Desk};
use crate::model::Model;
use crate::screen::{self, Screen};
use crate::view::{Bottom, View};

/// The longest wait for a key. After it, the thread looks for signals and for the end of a savefile.
const WAIT: Duration = Duration::from_millis(50);
/// How long a signal that stops the process waits until the screen is left.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// What the thread that handles signals tells the one of the screen.
enum Told {
    /// To leave the screen, because the process stops.
    Leave(Sender<()>),
    /// To show the screen again.
    Show,
}

/// The screen, and what it shows.
pub(crate) struct Ui<'a> {
    screen: Screen,
    view: View,
    model: Model,
    filter: FilterEdit,
    display: &'a DisplayOptions,
    interval: Duration,
    told: Receiver<Told>,
    /// When the screen must be updated.
    due: Instant,
    /// Whether the last update was that of sources that have ended.
    was_over: bool,
    /// The number of sources whose errors were shown.
    failed: usize,
}

impl<'a> Ui<'a> {
    /// Opens the screen.
    pub(crate) fn open(
        model: Model,
        view: View,
        display: &'a DisplayOptions,
        interval: Duration,
    ) -> Outcome<Ui<'a>> {
        let (sender, told) = mpsc::channel();
        signals::on_stop(move |stop| match stop {
            Stop::Begins => {
                let (done, is_done) = mpsc::channel();
                if sender.send(Told::Leave(done)).is_ok() {
                    let _ = is_done.recv_timeout(STOP_PATIENCE);
                }
            }
            Stop::IsOver => drop(sender.send(Told::Show)),
        });
        // crossterm would decide by NO_COLOR alone.
        style::force_color_output(view.look.is_colored);
        let screen = screen::open().map_err(failure)?;
        Ok(Ui {
            screen,
            view,
            model,
            filter: FilterEdit::default(),
            display,
            interval,
            told,
            due: Instant::now(),
            was_over: false,
            failed: 0,
        })
    }

    /// Shows the screen until the user quits or the program must end.
    pub(crate) fn run(&mut self) -> Outcome {
        loop {
            if signals::end().is_some() || !screen::is_open() {
                return Ok(());
            }
            self.heed_signals()?;
            let is_over = self.model.is_over();
            let has_news = self.heed_filter() | self.heed_errors();
            if Instant::now() >= self.due || is_over != self.was_over || has_news {
                self.due = Instant::now() + self.interval;
                self.was_over = is_over;
                if !self.view.is_paused {
                    self.update(false);
                }
                self.draw()?;
                debug::panic_if_wanted("screen");
            }
            let wait = self.due.saturating_duration_since(Instant::now()).min(WAIT);
            if self.press_keys(wait)? == Action::Quit {
                return Ok(());
            }
        }
    }

    /// Adds what was counted, and sorts the table.
    fn update(&mut self, recent: bool) {
        let page = &mut self.view.page;
        self.model.update(recent, |packets| {
            if let Some(page) = page {
                page.add(packets);
            }
        });
        self.view.refresh(&self.model);
    }

    fn draw(&mut self) -> Outcome {
        let (view, model) = (&mut self.view, &self.model);
        let drawn = self.screen.draw(|frame| draw::draw(frame, view, model));
        drawn.map(drop).map_err(failure)
    }

    /// Draws everything anew.
    fn redraw(&mut self) -> Outcome {
        // Not `clear`, which asks the terminal for the position of the cursor. Not every terminal answers in time.
        let size = self.screen.size().map_err(failure)?;
        self.screen.resize(size.into()).map_err(failure)?;
        self.draw()
    }

    /// Waits for a key, and handles all that were pressed.
    fn press_keys(&mut self, wait: Duration) -> Outcome<Action> {
        let mut wait = wait;
        let mut last = Action::Draw;
        let mut must_draw = false;
        while event::poll(wait).map_err(failure)? {
            wait = Duration::ZERO;
            match event::read().map_err(failure)? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    let mut desk = Desk {
                        view: &mut self.view,
                        model: &mut self.model,
                        filter: &mut self.filter,
                        display: self.display,
                    };
                    last = desk.press(key);
                    must_draw = true;
                }
                Event::Resize(..) => must_draw = true,
                _ => {}
            }
            match last {
                Action::Quit => return Ok(Action::Quit),
                Action::Redraw => self.redraw()?,
                Action::Stop => stop_process_group(),
                Action::FetchPackets => {
                    self.update(true);
                    // A savefile is searched now.
                    self.due = self.due.min(Instant::now() + 2 * WAIT);
                }
                Action::Draw => {}
            }
            last = Action::Draw;
        }
        if must_draw {
            self.draw()?;
        }
        Ok(last)
    }

    /// Shows the outcome of a change of the filter. Returns whether it was changed.
    fn heed_filter(&mut self) -> bool {
        match self.filter.outcome(&self.model.sources) {
            Some(Ok(())) => {
                self.view.bottom = Bottom::Notice("the filter is set".to_owned());
                true
            }
            Some(Err(error)) => {
                self.view.bottom = Bottom::Alarm(error);
                true
            }
            None => false,
        }
    }

    /// Shows the error of a source that has failed, for which the header may have too little room. Returns whether there
    /// is one.
    fn heed_errors(&mut self) -> bool {
        if matches!(self.view.bottom, Bottom::Question(..)) {
            return false;
        }
        let statuses = self.model.sources.iter().map(|source| source.status());
        let errors: Vec<String> = statuses
            .filter_map(|status| status.error().map(str::to_owned))
            .collect();
        let is_new = errors.len() > self.failed;
        self.failed = errors.len();
        match errors.into_iter().next_back() {
            Some(error) if is_new => {
                self.view.bottom = Bottom::Alarm(error);
                true
            }
            _ => false,
        }
    }

    /// Leaves the screen while the process is stopped.
    fn heed_signals(&mut self) -> Outcome {
        while let Ok(told) = self.told.try_recv() {
            if let Told::Leave(done) = told {
                screen::close();
                let _ = done.send(());
                while !matches!(self.told.recv_timeout(WAIT), Ok(Told::Show)) {
                    if signals::end().is_some() {
                        return Ok(());
                    }
                }
            }
            screen::enter().map_err(failure)?;
            self.redraw()?;
        }
        Ok(())
    }
}

/// Sends the signal of Ctrl-Z to all processes of the job, as the terminal does when it is not in raw mode.
fn stop_process_group() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;
        let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
    }
}

fn failure(error: std::io::Error) -> Failure {
    Failure::Text(format!("cannot use the terminal: {error}"))
}

/// Waits for the thread of the screen, but once the program must end not longer than a terminal needs that accepts data.
pub(crate) fn wait(is_done: &Receiver<()>) {
    let begun = Instant::now();
    while is_done.recv_timeout(WAIT) == Err(RecvTimeoutError::Timeout) {
        let is_late = |end: signals::End| end.since().max(begun).elapsed() >= end.stall_limit();
        if signals::end().is_some_and(is_late) {
            return;
        }
    }
}
