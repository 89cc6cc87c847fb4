"""Names, addresses and pretend credentials of the sandbox. None of them opens anything real."""

ORIGIN = "http://sandbox.localhost"
"""Where `SandboxTransport` answers inside the process; nothing listens there."""

API_USER_EMAIL = "deskgate@desk.example.com"
HUMAN_AGENT_EMAIL = "ines@desk.example.com"
API_USER_ID = 33144692240001
HUMAN_AGENT_ID = 33144692240002

ZENDESK_TOKEN = "zd_test_sandbox_token"  # noqa: S105
ZENDESK_BEARER = "zd_test_sandbox_oauth"
ZENDESK_REFRESH = "zd_test_sandbox_refresh"
ZENDESK_CLIENT_ID = "deskgate_sandbox"
ZENDESK_CLIENT_SECRET = "zd_test_sandbox_client_secret"  # noqa: S105

MULTIMAIL_SEND_KEY = "mm_test_sandbox_send"
MULTIMAIL_OVERSIGHT_KEY = "mm_test_sandbox_oversight"
MULTIMAIL_ADMIN_KEY = "mm_test_sandbox_admin"

MULTIMAIL_WEBHOOK_SECRET = "whsec_test_sandbox_multimail"  # noqa: S105
ZENDESK_WEBHOOK_SECRET = "zd_test_sandbox_webhook"  # noqa: S105
MULTIMAIL_WEBHOOK_ID = "01KSANDB0X0WEBH00K00000001"
ZENDESK_WEBHOOK_ID = "01KSANDB0X0WEBH00K00000002"

DESK = "http://127.0.0.1:8642"
"""Where `deskgate serve --transport http` answers unless told otherwise: the first webhooks go there."""

MAILBOX_ADDRESS = "support@desk.example.com"
MAILBOX_ID = "01KSANDB0X0MA1LB0X00000001"


def SANDBOX_ENVIRONMENT(base: str) -> dict[str, str]:  # noqa: N802
    """The environment lines that connect a program to the sandbox at `base` (an origin, without a trailing slash)."""
    return {
        "ZENDESK_BASE_URL": f"{base}/zendesk",
        "ZENDESK_EMAIL": API_USER_EMAIL,
        "ZENDESK_TOKEN": ZENDESK_TOKEN,
        "MULTIMAIL_BASE_URL": f"{base}/multimail",
        "MULTIMAIL_TOKEN": MULTIMAIL_SEND_KEY,
        "MULTIMAIL_OVERSIGHT_TOKEN": MULTIMAIL_OVERSIGHT_KEY,
        "MULTIMAIL_ADMIN_TOKEN": MULTIMAIL_ADMIN_KEY,
        "MULTIMAIL_MAILBOX": MAILBOX_ADDRESS,
        "MULTIMAIL_WEBHOOK_SECRET": MULTIMAIL_WEBHOOK_SECRET,
        "ZENDESK_WEBHOOK_SECRET": ZENDESK_WEBHOOK_SECRET,
    }
