//! The arrows between the layers (docs/ARCHITECTURE.md), held by reading the paths in the source:
//!
//! ```text
//! wire  <-  machine  <-  client  <-  native
//!               data <-          <-  web
//!                    <-  web/exported.rs, said.rs
//!
//! dev-server -> wire
//! ```
//!
//! `web` and `native` never touch; `wire` and `machine` know no platform, clock or entropy.

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::{Path, PathBuf};

/// What one directory of source may see of the crate, and which outside paths it may not name.
struct Layer {
    directory: &'static str,
    /// The name under which it reaches the crate's modules.
    crate_name: &'static str,
    /// The modules of the crate that it may name, its own included.
    may_see: &'static [&'static str],
    /// Beginnings of paths that it may not name.
    banned: &'static [&'static str],
}

const LAYERS: [Layer; 7] = [
    Layer { directory: "src/wire", crate_name: "crate", may_see: &["wire"], banned: PURE },
    Layer {
        directory: "src/machine",
        crate_name: "crate",
        may_see: &["wire", "machine"],
        banned: PURE,
    },
    Layer {
        directory: "src/data",
        crate_name: "crate",
        may_see: &["data"],
        banned: &["web_sys", "gloo_timers", "tokio", "tungstenite", "rustls"],
    },
    Layer {
        directory: "src/client",
        crate_name: "crate",
        may_see: &["wire", "machine", "data", "client"],
        banned: &["js_sys", "web_sys", "wasm_bindgen", "tokio", "tungstenite", "rustls"],
    },
    Layer {
        directory: "src/web",
        crate_name: "crate",
        may_see: &["wire", "machine", "data", "client", "web"],
        banned: &["tokio", "tungstenite", "rustls"],
    },
    Layer {
        directory: "src/native",
        crate_name: "crate",
        may_see: &["wire", "machine", "data", "client", "native"],
        banned: &["js_sys", "web_sys", "wasm_bindgen", "gloo_timers"],
    },
    Layer {
        directory: "dev-server/src",
        crate_name: "metered_realtime",
        may_see: &["wire"],
        banned: &[],
    },
];

/// Platforms, clocks, entropy, and maps whose order differs from run to run.
const PURE: &[&str] = &[
    "js_sys",
    "web_sys",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "gloo_timers",
    "tokio",
    "tungstenite",
    "futures",
    "rustls",
    "rand",
    "getrandom",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::net",
    "std::fs",
    "std::thread",
];

/// Checks every layer of the checkout; the error lists each path that breaks an arrow.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut problems = unknown_modules(root)?;
    for layer in &LAYERS {
        for file in rust_files(&root.join(layer.directory))? {
            let text = std::fs::read_to_string(&file)?;
            let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            let found = violations(layer, &text).with_context(|| format!("in {name}"))?;
            problems.extend(found.into_iter().map(|problem| format!("{name}: {problem}")));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(anyhow!(
        "the layers do not hold (docs/ARCHITECTURE.md has the arrows):\n  {}",
        problems.join("\n  ")
    ))
}

/// A new top-level module must get its arrows here before it can be used.
fn unknown_modules(root: &Path) -> Result<Vec<String>> {
    let mut unknown = Vec::new();
    for entry in std::fs::read_dir(root.join("src")).context("cannot list src")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_known =
            name == "lib.rs" || LAYERS.iter().any(|layer| layer.directory == format!("src/{name}"));
        if !is_known {
            unknown.push(format!("src/{name}: no layer known to xtask/src/layers.rs"));
        }
    }
    Ok(unknown)
}

fn rust_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !directory.is_dir() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn violations(layer: &Layer, source: &str) -> Result<Vec<String>> {
    let tokens: TokenStream =
        source.parse().map_err(|error| anyhow!("cannot read it as Rust: {error}"))?;
    let mut paths = Vec::new();
    collect_paths(tokens, &mut paths);
    Ok(paths.iter().filter_map(|path| violation(layer, path)).collect())
}

fn violation(layer: &Layer, path: &[String]) -> Option<String> {
    let shown = path.join("::");
    if path[0] == layer.crate_name {
        let module = path.get(1)?;
        let is_allowed = layer.may_see.contains(&module.as_str());
        return (!is_allowed).then(|| {
            format!("`{shown}`: {} may name only {}", layer.directory, layer.may_see.join(", "))
        });
    }
    let is_banned = layer.banned.iter().any(|banned| {
        let banned: Vec<&str> = banned.split("::").collect();
        let named = banned.iter().zip(path).all(|(a, b)| a == b || b == "*");
        named && (path.len() >= banned.len() || path.last().is_some_and(|last| last == "*"))
    });
    is_banned.then(|| format!("`{shown}` is banned in {}", layer.directory))
}

/// Every path of two or more segments, `use` groups spelled out: `a::{b, c::d}` is `a::b` and
/// `a::c::d`. Comments are no tokens, and doc comments and strings are literals, so prose about a
/// path is not a path.
fn collect_paths(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(_) => at = read_path(&tokens, at, &[], paths),
            TokenTree::Group(group) => {
                collect_paths(group.stream(), paths);
                at += 1;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
        }
    }
}

/// Reads the path that starts at `at` and returns the position behind it.
fn read_path(
    tokens: &[TokenTree],
    mut at: usize,
    prefix: &[String],
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let mut path = prefix.to_vec();
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        path.push(ident.to_string());
        at += 1;
        if !is_double_colon(tokens, at) {
            break;
        }
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(_)) => at += 2,
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                path.push("*".into());
                at += 3;
                break;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                read_group(group.stream(), &path, paths);
                return at + 3;
            }
            // A turbofish ends the path.
            Some(_) | None => {
                at += 2;
                break;
            }
        }
    }
    if path.len() > 1 {
        paths.push(path);
    }
    at
}

fn read_group(group: TokenStream, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = group.into_iter().collect();
    let is_comma = |t: &TokenTree| matches!(t, TokenTree::Punct(p) if p.as_char() == ',');
    for item in tokens.split(is_comma) {
        if matches!(item.first(), Some(TokenTree::Punct(star)) if star.as_char() == '*') {
            let mut path = prefix.to_vec();
            path.push("*".into());
            paths.push(path);
        } else if matches!(item.first(), Some(TokenTree::Ident(first)) if first == "self") {
            paths.push(prefix.to_vec());
        } else if !item.is_empty() {
            read_path(item, 0, prefix, paths);
        }
    }
}

fn is_double_colon(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon =
        |t: Option<&TokenTree>| matches!(t, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

#[cfg(test)]
mod tests {
    use super::{LAYERS, Layer, violations};

    fn layer(directory: &str) -> &'static Layer {
        LAYERS.iter().find(|layer| layer.directory == directory).unwrap()
    }

    fn broken(directory: &str, source: &str) -> usize {
        violations(layer(directory), source).unwrap().len()
    }

    #[test]
    fn a_layer_may_name_what_lies_below_it() {
        assert_eq!(broken("src/machine", "use crate::wire::{Frame, CloseCode};"), 0);
        assert_eq!(broken("src/web", "use crate::{machine::Machine, wire};"), 0);
        assert_eq!(broken("dev-server/src", "use metered_realtime::wire::Frame;"), 0);
    }

    #[test]
    fn a_layer_may_not_name_what_lies_above_or_beside_it() {
        assert_eq!(broken("src/wire", "use crate::machine::Machine;"), 1);
        assert_eq!(broken("src/wire", "fn f() { crate::machine::run(); }"), 1);
        assert_eq!(broken("src/web", "use crate::{machine::Machine, native::Client};"), 1);
        assert_eq!(broken("src/native", "use crate::web::Handle;"), 1);
        assert_eq!(broken("dev-server/src", "use metered_realtime::machine::Machine;"), 1);
    }

    #[test]
    fn what_the_crate_exports_at_its_top_is_no_way_around_the_arrows() {
        assert_eq!(broken("src/wire", "use crate::SignallingClient;"), 1);
        assert_eq!(broken("src/machine", "use crate::*;"), 1);
    }

    #[test]
    fn the_machine_knows_no_clock_but_has_an_instant_of_its_own() {
        assert_eq!(broken("src/machine", "use std::time::{Duration, Instant};"), 1);
        assert_eq!(broken("src/machine", "use std::time::*;"), 1);
        assert_eq!(broken("src/machine", "let t = std::time::SystemTime::now();"), 1);
        assert_eq!(broken("src/machine", "use std::time::Duration; use super::time::Instant;"), 0);
    }

    #[test]
    fn the_machine_knows_no_platform_and_no_unordered_map() {
        assert_eq!(broken("src/machine", "use js_sys::Object;"), 1);
        assert_eq!(broken("src/machine", "use std::{collections::{BTreeMap, HashMap}};"), 1);
        assert_eq!(broken("src/machine", "use std::collections::{BTreeMap, BTreeSet};"), 0);
    }

    #[test]
    fn comments_and_texts_are_no_paths() {
        let source = r#"
            //! See crate::machine::Machine.
            /* tokio::spawn */
            /// [`crate::web::Handle`]
            const A: &str = "crate::native::Client";
        "#;
        assert_eq!(broken("src/wire", source), 0);
    }

    #[test]
    fn paths_inside_macros_and_generics_are_seen() {
        assert_eq!(broken("src/wire", "fn f() { assert!(matches!(crate::web::X, _)); }"), 1);
        assert_eq!(broken("src/wire", "type A = Vec<crate::web::X>;"), 1);
        assert_eq!(broken("src/wire", "pub(crate) fn f() -> Vec::<u8> {}"), 0);
    }
}
