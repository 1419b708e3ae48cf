/**
 * How glibc's allocator is to hold memory in services, as its environment variables; images and the measured systems of `tools` set them.
 *
 * A snapshot comes and goes as a few large blocks, by threads that come and go. By default each thread's blocks may lie in an arena of its own, and the
 * first large block that is freed moves the threshold above which blocks are given back to the machine, up to 32 MiB: half of what a
 * snapshot leaves stays behind, and retrieval grew with every swap (docs/decisions/0098). With two arenas and fixed thresholds it does not.
 */
export const MALLOC_SETTINGS = {
  MALLOC_ARENA_MAX: '2',
  /** Bytes; fixed, since a value that is given is not moved. */
  MALLOC_MMAP_THRESHOLD_: '1048576',
  MALLOC_TRIM_THRESHOLD_: '1048576',
} as const;
