//! Tells the queue what came of rows. There is one for all edges: what ends while the disk is busy is committed together afterwards.
//!
//! Nothing that was done is forgotten because the disk is full for a while: it is told again until it is taken. Meanwhile the workers wait
//! for room to say what they did, and so do no more.

use std::pin::pin;

use tokio::sync::mpsc;

use super::leases::Leases;
use crate::queue::{GivenBack, Queue, QueueError, Settled, persist};

/// Ends that wait to be told, and ends that are told at once.
pub(super) const WAITING_MAX: usize = 1024;
const BATCH: usize = 512;

/// How a row ended here.
#[derive(Debug)]
pub(super) enum Told {
    Settled(Settled),
    Back(GivenBack),
}

/// Tells what comes until the work has ended, and then what is left.
pub(super) async fn until<T>(
    work: impl Future<Output = T>,
    mut told: mpsc::Receiver<Told>,
    queue: &dyn Queue,
    leases: &Leases,
) -> Result<T, QueueError> {
    let (mut work, mut ended) = (pin!(work), None);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            end = &mut work, if ended.is_none() => {
                ended = Some(end);
                told.close();
            }
            count = told.recv_many(&mut batch, BATCH) => match ended.take() {
                Some(end) if count == 0 => return Ok(end),
                still => {
                    ended = still;
                    tell(&mut batch, queue, leases).await?;
                }
            },
        }
    }
}

async fn tell(batch: &mut Vec<Told>, queue: &dyn Queue, leases: &Leases) -> Result<(), QueueError> {
    let (mut settled, mut back) = (Vec::new(), Vec::new());
    for one in batch.drain(..) {
        match one {
            Told::Settled(one) => settled.push(one),
            Told::Back(one) => back.push(one),
        }
    }
    let ended: Vec<_> = settled.iter().map(|one| one.lease).chain(back.iter().map(|one| one.lease)).collect();
    if !settled.is_empty() {
        persist("what was done", || queue.settle(settled.clone())).await?;
    }
    if !back.is_empty() {
        persist("what was done", || queue.give_back(back.clone())).await?;
    }
    leases.drop_all(ended);
    Ok(())
}
