//! The `pgauge` program.

fn main() -> std::process::ExitCode {
    pgauge::cli::main()
}
