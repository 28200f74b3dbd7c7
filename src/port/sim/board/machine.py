# The simulated `machine`: MicroPython's own names, with a bench behind them in place of wires (`import _sim`).
#
# Rarely used parts are in separate modules, loaded on demand, so that a small heap stays free.
import os, sys, time
import umachine
import _sim
import _sim_board
from umachine import PinBase, idle, mem8, mem16, mem32, soft_reset

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
PIN_WAKE = 2

_LATER = {
    "Pin": "_sim_pin",
    "Signal": "_sim_signal",
    "time_pulse_us": "_sim_signal",
    "ADC": "_sim_adc",
    "PWM": "_sim_pwm",
    "I2C": "_sim_i2c",
    "SoftI2C": "_sim_i2c",
    "SPI": "_sim_spi",
    "SoftSPI": "_sim_spi",
    "UART": "_sim_uart",
    "Timer": "_sim_time",
    "RTC": "_sim_time",
    "WDT": "_sim_time",
}
_frequency = _sim_board.FREQUENCY


# A placeholder for a module until one of its attributes is needed.
class _Stand:
    def __init__(self, name, module):
        self._name = name
        self._module = module

    def __getattr__(self, name):
        if sys.modules.get(self._module) is self:
            del sys.modules[self._module]
        module = sys.modules[self._name] = _load(self._module)
        return getattr(module, name)


def _start(load, cause, name, end, board):
    global _load, _cause, _name, _end
    _load, _cause, _name, _end = load, cause, name, end
    sys.modules["_onewire"] = _Stand("_onewire", "_sim_onewire")
    sys.modules["network"] = _Stand("network", "_sim_network")
    for name in board[4]:
        try:
            # A file of this name comes first, as in `sys.path`.
            os.stat(name + ".py")
        except OSError:
            sys.modules.setdefault(name, _Stand(name, name))


def __getattr__(name):
    if name == "__all__":
        # For `from machine import *`.
        names = list(globals()) + list(_LATER)
        return [name for name in names if name[0] != "_" and name not in ("os", "sys", "time", "umachine")]
    module = _LATER.get(name)
    if module is None:
        raise AttributeError("module 'machine' has no attribute '" + name + "'")
    value = globals()[name] = getattr(_load(module), name)
    return value




def reset():
    _end(b"H")


def bootloader(*timeout):
    _end(b"H")


def deepsleep(*milliseconds):
    lightsleep(*milliseconds)
    _end(b"D")


def lightsleep(*milliseconds):
    if milliseconds and milliseconds[0] is not None:
        time.sleep_ms(milliseconds[0])
    else:
        while True:
            time.sleep(1)


sleep = lightsleep


def reset_cause():
    return _cause


def wake_reason():
    return 0


def unique_id():
    import hashlib

    return hashlib.sha256(_name).digest()[: _sim_board.ID]


def freq(*hertz):
    global _frequency
    if not hertz:
        return _frequency
    _frequency = hertz[0]


# There are no interrupts to disable: handlers run between two instructions.
def disable_irq():
    return True


def enable_irq(state=True):
    pass


def bitstream(pin, encoding, timing, data):
    name = _sim.number(pin)
    _sim.streams[name] = _sim.streams.get(name, b"") + bytes(data)
