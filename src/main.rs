//! Parses the command line, runs the command, prints the error, sets the exit code.

use std::io::Write;
use std::process::ExitCode;

use anstyle::AnsiColor;
use milvus_certgen::error::{Exit, Failure};
use milvus_certgen::internal::{
    Cli, DirectoryKind, ErrorReport, Step, System, printable, wants_json, write_json,
};
use time::OffsetDateTime;
use zeroizing_alloc::ZeroAlloc;

/// Libraries compute with primes and keys in memory that they give back as it is.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    forbid_core_dumps();
    let result = run();
    // Keys were read, and signed with, on this thread too.
    zeroize::zeroize_stack::<{ 64 * 1024 }>();
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            let exit = error.downcast_ref::<Failure>().map_or(Exit::Failed, |failure| failure.exit);
            print_error(&error);
            let failure = error.downcast_ref::<Failure>().filter(|failure| !failure.is_reported);
            if let (true, Some(failure)) = (wants_json(), failure) {
                // A script that reads JSON gets an object in any case; if nobody reads it, the exit code says it.
                let _ = write_json(&ErrorReport::new(failure), &mut std::io::stdout().lock());
            }
            ExitCode::from(exit as u8)
        }
    }
}

/// A core would hold the keys. Where it cannot be forbidden, the run is not the worse for it.
fn forbid_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(all(unix, not(target_os = "linux")))]
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
    );
}

#[inline(never)]
fn run() -> anyhow::Result<Exit> {
    let cli = Cli::of_this_process()?;
    let random = |bytes: &mut [u8]| {
        getrandom::fill(bytes)
            .map_err(|e| Failure::failed(format!("the operating system gave no randomness: {e}")))
    };
    let mut at = end_at_step();
    // X.509 counts whole seconds.
    let now = OffsetDateTime::now_utc().truncate_to_second();
    Ok(cli.run(&mut System { now, random: &random, at: &mut at })?)
}

fn print_error(error: &anyhow::Error) {
    let (red, cyan) = (AnsiColor::Red.on_default().bold(), AnsiColor::Cyan.on_default().bold());
    let mut out = anstream::stderr();
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(out, "{red}error{red:#}: {}", printable(&format!("{error:#}")));
    if let Some(hint) = error.downcast_ref::<Failure>().and_then(|failure| failure.hint.as_ref()) {
        let _ = writeln!(out, "{cyan}hint{cyan:#}: {}", printable(hint));
    }
}

/// Debug builds end at once, as if killed, at the step of a transaction that the crash tests name: `Staged(0)` for
/// the set's, `Copy:Staged(0)` and `Ca:Staged(0)` for the others.
#[cfg(debug_assertions)]
fn end_at_step() -> impl FnMut(DirectoryKind, Step) {
    let wanted = std::env::var("MILVUS_CERTGEN_TEST_ABORT_AT").unwrap_or_default();
    move |directory, step| {
        let name = match directory {
            DirectoryKind::Set => format!("{step:?}"),
            DirectoryKind::Ca | DirectoryKind::Copy => format!("{directory:?}:{step:?}"),
        };
        if name == wanted {
            std::process::abort();
        }
    }
}

#[cfg(not(debug_assertions))]
fn end_at_step() -> impl FnMut(DirectoryKind, Step) {
    |_, _| {}
}
