//! The directory that ends a zip file, kept until then.
//!
//! It is the one part of an archive that grows with the number of files, about 80 bytes for each beside
//! its name. It grows block by block, and each block is paid before it is there. When the plan has no
//! more, the archive fails: half of a directory would be a lie.

use std::collections::VecDeque;
use std::io;

use forebay_budget::Lease;

use super::zip;
use crate::error::broken;

/// Larger than any record.
pub(super) const BLOCK_BYTES: u64 = 16 << 10;

pub(super) struct Directory {
    blocks: VecDeque<Vec<u8>>,
    /// Pays for `blocks`.
    lease: Option<Lease>,
    count: u64,
    len: u64,
    /// Where its first record is in the file; known when the first block is taken.
    offset: Option<u64>,
}

impl Directory {
    /// The first block is paid from `lease`.
    pub(super) fn new(lease: &mut Lease) -> Self {
        let own = lease.split(BLOCK_BYTES);
        Self { blocks: VecDeque::new(), lease: own, count: 0, len: 0, offset: None }
    }

    /// Keeps one record.
    pub(super) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        let has_room = |block: &Vec<u8>| block.capacity() - block.len() >= record.len();
        if !self.blocks.back().is_some_and(has_room) {
            if !self.blocks.is_empty() {
                self.grow()?;
            }
            self.blocks.push_back(Vec::with_capacity(BLOCK_BYTES as usize));
        }
        if let Some(block) = self.blocks.back_mut() {
            block.extend_from_slice(record);
        }
        self.count += 1;
        self.len += record.len() as u64;
        Ok(())
    }

    fn grow(&mut self) -> io::Result<()> {
        let Some(lease) = &mut self.lease else { return Err(broken("a zip without a lease")) };
        lease.try_grow(BLOCK_BYTES).map_err(|refused| {
            tracing::warn!(%refused, files = self.count, "a zip has more files than there is memory for; tar has no such limit");
            broken(refused)
        })
    }

    /// The next part of the directory, which stands at `offset` in the file; `None` behind the last.
    pub(super) fn take_block(&mut self, offset: u64) -> Option<Vec<u8>> {
        self.offset.get_or_insert(offset);
        self.blocks.pop_front()
    }

    /// What ends the file.
    pub(super) fn end(&self) -> Vec<u8> {
        zip::end(self.count, self.len, self.offset.unwrap_or_default())
    }
}
