//! The reference page, made from the default file so that it cannot say something else.

use super::schema::Schema;

/// `docs/config.md`, as Markdown.
pub fn markdown() -> String {
    let schema = Schema::get();
    let mut page = format!(
        "# Configuration\n\n<!-- Made by `forebay config --reference`; change crates/forebay/src/config.default.toml. -->\n\n{}\n",
        schema.intro
    );
    for section in &schema.sections {
        page += &format!("\n## `[{}]`\n\n{}\n", section.name, section.doc);
        for key in &section.keys {
            page += &format!("\n### `{}`\n\n{}\n\n", key.name, key.doc);
            page += &format!(
                "| accepts | default | flag | environment |\n|---|---|---|---|\n| {} | `{}` | {} | `{}` |\n",
                key.accepts.replace('|', "\\|"),
                key.default,
                if key.name == "root" { "the argument".to_owned() } else { format!("`--{}`", key.name) },
                key.env(),
            );
        }
    }
    page
}
