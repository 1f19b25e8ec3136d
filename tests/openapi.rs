//! The OpenAPI document says what is served.

use std::collections::BTreeSet;
use std::process::Command;

use redstart_tests::host::{Host, TOKEN, project};
use redstart_tests::setup;

#[test]
fn each_path_of_the_document_has_the_methods_that_it_says_and_no_other() {
    let (_server, Host { ref client, .. }) = setup();
    let document = serde_json::to_value(redstart::openapi::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 10, "{paths:?}");
    for (path, operations) in paths {
        let mut expected: BTreeSet<_> =
            operations.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        if expected.contains("GET") {
            expected.insert("HEAD".to_owned());
        }
        let options = client.send("OPTIONS", &path.replace(['{', '}'], ""), &[], b"");
        assert_eq!(options.status, 204, "{path}");
        let mut served: BTreeSet<_> = options.header("allow").split(',').map(str::to_owned).collect();
        if path == "/v1/strings/get" {
            // The methods of the key `get`, which has the same path.
            served.retain(|method| method == "POST");
        }
        assert_eq!(served, expected, "{path}");
    }
}

#[test]
#[ignore = "needs schemathesis: `make test` runs it where that is, or can be had"]
fn what_is_served_is_what_the_document_says() {
    let (_server, host) = setup();
    let status = Command::new(std::env::var_os("SCHEMATHESIS").expect("scripts/schemathesis.sh prints its path"))
        .args(["--config-file", "schemathesis.toml", "run", "--header"])
        .arg(format!("Authorization: Bearer {TOKEN}"))
        .arg(format!("http://{}/openapi.json", host.address))
        .current_dir(project().join("tests/schemathesis"))
        .env("HYPOTHESIS_STORAGE_DIRECTORY", project().join(".data/hypothesis"))
        .status()
        .expect("schemathesis starts");
    assert!(status.success());
}
