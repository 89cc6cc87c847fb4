"""A real Chromium, driven over the W3C WebDriver protocol: no package of its own, only HTTP to chromedriver."""

import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"enter": "\ue007", "tab": "\ue004"}
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def missing() -> str | None:
    """Why there is no browser here, or `None`."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed (apt-get install chromium chromium-driver)" if absent else None


@asynccontextmanager
async def driver() -> AsyncIterator[httpx.AsyncClient]:
    """chromedriver on a port of its own choosing."""
    async with await anyio.open_process(["chromedriver", "--port=0"], stderr=None) as process:
        assert process.stdout
        said = ""
        with anyio.fail_after(30):
            while "successfully on port " not in said or not said.endswith("\n"):
                said += (await process.stdout.receive()).decode()
        port = said.rpartition("successfully on port ")[2].split(".")[0]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            try:
                yield client
            finally:
                process.terminate()


@dataclass
class Browser:
    """One browser with an empty profile."""

    http: httpx.AsyncClient
    session: str

    @classmethod
    @asynccontextmanager
    async def open(cls, http: httpx.AsyncClient, width: int = 1280, height: int = 900) -> "AsyncIterator[Browser]":
        options = {"args": [*ARGUMENTS, f"--window-size={width},{height}"], "binary": shutil.which("chromium")}
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        browser = cls(http, (await http.post("/session", json=wanted)).json()["value"]["sessionId"])
        try:
            yield browser
        finally:
            await http.delete(f"/session/{browser.session}")

    async def call(self, path: str, **given: Any) -> Any:
        answer = (await self.http.post(f"/session/{self.session}/{path}", json=given)).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer["message"]
        return answer

    async def go(self, url: str) -> None:
        await self.call("url", url=url)

    async def run(self, script: str, *arguments: Any) -> Any:
        return await self.call("execute/sync", script=script, args=list(arguments))

    async def click(self, selector: str) -> None:
        element = await self.call("element", using="css selector", value=selector)
        await self.call(f"element/{element[ELEMENT]}/click")

    async def write(self, selector: str, text: str) -> None:
        element = await self.call("element", using="css selector", value=selector)
        await self.call(f"element/{element[ELEMENT]}/value", text=text)

    async def press(self, *keys: str) -> None:
        """Keys of the keyboard, for whatever has the focus."""
        strokes = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        await self.call("actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    async def text(self) -> str:
        return str(await self.run("return document.body ? document.body.innerText : ''"))

    async def sees(self, words: str) -> str:
        """Wait until these words stand on the page (a form's answer may still be on its way); gives all of its text."""
        text = ""
        with anyio.move_on_after(20):
            while words not in text or await self.run("return document.readyState") != "complete":
                text = await self.text()
        assert words in text, text
        return text

    async def at(self, path: str) -> None:
        """Wait until the page at this address has loaded."""
        here = ""
        with anyio.move_on_after(20):
            while here != path or await self.run("return document.readyState") != "complete":
                here = str(await self.run("return location.pathname"))
        assert here == path

    async def media(self, **features: str) -> None:
        """For example prefers_color_scheme="dark"."""
        told = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        await self.call("goog/cdp/execute", cmd="Emulation.setEmulatedMedia", params={"features": told})

    async def size(self, width: int, height: int, *, phone: bool = False) -> None:
        screen = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        await self.call("goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=screen)

    async def picture(self, path: Path, *, whole: bool = True) -> None:
        """A screenshot, of the whole page or of what the window shows."""
        taken = await self.call(
            "goog/cdp/execute", cmd="Page.captureScreenshot", params={"captureBeyondViewport": whole}
        )
        await anyio.Path(path).write_bytes(base64.b64decode(taken["data"]))
