"""Addresses of IPv6 count by their network; all others as they are."""

from daybook.app.networks import block_of, network_of


def test_what_an_address_counts_as() -> None:
    assert (
        network_of("2001:db8:0:1::1") == network_of("2001:db8:0:1:ffff::2") == "2001:db8:0:1::/64"
    )
    assert network_of("2001:db8:0:2::1") == "2001:db8:0:2::/64"
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("somewhere") == "somewhere"


def test_the_block_that_a_network_is_of() -> None:
    assert block_of("2001:db8:0:1::1") == block_of("2001:db8:0:2::1") == "2001:db8::/48"
    assert block_of("2001:db8:1::1") == "2001:db8:1::/48"
    assert [block_of(each) for each in ("192.0.2.1", "::ffff:192.0.2.1", "somewhere")] == [""] * 3
