"""The harness for annotated sample logs: its format, its conditions, what it counts and what it misses.

The corpora here are made for these tests; fail2ban's own is run by tests/real/test_sample_corpus.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tools.corpus.checks import Report, check_filter
from tools.corpus.conditions import MAX_LENGTH, BadCondition, holds
from tools.corpus.places import NoCorpus, open_corpus
from tools.corpus.samples import BadSample, Sample, read_samples

from tests.config_tree import write_tree

SCRIPT = Path(__file__).parents[2] / "tools" / "sample_corpus.py"
DOOR = r"""
    [INCLUDES]
    before = common.conf
    [Definition]
    prefregex = ^<lt_<logtype>>door\[<F-MLFID>\d+</F-MLFID>\]: <F-CONTENT>.+</F-CONTENT>$
    mode-normal =
    mode-strict = ^peeped <HOST>$
    failregex = ^refused <F-USER>\S*</F-USER> from <HOST>$
                <mode-<mode>>
    ignoreregex = ^refused root
    lt_file = \s\S+\x20
    lt_journal = \S+\x20
    [Init]
    mode = normal
"""
COMMON = "[DEFAULT]\nlogtype = file\n"
SAMPLES = """\
# filterOptions: [{}, {"mode": "strict"}]
# failJSON: { "time": "2005-06-1T10:00:00", "match": true, "host": "192.030.0.6", "user": "bob", "attempts": 1 }
Jun  1 10:00:00 web door[1]: refused bob from 192.030.0.6
# failJSON: { "match": true, "host": "host.example", "dns": "host.example", "ip4": null, "user": "" }
Jun  1 10:00:01 web door[2]: refused  from host.example

# a comment
# failJSON: { "match": false, "desc": "ignored" }
Jun  1 10:00:02 web door[3]: refused root from 192.0.2.1
Jun  1 10:00:03 web door[3]: nothing
# failJSON: { "match": true, "constraint": "opts.get('mode') == 'strict'", "host": "192.0.2.2", "time": null }
Jun  1 10:00:03 web door[4]: peeped 192.0.2.2
# failJSON: { "match": true, "users": ["amy", "bob"], "attempts": 1 }
Jun  1 10:00:04 web door[1]: refused amy from 192.0.2.1
# filterOptions: {"test.condition": "name == 'window'"}
this is passed over
# fileOptions: {"logtype": "journal"}
# addFILE: "more"
"""
MORE = """\
Jun  1 10:00:05 web door[5]: this goes on with the condition of the other file
# filterOptions: {"test.prefix-line": "web "}
# failJSON: { "match": true, "host": "192.0.2.7", "time": "2005-08-14T12:00:00" }
door[6]: refused eve from 192.0.2.7
"""


def corpus(root: Path, samples: str = SAMPLES, **more: str) -> Path:
    """A corpus of one filter."""
    files = {"config/filter.d/door.conf": DOOR, "config/filter.d/common.conf": COMMON}
    logs = {"logs/door": samples, "logs/more": MORE, **{f"logs/{name}": text for name, text in more.items()}}
    write_tree(root, files)
    for name, text in logs.items():
        (root / "logs").mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


def checked(root: Path) -> Report:
    """What becomes of the filter."""
    with open_corpus(root) as found:
        assert found.filters() == ["door"]
        return check_filter(found, "door")


def misses(root: Path, samples: str) -> list[tuple[str, str, str]]:
    """Place, expected and got of every miss."""
    return [(miss.place, miss.expected, miss.got) for miss in checked(corpus(root, samples)).misses]


def test_a_good_corpus_passes(tmp_path: Path) -> None:
    """Every directive has its meaning; checks are counted by line and option set."""
    report = checked(corpus(tmp_path))
    assert report.misses == []
    assert (report.checks, report.expecting, report.combinations) == (12, 8, 3)


@pytest.mark.parametrize(
    ("annotation", "line", "expected", "got"),
    [
        ('"match": true', "nothing", "one failure", "none"),
        ('"match": false', "refused bob from 192.0.2.1", "no failure", "1: <Failure 192.0.2.1"),
        ('"match": true, "host": "192.0.2.9"', "refused bob from 192.0.2.1", "host = '192.0.2.9'", "'192.0.2.1'"),
        ('"match": true, "user": "x"', "refused bob from 192.0.2.1", "user = 'x'", "'bob'"),
        ('"match": true, "dns": ""', "refused bob from 192.0.2.1", "dns = ''", "None"),
        ('"match": true, "attempts": 2', "refused bob from 192.0.2.1", "attempts = 2", "1"),
        ('"match": true, "users": ["x"]', "refused bob from 192.0.2.1", "users = ['x']", "[]"),
        (
            '"match": true, "time": "2005-06-02T10:00:00"',
            "refused bob from 192.0.2.1",
            "time = '2005-06-02T10:00:00'",
            "'2005-06-01T10:00:00'",
        ),
    ],
)
def test_what_differs_is_told(tmp_path: Path, annotation: str, line: str, expected: str, got: str) -> None:
    """A miss has the sample's place, what was expected and what was found."""
    good = '# failJSON: { "match": true }\nJun  1 10:00:00 web door[9]: refused bob from 192.0.2.1\n'
    text = f"{good}# failJSON: {{ {annotation} }}\nJun  1 10:00:00 web door[1]: {line}\n"
    ((place, wanted, found),) = misses(tmp_path, text)
    assert (place, wanted) == ("door:4", expected)
    assert found.startswith(got)


def test_every_expression_needs_a_sample(tmp_path: Path) -> None:
    """An expression that no line hits is a miss; one that is hit in another option set with the same text is not."""
    text = '# filterOptions: [{"mode": "strict"}, {}]\nJun  1 10:00:00 web door[1]: nothing\n'
    found = misses(tmp_path, text)
    assert [(place, got) for place, _, got in found] == [("door.conf", f"none for #{n}") for n in (0, 1, 0)]


def test_a_filter_without_samples_is_a_miss(tmp_path: Path) -> None:
    """Each filter of the tree needs a sample file."""
    root = corpus(tmp_path)
    (root / "logs" / "door").unlink()
    assert [miss.expected for miss in checked(root).misses] == ["a sample file"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# failJSON: {x}\nl\n", "door:1"),
        ("\n# failJSON: []\nl\n", "door:2"),
        ('# failJSON: {"match": true, "constraint": "__import__(\'os\')"}\nl\n', "not understood"),
        ('# filterOptions: {"test.condition": "1 +"}\nl\n', "not an expression"),
        ('# addFILE: "../../etc/passwd"\nl\n', "addFILE"),
        ('# addFILE: "door"\nl\n', "more than"),
    ],
)
def test_broken_files_are_told(tmp_path: Path, text: str, message: str) -> None:
    """A file that breaks the format is a miss with its place, never a traceback."""
    assert message in misses(tmp_path, text)[0][2]


def test_the_annotated_line_may_look_like_anything(tmp_path: Path) -> None:
    """The line behind an annotation is fed as it is, be it empty or a comment."""
    root = corpus(tmp_path, '# failJSON: {"match": false}\n# filterOptions: []\n# failJSON: {"match": false}\n\nx\n')
    samples: list[Sample] = list(read_samples(root / "logs", "door"))
    assert [sample.line for sample in samples] == [b"# filterOptions: []", b"", b"x"]
    assert [sample.expected is None for sample in samples] == [False, False, True]


@pytest.mark.parametrize(
    ("condition", "is_true"),
    [
        ("name == 'sshd'", True),
        ("name != 'sshd' or opts.get('mode') == 'ddos'", True),
        ("not name == 'sshd' and True", False),
        ("opts.get('none', 'x') == 'x'", True),
        ("'ss' in name and name not in ('a', 'b')", True),
        ("opts.get('none') is None", True),
    ],
)
def test_conditions(condition: str, is_true: bool) -> None:
    """The subset of Python that sample files use."""
    assert holds(condition, {"name": "sshd", "opts": {"mode": "ddos"}}) == is_true


@pytest.mark.parametrize(
    "condition",
    [
        "open('/etc/passwd')",
        "name.__class__",
        "(lambda: 1)()",
        "other",
        "name < 'a'",
        "1 in 2",
        "name.get('x')",
        "[x for x in name]",
        "(" * 300 + ")" * 300,
        "x" * (MAX_LENGTH + 1),
        "",
        "\0",
    ],
)
def test_conditions_that_are_refused(condition: str) -> None:
    """Anything else is refused and never run."""
    with pytest.raises(BadCondition):
        holds(condition, {"name": "sshd", "opts": {}})


def test_where_a_corpus_is(tmp_path: Path) -> None:
    """A source tree is understood, its test filters include stock ones by a relative path; nothing is no tree."""
    write_tree(
        tmp_path / "tree",
        {
            "config/filter.d/common.conf": COMMON,
            "config/filter.d/door.conf": DOOR,
            "fail2ban/tests/config/filter.d/zzz-x.conf": "[INCLUDES]\nbefore = ../../../../config/filter.d/door.conf\n",
            "fail2ban/tests/config/filter.d/other.conf": "",
            "fail2ban/tests/files/logs/zzz-x": SAMPLES.partition("# filterOptions: {")[0],
        },
    )
    with open_corpus(tmp_path / "tree") as found:
        assert found.filters() == ["door", "zzz-x"]
        report = check_filter(found, "zzz-x")
        assert (report.checks, report.misses) == (11, [])
    with pytest.raises(NoCorpus), open_corpus(tmp_path / "nothing"):
        pass


def test_the_script(tmp_path: Path) -> None:
    """Run by its path it needs nothing but stockade; 0 all passed, 1 misses with their place, 2 a wrong call."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SCRIPT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)

    root = corpus(tmp_path)
    good = run(str(root), "--filter", "door")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout == "12 checks (8 expect a failure) of 1 filters under 3 option sets: none missed\n"
    (root / "logs" / "door").write_text('# failJSON: {"match": true}\n\x1b[31mx\n')
    bad = run(str(root))
    assert bad.returncode == 1
    assert "door:2  door  {}" in bad.stdout
    assert "\x1b" not in bad.stdout
    found = json.loads(run(str(root), "--json").stdout)
    assert (found["checks"], found["missed"], found["misses"][0]["place"]) == (1, 2, "door:2")
    assert run(str(root), "--filter", "nosuch").returncode == 2
    assert run(str(tmp_path / "nothing")).returncode == 2
    assert run().returncode == 2


def test_a_sample_file_that_is_none(tmp_path: Path) -> None:
    """Reading stops at the mistake; what stands before it is given."""
    root = corpus(tmp_path, "x\n# failJSON: 7\n")
    samples = read_samples(root / "logs", "door")
    assert next(samples).line == b"x"
    with pytest.raises(BadSample, match="door:2"):
        next(samples)
