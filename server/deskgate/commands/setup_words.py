"""The words of `deskgate setup` on the command line."""

from deskgate.commands.words import Commands, answered_by, with_json

CODES = """\
exit codes: 0 done, or nothing to do · 1 refused, or not as it should be · 2 wrong words on the command line, unusable
settings, or the operator's code is wanted and nobody is there to ask · 130 interrupted"""


def add(commands: Commands) -> None:
    """Add `setup` with its two parts."""
    text = (
        "Make the mailbox or the webhook at MultiMail, with the admin key and the code that the operator gets by email."
    )
    parser = commands.add_parser("setup", help="make the mailbox or the webhook", description=text, epilog=CODES)
    parts = parser.add_subparsers(metavar="PART", dest="what", required=True)
    mailbox = parts.add_parser("mailbox", help="see that the support mailbox is there and holds what is sent")
    mailbox.add_argument("--address", help="of the mailbox; default: MULTIMAIL_MAILBOX")
    mailbox.add_argument("--display-name", metavar="NAME", help="what customers see beside the address")
    webhook = parts.add_parser("webhook", help="have MultiMail tell deskgate what happens; for Zendesk, show how")
    webhook.add_argument("--url", help="where deskgate is reached; default: DESKGATE_PUBLIC_URL")
    webhook.add_argument(
        "--replace", action="store_true", help="a new registration with a new secret, then drop the old"
    )
    for part in (mailbox, webhook):
        part.add_argument("--code", help="the operator's code, from the email")
        part.add_argument("--yes", action="store_true", help="do what would be offered, without a question")
        with_json(part, said="machine-readable; sentences go to standard error")
    parser.set_defaults(run=answered_by("setup"))
