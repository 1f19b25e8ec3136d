//! What a request may cost the component: instructions, which are the same each time where time is not.
//!
//! They are counted in wasmtime's fuel, mostly one for each instruction of WebAssembly. What the host does is not in
//! it (docs/performance.md). A budget is what was measured; a tenth more fails, and so does a tenth less: then the budget is
//! to be lowered, so that what was gained stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redstart_tests::host::{Host, WORLD, World};
use redstart_tests::server::Server;
use redstart_tests::wait_until;
use serde_json::json;

/// How many requests are counted, after one that makes the instance.
const REQUESTS: u64 = 200;

type Ask<'a> = &'a dyn Fn(&Host) -> u16;

/// The fuel that so many requests take, one after the other.
fn fuel_of(server: &Server, requests: u64, ask: Ask) -> u64 {
    let fuel = Arc::new(AtomicU64::new(0));
    let host = Host::with(server.port, &[], |settings| {
        settings.fuel = Some(fuel.clone());
        // An instance tells what it took when it ends, which is after as many.
        settings.max_instance_reuse_count = usize::try_from(requests).unwrap();
    });
    for _ in 0..requests {
        let status = ask(&host);
        assert!((200..300).contains(&status), "{status}");
    }
    wait_until("the instance has ended", || fuel.load(Ordering::Acquire) > 0);
    fuel.load(Ordering::Acquire)
}

#[test]
fn no_request_costs_more_than_its_budget() {
    let server = Server::new();
    server.command::<String>(&[b"SET", b"k", b"hello world"]);
    for field in 0..100 {
        server.command::<i64>(&[b"HSET", b"h", format!("field:{field}").as_bytes(), b"a value of some bytes"]);
    }
    let pipeline = json!([["GET", "k"]].repeat(50)).to_string();
    let requests: [(&str, [u64; 2], Ask); 8] = [
        ("GET /healthz", [39_000, 33_000], &|host| host.client.get("/healthz").status),
        ("a string as JSON", [68_000, 59_500], &|host| host.client.get("/v1/strings/k").status),
        ("a string as bytes", [77_000, 69_000], &|host| host.client.get_raw("/v1/strings/k").status),
        ("PUT of a string", [75_000, 63_000], &|host| host.client.put_raw("/v1/strings/k", b"hello world").status),
        ("a page of 100 from a hash", [381_000, 368_000], &|host| {
            host.client.get("/v1/hashes/h/fields?limit=100").status
        }),
        ("the command GET", [69_000, 60_500], &|host| host.client.get("/get/k").status),
        ("the same in a body", [75_500, 63_500], &|host| host.client.send("POST", "/", &[], br#"["GET","k"]"#).status),
        ("a pipeline of 50", [701_000, 685_000], &|host| {
            host.client.send("POST", "/pipeline", &[], pipeline.as_bytes()).status
        }),
    ];
    let mut wrong = Vec::new();
    let mut check = |name: &str, fuel: u64, [p3, p2]: [u64; 2]| {
        let budget = match *WORLD {
            World::P2 => p2,
            World::P3 => p3,
        };
        println!("{name}: {fuel}");
        if !(budget * 9 / 10..=budget * 11 / 10).contains(&fuel) {
            wrong.push(format!("{name}: {fuel}, where {budget} are its budget"));
        }
    };
    for (number, (name, budget, ask)) in requests.into_iter().enumerate() {
        let first = fuel_of(&server, 1, ask);
        let each = (fuel_of(&server, 1 + REQUESTS, ask) - first) / REQUESTS;
        check(name, each, budget);
        // The first one asks nobody: what it costs beside itself is the instance.
        if number == 0 {
            check("a new instance", first - each, [311_500, 291_000]);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
