//! Writing a family of metrics in one call.

use std::fmt;

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

/// A family's name, what it says, and its unit if it has one (which becomes a part of the name).
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) unit: Option<Measure>,
}

/// Units that occur here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    Bytes,
    Seconds,
}

/// What families are written to.
pub(super) struct Families<'a>(pub(super) DescriptorEncoder<'a>);

/// One label, key and value.
pub(super) type Label<'a> = (&'static str, &'a str);

impl Name {
    pub(super) const fn count(name: &'static str, help: &'static str) -> Self {
        Self { name, help, unit: None }
    }

    pub(super) const fn bytes(name: &'static str, help: &'static str) -> Self {
        Self { name, help, unit: Some(Measure::Bytes) }
    }

    pub(super) const fn seconds(name: &'static str, help: &'static str) -> Self {
        Self { name, help, unit: Some(Measure::Seconds) }
    }
}

impl Families<'_> {
    /// A value that goes up and down.
    pub(super) fn gauge(&mut self, name: Name, value: f64) -> fmt::Result {
        self.one(name, &ConstGauge::new(value))
    }

    /// A value that only goes up; the name gets the suffix `_total`.
    pub(super) fn counter(&mut self, name: Name, value: f64) -> fmt::Result {
        self.one(name, &ConstCounter::new(value))
    }

    /// Values that go up and down, told apart by one label.
    pub(super) fn gauges<'v>(
        &mut self,
        name: Name,
        values: impl IntoIterator<Item = (Label<'v>, u64)>,
    ) -> fmt::Result {
        self.many(name, values.into_iter().map(|(label, value)| (label, ConstGauge::new(value as f64))))
    }

    /// Values that only go up, told apart by one label.
    pub(super) fn counters<'v>(
        &mut self,
        name: Name,
        values: impl IntoIterator<Item = (Label<'v>, f64)>,
    ) -> fmt::Result {
        self.many(name, values.into_iter().map(|(label, value)| (label, ConstCounter::new(value))))
    }

    fn one(&mut self, name: Name, metric: &impl EncodeMetric) -> fmt::Result {
        let unit = name.unit.map(Unit::from);
        let encoder = self.0.encode_descriptor(name.name, name.help, unit.as_ref(), metric.metric_type())?;
        metric.encode(encoder)
    }

    fn many<'v, M: EncodeMetric>(
        &mut self,
        name: Name,
        metrics: impl Iterator<Item = (Label<'v>, M)>,
    ) -> fmt::Result {
        let mut metrics = metrics.peekable();
        let Some((_, first)) = metrics.peek() else { return Ok(()) };
        let unit = name.unit.map(Unit::from);
        let mut encoder =
            self.0.encode_descriptor(name.name, name.help, unit.as_ref(), first.metric_type())?;
        for (label, metric) in metrics {
            metric.encode(encoder.encode_family(&[label])?)?;
        }
        Ok(())
    }
}

impl From<Measure> for Unit {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Bytes => Self::Bytes,
            Measure::Seconds => Self::Seconds,
        }
    }
}
