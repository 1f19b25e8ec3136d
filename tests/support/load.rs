//! Clients that read and write all the while, and judge each answer by what is wrong with Redis at that time.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use redis::Connection;

use crate::client::Client;
use crate::faults::{Fault, Stand};
use crate::ledger::{Counts, Done, Ledger};
use crate::wait_until;

/// From this long after Redis's return, every request is served.
pub const RECOVERY: Duration = Duration::from_secs(1);

/// How long a client rests between requests, so that what is measured is Redstart and not the lack of processors.
const PACE: Duration = Duration::from_millis(10);

/// Clients at work.
pub struct Load {
    judge: Arc<Judge>,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Ledger>>,
}

struct Judge {
    /// The longest that a request may take.
    bound: Duration,
    times: Mutex<Times>,
}

struct Times {
    weather: Weather,
    /// The clients, by number, that had a read and a write judged in this weather.
    served: HashSet<(usize, bool)>,
    /// How long after Redis's last return a request still began in vain.
    latest_in_vain: Duration,
    slowest: Duration,
    answers: usize,
    violations: Vec<String>,
}

#[derive(Clone, Copy)]
enum Weather {
    /// Redis is there since then.
    Fair(Instant),
    /// A fault comes or goes.
    Changing,
    /// A fault is there since then.
    Foul(&'static Fault, Instant),
}

/// What became of all of it.
pub struct Report {
    /// Requests that were answered.
    pub answers: usize,
    /// The slowest of them.
    pub slowest: Duration,
    /// The writes.
    pub writes: Counts,
    /// All that should not be.
    pub violations: Vec<String>,
}

impl Load {
    /// Sets so many clients to work.
    pub fn start(client: &Client, clients: usize, timeout: Duration, seed: u64) -> Self {
        let times = Times {
            weather: Weather::Fair(Instant::now()),
            served: HashSet::new(),
            latest_in_vain: Duration::ZERO,
            slowest: Duration::ZERO,
            answers: 0,
            violations: Vec::new(),
        };
        // A script that Redis has forgotten takes two commands; the rest is for a busy machine.
        let judge = Arc::new(Judge { bound: 2 * timeout + Duration::from_millis(500), times: Mutex::new(times) });
        let stop = Arc::<AtomicBool>::default();
        let work = |number| {
            let (judge, stop) = (Arc::clone(&judge), Arc::clone(&stop));
            let mut ledger = Ledger::new(client.apart(), number, seed);
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let done = ledger.step();
                    judge.take(number, begun, done);
                    thread::sleep(PACE);
                }
                ledger
            })
        };
        let clients = (0..clients).map(work).collect();
        Self { judge, stop, clients }
    }

    /// Lets a fault come, stay until `until` is content, and go, and waits until [`RECOVERY`] is over. Gives back how long
    /// after Redis's return a request still began in vain.
    pub fn suffer(&self, fault: &'static Fault, stand: &mut Stand, until: impl FnOnce(&Self)) -> Duration {
        self.judge.turn(Weather::Changing);
        let end = (fault.begin)(stand);
        self.judge.turn(Weather::Foul(fault, Instant::now()));
        until(self);
        self.judge.turn(Weather::Changing);
        end(stand);
        let back = Instant::now();
        self.judge.turn(Weather::Fair(back));
        thread::sleep((back + RECOVERY).saturating_duration_since(Instant::now()));
        // Who is served from now on has had the answers to what it sent before.
        self.judge.times().served.clear();
        self.wait_until_all_met_it();
        self.judge.times().latest_in_vain
    }

    /// Waits until every client has had an answer to a read and to a write that began in the present weather.
    pub fn wait_until_all_met_it(&self) {
        let all = 2 * self.clients.len();
        wait_until("every client has read and written", || self.judge.times().served.len() == all);
    }

    /// Ends it, and asks Redis for all that was written.
    ///
    /// # Panics
    /// When a client did.
    pub fn finish(self, redis: &mut Connection) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        let mut writes = Counts::default();
        let mut wrong = Vec::new();
        for client in self.clients {
            let (missing, counts) = client.join().expect("no client panicked").check(redis);
            wrong.extend(missing);
            writes.add_all(counts);
        }
        let mut times = self.judge.times();
        wrong.append(&mut times.violations);
        Report { answers: times.answers, slowest: times.slowest, writes, violations: wrong }
    }
}

impl Judge {
    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().expect("no client panicked")
    }

    fn turn(&self, weather: Weather) {
        let mut times = self.times();
        times.weather = weather;
        times.served.clear();
        times.latest_in_vain = Duration::ZERO;
    }

    fn take(&self, client: usize, begun: Instant, done: Result<Done, String>) {
        let took = begun.elapsed();
        let mut times = self.times();
        times.answers += 1;
        times.slowest = times.slowest.max(took);
        let (writes, status) = match &done {
            Ok(done) => (done.writes, done.answer.status),
            Err(error) => return times.violations.push(format!("no answer: {error}")),
        };
        if took > self.bound {
            times.violations.push(format!("{status} after {took:?}"));
        }
        let Ok(done) = done else { return };
        match times.weather {
            Weather::Fair(since) if is_served(&done) => {
                if begun >= since {
                    times.served.insert((client, writes));
                }
            }
            Weather::Fair(since) => {
                let late = begun.saturating_duration_since(since);
                times.latest_in_vain = times.latest_in_vain.max(late);
                if late >= RECOVERY {
                    times.violations.push(format!("{late:?} after Redis's return: {}", shown(&done)));
                }
            }
            Weather::Foul(fault, since) if begun >= since => {
                times.served.insert((client, writes));
                if !is_right(fault, &done) {
                    times.violations.push(format!("while Redis is {}: {}", fault.name, shown(&done)));
                }
            }
            Weather::Foul(..) | Weather::Changing => {}
        }
    }
}

/// Whether Redis did it. A read that finds nothing was served too.
fn is_served(done: &Done) -> bool {
    matches!(done.answer.status, 200 | 201 | 404)
}

/// Whether this is the answer that a fault calls for.
fn is_right(fault: &Fault, done: &Done) -> bool {
    let status = done.answer.status;
    match if done.writes { fault.write } else { fault.read } {
        200 => is_served(done) || is_broken(done),
        // What Redis says itself, the command API hands on as it is.
        expected => status == expected || is_broken(done) || (done.is_command && status == 400),
    }
}

/// Whether the connection broke under a write.
fn is_broken(done: &Done) -> bool {
    done.writes && done.answer.status == 503 && String::from_utf8_lossy(&done.answer.body).contains("broke")
}

fn shown(done: &Done) -> String {
    let kind = if done.writes { "write" } else { "read" };
    format!("{kind}: {} {}", done.answer.status, String::from_utf8_lossy(&done.answer.body))
}
