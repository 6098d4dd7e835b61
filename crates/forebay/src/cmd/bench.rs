//! `forebay bench strategies URL`: one object fetched in three ways, with what each costs.
//!
//! One stream, ranges in parallel, and the whole body in memory: each in a process of its own, because peak memory is a property of a process. The
//! ways take turns, so that a minute in which the network is slow is a minute for all of them, and the median of the runs counts.

mod plot;
mod way;

use std::{fs, process::Command};

use anyhow::{Context, anyhow};
use forebay_budget::ByteSize;
use serde::{Deserialize, Serialize};

pub(crate) use self::way::Way;
use crate::{
    args::Benching,
    moving,
    output::{self, Exit, Failure, Form, Outcome},
};

/// Runs of each way, if nothing is said.
const RUNS: usize = 3;

/// What a run cost, by the word of the process itself.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Cost {
    bytes: u64,
    seconds: f64,
    cpu_seconds: f64,
    peak_bytes: u64,
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    way: &'static str,
    mb_per_second: f64,
    cpu_percent: f64,
    peak_bytes: u64,
    #[serde(flatten)]
    cost: Cost,
}

pub(crate) fn strategies(asked: &Benching) -> Outcome {
    if let Some(way) = asked.way.as_deref() {
        let way = Way::of(way).ok_or_else(|| Failure::usage(anyhow!("--way: there is no way \"{way}\"")))?;
        let cost = way.run(asked)?;
        return output::data(serde_json::to_string(&cost).map_err(anyhow::Error::from)?);
    }
    moving::place(&asked.place)?;
    let runs = match asked.runs.as_deref().map(str::parse) {
        None => RUNS,
        Some(Ok(runs @ 1..=100)) => runs,
        Some(_) => return Err(Failure::usage(anyhow!("--runs: write a number from 1 to 100"))),
    };
    let mut costs: [Vec<Cost>; Way::ALL.len()] = Default::default();
    for _ in 0..runs {
        for (way, costs) in Way::ALL.into_iter().zip(&mut costs) {
            costs.push(child(asked, way)?);
        }
    }
    let rows: Vec<Row> =
        Way::ALL.into_iter().zip(costs).filter_map(|(way, costs)| Row::of(way, costs)).collect();
    if let Some(path) = &asked.plot {
        fs::write(path, plot::svg(&rows)).context("cannot write the plot").map_err(Failure::from)?;
    }
    match asked.base.form {
        Form::Json => output::json(&rows)?,
        Form::Text => output::data(table(&rows).trim_end())?,
    };
    Ok(Exit::Done)
}

/// Runs one way in a process of its own.
fn child(asked: &Benching, way: Way) -> Result<Cost, Failure> {
    let program = std::env::current_exe().context("cannot find the program itself")?;
    let mut command = Command::new(program);
    command.args(["bench", "strategies"]).arg(&asked.place).args(["--way", way.word()]);
    command.args(asked.base.sources.words());
    if let Some(dir) = &asked.dir {
        command.arg("--dir").arg(dir);
    }
    let output = command.output().context("cannot start the program again")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or_default().trim_start_matches("forebay: ");
        return Err(anyhow!("{}: {said}", way.name()).into());
    }
    Ok(serde_json::from_slice(&output.stdout).context("the program did not say what it cost")?)
}

impl Row {
    /// The run whose rate is the median.
    fn of(way: Way, mut costs: Vec<Cost>) -> Option<Self> {
        costs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
        let cost = *costs.get(costs.len() / 2)?;
        let seconds = cost.seconds.max(1e-6);
        Some(Self {
            way: way.name(),
            mb_per_second: cost.bytes as f64 / 1e6 / seconds,
            cpu_percent: 100.0 * cost.cpu_seconds / seconds,
            peak_bytes: cost.peak_bytes,
            cost,
        })
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<26} {:>8} {:>8} {:>14}\n", "way", "MB/s", "CPU %", "peak memory");
    for row in rows {
        let peak = ByteSize::mib(row.peak_bytes >> 20);
        text +=
            &format!("{:<26} {:>8.0} {:>8.0} {:>14}\n", row.way, row.mb_per_second, row.cpu_percent, peak);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let cost = |seconds, peak_mib: u64| Cost {
            bytes: 500_000_000,
            seconds,
            cpu_seconds: 0.5,
            peak_bytes: peak_mib << 20,
        };
        let runs =
            [vec![cost(5.0, 11), cost(2.0, 10), cost(4.0, 12)], vec![cost(1.0, 14)], vec![cost(2.5, 512)]];
        Way::ALL.into_iter().zip(runs).filter_map(|(way, costs)| Row::of(way, costs)).collect()
    }

    #[test]
    fn the_median_run_is_the_line_of_the_table() {
        insta::assert_snapshot!("strategies", table(&rows()));
    }

    #[test]
    fn the_plot_has_a_bar_for_each_way_and_figure() {
        let svg = plot::svg(&rows());
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert_eq!(svg.matches("<rect").count(), 9);
        assert!(svg.contains("one stream") && svg.contains("512 MiB"));
    }
}
