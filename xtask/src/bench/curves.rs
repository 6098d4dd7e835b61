//! Memory over time, a curve for each contender, on one picture.
//!
//! The contenders differ a hundredfold, so the memory axis is logarithmic: on a linear one the line that
//! matters would lie on the floor.

use super::svg::{Anchor, Svg};

/// Curves over seconds.
#[derive(Debug)]
pub(crate) struct Curves<'a> {
    pub(crate) title: &'a str,
    /// For each contender its name and its points: seconds, and MiB.
    pub(crate) series: Vec<(&'a str, Vec<(f64, f64)>)>,
}

const LEFT: f64 = 84.0;
const TOP: f64 = 78.0;
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
/// The lowest value of the axis, in MiB.
const FLOOR: f64 = 1.0;

impl Curves<'_> {
    /// The picture.
    pub(crate) fn draw(&self) -> String {
        let mut svg = Svg::new(LEFT + WIDTH + 190.0, TOP + HEIGHT + 48.0, self.title);
        let names: Vec<&str> = self.series.iter().map(|(name, _)| *name).collect();
        svg.legend(50.0, &names);
        let points = || self.series.iter().flat_map(|(_, points)| points);
        let last = points().fold(1.0f64, |a, p| a.max(p.0));
        let most = points().fold(1.0f64, |a, p| a.max(p.1));
        let decades = (most / FLOOR).log10().ceil();
        let x = |seconds: f64| LEFT + WIDTH * seconds / last;
        let y = |mib: f64| TOP + HEIGHT * (1.0 - (mib.max(FLOOR) / FLOOR).log10() / decades);
        let mut value = FLOOR;
        while value <= FLOOR * 10f64.powf(decades) * 1.01 {
            svg.line((LEFT, y(value)), (LEFT + WIDTH, y(value)), "grid");
            svg.text((LEFT - 8.0, y(value) + 4.0), Anchor::End, "small", &mib(value));
            value *= 10.0;
        }
        svg.line((LEFT, TOP + HEIGHT), (LEFT + WIDTH, TOP + HEIGHT), "axis");
        let step = super::svg::scale(last).0;
        let mut seconds = 0.0;
        while seconds <= last {
            svg.text((x(seconds), TOP + HEIGHT + 18.0), Anchor::Middle, "small", &format!("{seconds:.0} s"));
            seconds += step;
        }
        let mut ends = Vec::new();
        for (i, (name, points)) in self.series.iter().enumerate() {
            let line: Vec<(f64, f64)> = points.iter().map(|(s, m)| (x(*s), y(*m))).collect();
            svg.curve(&line, &format!("s{i}"));
            if let (Some(end), Some((_, value))) = (line.last(), points.last()) {
                ends.push((end.1 + 4.0, format!("{name} {}", mib(*value))));
            }
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = 0.0f64;
        for (at, words) in ends {
            let at = at.max(free);
            svg.text((LEFT + WIDTH + 6.0, at), Anchor::Start, "small", &words);
            free = at + 13.0;
        }
        svg.finish()
    }
}

fn mib(value: f64) -> String {
    match value {
        v if v >= 10_000.0 => format!("{:.1} GiB", v / 1024.0),
        v if v >= 10.0 => format!("{v:.0} MiB"),
        v => format!("{v:.1} MiB"),
    }
}
