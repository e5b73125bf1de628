"""Asks an installed fail2ban in which order it runs commands. Run by the system's Python, not imported by tests.

In, as JSON on standard input: stories, each with actions, the commands that fail and how often, and what happens. Out,
as JSON: for every event of every story the commands that fail2ban would run, a failed one with `!`. Nothing is run.
"""

import json
import logging
import sys
from contextlib import suppress

from fail2ban.server import action as action_module
from fail2ban.server.action import CommandAction
from fail2ban.server.jail import Jail
from fail2ban.server.mytime import MyTime
from fail2ban.server.ticket import BanTicket

BEGIN = 1_700_000_000.0


class Shell:
    """Stands where commands are executed; `broken` says how often each still fails, -1 for always."""

    def __init__(self):
        self.broken = {}
        self.ran = []

    def __call__(self, command, timeout=60, **_):
        text = command.strip() if isinstance(command, str) else command[0]
        if not text:
            return True
        left = self.broken.get(text, 0)
        self.broken[text] = left - 1 if left > 0 else left
        self.ran.append(text if left == 0 else text + "!")
        return left == 0

    def take(self):
        ran, self.ran = self.ran, []
        return ran


def happen(actions, what, identifier, now):
    match what:
        case "start":
            for one in actions._actions.values():
                with suppress(RuntimeError):
                    one.start()
        case "ban":
            actions._Actions__checkBan([BanTicket(identifier, now)])
        case "restored":
            ticket = BanTicket(identifier, now)
            ticket.restored = True
            actions._Actions__checkBan([ticket])
        case "unban":
            actions.removeBannedIP(identifier, db=False, ifexists=True)
        case "prolong":
            for ticket in [ticket for ticket in actions.banManager if str(ticket.getID()) == identifier]:
                actions._prolongBan(ticket)
        case "flush":
            actions._Actions__flushBan()
        case "stop":
            actions._Actions__flushBan(stop=True)
            actions.stopActions()


def tell(story, shell):
    jail = Jail("web", backend="polling")
    jail.actions.setBanTime(600)
    for name, properties in story["actions"]:
        jail.actions.add(name)
        for option, value in properties.items():
            setattr(jail.actions[name], option, value if value not in ("true", "false") else value == "true")
    shell.broken = dict(story["broken"])
    found = []
    for number, (what, identifier) in enumerate(story["events"]):
        now = BEGIN + 10 * number
        MyTime.setTime(now)
        happen(jail.actions, what, identifier, now)
        found.append(shell.take())
    return found


def main():
    logging.disable(logging.CRITICAL)
    shell = Shell()
    CommandAction.executeCmd = staticmethod(shell)
    action_module.allowed_ipv6 = lambda: True
    json.dump([tell(story, shell) for story in json.load(sys.stdin)], sys.stdout)


main()
