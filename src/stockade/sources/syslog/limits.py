"""The bounds of the syslog listeners, and what happens at each. Nothing is decided here."""

from __future__ import annotations

from stockade.model.clock import Seconds

MAX_MESSAGE = 8192
"""Bytes of one message. A longer one is cut before the word that crosses the bound (half an address would be another
one's address), and counted as `cut`; reading goes on behind it."""

MAX_FRAME = 1024 * 1024
"""The greatest length an octet-counted frame may announce. More is taken for garbage: the connection is closed and
counted as `garbled`. What is beyond MAX_MESSAGE is passed over as it comes, and never kept."""

MAX_MESSAGES = 250
"""Messages of one `read` (some 5 ms with their scan): other sources get their turn in between. What is left stays in
the kernel: streams are slowed by it, of datagrams those that find the kernel's buffer full are dropped."""

MAX_BYTES = 128 * 1024
"""Bytes of the messages of one `read`, about: messages can be 8 KiB of garbage, every byte of which costs something. At
the bound the same happens as above."""

RECEIVE_BYTES = 4 * 1024 * 1024
"""The kernel's buffer asked for one datagram socket. When it is full the kernel drops the newest datagrams and counts
them; `status` says how many."""

MAX_READ = 65536
"""Bytes taken from one connection at once; then the next one has its turn."""

MAX_CONNECTIONS = 256
"""Connections of one listener. At the bound the one that has been silent longest is closed, if it has been so for
`SPARE_SECONDS`; otherwise the newcomer is turned away. Either is counted as `refused`."""

MAX_PER_SENDER = 32
"""Connections of one sender (of one /64 with IPv6). At the bound the newcomer is turned away, counted as `refused`."""

MAX_ACCEPTS = 16
"""Connections accepted in one `read`; the others wait in the kernel, which turns away more than `BACKLOG`."""

BACKLOG = 64

MAX_HANDSHAKES = 4
"""Steps of TLS handshakes in one `read`, about 1 ms each at most: public-key arithmetic is what strangers can make a
server do most of."""

SPARE_SECONDS: Seconds = 600.0
"""Silence after which a connection may be closed in favour of a newcomer. Otherwise silence is no fault: forwarders
keep one connection for ever; a dead peer is found by TCP's own probes (`PROBE_SECONDS`)."""

FRAME_SECONDS: Seconds = 30.0
"""Within which a message that has begun must be complete, and the first one begun. Else the connection is closed,
counted as `stalled`: senders that drip bytes hold no place."""

HANDSHAKE_SECONDS: Seconds = 10.0
"""Within which a TLS handshake must be over; else the same."""

PROBE_SECONDS = 60
"""Silence after which the kernel asks whether the peer still lives; 4 questions 15 s apart, then it is gone."""

AUDIT_SECONDS: Seconds = 1.0
"""How often connections are looked at for these times, while any of them owes something."""

RETRY_SECONDS: Seconds = 5.0
"""Between attempts to open an address that could not be opened."""

MAX_KNOWN = 4096
"""Senders whose permission is remembered; at the bound all are forgotten and looked up again."""
