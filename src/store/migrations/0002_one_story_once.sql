-- What deduplication learns of feeds, and what people say of entries.

CREATE TABLE feed_habits (
    -- What a feed repeats, and what therefore says nothing about one entry.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- whose
    habits BLOB NOT NULL -- hashes of paragraphs, titles, addresses and guids, each with what it was seen with; bounded
) STRICT;

CREATE TABLE feed_names (
    -- What feeds are called: a title that ends in such a name is that title without it.
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- whose
    name INTEGER NOT NULL, -- xxh3 of the words of its title, or of a part of it
    PRIMARY KEY (feed_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_names_by_name ON feed_names (name);

CREATE TABLE hands (
    -- What people said of two entries by hand: it stands above the rules.
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, -- the one
    other_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, -- the other
    together INTEGER NOT NULL, -- 1: they are one article; 0: they are not
    at TEXT NOT NULL, -- when it was said
    PRIMARY KEY (entry_id, other_id)
) STRICT, WITHOUT ROWID;

-- Either end finds the other; foreign keys look here, too.
CREATE INDEX hands_by_other ON hands (other_id);
