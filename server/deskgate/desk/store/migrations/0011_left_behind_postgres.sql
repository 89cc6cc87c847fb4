
UPDATE views SET person = LOWER(seen::json ->> 'email');
