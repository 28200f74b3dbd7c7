# The bench side of the simulated `machine`: sets what the board measures and reads its outputs.
#
#   _sim.adc(26, 30000)            ADC channel or pin 26 reads 30000; a sequence gives one value per reading, then repeats
#                                  the last; a function is called for each reading. None: mid-scale again
#   _sim.pin(4, 1)                 drives pin 4 from outside (interrupts fire); None releases it
#   _sim.level(25)                 the level at pin 25
#   _sim.wire(2, 3)                the output of pin 2 drives pin 3
#   _sim.pwm(15)                   (frequency, duty_u16) of the PWM at pin 15, or None
#   _sim.i2c(0, 0x48, b"\x01\x02") a device at bus 0 with these registers: bytes, or a dict of register -> value or
#                                  bytes, or an object with write(bytes) and read(count); None removes it
#   _sim.i2c_registers(0, 0x48)    its current register values, in the form in which they were given
#   _sim.spi(1, b"\xff\x00")       the repeating reply of SPI bus 1; or a function of the bytes written
#   _sim.spi_sent(1)               the bytes written to it so far, then forgotten
#   _sim.uart(0, b"hello")         bytes for UART 0 to receive; ends its loopback
#   _sim.uart_sent(0)              the bytes it has sent so far, then forgotten
#
#   _sim.bitstream_sent(16)        the bytes that `machine.bitstream` put out at pin 16 so far, then forgotten
#   _sim.onewire(4, {"28000000000001": 21.5})  thermometers at the wire of pin 4: their addresses without the checksum, 14
#                                  digits, and degrees Celsius; None: none
#   _sim.dht(4, 21.5, 40)          the sensor at pin 4 measures degrees Celsius and percent; None: no sensor
#   _sim.wifi({"lab": ("secret", -50)})  networks: name -> password ("": open) and signal in dBm
#
# A bus created without a number is bus -1. All settings last until the board is reset.

MID_SCALE = 32768

# The objects of `machine`, by pin; and the bench's settings, by channel, bus or port.
pins = {}
pwms = {}
channels = {}
buses = {}
spi_answers = {}
uarts = {}
streams = {}
wires = {}
networks = {}
climates = {}


class Registers:
    def __init__(self, content):
        self.content = content if isinstance(content, dict) else bytearray(content)
        self.place = 0

    def write(self, data, width=1):
        if len(data) < width:
            return
        self.place = int.from_bytes(data[:width], "big")
        for value in data[width:]:
            self.put(value)
            self.place += 1

    def put(self, value):
        content = self.content
        if isinstance(content, dict):
            for first, held in content.items():
                if not isinstance(held, int) and first < self.place < first + len(held):
                    held = bytearray(held)
                    held[self.place - first] = value
                    content[first] = bytes(held)
                    return
            held = content.get(self.place)
            if held is None or isinstance(held, int) or not len(held):
                content[self.place] = value
            else:
                content[self.place] = bytes([value]) + bytes(held[1:])
        elif self.place < len(content):
            content[self.place] = value

    def get(self):
        content = self.content
        if not isinstance(content, dict):
            return content[self.place] if self.place < len(content) else 0
        held = content.get(self.place)
        if isinstance(held, int):
            return held & 255
        for first, held in content.items():
            if not isinstance(held, int) and first <= self.place < first + len(held):
                return held[self.place - first]
        return 0

    def read(self, count):
        data = bytearray(count)
        for n in range(count):
            data[n] = self.get()
            self.place += 1
        return bytes(data)


class Port:
    def __init__(self):
        self.received = b""
        self.sent = b""
        self.loop = True


def number(pin):
    if isinstance(pin, str):
        import machine

        return machine.Pin(pin)._id
    return getattr(pin, "_id", pin)


def adc(channel, value):
    if value is not None and not isinstance(value, (int, float)) and not callable(value):
        # A sequence, and its last value, for when there is no other.
        value = [iter(value), MID_SCALE]
    channels[number(channel)] = value


def read_channel(channel):
    value = channels.get(channel)
    if value is None:
        return MID_SCALE
    if callable(value):
        return value()
    if isinstance(value, (int, float)):
        return int(value)
    for value[1] in value[0]:
        break
    return value[1]


def pin(n, level):
    import machine

    machine.Pin(n)._drive(level)


def level(n):
    import machine

    return machine.Pin(n)._level()


def wire(source, target):
    import machine

    source = machine.Pin(source)
    source._wired = source._wired + (machine.Pin(target),)
    source._spread()


def pwm(n):
    held = pwms.get(number(n))
    return None if held is None else (held.freq(), held.duty_u16())


def i2c(bus, address, device):
    devices = buses.setdefault(bus, {})
    if device is None:
        devices.pop(address, None)
    else:
        devices[address] = device if hasattr(device, "read") else Registers(device)


def i2c_registers(bus, address):
    content = buses[bus][address].content
    return dict(content) if isinstance(content, dict) else bytes(content)


def spi(bus, answer):
    spi_answers[bus] = [answer, 0, b""]


def spi_sent(bus):
    held = spi_answers.setdefault(bus, [None, 0, b""])
    sent, held[2] = held[2], b""
    return sent


def port(n):
    return uarts.setdefault(n, Port())


def uart(n, data):
    held = port(n)
    held.loop = False
    held.received += bytes(data)


def uart_sent(n):
    held = port(n)
    sent, held.sent = held.sent, b""
    return sent


def bitstream_sent(n):
    return streams.pop(number(n), b"")


def onewire(n, devices):
    wires[number(n)] = devices or {}


def dht(n, celsius, humidity=0):
    climates[number(n)] = None if celsius is None else (celsius, humidity)


def wifi(found):
    networks.clear()
    networks.update(found)
