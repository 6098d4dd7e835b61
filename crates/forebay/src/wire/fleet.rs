//! Where an agent's jobs are, and where its work comes from: its own book, or the NATS of its fleet.
//!
//! In a fleet every agent has a book of its own, for what was submitted to it. It hands that on over NATS, and works on what comes from there, be it
//! from its own book or another's.

use std::{future::pending, path::Path, sync::Arc};

use anyhow::{Context, anyhow};
use forebay_admin::Needs;
use forebay_agent::queue::{
    Book, BookOptions, Dispatcher, Leases, NatsLink, NatsLogin, NatsOptions, NatsWorker, Queue, QueueError,
};

use crate::{
    config::{Agent, Config},
    output::Failure,
    reach,
};

/// The book of an agent, and its fleet if it is in one.
#[derive(Debug)]
pub(super) struct Queues {
    pub(super) book: Book,
    fleet: Option<Fleet>,
}

#[derive(Debug)]
struct Fleet {
    worker: NatsWorker,
    dispatcher: Dispatcher,
}

impl Queues {
    /// Opens the book, and joins the fleet.
    pub(super) async fn open(config: &Config, options: BookOptions) -> Result<Self, Failure> {
        let dir = &config.agent.agent_queue;
        if config.agent.agent_nats.is_empty() {
            if !config.agent.agent_work {
                let why = "agent-work is off, so others have to work: name their NATS with agent-nats";
                return Err(Failure::usage(anyhow!(why)));
            }
            return Ok(Self { book: Book::open(dir, options).await.map_err(unusable)?, fleet: None });
        }
        let nats = nats(config)?;
        let options = BookOptions { leases: Leases::Stay, ..options };
        let book = Book::open(dir, options).await.map_err(unusable)?;
        let link = NatsLink::join(nats).await.map_err(|error| unusable(error.into()))?;
        let worker = NatsWorker::open(link.clone(), dir).await.map_err(unusable)?;
        let dispatcher = Dispatcher::start(book.clone(), link).await.map_err(unusable)?;
        Ok(Self { book, fleet: Some(Fleet { worker, dispatcher }) })
    }

    /// Where workers get their work.
    pub(super) fn work(&self) -> Arc<dyn Queue> {
        match &self.fleet {
            None => Arc::new(self.book.clone()),
            Some(fleet) => Arc::new(fleet.worker.clone()),
        }
    }

    /// The NATS of the fleet.
    pub(super) fn link(&self) -> Option<NatsLink> {
        self.fleet.as_ref().map(|fleet| fleet.worker.link().clone())
    }

    /// Waits until the book can be used no more.
    pub(super) async fn broken(&mut self) -> QueueError {
        match &mut self.fleet {
            None => pending().await,
            Some(fleet) => fleet.dispatcher.ended().await,
        }
    }

    /// Leaves the fleet, and closes the book.
    pub(super) async fn close(self) {
        if let Some(Fleet { worker, dispatcher }) = self.fleet {
            worker.leave().await;
            drop(dispatcher);
        }
        self.book.close().await;
    }
}

/// What an agent needs beside itself: the NATS of its fleet, if it is in one.
#[derive(Debug)]
pub(super) struct Missing(pub(super) Option<NatsLink>);

impl Needs for Missing {
    fn missing(&self) -> Option<&'static str> {
        let link = self.0.as_ref().filter(|link| !link.is_connected())?;
        Some(match link.trouble() {
            None => "there is no connection to the NATS of the fleet",
            Some(_) => "the NATS of the fleet cannot be used; the log says why",
        })
    }
}

/// How the settings say that the fleet's NATS is reached.
pub(super) fn nats(config: &Config) -> Result<NatsOptions, Failure> {
    let Agent {
        agent_nats, agent_nats_login, agent_nats_prefix, agent_nats_store, agent_nats_patience, ..
    } = &config.agent;
    if agent_nats.iter().any(|server| server.contains('@')) {
        let why = "agent-nats: an address is seen by many; give name and password in the file of --agent-nats-login";
        return Err(Failure::usage(anyhow!(why)));
    }
    Ok(NatsOptions {
        servers: agent_nats.clone(),
        login: login(agent_nats_login).map_err(Failure::usage)?,
        tls: reach::trusted(config)?,
        prefix: agent_nats_prefix.clone(),
        stream_max: *agent_nats_store,
        ask_after: agent_nats_patience.0,
        ..NatsOptions::new("")
    })
}

fn login(path: &Path) -> anyhow::Result<NatsLogin> {
    if path.as_os_str().is_empty() {
        return Ok(NatsLogin::Open);
    }
    let read = || {
        let text = std::fs::read_to_string(path)?;
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match lines[..] {
            [token] => Ok(NatsLogin::Token(token.to_owned())),
            [name, password] => Ok(NatsLogin::User(name.to_owned(), password.to_owned())),
            _ if text.contains("-----BEGIN NATS USER JWT-----") => Ok(NatsLogin::Credentials(text)),
            _ => Err(anyhow!("give a token in one line, a name and a password in two, or a .creds file")),
        }
    };
    read().with_context(|| format!("agent-nats-login {}", path.display()))
}

/// A queue that another process has, or that a newer forebay wrote, and a NATS that is not what we need are wrong settings; all else is a failure.
fn unusable(error: QueueError) -> Failure {
    match error {
        QueueError::InUse { .. }
        | QueueError::Newer { .. }
        | QueueError::Foreign(_)
        | QueueError::Nats(_) => Failure::usage(error.into()),
        _ => anyhow::Error::new(error).into(),
    }
}
