//! The door: see `cli` for what is behind it.

/// Gives memory back to the system soon. That of glibc keeps what a large document took, once
/// for each thread that ever read one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    merganser::cli::main()
}
