//! The words of the help are part of the interface: a change of them is looked at.

use insta::assert_snapshot;

use super::command;

fn help(words: &[&str]) -> String {
    command().try_get_matches_from(words).unwrap_err().to_string()
}

#[test]
fn the_command_line_is_consistent() {
    command().debug_assert();
}

#[test]
fn help_is_as_people_see_it() {
    assert_snapshot!("help", help(&["forebay", "--help"]));
    assert_snapshot!("help_serve_short", help(&["forebay", "serve", "-h"]));
    assert_snapshot!("help_serve", help(&["forebay", "serve", "--help"]));
    assert_snapshot!("help_plan_short", help(&["forebay", "plan", "-h"]));
}

#[test]
fn a_misspelt_flag_is_met_with_the_right_one() {
    assert_snapshot!("misspelt_flag", help(&["forebay", "serve", ".", "--memroy", "64MiB"]));
}
