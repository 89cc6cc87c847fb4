"""`deskgate token`: who may come in over HTTP."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deskgate.cli import complain, say
from deskgate.desk.hints import typed_here

if TYPE_CHECKING:
    from deskgate.web.tokens import Token


def run(words: argparse.Namespace) -> int:
    """Do one of new, revoke, list. 0 when done, 1 where the file or the words stand against it, 2 without a file."""
    from deskgate import settings
    from deskgate.web.tokens import TokenFileError

    path = settings.token_file()
    if path is None:
        complain("DESKGATE_TOKENS is not set: the path of the file with the tokens' hashes, which the server reads.")
        return 2
    try:
        return {"new": new, "revoke": revoke, "list": show}[words.action](path, words)
    except TokenFileError as error:
        complain(f"The token file {path} cannot be used:")
        for fault in error.faults:
            complain(f"  - {fault}")
    except FileNotFoundError:
        complain(missing(path, words))
    except OSError as error:
        complain(f"The token file {path} cannot be written ({error.strerror}).")
    except ValueError as error:
        complain(f"This token cannot be made: {error}.")
    return 1


def missing(path: Path, words: argparse.Namespace) -> str:
    """What to say where nobody made a token so far."""
    return typed_here(f"There is no token file {path} yet; `deskgate token new` makes it.", sandbox=bool(words.sandbox))


def new(path: Path, words: argparse.Namespace) -> int:
    """Make a token. The secret goes to standard output, once, so that it can be piped; everything else does not."""
    from deskgate.desk.clock import iso
    from deskgate.web.token_file import issue

    token, secret = issue(
        path,
        words.principal,
        words.kind,
        words.scope,
        created=iso(datetime.now(UTC)),
        owner=words.owner or "",
        label=words.label or "",
    )
    complain(f"Token {token.id} for {token.principal} (owner {token.owner}), {path}. It is shown only this once:")
    say(secret)
    _tell("token.new", token, words)
    if token.kind == "agent" and {"draft", "decide"} <= token.scopes:
        complain(
            "Note: this agent may draft and decide. It can never approve what it or its owner drafted, and still a "
            "principal for each is safer."
        )
    return 0


def revoke(path: Path, words: argparse.Namespace) -> int:
    """Take a token out; a running server notices within a second."""
    from deskgate.web.token_file import revoke as take_out

    try:
        token = take_out(path, words.id)
    except LookupError:
        told = f"There is no token with the id {words.id}. `deskgate token list` shows them."
        complain(typed_here(told, sandbox=bool(words.sandbox)))
        return 1
    complain(f"Token {token.id} of {token.principal} is revoked.")
    _tell("token.revoke", token, words)
    return 0


def _tell(event: str, token: "Token", words: argparse.Namespace) -> None:
    """Put it on record afterwards: the file is no database, so the two cannot be one."""
    import anyio

    from deskgate import settings
    from deskgate.desk.audit.said import FINGERPRINT_CHARS, Said, Who
    from deskgate.desk.errors import DeskError
    from deskgate.desk.store import open_store

    async def told(found: settings.Settings) -> None:
        who = Who("human", found.principal, auth="terminal")
        about = {"token": token.id, "principal": token.principal, "credential": token.sha256[:FINGERPRINT_CHARS]}
        dec = {"kind": token.kind, "scopes": sorted(token.scopes), "owner": token.owner}
        store = await open_store(found.database)
        try:
            await store.tell(Said(event, who, about, dec, {"status": "done"}))
        finally:
            await store.aclose()

    try:
        anyio.run(told, settings.read(sandbox=words.sandbox))
    except settings.SettingsError as error:
        complain(
            f"This is not in the audit trail, because the settings of the server are not set here ({error.faults[0]}) Make "
            "tokens where they are set, so that it is. For the pretend world, add --sandbox."
        )
    except DeskError as error:
        complain(f"This is not in the audit trail: {error.sentence}")


def show(path: Path, words: argparse.Namespace) -> int:
    """List the tokens, without anything that opens a door."""
    from deskgate.web.token_file import read_tokens

    tokens = read_tokens(path)
    if words.json:
        json.dump([token.shown() for token in tokens], sys.stdout, indent=2)
        say("")
        return 0
    rows = [("ID", "PRINCIPAL", "KIND", "SCOPES", "OWNER", "CREATED", "LABEL")]
    for token in tokens:
        scopes = ",".join(token.shown()["scopes"])
        rows.append((token.id, token.principal, token.kind, scopes, token.owner, token.created, token.label))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0
