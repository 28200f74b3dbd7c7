# Signals and pulses of the simulated `machine`.
import umachine
from machine import Pin
from umachine import PinBase


class Signal:
    def __init__(self, pin, *rest, invert=False, **named):
        self._pin = Pin(pin, *rest, **named) if rest or named or isinstance(pin, (int, str)) else pin
        self._invert = 1 if invert else 0

    def value(self, *value):
        if not value:
            return self._pin.value() ^ self._invert
        self._pin.value((1 if value[0] else 0) ^ self._invert)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


def time_pulse_us(pin, pulse_level, timeout_us=1000000):
    if not isinstance(pin, PinBase):
        raise TypeError("expecting a Pin")
    return umachine.time_pulse_us(pin, pulse_level, timeout_us)
