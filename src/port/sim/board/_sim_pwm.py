# PWM for the simulated `machine`.
import _sim
from machine import Pin


class PWM:
    def __init__(self, dest, *, freq=-1, duty_u16=-1, duty_ns=-1, duty=-1, invert=-1):
        self._pin = dest if isinstance(dest, Pin) else Pin(dest)
        self._freq = 0
        self._duty = 0
        self._invert = False
        _sim.pwms[self._pin._id] = self
        self.init(freq=freq, duty_u16=duty_u16, duty_ns=duty_ns, duty=duty, invert=invert)

    def __repr__(self):
        return "PWM(" + str(self._pin) + ", freq=" + str(self._freq) + ", duty_u16=" + str(self._duty) + ")"

    def init(self, *, freq=-1, duty_u16=-1, duty_ns=-1, duty=-1, invert=-1):
        if freq != -1:
            self.freq(freq)
        if duty_u16 != -1:
            self.duty_u16(duty_u16)
        if duty_ns != -1:
            self.duty_ns(duty_ns)
        if duty != -1:
            self.duty(duty)
        if invert != -1:
            self._invert = bool(invert)

    def deinit(self):
        if _sim.pwms.get(self._pin._id) is self:
            del _sim.pwms[self._pin._id]

    def freq(self, *hertz):
        if not hertz:
            return self._freq
        if hertz[0] <= 0:
            raise ValueError("freq out of range")
        self._freq = hertz[0]

    def duty_u16(self, *duty):
        if not duty:
            return self._duty
        if not 0 <= duty[0] <= 65535:
            raise ValueError("duty_u16 out of range")
        self._duty = duty[0]

    def duty_ns(self, *duty):
        period = 1_000_000_000 // self._freq if self._freq else 0
        if not duty:
            return (self._duty * period + 32767) // 65535
        if not period:
            raise ValueError("freq is not set")
        self.duty_u16(min(65535, (duty[0] * 65535 + period // 2) // period))

    def duty(self, *duty):
        if not duty:
            return self._duty >> 6
        self.duty_u16(min(65535, duty[0] << 6))
