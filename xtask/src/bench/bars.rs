//! Grouped bars: a group for each point of the table, a bar for each contender.

use super::svg::{Anchor, Svg, label, scale};

/// A bar chart.
#[derive(Debug)]
pub(crate) struct Bars<'a> {
    pub(crate) title: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) series: &'a [&'a str],
    /// A name and one value for each series; a value that was not measured draws no bar.
    pub(crate) groups: Vec<(String, Vec<Option<f64>>)>,
}

const LEFT: f64 = 64.0;
const TOP: f64 = 78.0;
const HEIGHT: f64 = 240.0;
const BAR: f64 = 22.0;
const GAP: f64 = 30.0;

impl Bars<'_> {
    /// The picture.
    pub(crate) fn draw(&self) -> String {
        let group = BAR * self.series.len() as f64 + GAP;
        let width = (LEFT + group * self.groups.len() as f64 + 24.0).max(520.0);
        let mut svg = Svg::new(width, TOP + HEIGHT + 44.0, self.title);
        svg.legend(50.0, self.series);
        let max = self.groups.iter().flat_map(|(_, v)| v.iter().flatten()).fold(0.0f64, |a, &b| a.max(b));
        let (step, steps) = scale(max);
        let y = |value: f64| TOP + HEIGHT * (1.0 - value / (step * steps as f64));
        for i in 0..=steps {
            let value = step * i as f64;
            svg.line((LEFT, y(value)), (width - 16.0, y(value)), if i == 0 { "axis" } else { "grid" });
            svg.text((LEFT - 8.0, y(value) + 4.0), Anchor::End, "small", &label(value));
        }
        svg.text((width - 16.0, 50.0), Anchor::End, "small", self.unit);
        for (g, (name, values)) in self.groups.iter().enumerate() {
            let x = LEFT + GAP / 2.0 + group * g as f64;
            for (i, value) in values.iter().enumerate() {
                let Some(value) = value else { continue };
                let at = (x + BAR * i as f64, y(*value));
                let says = format!("{} {name}: {value:.3} {}", self.series[i], self.unit);
                svg.bar(at, (BAR - 3.0, TOP + HEIGHT - at.1), &format!("s{i}"), &says);
                svg.text((at.0 + (BAR - 3.0) / 2.0, at.1 - 4.0), Anchor::Middle, "small", &short(*value));
            }
            let middle = x + BAR * self.series.len() as f64 / 2.0;
            svg.text((middle, TOP + HEIGHT + 20.0), Anchor::Middle, "", name);
        }
        svg.finish()
    }
}

/// What fits over a bar.
fn short(value: f64) -> String {
    match value {
        v if v >= 1000.0 => format!("{:.0}k", v / 1000.0),
        v if v >= 10.0 => format!("{v:.0}"),
        v => format!("{v:.2}").trim_start_matches('0').to_owned(),
    }
}
