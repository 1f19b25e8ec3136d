//! The OpenAPI document says what is served.

use std::collections::BTreeSet;

use redstart_tests::host::Host;
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
