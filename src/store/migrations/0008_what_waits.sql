-- In a rush of new entries their keys and their words are written many at a time: after a
-- crash it has to be known whose may be missing.

ALTER TABLE state ADD COLUMN keys_from INTEGER -- entries of this number and above may have keys that are not in `dedup_keys` yet; NULL: none has
    DEFAULT NULL;
ALTER TABLE state ADD COLUMN index_from INTEGER -- articles of this number and above may not be in `search` yet; NULL: all are
    DEFAULT NULL;

-- Some hundred segments are searched as fast as a dozen; the sweep merges them when nothing waits.
INSERT INTO search (search, rank) VALUES ('crisismerge', 200);
