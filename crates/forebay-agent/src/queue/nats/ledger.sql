-- What this worker has done, so that it is not done again when it is asked for again.
CREATE TABLE done (
    book    TEXT    NOT NULL,
    lease   TEXT    NOT NULL,
    outcome TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    sent    INTEGER NOT NULL DEFAULT 0,   -- the book's server has taken it
    PRIMARY KEY (book, lease)
) WITHOUT ROWID;
CREATE INDEX done_unsent ON done (at) WHERE sent = 0;
CREATE INDEX done_sent ON done (at) WHERE sent = 1;
