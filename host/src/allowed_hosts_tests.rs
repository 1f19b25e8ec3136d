//! Tests of the rules for outbound addresses, as tables.

use proptest::prelude::*;
use redis::IntoConnectionInfo as _;

use super::*;

fn allows(entry: &str, url: &str) -> bool {
    let mut allowed = AllowedHosts::default();
    allowed.add(entry).unwrap_or_else(|error| panic!("{entry}: {error}"));
    address(url).is_some_and(|address| allowed.allow(&address))
}

fn address(url: &str) -> Option<Address> {
    Address::of(&url.into_connection_info().ok()?.addr)
}

#[test]
fn entries_allow_what_they_name() {
    for (entry, yes, no) in [
        (
            "redis://127.0.0.1:*",
            &["redis://127.0.0.1:1", "redis://127.0.0.1"][..],
            &["127.0.0.1:7", "redis://localhost:1", "rediss://127.0.0.1:1", "redis://127.0.0.2:1"][..],
        ),
        ("redis://127.0.0.1", &["redis://127.0.0.1:6379", "redis://u:p@127.0.0.1/0"], &["redis://127.0.0.1:6380"]),
        (
            "redis://db.example.com:6380",
            &["redis://DB.example.com:6380/1"],
            &["redis://db.example.com", "redis://example.com:6380"],
        ),
        (
            "redis://*.example.com:1",
            &["redis://a.example.com:1", "redis://a.b.EXAMPLE.com:1"],
            &["redis://example.com:1", "redis://aexample.com:1", "redis://10.0.0.1:1"],
        ),
        (
            "redis://h:7000..7002",
            &["redis://h:7000", "redis://h:7001"],
            &["redis://h:6999", "redis://h:7002", "redis://h"],
        ),
        (
            "*://*:*",
            &["redis://h:1", "rediss://[::1]:2", "rediss://h"],
            &["redis+unix:///run/redis.sock", "redis://", ""],
        ),
        ("rediss://h:*", &["rediss://h", "rediss://h:1"], &["redis://h:1"]),
        ("rediss://h:6379", &["rediss://h:6379", "rediss://h"], &["rediss://h:1"]),
        (
            "redis://10.0.0.0/8",
            &["redis://10.1.2.3", "redis://10.1.2.3:6379"],
            &["redis://11.1.2.3", "redis://10.1.2.3:1", "redis://ten.example"],
        ),
        ("redis://10.0.0.0/8:*", &["redis://10.1.2.3:5"], &["redis://11.1.2.3:5"]),
        ("redis://[::1]:1", &["redis://[::1]:1"], &["redis://[::2]:1", "redis://[::1]"]),
        ("redis://[::1]", &["redis://[::1]"], &["redis://[::1]:1"]),
        ("redis://h:1/", &["redis://h:1"], &["redis://h:2"]),
        ("redis://self:1", &[], &["redis://self:1"]),
        ("", &[], &["redis://h"]),
    ] {
        for url in yes {
            assert!(allows(entry, url), "{entry} allows {url}");
        }
        for url in no {
            assert!(!allows(entry, url), "{entry} does not allow {url}");
        }
    }
}

#[test]
fn credentials_do_not_change_where_a_url_points() {
    for password in ["p%23w", "p:w", "p%3Fw", "redis%3A%2F%2Fother"] {
        let url = format!("redis://user:{password}@h:1/0");
        assert!(allows("redis://h:1", &url), "{url}");
        assert!(!allows("redis://other:*", &url), "{url}");
    }
    for url in ["redis://other#@h:1", "redis://other?@h:1", "redis://other:1#@h:1", "redis://h:1@other:1"] {
        assert!(!allows("redis://h:1", url), "{url} leads to another host");
    }
}

#[test]
fn wrong_entries_say_what_is_wrong() {
    for (entry, part) in [
        ("h:1", "SCHEME://HOST"),
        ("*", "SCHEME://HOST"),
        ("rediss://h", "needs a port"),
        ("*://h", "needs a port"),
        ("redis://h:x", "port must be"),
        ("redis://h:1..x", "port must be"),
        ("redis://h:70000", "port must be"),
        ("redis://a*b:1", "`*.` before a domain"),
        ("redis://*.*.b:1", "`*.` before a domain"),
        ("redis://*.10.0.0.1:1", "must be a domain"),
        ("redis://h/path", "path"),
        ("re-dis://h:1", "scheme"),
        ("redis://:1", "host"),
    ] {
        let error = AllowedHosts::default().add(entry).expect_err(entry);
        assert!(error.contains(part), "{entry}: {error} does not contain {part}");
    }
}

#[test]
fn an_address_shows_no_password() {
    assert_eq!(address("rediss://user:hush@h:1/2").expect("an address").to_string(), "rediss://h:1");
    assert_eq!(address("redis://h").expect("an address").to_string(), "redis://h:6379");
}

proptest! {
    #[test]
    fn a_password_never_leads_elsewhere(password in "[^@]{0,8}", host in "[a-z]{1,8}", port in 1_u16..) {
        let url = format!("redis://:{password}@{host}:{port}/0");
        if let Ok(info) = url.as_str().into_connection_info()
            && allows(&format!("redis://{host}:{port}"), &url)
        {
            prop_assert_eq!(info.addr.to_string(), format!("{host}:{port}"));
        }
    }
}
