-- What a queue remembers. Times are milliseconds since 1970 (UTC); names of states are in state.rs.

-- One line about the queue itself.
CREATE TABLE about (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    name    TEXT    NOT NULL,             -- what it is called in a message queue
    opened  INTEGER NOT NULL              -- how often; part of every lease's token, so that none is given twice
);

CREATE TABLE edges (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    catch_up_to   INTEGER NOT NULL DEFAULT 0,  -- purges of jobs up to this one go before anything is fetched,
    catch_up_at   INTEGER NOT NULL DEFAULT 0,  -- if they were pressing then
    catch_up_left INTEGER NOT NULL DEFAULT 0   -- so many of them have not ended
);

CREATE TABLE jobs (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,  -- the older, the smaller
    id          TEXT    NOT NULL UNIQUE,
    stage       INTEGER NOT NULL,
    list        INTEGER NOT NULL,                   -- whose URLs: its own `seq`, or the first run's
    urls        INTEGER NOT NULL DEFAULT 0,
    duplicates  INTEGER NOT NULL DEFAULT 0,
    edges       INTEGER NOT NULL,
    tiered      INTEGER NOT NULL,
    -- The terms.
    action      TEXT    NOT NULL,
    priority    INTEGER NOT NULL,
    options     TEXT    NOT NULL,
    label       TEXT,
    at          INTEGER,
    opens       INTEGER,                            -- the window, in minutes of the day
    closes      INTEGER,
    every       INTEGER,
    webhook     TEXT,
    -- The request.
    idempotency TEXT    UNIQUE,
    fingerprint BLOB,
    -- Its life.
    origin      TEXT,
    created     INTEGER NOT NULL,
    ended       INTEGER,
    cancelled   INTEGER NOT NULL DEFAULT 0,
    continued   INTEGER NOT NULL DEFAULT 0,         -- the next run has been made
    copied      INTEGER,                            -- rows were made for the URLs before this one
    retried     INTEGER,                            -- failed rows were put back for the URLs before this one
    announce    INTEGER,                            -- when its webhook is to be told
    tellings    INTEGER NOT NULL DEFAULT 0,         -- how often that was tried since it ended
    told        INTEGER,                            -- when it said that it had heard
    untold      TEXT,                               -- why the last try failed
    -- Its rows, by state.
    waiting     INTEGER NOT NULL DEFAULT 0,
    processing  INTEGER NOT NULL DEFAULT 0,
    succeeded   INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    withdrawn   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_by_list ON jobs (list);
CREATE INDEX jobs_live ON jobs (seq) WHERE ended IS NULL;
CREATE INDEX jobs_by_end ON jobs (ended) WHERE ended IS NOT NULL;
CREATE INDEX jobs_to_announce ON jobs (announce) WHERE announce IS NOT NULL;
CREATE INDEX jobs_by_label ON jobs (label, seq) WHERE label IS NOT NULL;

CREATE TABLE places (
    job         INTEGER NOT NULL,
    edge        INTEGER NOT NULL,
    tier        INTEGER NOT NULL,
    waiting     INTEGER NOT NULL DEFAULT 0,
    processing  INTEGER NOT NULL DEFAULT 0,
    succeeded   INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    withdrawn   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, edge)
) WITHOUT ROWID;

-- A list is stored once, however many edges and runs it is for.
CREATE TABLE urls (
    list INTEGER NOT NULL,
    n    INTEGER NOT NULL,
    key  INTEGER NOT NULL,                -- a hash of the URL
    url  TEXT    NOT NULL,
    PRIMARY KEY (list, n)
) WITHOUT ROWID;
CREATE INDEX urls_by_key ON urls (list, key);

-- Of a job with tiers: rows of a URL in a tier that have not succeeded.
CREATE TABLE tiers (
    job     INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    tier    INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    PRIMARY KEY (job, n, tier)
) WITHOUT ROWID;

CREATE TABLE rows (
    job         INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    edge        INTEGER NOT NULL,
    key         INTEGER NOT NULL,
    lane        INTEGER NOT NULL,
    rank        INTEGER NOT NULL,         -- 9 minus the priority
    tier        INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    due         INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    token       INTEGER,                  -- of the last lease
    until       INTEGER,                  -- when that ends; of the row that leads, and not of those that follow it
    -- What came of it.
    class       TEXT,
    verdict     TEXT,
    detail      TEXT,
    status      INTEGER,
    bytes       INTEGER,
    ttfb        INTEGER,                  -- µs
    took        INTEGER,                  -- µs
    held_before TEXT,
    held_after  TEXT,
    requests    INTEGER,
    digest      BLOB,                     -- SHA-256 of the bytes
    ended       INTEGER,
    PRIMARY KEY (job, n, edge)
) WITHOUT ROWID;
-- In the order in which they are leased.
CREATE INDEX rows_ready ON rows (edge, lane, rank, due, job, n) WHERE state = 0;
-- What is asked of one URL on one edge. The key is first: the rows of one URL on many edges lie together.
CREATE INDEX rows_live ON rows (key, edge) WHERE state < 4;
CREATE INDEX rows_leased ON rows (until) WHERE state = 3;
CREATE INDEX rows_failed ON rows (job, n, edge) WHERE state = 5;
