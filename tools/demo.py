"""`make demo`: a real attacker is really banned, before your eyes.

In private network namespaces, which vanish with this program however it ends: a real OpenSSH server with a real syslog
daemon, a real ssh client that fails to log in, Stockade watching the log. Nothing outside is touched.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text
from tests.real.machines import Daemon, SshServer, is_reachable, jail_local, log_in, missing_ssh
from tests.real.namespaces import Pair, joined, missing_part

MAXRETRY = 3
WIDTH = 110


class Demo:
    """Tells the story, one step after the other."""

    def __init__(self, pair: Pair, home: Path, console: Console) -> None:
        self._pair = pair
        self._console = console
        self._log = home / "ssh" / "auth.log"
        local = jail_local(self._log, [f"maxretry = {MAXRETRY}"])
        self._local = local
        self._server = SshServer(self._log.parent, pair.server, pair.server_v4, "RSYSLOG_TraditionalFileFormat")
        self._daemon = Daemon(home / "stockade", pair.server, jail_local=local)

    def play(self) -> bool:
        """Plays it; tells whether everything happened as it should."""
        attacker, bystander, _ = self._pair.client_v4
        self._say("What the operator wrote into jail.local", self._local)
        with self._server, self._daemon:
            self._command("status")
            self._attack(attacker)
            self._daemon.wait_banned(attacker)
            self._say("What sshd wrote into its log", self._log.read_text())
            is_blocked = not is_reachable(self._pair.client, attacker, self._pair.server_v4)
            is_open = is_reachable(self._pair.client, bystander, self._pair.server_v4)
            self._verdict(f"the next connection of {attacker} gets no answer", is_blocked)
            self._verdict(f"{bystander}, who did nothing, still gets in", is_open)
            for command in (("status",), ("bans",), ("why", attacker)):
                self._command(*command)
            table = self._pair.server.run(["nft", "list", "table", "inet", "stockade"])
            self._say("What the kernel has: nft list table inet stockade", table.stdout)
            self._command("unban", attacker)
            is_open_again = is_reachable(self._pair.client, attacker, self._pair.server_v4)
            self._verdict(f"{attacker} is let in again", is_open_again)
            self._daemon.stop()
        left = self._pair.server.run(["nft", "list", "tables"]).stdout.strip()
        self._verdict("after the daemon's end nothing is left in the kernel", not left)
        return is_blocked and is_open and is_open_again and not left

    def _attack(self, attacker: str) -> None:
        for number in range(1, MAXRETRY + 1):
            started = time.monotonic()
            status = log_in(self._pair.client, attacker, self._pair.server_v4)
            took = time.monotonic() - started
            refused = f"ssh -b {attacker} root@{self._pair.server_v4}: exit {status} after {took:.1f} s"
            self._console.print(Text(f"✗ attempt {number}: {refused}", style="red"))

    def _command(self, *words: str) -> None:
        argv = [sys.executable, "-m", "stockade", *words, "--socket", self._daemon.options.socket]
        shown = (
            {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH - 4)}
            if self._console.is_terminal
            else {"COLUMNS": str(WIDTH - 4)}
        )
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", **shown})
        self._say(f"stockade {' '.join(words)}", Text.from_ansi(done.stdout + done.stderr))

    def _say(self, title: str, body: str | Text) -> None:
        text = body if isinstance(body, Text) else Text(body.rstrip())
        self._console.print(Panel(text, title=Text(title, style="bold"), title_align="left", border_style="dim"))

    def _verdict(self, sentence: str, is_true: bool) -> None:
        mark, style = ("✔", "bold green") if is_true else ("✗ NOT SO:", "bold red")
        self._console.print(Text(f"{mark} {sentence}", style=style))


def main() -> int:
    """Runs the demo; 0 when everything happened as it should."""
    console = Console(width=WIDTH, highlight=False)
    missing = missing_part() or missing_ssh()
    if missing:
        console.print(f"the demo {missing}; run it as root on Linux: `make demo` installs the programs")
        return 3
    with tempfile.TemporaryDirectory(prefix="stockade-demo-") as name, joined() as pair:
        home = Path(name)
        home.chmod(0o755)
        return 0 if Demo(pair, home, console).play() else 1


if __name__ == "__main__":
    sys.exit(main())
