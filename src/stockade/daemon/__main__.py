"""`python -m stockade.daemon OPTIONS-AS-JSON`: what `stockade run` becomes.

The enforcer is forked before the rest of the daemon is even imported: it then shares nothing with what reads logs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from traceback import format_exc

from stockade.daemon.options import Options
from stockade.enforce.client import Enforcer
from stockade.enforce.link import Link
from stockade.enforce.recorder import Recorder
from stockade.enforce.turn import wait_for_turn
from stockade.errors import Bug, StockadeError


def main(arguments: list[str]) -> int:
    """Runs the daemon; returns its exit status."""
    try:
        options = Options.from_json(arguments[0] if arguments else "{}")
        link = Recorder() if options.dry_run else _enforcer(options)
        from stockade.daemon.start import run  # noqa: PLC0415 - after the fork, see above

        run(options, link)
    except StockadeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_status
    except Exception:
        sys.stderr.write(f"bug: the daemon ends, blocks stand, please report this:\n{format_exc()}")
        return Bug.exit_status
    return 0


def _enforcer(options: Options) -> Link:
    """Forks the enforcer, once the one of an earlier run has ended."""
    turn = wait_for_turn(Path(options.state))
    try:
        return Enforcer.spawn(insecure=frozenset(options.insecure), turn=turn)
    finally:
        os.close(turn)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
