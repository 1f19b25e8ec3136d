//! The memory of instances: what one of them and what all together may use.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use wasmtime::{ResourceLimiter, Result};

/// The part of an instance's memory after whose use it is dropped as soon as it has answered: its memory only grows.
const LARGE: usize = 4;

/// There is no memory for one more instance.
#[derive(Debug, thiserror::Error)]
#[error("the instances use as much memory as they may: see --max-memory")]
pub(crate) struct Full;

/// The memory that all instances of a server use together.
pub(crate) struct Total {
    used: AtomicUsize,
    limit: usize,
}

impl Total {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), limit })
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The linear memory of one instance.
pub(crate) struct Memory {
    total: Arc<Total>,
    limit: usize,
    used: usize,
    /// What is taken for replies that the instance is about to be given, and not used yet, each with how many requests had begun
    /// when it was taken.
    promised: VecDeque<(u64, usize)>,
    requests: Arc<Requests>,
    /// Tells the instance's worker that it has become large.
    large: Arc<Large>,
}

/// The requests of an instance: when one has ended, it was given all replies that it waited for.
#[derive(Default)]
pub(crate) struct Requests(Mutex<Running>);

#[derive(Default)]
struct Running {
    begun: u64,
    /// The numbers of those that have not ended.
    running: BTreeSet<u64>,
}

impl Requests {
    /// One more.
    pub fn begin(self: &Arc<Self>) -> Request {
        let mut requests = self.lock();
        let number = requests.begun;
        requests.begun += 1;
        requests.running.insert(number);
        Request { requests: Arc::clone(self), number }
    }

    /// How many have begun, and how many of these have ended with all before them.
    fn counts(&self) -> (u64, u64) {
        let requests = self.lock();
        (requests.begun, requests.running.first().copied().unwrap_or(requests.begun))
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        // No panic leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request, until it is dropped.
pub(crate) struct Request {
    requests: Arc<Requests>,
    number: u64,
}

impl Drop for Request {
    fn drop(&mut self) {
        self.requests.lock().running.remove(&self.number);
    }
}

/// Whether an instance has used so much memory that it had better go.
#[derive(Default)]
pub(crate) struct Large(AtomicBool);

impl Large {
    pub fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Memory {
    pub fn new(total: Arc<Total>, limit: usize, large: Arc<Large>, requests: Arc<Requests>) -> Self {
        Self { total, limit, used: 0, promised: VecDeque::new(), requests, large }
    }

    /// Makes sure that a reply of so many bytes finds room; what the instance has freed inside is not known here, and
    /// not counted on.
    pub fn promise(&mut self, bytes: usize) -> bool {
        let (begun, ended) = self.requests.counts();
        self.release(|taken| taken <= ended);
        let fits = self.used.saturating_add(self.promised()).saturating_add(bytes) <= self.limit;
        let taken = fits && self.total.take(bytes);
        if taken {
            self.promised.push_back((begun, bytes));
        }
        taken
    }

    fn promised(&self) -> usize {
        self.promised.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Gives back the oldest promises of which this holds: those replies found room in what the instance had freed.
    fn release(&mut self, is_over: impl Fn(u64) -> bool) {
        while let Some((_, bytes)) = self.promised.pop_front_if(|(taken, _)| is_over(*taken)) {
            self.total.give_back(bytes);
        }
    }

    /// Takes from the promises what an instance grows by, as far as they go.
    fn redeem(&mut self, mut bytes: usize) {
        while let Some((_, promised)) = self.promised.front_mut().filter(|_| bytes > 0) {
            let redeemed = bytes.min(*promised);
            (bytes, *promised) = (bytes - redeemed, *promised - redeemed);
            if *promised == 0 {
                self.promised.pop_front();
            }
        }
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let more = desired.saturating_sub(current);
        let promised = more.min(self.promised());
        if desired > self.limit || !self.total.take(more - promised) {
            return if current == 0 { Err(Full.into()) } else { Ok(false) };
        }
        self.redeem(promised);
        self.used += more;
        if self.used > self.limit / LARGE {
            self.large.0.store(true, Ordering::Relaxed);
        }
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        // The pool has bounds of its own.
        Ok(true)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.total.give_back(self.used + self.promised());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grow(memory: &mut Memory, to: usize) -> bool {
        memory.memory_growing(memory.used, to, None).is_ok_and(|grown| grown)
    }

    #[test]
    fn neither_one_instance_nor_all_together_grow_beyond_the_limit() {
        let total = Total::new(150);
        let mut one = Memory::new(Arc::clone(&total), 100, Arc::default(), Arc::default());
        let mut two = Memory::new(Arc::clone(&total), 100, Arc::default(), Arc::default());
        assert!(grow(&mut one, 100) && !grow(&mut one, 101));
        assert!(!grow(&mut two, 51) && grow(&mut two, 50));
        drop(one);
        assert!(grow(&mut two, 100));
        drop(two);
        assert_eq!(total.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_promised_is_there_and_counts_once() {
        let total = Total::new(100);
        let requests = Arc::<Requests>::default();
        let _runs = requests.begin();
        let mut one = Memory::new(Arc::clone(&total), 100, Arc::default(), Arc::clone(&requests));
        let mut two = Memory::new(Arc::clone(&total), 100, Arc::default(), Arc::default());
        assert!(one.promise(60) && !one.promise(41) && !two.promise(41));
        assert!(!grow(&mut two, 41) && grow(&mut two, 40));
        assert!(grow(&mut one, 60) && !grow(&mut one, 61));
        drop((one, two));
        assert_eq!(total.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_was_promised_and_not_needed_is_given_back() {
        let total = Total::new(100);
        let requests = Arc::<Requests>::default();
        let _runs = requests.begin();
        let mut memory = Memory::new(Arc::clone(&total), 100, Arc::default(), Arc::clone(&requests));
        assert!(grow(&mut memory, 20) && memory.promise(60) && !memory.promise(60));
        memory.release(|_| true);
        assert!(memory.promise(60) && memory.promise(20) && !memory.promise(1));
        assert!(grow(&mut memory, 90), "it uses what it was promised");
        assert_eq!(memory.promised(), 10);
        drop(memory);
        assert_eq!(total.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_promise_holds_until_all_requests_of_its_time_have_ended() {
        let (total, requests) = (Total::new(100), Arc::<Requests>::default());
        let mut memory = Memory::new(Arc::clone(&total), 100, Arc::default(), Arc::clone(&requests));
        let (first, second) = (requests.begin(), requests.begin());
        assert!(memory.promise(60));
        let later = requests.begin();
        drop(second);
        assert!(!memory.promise(60), "the first may be the one that waits for it");
        drop(first);
        assert!(memory.promise(60), "the later one began after it was given");
        drop(later);
        assert!(memory.promise(60));
    }

    #[test]
    fn an_instance_that_used_much_is_large() {
        let large = Arc::<Large>::default();
        let mut memory = Memory::new(Total::new(1000), 100, Arc::clone(&large), Arc::default());
        assert!(grow(&mut memory, 25) && !large.is());
        assert!(grow(&mut memory, 26) && large.is());
    }
}
