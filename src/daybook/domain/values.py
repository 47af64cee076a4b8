"""Values: objects that are made once and never changed.

A value is a dataclass with slots that the type checker holds to be frozen. At run time nothing
stops an assignment: the standard library's frozen classes set every attribute through a method
call, which made constructing them a tenth of the cost of posting an entry.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

C = TypeVar("C")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[C]) -> type[C]:
    """A class of values: compared and hashed by what they hold, read-only to the type checker."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
