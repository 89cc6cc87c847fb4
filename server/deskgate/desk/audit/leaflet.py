"""VERIFY.txt: how to check an export with programs that the auditor trusts already."""

import base64

from deskgate.desk.audit.verify import Key

_TEXT = """\
How to check this folder
========================

It holds {records} of the {size} records of the log {name}.
Lines below that start with "$ " are commands for a POSIX shell in this folder (they are run by deskgate's tests).
They need coreutils, OpenSSH 8.2 or newer, OpenSSL 3 or newer. No network is needed.

What you need from elsewhere
----------------------------
Whoever made this folder could have made the keys in it. So get these two from the log's operator by another way:

  the log's key        {vkey}
  a checkpoint         any copy of the file "checkpoint" that was kept elsewhere: the newer, the more it covers, but
                       not newer than this folder (over more than {size} records): ask for a newer folder then;
                       or the file to which all are appended (DESKGATE_AUDIT_ANCHOR), or three lines from paper

1. Nothing was changed on the way
---------------------------------
$ sha256sum -c SHA256SUMS
$ ssh-keygen -Y verify -f allowed_signers -I {name} -n file -s SHA256SUMS.sig < SHA256SUMS

Compare the key in "allowed_signers" with the log's key: both hold the same 32 bytes.

2. The log's key signed the checkpoint
--------------------------------------
The text up to the empty line is what was signed. After the empty line, the signature is what follows the first four
bytes (the key's id) of the base64 text.

$ sed '/^$/,$d' checkpoint > "${{TMPDIR:-/tmp}}/checkpoint.text"
$ grep '^— {name} {prefix}' checkpoint | cut -d' ' -f3 | openssl base64 -d -A \\
| tail -c 64 > "${{TMPDIR:-/tmp}}/checkpoint.sig"
$ openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in "${{TMPDIR:-/tmp}}/checkpoint.text" \\
-sigfile "${{TMPDIR:-/tmp}}/checkpoint.sig"

3. The records are those of the checkpoint, and the checkpoint follows the one you kept
----------------------------------------------------------------------------------------
This takes a program. deskgate's is one file, server/deskgate/desk/audit/verify.py of its source, which needs Python 3.11
and the package "cryptography" and nothing of deskgate. Take it from the source, never from whoever sent you this folder.

  python verify.py . --key '{vkey}' --anchor YOUR-COPY

It ends with 0: intact, and all of it covered by your copy; 1: tampered, and it names the record and the rule; 2: nothing
wrong found, and it says what no copy from outside covers; 3: unreadable. With "--pin FILE" it keeps the checkpoint
that it saw, and the next export must follow from it.

What is what
------------
audit.jsonl         one record a line, canonical JSON (RFC 8785). "prev" is the SHA-256 of the line before without its
                    newline, in record 0 sixty-four zeros; "seq" counts from 0 without gaps.
audit.csv           the same for people. An apostrophe before a cell keeps a spreadsheet from calculating it.
checkpoint          the newest signed checkpoint (C2SP tlog-checkpoint): the log's name, its size, its root.
checkpoints.jsonl   all of them; in a selection each with its proof of consistency (RFC 6962) with the newest one.
policy              the log's keys (C2SP tlog-policy).
proofs/             in a selection: inclusion proofs (C2SP tlog-proof). A record without one is tied by the "prev" of
                    the record after it.
personal.jsonl      if present: names, addresses and texts that were not erased. HMAC-SHA-256 of "person", a newline and
                    "text" with "key" is the commitment in the record "seq".
public-key.*        the key that signed, as C2SP vkey, PEM and SSH key; allowed_signers is for ssh-keygen.

The tree (RFC 6962, SHA-256): a leaf is the hash of a zero byte and the line WITHOUT its newline; a node is the hash of a
one byte, the left and the right hash. By hand, for the first line here: the "prev" of the record after it, and its leaf:

$ sed -n 1p audit.jsonl | tr -d '\\n' | sha256sum
$ (printf '\\000'; sed -n 1p audit.jsonl | tr -d '\\n') | sha256sum

What cannot be seen from here
-----------------------------
Changes after the newest copy of a checkpoint that was kept outside, by somebody who holds the signing key. Events that
were never recorded. Statements that were untrue when they were written. In a selection: whether something was left out.
"""


def leaflet(key: Key, records: int, size: int) -> str:
    """The text of VERIFY.txt."""
    prefix = base64.b64encode(key.id + b"\0").decode()[:5]  # what four known bytes fix of the base64 text
    return _TEXT.format(name=key.name, vkey=key.vkey, records=records, size=size, prefix=prefix)
