"""Bodies that the tool does not know how to send, and jobs that can be done."""

import itertools

import schemathesis

URLS = ["http://www.example.test/a", "http://www.example.test/b"]
TURNS = itertools.count()


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A text goes out as it is; what is no text, as its name in Python."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes every second well-formed job one that can be done.

    That a text is a URL, that an edge is there, that a webhook may be told: no schema says so, and by chance no job would ever be taken in and nothing
    be seen of what follows. What is not well-formed stays as it is.
    """
    is_job = case.method.upper() == "POST" and case.path == "/v1/jobs"
    is_fine = case.meta is not None and case.meta.generation.mode.is_positive
    if not (is_job and is_fine) or next(TURNS) % 2:
        return
    case.headers.pop("Idempotency-Key", None)
    if case.media_type == "application/json" and isinstance(case.body, dict):
        case.query = {}
        kept = {name: case.body[name] for name in ("action", "priority", "label", "at", "window", "proof") if name in case.body}
        case.body = kept | {"urls": URLS}
    elif case.media_type == "text/plain":
        case.query = {"action": "warm"}
        case.body = "\n".join(URLS)
    elif case.media_type == "application/x-ndjson":
        case.query = {}
        case.body = '{"action":"purge"}\n"' + URLS[0] + '"\n'
