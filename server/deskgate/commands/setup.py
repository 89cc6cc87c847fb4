"""`deskgate setup`, and its part `mailbox`: the support mailbox at MultiMail, made with the operator's code."""

import argparse
import re
from typing import TYPE_CHECKING

from deskgate.cli import complain
from deskgate.commands.setup_office import Office, Talk, in_two_steps, open_office
from deskgate.commands.terminal import Terminal
from deskgate.desk.checks.multimail import MODES
from deskgate.desk.errors import DeskError
from deskgate.desk.multimail.administration import GATED, LOOSE_MODES, Mailbox
from deskgate.desk.multimail.provisioning import AddressInUse, CodeWanted, make_mailbox
from deskgate.setup_settings import SetupSettings

if TYPE_CHECKING:
    import httpx

    from deskgate.desk.clock import Clock

OTHERS_SHOWN = 5
_ADDRESS = re.compile(r"[^@\s,;<>]{1,64}(@[^@\s,;<>]{1,190})?")


def run(words: argparse.Namespace) -> int:
    """0 done or nothing to do, 1 refused or not as it should be, 2 unusable settings or words, or a code is wanted."""
    from deskgate import setup_settings
    from deskgate.settings import SettingsError, own_home

    try:
        settings = setup_settings.read(sandbox=words.sandbox)
        if settings.sandbox:
            own_home()
    except SettingsError as error:
        for fault in error.faults:
            complain(fault)
        return 2
    return act(settings, words, Terminal.of_process(colour=False, sandbox=settings.sandbox))


def act(
    settings: SetupSettings,
    words: argparse.Namespace,
    terminal: Terminal,
    *,
    clock: "Clock | None" = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> int:
    """The same, at this terminal. `transport` replaces the network in tests."""
    from deskgate.commands.setup_webhook import webhook

    talk = Talk(terminal, words.json)
    does = {"mailbox": mailbox, "webhook": webhook}[words.what]
    try:
        with open_office(settings, clock=clock, transport=transport) as office:
            return does(office, words, talk)
    except DeskError as error:
        talk.warn(error.sentence)
        return talk.end(1, error.code, message=error.sentence)


def mailbox(office: Office, words: argparse.Namespace, talk: Talk) -> int:
    """See that the mailbox is there and holds what is sent from it."""
    wanted = (words.address or office.settings.multimail.mailbox).strip()
    if not _ADDRESS.fullmatch(wanted):
        talk.warn("Which mailbox? Give --address support@your-domain (or set MULTIMAIL_MAILBOX).")
        return talk.end(2, "no_address")
    listed = office.wait_for(office.admin.form) != "short"
    found: Mailbox | None = office.wait_for(office.admin.mailbox, wanted) if listed else None
    if found is not None and not found.active:
        talk.warn(
            f"{found.address} was deleted at MultiMail, and its address cannot be used again. Choose another one."
        )
        return talk.end(1, "deleted", mailbox=_shown(found))
    if found is not None:
        talk.say(f"{found.address} is there, in mode {_mode(found)}. Nothing has to be created.")
        return _concluded(office, words, talk, found, "there")
    if "@" not in wanted and (not listed or not words.address):
        talk.warn(f"There is no mailbox {wanted} at MultiMail. To create one, give its whole address with --address.")
        return talk.end(1, "no_address")
    if listed:
        _say_others(office, talk, wanted)
    return _created(office, words, talk, wanted)


def _created(office: Office, words: argparse.Namespace, talk: Talk, address: str) -> int:
    name = (words.display_name or "").strip()
    again = ["mailbox", "--address", address, *(["--display-name", name] if name else [])]

    def step(code: str | None) -> Mailbox | CodeWanted:
        made: Mailbox | CodeWanted = office.wait_for(make_mailbox, office.admin, address, name, code)
        return made

    try:
        made = in_two_steps(office, talk, step, words.code, again)
    except AddressInUse as error:
        if error.settled:
            raise
        talk.say(error.sentence)
        return _concluded(office, words, talk, Mailbox("", address, ""), "there")
    if made is None:
        return talk.end(2, "code_wanted", mailbox=None)
    talk.say(f"{made.address} was created, in mode {_mode(made)}.")
    return _concluded(office, words, talk, made, "created")


def _say_others(office: Office, talk: Talk, wanted: str) -> None:
    others: list[Mailbox] = [one for one in office.wait_for(office.admin.mailboxes) if one.active]
    shown = ", ".join(f"{one.address} ({one.mode})" for one in others[:OTHERS_SHOWN]) or "none"
    more = f" and {len(others) - OTHERS_SHOWN} more" if len(others) > OTHERS_SHOWN else ""
    talk.say(f"There is no mailbox {wanted} at MultiMail yet. Mailboxes that are there: {shown}{more}.")


def _concluded(office: Office, words: argparse.Namespace, talk: Talk, box: Mailbox, status: str) -> int:
    """The mode, what is copied, and the line for the environment."""
    if box.mode in LOOSE_MODES:
        box, status = _gated(office, words, talk, box, status)
    elif box.mode and not box.holds:
        talk.warn(
            f"deskgate cannot work with the mode {_mode(box)}. An operator must raise it to {GATED} at MultiMail; this "
            "command never loosens a mode."
        )
    for kind, copies in (("cc", box.cc), ("bcc", box.bcc)):
        if copies:
            talk.warn(f"Every mail from it is copied (auto_{kind}). `deskgate doctor` says what that does.")
    environment = {"MULTIMAIL_MAILBOX": box.address}
    talk.say("For the environment of deskgate:", f"MULTIMAIL_MAILBOX={box.address}")
    if office.settings.sandbox:
        talk.say("(With --sandbox it has no effect: the pretend desk always writes from its own mailbox.)")
    sound = box.holds or not box.mode
    return talk.end(0 if sound else 1, status, mailbox=_shown(box), environment=environment)


def _gated(office: Office, words: argparse.Namespace, talk: Talk, box: Mailbox, status: str) -> tuple[Mailbox, str]:
    """A mailbox that lets mails out at once, after the offer to hold them. The service wants no code for that."""
    talk.warn(f"In this mode {MODES[box.mode]}, so deskgate refuses to draft from it (not_gated).")
    if not talk.agrees(f"Set its mode to {GATED}?", yes=words.yes):
        talk.warn(
            "The mode stays as it is. To change it without a question, add --yes. For a policy with the outcome "
            "monitored, keep a mailbox of its own in that mode."
        )
        return box, "not_held"
    office.wait_for(office.admin.gate, box.id)
    now: Mailbox = office.wait_for(office.admin.mailbox, box.id) or box
    talk.say(f"{now.address} is in mode {_mode(now)} now.")
    return now, "gated" if now.holds else "not_held"


def _mode(box: Mailbox) -> str:
    meaning = MODES.get(box.mode)
    if not box.mode:
        return f"{GATED} as every new one (the short form of the API does not show it)"
    return f"{box.mode} ({meaning})" if meaning else f"{box.mode} (which deskgate does not know)"


def _shown(box: Mailbox) -> dict[str, str]:
    return {"id": box.id, "address": box.address, "mode": box.mode}
