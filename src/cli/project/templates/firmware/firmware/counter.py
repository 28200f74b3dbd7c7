"""A counter that starts again at its limit."""


class Counter:
    """Counts 0, 1, … up to `limit` - 1, then from 0 again."""

    def __init__(self, limit):
        if limit < 1:
            raise ValueError("limit must be positive")
        self.limit = limit
        self.next = 0

    def step(self):
        """The next number."""
        value = self.next
        self.next = (value + 1) % self.limit
        return value
