"""What stands in the way of the threats, and how each of it is taken away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A piece of source that stands there once, and what stands there without the control."""

    file: str
    text: str
    without: str


@dataclass(frozen=True)
class Control:
    """What stands in the way, in words, and how it is taken away."""

    what: str
    edits: tuple[Edit, ...]


DESK, PAGE, SERVER = "server/deskgate/desk", "server/deskgate/web/approvals", "server/deskgate"


def _one(what: str, file: str, text: str, without: str) -> Control:
    return Control(what, (Edit(file, text, without),))


CONTROLS = {
    "recipient": _one(
        "the address is derived from the ticket's requester",
        f"{DESK}/drafts.py",
        "recipient = recipient_of(ticket, gate.mailbox)",
        "recipient = next((one.strip('.,') for one in body.split() if '@evil' in one), "
        "recipient_of(ticket, gate.mailbox))",
    ),
    "addressed": _one(
        "a held mail that goes to anybody else cannot be approved",
        f"{DESK}/look.py",
        "    if look.redirected:",
        "    if False:",
    ),
    "own draft": _one(
        "whoever drafted, by id or owner, does not approve",
        f"{DESK}/decide.py",
        "    if (caller.solo and confirmation is not None) or not caller.names & await core.store.drafters(reply.id):",
        "    if True:",
    ),
    "owner": _one(
        "a principal meets itself by its owner's name too",
        f"{DESK}/principals.py",
        "        return {self.id, self.owner or self.id}",
        "        return {self.id}",
    ),
    "no deciding key": _one(
        "a drafting process has no connection with the deciding key",
        f"{SERVER}/app.py",
        '    if not key or settings.role == "agent":',
        "    if not key:",
    ),
    "scope": _one(
        "deciding is asked of the principal's scopes",
        f"{DESK}/decide.py",
        "    if not caller.may(DECIDE):",
        "    if False:",
    ),
    "asked": _one(
        "an agent's decision wants a person's word",
        f"{DESK}/decide.py",
        '    if core.asks and confirmation is None and caller.kind == "agent":',
        "    if False:",
    ),
    "closed schemas": _one(
        "an argument that a tool does not have is an error",
        f"{SERVER}/protocol/registration.py",
        'ConfigDict(extra="forbid")',
        'ConfigDict(extra="ignore")',
    ),
    "tags by hand": _one(
        "a tag counts where the ticket's history shows a human agent's hand",
        f"{DESK}/policy/evaluate.py",
        "    trusted = frozenset(tag for tag, setter in facts.tags if setter is Setter.HUMAN_AGENT)",
        "    trusted = frozenset(tag for tag, setter in facts.tags)",
    ),
    "first contact": _one(
        "nobody is written to automatically who was not written to before",
        f"{DESK}/policy/evaluate.py",
        "        (facts.first_contact is False,",
        "        (True,",
    ),
    "own ticket": _one(
        "the ticket is the one of our own record",
        f"{DESK}/decide.py",
        "        return await core.zendesk.ticket(reply.ticket_id)",
        "        return await core.zendesk.ticket(104)",
    ),
    "own ticket of the policy": Control(
        "the policy judges the ticket of our own record, at first and once more before it lets out",
        (
            Edit(
                f"{DESK}/policy/automatic.py",
                "await core.zendesk.ticket(reply.ticket_id), reply)",
                "await core.zendesk.ticket(101), reply)",
            ),
            Edit(
                f"{DESK}/policy/automatic.py",
                "    ticket = await core.zendesk.ticket(reply.ticket_id)\n",
                "    ticket = found.ticket\n",
            ),
        ),
    ),
    "digest": _one(
        "what is held must be what the given digest was made of",
        f"{DESK}/look.py",
        "if digest_of(look.reply, look.content, seen, look.footer) == digest), None)",
        "if True), None)",
    ),
    "as drafted": _one(
        "a rule lets out what MultiMail holds only where that is the draft",
        f"{DESK}/policy/evaluate.py",
        "        (facts.held is Held.AS_DRAFTED,",
        "        (True,",
    ),
    "age": _one(
        "what was shown counts for some hours and no longer",
        f"{DESK}/look.py",
        "    if shown is None or core.clock.now() - shown >= timedelta(hours=core.seen_hours):",
        "    if False:",
    ),
    "age on the page": _one(
        "what was opened in a session counts for the same time",
        f"{PAGE}/queries.sql",
        "WHERE session_hash = :session_hash AND opened_at > :since ORDER BY opened_at;",
        "WHERE session_hash = :session_hash ORDER BY opened_at;",
    ),
    "links end": _one(
        "a sign-in link is good for an hour",
        f"{PAGE}/queries.sql",
        "WHERE token_hash = :token_hash AND session_hash IS NULL AND expires_at > :now",
        "WHERE token_hash = :token_hash AND session_hash IS NULL",
    ),
    "links once": _one(
        "a sign-in link is good for one session",
        f"{PAGE}/queries.sql",
        "WHERE token_hash = :token_hash AND session_hash IS NULL AND expires_at > :now",
        "WHERE token_hash = :token_hash AND expires_at > :now",
    ),
    "one turn": Control(
        "a reply has one turn before the policy",
        (
            Edit(f"{DESK}/policy/automatic.py", "(once and await had_turn(tables, reply.id)):", "False:"),
            Edit(
                f"{DESK}/policy/automatic.py",
                "        if once and not await take_turn(tables, reply.id, core.clock.now()):",
                "        if False:",
            ),
        ),
    ),
    "decided once": Control(
        "what was decided, or does not wait any more, is answered from the record",
        (
            Edit(f"{DESK}/decide.py", "        if over:\n", "        if False:\n"),
            Edit(
                f"{DESK}/decide.py",
                "        if look is None:\n            return _outside",
                "        if False:\n            return _outside",
            ),
        ),
    ),
    "posts only": _one(
        "what a form does, no address does",
        f"{PAGE}/__init__.py",
        'Route("/{reply_id}/approve", signed_in(house, deciding.approve), methods=["POST"])',
        'Route("/{reply_id}/approve", signed_in(house, deciding.approve), methods=["GET", "POST"])',
    ),
    "links are spent by a button": _one(
        "opening a sign-in link shows a button and spends nothing",
        f"{PAGE}/sign_in.py",
        '    return house.pages.render("sign_in.html", secret=secret)',
        '    await house.reviewers.sign_in(secret)\n    return house.pages.render("sign_in.html", secret=secret)',
    ),
    "marks in the question": _one(
        "the question shows every hidden character",
        "tools/deskgate_tools/_question.py",
        "marked(look.body), f",
        "look.body, f",
    ),
    "marks in the queue": _one(
        "the list of pending replies shows every hidden character",
        "tools/deskgate_tools/_pending.py",
        "        body=marked(look.body if look else reply.body),",
        "        body=look.body if look else reply.body,",
    ),
    "refused characters": _one(
        "a draft with characters that no honest mail needs is refused",
        f"{DESK}/drafts.py",
        "    hidden = concealed(body)",
        "    hidden: list[str] = []",
    ),
    "marks on the page": _one(
        "the page shows every hidden character",
        f"{PAGE}/mailview.py",
        '    safe = escape(marked(text.replace("\\r\\n", "\\n")))',
        '    safe = escape(text.replace("\\r\\n", "\\n"))',
    ),
    "words stay words": _one(
        "nothing in a mail is read as HTML by the page",
        f"{PAGE}/mailview.py",
        '    safe = escape(marked(text.replace("\\r\\n", "\\n")))',
        '    safe = Markup(marked(text.replace("\\r\\n", "\\n")))',
    ),
    "sites by their real names": _one(
        "the page names a site as name servers know it",
        f"{PAGE}/mailview.py",
        '    if "xn--" in host:',
        "    if False:",
    ),
    "marks at the terminal": Control(
        "the terminal shows every hidden character",
        (
            Edit("tools/deskgate_tools/_question.py", "marked(look.body), f", "look.body, f"),
            Edit(
                f"{SERVER}/commands/terminal.py",
                'for part in marked(line.text).split("\\n")',
                'for part in line.text.split("\\n")',
            ),
        ),
    ),
    "ticket subjects": _one(
        "a ticket's subject becomes one clean line without encoded words",
        f"{DESK}/text.py",
        '    return " ".join(_visible(text).split()).replace("=?", "= ?")[:900].strip()',
        "    return text",
    ),
    "given subjects": _one(
        "a corrected subject with hidden characters or a second line is refused",
        f"{PAGE}/correcting.py",
        '    if not subject or concealed(text) or "\\n" in text.strip() or len(subject) > SUBJECT_LIMIT_CHARS:',
        "    if False:",
    ),
    "verified": _one(
        "nobody is written to automatically whom Zendesk does not call verified",
        f"{DESK}/policy/evaluate.py",
        "        (facts.requester_verified is True,",
        "        (True,",
    ),
    "cap of an address": Control(
        "an address gets so many automatic mails a day",
        (
            Edit(
                f"{DESK}/policy/evaluate.py",
                "facts.approvals_recipient is not None and facts.approvals_recipient < policy.per_recipient_per_day,",
                "True,",
            ),
            Edit(
                f"{DESK}/policy/queries.sql", "AND begun_at > :since) < :recipient_cap", "AND begun_at > :since) < 999"
            ),
        ),
    ),
    "cap of a domain": Control(
        "a mail domain gets so many automatic mails a day",
        (
            Edit(
                f"{DESK}/policy/evaluate.py",
                "facts.approvals_domain is not None and facts.approvals_domain < policy.per_domain_per_day,",
                "True,",
            ),
            Edit(f"{DESK}/policy/queries.sql", "AND begun_at > :since) < :domain_cap", "AND begun_at > :since) < 999"),
        ),
    ),
    "own names": Control(
        "every door answers to its own names alone",
        (
            Edit(
                f"{SERVER}/protocol/http.py",
                "    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)",
                "    return TransportSecuritySettings(enable_dns_rebinding_protection=False)",
            ),
        ),
    ),
    "page's own names": _one(
        "the page answers to its own names alone",
        f"{PAGE}/shell.py",
        "        refused = await self._guard.validate_request(request)",
        "        refused = None",
    ),
    "page's own forms": _one(
        "a form has to come from the page itself",
        f"{PAGE}/shell.py",
        '        if "origin" not in request.headers or '
        'request.headers.get("sec-fetch-site", "same-origin") != "same-origin":',
        "        if False:",
    ),
    "known tokens": _one(
        "only a token whose hash stands in the file lets anybody in",
        f"{SERVER}/web/callers.py",
        "            if hmac.compare_digest(token.sha256, given):",
        "            if True:",
    ),
    "tokens stay here": Control(
        "the caller's secret goes no further than the check",
        (
            Edit(f"{SERVER}/web/callers.py", "            token=found.id,", "            token=token,"),
            Edit(
                f"{DESK}/wire.py",
                '        sent = {"Accept": "application/json", **(headers or {})}',
                "        from mcp.server.auth.middleware.auth_context import get_access_token\n"
                '        caller = getattr(get_access_token(), "token", "")\n'
                '        sent = {"Accept": "application/json", "X-Caller": caller, **(headers or {})}',
            ),
        ),
    ),
    "cookies stay here": Control(
        "a reviewer's session is known to the page alone",
        (
            Edit(
                f"{PAGE}/reviewers.py",
                '        return Session(row["name"], secret)',
                "        import deskgate.desk.wire as passed_on\n\n"
                "        passed_on.CALLER = secret  # type: ignore[attr-defined]\n"
                '        return Session(row["name"], secret)',
            ),
            Edit(
                f"{DESK}/wire.py",
                '        sent = {"Accept": "application/json", **(headers or {})}',
                '        sent = {"Accept": "application/json", "X-Caller": globals().get("CALLER", ""), **(headers or {})}',
            ),
        ),
    ),
    "own record of ids": _one(
        "an id is looked up in our own record, and unknown is all that is said",
        f"{DESK}/decide.py",
        "    if reply is None:\n        raise BadInput(",
        "    if reply is None:\n        await core.outbox.read(message_id)\n        raise BadInput(",
    ),
    "own reports": _one(
        "what came of a form is told to its own session",
        f"{PAGE}/queries.sql",
        "WHERE id = :id AND session_hash = :session_hash;",
        "WHERE id = :id;",
    ),
    "page's own ids": _one(
        "a reply's page is found by its own random id alone",
        f"{PAGE}/reply_page.py",
        '    reply = await visit.desk.core.store.reply(visit.request.path_params["reply_id"])',
        '    asked, rows = visit.request.path_params["reply_id"], visit.desk.core.store\n'
        "    reply = await rows.reply(asked) or await rows.reply_of_message(asked)",
    ),
    "known hosts": _one(
        "a link or address whose host the policy does not know is held",
        f"{DESK}/policy/evaluate.py",
        '            _links(policy, facts) in ("none", "known"),',
        "            True,",
    ),
    "no images": _one(
        "an image or HTML is held",
        f"{DESK}/policy/evaluate.py",
        "        (facts.markup is False,",
        "        (True,",
    ),
    "links are listed": _one(
        "the page lists where every link of a mail leads",
        f"{PAGE}/mailview.py",
        "    return list(found.values())[:LINKS_SHOWN]",
        "    return []",
    ),
}
