//! What survives a kill: which pieces of which version of what are where they belong.
//!
//! A journal is a text file of lines. The first says what is moved, from where to where, and which version of it; each further one says
//! that a piece is done. A line begins with its own CRC, so a line that was torn when the machine stopped is known for one, and nothing
//! behind it is believed. Lines are appended, so that noting a piece costs the same whether it is the first or the ten-thousandth;
//! the head is written beside and renamed, so that there is a whole journal or none.
//!
//! **What is believed.** A process that is killed loses nothing that it had given to the kernel; a machine that stops loses what was not
//! synced. So the head carries the kernel's boot id: within the same boot every line is believed, after another boot only those before
//! a line that says how many of them were *synced*, which is written when their data had been. Killing a transfer therefore costs the
//! pieces in flight, without a single sync on the way, and a power cut costs what came after the last sync. The head also carries
//! the inode of the file that the pieces are in: a copy or a replacement of it proves nothing.
//!
//! No secret is in it: a URL's query is left out, and where a source is compared, hashes are.

mod line;
mod open;
mod state;

pub use open::Journal;
use state::Entry;
pub(crate) use state::hex;
pub use state::{Done, Head, Identity, PinText, State, Tag};

/// Reads a journal's text. `boot` is the kernel's boot id now, if it has one.
///
/// Never fails: what cannot be believed is left out, and a journal whose head cannot be is `None`.
pub fn read(text: &[u8], boot: Option<&str>) -> Option<State> {
    let mut lines = line::whole_lines(text);
    let head: Head = serde_json::from_slice(lines.next()?).ok()?;
    let same_boot = boot.is_some() && head.boot.as_deref() == boot;
    let parts = head.parts();
    let (mut noted, mut synced) = (Vec::new(), 0);
    for line in lines {
        match serde_json::from_slice(line) {
            Ok(Entry::Done(done)) if done.is_possible(parts) => noted.push(done),
            Ok(Entry::Synced(count)) if count <= noted.len() => synced = count,
            _ => break,
        }
    }
    noted.truncate(if same_boot { noted.len() } else { synced });
    State::new(head, noted)
}

#[cfg(test)]
mod tests;
