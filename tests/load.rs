//! Many clients at once.

use std::thread;
use std::time::{Duration, Instant};

use redstart_tests::setup;

const CLIENTS: usize = 200;

/// How long: 3 seconds, or `REDSTART_LOAD_SECONDS`.
fn duration() -> Duration {
    let seconds = std::env::var("REDSTART_LOAD_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

#[test]
fn two_hundred_clients_get_no_error_and_what_was_acknowledged_is_there() {
    let (server, host) = setup();
    let end = Instant::now() + duration();
    let workers: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = host.client.apart();
            thread::spawn(move || {
                let mut written = 0_u64;
                while Instant::now() < end {
                    let value = format!("{number}-{written}");
                    let path = format!("/v1/strings/{number}-{}", written % 50);
                    let put = client.put_raw(&path, value.as_bytes());
                    assert!(put.status == 200 || put.status == 201, "{put:?}");
                    assert_eq!(client.get_raw(&path).body, value.as_bytes());
                    written += 1;
                }
                written
            })
        })
        .collect();
    let written: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();

    for (number, written) in written.iter().enumerate() {
        for last in written.saturating_sub(50)..*written {
            let key = format!("{number}-{}", last % 50);
            assert_eq!(server.command::<String>(&[b"GET", key.as_bytes()]), format!("{number}-{last}"));
        }
    }
    eprintln!("{} writes and as many reads by {CLIENTS} clients", written.iter().sum::<u64>());
}
