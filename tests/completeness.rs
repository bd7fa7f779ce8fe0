//! A new dimension or a new reason has to be known in a few other places. These tests name each place that does not know it yet; CONTRIBUTING.md
//! walks through both changes.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use footfall::counting::http::stats::plan::What;
use footfall::counting::http::stats::query::read;
use footfall::counting::model::dimension::Dimension;
use footfall::counting::model::page::KeptQuery;
use footfall::counting::model::reason::Reason;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::read_to_string;

/// A file of the repository.
fn file(path: &str) -> String {
    read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts under `name` in each item of a list.
fn texts<'a>(list: &'a Value, name: &'a str) -> impl Iterator<Item = &'a str> {
    list.as_array().into_iter().flatten().filter_map(move |item| item.get(name)?.as_str())
}

#[test]
fn each_dimension_is_in_the_api() {
    for dimension in Dimension::ALL {
        let (name, list) = (dimension.name(), dimension.list());
        let listed = |query: &str| read(&format!("blog/{list}"), query, &KeptQuery::default()).map(|stats| stats.what);
        let found = ["".to_owned(), format!("by={name}"), "by=source".to_owned()]
            .iter()
            .any(|by| listed(by) == Ok(What::Details(dimension)));
        assert!(found, "GET /api/sites/SITE/{list} lists no {name}: src/counting/http/stats/query.rs");
        assert!(
            read("blog/summary", &format!("only={name}:x1"), &KeptQuery::default()).is_ok() || dimension == Dimension::Device
        );
    }
}

#[test]
fn each_dimension_is_in_openapi() {
    let paths = &json("assets/openapi.json")["paths"];
    for dimension in Dimension::ALL {
        let (name, list) = (dimension.name(), dimension.list());
        let get = |path: &str| paths[format!("/api/sites/{{SITE}}/{path}")]["get"].clone();
        for path in ["summary", "series"] {
            assert!(
                texts(&get(path)["parameters"], "name").any(|known| known == name),
                "assets/openapi.json: {path} has no parameter {name}"
            );
        }
        let answer = get(list)["responses"]["200"].to_string();
        assert!(answer.contains(&format!("\"{list}\":")), "assets/openapi.json: no list {list}");
        assert!(answer.contains(&format!("\"{name}\":")), "assets/openapi.json: the list {list} has no {name}");
    }
}

#[test]
fn each_dimension_has_a_list_in_the_dashboard() {
    let lists = json("assets/dashboard/dimensions.json");
    let known: BTreeSet<(&str, &str)> = lists
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|list| texts(&list["of"], "name").map(move |name| (list["list"].as_str().unwrap(), name)))
        .collect();
    let expected: BTreeSet<_> = Dimension::ALL.into_iter().map(|dimension| (dimension.list(), dimension.name())).collect();
    assert_eq!(known, expected, "assets/dashboard/dimensions.json");
}

#[test]
fn each_dimension_is_in_the_docs() {
    let docs = file("docs/reading.md");
    for dimension in Dimension::ALL {
        for word in [dimension.name(), dimension.list()] {
            assert!(
                docs.contains(&format!("`{word}`")) || docs.contains(&format!("`{word}?")),
                "docs/reading.md does not name `{word}`"
            );
        }
    }
}

#[test]
fn each_reason_is_in_the_api_the_dashboard_and_the_docs() {
    let (docs, dashboard) = (file("docs/counting.md"), json("assets/dashboard/reasons.json"));
    let openapi = &json("assets/openapi.json")["components"]["schemas"]["Reason"]["enum"];
    let expected: BTreeSet<&str> = Reason::ALL.into_iter().map(Reason::name).collect();
    assert_eq!(
        dashboard.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(),
        expected,
        "assets/dashboard/reasons.json"
    );
    let known: BTreeSet<&str> =
        openapi.as_array().unwrap().iter().filter_map(Value::as_str).filter(|name| *name != "other").collect();
    assert_eq!(known, expected, "assets/openapi.json: Reason");
    for name in expected {
        assert!(docs.contains(&format!("| `{name}` |")), "docs/counting.md has no line for `{name}`");
    }
}
