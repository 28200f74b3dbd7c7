# UART for the simulated `machine`. The bench sets the other end (`_sim`).
import _sim, time
from _sim_board import UART as UART_IDS


class UART:
    INV_TX = 1
    INV_RX = 2
    RTS = 2
    CTS = 1

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **settings):
        if UART_IDS is not None and id not in UART_IDS and id != -1:
            raise ValueError("UART(" + str(id) + ") doesn't exist")
        self._id = id
        self._timeout = 0
        self.init(baudrate, bits, parity, stop, **settings)

    def __repr__(self):
        return "UART(" + str(self._id) + ", baudrate=" + str(self._baudrate) + ")"

    def init(self, baudrate=115200, bits=8, parity=None, stop=1, *, timeout=None, **settings):
        self._baudrate = baudrate
        if timeout is not None:
            self._timeout = timeout

    def deinit(self):
        pass

    def any(self):
        return len(_sim.port(self._id).received)

    def _take(self, count):
        held = _sim.port(self._id)
        if not held.received and self._timeout:
            end = time.ticks_add(time.ticks_ms(), self._timeout)
            while not held.received and time.ticks_diff(end, time.ticks_ms()) > 0:
                time.sleep_ms(1)
        data, held.received = held.received[:count], held.received[count:]
        return data or None

    def read(self, nbytes=-1):
        held = _sim.port(self._id)
        return self._take(len(held.received) or 256 if nbytes < 0 else nbytes)

    def readinto(self, buf, nbytes=-1):
        data = self._take(len(buf) if nbytes < 0 else min(nbytes, len(buf)))
        if data is None:
            return None
        buf[: len(data)] = data
        return len(data)

    def readline(self):
        held = _sim.port(self._id)
        end = held.received.find(b"\n") + 1
        return self._take(end or len(held.received) or 256)

    def write(self, buf):
        data = buf.encode() if isinstance(buf, str) else bytes(buf)
        held = _sim.port(self._id)
        held.sent += data
        if held.loop:
            held.received += data
        return len(data)

    def flush(self):
        pass

    def txdone(self):
        return True

    def sendbreak(self):
        pass
