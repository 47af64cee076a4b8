"""Letters for paper: which font has a character, so that a name in any script can be printed.

The DejaVu fonts are collected at installation with the files for browsers, and hold European
scripts, Arabic and Hebrew among many. Chinese, Japanese and Korean are printed with the fonts that
viewers of PDF files have themselves. What is in none of them is printed as a box.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from daybook.assets import font_path

_EAST: Final = (
    ("\uac00", "\ud7a3", "HYSMyeongJo-Medium"),
    ("\u3040", "\u30ff", "HeiseiMin-W3"),
    ("\u3000", "\u303f", "HeiseiMin-W3"),
    ("\u4e00", "\u9fff", "STSong-Light"),
    ("\uff00", "\uffef", "HeiseiMin-W3"),
)
"""First and last character of a range, and the font that viewers have for it."""

BOX: Final = "\u25a1"
"""What stands for a character that no font has."""

REGULAR: Final = "Daybook"
BOLD: Final = "Daybook-Bold"


@lru_cache(maxsize=1)
def glyphs() -> frozenset[int]:
    """Code points of the fonts `REGULAR` and `BOLD`, which are made known by the first call."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    regular, bold = font_path("DejaVuSans.ttf"), font_path("DejaVuSans-Bold.ttf")
    plain = TTFont(REGULAR, "Vera.ttf" if regular is None else str(regular))
    pdfmetrics.registerFont(plain)
    pdfmetrics.registerFont(TTFont(BOLD, "VeraBd.ttf" if bold is None else str(bold)))
    for name in {font for _, _, font in _EAST}:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(plain.face.charToGlyph)


def runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """A text in pieces, each with the font that has its characters."""
    known, piece, current = glyphs(), "", font
    for character in text:
        wanted, shown = _font_of(character, font, known)
        if wanted != current and piece:
            yield piece, current
            piece = ""
        current = wanted
        piece += shown
    if piece:
        yield piece, current


def _font_of(character: str, font: str, known: frozenset[int]) -> tuple[str, str]:
    if ord(character) in known:
        return font, character
    for first, last, name in _EAST:
        if first <= character <= last:
            return name, character
    if character.isspace() or not character.isprintable():
        return font, " "
    return font, BOX if ord(BOX) in known else "?"
