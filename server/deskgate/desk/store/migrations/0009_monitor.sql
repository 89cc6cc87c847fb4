-- What a monitor counts every minute, without reading whole tables: they hold texts, and one thread serves everybody.
CREATE INDEX inbox_events_dead ON inbox_events (number) WHERE state = 'dead';
CREATE INDEX effects_state ON effects (state);
CREATE INDEX replies_decision ON replies (decision, decided_by) WHERE decision IS NOT NULL;
