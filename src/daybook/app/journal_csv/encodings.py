"""The encodings that journal files are read in: those of text, by whichever name they go.

A list rather than all that the language has: among those are compressions, escapes that mean other
text than stands there, and some that fail in ways of their own.
"""

from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import Final

ENCODING_NAME_LENGTH_MAX: Final = 40
"""Characters of a name that are looked at: the longest has some twenty."""

_ENCODINGS: Final = frozenset(
    (
        *("ascii", "utf_8", "utf_8_sig", "utf_16", "utf_16_be", "utf_16_le", "utf_32"),
        *("latin_1", *(f"iso8859_{part}" for part in range(2, 17) if part != 12)),
        *(f"cp{page}" for page in range(1250, 1259)),
        *("cp437", "cp850", "cp852", "cp858", "cp866", "koi8_r", "koi8_u", "mac_roman"),
        *("shift_jis", "cp932", "euc_jp", "gbk", "gb18030", "big5", "euc_kr", "cp949"),
    )
)
"""What programs have written CSV files in: Unicode, Windows, DOS, Latin and East Asian."""


def encoding_of(name: str) -> str | None:
    """The encoding of a name such as `UTF-8`, `windows-1252` or `latin1`; None if there is none."""
    if len(name) > ENCODING_NAME_LENGTH_MAX or not name.isascii():
        return None
    plain = normalize_encoding(name.lower())
    known = aliases.get(plain, plain)
    return known if known in _ENCODINGS else None


def undecodable(error: UnicodeError) -> str:
    """What is told where a file is not in the encoding it is read in."""
    kind = f"{error.encoding} text" if isinstance(error, UnicodeDecodeError) else f"text: {error}"
    return f"not {kind}; say which encoding the file has"
