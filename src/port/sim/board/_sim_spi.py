# SPI for the simulated `machine`. The bench sets the devices (`_sim`).
import _sim
from _sim_board import SPI as SPI_IDS


class SPI:
    MSB = 0
    LSB = 1
    CONTROLLER = 0

    def __init__(
        self, id=-1, baudrate=1000000, *, polarity=0, phase=0, bits=8, firstbit=0, sck=None, mosi=None, miso=None
    ):
        if SPI_IDS is not None and id not in SPI_IDS and id != -1:
            raise ValueError("SPI(" + str(id) + ") doesn't exist")
        self._id = id
        self._baudrate = baudrate

    def __repr__(self):
        return type(self).__name__ + "(" + str(self._id) + ", baudrate=" + str(self._baudrate) + ")"

    def init(self, baudrate=None, **settings):
        self._baudrate = baudrate or self._baudrate

    def deinit(self):
        pass

    # Full duplex: sends `data`, returns as many bytes.
    def _exchange(self, data):
        held = _sim.spi_answers.setdefault(self._id, [None, 0, b""])
        held[2] += data
        answer, place = held[0], held[1]
        if answer is None:
            return bytes(len(data))
        if callable(answer):
            got = bytes(answer(data) or b"")
            return (got + bytes(len(data)))[: len(data)]
        held[1] = place + len(data)
        return bytes([answer[(place + n) % len(answer)] if answer else 0 for n in range(len(data))])

    def read(self, nbytes, write=0):
        return self._exchange(bytes([write]) * nbytes)

    def readinto(self, buf, write=0):
        buf[:] = self.read(len(buf), write)

    def write(self, buf):
        self._exchange(bytes(buf))

    def write_readinto(self, write_buf, read_buf):
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        read_buf[:] = self._exchange(bytes(write_buf))


class SoftSPI(SPI):
    def __init__(self, baudrate=500000, *, polarity=0, phase=0, bits=8, firstbit=0, sck=None, mosi=None, miso=None):
        super().__init__(-1, baudrate)
