"""The `syslog[…]` backend: at which addresses messages are received, and who may send there.

In: the arguments of `backend`. Out: one `SyslogSettings` for each address of `listen`. Nothing is opened and no name is
looked up: addresses are numbers. Errors are Trouble.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network

from stockade.config.limits import MAX_ITEMS
from stockade.config.trouble import Trouble, suggest
from stockade.model.settings import JailSettings, SyslogSettings

ARGUMENTS = ("listen", "from", "mode", "owner", "group", "cert", "key", "ca")
PORTS: Mapping[str, int] = {"udp": 514, "tcp": 514, "tls": 6514}
"""What is listened on without a port: RFC 5426, custom, RFC 5425."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}|[0-9]{1,9}")

UNIX = ("unix", "unix-stream")
MAX_PATH = 107
"""Bytes of a Unix socket's path: sockaddr_un."""

SPOOFABLE = ("watch", "ban")
_FORMS = "write udp:ADDRESS:PORT, tcp:ADDRESS:PORT, tls:ADDRESS:PORT, unix:PATH or unix-stream:PATH"
_TLS_ONLY = ("cert", "key", "ca")
_UNIX_ONLY = ("mode", "owner", "group")


def parse_listeners(arguments: Mapping[str, str]) -> tuple[SyslogSettings, ...]:
    """Reads the arguments of `syslog[listen=…, …]`."""
    for argument in arguments:
        if argument not in ARGUMENTS:
            raise Trouble("unknown argument of the syslog backend", argument, suggest(argument, ARGUMENTS))
    addresses = _words(arguments.get("listen", ""))
    if not addresses:
        raise Trouble("the syslog backend listens nowhere", "", f'write syslog[listen="…"]: {_FORMS}')
    found = tuple(dict.fromkeys(_listener(address, arguments) for address in addresses))
    kinds = {listener.kind for listener in found}
    for argument in arguments:
        if argument in _TLS_ONLY and "tls" not in kinds:
            raise Trouble(f"{argument} concerns tls only", arguments[argument], "listen on tls:…, or leave it out")
        if argument in _UNIX_ONLY and not kinds.intersection(UNIX):
            raise Trouble(f"{argument} concerns Unix sockets only", arguments[argument], "leave it out")
    return found


def parse_spoofable(text: str) -> bool:
    """Reads `spoofable`: whether lines whose sender may be forged ban."""
    word = text.strip().lower()
    if word not in SPOOFABLE:
        raise Trouble("neither watch nor ban", text, suggest(word, SPOOFABLE, "write watch, which bans nobody, or ban"))
    return word == "ban"


def clashes(jails: Sequence[JailSettings]) -> Iterator[tuple[str, Trouble]]:
    """The jails that want an address to be listened on in another way than a jail before them, which is kept."""
    known: dict[str, tuple[SyslogSettings, str]] = {}
    for jail in jails:
        for mine in jail.syslog:
            first, owner = known.setdefault(mine.address, (mine, jail.name))
            if first != mine:
                message = f"backend: jail {owner!r} listens on the same address with other arguments"
                yield jail.name, Trouble(message, mine.address, "write the same backend in both, once, as an option")
                break


def _listener(text: str, arguments: Mapping[str, str]) -> SyslogSettings:
    kind, colon, place = text.partition(":")
    kind = kind.lower()
    if not colon or kind not in (*PORTS, *UNIX):
        raise Trouble("not an address to listen on", text, suggest(kind, (*PORTS, *UNIX), _FORMS) if colon else _FORMS)
    if kind in UNIX:
        return _unix(kind, place, arguments)
    host, port = _host_and_port(kind, place, text)
    senders = _senders(arguments.get("from", ""))
    is_tls = kind == "tls"
    ca = arguments.get("ca", "") if is_tls else ""
    if not (senders or ca or ip_address(host).is_loopback):
        remedy = 'write from="192.0.2.0/24 2001:db8::/32" (or, if you mean it, from="0.0.0.0/0 ::/0")'
        raise Trouble("who may send? Whoever sends lines decides who is banned", text, remedy)
    if is_tls and not arguments.get("cert"):
        raise Trouble("tls needs a certificate", text, "add cert=/path/of/chain.pem, key=/path/of/key.pem")
    cert, key = (arguments.get("cert", ""), arguments.get("key", "")) if is_tls else ("", "")
    for path in (cert, key, ca):
        if path and not (path.startswith("/") and path.isprintable()):
            raise Trouble("not a whole path", path, "begin with /")
    return SyslogSettings(kind, host, port, senders=senders, cert=cert, key=key, ca=ca)


def _unix(kind: str, path: str, arguments: Mapping[str, str]) -> SyslogSettings:
    if not path.startswith("/") or len(path.encode()) > MAX_PATH or not path.isprintable():
        raise Trouble("not a path for a socket", path, f"write a whole path of at most {MAX_PATH} bytes")
    mode = arguments.get("mode", "") or "0600"
    if not mode.isascii() or not mode.isdigit() or len(mode) > 4 or set(mode) & {"8", "9"} or int(mode, 8) > 0o777:
        raise Trouble("mode is no octal number of permissions", mode, "write 0600, 0660 or 0666")
    owner, group = arguments.get("owner", ""), arguments.get("group", "")
    for name in (owner, group):
        if name and not _NAME.fullmatch(name):
            raise Trouble("not the name or number of a user or group", name, "write owner=root, group=adm, group=4")
    return SyslogSettings(kind, path=path, mode=int(mode, 8), owner=owner, group=group)


def _host_and_port(kind: str, place: str, text: str) -> tuple[str, int]:
    """Splits `192.0.2.1:514`, `[::1]:514`, `192.0.2.1` and `[::1]`."""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
    else:
        host, _, port = place.partition(":")
        port = f":{port}" if port else ""
    number = port.removeprefix(":") or str(PORTS[kind])
    try:
        host = str(ip_address(host))
    except ValueError:
        raise Trouble("not an address of this machine", text, "write a number: 127.0.0.1, 0.0.0.0, [::1]") from None
    if not (number.isascii() and number.isdigit() and len(number) < 6 and 0 < int(number) < 65_536):
        raise Trouble("not a port", text, "write a number from 1 to 65535")
    return host, int(number)


def _senders(text: str) -> tuple[str, ...]:
    found = []
    for word in _words(text):
        try:
            found.append(str(ip_network(word, strict=False)))
        except ValueError:
            raise Trouble("from: not an address or network", word, "write numbers: 192.0.2.7, 192.0.2.0/24") from None
    return tuple(dict.fromkeys(found))


def _words(text: str) -> list[str]:
    words = text.replace(",", " ").split()
    if len(words) > MAX_ITEMS:
        raise Trouble(f"more than {MAX_ITEMS} items", "", "shorten the list")
    return words
