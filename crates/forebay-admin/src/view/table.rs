//! One table, two renderings: columns that line up in a terminal, and HTML.

use std::fmt::{self, Write};

use maud::{Markup, html};

/// To which side a column leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A column's head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) align: Align,
}

/// Rows of text under titles, and a last row for the sum.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    pub(crate) columns: [Column; N],
    pub(crate) rows: Vec<[String; N]>,
    pub(crate) sum: Option<[String; N]>,
}

impl Column {
    pub(crate) const fn text(title: &'static str) -> Self {
        Self { title, align: Align::Left }
    }

    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, align: Align::Right }
    }

    fn class(self) -> Option<&'static str> {
        (self.align == Align::Right).then_some("number")
    }
}

impl<const N: usize> Table<N> {
    /// As text in columns, two spaces apart.
    pub(crate) fn write_text(&self, out: &mut impl Write) -> fmt::Result {
        let titles = self.columns.map(|column| column.title.to_owned());
        let widths: [usize; N] = std::array::from_fn(|at| {
            let cells = self.rows.iter().chain(&self.sum).chain([&titles]);
            cells.map(|row| row[at].chars().count()).max().unwrap_or(0)
        });
        for row in [&titles].into_iter().chain(&self.rows).chain(&self.sum) {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let width = widths[at];
                match self.columns[at].align {
                    Align::Left => write!(line, "{cell:<width$}  ")?,
                    Align::Right => write!(line, "{cell:>width$}  ")?,
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    pub(crate) fn html(&self) -> Markup {
        let cells = |row: &[String; N]| {
            html! {
                @for (column, cell) in self.columns.iter().zip(row) {
                    td class=[column.class()] { (cell) }
                }
            }
        };
        html! {
            div class="scroll" {
                table {
                    thead { tr { @for column in self.columns { th class=[column.class()] { (column.title) } } } }
                    tbody { @for row in &self.rows { tr { (cells(row)) } } }
                    @if let Some(sum) = &self.sum { tfoot { tr { (cells(sum)) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Table};

    #[test]
    fn text_columns_line_up() {
        let table = Table {
            columns: [Column::text("name"), Column::number("bytes")],
            rows: vec![["a".into(), "1".into()], ["longer".into(), "1000000".into()]],
            sum: Some(["sum".into(), "1000001".into()]),
        };
        let mut text = String::new();
        table.write_text(&mut text).unwrap();
        assert_eq!(text, "name      bytes\na             1\nlonger  1000000\nsum     1000001\n");
    }
}
