-- Which feed is whose has a table of its own: a round takes all feeds at once, and wrote all of
-- `feeds` to say so.

CREATE TABLE leases (
    -- Feeds that a poller has taken: the commit of the poll gives them back.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- which feed
    until TEXT NOT NULL -- free again from then on, whatever became of the poller
) STRICT;

INSERT INTO leases (feed_id, until)
SELECT id, leased_until FROM feeds WHERE leased_until IS NOT NULL;

DROP INDEX feeds_leased;
ALTER TABLE feeds DROP COLUMN leased_until;
