"""The server's own key, which seals page cursors.

With the setting `secret-file` it is kept in a file that only its owner can read, so that cursors
outlive the process and several processes understand each other's. Without, it is drawn at start:
a cursor then ends with the process, and its caller begins again from the first page.
"""

import os
import secrets
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


def server_key(file: Path | None) -> bytes:
    """The key: read from the file, written to it if it does not exist, or drawn.

    Raises OSError, and ValueError for a file that holds no key.
    """
    if file is None:
        return secrets.token_bytes(KEY_BYTES)
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        text = secrets.token_hex(KEY_BYTES) + "\n"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as opened:
            opened.write(text)
    key = bytes.fromhex(text.strip())
    if len(key) != KEY_BYTES:
        raise ValueError(f"{file} does not hold a key of {KEY_BYTES} bytes in hexadecimal")
    return key
