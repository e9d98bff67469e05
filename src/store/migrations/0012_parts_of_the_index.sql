-- The daemon merges parts of the search index as they come, sixteen at a time: so each row is
-- written again only now and then.
INSERT INTO search (search, rank) VALUES ('usermerge', 16);
