"""The page of ``mmscheck serve`` in a real browser: files and texts given, reports read, shared, approved."""

from __future__ import annotations

import base64
import io
import random
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from mmscheck.fetch import ConnectTo, FetchPolicy
from tests.support.command import image, message
from tests.support.pages import AXE, LAPTOP, PHONE, Scheme, required
from tests.support.serving import BAD, GOOD, TOKENS, served

pytestmark = pytest.mark.browser

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
SIZES = {"phone": PHONE, "laptop": LAPTOP}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PATIENCE = 120_000
BROKEN = GOOD.replace(b"Summer sale", "Fish \U0001f31e & more".encode()).replace(
    b"photo-small.jpg", b"photo.heic"
)
HOSTILE = "<img src=x onerror=alert(1)>"

DROP = """([names, bodies]) => {
  const data = new DataTransfer();
  names.forEach((name, at) => data.items.add(new File(
    [Uint8Array.from(atob(bodies[at]), (char) => char.charCodeAt(0))], name)));
  document.getElementById("drop").dispatchEvent(
    new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("page"), tokens=False) as found:
        yield found


@contextmanager
def opened(
    browser: Browser, url: str, size: tuple[int, int] = LAPTOP, scheme: Scheme = "light", *, calm: bool = True
) -> Iterator[Page]:
    """The page; at its end nothing was said, and nothing was asked of anybody else."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(f"{url}/")
        yield page
        assert not [one for one in asked if not one.startswith((url, "data:", "blob:"))]
        assert not said or not calm
        assert not [one for one in said if "dialog" in one]
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    if not AXE.exists():
        required("axe-core (npm ci in tests/browser)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{item['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for item in found["violations"]
        for node in item["nodes"]
    ]


def pasted(page: Page, text: str) -> None:
    page.fill("#paste", text)
    page.click("#paste-form button.main")
    page.wait_for_selector("#result:not([hidden])")


def dropped(page: Page, files: dict[str, bytes]) -> None:
    bodies = [base64.b64encode(content).decode() for content in files.values()]
    page.evaluate(DROP, [list(files), bodies])
    page.wait_for_selector("#result:not([hidden])")


def noise() -> bytes:
    """A picture of 6 MB."""
    stream = io.BytesIO()
    Image.frombytes("RGB", (1500, 1400), random.Random(1).randbytes(1500 * 1400 * 3)).save(stream, "PNG")
    assert len(stream.getvalue()) > 6_000_000
    return stream.getvalue()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_state_reads_well_for_everybody(browser: Browser, url: str, size: str, scheme: Scheme) -> None:
    with opened(browser, url, SIZES[size], scheme) as page:
        page.wait_for_selector("#give:not([hidden])")
        assert (violations(page), fits(page)) == ([], True)
        page.click("#paste-form button.main")
        assert page.inner_text("#give-fault") == "Paste a message or a URL first."
        assert violations(page) == []
        pasted(page, BAD.decode())
        assert page.inner_text("#verdict") == "Not ready to go out"
        report = page.frame_locator("#report")
        report.locator("body", has_text="U+1F31E").wait_for()
        assert report.locator("text=What the phone shows").count() == 1
        assert (violations(page), fits(page)) == ([], True)
        page.click("#again")
        pasted(page, GOOD.decode())
        assert page.inner_text("#verdict") == "Permitted"
        page.click("#share")
        page.wait_for_selector("#share-told a")
        assert (violations(page), fits(page)) == ([], True)


def test_what_is_dropped_is_judged(browser: Browser, url: str) -> None:
    photo = (MEDIA / "photo-small.jpg").read_bytes()
    files = {
        "sale.xml": BAD,
        "photo-small.jpg": photo,
        "broken.xml": b"<request><name>x",
        "clip.mov": (MEDIA / "clip-small.mov").read_bytes(),
        "photo.heic": (MEDIA / "photo-small.heic").read_bytes(),
        "noise.png": noise(),
    }
    with opened(browser, url) as page:
        page.wait_for_selector("#give:not([hidden])")
        dropped(page, files)
        report = page.frame_locator("#report")
        for name in files.keys() - {"photo-small.jpg"}:
            report.locator("body", has_text=name).wait_for()
        assert page.inner_text("#verdict") == "Not ready to go out"
        page.click("#again")
        dropped(page, {"sale.xml": GOOD, "photo-small.jpg": photo})
        assert page.inner_text("#verdict") == "Nothing stands in the way so far"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_what_was_dropped_is_mended_downloaded_and_permitted(
    browser: Browser, url: str, size: str, scheme: Scheme
) -> None:
    whole = size == "laptop" and scheme == "light"
    pictures = {"slow.mov": (MEDIA / "clip-small.mov").read_bytes(), "noise.png": noise()} if whole else {}
    files = {"sale.xml": BROKEN, "photo.heic": (MEDIA / "photo-small.heic").read_bytes(), **pictures}
    with opened(browser, url, SIZES[size], scheme) as page:
        page.wait_for_selector("#give:not([hidden])")
        dropped(page, files)
        assert page.inner_text("#verdict") == "Not ready to go out"
        assert (violations(page), fits(page)) == ([], True)
        page.click("#mend")
        page.wait_for_selector("#download:not([hidden])")
        assert page.inner_text("#verdict") == "Mended"
        told = page.frame_locator("#report")
        told.locator("img").nth(1).wait_for()  # the report comes after the verdict
        assert "Before" in told.locator("body").inner_text()
        assert (violations(page), fits(page)) == ([], True)
        with page.expect_download() as download:
            page.click("#download")
        with zipfile.ZipFile(download.value.path()) as pack:
            names = pack.namelist()
            assert {"photo.jpg", "sale.xml"} <= set(names)
            assert len(names) == len(files)
            assert b"photo.jpg" in pack.read("sale.xml")
        page.click("#recheck")
        page.wait_for_selector("#download", state="hidden")
        page.wait_for_selector("#result:not([hidden])")
        assert page.inner_text("#verdict") == "Nothing stands in the way so far"
        assert "permits nothing yet" in page.inner_text("#verdict-told")
        assert "Put the mended files where their URLs lead" in page.inner_text("#verdict-told")
        assert page.is_hidden("#mend")
        assert (violations(page), fits(page)) == ([], True)


def test_what_was_mended_is_permitted_once_its_host_has_it(browser: Browser, tmp_path: Path) -> None:
    """A HEIC, a PNG of 6 MB, a film from a camera, a subject with an emoji; the host has none of them yet."""
    files = {
        "sale.xml": message(
            image("photo.heic"),
            image("noise.png"),
            "<video><url>http://media.example.com/slow.mov</url></video>",
            subject="Fish \U0001f31e",
        ).encode(),
        "photo.heic": (MEDIA / "photo-small.heic").read_bytes(),
        "noise.png": noise(),
        "slow.mov": (MEDIA / "clip-small.mov").read_bytes(),
    }
    host = tmp_path / "host"
    host.mkdir()
    with (
        hosted(host) as policy,
        served(tmp_path, tokens=False, policy=policy) as url,
        opened(browser, url) as page,
    ):
        page.wait_for_selector("#give:not([hidden])")
        dropped(page, files)
        assert page.inner_text("#verdict") == "Not ready to go out"
        page.click("#mend")
        page.wait_for_selector("#download:not([hidden])")
        with page.expect_download() as download:
            page.click("#download")
        told(page, "#hosted", "Not ready to go out")
        page.frame_locator("#report").locator("body", has_text="404").first.wait_for()
        reads_well(page)
        with zipfile.ZipFile(download.value.path()) as pack:
            pack.extractall(host)
        told(page, "#hosted", "Permitted")
        assert page.is_hidden("#hosted")
        reads_well(page)


def reads_well(page: Page) -> None:
    """This state, light and dark, on a phone and on a laptop."""
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert (violations(page), fits(page)) == ([], True)


def told(page: Page, button: str, verdict: str) -> None:
    """Press it, and wait for this verdict."""
    page.click(button)
    page.wait_for_selector("#result", state="hidden")
    page.wait_for_selector("#result:not([hidden])")
    assert page.inner_text("#verdict") == verdict


@contextmanager
def hosted(folder: Path) -> Iterator[FetchPolicy]:
    """How the media host is reached that serves a folder, as a real server does: with lengths and types."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        to = ConnectTo("media.example.com", 80, "127.0.0.1", server.server_port)
        yield FetchPolicy(allow_net=("127.0.0.1/32",), connect_to=(to,), timeout=30.0)
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Nobody reads it."""


def test_nothing_hostile_runs(browser: Browser, url: str) -> None:
    document = GOOD.replace(b"Summer sale", b"&lt;script&gt;alert(1)&lt;/script&gt;").replace(
        b"photo-small.jpg", b"photo-small.jpg?a=&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    )
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{HOSTILE}\r\nN:{HOSTILE}\r\nEND:VCARD\r\n".encode()
    with opened(browser, url) as page:
        page.wait_for_selector("#give:not([hidden])")
        name = f"{HOSTILE}.xml"
        dropped(page, {name: document, f"{HOSTILE}.svg": svg, f"{HOSTILE}.vcf": card})
        report = page.frame_locator("#report")
        report.locator("body", has_text=HOSTILE).wait_for()
        assert report.locator("img[src=x]").count() == 0
        page.click("#mend")
        page.wait_for_selector("#download:not([hidden])")
        report.locator("body", has_text=HOSTILE).wait_for()
        assert report.locator("img[src=x]").count() == 0
        # Were a script to get in, it would have no origin, and could read nothing of the service.
        assert report.locator("body").evaluate("() => self.origin") == "null"
        assert page.evaluate("document.querySelector('iframe').contentDocument") is None


def test_it_is_used_by_keyboard_alone(browser: Browser, url: str) -> None:
    with opened(browser, url) as page:
        page.wait_for_selector("#give:not([hidden])")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the message"
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "paste":
                break
        page.keyboard.insert_text(GOOD.decode())
        for _ in range(3):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Check":
                break
        page.keyboard.press("Enter")
        page.wait_for_selector("#result:not([hidden])")
        assert page.evaluate("document.activeElement.id") == "verdict"


def test_a_token_is_asked_for_and_what_its_owner_may_is_there(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as url, opened(browser, url, calm=False) as page:
        page.wait_for_selector("#door:not([hidden])")
        assert violations(page) == []
        page.fill("#token", "wrong-token-0123456789abcdef")
        page.keyboard.press("Enter")
        page.wait_for_selector("#token-fault:not(:empty)")
        page.fill("#token", TOKENS["boss"][0])
        page.keyboard.press("Enter")
        page.wait_for_selector("#give:not([hidden])")
        pasted(page, GOOD.decode())
        page.fill("#name", "Ana Lima")
        page.click("#approve-form button")
        page.wait_for_selector("#approve-told:not(:empty)")
        assert page.inner_text("#approve-told").startswith("Approved by Ana Lima")
        assert violations(page) == []
        assert TOKENS["boss"][0] not in page.content()


def test_a_shared_report_opens_without_a_token(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as url, opened(browser, url, calm=False) as page:
        page.fill("#token", TOKENS["checker"][0])
        page.keyboard.press("Enter")
        page.wait_for_selector("#give:not([hidden])")
        pasted(page, BAD.decode())
        page.click("#share")
        link = page.get_attribute("#share-told a", "href")
        assert link is not None
        with opened(browser, url, calm=False) as other:
            other.goto(link)
            assert "U+1F31E" in other.inner_text("body")
