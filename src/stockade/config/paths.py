"""Which files belong to a configuration name, over a search path of directories; and the search path itself.

In: directories. Out: existing files in the order in which they are merged. Reads directory entries, never contents.

Search path
    One directory is a complete tree (`/etc/fail2ban`). Several are layers: the shipped tree first, then the operator's
    (`/etc/stockade`, which usually holds only `jail.local`). A layer that has its own `jail.conf` is a complete tree:
    it is read alone, whatever stands before it.

Candidates of a name N (`jail`, `filter.d/sshd`, …), existing ones only
    1. for each directory in order: `N.conf`, then `N.d/*.conf` sorted by path;
    2. for each directory in order: `N.local`, then `N.d/*.local` sorted by path.
    So the operator's `.conf` overrides the shipped one, and every `.local` overrides every `.conf`.

Includes
    A relative name is looked up beside the including file. When that place lies inside a directory of the search path,
    the same relative place is looked up in all of them, in order; so a file in `/etc/stockade/filter.d` can include the
    shipped `common.conf`, and `/etc/stockade/filter.d/common.local` applies to the shipped one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from stockade.config.trouble import Trouble

SHIPPED = Path(__file__).resolve().parent.parent / "data"
"""Our own tree, part of the package."""

SUFFIXES = (".conf", ".local")


def search_path(base: Path, overrides: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The directories to read, base first; only the last complete tree and what stands behind it."""
    layers = (base, *overrides)
    complete = max((n for n, layer in enumerate(layers) if n and (layer / "jail.conf").exists()), default=0)
    return tuple(layers[complete:])


def candidates(roots: Sequence[Path], name: str) -> list[Path]:
    """The existing files of a configuration name in merge order; `./name` is relative to the working directory."""
    if "\0" in name:
        return []
    places = [Path(name)] if name.startswith("./") else [root / name for root in roots]
    places = list(dict.fromkeys(places))
    return [path for suffix in SUFFIXES for place in places for path in _with_suffix(place, suffix)]


def _with_suffix(place: Path, suffix: str) -> list[Path]:
    main = place.with_name(place.name + suffix)
    directory = place.with_name(place.name + ".d")
    found = [main] if is_there(main) else []
    try:
        names = sorted(entry.name for entry in os.scandir(directory) if entry.name.endswith(suffix))
    except (FileNotFoundError, NotADirectoryError):
        return found
    except OSError as error:
        raise Trouble(f"cannot be read ({error.strerror})", "", "check owner and mode", str(directory)) from None
    return found + [directory / name for name in names if not name.startswith(".")]


def is_there(path: Path) -> bool:
    """Tells whether something has this name. What is no file, or cannot be opened, counts and is reported when read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def included(roots: Sequence[Path], including: Path, name: str) -> list[Path]:
    """The files that an include of `name` in `including` stands for; empty when there is none."""
    place = Path(os.path.normpath(including.parent / name))
    return [path for path in _everywhere(roots, place) if is_there(path)]


def siblings(roots: Sequence[Path], path: Path) -> list[Path]:
    """The `.local` files that follow an included `.conf`."""
    if path.suffix != ".conf":
        return []
    return [local for local in _everywhere(roots, path.with_suffix(".local")) if is_there(local)]


def _everywhere(roots: Sequence[Path], place: Path) -> list[Path]:
    for root in roots:
        if place.is_relative_to(root):
            relative = place.relative_to(root)
            return list(dict.fromkeys(other / relative for other in roots))
    return [place]


def names_in(roots: Sequence[Path], folder: str) -> list[str]:
    """The configuration names of a folder (`filter.d`), for suggestions."""
    found: set[str] = set()
    for root in roots:
        for suffix in SUFFIXES:
            found.update(path.name.removesuffix(suffix) for path in (root / folder).glob("*" + suffix))
    return sorted(found)
