"""Which files are read, in which order, and what a layer does to the one below."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config.interpolate import Scope
from stockade.config.limits import MAX_FILE_BYTES, MAX_LINES, MAX_MERGED_FILES
from stockade.config.merge import TreeReader
from stockade.config.paths import search_path
from stockade.config.trouble import Trouble
from tests.config_tree import write_tree


def read_names(root: Path, *roots: Path, name: str = "jail") -> list[str]:
    """The merged files, relative to the tests' directory."""
    merged = TreeReader([root, *roots]).read(name)
    assert not merged.flaws
    return [str(Path(file).relative_to(root.parent)) for file in merged.files]


@pytest.mark.parametrize("name", ["jail", "filter.d/f", "action.d/a"])
def test_order_of_one_directory(tmp_path: Path, name: str) -> None:
    """conf, conf.d sorted, local, local.d sorted, for every kind of name; other suffixes are never read."""
    kept = [f"{name}.conf", f"{name}.d/10-b.conf", f"{name}.d/20-a.conf", f"{name}.local", f"{name}.d/05-z.local"]
    ignored = [f"{name}.conf.dpkg-dist", f"{name}.conf~", f"{name}.rpmnew", f"{name}.d/x.conf.bak"]
    write_tree(tmp_path / "t", dict.fromkeys((*kept, *ignored), "[DEFAULT]\n"))
    assert read_names(tmp_path / "t", name=name) == [f"t/{file}" for file in kept]


def test_includes_are_positional_and_bring_their_local(tmp_path: Path) -> None:
    """before, the file, after; recursively; a sibling .local follows its .conf; a missing include is skipped."""
    files = {
        "jail.conf": "[INCLUDES]\nbefore = p.conf\nafter = none.conf\n",
        "p.conf": "[INCLUDES]\nbefore = sub/q.conf\nafter = o.local\n",
        "sub/q.conf": "[INCLUDES]\nbefore = r.conf\n",
        "sub/r.conf": "[DEFAULT]\n",
        "sub/r.local": "[DEFAULT]\n",
        "o.local": "[DEFAULT]\n",
        "jail.d/a.conf": "[DEFAULT]\n",
        "jail.local": "[DEFAULT]\n",
    }
    write_tree(tmp_path / "t", files)
    expected = [
        "sub/r.conf",
        "sub/r.local",
        "sub/q.conf",
        "p.conf",
        "o.local",
        "jail.conf",
        "jail.d/a.conf",
        "jail.local",
    ]
    assert read_names(tmp_path / "t") == [f"t/{name}" for name in expected]


def test_a_file_may_be_read_twice_but_not_within_itself(tmp_path: Path) -> None:
    """Only ancestors are guarded: two branches may include the same file, a loop ends."""
    files = {
        "jail.conf": "[INCLUDES]\nbefore = p.conf\n q.conf\n",
        "p.conf": "[INCLUDES]\nafter = o.local\n",
        "q.conf": "[INCLUDES]\nbefore = jail.conf\nafter = o.local\n",
        "o.local": "[INCLUDES]\nbefore = q.conf\n",
    }
    write_tree(tmp_path / "t", files)
    names = read_names(tmp_path / "t")
    assert names.count("t/o.local") == 2
    assert names[-1] == "t/jail.conf"


def test_a_local_file_may_include_its_own_conf(tmp_path: Path) -> None:
    """It follows the .conf that it includes only once, and nobody is warned."""
    tree = write_tree(tmp_path / "t", {"f.conf": "[a]\nx=1\n", "g.local": "[INCLUDES]\nbefore = f.conf\n[a]\nx=2\n"})
    write_tree(tree, {"f.local": "[INCLUDES]\nbefore = f.conf\n[a]\nx=3\n"})
    merged = TreeReader([tree]).read("f")
    assert [Path(name).name for name in merged.files] == ["f.conf", "f.conf", "f.local"]
    assert (merged.flaws, merged.warnings) == ([], [])
    merged = TreeReader([tree]).read("g")
    assert [Path(name).name for name in merged.files] == ["f.conf", "f.conf", "f.local", "g.local"]
    assert (merged.flaws, merged.warnings) == ([], [])


def test_include_names_are_interpolated(tmp_path: Path) -> None:
    """The include lists see their own file's sections."""
    files = {"jail.conf": "[DEFAULT]\nos = bsd\n[INCLUDES]\nbefore = p-%(os)s.conf\n", "p-bsd.conf": "[DEFAULT]\n"}
    assert read_names(write_tree(tmp_path / "t", files))[0] == "t/p-bsd.conf"


def test_layers(tmp_path: Path) -> None:
    """Every .conf of all layers comes before every .local; an include is looked up in all layers."""
    base = write_tree(
        tmp_path / "base",
        {
            "jail.conf": "[INCLUDES]\nbefore = p.conf\nafter = over.local\n",
            "p.conf": "[DEFAULT]\n",
            "jail.local": "[DEFAULT]\n",
            "filter.d/common.conf": "[DEFAULT]\n",
        },
    )
    etc = write_tree(
        tmp_path / "etc",
        {
            "jail.d/x.conf": "[DEFAULT]\n",
            "jail.local": "[DEFAULT]\n",
            "p.local": "[DEFAULT]\n",
            "over.local": "[DEFAULT]\n",
            "filter.d/mine.conf": "[INCLUDES]\nbefore = common.conf\n",
            "filter.d/common.local": "[DEFAULT]\n",
        },
    )
    assert read_names(base, etc) == [
        "base/p.conf",
        "etc/p.local",
        "base/jail.conf",
        "etc/over.local",
        "etc/jail.d/x.conf",
        "base/jail.local",
        "etc/jail.local",
    ]
    assert read_names(base, etc, name="filter.d/mine") == [
        "base/filter.d/common.conf",
        "etc/filter.d/common.local",
        "etc/filter.d/mine.conf",
    ]


def test_a_directory_with_its_own_jail_conf_is_read_alone(tmp_path: Path) -> None:
    """A layer with a jail.conf is a complete tree; one without is laid over the shipped tree."""
    base = write_tree(tmp_path / "base", {"jail.conf": ""})
    layer = write_tree(tmp_path / "layer", {"jail.local": ""})
    complete = write_tree(tmp_path / "complete", {"jail.conf": ""})
    assert search_path(base, [layer]) == (base, layer)
    assert search_path(base, [complete]) == (complete,)
    assert search_path(base, [complete, layer]) == (complete, layer)


def test_history_and_order_of_sections(tmp_path: Path) -> None:
    """Options merge one by one, the order of sections is that of their first appearance, every version is kept."""
    files = {"jail.conf": "[b]\nx=1\n[a]\nx=1\n", "jail.local": "[a]\nx=2\n[c]\n[b]\ny=3\n"}
    merged = TreeReader([write_tree(tmp_path / "t", files)]).read("jail")
    assert list(merged.sections) == ["b", "a", "c"]
    assert [version.value.text for version in merged.sections["a"]["x"]] == ["1", "2"]
    assert Scope(merged, "b").text("x") == "1"


def test_conditional_sections_become_conditional_options(tmp_path: Path) -> None:
    """[Init?family=inet6] is merged into [Init] with renamed options."""
    files = {"action.d/a.conf": "[Init]\nx=4\n[Init?family=inet6]\nx=6\n"}
    merged = TreeReader([write_tree(tmp_path / "t", files)]).read("action.d/a")
    assert {option: versions[-1].value.text for option, versions in merged.own("Init").items()} == {
        "x": "4",
        "x?family=inet6": "6",
    }


def test_nothing_found_suggests_a_name(tmp_path: Path) -> None:
    """A missing filter is refused, and a name that looks like it is offered."""
    reader = TreeReader([write_tree(tmp_path / "t", {"filter.d/sshd.conf": ""})])
    with pytest.raises(Trouble) as caught:
        reader.read("filter.d/sshdd")
    assert caught.value.remedy == "did you mean 'sshd'?"


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"[DEFAULT]\nx=1\ny=\xff\n", 3, "not valid UTF-8"),
        (b"#" * (MAX_FILE_BYTES + 1), 0, "larger than 16777216 bytes"),
        (b"[DEFAULT]\n" + b"\n" * MAX_LINES, MAX_LINES + 1, "more than 300000 lines; the rest is left out"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_flaw(tmp_path: Path, data: bytes, line: int, message: str) -> None:
    """Bytes that are no text, or too many, are reported with the file."""
    write_tree(tmp_path / "t", {})
    (tmp_path / "t" / "jail.conf").write_bytes(data)
    flaws = TreeReader([tmp_path / "t"]).read("jail").flaws
    assert [(flaw.section, flaw.trouble.line, flaw.trouble.message) for flaw in flaws] == [
        ("DEFAULT" if line == 3 else "", line, message)
    ]


def test_includes_that_multiply_are_bounded(tmp_path: Path) -> None:
    """A chain in which each file includes the next one twice ends with a message."""
    files = {f"f{n}.conf": f"[INCLUDES]\nbefore = f{n + 1}.conf\n  f{n + 1}.conf\n" for n in range(18)}
    files["jail.conf"] = "[INCLUDES]\nbefore = f0.conf\n"
    merged = TreeReader([write_tree(tmp_path / "t", files)]).read("jail")
    assert "files" in merged.flaws[0].trouble.message
    assert len(merged.files) <= MAX_MERGED_FILES


def test_includes_that_go_too_deep_are_bounded(tmp_path: Path) -> None:
    """A chain of includes longer than the bound ends with a message."""
    files = {f"f{n}.conf": f"[INCLUDES]\nbefore = f{n + 1}.conf\n" for n in range(40)}
    files["jail.conf"] = "[INCLUDES]\nbefore = f0.conf\n"
    merged = TreeReader([write_tree(tmp_path / "t", files)]).read("jail")
    assert "nested" in merged.flaws[0].trouble.message
