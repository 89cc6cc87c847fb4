"""Who set each tag, replayed from the ticket's history. In doubt a tag was set by nobody that counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from deskgate.desk.policy.facts import Setter, Tag
from deskgate.desk.zendesk import User

# Where a person's own hand shows in Zendesk: the agent interface and the agents' app. An update that came by the API, by
# mail (whose sender can be forged, and which can carry commands) or from a rule is not in this list.
BY_HAND = frozenset({"web", "mobile"})
AGENT_ROLES = frozenset({"agent", "admin"})
_INHERITED_WITH = frozenset({"requester_id", "organization_id", "brand_id", "ticket_form_id"})


class Event(Protocol):
    """One thing that an update did; `channel` is set where a rule did it and not the update's author."""

    @property
    def type(self) -> str: ...
    @property
    def field_name(self) -> str | None: ...
    @property
    def value(self) -> Any: ...
    @property
    def previous_value(self) -> Any: ...
    @property
    def channel(self) -> str | None: ...
    @property
    def public(self) -> bool | None: ...
    @property
    def body(self) -> str | None: ...


class Update(Protocol):
    """One update of a ticket; `channel` is how it came in."""

    @property
    def author_id(self) -> int | None: ...
    @property
    def channel(self) -> str | None: ...
    @property
    def events(self) -> Sequence[Event]: ...


def authors(history: Iterable[Update]) -> set[int]:
    """Everybody who changed tags, so that their roles can be looked up."""
    return {
        update.author_id
        for update in history
        if update.author_id is not None and any(event.field_name == "tags" for event in update.events)
    }


def setters(
    tags: Collection[str], newest_first: Sequence[Update], people: Mapping[int, User], own_id: int | None
) -> tuple[Tag, ...]:
    """Every tag of the ticket with who added it last.

    A tag that is on the ticket and whose adding is not in the history has the setter `UNKNOWN`.
    """
    state: dict[str, Setter] = {}
    for update in reversed(newest_first):
        for event in update.events:
            if event.field_name == "tags" and event.type in {"Create", "Change"}:
                state = _after(state, update, event, people, own_id)
    return tuple((tag, state.get(tag, Setter.UNKNOWN)) for tag in sorted(set(tags)))


def newest_words(newest_first: Sequence[Update], requester_id: int | None) -> str | None:
    """The requester's newest public comment, as far as the history shows one."""
    for update in newest_first:
        for event in reversed(update.events):
            if update.author_id == requester_id and event.type == "Comment" and event.public:
                return event.body
    return None


def _after(
    state: Mapping[str, Setter], update: Update, event: Event, people: Mapping[int, User], own_id: int | None
) -> dict[str, Setter]:
    before = _tags(event.previous_value)
    # What was there before, by the event's own word, and whose adding the history does not show, has no known author.
    known = {**dict.fromkeys(before, Setter.UNKNOWN), **state}
    who = _who(update, event, people, own_id)
    return {tag: known.get(tag, who) for tag in _tags(event.value)}


def _who(update: Update, event: Event, people: Mapping[int, User], own_id: int | None) -> Setter:
    author = people.get(update.author_id) if update.author_id is not None else None
    if update.author_id is None or event.channel is not None:
        return Setter.AUTOMATIC
    if own_id is None or author is None:
        return Setter.UNKNOWN
    if author.id == own_id:
        return Setter.OUR_API_USER
    if author.role not in AGENT_ROLES:
        return Setter.END_USER
    if author.suspended or not author.active or update.channel is None:
        return Setter.UNKNOWN
    if event.type != "Change" or update.channel not in BY_HAND or _inherited(update):
        return Setter.AUTOMATIC
    return Setter.HUMAN_AGENT


def _inherited(update: Update) -> bool:
    """Whether the tags may have come with something else: Zendesk copies those of a requester or an organisation."""
    return any(event.field_name in _INHERITED_WITH for event in update.events)


def _tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(tag for tag in value if isinstance(tag, str)) if isinstance(value, list) else ()
