//! What the code may name and import: `src/counting` names no platform and reads neither clock nor randomness, imports point down the
//! layers, and no file imports itself through others.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// The layers of each half, the lowest first. A file may import from its own layer and from those before it.
const LAYERS: [(&str, &[&str]); 2] = [
    ("counting", &["text", "model", "storage", "live", "protocol", "ledger", "dispatch", "config", "http"]),
    ("edge", &["runtime", "clients", "objects", "handlers"]),
];

const FORBIDDEN: [&str; 11] = [
    "worker::",
    "js_sys",
    "web_sys",
    "wasm_bindgen",
    "SystemTime",
    "Instant::now",
    "std::fs",
    "std::net::Tcp",
    "std::thread",
    "getrandom",
    "crate::edge",
];

/// Source texts by module name, such as `counting::http::route`.
type Sources = BTreeMap<String, String>;

fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    files_below(&root, &mut files);
    let module = |file: &PathBuf| {
        let name = file.strip_prefix(&root).unwrap().with_extension("").to_str().unwrap().replace(['/', '\\'], "::");
        name.strip_suffix("::mod").map_or(name.clone(), str::to_owned)
    };
    files.iter().map(|file| (module(file), fs::read_to_string(file).unwrap())).collect()
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && path.file_name().is_some_and(|name| name != "tests.rs") {
            found.push(path);
        }
    }
}

/// Every path in a file's code that begins with `crate` or `super`, without those that only its tests use.
#[derive(Default)]
struct Paths(BTreeSet<String>);

impl Paths {
    fn of(source: &str) -> BTreeSet<String> {
        let mut paths = Self::default();
        paths.visit_file(&syn::parse_file(source).unwrap());
        paths.0.into_iter().filter(|path| path.starts_with("crate::") || path.starts_with("super::")).collect()
    }

    fn add_tree(&mut self, before: &str, tree: &syn::UseTree) {
        let joined = |name: &syn::Ident| if before.is_empty() { name.to_string() } else { format!("{before}::{name}") };
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&joined(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => drop(self.0.insert(before.to_owned())),
            syn::UseTree::Name(name) => drop(self.0.insert(joined(&name.ident))),
            syn::UseTree::Rename(name) => drop(self.0.insert(joined(&name.ident))),
            syn::UseTree::Glob(_) => drop(self.0.insert(before.to_owned())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        let is_test = |attribute: &syn::Attribute| {
            // `cfg(test)`, and `cfg(all(test, …))`.
            let words = attribute.meta.to_token_stream().to_string();
            attribute.path().is_ident("cfg") && words.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "test")
        };
        if !module.attrs.iter().any(is_test) {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.add_tree("", &item.tree);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.0.insert(names.join("::"));
        syn::visit::visit_path(self, path);
    }

    /// `syn` does not parse the arguments of a macro, so any run of names and colons in them is taken as a path.
    fn visit_macro(&mut self, call: &'a syn::Macro) {
        let text = call.tokens.to_string().replace(" :: ", "::");
        self.0.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').map(str::to_owned));
        syn::visit::visit_macro(self, call);
    }
}

/// The modules that each module imports from, with the path of the import.
fn imports(sources: &Sources) -> BTreeMap<&str, BTreeMap<&str, String>> {
    let target = |path: &str| {
        let mut name = path.strip_prefix("crate::")?;
        loop {
            if let Some((module, _)) = sources.get_key_value(name) {
                return Some(module.as_str());
            }
            name = name.rsplit_once("::")?.0;
        }
    };
    let of = |(module, source): (&'_ String, &String)| {
        let found = Paths::of(source).into_iter().filter_map(|path| Some((target(&path)?, path)));
        found.filter(|(to, _)| to != module).collect()
    };
    sources.iter().map(|entry| (entry.0.as_str(), of(entry))).collect()
}

/// Imports that point up, or that are not written from the root of the crate.
fn arrows_up(sources: &Sources) -> Vec<String> {
    let height = |module: &str| {
        let (half, rest) = module.split_once("::")?;
        let layer = rest.split("::").next()?;
        let (at, (_, layers)) = LAYERS.iter().enumerate().find(|(_, (name, _))| *name == half)?;
        Some((at, layers.iter().position(|one| *one == layer)?, layer.to_owned()))
    };
    let mut wrong = Vec::new();
    for (module, all) in imports(sources) {
        for (to, path) in all {
            if let (Some(from), Some(to)) = (height(module), height(to))
                && (from.0, from.1) < (to.0, to.1)
            {
                wrong.push(format!("{module} imports {path}: {} lies below {}", from.2, to.2));
            }
        }
        for path in Paths::of(&sources[module]).into_iter().filter(|path| path.starts_with("super::")) {
            wrong.push(format!("{module} imports {path}: write it from `crate::` on"));
        }
    }
    wrong
}

/// Circles of imports: for each, its modules, and the import that leads from one to the next.
fn circles(sources: &Sources) -> Vec<String> {
    let imports = imports(sources);
    let mut done = BTreeSet::new();
    let mut found = Vec::new();
    for module in imports.keys() {
        walk(module, &imports, &mut Vec::new(), &mut done, &mut found);
    }
    found
}

fn walk<'a>(
    module: &'a str,
    imports: &BTreeMap<&'a str, BTreeMap<&'a str, String>>,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    found: &mut Vec<String>,
) {
    if let Some(at) = way.iter().position(|one| *one == module) {
        let circle: Vec<&str> = way[at..].iter().copied().chain([module]).collect();
        let steps: Vec<String> =
            circle.windows(2).map(|step| format!("{} imports {}", step[0], imports[step[0]][step[1]])).collect();
        found.push(steps.join(", "));
        return;
    }
    if done.contains(module) {
        return;
    }
    way.push(module);
    for to in imports[module].keys() {
        walk(to, imports, way, done, found);
    }
    way.pop();
    done.insert(module);
}

#[test]
fn the_pure_half_names_no_platform() {
    let sources = sources();
    let pure: Vec<_> = sources.iter().filter(|(module, _)| module.starts_with("counting::")).collect();
    assert!(pure.len() > 50, "the check found too few files of the pure half");
    for (module, source) in pure {
        let before_tests = source.split("#[cfg(test)]").next().unwrap_or(source);
        let code = before_tests.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n");
        for word in FORBIDDEN {
            assert!(!code.contains(word), "{module} names {word}");
        }
    }
    let naming =
        sources.iter().filter(|(module, source)| module.starts_with("edge::") && source.contains("wasm_bindgen")).count();
    assert!(naming > 3, "only {naming} files of src/edge name wasm_bindgen: is the check blind?");
}

#[test]
fn imports_point_down_the_layers() {
    let sources = sources();
    assert_eq!(arrows_up(&sources), [""; 0]);
    let folders: BTreeSet<&str> = sources.keys().filter_map(|module| module.split("::").nth(1)).collect();
    let layers: BTreeSet<&str> = LAYERS.iter().flat_map(|(_, layers)| layers.iter().copied()).collect();
    assert_eq!(folders, layers, "each folder of src/counting and src/edge is a layer");
}

#[test]
fn no_file_imports_itself_through_others() {
    assert_eq!(circles(&sources()), [""; 0]);
}

/// Runs the checks on a few lines with deliberate mistakes.
#[test]
fn the_checks_find_deliberate_mistakes() {
    let of = |files: &[(&str, &str)]| files.iter().map(|(module, source)| ((*module).to_owned(), (*source).to_owned())).collect();
    let up: Sources = of(&[
        (
            "counting::model::page",
            "use crate::counting::http::{query::{Query, self}, route};\nfn f() -> crate::counting::http::query::Query { todo!() }",
        ),
        ("counting::http::query", "use crate::counting::model::page::Page;\n#[cfg(test)]\nmod tests { use super::*; }"),
        ("counting::http::route", "use super::query::Query;"),
    ]);
    assert_eq!(
        arrows_up(&up),
        [
            "counting::http::route imports super::query::Query: write it from `crate::` on",
            "counting::model::page imports crate::counting::http::query::Query: model lies below http",
            "counting::model::page imports crate::counting::http::route: model lies below http",
        ]
    );
    assert_eq!(
        circles(&up),
        ["counting::http::query imports crate::counting::model::page::Page, \
             counting::model::page imports crate::counting::http::query::Query"]
    );
    let in_macro: Sources = of(&[
        ("edge::clients::shards", "fn f() { g!(1, crate::edge::handlers::entry::N); }"),
        ("edge::handlers::entry", "pub const N: u8 = 1;"),
    ]);
    assert_eq!(
        arrows_up(&in_macro),
        ["edge::clients::shards imports crate::edge::handlers::entry::N: clients lies below handlers"]
    );
    let back: Sources = of(&[
        ("counting::text::url", "fn f() { crate::edge::runtime::clock::now_ms(); }"),
        ("edge::runtime::clock", "pub fn now_ms() {}"),
    ]);
    assert_eq!(arrows_up(&back), ["counting::text::url imports crate::edge::runtime::clock::now_ms: text lies below runtime"]);
}
