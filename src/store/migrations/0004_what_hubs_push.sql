-- WebSub from the subscriber's side.

CREATE TABLE subscriptions (
    -- A feed's hub, and how we stand with it.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- whose
    hub TEXT NOT NULL, -- where we ask
    topic TEXT NOT NULL, -- what we ask for: the feed's address as the hub knows it
    token TEXT NOT NULL UNIQUE, -- last part of the callback's address; nobody else knows it
    secret TEXT NOT NULL, -- signs what the hub pushes; nobody else knows it
    pending INTEGER NOT NULL DEFAULT 0, -- 1: the hub was asked, and may verify that we meant it
    lease_until TEXT, -- the hub pushes until then; NULL: not now
    try_at TEXT NOT NULL, -- when to ask the hub again
    failures INTEGER NOT NULL DEFAULT 0, -- requests since the hub last confirmed
    error TEXT -- the last failure in one line; NULL once the hub has confirmed
) STRICT;

CREATE INDEX subscriptions_by_try ON subscriptions (try_at);
