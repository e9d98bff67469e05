-- What is known of the keys of deduplication outlives the rush in which it was learnt: to learn it
-- anew from a store of a million entries takes longer than most rushes.

CREATE TABLE key_filters (
    -- Bloom filters over `dedup_keys`, from `state.filter_from` on and as of `state.filter_to`: a key that is in none of them no entry had then.
    part INTEGER PRIMARY KEY, -- in the order in which they were filled
    keys INTEGER NOT NULL, -- how many went in
    highest INTEGER NOT NULL, -- the highest of them
    bits BLOB NOT NULL -- 1.5 MiB of them
) STRICT;

CREATE TABLE key_changes (
    -- Entries that have other keys than when the filters were written.
    entry_id INTEGER PRIMARY KEY -- which
) STRICT;

ALTER TABLE state ADD COLUMN filter_from INTEGER -- the filters know keys from this one on; NULL: there are none
    DEFAULT NULL;
ALTER TABLE state ADD COLUMN filter_to INTEGER -- the last entry whose keys they know
    DEFAULT NULL;
ALTER TABLE state ADD COLUMN filter_kind INTEGER -- how they were made: others cannot be read
    DEFAULT NULL;
