"""Templates to answers. Everything put into a template is escaped; the templates hold no script and no style."""

import hashlib
from datetime import datetime, timedelta
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import HTMLResponse, Response

from deskgate import __version__
from deskgate.desk.clock import Clock, parse_time
from deskgate.desk.text import label
from deskgate.web.approvals.mailview import shown

STATIC = {"approvals.css": "text/css", "approvals.js": "text/javascript", "icon.svg": "image/svg+xml"}


class Pages:
    """The templates, read once, and the static files with a version in their address."""

    def __init__(self, clock: Clock, *, sandbox: bool = False) -> None:
        here = files(__package__)
        self.static = {name: (here / "static" / name).read_bytes() for name in STATIC}
        sources = {
            one.name: one.read_text("utf-8") for one in (here / "templates").iterdir() if one.name.endswith(".html")
        }
        self._clock = clock
        self._templates = Environment(
            loader=DictLoader(sources),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        stamp = hashlib.sha256(b"".join(self.static.values())).hexdigest()[:12]
        self._templates.globals.update(stamp=stamp, version=__version__, sandbox=sandbox)
        self._templates.filters.update(
            shown=shown,
            label=label,
            clock=lambda text: (found := parse_time(text)) and found.strftime("%-d %b %Y, %H:%M UTC"),
            age=lambda text: age(text, self._clock.now()),
        )

    def render(self, template: str, *, status: int = 200, **facts: object) -> Response:
        """A page as an answer."""
        told = {"reviewer": None, "form_token": "", "signed": None, **facts}
        return HTMLResponse(self._templates.get_template(template).render(told), status_code=status)

    def file(self, name: str) -> Response:
        """A static file; its address changes with its content, so a browser may keep it."""
        kept = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(self.static[name], media_type=STATIC[name], headers=kept)


def age(text: object, now: datetime) -> str:
    """How long ago, in the largest unit that says something."""
    since = parse_time(text)
    if since is None:
        return "unknown"
    minutes = max(0, int((now - since) / timedelta(minutes=1)))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
