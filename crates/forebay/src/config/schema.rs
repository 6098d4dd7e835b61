//! The default file as the one description of every setting.
//!
//! `config.default.toml` is read by people, by `--help`, by the reference page and by the checker of unknown
//! keys, so that a setting cannot exist in one of these places and not in another. Its form is fixed: an
//! introduction; for each section a paragraph of comment and `[name]`; for each key a paragraph of comment, one
//! line `#: what it accepts`, and `key = default`. Key names are unique over all sections, because flags have no
//! sections.

use std::sync::LazyLock;

use toml::{Table, Value};

/// The text of the default file.
pub const DEFAULT: &str = include_str!("../config.default.toml");

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::read(DEFAULT));

/// The default file, taken apart.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) intro: String,
    pub(crate) sections: Vec<Section>,
}

/// A `[section]`: a heading of the help and of the reference page.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) doc: String,
    pub(crate) keys: Vec<Key>,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) doc: String,
    /// What it accepts, in words; the first word is the placeholder in the help.
    pub(crate) accepts: &'static str,
    pub(crate) default: Value,
}

impl Schema {
    /// The schema of this program.
    pub(crate) fn get() -> &'static Self {
        &SCHEMA
    }

    /// Every setting, in the order of the file.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.sections.iter().flat_map(|section| &section.keys)
    }

    /// The setting of this name, whatever its section.
    pub(crate) fn key(&self, name: &str) -> Option<&Key> {
        self.keys().find(|key| key.name == name)
    }

    fn read(text: &'static str) -> Self {
        let defaults: Table = text.parse().expect("the default file is TOML");
        let mut schema = Self { intro: String::new(), sections: Vec::new() };
        let mut comment = Vec::new();
        let mut accepts = "";
        for line in text.lines() {
            if let Some(words) = line.strip_prefix("#:") {
                accepts = words.trim();
            } else if let Some(words) = line.strip_prefix('#') {
                comment.push(words.trim());
            } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                schema.sections.push(Section { name, doc: paragraphs(&comment), keys: Vec::new() });
                comment.clear();
            } else if let Some((name, _)) = line.split_once('=') {
                let section = schema.sections.last_mut().expect("the default file's keys are in sections");
                let name = name.trim();
                let default = defaults[section.name][name].clone();
                section.keys.push(Key {
                    section: section.name,
                    name,
                    doc: paragraphs(&comment),
                    accepts,
                    default,
                });
                comment.clear();
            } else if schema.intro.is_empty() {
                schema.intro = paragraphs(&comment);
                comment.clear();
            }
        }
        schema
    }
}

impl Key {
    /// The environment variable of this setting.
    pub(crate) fn env(&self) -> String {
        format!("FOREBAY_{}", self.name.replace('-', "_").to_uppercase())
    }

    /// The placeholder of its value in the help.
    pub(crate) fn placeholder(&self) -> &'static str {
        if self.default.is_bool() {
            return "BOOL";
        }
        let accepts = self.accepts.trim_start_matches(['[', ' ']);
        let word = accepts.split([' ', ',', ':']).next().unwrap_or("VALUE");
        if word.starts_with('"') { "WORD" } else { word }
    }

    /// Whether the placeholder says all there is to say of what it accepts.
    pub(crate) fn is_obvious(&self) -> bool {
        self.default.is_bool() || self.accepts == self.placeholder()
    }
}

impl Section {
    /// Its first sentence, without the full stop.
    pub(crate) fn heading(&self) -> &str {
        self.doc.split_once('.').map_or(self.doc.as_str(), |(first, _)| first)
    }
}

/// Lines of comment as paragraphs: lines are joined, empty ones separate.
fn paragraphs(lines: &[&str]) -> String {
    lines.split(|line| line.is_empty()).map(|lines| lines.join(" ")).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Schema;

    #[test]
    fn every_key_of_the_default_file_says_what_it_is_and_what_it_accepts() {
        for key in Schema::get().keys() {
            assert!(
                key.doc.ends_with('.') || key.doc.ends_with(").") || key.doc.ends_with('`'),
                "{}",
                key.name
            );
            assert!(!key.accepts.is_empty(), "{}", key.name);
        }
    }

    #[test]
    fn key_names_are_unique_over_all_sections() {
        let names: Vec<_> = Schema::get().keys().map(|key| key.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }

    #[test]
    fn a_heading_is_the_first_sentence_of_its_section() {
        assert_eq!(Schema::get().sections[0].heading(), "What is served, and where");
    }
}
