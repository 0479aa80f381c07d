//! Arguments to exit code; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: the asynchronous runtime cannot start: {e}");
            return backburn::cli::Exit::Internal.into();
        }
    };
    runtime.block_on(backburn::cli::main()).into()
}
