//! `forebay jobs`: asks an agent over its HTTP interface, and shows what it answers.

mod client;
mod shown;

use self::client::Agent;
use crate::{
    args::{Asking, JobsAsked},
    moving,
    output::{self, Exit, Form, Outcome},
    reach,
};

pub(crate) fn run(asked: &JobsAsked) -> Outcome {
    let agent = Agent::of(asked)?;
    reach::runtime()?.block_on(moving::or_interrupted(ask(&agent, asked)))
}

async fn ask(agent: &Agent, asked: &JobsAsked) -> Outcome {
    match &asked.asking {
        Asking::Submit { action, urls, from, terms, key } => {
            let terms = std::iter::once(("action", action.name().to_owned())).chain(terms.iter().cloned());
            let body = client::list(urls, from.as_deref()).await?;
            let answer = agent.submit(terms.collect(), key.as_deref(), body).await?;
            let rejected = answer["rejected_count"].as_u64().unwrap_or_default();
            match asked.form {
                Form::Json => output::data(&answer)?,
                Form::Text => {
                    for bad in answer["rejected"].as_array().into_iter().flatten() {
                        output::say(format_args!("line {}: {}", bad["line"], shown::text(&bad["reason"])));
                    }
                    output::data(shown::text(&answer["id"]))?
                }
            };
            Ok(if rejected > 0 { Exit::SomeFailed } else { Exit::Done })
        }
        Asking::Show(id) => one(asked.form, &agent.get(&format!("/v1/jobs/{id}"), &[]).await?),
        Asking::Retry(id) => one(asked.form, &agent.post(&format!("/v1/jobs/{id}/retry")).await?),
        Asking::Cancel(id) => one(asked.form, &agent.post(&format!("/v1/jobs/{id}/cancel")).await?),
        Asking::List(what, query) => all(agent, asked.form, &format!("/v1/{what}"), query).await,
        Asking::Urls(id, query) => all(agent, asked.form, &format!("/v1/jobs/{id}/urls"), query).await,
    }
}

fn one(form: Form, value: &serde_json::Value) -> Outcome {
    match form {
        Form::Json => output::data(value),
        Form::Text => output::data(shown::fields(value).trim_end()),
    }
}

/// Page after page, as long as somebody reads.
async fn all(agent: &Agent, form: Form, path: &str, query: &[(&'static str, String)]) -> Outcome {
    let mut items = Vec::<serde_json::Value>::new().into_iter();
    let mut next = Some(String::new());
    output::lines(async || {
        loop {
            if let Some(item) = items.next() {
                return Ok(Some(match form {
                    Form::Json => item.to_string(),
                    Form::Text => shown::row(&item),
                }));
            }
            let Some(cursor) = next.take() else { return Ok(None) };
            let mut query = query.to_vec();
            query.push(("limit", "1000".to_owned()));
            if !cursor.is_empty() {
                query.push(("cursor", cursor));
            }
            let mut page = agent.get(path, &query).await?;
            next = page["next"].as_str().map(str::to_owned);
            let taken = page["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
            items = taken.into_iter();
        }
    })
    .await
}
