//! `/v1/lists`: the ends of a list, and its items.

use redstart_tests::host::Host;
use redstart_tests::setup;
use serde_json::json;

use crate::lists::{at_once, items_at, post, put};

#[test]
fn items_are_pushed_and_popped_on_either_side() {
    let (_server, Host { ref client, .. }) = setup();
    post(client, "pop", &json!({})).problem(404);
    let pushed = post(client, "push", &json!({"items": ["c", {"base64": "/w=="}]}));
    assert_eq!((pushed.status, pushed.json()), (200, json!({"key": "l", "length": 2})));
    assert_eq!(post(client, "push", &json!({"side": "left", "items": ["b", "a"]})).json()["length"], 4);
    assert_eq!(post(client, "push", &json!({"side": "right", "items": [""]})).json()["length"], 5);
    assert_eq!(client.get("/v1/lists/l").json()["items"], json!(["a", "b", "c", {"base64": "/w=="}, ""]));

    assert_eq!(post(client, "pop", &json!({})).json(), json!({"items": ["a"]}));
    let two = post(client, "pop", &json!({"side": "right", "count": 2}));
    assert_eq!(two.json(), json!({"items": ["", {"base64": "/w=="}]}));
    assert_eq!(post(client, "pop", &json!({"count": 1000})).json(), json!({"items": ["b", "c"]}));
    client.get("/v1/lists/l").problem(404);

    let items: Vec<_> = (0..1500).map(|number| number.to_string()).collect();
    put(client, &json!(items));
    assert_eq!(post(client, "pop", &json!({"count": 1000})).json()["items"], json!(items[..1000]));
    let rest: Vec<_> = items[1000..].iter().rev().collect();
    assert_eq!(post(client, "pop", &json!({"side": "right", "count": 1000})).json()["items"], json!(rest));
}

#[test]
fn an_item_moves_to_another_list_or_round_its_own() {
    let (server, Host { ref client, .. }) = setup();
    post(client, "move", &json!({"to": "m"})).problem(404);
    client.put_raw("/v1/strings/s", b"v");
    post(client, "move", &json!({"to": "s"})).problem(404);
    put(client, &json!(["a", "b", "c", "d"]));
    let moved = post(client, "move", &json!({"to": "m"}));
    assert_eq!((moved.status, moved.json()), (200, json!({"item": "a"})));
    let back = json!({"to": "m", "from_side": "right", "to_side": "left"});
    assert_eq!(post(client, "move", &back).json(), json!({"item": "d"}));
    assert_eq!(items_at(&server, "m"), ["d", "a"].map(str::as_bytes));
    assert_eq!(post(client, "move", &json!({"to": "l"})).json(), json!({"item": "b"}));
    assert_eq!(items_at(&server, "l"), ["c", "b"].map(str::as_bytes));
    let same_side = json!({"to": "l", "to_side": "left"});
    assert_eq!(post(client, "move", &same_side).json(), json!({"item": "c"}));
    assert_eq!(items_at(&server, "l"), ["c", "b"].map(str::as_bytes));
    for _ in 0..2 {
        assert_eq!(post(client, "move", &json!({"to": "m"})).status, 200);
    }
    client.get("/v1/lists/l").problem(404);
}

#[test]
fn an_item_is_read_set_and_deleted_by_its_index() {
    let (server, Host { ref client, .. }) = setup();
    let place = |index: i64| format!("/v1/lists/l/items/{index}");
    client.get(&place(0)).problem(404);
    client.send_json("PUT", &place(0), &json!({"value": "x"})).problem(404);
    client.delete(&place(0)).problem(404);
    put(client, &json!(["a", "b", {"base64": "/w=="}]));
    assert_eq!(client.get(&place(1)).json(), json!({"index": 1, "value": "b"}));
    assert_eq!(client.get(&place(-1)).json(), json!({"index": -1, "value": {"base64": "/w=="}}));
    assert_eq!(client.send("HEAD", &place(-3), &[], b"").status, 200);
    let set = client.send_json("PUT", &place(-2), &json!({"value": 2.5}));
    assert_eq!((set.status, set.json()), (200, json!({"index": -2, "value": "2.5"})));
    for index in [3, -4, i64::MIN, i64::MAX] {
        assert_eq!(client.get(&place(index)).problem(404), "the list, or the item in it, does not exist");
        assert_eq!(client.send("HEAD", &place(index), &[], b"").status, 404);
        client.send_json("PUT", &place(index), &json!({"value": "x"})).problem(404);
        client.delete(&place(index)).problem(404);
    }
    for method in ["GET", "PUT", "DELETE"] {
        let headers = [("content-type", "application/json"), ("if-match", "*")];
        client.send(method, &place(0), &headers, br#"{"value":1}"#).problem(422);
    }
    assert_eq!(items_at(&server, "l"), [&b"a"[..], b"2.5", b"\xff"]);
    for _ in 0..3 {
        assert_eq!(client.delete(&place(-1)).status, 204);
    }
    client.get("/v1/lists/l").problem(404);
}

#[test]
fn of_equal_items_the_one_at_the_index_is_deleted() {
    let (server, Host { ref client, .. }) = setup();
    let items = ["a", "", "a", "1", "a", "", "1"];
    for index in 0..items.len() {
        for number in [index.to_string(), format!("-{}", items.len() - index)] {
            put(client, &json!(items));
            assert_eq!(client.delete(&format!("/v1/lists/l/items/{number}")).status, 204);
            let expected = [&items[..index], &items[index + 1..]].concat();
            assert_eq!(items_at(&server, "l"), expected.iter().map(|item| item.as_bytes()).collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_marks_the_item_to_delete_is_no_item_on_the_way_to_it() {
    let (server, _host) = setup();
    let script = concat!(include_str!("../src/rest/item.lua"), include_str!("../src/rest/delete_item.lua"));
    let fill = b"return redis.call('RPUSH', KEYS[1], 'm', redis.sha1hex('m'), 'x', redis.sha1hex('m'), 'm')";
    for index in [b"2".as_slice(), b"-3"] {
        server.command::<()>(&[b"EVAL", fill, b"1", b"l"]);
        let before = items_at(&server, "l");
        server.command::<()>(&[b"EVAL", script.as_bytes(), b"1", b"l", index, b"m"]);
        assert_eq!(items_at(&server, "l"), [&before[..2], &before[3..]].concat());
        server.command::<()>(&[b"DEL", b"l"]);
    }
}

#[test]
fn where_memory_is_full_items_are_taken_and_none_is_added_or_lost() {
    let (server, Host { ref client, .. }) = setup();
    put(client, &json!(["a", "b", "c"]));
    server.command::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
    post(client, "push", &json!({"items": ["d"]})).problem(507);
    post(client, "move", &json!({"to": "m"})).problem(507);
    client.send_json("PUT", "/v1/lists/l/items/0", &json!({"value": "d"})).problem(507);
    assert_eq!(client.delete("/v1/lists/l/items/1").status, 204);
    assert_eq!(post(client, "pop", &json!({"count": 1})).json(), json!({"items": ["a"]}));
    assert_eq!(client.send_json("PATCH", "/v1/lists/l", &json!({"trim": {}})).json()["length"], 1);
}

#[test]
fn pushes_at_once_lose_nothing_and_keep_together_what_came_together() {
    let (server, Host { ref client, .. }) = setup();
    let pushes = (0..8).map(|writer| {
        let client = client.apart();
        move || {
            for _ in 0..10 {
                assert_eq!(post(&client, "push", &json!({"items": vec![writer; 100]})).status, 200);
            }
        }
    });
    at_once(pushes);
    let items = items_at(&server, "l");
    assert_eq!(items.len(), 8000);
    assert!(items.chunks(100).all(|pushed| pushed.iter().all(|item| *item == pushed[0])));
}

#[test]
fn pops_at_once_give_each_item_once() {
    let (_server, Host { ref client, .. }) = setup();
    let items: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    put(client, &json!(items));
    let pops = (0..8).map(|reader| {
        let client = client.apart();
        move || {
            let body = json!({"side": if reader % 2 == 0 { "left" } else { "right" }, "count": reader + 1});
            let mut taken = Vec::new();
            loop {
                let answer = post(&client, "pop", &body);
                if answer.status == 404 {
                    return taken;
                }
                let items = answer.json()["items"].as_array().unwrap().clone();
                taken.extend(items.iter().map(|item| item.as_str().unwrap().parse::<usize>().unwrap()));
            }
        }
    });
    let mut taken = at_once(pops).concat();
    taken.sort_unstable();
    assert_eq!(taken, (0..1000).collect::<Vec<_>>());
}
