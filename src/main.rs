//! The door: see `cli` for what is behind it.

fn main() -> std::process::ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    arenas::keep_few();
    merganser::cli::main()
}

/// How glibc keeps freed memory.
///
/// It does so in an arena for each few threads, eight for each core: what a large document
/// took stays in every one of them that ever held one. Four are as fast, one for each thread
/// that works hard on two cores, and halve the peak; with two, threads wait for each other.
/// Likewise it gives large pieces back at once only below a size that grows with what it has
/// met, unless that size is said: what a burst of large documents took would stay.
///
/// glibc reads these before `main`, so that the only way to say them from inside is to begin
/// again: the same process, with a few more variables.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod arenas {
    use std::{env, os::unix::process::CommandExt as _, process::Command};

    /// See mallopt(3).
    const VARIABLES: [(&str, &str); 3] = [
        ("MALLOC_ARENA_MAX", "4"),
        ("MALLOC_MMAP_THRESHOLD_", "196608"),
        ("MALLOC_TRIM_THRESHOLD_", "1048576"),
    ];

    /// Where it is not said already, for the commands that read feeds.
    pub(super) fn keep_few() {
        let mut arguments = env::args_os();
        let name = arguments.next();
        let arguments: Vec<_> = arguments.collect();
        let reads = arguments.iter().any(|it| it == "run" || it == "fetch");
        if !reads || VARIABLES.iter().any(|(name, _)| env::var_os(name).is_some()) {
            return;
        }
        let Ok(binary) = env::current_exe() else { return };
        let mut again = Command::new(binary);
        if let Some(name) = name {
            again.arg0(name);
        }
        // Comes back only where it failed: then with many arenas.
        let _ = again.args(arguments).envs(VARIABLES).exec();
    }
}
