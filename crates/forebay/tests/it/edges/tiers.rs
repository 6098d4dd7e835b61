//! Parents before children: an edge that fetches from another is warmed when that one has been.

use std::process::Command;

use forebay_testkit::{
    fake::{Fault, Gate, Verb, When},
    fake_edge::Habit,
};

use super::asked::{Said, Site, json, program, url};

/// A parent with a child, and another parent with a child of its own.
struct Family {
    one: Site,
    two: Site,
    child_of_one: Site,
    child_of_two: Site,
}

impl Family {
    fn new() -> Self {
        Self { one: Site::new(), two: Site::new(), child_of_one: Site::new(), child_of_two: Site::new() }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = program(words);
        let mut edge = |site: &Site, words: &str| {
            command.args(["--edge", &format!("http://{} kind=ats {words}", site.edge.addr())]);
        };
        edge(&self.child_of_one, "name=child1 parent=one");
        edge(&self.one, "name=one");
        edge(&self.two, "name=two");
        edge(&self.child_of_two, "name=child2 parent=two");
        command
    }
}

fn ends(said: &Said) -> Vec<(String, String)> {
    said.ends().into_iter().map(|((edge, path), end)| (format!("{edge}/{path}"), end)).collect()
}

#[test]
fn a_child_waits_for_its_own_parents_and_for_nobody_else() {
    let family = Family::new();
    let gate = Gate::new();
    family.one.edge.script().push(When::verb(Verb::Get), Fault::Hang(gate.clone()));
    let child = family
        .command(&["refresh", &url("/a"), "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    assert!(crate::run::poll(|| family.child_of_two.edge.has("/a")), "the other family is done");
    assert_eq!(family.child_of_one.edge.tally().requests, 0, "its parent is not through");
    gate.open();
    let said = Said::of(&child.wait_with_output().unwrap());
    assert_eq!(said.words(), [("refreshed".to_owned(), 4)].into(), "{said:?}");
}

#[test]
fn a_child_is_not_asked_for_what_its_parent_has_failed_with() {
    let family = Family::new();
    family.one.edge.behave_with("/b", Habit::KeepsNothing);
    let said = json(family.command(&["refresh", &url("/a"), &url("/b"), &url("/c")]));
    assert_eq!(said.code, 3);
    let failed: Vec<_> = ends(&said).into_iter().filter(|(_, end)| end != "refreshed").collect();
    assert_eq!(
        failed,
        [("child1/b".to_owned(), "parent".to_owned()), ("one/b".to_owned(), "not-stored".to_owned())]
    );
    assert_eq!(family.child_of_one.edge.asked("/b").purge, 0, "what it has, it keeps");
}
