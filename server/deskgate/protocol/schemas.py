"""Schemas as small as they can be said: every client pays for `tools/list` in its model's context."""

from typing import Any

Schema = dict[str, Any]

TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
# The keyword that says the same as the type.
IMPLIED = {"object": "properties", "array": "items"}


def compact(schema: Schema) -> Schema:
    """The same schema without titles, without class descriptions, with single-use definitions in place.

    `anyOf` of one type and null becomes a type list, and a default of null is left out: absent says the same.
    """
    definitions = schema.get("$defs", {})
    body = {key: value for key, value in schema.items() if key != "$defs"}
    small = _small(body, definitions)
    assert isinstance(small, dict)  # noqa: S101 - an object stays an object
    return small


def compact_output(schema: Schema) -> Schema:
    """An output schema, besides without what nobody needs who reads an answer. It stays true of every answer.

    There are no lists of required members: the models fill every member anyway. What has `properties` or `items` does not
    say that it is an object or a list. A member without a type is text or null (the server's instructions say so).
    """
    return {**_lean(compact(schema)), "type": "object"}


def _lean(schema: Schema) -> Schema:
    if schema == TEXT_OR_NULL:
        return {}
    lean = {key: value for key, value in schema.items() if key != "required"}
    if "properties" in lean:
        lean["properties"] = {name: _lean(one) for name, one in lean["properties"].items()}
    if "items" in lean:
        lean["items"] = _lean(lean["items"])
    told = IMPLIED.get(str(lean.get("type")), "") in lean
    return {key: value for key, value in lean.items() if not (told and key == "type")}


def _small(value: Any, definitions: Schema) -> Any:
    if isinstance(value, list):
        return [_small(one, definitions) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _small(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return _nullable({key: _kept(key, one, definitions) for key, one in value.items() if not _idle(key, value)})


def _kept(key: str, value: Any, definitions: Schema) -> Any:
    if key == "properties":
        return {name: _small(one, definitions) for name, one in value.items()}
    return _small(value, definitions)


def _idle(key: str, owner: Schema) -> bool:
    described = key == "description" and owner.get("type") == "object"
    return key == "title" or described or (key == "default" and owner[key] is None)


def _nullable(schema: Schema) -> Schema:
    options = schema.get("anyOf")
    if not isinstance(options, list) or len(options) != 2 or options[1] != {"type": "null"}:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    inner = dict(options[0])
    if "enum" in inner:
        inner["enum"] = [*inner["enum"], None]
    return {**inner, **rest, "type": [inner["type"], "null"]} if isinstance(inner.get("type"), str) else schema
