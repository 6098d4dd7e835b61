//! What memory there is, and how much of it a plan may use.

use serde::Serialize;

use super::{MEMORY_DEFAULT_MAX, PlanError};
use crate::{
    cgroup::{MemoryLimit, cgroup_memory_limit},
    size::ByteSize,
};

/// The memory that the process may use at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemoryFacts {
    /// The tightest control group, if one limits us.
    pub cgroup: Option<MemoryLimit>,
    /// What the machine has; the outermost limit.
    pub machine: Option<ByteSize>,
}

impl MemoryFacts {
    /// Asks the kernel.
    pub fn detect() -> Self {
        let info = rustix::system::sysinfo();
        let bytes = u64::from(info.mem_unit).saturating_mul(info.totalram);
        Self { cgroup: cgroup_memory_limit(), machine: Some(ByteSize::b(bytes)) }
    }

    /// The smaller of the two, or `None` if nothing is known.
    pub fn available(&self) -> Option<ByteSize> {
        let cgroup = self.cgroup.as_ref().map(|limit| limit.bytes);
        cgroup.into_iter().chain(self.machine).min()
    }

    /// The memory to plan with if nobody says: the smaller of 256 MiB and half of what there is.
    pub fn default_memory(&self) -> ByteSize {
        let half = self.available().map(|all| ByteSize::b(all.as_u64() / 2));
        half.map_or(MEMORY_DEFAULT_MAX, |half| half.min(MEMORY_DEFAULT_MAX))
    }

    /// What was asked for, if there is as much; the default if nothing was.
    pub(super) fn allow(&self, asked: Option<ByteSize>) -> Result<ByteSize, PlanError> {
        let Some(asked) = asked else { return Ok(self.default_memory()) };
        match self.available() {
            Some(available) if asked > available => {
                let source = match &self.cgroup {
                    Some(cgroup) if cgroup.bytes == available => cgroup.source.display().to_string(),
                    _ => "the machine".to_owned(),
                };
                Err(PlanError::NotThere { asked, available, source_of_limit: source })
            }
            _ => Ok(asked),
        }
    }
}
