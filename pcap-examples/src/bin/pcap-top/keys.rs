//! What keys do.

use pcap_examples::interface_names::InterfaceNames;
use pcap_examples::options::display::DisplayOptions;
use pcap_examples::traffic::Layer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::conversation::Wanted;
use crate::filter_edit::FilterEdit;
use crate::line_edit::LineEdit;
use crate::model::Model;
use crate::packet_page::PacketPage;
use crate::save;
use crate::table::{Key, Tab};
use crate::view::{Bottom, Question, View};

/// What the screen must do after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Draw what has changed.
    Draw,
    /// Draw everything.
    Redraw,
    /// Fetch the last packets for the page that was opened.
    FetchPackets,
    /// Stop the process, as a shell does.
    Stop,
    /// End the program.
    Quit,
}

/// What keys can change.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) view: &'a mut View,
    pub(crate) model: &'a mut Model,
    pub(crate) filter: &'a mut FilterEdit,
    pub(crate) display: &'a DisplayOptions,
}

impl Desk<'_> {
    /// Handles a key.
    pub(crate) fn press(&mut self, key: KeyEvent) -> Action {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return Action::Quit,
                KeyCode::Char('z') => return Action::Stop,
                KeyCode::Char('l') => return Action::Redraw,
                _ => {}
            }
        }
        if let Bottom::Question(question, mut line) = self.view.bottom.clone() {
            match key.code {
                KeyCode::Esc => {
                    self.view.bottom = Bottom::Keys;
                    match question {
                        Question::Filter => self.filter.forget(),
                        Question::Save => self.view.wrong_name.clear(),
                        Question::Search => {}
                    }
                }
                KeyCode::Enter => self.answer(question, &line.text()),
                _ => {
                    line.press(key);
                    self.view.bottom = Bottom::Question(question, line);
                }
            }
            return Action::Draw;
        }
        self.view.bottom = Bottom::Keys;
        self.command(key)
    }

    fn command(&mut self, key: KeyEvent) -> Action {
        let (view, model) = (&mut *self.view, &mut *self.model);
        let page = isize::try_from(view.height).unwrap_or(1).max(1);
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('f') if is_control => view.move_by(page),
            KeyCode::Char('b') if is_control => view.move_by(-page),
            KeyCode::Char(_) if is_control => {}
            KeyCode::Char('q') | KeyCode::F(10) => return Action::Quit,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => {
                view.help = match view.help {
                    Some(_) => None,
                    None => Some(0),
                };
            }
            KeyCode::Esc | KeyCode::Backspace => self.go_back(),
            KeyCode::Up | KeyCode::Char('k') => view.move_by(-1),
            KeyCode::Down | KeyCode::Char('j') => view.move_by(1),
            KeyCode::PageUp => view.move_by(-page),
            KeyCode::PageDown => view.move_by(page),
            KeyCode::Home | KeyCode::Char('g') => view.move_to_end(false),
            KeyCode::End | KeyCode::Char('G') => view.move_to_end(true),
            KeyCode::Char(' ') => view.is_paused = !view.is_paused,
            KeyCode::Char('/' | 'f') | KeyCode::F(4) => {
                let line = LineEdit::new(&self.filter.offered(&model.sources));
                view.bottom = Bottom::Question(Question::Filter, line);
            }
            KeyCode::Char('w') => {
                view.bottom = Bottom::Question(Question::Save, LineEdit::new(&view.wrong_name));
            }
            KeyCode::Char('+' | '=') => view.change_span(model, true),
            KeyCode::Char('-') => view.change_span(model, false),
            KeyCode::Char('z') => {
                model.reset();
                view.page.iter_mut().for_each(PacketPage::clear);
                view.refresh(model);
            }
            KeyCode::Left | KeyCode::Right if view.help.is_none() && view.page.is_some() => {
                view.scroll_sideways(key.code == KeyCode::Right);
            }
            _ if view.page.is_some() || view.help.is_some() => {}
            _ => return self.table_command(key.code),
        }
        Action::Draw
    }

    /// Handles a key that concerns the table.
    fn table_command(&mut self, code: KeyCode) -> Action {
        let (view, model) = (&mut *self.view, &mut *self.model);
        let layer = view.layer;
        match code {
            KeyCode::Tab => view.show(model, view.tab.next(), layer),
            KeyCode::BackTab => view.show(model, view.tab.next().next(), layer),
            KeyCode::Char('1' | 'c') => view.show(model, Tab::Conversations, layer),
            KeyCode::Char('2' | 'e') => view.show(model, Tab::Endpoints, layer),
            KeyCode::Char('3' | 'p') => view.show(model, Tab::Protocols, layer),
            KeyCode::Char('l') => view.change_layer(model, true),
            KeyCode::Char('L') => view.change_layer(model, false),
            KeyCode::Char('<' | ',') | KeyCode::Left => view.change_column(false),
            KeyCode::Char('>' | '.') | KeyCode::Right => view.change_column(true),
            KeyCode::Char('r' | 'R' | 'I') => view.reverse(),
            KeyCode::Char('s') | KeyCode::F(3) => {
                view.bottom = Bottom::Question(Question::Search, LineEdit::default());
            }
            KeyCode::Char('n') => self.search(true, false),
            KeyCode::Char('N') => self.search(false, false),
            KeyCode::Enter => return self.open_page(),
            _ => {}
        }
        Action::Draw
    }

    fn go_back(&mut self) {
        if self.view.help.take().is_none() && self.view.page.take().is_some() {
            for source in &self.model.sources {
                source.counter.set_wanted(None);
            }
        }
    }

    /// Shows the last packets of the selected conversation.
    fn open_page(&mut self) -> Action {
        let (view, model) = (&mut *self.view, &*self.model);
        let Some(Key::Pair(a, b)) = view.rows.get(view.selected).map(|row| row.key.clone()) else {
            return Action::Draw;
        };
        let layer = view.layer;
        let mut names = match model.sources.iter().all(|source| source.is_device) {
            true => InterfaceNames::of_this_system(),
            false => InterfaceNames::default(),
        };
        if let [_, _, ..] = &model.sources[..] {
            let sources = model.sources.iter().map(|source| source.name.clone());
            names = names.with_sources(sources.collect());
        }
        let page = PacketPage::new(Wanted { layer, a, b }, self.display.plain_lines(), names);
        for source in &model.sources {
            source.counter.set_wanted(Some(page.wanted.clone()));
        }
        view.page = Some(page);
        Action::FetchPackets
    }

    fn search(&mut self, is_next: bool, with_current: bool) {
        if !self.view.search(is_next, with_current) {
            let text = format!("no row contains `{}`", self.view.searched);
            self.view.bottom = Bottom::Alarm(text);
        }
    }

    fn answer(&mut self, question: Question, text: &str) {
        self.view.bottom = Bottom::Keys;
        match question {
            Question::Filter => {
                self.view.bottom = match self.filter.request(&self.model.sources, text) {
                    Ok(()) => Bottom::Notice("setting the filter".to_owned()),
                    Err(error) => Bottom::Alarm(error),
                };
            }
            Question::Search => {
                text.clone_into(&mut self.view.searched);
                self.search(true, true);
            }
            Question::Save if text.trim().is_empty() => {}
            Question::Save => {
                let saved = save::save(text, self.view, self.model);
                self.view.wrong_name.clear();
                self.view.bottom = match saved {
                    Ok(what) => Bottom::Notice(what),
                    Err(failure) => {
                        text.clone_into(&mut self.view.wrong_name);
                        Bottom::Alarm(failure.to_string())
                    }
                };
            }
        }
    }
}

/// Returns the layer of the command line.
pub(crate) fn layer(arg: crate::args::LayerArg) -> Layer {
    use crate::args::LayerArg;
    match arg {
        LayerArg::Eth => Layer::Ethernet,
        LayerArg::Ip => Layer::Ipv4,
        LayerArg::Ipv6 => Layer::Ipv6,
        LayerArg::Tcp => Layer::Tcp,
        LayerArg::Udp => Layer::Udp,
        LayerArg::Sctp => Layer::Sctp,
    }
}
