//! The `belay-script` program: everything is in the library.

fn main() -> std::process::ExitCode {
    belay_script::cli::main()
}
