"""Asks an installed fail2ban which commands it would run. Run by the system's Python, not imported by tests.

In, as JSON on standard input: a configuration directory, tickets, names of hosts. Out, as JSON: for each jail and
action the properties, the families and every command as fail2ban would hand it to the shell. Nothing is run.
"""

import json
import sys
from functools import partial

from fail2ban.client.configurator import Configurator
from fail2ban.server.action import CommandAction
from fail2ban.server.ipdns import DNSUtils, IPAddr
from fail2ban.server.jail import Jail
from fail2ban.server.mytime import MyTime
from fail2ban.server.ticket import BanTicket

PLAIN = ("actionstart", "actionstop", "actionflush", "actionreload", "actionrepair")
TICKET = ("actionban", "actionprolong", "actionreban", "actionunban")


class Recorder:
    """Stands where commands are executed."""

    def __init__(self):
        self.last = ""

    def __call__(self, command, timeout=60, **_):
        self.last = command
        return True

    def take(self):
        last, self.last = self.last, ""
        return [last] if isinstance(last, str) else list(last)


def streams(tree):
    """Every action that the configuration sends to the server."""
    configurator = Configurator()
    configurator.setBaseDir(tree)
    configurator.readEarly()
    configurator.readAll()
    configurator.getOptions()
    configurator.convertToProtocol()
    for command in configurator.getConfigStream():
        if command[0] == "multi-set" and command[2] == "action":
            yield command[1], command[3], command[4]


def action_of(jail, name, properties):
    action = CommandAction(jail, name)
    for option, value in properties:
        setattr(action, option, value)
    return action


def ticket_of(data):
    ticket = BanTicket(data["id"], data["time"], data["matches"], data["fields"])
    ticket.setBanTime(data["bantime"])
    ticket.setBanCount(data["bancount"])
    ticket.setAttempt(data["failures"])
    ticket.restored = data["is_restored"]
    return ticket


def commands(make, jail, tickets, recorder):
    """Command, family or ticket → what the shell gets."""
    found = {}
    for family in ("inet4", "inet6"):
        action = make()  # a new one: the same command is not run for a second family
        for name in PLAIN:
            jail.actions.__dict__.pop("actionInfo", None)
            action._executeOperation(f"<{name}>", name, family=[family])
            found[f"{name} {family}"] = recorder.take()
        action._invariantCheck(family)
        found[f"actioncheck {family}"] = recorder.take()
    action = make()
    for number, data in enumerate(tickets):
        for name in TICKET:
            information = jail.actions._getActionInfo(ticket_of(data))
            action._CommandAction__started = {information["family"]: 2}
            if name != "actionprolong" or action._prolongable:
                getattr(action, name.removeprefix("action"))(information)
            found[f"{name} {number}"] = recorder.take()
    return found


def main():
    request = json.load(sys.stdin)
    MyTime.setTime(request["now"])
    IPAddr.getHost = lambda self: request["host"]
    DNSUtils.getHostname = staticmethod(lambda fqdn=True: request["fq"] if fqdn else request["short"])
    recorder = Recorder()
    CommandAction.executeCmd = staticmethod(recorder)
    jails = {}
    for name, actname, properties in streams(request["tree"]):
        jail = Jail(name, backend="polling")
        jail.actions.setBanTime(request["bantime"])
        make = partial(action_of, jail, actname, properties)
        action = make()
        jails.setdefault(name, {})[actname] = {
            "is_on_demand": action._startOnDemand,
            "timeout": action.timeout,
            "commands": commands(make, jail, request["tickets"], recorder),
        }
    json.dump(jails, sys.stdout)


main()
