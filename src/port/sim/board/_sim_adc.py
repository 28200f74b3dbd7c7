# ADC for the simulated `machine`. The bench sets its readings (`_sim`).
import _sim
from _sim_board import ADC as CHANNELS
from _sim_pin_id import pin_id
from umachine import PinBase


class ADC:
    CORE_TEMP = 4
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3

    def __init__(self, channel, *, sample_ns=0, atten=3):
        if not isinstance(channel, (int, PinBase)):
            # The message of boards for a pin without ADC.
            channel = pin_id(channel)
        self._channel = _sim.number(channel)
        if CHANNELS is not None:
            if isinstance(channel, PinBase):
                if self._channel not in CHANNELS.values():
                    raise ValueError("Pin doesn't have ADC capabilities")
            elif self._channel not in CHANNELS:
                raise ValueError("invalid channel")
            else:
                self._channel = CHANNELS[self._channel]
        elif not isinstance(self._channel, int) or self._channel < 0:
            raise ValueError("invalid channel")

    def __repr__(self):
        return "ADC(" + str(self._channel) + ")"

    def init(self, *, sample_ns=0, atten=3):
        pass

    def read_u16(self):
        return max(0, min(65535, int(_sim.read_channel(self._channel))))

    def read_uv(self):
        return self.read_u16() * 3_300_000 // 65535

    def read(self):
        return self.read_u16() >> 4

    def atten(self, *atten):
        pass

    def deinit(self):
        pass
