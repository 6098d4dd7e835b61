//! jemalloc, set up for a process whose memory must not drift.
//!
//! - `narenas:4`: the default is four arenas for each processor, each with its own half-used pages; the memory of
//!   the server would depend on the machine.
//! - `dirty_decay_ms:1000,muzzy_decay_ms:0`: what a burst used goes back to the kernel a second later, so that RSS
//!   shows the present and not the worst moment of the past. `background_thread:true` does this in an idle
//!   process too, which allocates nothing and so would never get round to it; one thread does it for all arenas.
//! - `prof:true,prof_active:false`: heap profiles are compiled in and cost nothing until the admin port switches
//!   them on; one allocation in 512 KiB (`lg_prof_sample:19`) is then recorded. `prof_accum` keeps the sums over
//!   time that an `alloc_space` profile shows.
//!
//! `MALLOC_CONF` in the environment still overrides each of these.

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Options that jemalloc reads before `main`.
///
/// `export_name` counts as unsafe code because an exported symbol could clash with another of that name. This one
/// is meant to: jemalloc's interface is a weak symbol `malloc_conf` of type `const char *` that the program
/// defines. A reference to an array is such a pointer, the text ends in NUL, and it lives as long as the program.
#[expect(unsafe_code, reason = "jemalloc reads its options from an exported symbol; see above")]
#[unsafe(export_name = "malloc_conf")]
#[used]
static OPTIONS: &[u8; OPTIONS_TEXT.len()] = OPTIONS_TEXT;

const OPTIONS_TEXT: &[u8; 157] =
    b"narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:true,max_background_threads:1,\
prof:true,prof_active:false,lg_prof_sample:19,prof_accum:true\0";
