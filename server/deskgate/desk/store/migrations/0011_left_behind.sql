-- What an erasure did not reach. Lines that named the recipient were told once and are not needed again.
DELETE FROM reviewer_outcomes;

ALTER TABLE views ADD COLUMN person TEXT;              -- the ticket's requester as it was shown, see people.key_of

CREATE INDEX views_person ON views (person);
