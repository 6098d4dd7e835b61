//! `forebay config`: the settings in force and where each came from, or the documentation of all of them.

use crate::{
    args::{Sources, View},
    config,
    output::{self, Outcome},
};

pub(crate) fn run(sources: &Sources, view: View) -> Outcome {
    match view {
        View::Default => output::data(config::DEFAULT.trim_end()),
        View::Reference => output::data(config::markdown().trim_end()),
        View::Effective => {
            let settings = sources.load()?;
            settings.to_config()?;
            output::data(settings.to_toml().trim_end())
        }
    }
}
