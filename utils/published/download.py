"""Downloading one file: resumed where it stopped, checked before it appears under its name."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHUNK = 2**16  # bytes
SECONDS = 30.0  # without any byte until a server counts as gone


def download(
    url: str,
    target: Path,
    *,
    sha256: str,
    make_bar: Callable[..., Any],
) -> Path:
    """Fetch a file unless it is there.

    What has arrived is kept as ``<name>.part`` beside the target; the next call goes on there.

    Args:
        url: http or https address.
        target: the file; it appears whole and checked, or not at all.
        sha256: hexadecimal prefix that its digest must have; "" for none.
        make_bar: makes a progress bar (tqdm's arguments).

    Returns:
        The target.

    Raises:
        ValueError: the server cannot be reached, has no such file, stops early, or gives a file of
            another digest. The message says where to put the file by hand.
    """
    by_hand = f"Or put the file there by hand: {target}"
    if target.is_file():
        _check(target, url, sha256, by_hand, delete=False)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        _fetch(url, part, make_bar)
    except urllib.error.HTTPError as err:
        raise ValueError(f"{url}: server must give the file, got {err.code}. {by_hand}") from err
    except (urllib.error.URLError, http.client.HTTPException, OSError) as err:
        reason = getattr(err, "reason", None) or err
        raise ValueError(
            f"{url}: download must arrive whole, but it broke off ({reason}). Run it again: it "
            f"goes on where it stopped. {by_hand}"
        ) from err
    _check(part, url, sha256, by_hand, delete=True)
    part.replace(target)
    return target


def _fetch(url: str, part: Path, make_bar: Callable[..., Any]) -> None:
    """Append what is missing; all of it from a server that cannot resume, or after too much."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as err:
        if err.code != 416 or not have:
            raise
        size = err.headers.get("Content-Range", "").rpartition("/")[2]
        if size in (str(have), "*", ""):  # nothing is missing, as far as the server says
            return
        part.unlink()  # it is longer than the file
        return _fetch(url, part, make_bar)
    with answer:
        if answer.status != 206:
            have = 0
        missing = int(answer.headers.get("Content-Length", -1))
        total = None if missing < 0 else have + missing
        bar = make_bar(total=total, initial=have, unit="B", unit_scale=True, desc=part.stem)
        with bar, part.open("ab" if have else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
                have += len(chunk)
    if total is not None and have < total:
        raise OSError(f"{have} of {total} bytes")


def _check(file: Path, url: str, sha256: str, by_hand: str, *, delete: bool) -> None:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest.startswith(sha256):
        return
    found = f"SHA-256 must begin with {sha256}, got {digest[: max(8, len(sha256))]}"
    if delete:
        file.unlink()
        raise ValueError(f"{url}: {found}; what arrived was deleted. Run it again. {by_hand}")
    raise ValueError(f"{file}: {found}. Delete it, then run again.")
