"""Two server processes that tell one another things, without processes."""

from daybook.protocols.kit.plugin import Hear


class Line:
    """One end of what joins two processes: each hears what the other tells."""

    def __init__(self) -> None:
        self.hearers: dict[str, Hear] = {}
        self.other: Line | None = None

    def tell(self, subject: str, message: bytes) -> None:
        assert self.other is not None
        hearer = self.other.hearers.get(subject)
        if hearer is not None:
            hearer(message)

    def hear(self, subject: str, hearer: Hear) -> None:
        self.hearers[subject] = hearer


def joined() -> tuple[Line, Line]:
    """Both ends."""
    here, there = Line(), Line()
    here.other, there.other = there, here
    return here, there
