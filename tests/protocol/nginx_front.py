"""A real nginx with one of the examples, under this machine's name, on free ports and with a certificate of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deskgate.protocol.http import listen

EXAMPLES = Path(__file__).parents[2] / "examples"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
OPENSSL = shutil.which("openssl")

needs_nginx = pytest.mark.skipif(not (NGINX and OPENSSL), reason="runs where nginx and openssl are installed")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with listen("127.0.0.1", 0) as found:
        return int(found.getsockname()[1])


def certificate(folder: Path) -> None:
    """A certificate for localhost, and its key."""
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([OPENSSL or "", *words.split(), *files], check=True, capture_output=True)


@contextmanager
def nginx(folder: Path, example: str, port: int, upstreams: dict[str, str]) -> Iterator[None]:
    """The example on this port, its upstreams' addresses (`127.0.0.1:8642`) replaced by ours."""
    site = (EXAMPLES / example).read_text()
    named = {f"server {old}": f"server {new}" for old, new in upstreams.items()}
    fixed = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "desk.example.com": "localhost",
        "/etc/ssl/deskgate": str(folder),
    }
    for old, new in (fixed | named).items():
        assert old in site
        site = site.replace(old, new)
    for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        site += f"{one}_temp_path {folder}/{one};\n"
    conf = folder / "nginx.conf"
    conf.write_text(f"daemon off; pid {folder}/pid; events {{}} http {{ access_log off;\n{site} }}\n")
    process = subprocess.Popen([NGINX or "", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(conf)])
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)
