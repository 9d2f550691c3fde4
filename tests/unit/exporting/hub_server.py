"""As much of the Hub's own interface as pushing a folder and having it again needs."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer(ThreadingHTTPServer):
    """Keeps the files of one repository in memory.

    Attributes:
        files: by their paths.
        asked: methods and paths of all requests, in their order.
        tokens: that requests carried.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.large: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _say(self, value: Any, code: int = 200, **headers: str) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        for name, each in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), each)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _noted(self) -> str:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{self.command} {path}")
        self.server.tokens.add(self.headers.get("Authorization", ""))
        return path

    def do_POST(self) -> None:
        path, body = self._noted(), self._body()
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            self._say({"url": f"{self.server.address}/{name}", "name": name, "id": "1"})
        elif "/preupload/" in path:
            files = json.loads(body)["files"]
            self._say({"files": [
                {"path": each["path"], "shouldIgnore": False, "oid": None,
                 "uploadMode": "lfs" if each["path"].endswith(".safetensors") else "regular"}
                for each in files
            ]})  # fmt: skip
        elif path.endswith("/info/lfs/objects/batch"):
            objects = [
                {
                    **each,
                    "actions": {"upload": {"href": f"{self.server.address}/put/{each['oid']}"}},
                }
                for each in json.loads(body)["objects"]
            ]
            self._say({"transfer": "basic", "objects": objects})
        elif "/commit/" in path:
            self._commit(body)
        elif path == "/api/validate-yaml":
            self._say({"errors": [], "warnings": []})
        else:
            self._say({"error": "Not found"}, 404)

    def _commit(self, body: bytes) -> None:
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.server.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.server.files[value["path"]] = self.server.large[value["oid"]]
        url = f"{self.server.address}/ann/x/commit/{COMMIT}"
        self._say({"commitUrl": url, "commitOid": COMMIT, "success": True})

    def do_PUT(self) -> None:
        path = self._noted()
        self.server.large[path.rpartition("/")[2]] = self._body()
        self._say(b"")

    def do_GET(self) -> None:
        path, files = self._noted(), self.server.files
        name = path.partition(f"/resolve/{COMMIT}/")[2]
        if "/revision/" in path or path.count("/") == 4:
            siblings = [{"rfilename": each} for each in files]
            self._say({"id": "ann/x", "sha": COMMIT, "siblings": siblings, "private": False,
                       "tags": [], "downloads": 0, "likes": 0})  # fmt: skip
        elif "/tree/" in path:
            self._say([{"type": "file", "path": each, "size": len(content),
                        "oid": hashlib.sha1(content, usedforsecurity=False).hexdigest()}
                       for each, content in files.items()])  # fmt: skip
        elif name in files:
            etag = hashlib.sha256(files[name]).hexdigest()
            self._say(files[name], ETag=f'"{etag}"', X_Repo_Commit=COMMIT)
        else:
            self._say({"error": "Not found"}, 404, X_Error_Code="EntryNotFound")

    do_HEAD = do_GET  # noqa: N815  (the name is that of the base)


@contextmanager
def hub() -> Iterator[HubServer]:
    """A Hub on a free port of this machine."""
    server = HubServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
