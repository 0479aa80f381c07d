//! Arguments to exit code; everything else is in the library.

use std::process::ExitCode;

use backburn::{
    cli::{Exit, Invocation, report_panics},
    text::{Ready, Stream},
};

fn main() -> ExitCode {
    report_panics();
    let invocation = Invocation::read();
    let runtime = match invocation.runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            // Where stderr is closed as well, the exit code has to do.
            let text = format!("error: the asynchronous runtime cannot start: {e}\n");
            let _ = Stream::Err.write(&Ready::text(&text));
            return Exit::Internal.into();
        }
    };
    // This thread would have to be woken for each step of a run; the runtime's own threads are awake.
    match runtime.block_on(runtime.spawn(invocation.run())) {
        Ok(exit) => exit.into(),
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}
