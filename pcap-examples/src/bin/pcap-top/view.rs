//! What the user looks at: the table, its order, the selected row, and what is open above it.

use pcap_examples::counted::counted;
use pcap_examples::traffic::{Layer, TcpCounts};

use crate::line_edit::LineEdit;
use crate::look::Look;
use crate::model::Model;
use crate::number::clock;
use crate::packet_page::PacketPage;
use crate::series::MAX_SECONDS;
use crate::table::{self, Column, Key, Row, Tab};

/// The times that the graphs may show, in seconds, and their names.
pub(crate) const SPANS: [(usize, &str); 6] = [
    (60, "1 min"),
    (300, "5 min"),
    (900, "15 min"),
    (3600, "1 h"),
    (6 * 3600, "6 h"),
    (86_400, "24 h"),
];

/// The number of columns by which lines are scrolled.
const SIDE_STEP: usize = 20;

/// A line that the user types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Filter,
    Search,
    Save,
}

/// What the last line shows.
#[derive(Clone, Debug, Default)]
pub(crate) enum Bottom {
    /// The keys.
    #[default]
    Keys,
    /// What has happened.
    Notice(String),
    /// What has failed.
    Alarm(String),
    /// A question, with the answer so far.
    Question(Question, LineEdit),
}

/// The state of the screen.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) look: Look,
    pub(crate) tab: Tab,
    pub(crate) layer: Layer,
    /// The column of each table by which it is sorted, and whether downwards.
    orders: [(Column, bool); 3],
    /// The rows of the table, sorted.
    pub(crate) rows: Vec<Row>,
    /// The selected row.
    pub(crate) selected: usize,
    /// What the selected row is about, once the user has moved to it.
    followed: Option<Key>,
    /// The first visible row.
    pub(crate) first: usize,
    /// The number of visible rows, when the screen was drawn.
    pub(crate) height: usize,
    /// The time that the graphs show, as an index of [`SPANS`], once the user has chosen one.
    span: Option<usize>,
    pub(crate) is_paused: bool,
    pub(crate) bottom: Bottom,
    /// The first visible line of the help, if it is open.
    pub(crate) help: Option<usize>,
    pub(crate) page: Option<PacketPage>,
    pub(crate) searched: String,
    /// The last name of a file to save to, if that has failed.
    pub(crate) wrong_name: String,
}

impl View {
    pub(crate) fn new(look: Look, layer: Layer) -> View {
        View {
            look,
            tab: Tab::Conversations,
            layer,
            orders: [(Column::Bytes, true); 3],
            rows: Vec::new(),
            selected: 0,
            followed: None,
            first: 0,
            height: 1,
            span: None,
            is_paused: false,
            bottom: Bottom::Keys,
            help: None,
            page: None,
            searched: String::new(),
            wrong_name: String::new(),
        }
    }

    /// Returns the column by which the table is sorted, and whether downwards.
    pub(crate) fn order(&self) -> (Column, bool) {
        let order = self.orders[self.tab as usize];
        // Only one layer has retransmissions.
        match self.tab.columns(self.layer).contains(&order.0) {
            true => order,
            false => (Column::Bytes, true),
        }
    }

    /// Returns the counts of the TCP connections between the endpoints of the open page, as a line.
    pub(crate) fn connection(&self) -> Option<String> {
        let page = self.page.as_ref()?;
        let is_of_page = |key: &Key| match key {
            Key::Pair(a, b) => page.is_between(a, b),
            _ => false,
        };
        let rows = self.rows.iter().filter(|row| is_of_page(&row.key));
        let sum = rows.filter_map(|row| row.tcp).reduce(|mut sum, more| {
            sum += more;
            sum
        })?;
        let TcpCounts {
            retransmissions,
            fast_retransmissions: fast,
            spurious_retransmissions: spurious,
            out_of_order,
            duplicate_acks,
            ..
        } = sum;
        Some(format!(
            "{} ({fast} fast, {spurious} spurious), {out_of_order} out of order, {}",
            counted(retransmissions, "retransmission"),
            counted(duplicate_acks, "duplicate ACK"),
        ))
    }

    /// Returns the time that the graphs show, in seconds, and its name. By default, a graph shows all of a savefile, or
    /// its last day.
    pub(crate) fn span(&self, model: &Model) -> (usize, String) {
        if self.span.is_none() && !model.is_live() {
            if model.duration() > MAX_SECONDS as f64 {
                return (MAX_SECONDS, "last 24 h".to_owned());
            }
            let seconds = model.series.len().max(10);
            return (seconds, clock(seconds as u64));
        }
        let (seconds, name) = SPANS[self.span_index(model)];
        (seconds, name.to_owned())
    }

    fn span_index(&self, model: &Model) -> usize {
        self.span.unwrap_or_else(|| match model.is_live() {
            true => 0,
            false => {
                let fits = |&(span, _): &(usize, &str)| span >= model.series.len();
                SPANS.iter().position(fits).unwrap_or(SPANS.len() - 1)
            }
        })
    }

    /// Shows a longer or a shorter time.
    pub(crate) fn change_span(&mut self, model: &Model, is_longer: bool) {
        let index = self.span_index(model);
        self.span = Some(match is_longer {
            true => (index + 1).min(SPANS.len() - 1),
            false => index.saturating_sub(1),
        });
    }

    /// Fetches and sorts the rows, and keeps the selected one selected.
    pub(crate) fn refresh(&mut self, model: &Model) {
        self.rows = model.rows(self.tab, self.layer);
        self.sort();
    }

    fn sort(&mut self) {
        let (column, is_descending) = self.order();
        table::sort(&mut self.rows, column, is_descending);
        let followed = self.followed.as_ref();
        if let Some(index) =
            followed.and_then(|key| self.rows.iter().position(|row| row.key == *key))
        {
            // The row stays where it is on the screen.
            let line = self.selected.saturating_sub(self.first);
            self.first = index.saturating_sub(line);
            self.selected = index;
        }
        self.clamp();
    }

    /// Shows another table.
    pub(crate) fn show(&mut self, model: &Model, tab: Tab, layer: Layer) {
        if (tab, layer) != (self.tab, self.layer) {
            (self.tab, self.layer) = (tab, layer);
            self.select_first();
            self.refresh(model);
        }
    }

    /// Shows the next or the previous layer.
    pub(crate) fn change_layer(&mut self, model: &Model, is_next: bool) {
        let count = Layer::ALL.len();
        let index = Layer::ALL
            .iter()
            .position(|layer| *layer == self.layer)
            .unwrap_or(0);
        let step = if is_next { 1 } else { count - 1 };
        self.show(model, self.tab, Layer::ALL[(index + step) % count]);
    }

    /// Sorts by the next or the previous column.
    pub(crate) fn change_column(&mut self, is_next: bool) {
        let columns = self.tab.columns(self.layer);
        let (column, _) = self.order();
        let index = columns.iter().position(|one| *one == column).unwrap_or(0);
        let step = if is_next { 1 } else { columns.len() - 1 };
        let column = columns[(index + step) % columns.len()];
        // Large numbers come first, and names in their order.
        let is_descending = !matches!(column, Column::Name | Column::Other);
        self.orders[self.tab as usize] = (column, is_descending);
        self.sort();
    }

    /// Sorts in the other direction.
    pub(crate) fn reverse(&mut self) {
        let (column, is_descending) = self.order();
        self.orders[self.tab as usize] = (column, !is_descending);
        self.sort();
    }

    /// Moves the selection by a number of rows, or the open page by a number of lines.
    pub(crate) fn move_by(&mut self, rows: isize) {
        if let Some(first) = &mut self.help {
            *first = first.saturating_add_signed(rows);
        } else if let Some(page) = &mut self.page {
            let most = page.lines.len().saturating_sub(self.height);
            page.below = page.below.saturating_add_signed(-rows).min(most);
        } else {
            self.select(self.selected.saturating_add_signed(rows));
        }
    }

    /// Shows what is to the right or to the left of the lines of the open page.
    pub(crate) fn scroll_sideways(&mut self, to_right: bool) {
        if let Some(page) = &mut self.page {
            let longest = page.lines.iter().map(|line| line.chars().count()).max();
            page.left = match to_right {
                true => (page.left + SIDE_STEP).min(longest.unwrap_or(0)),
                false => page.left.saturating_sub(SIDE_STEP),
            };
        }
    }

    /// Moves to the first or the last row or line.
    pub(crate) fn move_to_end(&mut self, is_last: bool) {
        match is_last {
            true => self.move_by(isize::MAX / 2),
            false if self.help.is_none() && self.page.is_none() => self.select_first(),
            false => self.move_by(isize::MIN / 2),
        }
    }

    fn select_first(&mut self) {
        (self.selected, self.first, self.followed) = (0, 0, None);
    }

    fn select(&mut self, index: usize) {
        self.selected = index;
        self.clamp();
        self.followed = self.rows.get(self.selected).map(|row| row.key.clone());
    }

    /// Selects the next or the previous row that contains the searched text. Returns `false` if there is none.
    pub(crate) fn search(&mut self, is_next: bool, with_current: bool) -> bool {
        let (count, text) = (self.rows.len(), self.searched.to_lowercase());
        if text.is_empty() {
            return true;
        }
        let start = usize::from(!with_current);
        let found = (start..count + start).find_map(|step| {
            let index = match is_next {
                true => (self.selected + step) % count,
                false => (self.selected + 2 * count - step) % count,
            };
            self.rows[index].contains(&text).then_some(index)
        });
        if let Some(index) = found {
            self.select(index);
        }
        found.is_some()
    }

    /// Keeps the selection in the table, and the selected row visible.
    pub(crate) fn clamp(&mut self) {
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
        let height = self.height.max(1);
        self.first = self.first.min(self.selected);
        self.first = self.first.max((self.selected + 1).saturating_sub(height));
        self.first = self.first.min(self.rows.len().saturating_sub(height));
    }
}
