# The modules of CircuitPython that the standard modules use, on a simulated board: with the rules of CircuitPython's
# documentation (pins in use, locks, directions), and the simulated `machine` behind them.
import builtins, sys, time as _time
import machine as _machine, _sim, network as _network, _onewire, framebuf as _framebuf


class _Module:
    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


class _Error(OSError):
    pass


builtins.ConnectionError = _Error
_used = set()


class _Pin:
    def __init__(self, number):
        self.number = number


_pins = {}


class _Board:
    def __getattr__(self, name):
        if name in ("SDA", "SCL", "TX", "RX"):
            name = "GP" + str(("SDA", "SCL", "TX", "RX").index(name))
        if name[:2] != "GP":
            raise AttributeError(name)
        return _pins.setdefault(name, _Pin(int(name[2:])))

    def I2C(self):
        return _I2C(0)

    def SPI(self):
        return _SPI(0)


# Something that takes pins for itself until it is given back.
class _Holder:
    def _take(self, *pins):
        for pin in pins:
            if not isinstance(pin, _Pin):
                raise TypeError("pin must be of type Pin")
            if pin in _used:
                raise ValueError("GP" + str(pin.number) + " in use")
        self._held = [pin for pin in pins]
        _used.update(pins)

    def deinit(self):
        for pin in self._held:
            _used.remove(pin)
        self._held = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.deinit()


class _DigitalInOut(_Holder):
    def __init__(self, pin):
        self._take(pin)
        self._pin = _machine.Pin(pin.number)
        self.switch_to_input()

    def switch_to_input(self, pull=None):
        self._out = False
        self._pin.init(_machine.Pin.IN, pull)

    def switch_to_output(self, value=False):
        self._out = True
        self._pin.init(_machine.Pin.OUT, value=value)

    def deinit(self):
        super().deinit()
        self._pin.init(_machine.Pin.IN, None)

    @property
    def value(self):
        return bool(self._pin.value())

    @value.setter
    def value(self, level):
        if not self._out:
            raise AttributeError("Cannot set value when direction is input.")
        self._pin.value(level)


class _AnalogIn(_Holder):
    def __init__(self, pin):
        self._take(pin)
        self._adc = _machine.ADC(pin.number)

    @property
    def value(self):
        return self._adc.read_u16()


class _PWMOut(_Holder):
    def __init__(self, pin, *, duty_cycle=0, frequency=500, variable_frequency=False):
        self._take(pin)
        self._variable = variable_frequency
        self._pwm = _machine.PWM(pin.number, freq=frequency, duty_u16=duty_cycle)

    def deinit(self):
        super().deinit()
        self._pwm.deinit()

    @property
    def frequency(self):
        return self._pwm.freq()

    @frequency.setter
    def frequency(self, hertz):
        if not self._variable:
            raise AttributeError("PWM frequency not writable when variable_frequency is False on construction.")
        self._pwm.freq(hertz)

    @property
    def duty_cycle(self):
        return self._pwm.duty_u16()

    @duty_cycle.setter
    def duty_cycle(self, duty):
        self._pwm.duty_u16(duty)


class _Locked(_Holder):
    _locked = False

    def try_lock(self):
        locked, self._locked = self._locked, True
        return not locked

    def unlock(self):
        self._locked = False

    def _bus(self):
        if not self._locked:
            raise RuntimeError("Function requires lock")
        return self._device


class _I2C(_Locked):
    def __init__(self, number):
        self._held = []
        self._device = _machine.I2C(number)

    def scan(self):
        return self._bus().scan()

    def writeto(self, address, buffer):
        self._bus().writeto(address, buffer)

    def readfrom_into(self, address, buffer):
        self._bus().readfrom_into(address, buffer)

    def writeto_then_readfrom(self, address, out_buffer, in_buffer):
        self._bus().writeto(address, out_buffer, False)
        self._device.readfrom_into(address, in_buffer)


def _new_i2c(scl, sda, *, frequency=100000):
    bus = _I2C(1)
    bus._take(scl, sda)
    return bus


class _SPI(_Locked):
    def __init__(self, number):
        self._held = []
        self._device = _machine.SPI(number)

    def configure(self, *, baudrate=100000, polarity=0, phase=0, bits=8):
        self._bus()

    def write_readinto(self, buffer_out, buffer_in):
        self._bus().write_readinto(buffer_out, buffer_in)


class _UART(_Holder):
    def __init__(self, tx, rx, *, baudrate=9600, bits=8, parity=None, stop=1, timeout=1):
        self._take(tx, rx)
        self._device = _machine.UART(1, baudrate)

    @property
    def in_waiting(self):
        return self._device.any()

    def read(self, nbytes=None):
        return self._device.read(nbytes)

    def write(self, buf):
        if isinstance(buf, str):
            raise TypeError("a bytes-like object is required")
        return self._device.write(buf)


class _OneWire(_Holder):
    def __init__(self, pin):
        self._take(pin)
        self._pin = pin.number

    def reset(self):
        return not _onewire.reset(self._pin)

    def read_bit(self):
        return bool(_onewire.readbit(self._pin))

    def write_bit(self, value):
        _onewire.writebit(self._pin, value)


class _RTC:
    @property
    def datetime(self):
        when = _machine.RTC().datetime()
        return when[:3] + when[4:7] + (when[3], -1, -1)

    @datetime.setter
    def datetime(self, when):
        _machine.RTC().datetime((when[0], when[1], when[2], when[6], when[3], when[4], when[5], 0))


class _Radio:
    enabled = False
    ap_info = None
    ipv4_address = None

    def start_scanning_networks(self):
        if not self.enabled:
            raise RuntimeError("wifi is not enabled")
        for n, (name, about) in enumerate(_sim.networks.items()):
            modes = [_AuthMode.WPA2, _AuthMode.PSK] if about[0] else [_AuthMode.OPEN]
            yield _Module(ssid=name, rssi=about[1], channel=1 + n * 5 % 13, authmode=modes)

    def stop_scanning_networks(self):
        pass

    def connect(self, ssid, password=b"", *, timeout=None):
        about = _sim.networks.get(ssid)
        if about is None:
            raise ConnectionError("No network with that ssid")
        if about[0] and about[0] != password:
            raise ConnectionError("Authentication failure")
        self.ap_info = _Module(ssid=ssid, rssi=about[1])
        self.ipv4_address = "192.168.4.2"

    def stop_station(self):
        self.ap_info = self.ipv4_address = None


class _AuthMode:
    OPEN, WPA2, PSK = range(3)


# The glyphs of MicroPython's font side by side, from the blank on.
class _Font:
    def __init__(self):
        self._buffer = bytearray(95 * 8)
        self.bitmap = self
        self._frame = _framebuf.FrameBuffer(self._buffer, 95 * 8, 8, _framebuf.MONO_VLSB)
        self._frame.text("".join([chr(n) for n in range(32, 127)]), 0, 0)

    def __getitem__(self, place):
        return self._frame.pixel(place[0], place[1])

    def get_bounding_box(self):
        return (8, 8)

    def get_glyph(self, code):
        return _Module(bitmap=self, tile_index=code - 32, width=8, height=8) if 32 <= code < 127 else None


def _neopixel_write(pin, buffer):
    if not pin._out:
        raise AttributeError("Cannot set value when direction is input.")
    _machine.bitstream(pin._pin, 0, (400, 850, 800, 450), buffer)


_pull = _Module(UP=_machine.Pin.PULL_UP, DOWN=_machine.Pin.PULL_DOWN)
sys.modules["board"] = _Board()
sys.modules["digitalio"] = _Module(DigitalInOut=_DigitalInOut, Pull=_pull)
sys.modules["analogio"] = _Module(AnalogIn=_AnalogIn)
sys.modules["pwmio"] = _Module(PWMOut=_PWMOut)
sys.modules["busio"] = _Module(I2C=_new_i2c, UART=_UART, Parity=_Module(EVEN=1, ODD=2))
sys.modules["onewireio"] = _Module(OneWire=_OneWire)
sys.modules["neopixel_write"] = _Module(neopixel_write=_neopixel_write)
sys.modules["rtc"] = _Module(RTC=_RTC)
sys.modules["wifi"] = _Module(radio=_Radio(), AuthMode=_AuthMode)
sys.modules["terminalio"] = _Module(FONT=_Font())
# The simulator's own modules keep the whole `time`.
for _name in ("PWM", "I2C", "SPI", "UART", "RTC"):
    getattr(_machine, _name)
sys.modules["time"] = _Module(
    sleep=_time.sleep, time=_time.time, monotonic=lambda: _time.ticks_ms() / 1000, struct_time=tuple
)
# What CircuitPython does not have must not be reached by chance; `machine` the bench side needs.
for _name in ("network", "_onewire", "framebuf"):
    sys.modules[_name] = None
