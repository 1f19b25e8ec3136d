//! A component that does what a component must not, as the path of a request says.

#![cfg(target_family = "wasm")]

use std::{hint::black_box, process, time::Duration};

use spin_sdk::{
    http::{IntoResponse, Request, StatusCode},
    http_service, time,
};

#[http_service]
#[allow(unsafe_code, reason = "the bindings' generated code")]
async fn handle(request: Request) -> impl IntoResponse {
    match request.uri().path() {
        "/well" => {}
        "/loop" => spin(),
        // By then the host may have given this instance more requests.
        "/pause-and-loop" => {
            time::sleep(Duration::from_millis(50)).await;
            spin();
        }
        "/compute-and-pause" => {
            for _ in 0..10 {
                compute(Duration::from_millis(100));
                time::sleep(Duration::from_millis(1)).await;
            }
        }
        "/wait" => time::sleep(Duration::from_hours(1)).await,
        "/block" => std::thread::sleep(Duration::from_hours(1)),
        "/allocate" => allocate(),
        "/recurse" => drop(black_box(recurse(black_box(1)))),
        "/trap" => process::abort(),
        "/exit" => process::exit(1),
        _ => return (StatusCode::NOT_FOUND, String::new()),
    }
    (StatusCode::OK, "well".to_owned())
}

fn spin() {
    while black_box(true) {}
}

fn compute(time: Duration) {
    let start = std::time::Instant::now();
    while black_box(start.elapsed() < time) {}
}

fn allocate() {
    let mut all = Vec::new();
    while black_box(true) {
        all.push(vec![1_u8; 1 << 20]);
    }
    drop(black_box(all));
}

fn recurse(depth: u64) -> u64 {
    if black_box(true) { black_box(recurse(black_box(depth + 1))) + depth } else { depth }
}
