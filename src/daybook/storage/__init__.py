"""Storage engines, found by the scheme of a store's address.

An engine is a package in this folder with a module `store` that offers `SCHEMES`, the schemes it
answers to, and `open_store(url)`. Adding an engine touches its own folder and nothing else.

    store = open_store("sqlite:///books.db")
"""

import pkgutil
from importlib import import_module

from daybook.app.ports import Store, StoreFailure

_SHARED = frozenset({"kit"})
"""Packages of this folder that are not engines."""


def engines() -> dict[str, str]:
    """The schemes that can be opened, each with the name of its engine."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg and module.name not in _SHARED:
            engine = import_module(f"{__name__}.{module.name}.store")
            found.update(dict.fromkeys(engine.SCHEMES, module.name))
    return found


def open_store(url: str) -> Store:
    """Open the store at an address such as `sqlite:///books.db`, making it if it is new.

    Raises `StoreFailure` for a scheme that no engine has, and for what the engine refuses.
    """
    scheme, colon, _ = url.partition(":")
    known = engines()
    if not colon or scheme not in known:
        raise StoreFailure(
            f"no storage engine for {scheme!r}; there are {', '.join(sorted(known))}"
        )
    store: Store = import_module(f"{__name__}.{known[scheme]}.store").open_store(url)
    return store
