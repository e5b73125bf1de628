"""The stock tree of fail2ban, every jail enabled, in every mode; and our own tree."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest

from stockade.config import SHIPPED, load
from stockade.model.settings import Settings

STOCK = Path(__file__).parents[3] / "shared" / "compat" / "fail2ban" / "config"
MODES = ("normal", "aggressive", "ddos", "extra", "more", "auth", "rbl")
needs_stock = pytest.mark.skipif(not STOCK.is_dir(), reason="the stock tree is not on this machine")
needs_shipped = pytest.mark.skipif(not (SHIPPED / "jail.conf").exists(), reason="the shipped tree is not built")


def check_texts(settings: Settings) -> None:
    """No expression has a reference left, and each jail can find something and has an action."""
    for jail in settings.jails:
        texts = (*jail.filter.failregex, *jail.filter.ignoreregex, jail.filter.prefregex, *jail.filter.datepattern)
        assert not [text for text in texts if "%(" in text or "<lt_" in text or "<known/" in text], jail.name
        assert jail.filter.failregex
        assert all("actionban" in action.properties for action in jail.actions), jail.name
        assert (jail.journal is None) == bool(jail.logpaths)


@needs_stock
@pytest.mark.parametrize("mode", MODES)
def test_every_stock_jail_loads_in_every_mode(tmp_path: Path, mode: str) -> None:
    """With all jails enabled, nothing of the stock tree is refused; warned about is only a mode that a filter lacks."""
    (tmp_path / "jail.local").write_text(f"[DEFAULT]\nenabled = true\nmode = {mode}\n")
    loaded = load(STOCK, overrides=[tmp_path], has_files=lambda _: False, has_journal=lambda: False)
    assert [problem for problem in loaded.problems if f"-{mode}" not in problem.value or problem.is_fatal] == []
    assert mode != "normal" or loaded.problems == ()
    assert len(loaded.settings.jails) > 90
    check_texts(loaded.settings)


@needs_stock
def test_every_stock_filter_and_action_loads(tmp_path: Path) -> None:
    """Files that no stock jail uses can be used by a jail of one's own; parts and examples are no filters."""
    actions = sorted(path.stem for path in (STOCK / "action.d").glob("*.conf"))
    stems = sorted(path.stem for path in (STOCK / "filter.d").glob("*.conf"))
    filters = [name for name in stems if not name.endswith("common") and not name.startswith("zzz-")]
    sections = [f"[a{n}]\nenabled=1\nfilter=sshd\nlogpath=/l\naction={name}\n" for n, name in enumerate(actions)]
    sections += [f"[f-{name}]\nenabled=1\nfilter={name}\nlogpath=/l\naction=nftables\n" for name in filters]
    (tmp_path / "jail.local").write_text("".join(sections))
    loaded = load(STOCK, overrides=[tmp_path], has_files=lambda _: True)
    assert loaded.problems == ()
    assert len(loaded.settings.jails) == len(actions) + len(filters)


@needs_stock
@pytest.mark.parametrize("base", [SHIPPED, STOCK])
def test_a_complete_tree_is_read_alone(base: Path) -> None:
    """--config /etc/fail2ban means that tree, whatever we ship."""
    loaded = load(base, overrides=[STOCK], jail={"sshd": {"enabled": "yes"}})
    assert {
        Path(origin.path).parts[: len(STOCK.parts)] for found in loaded.origins.values() for origin in found.lines
    } <= {
        STOCK.parts,
        ("(given)",),
    }


@needs_shipped
def test_the_shipped_tree_loads() -> None:
    """With every jail enabled, our own tree has no problem at all."""
    loaded = load(jail={"DEFAULT": {"enabled": "true"}}, has_files=lambda _: True)
    assert loaded.problems == ()
    check_texts(loaded.settings)


@needs_shipped
def test_the_operators_four_lines(tmp_path: Path) -> None:
    """What the handbook tells the operator to write enables one jail, on the journal when there is no log file."""
    (tmp_path / "jail.local").write_text(
        "[DEFAULT]\nbantime = 1d\n\n[sshd]\nenabled = true\nport    = ssh\n"
        "logpath = %(sshd_log)s\nbackend = %(sshd_backend)s\n"
    )
    for has_file in (True, False):
        loaded = load(
            overrides=[tmp_path], has_files=[].__contains__ if not has_file else bool, has_journal=lambda: True
        )
        assert loaded.problems == ()
        (jail,) = (jail for jail in loaded.settings.jails if jail.name == "sshd")
        assert jail.ban.bantime == 86_400
        assert bool(jail.logpaths) == has_file
        assert jail.journal is None or jail.journal.matches


@needs_shipped
def test_the_shipped_tree_loads_fast() -> None:
    """Start and reload wait for less than 50 ms of reading; the best of five runs counts."""
    gc.collect()
    elapsed = []
    for _ in range(5):
        begin = time.perf_counter()
        load(jail={"sshd": {"enabled": "true"}})
        elapsed.append(time.perf_counter() - begin)
    assert min(elapsed) < 0.05
