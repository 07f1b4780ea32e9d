"""Published weights: fetched from a server on this machine that behaves well or badly."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tqdm import tqdm

import utils.published.catalogue as catalogue_module
from tools import get_weights
from utils.published.catalogue import catalogue, find_weights, get_published
from utils.published.download import download

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Gives /good whole and in parts, breaks /broken off once, has nothing else."""

    broken = True
    asked: list = []

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("Range"))
        if self.path not in ("/good", "/broken", "/plain"):
            self.send_error(404)
            return
        start = 0
        if self.headers.get("Range") and self.path != "/plain":
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            if start >= len(CONTENT):
                self.send_response(416)
                if self.path == "/good":
                    self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
                self.end_headers()
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        body = CONTENT[start:]
        if self.path == "/broken" and Handler.broken:
            Handler.broken = False
            body = body[:100_000]
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def server():
    Handler.broken, Handler.asked = True, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def fetch(url: str, target: Path, sha256: str = DIGEST[:8]) -> Path:
    return download(url, target, sha256=sha256, make_bar=lambda **k: tqdm(disable=True, **k))


def test_a_file_arrives_checked_and_is_not_fetched_twice(server, tmp_path):
    target = tmp_path / "new" / "a.pth"
    for _ in range(2):
        assert fetch(f"{server}/good", target).read_bytes() == CONTENT
    assert Handler.asked == [None]
    assert list(target.parent.iterdir()) == [target]


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    target = tmp_path / "a.pth"
    with pytest.raises(ValueError, match=r"broken: .*100000 of 256000 bytes.*by hand: .*a\.pth"):
        fetch(f"{server}/broken", target)
    assert not target.exists()
    assert fetch(f"{server}/broken", target).read_bytes() == CONTENT
    assert Handler.asked == [None, "bytes=100000-"]


@pytest.mark.parametrize(
    ("path", "length"), [("/plain", 1000), ("/good", len(CONTENT)), ("/broken", len(CONTENT))]
)  # /broken states no size with its 416
def test_a_server_that_cannot_resume_or_has_no_more_to_give(server, tmp_path, path, length):
    (tmp_path / "a.pth.part").write_bytes(CONTENT[:length])
    assert fetch(server + path, tmp_path / "a.pth").read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_begins_anew(server, tmp_path):
    (tmp_path / "a.pth.part").write_bytes(CONTENT + b"of another file")
    assert fetch(f"{server}/good", tmp_path / "a.pth", "").read_bytes() == CONTENT
    assert Handler.asked == [f"bytes={len(CONTENT) + 15}-", None]


def test_another_digest_is_refused_and_nothing_stays(server, tmp_path):
    with pytest.raises(ValueError, match="SHA-256 must begin with 0123abcd, got"):
        fetch(f"{server}/good", tmp_path / "a.pth", "0123abcd")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.pth").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"a\.pth: SHA-256 must begin .* Delete it, then run"):
        fetch(f"{server}/good", tmp_path / "a.pth")


def test_no_such_file_and_no_server_say_where_to_put_it(server, tmp_path):
    with pytest.raises(ValueError, match=r"nothing: server must give the file, got 404. Or put"):
        fetch(f"{server}/nothing", tmp_path / "a.pth")
    with pytest.raises(ValueError, match=r"broke off .*refused.* by hand"):
        fetch("http://127.0.0.1:1/good", tmp_path / "a.pth")


def test_the_list_is_complete_and_its_configs_are_there(capsys):
    root = Path(__file__).resolve().parents[3]
    for entry in catalogue().values():
        assert (root / entry.config).is_file(), entry.name
        assert entry.url.startswith("https://")
        assert entry.sha256 in entry.url
        assert entry.licence
        assert entry.source
    get_weights.main(["--list"])
    assert "yolov5n" in capsys.readouterr().out


def test_a_name_stands_for_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue_module, "WEIGHTS", tmp_path)
    with pytest.raises(ValueError, match=r"Run: python tools/get_weights.py yolov5n"):
        find_weights("yolov5n")
    (tmp_path / "yolov5n.onnx").touch()
    assert find_weights("yolov5n") == tmp_path / "yolov5n.onnx"
    assert find_weights("some/file.pth") == Path("some/file.pth")
    with pytest.raises(ValueError, match="Did you mean 'yolov5n'"):
        get_published("yolov5-n")
