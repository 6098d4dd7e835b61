//! The operator's interface, asked as an operator asks it, in a process whose allocator can be sampled.

#![expect(clippy::unwrap_used, reason = "in a test, a failure is the answer")]

mod admission;
mod docs;
mod fixture;
mod memory;
mod metrics;
mod profiles;
mod state;
mod transfers;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Small distances between samples, so that a test need not allocate much to be seen.
#[expect(unsafe_code, reason = "jemalloc finds its settings by the name of this symbol")]
// SAFETY: jemalloc declares `const char *malloc_conf` for programs to define; this is a pointer to text that ends
// in NUL and lives for ever.
#[unsafe(export_name = "malloc_conf")]
pub static MALLOC_CONF: &[u8; 62] = b"prof:true,prof_active:false,prof_accum:true,lg_prof_sample:12\0";
