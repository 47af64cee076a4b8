"""Every refusal of the core has a SQLSTATE here."""

import pytest

from daybook.app.ledger import Refused
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.sql import errors


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_is_mapped(code: RefusalCode) -> None:
    fault = errors.refused(Refused((Refusal(code, "why"),)))
    assert len(fault.code) == 5
    assert fault.message
