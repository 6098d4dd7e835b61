//! A bucket, and what its server does: found out by asking it.

use forebay_budget::Work;
use forebay_s3::{Depth, Verdict};

use super::{Finding, State};
use crate::{
    args::{Base, Sources, Stored},
    output::{Failure, Form},
    place::S3Place,
    reach::{self, Reach, Task},
};

/// Asks it.
pub(super) fn findings(
    sources: &Sources,
    form: Form,
    place: &S3Place,
    depth: Depth,
) -> Result<Vec<Finding>, Failure> {
    let base = Base { sources: sources.clone(), form, sse_c_key: None };
    let reach = Reach::new(&base, &Stored::default(), Task::of(Work::Placed))?;
    let runtime = reach::runtime()?;
    let found =
        runtime.block_on(async { Ok::<_, Failure>(reach.bucket(place).await?.probe(depth).await) })?;
    let finding = |found: forebay_s3::Finding| {
        let state = match found.verdict {
            Verdict::Good | Verdict::Skipped => State::Ok,
            Verdict::Lacks => State::Warn,
            Verdict::Bad => State::Fail,
        };
        Finding { state, about: found.what, found: found.text, advice: None }
    };
    Ok(found.into_iter().map(finding).collect())
}
