"""Stories about whom a jail leaves alone: files of addresses, names, the machine itself, and what a command says."""

from __future__ import annotations

from stockade.core.commands import AskIgnore
from stockade.core.events import IgnoreAnswered, IgnoreFile, OwnAddresses, Resolved
from stockade.core.questions import MAX_WAITING
from stockade.model.settings import IgnoreCache
from tests.playbooks.story import Story, growing, jail

HOST = "192.0.2.1"
FILE = "file:/etc/friends"


def asked(story: Story, *ids: str, **details: object) -> list[AskIgnore]:
    """The questions that failures of these identifiers lead to."""
    return story.questions(*ids, **details)


def answer(story: Story, question: AskIgnore, *, is_ignored: bool) -> list[str]:
    """The command answers."""
    return story.tells(IgnoreAnswered(question.jail, question.key, is_ignored))


def test_a_file_exempts_as_long_as_it_names_somebody() -> None:
    """`ignoreip = file:…`: its content comes as an event and replaces the one before."""
    story = Story(jail(ignoreip=(FILE,)))
    story.tells(IgnoreFile(FILE, (HOST, "198.51.100.0/24", "bob", "admin.example.org")))
    for host in (HOST, "198.51.100.7", "bob"):
        assert story.fails(host, host, host) == [f"ignore {host} in sshd by ignoreip {FILE}"]
    assert "resolve admin.example.org" in story.after(300).ticks()
    story.tells(Resolved("admin.example.org", ("203.0.113.5",)))
    assert story.fails("203.0.113.5") == [f"ignore 203.0.113.5 in sshd by ignoreip {FILE}"]
    story.tells(IgnoreFile(FILE, ()))
    assert story.fails(HOST, HOST, HOST) == [f"ban {HOST} in sshd for 600"]


def test_a_file_concerns_the_jails_that_name_it() -> None:
    """Another jail, and another file, change nothing."""
    story = Story(jail(ignoreip=(FILE,)), jail("web"))
    story.tells(IgnoreFile(FILE, (HOST,)))
    story.tells(IgnoreFile("file:/etc/other", ("198.51.100.1",)))
    assert story.fails(HOST, HOST, HOST, jail="web") == [f"ban {HOST} in web for 600"]
    assert story.fails(*["198.51.100.1"] * 3) == ["ban 198.51.100.1 in sshd for 600"]


def test_what_was_learnt_outlives_a_reload() -> None:
    """Names, files and own addresses stay known; new names are resolved at once."""
    rules = {"ignoreip": (FILE, "admin.example.org")}
    story = Story(jail(**rules))
    story.tells(IgnoreFile(FILE, (HOST,)))
    story.tells(Resolved("admin.example.org", ("192.0.2.2",)))
    story.tells(OwnAddresses(frozenset({"192.0.2.3"})))
    story.reloads(jail(maxretry=1, ignoreip=(*rules["ignoreip"], "new.example.org")))
    assert "resolve new.example.org" in story.ticks()
    for host in (HOST, "192.0.2.2", "192.0.2.3"):
        assert story.fails(host)[0].startswith(f"ignore {host} in sshd by")


def test_the_machines_own_names_are_its_addresses() -> None:
    """`ignoreself` knows what the machine's names resolve to, not only its interfaces."""
    story = Story(jail(), jail("web", is_ignoreself=False))
    story.tells(OwnAddresses(frozenset(), ("gate.example.org",)))
    assert "resolve gate.example.org" in story.after(300).ticks()
    story.tells(Resolved("gate.example.org", (HOST,)))
    assert story.fails(HOST) == [f"ignore {HOST} in sshd by ignoreself"]
    assert story.fails(HOST, HOST, HOST, jail="web") == [f"ban {HOST} in web for 600"]


def test_identifiers_that_are_no_addresses_are_compared_as_text() -> None:
    """`ignoreip = bob` spares bob (§10.13), and nobody whose name only begins alike."""
    story = Story(jail(ignoreip=("bob", "eve@example.org")))
    assert story.fails("bob", "eve@example.org") == [
        "ignore bob in sshd by ignoreip bob",
        "ignore eve@example.org in sshd by ignoreip eve@example.org",
    ]
    assert story.fails("bobby", "bobby", "bobby") == ["ban bobby in sshd for 600"]


def test_a_failure_waits_for_the_command_and_nobody_else_does() -> None:
    """The question goes out, others are counted meanwhile, and the answer no counts what waited."""
    story = Story(jail(maxretry=1, ignorecommand="check <ip>"), jail("web", maxretry=1))
    (question,) = asked(story, HOST)
    assert (question.jail, question.id) == ("sshd", HOST)
    assert story.fails(HOST, jail="web") == [f"ban {HOST} in web for 600"]
    assert list(story.core.jails["sshd"].bans) == []
    assert answer(story.after(5), question, is_ignored=False) == [f"ban {HOST} in sshd for 600"]


def test_the_answer_yes_ignores() -> None:
    """Exit status 0 of the command: not counted, and said as ignored by the command."""
    story = Story(jail(ignorecommand="check <ip>"))
    questions = asked(story, HOST, HOST, HOST)
    assert len(questions) == 1, "the same failure is asked about once"
    assert answer(story, questions[0], is_ignored=True) == [f"ignore {HOST} in sshd by ignorecommand"]
    assert story.core.statistics()["sshd.ignored"] == 3
    assert len(story.core.jails["sshd"].windows) == 0


def test_other_rules_come_before_the_command() -> None:
    """Nothing is run for somebody whom `ignoreip` exempts, or who is banned already."""
    story = Story(jail(maxretry=1, ignoreip=("198.51.100.0/24",), ignorecommand="check <ip>"))
    assert asked(story, "198.51.100.1") == []
    (question,) = asked(story, HOST)
    answer(story, question, is_ignored=False)
    assert asked(story, HOST) == []


def test_answers_are_kept_by_key_for_a_while() -> None:
    """`ignorecache`: one question for a key until max-time is over, at most max-count answers."""
    cache = IgnoreCache("<F-USER>@<ip-host>", max_count=2, max_time=60.0)
    story = Story(jail(maxretry=9, ignorecommand="check", ignorecache=cache))
    (question,) = asked(story, HOST, fields={"user": "root"})
    assert question.key == f"root@{HOST}"
    answer(story, question, is_ignored=True)
    assert asked(story, HOST, fields={"user": "root"}) == []
    assert len(asked(story, HOST, fields={"user": "admin"})) == 1
    assert story.after(59.9).fails(HOST, fields={"user": "root"}) == []
    assert len(asked(story.after(0.1), HOST, fields={"user": "root"})) == 1


def test_the_oldest_answer_goes_first() -> None:
    """Beyond max-count the answer that was given longest ago is asked for again."""
    story = Story(jail(maxretry=9, ignorecommand="check", ignorecache=IgnoreCache("<fid>", 2)))
    for host in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        answer(story, asked(story, host)[0], is_ignored=False)
    assert [len(asked(story, f"192.0.2.{n}")) for n in (3, 2, 1)] == [0, 0, 1]


def test_a_key_knows_the_tags_of_a_failure() -> None:
    """Address, identifier, family, jail and captured fields; what there is not is empty."""
    cache = IgnoreCache("<ip>|<fid>|<family>|<jail.name>|<F-USER>|<F-NONE>|<nonsense>|<")
    story = Story(jail(ignorecommand="check", ignorecache=cache))
    (question,) = asked(story, "bob", ip="2001:db8::1", fields={"user": "u"})
    assert question.key == "2001:db8::1|bob|inet6|sshd|u|||<"


def test_a_key_of_any_length_is_bounded() -> None:
    """Two long keys that differ only at the end are two keys."""
    story = Story(jail(ignorecommand="check", ignorecache=IgnoreCache("<F-USER>")))
    keys = {asked(story, HOST, fields={"user": "x" * 100_000 + end})[0].key for end in "ab"}
    assert len(keys) == 2
    assert max(map(len, keys)) <= 1024


def test_under_a_flood_failures_beyond_the_bound_count_unasked() -> None:
    """A slow command does not switch the jail off: who cannot be asked about is not ignored."""
    story = Story(jail(maxretry=1, ignorecommand="check <ip>"))
    hosts = [f"10.0.{n >> 8}.{n & 255}" for n in range(MAX_WAITING + 2)]
    told = story.fails(*hosts)
    assert sum(one.startswith("ask ") for one in told) == MAX_WAITING
    assert [one for one in told if one.startswith("ban ")] == [f"ban {host} in sshd for 600" for host in hosts[-2:]]
    assert story.core.statistics()["sshd.unasked"] == 2


def test_questions_outlive_a_reload() -> None:
    """An answer that comes after a reload still frees what waited; a jail without command takes none."""
    story = Story(jail(maxretry=1, ignorecommand="check"))
    (question,) = asked(story, HOST)
    story.reloads(jail(maxretry=1, ignorecommand="other"))
    assert answer(story, question, is_ignored=False) == [f"ban {HOST} in sshd for 600"]
    assert answer(story, question, is_ignored=False) == []
    (question,) = asked(story, "192.0.2.2")
    story.reloads(jail())
    assert answer(story, question, is_ignored=True) == []
    story.reloads()
    assert answer(story, question, is_ignored=True) == []


def test_names_that_wait_for_their_addresses_outlive_a_reload() -> None:
    """A failure of a host name counts although the configuration was read again before the answer came."""
    story = Story(jail(maxretry=1))
    story.fails("mail.example.org", is_name=True)
    story.reloads(jail(maxretry=1, bantime=60))
    assert story.tells(Resolved("mail.example.org", (HOST,))) == [f"ban {HOST} in sshd for 60"]


def test_commands_and_growing_bans_go_together() -> None:
    """A repeat offender's failure is heavy once the command has said no."""
    story = Story(jail(maxretry=3, ignorecommand="check", ban=growing(), ignorecache=IgnoreCache("<ip>")))
    (question,) = asked(story, HOST, HOST, HOST)
    assert answer(story, question, is_ignored=False) == [f"ban {HOST} in sshd for 600"]
    story.after(600).ticks()
    (question,) = asked(story, HOST)
    assert answer(story, question, is_ignored=False) == [f"bad {HOST} in sshd, 1 -> 2"]
