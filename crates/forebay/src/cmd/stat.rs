//! `forebay stat`: all that is known of an object, without its bytes.

use std::{ffi::OsString, fmt::Write};

use forebay_budget::{ByteSize, Work};
use forebay_store::remote::{Facts, Pin};

use super::ls::time;
use crate::{
    args::{Base, Stored},
    moving,
    output::{self, Exit, Form, Outcome},
    place::{Place, escaped},
    reach::{self, Reach, Task},
};

pub(crate) fn run(base: &Base, places: &[OsString], version: Option<&str>) -> Outcome {
    let reach = Reach::new(base, &Stored::default(), Task::with_web(Work::Placed))?;
    reach::runtime()?.block_on(moving::or_interrupted(stat(base, places, version, &reach)))
}

async fn stat(base: &Base, places: &[OsString], version: Option<&str>, reach: &Reach) -> Outcome {
    let mut failed = 0;
    for text in places {
        let place = moving::place(text)?;
        let found = reach.object(&place).await?;
        let pin = version.map(|version| Pin { version: Some(version.into()), ..Pin::default() });
        match reach::facts(&*found.remote, &found.key, pin.as_ref()).await {
            Ok(facts) => match base.form {
                Form::Json => output::data(for_machines(&place, &facts))?,
                Form::Text => output::data(for_people(&place, &facts).trim_end())?,
            },
            Err(error) => {
                failed += 1;
                output::say(format_args!("{place}: {error}"));
                Exit::Failed
            }
        };
    }
    Ok(match failed {
        0 => Exit::Done,
        all if all == places.len() => Exit::Failed,
        _ => Exit::SomeFailed,
    })
}

/// Names and values, in the order in which they are said.
fn fields(facts: &Facts) -> Vec<(String, String)> {
    let attributes = &facts.attributes;
    let mut fields = Vec::new();
    let mut add =
        |name: &str, value: Option<String>| fields.extend(value.map(|value| (name.to_owned(), value)));
    let text = |value: &Option<Box<str>>| value.as_deref().map(str::to_owned);
    add("modified", facts.modified.map(time));
    add("etag", facts.validator.as_ref().map(output::etag));
    add("version", text(&facts.version));
    add("checksum", facts.checksum.as_ref().map(ToString::to_string));
    add("storage-class", text(&attributes.storage_class));
    add("content-type", text(&attributes.content_type));
    add("cache-control", text(&attributes.cache_control));
    add("content-disposition", text(&attributes.content_disposition));
    add("content-encoding", text(&attributes.content_encoding));
    add("content-language", text(&attributes.content_language));
    add("expires", text(&attributes.expires));
    for (name, value) in &attributes.user {
        add(&format!("metadata {name}"), Some(value.to_string()));
    }
    fields
}

fn for_people(place: &Place, facts: &Facts) -> String {
    let mut text = format!("{place}\n");
    let len = facts.len.map_or("not told".to_owned(), |len| match ByteSize::b(len) {
        size if len < 1024 => size.to_string(),
        size => format!("{len} ({size})"),
    });
    for (name, value) in std::iter::once(("bytes".to_owned(), len)).chain(fields(facts)) {
        writeln!(text, "  {name:<20} {}", escaped(&value)).expect("a String takes it");
    }
    text
}

fn for_machines(place: &Place, facts: &Facts) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    object.insert("place".to_owned(), place.to_string().into());
    object.insert("bytes".to_owned(), facts.len.into());
    for (name, value) in fields(facts).into_iter().filter(|(name, _)| !name.starts_with("metadata ")) {
        object.insert(name.replace('-', "_"), value.into());
    }
    let user = facts.attributes.user.iter().map(|(name, value)| (name.to_string(), value.to_string().into()));
    object.insert("metadata".to_owned(), serde_json::Value::Object(user.collect()));
    object.into()
}
