
UPDATE views SET person = LOWER(json_extract(seen, '$.email'));
