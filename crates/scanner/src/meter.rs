//! The CPU time that this thread has used: what bounds the work on one hostile line.
//!
//! CPU time rather than wall time, so that a busy machine does not make lines odd. In: nothing. Out: nanoseconds.

/// Nanoseconds of CPU time of the calling thread; 0 where the system does not tell (then only counts bound the work).
pub fn cpu_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid, writable timespec for the whole call, which keeps no reference to it.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    if status != 0 {
        return 0;
    }
    (time.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(time.tv_nsec as u64)
}
