//! Work on all cores, and on this thread alone where the system grants no more.

use std::sync::Mutex;
use std::thread;

/// Runs the same work on every core, this thread's among them.
pub(crate) fn on_all_cores(work: &(dyn Fn() + Sync)) {
    let others = thread::available_parallelism().map_or(1, usize::from) - 1;
    on_threads(others, work);
}

/// If a thread cannot be started (`ulimit -u`, a container's limit of processes), the others do its work.
fn on_threads(others: usize, work: &(dyn Fn() + Sync)) {
    thread::scope(|scope| {
        for _ in 0..others {
            if thread::Builder::new().spawn_scoped(scope, move || without_traces(work)).is_err() {
                break;
            }
        }
        without_traces(work);
    });
}

/// The work is on keys: what it leaves on the stack is overwritten.
fn without_traces(work: &(dyn Fn() + Sync)) {
    const STACK: usize = 64 * 1024;
    work();
    zeroize::zeroize_stack::<STACK>();
}

/// The results of the work on each item, in their order.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let others = cores.min(items.len()).saturating_sub(1);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::default()).collect();
    let items = Mutex::new(items.into_iter().zip(&results));
    on_threads(others, &|| {
        let next = || items.lock().ok().and_then(|mut items| items.next());
        while let Some((item, place)) = next() {
            let result = work(item);
            if let Ok(mut place) = place.lock() {
                *place = Some(result);
            }
        }
    });
    drop(items);
    results.into_iter().filter_map(|result| result.into_inner().ok().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, 2, 100] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(map(items.clone(), |item| item + 1), (1..=count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn this_thread_works_too() {
        let runs = AtomicUsize::new(0);
        for (others, expected) in [(0, 1), (2, 3)] {
            runs.store(0, Ordering::Relaxed);
            on_threads(others, &|| {
                runs.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(runs.load(Ordering::Relaxed), expected);
        }
    }
}
