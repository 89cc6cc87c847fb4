-- Whose data a row is, as people.key_of writes an address: whoever asks to be forgotten is looked for by these, never by
-- what a database takes for the same letters.
ALTER TABLE replies ADD COLUMN person TEXT;            -- the recipient
ALTER TABLE arrivals ADD COLUMN person TEXT;           -- the sender, whoever's ticket it is
ALTER TABLE effects ADD COLUMN person TEXT;            -- whose words the plan holds
ALTER TABLE notes ADD COLUMN person TEXT;              -- the ticket's requester when it was written
ALTER TABLE policy_evaluations ADD COLUMN person TEXT; -- to whom the draft would have gone

CREATE INDEX replies_person ON replies (person);
CREATE INDEX arrivals_person ON arrivals (person);
CREATE INDEX effects_person ON effects (person);
CREATE INDEX notes_person ON notes (person);
CREATE INDEX policy_evaluations_person ON policy_evaluations (person);

-- Who was written to on a ticket: what is theirs there is no other customer's of the same ticket.
CREATE VIEW customers AS SELECT ticket_id, person FROM replies WHERE person <> '';

-- Rows from before get as near to it as SQL comes.
UPDATE replies SET person = LOWER(recipient);
UPDATE arrivals SET person = LOWER(sender);
UPDATE effects SET person = COALESCE(
    (SELECT person FROM arrivals WHERE 'received:' || email_id = effects.key),
    (SELECT person FROM replies WHERE effects.key IN ('sent:' || id, 'bounced:' || id, 'complained:' || id, 'unsubscribed:' || id))
);
UPDATE policy_evaluations SET person = (SELECT person FROM replies WHERE id = policy_evaluations.reply_id);
