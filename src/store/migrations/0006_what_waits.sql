-- In a rush of new entries their keys and their words are written many at a time: after a
-- crash it has to be known whose may be missing.

ALTER TABLE state RENAME TO state_before;

CREATE TABLE state (
    -- One row: what the store knows of itself.
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
    revision INTEGER NOT NULL, -- grows with each commit that changed what an output could show
    last_sweep TEXT, -- when retention last looked; NULL: never
    search_version INTEGER NOT NULL, -- how the text in `search` was made from entries
    keys_from INTEGER, -- entries of this number and above may have keys that are not in `dedup_keys` yet; NULL: none has
    index_from INTEGER -- articles of this number and above may not be in `search` yet; NULL: all are
) STRICT;

INSERT INTO state (id, revision, last_sweep, search_version)
    SELECT id, revision, last_sweep, search_version FROM state_before;

DROP TABLE state_before;

-- Some hundred segments are searched as fast as a dozen; the sweep merges them when nothing waits.
INSERT INTO search (search, rank) VALUES ('crisismerge', 200);
