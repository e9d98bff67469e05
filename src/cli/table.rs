//! A table for a terminal: columns as wide as they must be, and no wider than the screen.

use std::io;

use super::{
    out::{Out, Style},
    text,
};

/// Rows under a head line.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub head: &'static str,
    pub kind: Kind,
}

/// What a column does when the screen is narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keeps its width, so that a name can be copied.
    Word,
    /// As a word, but aligned to the right.
    Number,
    /// Gives way.
    Text,
}

/// One field, already plain.
#[derive(Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Words that came from outside are made plain here.
    pub fn new(style: Style, text: &str) -> Self {
        Self { text: text::plain(text), style }
    }
}

impl Table {
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    pub fn print(&self, out: &mut Out) -> io::Result<()> {
        let widths = self.widths(out.width());
        let heads: Vec<Cell> =
            self.columns.iter().map(|column| Cell::new(Style::Dim, column.head)).collect();
        out.line(self.line(&heads, &widths, out))?;
        for row in &self.rows {
            out.line(self.line(row, &widths, out))?;
        }
        Ok(())
    }

    fn line(&self, cells: &[Cell], widths: &[usize], out: &Out) -> String {
        let mut line = String::new();
        let mut pending = 0;
        for ((cell, column), width) in cells.iter().zip(&self.columns).zip(widths) {
            let shown = text::fitted(&cell.text, *width);
            let pad = width.saturating_sub(text::width(&shown));
            let before = if column.kind == Kind::Number { pad } else { 0 };
            // Padding is written only when something follows it: no blanks at the line's end.
            line.extend(std::iter::repeat_n(' ', pending + before));
            line.push_str(&out.paint(cell.style, &shown));
            pending = GAP + pad - before;
        }
        line.trim_end().to_owned()
    }

    /// Natural widths, the text columns narrowed until a line fits.
    fn widths(&self, screen: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|it| text::width(it.head)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(text::width(&cell.text));
            }
        }
        let Some(screen) = screen else { return widths };
        let gaps = GAP * widths.len().saturating_sub(1);
        loop {
            let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(screen);
            let texts = widths.iter_mut().zip(&self.columns);
            let widest = texts
                .filter(|(_, column)| column.kind == Kind::Text)
                .map(|(width, _)| width)
                .max_by_key(|width| **width);
            match widest {
                Some(width) if excess > 0 && *width > NARROWEST => *width -= 1,
                _ => return widths,
            }
        }
    }
}

/// Blanks between two columns.
const GAP: usize = 2;
/// A text column says nothing below this.
const NARROWEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(vec![
            Column { head: "NAME", kind: Kind::Word },
            Column { head: "N", kind: Kind::Number },
            Column { head: "TITLE", kind: Kind::Text },
        ]);
        let cell = |text: &str| Cell::new(Style::Plain, text);
        table.row(vec![
            cell("harbour-post"),
            cell("120"),
            cell("A title that goes on and on and on"),
        ]);
        table
    }

    #[test]
    fn only_text_columns_give_way_to_a_narrow_screen() {
        assert_eq!(table().widths(None), [12, 3, 34]);
        assert_eq!(table().widths(Some(40)), [12, 3, 21]);
        assert_eq!(table().widths(Some(10)), [12, 3, 12]);
    }
}
