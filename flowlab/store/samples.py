"""Sample clips a person may download: a table the project carries, and a fetch that trusts nothing.

Only https addresses (http on this machine itself: tests and mirrors), never more bytes than the
table says, and only the content whose sha256 the table names.
"""

import http.client
import ipaddress
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from typing import IO
from urllib.parse import urlsplit

from flowlab.errors import DownloadError, shown
from flowlab.store.clips import find_clip, remember_clip
from flowlab.store.objects import Store
from flowlab.store.sizes import size_text

Progress = Callable[[float, str], None]
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Sample:
    """A clip that may be downloaded.

    Attributes:
        key: its name in the table and in links.
        title: what a page calls it.
        url: where it lies.
        sha256: its content hash, 64 hexadecimal digits.
        bytes: its exact size.
        frames: its number of frames.
        size: pixels of a frame, "960x540".
        fps: frames per second, as its publisher rounds them.
        licence: the licence it is under.
        credit: whom to name.
    """

    key: str
    title: str
    url: str
    sha256: str
    bytes: int
    frames: int
    size: str
    fps: float
    licence: str
    credit: str

    @property
    def host(self) -> str:
        """The machine it comes from, for messages and captions."""
        return urlsplit(self.url).hostname or "nowhere"


def samples() -> dict[str, Sample]:
    """Return the table of sample clips: key -> sample, in the table's order."""
    table = json.loads((resources.files("flowlab.store") / "samples.json").read_text("utf-8"))
    return {key: Sample(key=key, **facts) for key, facts in table.items()}


def fetch_sample(
    store: Store,
    sample: Sample,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    timeout: float = 15.0,
) -> str:
    """Download a sample into the store, unless it is there, and remember it as a clip named by its title.

    Args:
        store: where it goes.
        sample: a row of the table.
        progress: called with the share that has arrived (0 to 1) and a sentence.
        cancelled: asked before every read, the longest of which takes `timeout`; True ends the download.
        timeout: seconds without a byte after which the network counts as down.

    Returns:
        The content hash, `sample.sha256`.

    Raises:
        DownloadError: it could not be fetched whole and unaltered, or was cancelled; nothing is kept.
        StoreError: the store has no room for it.
    """
    if not store.has(sample.sha256):
        _check_address(sample)
        try:
            request = urllib.request.Request(sample.url, headers={"User-Agent": "flowlab"})
            with _opener(sample.url).open(request, timeout=timeout) as response:
                _receive(response, store, sample, progress or _nobody, cancelled or _never)
        except (OSError, http.client.HTTPException) as error:  # the store's own come as StoreError
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise DownloadError(
                f"the sample {shown(sample.title)} could not be fetched from {sample.host} "
                f"({_reason(error, timeout)}): check the network, or drop a clip of your own"
            ) from error
    known = find_clip(store, sample.sha256)
    if known is None or known.name != sample.title:
        remember_clip(store, sample.sha256, sample.title)
    return sample.sha256


def _receive(
    response: http.client.HTTPResponse,
    store: Store,
    sample: Sample,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> None:
    """Put the sample into the store if the response holds it, whole and unaltered."""
    if response.length not in (None, sample.bytes):
        raise _altered(sample, f"{response.length} bytes instead of {sample.bytes}")
    with store.incoming(announced=sample.bytes) as arriving:
        while not cancelled():
            # read1 returns what has arrived; read would wait for a whole chunk before `cancelled` is asked.
            chunk = response.read1(_CHUNK)
            if not chunk:
                break
            if arriving.size + len(chunk) > sample.bytes:
                raise _altered(sample, f"more than its {sample.bytes} bytes")
            arriving.write(chunk)
            received = f"{size_text(arriving.size)} of {size_text(sample.bytes)}"
            progress(arriving.size / sample.bytes, f"{sample.title}: {received}")
        else:
            raise DownloadError(
                f"the download of {shown(sample.title)} was cancelled after {size_text(arriving.size)} of "
                f"{size_text(sample.bytes)}: choose the sample again to start anew"
            )
        if arriving.size < sample.bytes:
            raise DownloadError(
                f"the sample {shown(sample.title)} arrived only in part from {sample.host} ({arriving.size} of "
                f"{sample.bytes} bytes): check the network and try again, or drop a clip of your own"
            )
        if arriving.content_hash != sample.sha256:
            raise _altered(sample, "its checksum differs")
        arriving.commit()


def _nobody(_share: float, _sentence: str) -> None:
    """Show progress to nobody."""


def _never() -> bool:
    return False


def _altered(sample: Sample, what: str) -> DownloadError:
    return DownloadError(
        f"what {sample.host} sent is not the sample {shown(sample.title)} ({what}): check that the network "
        "shows no sign-in page of its own, or drop a clip of your own"
    )


def _reason(error: Exception, timeout: float) -> str:
    """Say in a few words why the network failed; never in the server's own words."""
    if isinstance(error, urllib.error.HTTPError):
        known = http.client.responses.get(error.code, "")
        return f"the server said {error.code} {known}".rstrip()
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _reason(error.reason, timeout)
    if isinstance(error, TimeoutError):
        return f"nothing came for {timeout:g} s"
    if isinstance(error, ssl.SSLError):
        return "no secure connection"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, http.client.HTTPException):
        return "the answer was not understood"
    return "no connection"


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _allowed(url: str) -> bool:
    with suppress(ValueError):  # "http://[": no address at all
        parts = urlsplit(url)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
        )
    return False


def _check_address(sample: Sample) -> None:
    if not _allowed(sample.url):
        raise DownloadError(
            f"the address of the sample {shown(sample.title)} is {shown(sample.url)}: only https addresses are "
            "fetched, drop a clip of your own"
        )


class _SameSchemeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to an address as good as the first: https stays https, this machine this machine."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not _allowed(newurl) or urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            fp.close()
            raise DownloadError(
                f"{urlsplit(req.full_url).hostname} sent the download on to {shown(newurl)}, where samples are not "
                "fetched from: drop a clip of your own"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Return an opener that knows the system's proxy, but not for this machine itself."""
    on_this_machine = urlsplit(url).scheme == "http"
    proxy = urllib.request.ProxyHandler({} if on_this_machine else None)
    return urllib.request.build_opener(_SameSchemeRedirects, proxy)
