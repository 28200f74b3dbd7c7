# The module `dht` of a simulated board. The bench sets the readings (`_sim.dht`).
import _sim


class DHTBase:
    def __init__(self, pin):
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        held = _sim.climates.get(_sim.number(self.pin))
        if held is None:
            # No sensor responds.
            raise OSError(110)
        self._put(*held)
        self.buf[4] = sum(self.buf[:4]) & 255


class DHT11(DHTBase):
    def _put(self, celsius, humidity):
        self.buf[:4] = bytes([int(humidity), 0, int(celsius), 0])

    def humidity(self):
        return self.buf[0]

    def temperature(self):
        return self.buf[2]


class DHT22(DHTBase):
    def _put(self, celsius, humidity):
        tenths = int(round(abs(celsius) * 10)) | (0x8000 if celsius < 0 else 0)
        self.buf[:4] = int(round(humidity * 10)).to_bytes(2, "big") + tenths.to_bytes(2, "big")

    def humidity(self):
        return (self.buf[0] << 8 | self.buf[1]) * 0.1

    def temperature(self):
        tenths = (self.buf[2] & 0x7F) << 8 | self.buf[3]
        return -tenths * 0.1 if self.buf[2] & 0x80 else tenths * 0.1
