"""A voltage divider at an ADC channel."""

from machine import ADC


class Divider:
    """Reads volts; `reference` is the voltage of the largest reading."""

    def __init__(self, channel, reference):
        self.adc = ADC(channel)
        self.reference = reference

    def voltage(self, samples=1):
        """The mean of `samples` readings."""
        total = 0
        for _ in range(samples):
            total += self.adc.read_u16()
        return total / samples * self.reference / 65535
