//! Writing a family of metrics: its name once, and a sample for each of its labels.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::spread::Times;

/// A family's name, what it says, and its unit if it has one (which becomes a part of the name).
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    name: &'static str,
    help: &'static str,
    unit: Measure,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
enum Measure {
    Count,
    Bytes,
    Seconds,
}

/// A key and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// What families are written to.
pub(super) struct Families<'a>(pub(super) DescriptorEncoder<'a>);

/// What the samples of a family are written to.
pub(super) struct Samples<'a>(MetricEncoder<'a>);

impl Name {
    pub(super) const fn count(name: &'static str, help: &'static str) -> Self {
        Self { name, help, unit: Measure::Count }
    }

    pub(super) const fn bytes(name: &'static str, help: &'static str) -> Self {
        Self { name, help, unit: Measure::Bytes }
    }

    pub(super) const fn seconds(name: &'static str, help: &'static str) -> Self {
        Self { name, help, unit: Measure::Seconds }
    }
}

impl Families<'_> {
    /// A value that goes up and down.
    pub(super) fn gauge(&mut self, name: Name, value: f64) -> fmt::Result {
        self.gauges(name, |samples| samples.gauge(&[], value))
    }

    /// A value that only goes up; the name gets the suffix `_total`.
    pub(super) fn counter(&mut self, name: Name, value: u64) -> fmt::Result {
        self.counters(name, |samples| samples.counter(&[], value))
    }

    /// How long things took.
    pub(super) fn histogram(&mut self, name: Name, times: &Times) -> fmt::Result {
        self.histograms(name, |samples| samples.histogram(&[], times))
    }

    pub(super) fn gauges(
        &mut self,
        name: Name,
        each: impl FnOnce(&mut Samples<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.family(name, MetricType::Gauge, each)
    }

    pub(super) fn counters(
        &mut self,
        name: Name,
        each: impl FnOnce(&mut Samples<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.family(name, MetricType::Counter, each)
    }

    pub(super) fn histograms(
        &mut self,
        name: Name,
        each: impl FnOnce(&mut Samples<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.family(name, MetricType::Histogram, each)
    }

    fn family(
        &mut self,
        name: Name,
        kind: MetricType,
        each: impl FnOnce(&mut Samples<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let unit = match name.unit {
            Measure::Count => None,
            Measure::Bytes => Some(Unit::Bytes),
            Measure::Seconds => Some(Unit::Seconds),
        };
        each(&mut Samples(self.0.encode_descriptor(name.name, name.help, unit.as_ref(), kind)?))
    }
}

impl Samples<'_> {
    pub(super) fn gauge(&mut self, labels: &[Label<'_>], value: f64) -> fmt::Result {
        self.sample(labels, |sample| sample.encode_gauge(&value))
    }

    pub(super) fn counter(&mut self, labels: &[Label<'_>], value: u64) -> fmt::Result {
        self.sample(labels, |sample| sample.encode_counter::<NoLabelSet, _, f64>(&value, None))
    }

    pub(super) fn histogram(&mut self, labels: &[Label<'_>], times: &Times) -> fmt::Result {
        let (sum, count) = (times.sum.as_secs_f64(), times.count());
        self.sample(labels, |sample| sample.encode_histogram::<NoLabelSet>(sum, count, &times.classes, None))
    }

    fn sample(
        &mut self,
        labels: &[Label<'_>],
        encode: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        // Without labels there are no braces either.
        if labels.is_empty() { encode(&mut self.0) } else { encode(&mut self.0.encode_family(&labels)?) }
    }
}
