# The module `_onewire` of a simulated board: DS18B20 thermometers on a wire. The bench sets them (`_sim`).
#
# Bits as in the chips' data sheet: simultaneous sends are ANDed.
import _sim


class Device:
    def __init__(self, rom, celsius):
        rom = bytes([int(rom[n : n + 2], 16) for n in range(0, 14, 2)])
        self.rom = rom + bytes([crc8(rom)])
        self.celsius = celsius
        # The value before the first conversion: 85 degrees.
        self.raw = 0x550

    def scratchpad(self):
        data = bytes([self.raw & 255, self.raw >> 8 & 255, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10])
        return data + bytes([crc8(data)])


class Bus:
    def __init__(self, devices):
        self.devices = [Device(rom, celsius) for rom, celsius in devices.items()]
        self.reset()

    def reset(self):
        self.state = "rom"
        self.active = self.devices
        self.taken = []
        self.given = []
        return bool(self.devices)

    def write(self, bit):
        self.given = []
        if self.state == "search":
            place = len(self.taken)
            self.taken.append(bit)
            self.active = [device for device in self.active if bit_of(device.rom, place) == bit]
            self.half = 0
            if len(self.taken) == 64:
                self.state = ""
            return
        self.taken.append(bit)
        if len(self.taken) == (64 if self.state == "match" else 8):
            value, self.taken = bytes_of(self.taken), []
            if self.state == "match":
                self.active = [device for device in self.active if device.rom == value]
                self.state = "function"
            else:
                self.command(value[0])

    def command(self, value):
        if self.state == "rom":
            self.half = 0
            self.state = {0xCC: "function", 0x33: "function", 0x55: "match", 0xF0: "search"}.get(value, "")
            if value == 0x33:
                self.give([device.rom for device in self.active])
        elif self.state == "function":
            self.state = ""
            if value == 0x44:
                for device in self.active:
                    device.raw = int(device.celsius * 16 // 1)
                # Busy for a while.
                self.given = [0, 0, 0]
            elif value == 0xBE:
                self.give([device.scratchpad() for device in self.active])

    def give(self, answers):
        count = 8 * len(answers[0]) if answers else 0
        self.given = [all_of([bit_of(answer, n) for answer in answers]) for n in range(count)]

    def read(self):
        if self.state == "search":
            bits = [bit_of(device.rom, len(self.taken)) for device in self.active]
            self.half ^= 1
            return all_of(bits if self.half else [1 - bit for bit in bits])
        return self.given.pop(0) if self.given else 1


def all_of(bits):
    return 0 if 0 in bits else 1


def bit_of(data, n):
    return data[n >> 3] >> (n & 7) & 1


def bytes_of(bits):
    return bytes([sum(bits[n + k] << k for k in range(8)) for n in range(0, len(bits), 8)])


def crc8(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


def bus(pin):
    name = _sim.number(pin)
    held = _sim.wires.get(name)
    if not isinstance(held, Bus):
        held = _sim.wires[name] = Bus(held or {})
    return held


def reset(pin):
    return bus(pin).reset()


def readbit(pin):
    return bus(pin).read()


def writebit(pin, value):
    bus(pin).write(1 if value else 0)


def readbyte(pin):
    held = bus(pin)
    return sum(held.read() << n for n in range(8))


def writebyte(pin, value):
    held = bus(pin)
    for n in range(8):
        held.write(value >> n & 1)
