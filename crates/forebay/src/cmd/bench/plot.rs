//! The table as a picture: three figures side by side, a bar for each way.

use std::fmt::Write;

use forebay_budget::ByteSize;

use super::Row;

const PANEL: f64 = 240.0;
const BAR: f64 = 22.0;
const LEFT: f64 = 190.0;
const TOP: f64 = 40.0;

/// The picture.
pub(super) fn svg(rows: &[Row]) -> String {
    let width = LEFT + 3.0 * PANEL;
    let height = TOP + rows.len() as f64 * (BAR + 12.0) + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n"
    );
    for (at, row) in rows.iter().enumerate() {
        text(&mut svg, 8.0, line(at) + 15.0, row.way);
    }
    panel(&mut svg, 0, "MB/s", rows, |row| (row.mb_per_second, format!("{:.0}", row.mb_per_second)));
    panel(&mut svg, 1, "CPU %", rows, |row| (row.cpu_percent, format!("{:.0}", row.cpu_percent)));
    panel(&mut svg, 2, "peak memory", rows, |row| {
        (row.peak_bytes as f64, ByteSize::mib(row.peak_bytes >> 20).to_string())
    });
    svg += "</svg>\n";
    svg
}

fn panel(svg: &mut String, at: usize, title: &str, rows: &[Row], figure: impl Fn(&Row) -> (f64, String)) {
    let left = LEFT + at as f64 * PANEL;
    text(svg, left, 24.0, title);
    let most = rows.iter().map(|row| figure(row).0).fold(1e-9, f64::max);
    for (at, row) in rows.iter().enumerate() {
        let (value, shown) = figure(row);
        let length = (PANEL - 90.0) * value / most;
        let top = line(at);
        writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"#4878a8\"/>"
        )
        .expect("a String takes it");
        text(svg, left + length + 6.0, top + 15.0, &shown);
    }
}

fn line(at: usize) -> f64 {
    TOP + at as f64 * (BAR + 12.0)
}

fn text(svg: &mut String, x: f64, y: f64, words: &str) {
    writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>").expect("a String takes it");
}
