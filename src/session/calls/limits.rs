//! How much of what tracers say is kept. A transcript is a stranger's, and can claim anything.

/// So many calls are kept, of about 100 bytes each; later ones are counted.
pub const MAX_CALLS: usize = 4_000_000;

/// So many processes, packages, functions and strands are known, each.
pub const MAX_DEFINITIONS: usize = 1_000_000;

/// So many problems of a process are kept.
pub const MAX_PROBLEMS: usize = 20;

/// So many bytes of a name, a path or an argument are kept.
pub const MAX_TEXT: usize = 4 << 10;

/// A cause is handed on by at most so many calls: a task that starts a task that starts a task.
pub const MAX_INHERITED: usize = 64;

/// So many things that were put into queues and not taken are remembered for each process.
pub const MAX_TOKENS: usize = 100_000;

/// So many bytes of a server's output are kept.
pub const MAX_OUTPUT: usize = 4 << 20;
