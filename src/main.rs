//! The programme as a story: arguments, log, roots, runtime, command, exit code.

use std::process::ExitCode;

use credenza::cli;

fn main() -> ExitCode {
    let arguments = cli::Arguments::read();
    cli::start_log(&arguments);
    // The commands that only read and print need neither roots nor a runtime.
    if let Some(code) = cli::run_pure(&arguments) {
        return code;
    }
    match cli::ensure_roots(&arguments) {
        Ok(()) => {}
        Err(sentence) => return cli::could_not(&sentence),
    }
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(cli::run(arguments));
            // What hangs in a system call (a name look-up) must not hold up the exit.
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            code
        }
        Err(error) => cli::could_not(&format!("no runtime can be started: {error}")),
    }
}
