-- Keys of deduplication stand by the period in which they came, so that a large store finds
-- what is recent in a few pages.

ALTER TABLE dedup_keys RENAME TO dedup_keys_before;

CREATE TABLE dedup_keys (
    -- Entries that share a key are candidates for one article.
    key INTEGER NOT NULL, -- the period of 28 days since 1970 in which it came << 36 | 36 bits of a hash of what is compared: an id, an address, words
    entry_id INTEGER NOT NULL, -- the entry that has it
    PRIMARY KEY (key, entry_id)
) STRICT, WITHOUT ROWID;

-- By row number, out of an index: the rows themselves hold whole texts.
CREATE TEMP TABLE entry_periods (id INTEGER PRIMARY KEY, period INTEGER NOT NULL);

INSERT INTO entry_periods (id, period)
    SELECT id, max(0, min(2047, coalesce(unixepoch(first_seen), 0) / 2419200))
      FROM entries ORDER BY id;

INSERT OR IGNORE INTO dedup_keys (key, entry_id)
    SELECT p.period << 36 | (k.key & 0xFFFFFFFFF), k.entry_id
      FROM dedup_keys_before k JOIN entry_periods p ON p.id = k.entry_id
     ORDER BY 1, 2;

DROP TABLE entry_periods;
DROP TABLE dedup_keys_before;
