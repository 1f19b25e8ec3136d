//! What a component that fails costs: its own requests, and no others.

use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redstart_tests::host::{Host, WORLD, World};
use redstart_tests::server::Server;

/// With as much again for a busy machine, what ends after this time has ended.
const SHORT: Duration = Duration::from_millis(300);
const BOUND: Duration = Duration::from_secs(3);

/// Asks for `path`, and for `/well` until it is answered: the status of the first, and those of the others.
fn ask_beside(host: &Host, path: &str) -> (u16, Vec<u16>) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let status = host.client.apart().get(path).status;
            over.store(true, Ordering::SeqCst);
            status
        });
        let mut others = Vec::new();
        while !over.load(Ordering::SeqCst) {
            let start = Instant::now();
            others.push(host.client.get("/well").status);
            assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        }
        (asking.join().unwrap(), others)
    })
}

#[test]
fn a_loop_ends_its_own_request_and_others_are_answered_meanwhile() {
    let host = Host::faulty(|settings| settings.compute_timeout = SHORT);
    let (status, others) = ask_beside(&host, "/loop");
    assert_eq!(status, 500);
    assert!(others.len() > 1 && others.iter().all(|status| *status == 200), "{others:?}");
    assert!(host.log().contains("--compute-timeout"), "{}", host.log());
}

#[test]
fn a_loop_ends_what_runs_in_the_same_instance_and_nothing_after_it() {
    let host = Host::faulty(|settings| settings.compute_timeout = SHORT);
    let (status, others) = ask_beside(&host, "/pause-and-loop");
    assert_eq!(status, 500);
    assert!(others.iter().all(|status| [200, 500].contains(status)), "{others:?}");
    assert!(others.iter().filter(|status| **status == 500).count() <= 1, "{others:?}");
    assert_eq!(host.client.get("/well").status, 200);
}

#[test]
fn as_many_loops_as_threads_leave_room_for_others() {
    // Long enough for the others' turns on a busy machine.
    let host = Host::faulty(|settings| settings.compute_timeout = 8 * SHORT);
    // With one more below. Each turn of the others waits for the slices of all that loop on their thread.
    let loops = thread::available_parallelism().unwrap().get();
    thread::scope(|scope| {
        let looping: Vec<_> = (0..loops).map(|_| scope.spawn(|| host.client.apart().get("/loop").status)).collect();
        let (_, others) = ask_beside(&host, "/loop");
        assert!(others.len() > 1 && others.iter().all(|status| *status == 200), "{others:?}");
        assert!(looping.into_iter().all(|looping| looping.join().unwrap() == 500));
    });
}

#[test]
fn a_long_computation_with_pauses_is_no_loop() {
    let host = Host::faulty(|settings| settings.compute_timeout = 2 * SHORT);
    assert_eq!(host.client.get("/compute-and-pause").status, 200);
}

#[test]
fn an_allocation_without_end_ends_its_own_request() {
    let host = Host::faulty(|settings| settings.max_instance_memory = 16 << 20);
    let (status, others) = ask_beside(&host, "/allocate");
    assert_eq!(status, 500);
    assert!(others.iter().all(|status| *status == 200), "{others:?}");
    assert_eq!(host.client.get("/well").status, 200);
}

#[test]
fn all_instances_together_use_no_more_memory_than_they_may() {
    let host = Host::faulty(|settings| settings.max_memory = 32 << 20);
    for _ in 0..3 {
        // It is answered, so what the last one used is there again.
        assert_eq!(host.client.get("/allocate").status, 500);
        assert_eq!(host.client.get("/well").status, 200);
    }
}

#[test]
fn a_trap_an_exit_and_an_overflow_of_the_stack_end_their_own_request() {
    let host = Host::faulty(|_| {});
    for path in ["/trap", "/exit", "/recurse"] {
        host.client.get(path).problem_of_host(500);
        assert_eq!(host.client.get("/well").status, 200, "{path}");
    }
}

#[test]
fn a_request_that_waits_for_ever_is_504_after_the_time_for_a_request() {
    let host = Host::faulty(|settings| settings.request_timeout = SHORT);
    // One waits as a component should, the other holds its instance's only thread.
    for path in ["/wait", "/block"] {
        let start = Instant::now();
        host.client.get(path).problem_of_host(504);
        assert!(start.elapsed() >= SHORT && start.elapsed() < BOUND, "{path}: {:?}", start.elapsed());
        assert_eq!(host.client.get("/well").status, 200, "{path}");
    }
}

#[test]
fn requests_that_come_together_meet_in_few_instances() {
    const CLIENTS: usize = 32;
    let server = Server::new();
    let host = Host::with(server.port, &[("log_level", "debug")], |settings| {
        settings.workers = NonZeroUsize::new(1);
        settings.max_instance_concurrent_reuse_count = CLIENTS;
    });
    let together = Barrier::new(CLIENTS);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let client = host.client.apart();
                for _ in 0..20 {
                    together.wait();
                    assert_eq!(client.get("/readyz").status, 200);
                }
            });
        }
    });
    // Each instance says so once. On a busy machine one may seem to compute for long, and get company.
    let instances = host.log().matches("connected to Redis").count();
    let most = match *WORLD {
        // A request has one for itself, which the next one finds there.
        World::P2 => CLIENTS,
        World::P3 => CLIENTS / 8,
    };
    assert!((1..=most).contains(&instances), "{instances}");
}

#[test]
fn an_instance_that_has_computed_takes_others_as_soon_as_it_waits() {
    let host = Host::faulty(|settings| {
        settings.workers = NonZeroUsize::new(1);
        settings.max_instances = 1;
    });
    // It computes ten times, and waits a moment after each.
    let (status, others) = ask_beside(&host, "/compute-and-pause");
    assert_eq!(status, 200);
    assert!(others.len() > 5 && others.iter().all(|status| *status == 200), "{others:?}");
}

#[test]
fn where_an_instance_is_full_another_one_is_made() {
    let host = Host::faulty(|settings| {
        settings.workers = NonZeroUsize::new(1);
        settings.max_instance_concurrent_reuse_count = 1;
    });
    // It has the only place of its instance for a second, and leaves the thread to others most of the time.
    let (status, others) = ask_beside(&host, "/compute-and-pause");
    assert_eq!(status, 200);
    assert!(others.len() > 1 && others.iter().all(|status| *status == 200), "{others:?}");
}

#[test]
fn threads_take_turns_where_there_are_fewer_instances_than_they_need() {
    let host = Host::faulty(|settings| {
        settings.workers = NonZeroUsize::new(2);
        settings.max_instances = 2;
        settings.max_instance_concurrent_reuse_count = 1;
        settings.request_timeout = 10 * SHORT;
    });
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let client = host.client.apart();
                for _ in 0..20 {
                    assert_eq!(client.get("/well").status, 200);
                }
            });
        }
    });
}

#[test]
fn what_a_client_that_left_still_holds_ends_in_time_also_where_others_keep_its_instance_busy() {
    let host = Host::faulty(|settings| {
        settings.workers = NonZeroUsize::new(1);
        settings.max_requests = 2;
        settings.request_timeout = BOUND;
    });
    drop(host.client.begin("GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    let start = Instant::now();
    while start.elapsed() < BOUND + SHORT {
        assert_eq!(host.client.get("/well").status, 200);
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // It takes one place for the whole time, so the other one has to be free.
        scope.spawn(|| {
            host.client.apart().get("/wait");
            over.store(true, Ordering::SeqCst);
        });
        let start = Instant::now();
        while start.elapsed() < BOUND / 2 {
            assert_eq!(host.client.get("/well").status, 200);
            assert!(!over.load(Ordering::SeqCst), "the place was taken until then");
        }
    });
}

#[test]
fn a_request_whose_client_left_before_it_began_gives_its_place_to_others() {
    const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n";
    const REFUSED: &str = "refused for want of an instance";
    let host = Host::faulty(|settings| {
        settings.workers = NonZeroUsize::new(1);
        settings.max_instances = 1;
        settings.max_instance_concurrent_reuse_count = 1;
        settings.max_requests = 3;
        settings.request_timeout = SHORT;
    });
    // It has the only place of the only instance until its time is over; the two behind it leave.
    let _first = host.client.begin(WAIT);
    for _ in 0..2 {
        drop(host.client.begin(WAIT));
    }
    // So this one has a place of theirs, and waits for the instance in vain, which the host says of nobody else.
    host.client.get("/wait").problem_of_host(503);
    assert_eq!(host.log().matches(REFUSED).count(), 1, "{}", host.log());
}
