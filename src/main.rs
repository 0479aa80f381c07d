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
    // This thread would have to be woken for each step of a run; the runtime's own threads are awake.
    match runtime.block_on(runtime.spawn(invocation.run())) {
        Ok(exit) => exit.into(),
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}
