-- What hubs brought and nobody has taken in yet, so that no crash loses it.

CREATE TABLE pushes (
    -- One row for each push that was answered and is not committed; at most a handful.
    id INTEGER PRIMARY KEY, -- goes with the push through the program
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- whose
    at TEXT NOT NULL -- when it came
) STRICT;
