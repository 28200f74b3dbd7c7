# I2C for the simulated `machine`. The bench sets the devices (`_sim`).
import _sim
from _sim_board import I2C as I2C_IDS

EIO = 5


class I2C:
    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        if I2C_IDS is not None and id not in I2C_IDS and id != -1:
            raise ValueError("I2C(" + str(id) + ") doesn't exist")
        self._id = id
        self._freq = freq
        self._open = None

    def __repr__(self):
        return type(self).__name__ + "(" + str(self._id) + ", freq=" + str(self._freq) + ")"

    def init(self, *, scl=None, sda=None, freq=400000):
        self._freq = freq

    def deinit(self):
        pass

    def scan(self):
        return sorted(address for address in _sim.buses.get(self._id, ()) if 8 <= address < 0x78)

    # The device at an address; raises the error of boards if no device answers.
    def _device(self, address):
        device = _sim.buses.get(self._id, {}).get(address)
        if device is None:
            raise OSError(EIO)
        return device

    def _read(self, address, count):
        data = bytes(self._device(address).read(count))
        if len(data) < count:
            # No device pulls the line down.
            data += b"\xff" * (count - len(data))
        return data[:count]

    def _point(self, address, register, width, data=b""):
        device = self._device(address)
        start = register.to_bytes(width, "big") if width else b""
        if isinstance(device, _sim.Registers):
            device.write(start + data, width)
        else:
            device.write(start + data)

    def readfrom(self, addr, nbytes, stop=True):
        return self._read(addr, nbytes)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self._read(addr, len(buf))

    def writeto(self, addr, buf, stop=True):
        self._device(addr).write(bytes(buf))
        return len(buf)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join([bytes(part) for part in vector]))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        self._point(addr, memaddr, addrsize // 8)
        return self._read(addr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self._point(addr, memaddr, addrsize // 8, bytes(buf))


class SoftI2C(I2C):
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        super().__init__(-1, freq=freq)

    # Byte by byte: everything written between start and stop reaches the device at once.
    def start(self):
        self._open = bytearray()

    def write(self, buf):
        self._open.extend(buf)
        return len(buf)

    def readinto(self, buf, nack=True):
        buf[:] = self._read(self._open[0] >> 1, len(buf))

    def stop(self):
        sent, self._open = self._open, None
        if sent and not sent[0] & 1:
            self.writeto(sent[0] >> 1, sent[1:])
