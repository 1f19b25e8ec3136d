//! More at once than there is room for.

use std::thread;
use std::time::{Duration, Instant};

use redstart_tests::host::Host;
use redstart_tests::process::HostProcess;
use redstart_tests::server::Server;
use redstart_tests::wait_until;

const MIB: u64 = 1 << 20;

#[test]
fn requests_beyond_the_limit_wait_and_are_503_when_it_takes_too_long() {
    let timeout = Duration::from_millis(300);
    let host = Host::faulty(|settings| {
        settings.max_requests = 1;
        settings.request_timeout = timeout;
    });
    let start = Instant::now();
    let waiting: Vec<_> = (0..6)
        .map(|_| {
            let client = host.client.apart();
            thread::spawn(move || client.get("/wait"))
        })
        .collect();
    let answers: Vec<_> = waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect();
    assert!(start.elapsed() < 10 * timeout, "{:?}", start.elapsed());
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 504).collect();
    assert!(refused.len() >= 3, "{answers:?}");
    for answer in refused {
        answer.problem_of_host(503);
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[test]
fn a_target_over_the_limit_is_414_and_a_head_431() {
    let host = Host::faulty(|settings| {
        settings.max_url_bytes = 1000;
        settings.http1_max_buf_size = 8192;
    });
    let target = |length: usize| format!("/well?{}", "x".repeat(length - "/well?".len()));
    assert_eq!(host.client.get(&target(1000)).status, 200);
    let detail = host.client.get(&target(1001)).problem_of_host(414);
    assert!(detail.contains("1000"), "{detail}");

    let headers = |length: usize| host.client.send("GET", "/well", &[("x-long", &"x".repeat(length))], b"");
    assert_eq!(headers(7000).status, 200);
    let detail = headers(8192).problem_of_host(431);
    assert!(detail.contains("8192"), "{detail}");
    // Where hyper has no room left, there is no body either.
    assert_eq!(headers(20_000).status, 431);
    let many: Vec<_> = (0..200).map(|number| format!("x-{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(host.client.send("GET", "/well", &many, b"").status, 431);
}

#[test]
fn many_large_replies_at_once_are_whole_or_refused_and_the_hosts_memory_is_bounded() {
    // A fifth of the defaults, and of replies of 100 MB.
    const REPLY: usize = 20_000_000;
    let server = Server::new();
    server.command::<String>(&[b"SET", b"large", &vec![b'x'; REPLY]]);
    let (one, all) = (512 * MIB / 5, 1024 * MIB / 5);
    let flags = ["--max-instance-memory", &one.to_string(), "--max-memory", &all.to_string()];
    let host = HostProcess::new(server.port, &flags, "large.log");
    assert_eq!(host.client.get("/healthz").status, 200);
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let client = host.client.apart();
            thread::spawn(move || {
                let answer = client.get_raw("/v1/strings/large");
                (answer.status, answer.body.len())
            })
        })
        .collect();
    let answers: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    let whole = answers.iter().filter(|(status, length)| *status == 200 && *length == REPLY).count();
    let refused = answers.iter().filter(|(status, _)| [503, 504].contains(status)).count();
    eprintln!("{whole} whole, {refused} refused, {} MiB", host.peak_memory() / MIB);
    assert!(whole >= 1 && whole + refused == 16, "{answers:?}");
    assert!(host.peak_memory() < all + 512 * MIB, "{}", host.peak_memory());
    // The instances that were full go as soon as they have answered.
    wait_until("there is room again", || host.client.get_raw("/v1/strings/large").body.len() == REPLY);
}

#[test]
fn one_instance_reads_large_values_as_often_as_it_is_asked() {
    let server = Server::new();
    let host = Host::with(server.port, &[], |settings| {
        settings.max_instances = 1;
        settings.max_instance_reuse_count = 1_000;
        settings.max_instance_memory = 128 << 20;
    });
    server.command::<()>(&[b"SET", b"large", &vec![b'x'; 4 << 20]]);
    for round in 0..100 {
        assert_eq!(host.client.get_raw("/v1/strings/large").status, 200, "round {round}");
    }
}
