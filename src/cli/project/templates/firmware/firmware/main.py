"""Runs when the board starts."""

import counter
import time

seconds = counter.Counter(limit=60)
for _ in range(3):  # `while True:` in a program that never ends
    print("second", seconds.step())
    time.sleep_ms(100)
