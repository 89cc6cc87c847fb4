"""A held mail at a terminal: what the reviewer's page says of it, found by the same code, as lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deskgate.commands.terminal import Line
from deskgate.desk import Desk, Look, Reply
from deskgate.desk.text import marked

if TYPE_CHECKING:
    from deskgate.web.approvals.mailview import Line as Compared
    from deskgate.web.approvals.mailview import Link

# Above the question stand so many links that look wrong; the whole list is under the mail.
LINKS_WARNED_OF = 8
TARGET_CHARS = 120
_SIGNS = {"same": "  ", "new": "+ ", "old": "- ", "gap": "…"}


@dataclass(frozen=True)
class Sight:
    """One held mail as somebody is shown it; `earlier` is the reply before it on the same ticket."""

    look: Look
    earlier: Reply | None

    def head(self) -> list[Line]:
        """What stands above the text, and above the question once more where the text went through a pager."""
        from deskgate_tools._question import WARNING, facts

        said = facts(self.look)
        plain = [Line(one) for one in said if not one.startswith(WARNING)]
        warnings = [*(one for one in said if one.startswith(WARNING)), *(f"{WARNING}{one}" for one in self._warnings())]
        return [*plain, *(Line(one, "alarm") for one in warnings)]

    def mail(self) -> list[Line]:
        """The text between two lines that it cannot forge, and below them where its links lead and what differs."""
        from deskgate_tools._question import whole_mail

        return [*(Line(one) for one in whole_mail(self.look)), *self._links(), *self._differences()]

    def _warnings(self) -> Iterator[str]:
        """What the page says before the decision and beside each address and link."""
        from deskgate.web.approvals import mailview

        look, content = self.look, self.look.content
        if look.redirected:
            yield "it is not addressed to the requester alone, so it cannot be approved; reject it"
        if look.suspended:
            yield "Zendesk has suspended the requester since the draft, so it cannot be approved; reject it"
        if look.unread:
            yield f"the ticket cannot be read, so it can be rejected and not approved. {look.unread.sentence}"
        for held in (*content.to, *content.cc):
            address = mailview.address(held)
            if address.warning:
                known = f", to mail servers {address.ascii}" if address.ascii not in ("", held) else ""
                yield f"{_one_line(held)}{known}: {address.warning}"
        hidden = mailview.hidden_marks(look.body) + mailview.hidden_marks(content.subject)
        if hidden:
            yield f"{hidden} invisible {'character' if hidden == 1 else 'characters'} in it, shown as ‹U+…›"
        if mailview.has_markup(look.body):
            yield "HTML in the text: a mail program may hide or load what looks like code here"
        yield from _of_links(mailview.links(self._searched))

    @property
    def _searched(self) -> str:
        """Where links are looked for: a mail program makes them of the subject, too."""
        return f"{self.look.content.subject}\n{self.look.body}"

    def _links(self) -> list[Line]:
        from deskgate.web.approvals import mailview

        found = mailview.found_links(self._searched)
        listed = mailview.first_links(found)
        if not listed:
            return [Line("No links.")]
        lines = [Line("Where its links lead:", "strong")]
        for link in listed:
            lines.append(Line(f"  {_one_line(link.target)}{_beside(link)}"))
            lines += [Line(f"    {warning}", "alarm") for warning in link.warnings]
        rest = list(found.values())[len(listed) :]
        wrong = sum(1 for link in rest if link.warnings)
        if rest:
            told = f"  and {len(rest)} more, {wrong} of them with a warning. What looks wrong is listed first."
            lines.append(Line(told, "alarm" if wrong else "plain"))
        return lines

    def _differences(self) -> Iterator[Line]:
        from deskgate.web.approvals import mailview

        now = self.look.content.body
        yield from _compared("Difference from what was drafted", mailview.difference(self.look.reply.body, now))
        if self.earlier is None:
            return
        told = f"the earlier reply on this ticket ({self.earlier.message_id or 'never sent'}, {self.earlier.state})"
        lines = mailview.difference(self.earlier.body, now)
        if lines:
            yield from _compared(f"Difference from {told}", lines)
        else:
            yield Line(f"There is {told}; the texts are the same or too long to compare.")


async def sight(desk: Desk, look: Look) -> Sight:
    """The look with what else the page shows beside it."""
    from deskgate.web.approvals.reply_page import _earlier

    return Sight(look, await _earlier(desk, look.reply))


def _of_links(links: "list[Link]") -> Iterator[str]:
    wrong = [(link, warning) for link in links for warning in link.warnings]
    for link, warning in wrong[:LINKS_WARNED_OF]:
        target = _one_line(link.target)
        yield f"{target if len(target) <= TARGET_CHARS else target[:TARGET_CHARS] + '…'}: {warning}"
    if len(wrong) > LINKS_WARNED_OF:
        yield f"{len(wrong) - LINKS_WARNED_OF} more about its links, in the list under the mail"


def _beside(link: "Link") -> str:
    site = f" (site: {link.host})" if link.host and link.host not in link.target else ""
    return f"{site}, shown as “{_one_line(link.label)}”" if link.label else site


def _compared(title: str, lines: "list[Compared] | None") -> Iterator[Line]:
    if lines:
        yield Line(f"{title}:", "strong")
        yield from (Line(f"{_SIGNS[line.kind]}{line.text}") for line in lines)


def _one_line(text: str) -> str:
    """Marked, and still one line, so that it cannot begin a line that looks like one of ours."""
    return marked(text).replace("\n", "‹U+000A›")
