-- The tables of merganser. `.schema` in a sqlite3 shell shows every comment that stands
-- inside a CREATE statement; that is the manual.
--
-- Times are RFC 3339 in UTC and of fixed width, so that text order is time order: whole
-- seconds for entries and articles (2026-03-01T09:30:00Z), milliseconds for polls
-- (2026-03-01T09:30:00.000Z).

CREATE TABLE state (
    -- One row: what the store knows of itself.
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
    revision INTEGER NOT NULL, -- grows with each commit that changed what an output could show
    last_sweep TEXT, -- when retention last looked; NULL: never
    search_version INTEGER NOT NULL -- how the text in `search` was made from entries
) STRICT;

CREATE TABLE feeds (
    -- A URL that is polled, and what is known of it.
    id INTEGER PRIMARY KEY, -- ours; appears in nothing that is published
    url TEXT NOT NULL UNIQUE, -- as configured
    name TEXT NOT NULL, -- as configured, else made from the URL
    title TEXT, -- by the last document
    status TEXT NOT NULL -- new: never answered; gone: said so, not polled; paused: not configured any more
        CHECK (status IN ('new', 'ok', 'failing', 'gone', 'paused')),
    next_poll TEXT, -- not before this instant; NULL: never
    leased_until TEXT, -- taken by a poller until then; NULL: free
    rest_until TEXT, -- the server asked to be left alone until then (Retry-After)
    last_fetch TEXT, -- when the last poll ended, however it ended
    last_success TEXT, -- when the last good answer came (304 counts)
    consecutive_failures INTEGER NOT NULL DEFAULT 0, -- polls since the last good answer
    failing_since TEXT, -- the first of them
    error TEXT, -- the last poll's failure in one line; NULL after a good answer
    interval_seconds INTEGER NOT NULL DEFAULT 0, -- the gap that led to next_poll
    moved_to TEXT, -- learnt target of a permanent redirect: polled in place of url
    etag BLOB, -- validator, byte for byte as the server gave it
    last_modified BLOB, -- validator, byte for byte
    body_hash INTEGER, -- xxh3 of the last document that was read
    wished_interval_millis INTEGER, -- the operator's `interval` for this feed
    schedule TEXT, -- the operator's cron text, in UTC
    stands_alone INTEGER NOT NULL DEFAULT 0, -- 1: its entries join no article of other feeds
    entry_count INTEGER NOT NULL DEFAULT 0, -- rows in `entries`, kept with each commit
    recent TEXT NOT NULL DEFAULT '', -- the last polls, oldest first: new entries each, - for a failure
    atom_id TEXT, -- the feed's own id
    self_url TEXT, -- the feed's own idea of its address
    home_page TEXT, -- the page that it belongs to
    description TEXT, -- by the last document
    language TEXT, -- BCP 47, as published
    updated TEXT, -- the feed's claim
    links TEXT, -- JSON: hubs, topic and older pages of the last document
    repairs TEXT, -- JSON list: what had to be mended in the last document
    memory TEXT NOT NULL DEFAULT '{}', -- JSON: what the next poll's decision needs; its `reason` says why next_poll is what it is
    document_guids BLOB -- 8 bytes a guid of the last document (xxh3): retention leaves these alone; NULL: none read yet
) STRICT;

-- The clock asks for these, longest due first.
CREATE INDEX feeds_due ON feeds (next_poll) WHERE status NOT IN ('gone', 'paused');
-- Few at any time: finds the leases that end next.
CREATE INDEX feeds_leased ON feeds (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX feeds_by_name ON feeds (name);

CREATE TABLE feed_tags (
    -- A person's labels on a feed.
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- whose
    place INTEGER NOT NULL, -- order in the config, from 0
    tag TEXT NOT NULL, -- as configured
    PRIMARY KEY (feed_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_tags_by_tag ON feed_tags (tag, feed_id);

CREATE TABLE articles (
    -- What a reader sees: one story, told by one or more entries.
    id INTEGER PRIMARY KEY, -- ours; appears in nothing that is published
    entry_id INTEGER NOT NULL REFERENCES entries (id), -- the representative: the entry that it is shown as
    public_id TEXT NOT NULL, -- the id that readers see, the same for ever
    slug TEXT NOT NULL UNIQUE, -- 16 hex digits of SHA-256 of public_id, for addresses
    position TEXT NOT NULL, -- its place in the river: published, else updated at first sight; never later than first_seen
    first_seen TEXT NOT NULL, -- our clock, at the first of its entries
    changed TEXT NOT NULL -- when anything that an output shows of it last changed: our clock in microseconds, no two alike
) STRICT;

CREATE INDEX articles_by_position ON articles (position, id);
-- What is new since an instant (RFC 3229).
CREATE INDEX articles_by_change ON articles (changed);
-- Foreign keys look here when an entry goes.
CREATE INDEX articles_by_entry ON articles (entry_id);

CREATE TABLE article_aliases (
    -- Public ids of articles that were merged into another.
    slug TEXT PRIMARY KEY, -- of public_id
    public_id TEXT NOT NULL, -- what it was
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE -- where it went
) STRICT, WITHOUT ROWID;

CREATE INDEX article_aliases_by_article ON article_aliases (article_id);

CREATE TABLE entries (
    -- One item as one feed tells it. Deduplication deletes none of them.
    id INTEGER PRIMARY KEY, -- ours; appears in nothing that is published
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- the feed that tells it
    guid TEXT NOT NULL, -- identity within the feed, as published, else made from the entry
    variant INTEGER NOT NULL DEFAULT 0, -- tells entries apart for which the feed used one guid; 0: the first of them
    article_id INTEGER NOT NULL REFERENCES articles (id) DEFERRABLE INITIALLY DEFERRED, -- what it is part of
    first_seen TEXT NOT NULL, -- our clock
    published TEXT, -- the feed's claim; a future date is cut to first_seen
    updated TEXT, -- the feed's claim
    raw_hash INTEGER NOT NULL, -- xxh3 of the entry as published: equal, nothing to do
    said_hash INTEGER NOT NULL, -- xxh3 of address, title and text: finds an entry whose guid was renewed
    grouped_by TEXT, -- the rule that put it into its article; NULL: the article began with it
    grouped_because TEXT, -- the same in words
    grouped_with INTEGER, -- the entry that it was joined with (it may be gone by now)
    url TEXT, -- absolute address of what it is about
    title TEXT, -- plain text
    author TEXT, -- names, one a line
    categories TEXT, -- JSON list of words
    enclosures TEXT, -- JSON list of {url, type, length}
    language TEXT, -- BCP 47, as published
    origin TEXT, -- JSON {id, title, url, home_page}: the feed that this one has the entry from
    original_url TEXT, -- the address behind a feed proxy's link
    comments TEXT, -- a page of discussion
    dedup_keys BLOB, -- its keys in `dedup_keys`, 8 bytes each, little-endian
    summary TEXT, -- sanitized HTML
    content TEXT -- sanitized HTML
) STRICT;

CREATE UNIQUE INDEX entries_by_guid ON entries (feed_id, guid, variant);
CREATE INDEX entries_by_said ON entries (feed_id, said_hash);
CREATE INDEX entries_by_article ON entries (article_id);
-- Retention walks from the oldest.
CREATE INDEX entries_by_age ON entries (first_seen);

CREATE TABLE feed_articles (
    -- The river of each feed: which articles it carries, by position.
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- the feed that carries it
    position TEXT NOT NULL, -- of the article
    article_id INTEGER NOT NULL, -- which
    PRIMARY KEY (feed_id, position, article_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE dedup_keys (
    -- Entries that share a key are candidates for one article.
    key INTEGER NOT NULL, -- a hash of what is compared: an id, an address, words
    entry_id INTEGER NOT NULL, -- the entry that has it
    PRIMARY KEY (key, entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE swept_entries (
    -- Entries that retention took away, so that a document cannot bring one back as new.
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- the feed that had it
    guid_hash INTEGER NOT NULL, -- xxh3
    url_hash INTEGER NOT NULL, -- xxh3 of the canonical address
    title_hash INTEGER NOT NULL, -- xxh3
    PRIMARY KEY (feed_id, guid_hash, url_hash, title_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE fetches (
    -- One row a poll; the last weeks are kept.
    id INTEGER PRIMARY KEY, -- grows with time
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- which feed
    at TEXT NOT NULL, -- our clock at the end of the answer
    status INTEGER, -- HTTP status code; NULL: no answer
    bytes INTEGER NOT NULL, -- decoded bytes read
    millis INTEGER NOT NULL, -- how long it took
    new_entries INTEGER NOT NULL, -- entries that were not there before
    error TEXT -- what went wrong, in one line; NULL: nothing
) STRICT;

CREATE INDEX fetches_by_feed ON fetches (feed_id);

CREATE VIEW search_text AS
    -- What `search` was made from (there as plain text, Chinese and Japanese as pairs of signs).
    SELECT a.id AS id, e.title AS title, e.author AS author, coalesce(e.content, e.summary) AS text
      FROM articles a JOIN entries e ON e.id = a.entry_id;

CREATE VIRTUAL TABLE search USING fts5 (
    -- Full text of each article's representative: SELECT * FROM search('words').
    title, author, text,
    content = 'search_text', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE VIEW river AS
    -- Every article, newest first: SELECT * FROM river LIMIT 20.
    SELECT a.position, e.title, e.url, f.name AS feed, e.author, e.published, a.first_seen,
           (SELECT count(*) FROM entries WHERE article_id = a.id) AS entries,
           a.public_id, a.id AS article_id
      FROM articles a JOIN entries e ON e.id = a.entry_id JOIN feeds f ON f.id = e.feed_id
     ORDER BY a.position DESC, a.id DESC;

CREATE VIEW feed_health AS
    -- Every feed that is not well or not polled first.
    SELECT name, status, error, consecutive_failures, failing_since, last_success, last_fetch,
           next_poll, interval_seconds, memory ->> '$.reason' AS reason, entry_count AS entries,
           recent, moved_to, url, id AS feed_id
      FROM feeds
     ORDER BY status IN ('ok', 'new'), failing_since, name;

CREATE VIEW groupings AS
    -- Why entries of several feeds are one article.
    SELECT e.article_id, f.name AS feed, e.title, e.url, e.guid,
           coalesce(e.grouped_by, 'first') AS rule, e.grouped_because AS because,
           e.grouped_with AS with_entry, e.id = a.entry_id AS representative, e.id AS entry_id
      FROM entries e JOIN articles a ON a.id = e.article_id JOIN feeds f ON f.id = e.feed_id
     ORDER BY e.article_id, e.first_seen, e.id;

INSERT INTO state (id, revision, search_version) VALUES (1, 0, 1);

-- A large hash table and no merging at each commit halve the cost of indexing; the sweep
-- merges when nothing waits.
INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);
INSERT INTO search (search, rank) VALUES ('automerge', 0);
