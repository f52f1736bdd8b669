# SPDX-License-Identifier: BSD-3-Clause
"""Four tickers, of which each counts in a thread-local variable of its own."""
import threading
import time

import ticker

local = threading.local()
made = []
counts = {}


def tick():
    if not hasattr(local, "count"):
        local.count = 0
        made.append(threading.get_ident())
    local.count += 1
    counts[threading.get_ident()] = local.count
    return local.count < 100


tickers = [ticker.start(100, tick) for _ in range(4)]
while sum(counts.values()) < 400:
    time.sleep(0.001)
for t in tickers:
    ticker.stop(t)
print("threads:", len(made), "ticks:", sum(counts.values()))

# This one is never stopped: it ends with the interpreter.
ticker.start(0, lambda: True)
