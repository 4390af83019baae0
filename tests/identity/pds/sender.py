"""A worker for tests of the rate: sends datagrams as often as it may, until it is killed.

Run as ``python sender.py REDIS_URL PORT LIMIT WINDOW LEASE``. The receiver answers each datagram
when it has noted its arrival. Where the server is away the worker tries again.
"""

from __future__ import annotations

import os
import socket
import sys
import time

import redis

from identity.pds.rate import NotYet, RateLimit, RateUnknown


def main() -> None:
    address, port, limit, window, lease = sys.argv[1:]
    rate = RateLimit(
        redis.Redis.from_url(address),
        name="test",
        limit=int(limit),
        window=float(window),
        lease=float(lease),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(float(lease))
        while True:
            try:
                with rate.permit(patience=60) as permit:
                    if permit.stale():
                        permit.was_not_sent()
                        continue
                    line.sendto(str(os.getpid()).encode(), ("127.0.0.1", int(port)))
                    line.recv(1)
                    permit.was_answered()
            except (RateUnknown, NotYet, TimeoutError):
                time.sleep(0.05)


if __name__ == "__main__":
    main()
