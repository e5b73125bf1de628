"""Names in the kernel are derived without loss from networks and jails."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockade.enforce.target import Target, counter_name, is_jail, jail_of_counter, map_shape

NETWORKS = st.builds(
    lambda number, prefix: IPv4Network((number >> (32 - prefix) << (32 - prefix), prefix)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
) | st.builds(
    lambda number, prefix: IPv6Network((number >> (128 - prefix) << (128 - prefix), prefix)),
    st.integers(0, 2**128 - 1),
    st.integers(0, 128),
)


@given(NETWORKS)
def test_a_target_gives_its_network_back(network: IPv4Network | IPv6Network) -> None:
    """Network → target → network is the identity, and the map's name tells family and length."""
    target = Target.of(network)
    assert target.network() == network
    if network.prefixlen:
        assert map_shape(target.map) == (network.version, network.prefixlen)


@pytest.mark.parametrize("name", ["v4_33", "v4_0", "v6_129", "v5_1", "v4_01", "x", "v4_32 ", "v4_٣"])
def test_foreign_map_names_have_no_shape(name: str) -> None:
    """Only names that we make are taken for ours."""
    assert map_shape(name) is None


@given(st.text(max_size=70))
def test_counter_names_are_injective_and_safe(jail: str) -> None:
    """A jail's name comes back out of its counter's name, which is an nft identifier whatever the jail is called."""
    if is_jail(jail):
        name = counter_name(jail)
        assert re.fullmatch(r"[a-z][A-Za-z0-9_.-]{0,254}", name)
        assert jail_of_counter(name) == jail


@pytest.mark.parametrize("name", ["hex-73736864", "hex-zz", "jail-", "other", "hex-c3", "jail-a b", "hex-C3BC"])
def test_a_counter_name_we_never_make_is_nobodys(name: str) -> None:
    """Two counters never stand for one jail: spellings that `counter_name` would not choose are foreign."""
    assert jail_of_counter(name) is None
