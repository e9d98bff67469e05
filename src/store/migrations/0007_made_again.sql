-- By which rules stored HTML was made harmless, so that better ones reach old rows, too.
-- `search_version` is read from now on: an index that was made otherwise is made anew.

ALTER TABLE state ADD COLUMN html_version INTEGER NOT NULL -- of the sanitizer's rules: no summary or content was cleaned by older ones; 0: nobody noted it
    DEFAULT 0;
ALTER TABLE state ADD COLUMN cleaning_version INTEGER -- rules by which they are being cleaned again; NULL: nothing is
    DEFAULT NULL;
ALTER TABLE state ADD COLUMN cleaned_to INTEGER -- the last entry that was cleaned again
    DEFAULT NULL;
