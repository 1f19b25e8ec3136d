//! Tests of the order of the providers and of what a component sees.

use super::*;

fn declared(entries: &[(&str, Option<&str>)]) -> BTreeMap<String, Variable> {
    entries
        .iter()
        .map(|&(name, default)| {
            let text = default.map_or("required = true".to_owned(), |value| format!("default = {value:?}"));
            (name.to_owned(), toml::from_str(&format!("{text}\nsecret = true")).expect("a variable"))
        })
        .collect()
}

fn runtime_config(text: &str) -> RuntimeConfig {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn value(text: &str, settings: &Settings) -> String {
    let declared = declared(&[("my_name", Some("default"))]);
    let variables = Variables::resolve(&declared, runtime_config(text), settings).expect("a value for each");
    variables.render("{{ my_name }}").expect("a template").text
}

const STATIC: &str = "[[variables_provider]]\ntype = 'static'\nvalues = { my_name = 'static', unknown = '' }\n";
const ENV: &str = "[[variables_provider]]\ntype = 'env'\nprefix = 'OTHER'\n";

#[test]
fn the_first_provider_that_has_a_value_wins() {
    let mut settings = Settings::default();
    assert_eq!(value("", &settings), "default");
    settings.environment.insert("SPIN_VARIABLE_MY_NAME".to_owned(), "environment".to_owned());
    assert_eq!(value("", &settings), "environment");
    settings.environment.insert("OTHER_MY_NAME".to_owned(), "prefixed".to_owned());
    assert_eq!(value("", &settings), "environment");
    assert_eq!(value(ENV, &settings), "prefixed");
    assert_eq!(value(&format!("{STATIC}{ENV}"), &settings), "static");
    assert_eq!(value(&format!("{ENV}{STATIC}"), &settings), "prefixed");
    settings.variables.push("my_name=flag".to_owned());
    assert_eq!(value(&format!("{ENV}{STATIC}"), &settings), "flag");
    settings.variables.push("my_name=".to_owned());
    assert_eq!(value(STATIC, &settings), "", "an empty value is a value");
}

#[test]
fn the_environment_beats_its_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(".env");
    std::fs::write(&path, "SPIN_VARIABLE_MY_NAME=file\n").expect("the file is written");
    let mut settings = Settings { dotenv: Some(path), ..Settings::default() };
    assert_eq!(value("", &settings), "file");
    settings.environment.insert("SPIN_VARIABLE_MY_NAME".to_owned(), "environment".to_owned());
    assert_eq!(value("", &settings), "environment");
    settings.dotenv = Some(folder.path().join("absent"));
    assert_eq!(value("", &settings), "environment");
}

#[test]
fn a_required_variable_without_value_says_how_to_set_it() {
    let error = Variables::resolve(&declared(&[("my_name", None)]), RuntimeConfig::default(), &Settings::default())
        .expect_err("there is no value");
    for part in ["my_name", "--variable my_name=", "SPIN_VARIABLE_MY_NAME", "runtime configuration"] {
        assert!(error.to_string().contains(part), "{error} does not contain {part}");
    }
}

#[test]
fn an_undeclared_variable_is_refused_without_its_value() {
    let settings = Settings { variables: vec!["nmae=hush".to_owned()], ..Settings::default() };
    let error = Variables::resolve(&declared(&[("name", Some(""))]), RuntimeConfig::default(), &settings)
        .expect_err("there is no such variable")
        .to_string();
    assert!(error.contains("nmae") && error.contains("it has name") && !error.contains("hush"), "{error}");
}

#[test]
fn a_component_sees_what_the_manifest_gives_it() {
    let declared = declared(&[("host", Some("h")), ("port", Some("1"))]);
    let variables = Variables::resolve(&declared, RuntimeConfig::default(), &Settings::default()).expect("defaults");
    let component = |text: &str| -> Component {
        toml::from_str(&format!("source = 'c.wasm'\n[variables]\n{text}")).expect("a component")
    };
    let given =
        variables.of_component("c", &component("url = 'redis://{{ host }}:{{port}}'\nplain = 'x'")).expect("values");
    assert_eq!(given["url"], "redis://h:1");
    assert_eq!(given["plain"], "x");
    for (text, part) in
        [("a = '{{ prot }}'", "\"prot\""), ("a = '{{ b'", "component.c.variables.a"), ("A = ''", "lower-case")]
    {
        let error = variables.of_component("c", &component(text)).expect_err(text).to_string();
        assert!(error.contains(part), "{error} does not contain {part}");
    }
}

#[test]
fn values_for_local_use_are_found() {
    for (value, found) in [
        ("local-only-x", Some("b")),
        (r#"[{"token": "local-only-x"}]"#, Some("b")),
        ("[auth]\ntoken = local-only-x", Some("b")),
        ("not-local-only-x", None),
        ("", None),
    ] {
        let declared = declared(&[("a", Some("")), ("b", Some(value))]);
        let variables =
            Variables::resolve(&declared, RuntimeConfig::default(), &Settings::default()).expect("defaults");
        assert_eq!(variables.local_only(), found);
        assert!(!format!("{variables:?}").contains("local-only-x"));
    }
}

#[test]
fn names_follow_spins_rule() {
    for name in ["a", "abc", "a1_b2", "a_1"] {
        check_name(name).expect(name);
    }
    for name in ["", "A", "a_", "_a", "1a", "a__b", "a-b", "ä"] {
        check_name(name).expect_err(name);
    }
}
