"""Reads a sensor and shows its level with an LED."""

import sys
import time

from belay import Device

COUNT = 3


class Bench(Device):
    """A board with an analog sensor and an LED."""

    @Device.setup(autoinit=True)
    def init(channel=26, pin=25):
        from machine import ADC, Pin

        adc = ADC(channel)
        led = Pin(pin, Pin.OUT)

    @Device.task
    def read(samples=8):
        """The mean of `samples` readings."""
        total = 0
        for _ in range(samples):
            total += adc.read_u16()
        return total // samples

    @Device.task(implementation="micropython")
    def light(on):
        led.value(on)

    @Device.teardown(ignore_errors=True)
    def off():
        led.value(0)

    def volts(self):
        return self.read() * 3.3 / 65535


with Bench(sys.argv[1]) as bench:
    for number in range(COUNT):
        volts = bench.volts()
        bench.light(volts > 1.0)
        print(f"{number}: {volts:.2f} V")
        time.sleep(0.1)
