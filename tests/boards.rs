//! The boards: each is a folder of facts, and what builds for them agrees with it. The cross build
//! itself is `just cross BOARD`: it takes minutes, and another architecture's packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

fn file(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn boards() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("board");
    let mut boards: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    boards.sort();
    boards
}

/// `KEY=VALUE` lines; a shell reads them, so nothing but plain values may stand there.
fn meta(board: &str) -> BTreeMap<String, String> {
    let text = file(&format!("board/{board}/meta"));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (key, value) = line.split_once('=').expect(line);
            let value = value.trim_matches('"');
            assert!(!value.contains(['$', '`', '"', '\\', ';']), "{board}: {line}");
            (key.to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn every_board_says_what_the_recipe_asks_for() {
    let recipe = file("image/cross.sh");
    let asked = recipe.lines().find_map(|line| line.strip_prefix("for fact in ")).unwrap();
    let asked: BTreeSet<&str> = asked.trim_end_matches("; do").split(' ').collect();
    for board in boards() {
        let said = meta(&board);
        assert_eq!(said.keys().map(String::as_str).collect::<BTreeSet<_>>(), asked, "{board}");
    }
}

#[test]
fn what_builds_and_what_checks_licences_name_the_targets_of_the_boards() {
    let targets: BTreeSet<String> =
        boards().iter().map(|board| meta(board)["TARGET"].clone()).collect();
    let cross: toml::Table = file("Cross.toml").parse().unwrap();
    let crossed: BTreeSet<String> = cross["target"].as_table().unwrap().keys().cloned().collect();
    assert_eq!(crossed, targets, "Cross.toml");
    let deny: toml::Table = file("deny.toml").parse().unwrap();
    for target in &targets {
        let checked = deny["graph"]["targets"].as_array().unwrap();
        assert!(checked.iter().any(|t| t.as_str() == Some(target)), "deny.toml lacks {target}");
    }
}

#[test]
fn the_recipe_knows_no_board() {
    let recipe = file("image/cross.sh");
    let code: String = recipe.lines().filter(|line| !line.starts_with('#')).collect();
    for board in boards() {
        assert!(!code.contains(&board), "image/cross.sh must read {board} from its meta");
    }
}
