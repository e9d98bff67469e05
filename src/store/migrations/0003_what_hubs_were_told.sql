-- What hubs were told of our outputs, so that a restart tells nothing twice.

CREATE TABLE pings (
    -- One row for each document of an output that a WebSub hub hears of.
    topic TEXT PRIMARY KEY, -- the document's address
    etag TEXT NOT NULL, -- of the document that the hub last heard of
    at TEXT NOT NULL -- when that was
) STRICT, WITHOUT ROWID;
