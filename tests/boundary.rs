//! The line between the two halves: `src/counting` names no platform, reads no clock and no randomness.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

const FORBIDDEN: [&str; 12] = [
    "worker::",
    "js_sys",
    "web_sys",
    "wasm_bindgen",
    "crate::edge",
    "super::edge",
    "SystemTime",
    "Instant::now",
    "std::fs",
    "std::net::Tcp",
    "std::thread",
    "getrandom",
];

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
}

/// The code of a file: without comments, and without what only its tests use.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or(text);
    before_tests.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_pure_half_names_no_platform() {
    let mut files = Vec::new();
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/counting"), &mut files);
    assert!(files.len() > 10, "the pure half was not found: {files:?}");
    for file in files {
        let code = code(&fs::read_to_string(&file).unwrap());
        for word in FORBIDDEN {
            assert!(!code.contains(word), "{} names {word}", file.display());
        }
    }
}

#[test]
fn the_check_sees_a_platform_where_there_is_one() {
    let mut files = Vec::new();
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/edge"), &mut files);
    let naming = files.iter().filter(|file| code(&fs::read_to_string(file).unwrap()).contains("wasm_bindgen")).count();
    assert!(naming > 3, "only {naming} files of src/edge name wasm_bindgen: is the check blind?");
}
