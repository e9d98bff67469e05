//! The door: see `cli` for what is behind it.

fn main() -> std::process::ExitCode {
    merganser::cli::main()
}
