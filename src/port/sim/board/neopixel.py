# The module `neopixel` of a simulated board. `_sim.bitstream_sent` returns the bytes sent to the lights.
from machine import bitstream


class NeoPixel:
    # The order of the colours on the wire, as in drivers for these lights.
    ORDER = (1, 0, 2, 3)

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        self.timing = timing if isinstance(timing, tuple) else (400, 850, 800, 450) if timing else (800, 1700, 1600, 900)
        pin.init(pin.OUT)

    def __len__(self):
        return self.n

    def _start(self, index):
        if not -self.n <= index < self.n:
            raise IndexError("bytearray index out of range")
        return index % self.n * self.bpp

    def __getitem__(self, index):
        start = self._start(index)
        return tuple([self.buf[start + self.ORDER[k]] for k in range(self.bpp)])

    def __setitem__(self, index, colour):
        start = self._start(index)
        for k in range(self.bpp):
            self.buf[start + self.ORDER[k]] = colour[k]

    def fill(self, colour):
        for index in range(self.n):
            self[index] = colour

    def write(self):
        bitstream(self.pin, 0, self.timing, self.buf)
