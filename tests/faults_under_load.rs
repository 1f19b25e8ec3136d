//! What happens when Redis goes away while many clients read and write.

use std::num::NonZeroUsize;
use std::time::Duration;

use redstart_tests::faults::{FAULTS, Stand};
use redstart_tests::host::Host;
use redstart_tests::load::Load;
use redstart_tests::wait_until;

const CLIENTS: usize = 24;

/// Redis may take so long in these tests.
const TIMEOUT: Duration = Duration::from_millis(300);
/// Threads of the host.
const THREADS: usize = 2;
const CONFIG: (&str, &str) = ("config", "[redis]\ntimeout_ms = 300\n[log]\nlevel = error");

/// Under load, Redis goes away in this way and returns. Meanwhile each answer is the right one and in time; a second later
/// everybody is served, over as many connections as before; and all that was acknowledged is there.
fn nothing_is_lost_while_redis_is(name: &str) {
    let fault = FAULTS.iter().find(|fault| fault.name == name).unwrap();
    let mut stand = Stand::new("", TIMEOUT);
    let host = Host::with(stand.proxy.port, &[CONFIG], |settings| settings.workers = NonZeroUsize::new(THREADS));
    let load = Load::start(&host.client, CLIENTS, TIMEOUT, 1);
    load.wait_until_all_met_it();
    wait_until("each thread has its connection", || stand.connections() == THREADS);

    let in_vain = load.suffer(fault, &mut stand, Load::wait_until_all_met_it);

    wait_until("there are as many connections as before", || stand.connections() == THREADS);
    let report = load.finish(&mut stand.server.connection());
    let shown: Vec<_> = report.violations.iter().take(10).collect();
    assert!(shown.is_empty(), "{} violations: {shown:#?}\n{:?}", report.violations.len(), report.writes);
    eprintln!(
        "{name}: the last request in vain began {in_vain:?} after the return; {} answers, the slowest in {:?}; {:?}",
        report.answers, report.slowest, report.writes
    );
}

/// A test for each fault, by its name.
macro_rules! under_load {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            nothing_is_lost_while_redis_is($name);
        })*

        #[test]
        fn every_fault_has_its_test() {
            assert!(FAULTS.iter().map(|fault| fault.name).eq([$($name),*]));
        }
    };
}

under_load! {
    a_killed_redis_costs_nothing_acknowledged: "killed",
    a_restarted_redis_costs_nothing_acknowledged: "restarted",
    a_paused_redis_costs_nothing_acknowledged: "paused",
    a_slow_redis_in_time_costs_nothing: "slow but in time",
    a_redis_too_slow_costs_nothing_acknowledged: "too slow",
    a_redis_that_hears_nothing_costs_nothing_acknowledged: "deaf",
    a_redis_that_is_not_heard_costs_nothing_acknowledged: "mute",
    a_redis_cut_off_both_ways_costs_nothing_acknowledged: "cut off",
    a_redis_that_refuses_connections_costs_nothing_acknowledged: "refusing connections",
    a_redis_that_loads_a_large_file_costs_nothing_acknowledged: "loading",
    a_redis_without_memory_left_still_reads_and_costs_nothing_acknowledged: "out of memory",
    a_redis_that_became_a_replica_still_reads_and_costs_nothing_acknowledged: "a replica",
    a_replica_without_its_master_costs_nothing_acknowledged: "a replica without data",
    a_redis_that_cannot_save_still_reads_and_costs_nothing_acknowledged: "unable to save",
    a_redis_whose_password_changed_costs_nothing_acknowledged: "under another password",
}
