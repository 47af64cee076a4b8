"""The fields of a form, also of one with files in it.

A browser sends files in a body of parts (`multipart/form-data`, RFC 7578). A file's bytes come as a
text of one character a byte under the field's name (`file_bytes` gives them back), and its name
under `<field>.name`.
"""

from typing import Final

from daybook.protocols.kit import http
from daybook.protocols.kit.plugin import Request

PARTS_MAX: Final = 50
"""Parts of one body: our forms have a dozen fields."""

PART_HEAD_BYTES_MAX: Final = 4_096
"""Bytes of the headers of a part: two lines, one of them with a file name."""

_MULTIPART: Final = "multipart/form-data"


def read_form(request: Request) -> dict[str, str]:
    """The fields by name. Raises `TooManyParameters`; what is no form has no fields."""
    kind, parameters = http.content_type(request.headers)
    if kind != _MULTIPART:
        return http.form_map(request.body)
    boundary = parameters.get("boundary", "").encode("latin-1", "replace")
    return {} if not boundary else _parts(request.body, boundary)


def file_bytes(text: str) -> bytes:
    """The bytes of a file from its field."""
    return text.encode("latin-1", "replace")


def _parts(body: bytes, boundary: bytes) -> dict[str, str]:
    form: dict[str, str] = {}
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, PARTS_MAX + 2)
    if len(pieces) > PARTS_MAX + 2:
        raise http.TooManyParameters(f"more than {PARTS_MAX} parts")
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        head, end, content = piece.partition(b"\r\n\r\n")
        if not end or len(head) > PART_HEAD_BYTES_MAX:
            continue
        name, file_name = _names(head.decode("utf-8", "replace"))
        if name is None:
            continue
        if file_name is None:
            form[name] = content.decode("utf-8", "replace")
        else:
            form[name] = content.decode("latin-1")
            form[f"{name}.name"] = file_name
    return form


def _names(head: str) -> tuple[str | None, str | None]:
    """The name of a part's field, and that of its file, None where it has none."""
    for line in head.split("\r\n"):
        title, _, text = line.partition(":")
        if title.strip().lower() == "content-disposition":
            pairs = (piece.partition("=") for piece in text.split(";") if "=" in piece)
            found = {key.strip().lower(): given.strip().strip('"') for key, _, given in pairs}
            return found.get("name"), found.get("filename")
    return None, None
