//! A mixed load for minutes, while Redis goes away in every way, at random.

use std::collections::BTreeMap;
use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redstart_tests::faults::{FAULTS, Stand};
use redstart_tests::load::Load;
use redstart_tests::process::HostProcess;
use redstart_tests::random::Random;
use redstart_tests::wait_until;

const CLIENTS: usize = 24;
/// `timeout_ms` as it is unless configured.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A fault lasts at most so long, in milliseconds, and so does the time between two, after the recovery.
const LONGEST: usize = 3000;
/// The memory of the last quarter of the time may be so much more than that of the third, in hundredths.
const GROWTH: u64 = 5;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|number| number.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The medians of the memory in each quarter of the time.
fn quarters(samples: &[u64]) -> Vec<u64> {
    let quarters = samples.chunks(samples.len().div_ceil(4)).map(|quarter| {
        let mut quarter = quarter.to_vec();
        quarter.sort_unstable();
        quarter[quarter.len() / 2]
    });
    quarters.collect()
}

#[test]
#[ignore = "takes minutes: `make soak` runs it"]
fn through_all_faults_nothing_acknowledged_is_lost_and_memory_stops_growing() {
    let lasts = Duration::from_secs(number("REDSTART_SOAK_SECONDS").unwrap_or(600));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = number("REDSTART_SOAK_SEED").unwrap_or(clock);
    eprintln!("soak: {lasts:?} with REDSTART_SOAK_SEED={seed}; the host's log is .data/soak.log");
    let mut random = Random(seed);

    // Redis is killed time and again: what it acknowledges is on the disk.
    let mut stand = Stand::new("appendfsync always", TIMEOUT);
    let host = HostProcess::new(stand.proxy.port, &["--variable", "log_level=error"], "soak.log");
    let load = Load::start(&host.client, CLIENTS, TIMEOUT, seed);
    load.wait_until_all_met_it();
    let before = stand.connections();

    let stop = AtomicBool::new(false);
    let memory = Mutex::new(Vec::new());
    let mut faults = BTreeMap::<_, (usize, Duration)>::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                memory.lock().unwrap().push(host.memory() / 1024);
                thread::sleep(Duration::from_secs(1));
            }
        });
        let pause = |length: usize| thread::sleep(Duration::from_millis(length as u64));
        let end = Instant::now() + lasts;
        while Instant::now() < end {
            let fault = random.of(FAULTS);
            let (stays, rests) = (random.below(LONGEST), random.below(LONGEST));
            let in_vain = load.suffer(fault, &mut stand, |_| pause(stays));
            let (times, worst) = faults.entry(fault.name).or_default();
            *times += 1;
            *worst = in_vain.max(*worst);
            pause(rests);
        }
        stop.store(true, Ordering::Relaxed);
    });
    wait_until("there are as many connections as before", || stand.connections() == before);
    let report = load.finish(&mut stand.server.connection());

    for (name, (times, worst)) in &faults {
        eprintln!("soak: {times:3} times {name}: the last request in vain began {worst:?} after the return");
    }
    let quarters = quarters(&memory.lock().unwrap());
    eprintln!("soak: {} answers to {CLIENTS} clients, the slowest in {:?}", report.answers, report.slowest);
    eprintln!("soak: writes: {:?}", report.writes);
    eprintln!("soak: {before} connections to Redis before, as many after");
    eprintln!("soak: the host's memory in KiB, the median of each quarter of the time: {quarters:?}");
    let shown: Vec<_> = report.violations.iter().take(20).collect();
    assert!(shown.is_empty(), "{} violations: {shown:#?}", report.violations.len());
    assert!(quarters[3] <= quarters[2] + quarters[2] * GROWTH / 100, "the memory grows");
}
