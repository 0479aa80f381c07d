//! Arguments to exit code; everything else is in the library.

use std::process::ExitCode;

use backburn::cli::{Exit, Invocation};

fn main() -> ExitCode {
    let invocation = Invocation::read();
    let runtime = match invocation.runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: the asynchronous runtime cannot start: {e}");
            return Exit::Internal.into();
        }
    };
    runtime.block_on(invocation.run()).into()
}
