-- The index notes which words are in which column of an article, no more: where in the column
-- would double it, and only phrases ask for that. `articles --search '"two words"'` looks for
-- them in the texts.

DROP TABLE search;

CREATE VIRTUAL TABLE search USING fts5 (
    -- Words of each article's representative: SELECT * FROM search('words title: word'). No phrases, no NEAR.
    title, author, text,
    content = 'search_text', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2',
    detail = column
);

INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);
INSERT INTO search (search, rank) VALUES ('automerge', 0);
INSERT INTO search (search, rank) VALUES ('crisismerge', 200);

-- Whoever opens the store next fills it.
UPDATE state SET search_version = 0, index_from = NULL;
