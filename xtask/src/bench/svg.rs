//! A small writer of SVG: shapes and words, with colours that suit light and dark pages.
//!
//! Plots are drawn from numbers by a hundred lines instead of a plotting library: they are checked in, so
//! they must be small, diffable and the same on every machine.

use std::fmt::Write as _;

/// A picture under way. Coordinates are pixels from the upper left.
#[derive(Debug)]
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Series colours, told apart in print and by colour-blind readers too.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#24292f}.small{font-size:11px;fill:#57606a}.title{font-size:16px;font-weight:600}\
.grid{stroke:#d0d7de;stroke-width:1}.axis{stroke:#57606a;stroke-width:1}.back{fill:#fff}\
.s0{fill:#0969da;stroke:#0969da}.s1{fill:#bf8700;stroke:#bf8700}.s2{fill:#cf222e;stroke:#cf222e}\
.line{fill:none;stroke-width:2.5;stroke-linejoin:round}.bar{stroke:none}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#30363d}.axis{stroke:#9198a1}\
.back{fill:#0d1117}.s0{fill:#4493f8;stroke:#4493f8}.s1{fill:#d29922;stroke:#d29922}.s2{fill:#f85149;stroke:#f85149}.line{fill:none}}";

impl Svg {
    /// An empty picture with a title.
    pub(crate) fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self { width, height, body: String::new() };
        svg.text((16.0, 26.0), Anchor::Start, "title", title);
        svg
    }

    /// Words at a point.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let words = words.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" class="{class}">{words}</text>"#
        );
    }

    /// A straight line.
    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let _ = writeln!(
            self.body,
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#
        );
    }

    /// A filled rectangle, which says its value when pointed at.
    pub(crate) fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str, says: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" class="bar {class}"><title>{says}</title></rect>"#
        );
    }

    /// A curve through points.
    pub(crate) fn curve(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.body, r#"<polyline points="{}" class="{class} line"/>"#, points.join(" "));
    }

    /// The names of the series, each with its colour, on one line.
    pub(crate) fn legend(&mut self, y: f64, names: &[&str]) {
        let mut x = 16.0;
        for (i, name) in names.iter().enumerate() {
            self.bar((x, y - 10.0), (12.0, 12.0), &format!("s{i}"), name);
            self.text((x + 18.0, y), Anchor::Start, "", name);
            x += 18.0 + 8.0 * name.len() as f64 + 18.0;
        }
    }

    /// The whole document.
    pub(crate) fn finish(self) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
             <style>{STYLE}</style>\n<rect width=\"{width}\" height=\"{height}\" class=\"back\"/>\n{body}</svg>\n"
        )
    }
}

/// A round step that divides `max` into about five, and how many of them reach over `max`.
pub(crate) fn scale(max: f64) -> (f64, usize) {
    let rough = (max / 5.0).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most six")]
    let count = (max / step).ceil().max(1.0) as usize;
    (step, count)
}

/// A number as an axis says it.
pub(crate) fn label(value: f64) -> String {
    match value {
        v if v >= 10_000.0 => format!("{:.0} k", v / 1000.0),
        v if v >= 100.0 || v == v.round() => format!("{v:.0}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::scale;

    #[test]
    fn an_axis_reaches_over_its_largest_value_in_few_round_steps() {
        for max in [0.07, 0.93, 1.0, 4.2, 99.0, 1234.0, 83_000.0] {
            let (step, count) = scale(max);
            assert!(step * count as f64 >= max && (1..=6).contains(&count), "{max}: {count} × {step}");
        }
    }
}
