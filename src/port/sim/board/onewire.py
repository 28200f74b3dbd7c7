# The module `onewire` of a simulated board: the bus above the bits of `_onewire`.
import _onewire


class OneWireError(Exception):
    pass


class OneWire:
    SEARCH_ROM = 0xF0
    MATCH_ROM = 0x55
    SKIP_ROM = 0xCC

    def __init__(self, pin):
        self.pin = pin
        pin.init(pin.OPEN_DRAIN, pin.PULL_UP)

    def reset(self, required=False):
        present = _onewire.reset(self.pin)
        if required and not present:
            raise OneWireError()
        return present

    def readbit(self):
        return _onewire.readbit(self.pin)

    def writebit(self, value):
        return _onewire.writebit(self.pin, value)

    def readbyte(self):
        return _onewire.readbyte(self.pin)

    def writebyte(self, value):
        return _onewire.writebyte(self.pin, value)

    def readinto(self, buf):
        for n in range(len(buf)):
            buf[n] = _onewire.readbyte(self.pin)

    def write(self, buf):
        for value in buf:
            _onewire.writebyte(self.pin, value)

    def select_rom(self, rom):
        self.reset()
        self.writebyte(self.MATCH_ROM)
        self.write(rom)

    # Each round follows the branches of the last one, except the deepest with an unexplored side.
    def scan(self):
        found = []
        choices = {}
        while True:
            if not self.reset():
                return found
            self.writebyte(self.SEARCH_ROM)
            rom = bytearray(8)
            open_branch = None
            for place in range(64):
                one, zero = self.readbit(), self.readbit()
                if one and zero:
                    return found
                if not one and not zero:
                    bit = choices.get(place, 0)
                    if not bit:
                        open_branch = place
                else:
                    bit = one
                self.writebit(bit)
                rom[place >> 3] |= bit << (place & 7)
            found.append(rom)
            if open_branch is None:
                return found
            choices = {place: bit for place, bit in choices.items() if place < open_branch}
            for place in range(open_branch):
                choices[place] = rom[place >> 3] >> (place & 7) & 1
            choices[open_branch] = 1

    # 0 if the last byte is the checksum of the others.
    def crc8(self, data):
        crc = 0
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
        return crc
