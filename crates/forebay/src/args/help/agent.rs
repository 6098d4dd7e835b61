//! The words of the durable agent and of the commands that speak to it.

pub(in crate::args) const AGENT: &str =
    "Take in jobs over HTTP and do them on the edges, whatever happens meanwhile";

pub(in crate::args) const AGENT_LONG: &str = "\
Take in jobs over HTTP and do them on the edges, whatever happens meanwhile.

A job is a list of URLs, what to do with each, and the edges on which to do it. What was taken in is on the disk: it survives a restart, a kill and \
an edge that is away. Every URL on every edge ends in a state that can be listed. SIGTERM ends it in order; what was not done is done after the next start.";

pub(in crate::args) const AGENT_EXAMPLES: &str = "\
Examples:
  forebay agent --edge 'http://10.0.0.1 name=fra1' --edge 'http://10.0.0.2 name=fra2'
  forebay agent --config /etc/forebay/agent.toml --agent-queue /var/lib/forebay/queue
  forebay agent --agent-listen 0.0.0.0:8091 --agent-token-file /etc/forebay/tokens --admin 127.0.0.1:9091";

pub(in crate::args) const JOBS: &str = "Submit, list, show, retry and cancel the jobs of an agent";

pub(in crate::args) const JOBS_EXAMPLES: &str = "\
Examples:
  forebay jobs submit purge http://www.example.com/index.html
  forebay jobs submit warm --from urls.txt --on fra1 --on fra2 --label release-7
  forebay jobs list --state failed
  forebay jobs urls 019aa7c4-5b9e-7c3d-8f21-0123456789ab --state failed --json
  forebay jobs retry 019aa7c4-5b9e-7c3d-8f21-0123456789ab --agent http://10.0.0.5:8091";
