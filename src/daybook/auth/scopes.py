"""What applications may ask people for, in the words of OAuth 2 and in plain ones."""

from collections.abc import Mapping
from typing import Final

ACCOUNTING: Final = "com.intuit.quickbooks.accounting"
PAYMENT: Final = "com.intuit.quickbooks.payment"
OPENID: Final = "openid"
PROFILE: Final = "profile"
EMAIL: Final = "email"
PHONE: Final = "phone"
ADDRESS: Final = "address"

PLAIN: Final[Mapping[str, str]] = {
    ACCOUNTING: "See the books of the company you choose and work in them, as far as you may"
    " yourself. Settings of the company and credentials stay out of its reach.",
    PAYMENT: "Take payments. This server takes none, so this allows nothing.",
    OPENID: "Know you again, by a number that stands for you here.",
    PROFILE: "See your name.",
    EMAIL: "See your e-mail address.",
    PHONE: "See your telephone number.",
    ADDRESS: "See your address.",
}
"""Every scope there is, and what is said about it to whoever is asked."""

OF_BOOKS: Final = frozenset({ACCOUNTING, PAYMENT})
"""Scopes for which a company has to be chosen."""
