# Features specific to CircuitPython. Uses VERSION and the code before it.
import time as _time

_refuse = _read_only(open)
builtins.repr = _float_32
GIVEN = {
    "sys": {
        "implementation": _Fields(name="circuitpython", version=VERSION, _machine="Test with RP2040", _mpy=518),
        "platform": "RP2040",
        "stdin": _Text(sys.stdin),
        "stdout": _Text(sys.stdout),
    },
    "time": {"monotonic": lambda t=_time.ticks_ms: t() / 1000},
    "supervisor": {"ticks_ms": lambda t=_time.ticks_ms: t() & ((1 << 29) - 1)},
    "os": {name: _refuse for name in ("mkdir", "remove", "rename", "rmdir", "unlink")},
    "board": {"LED": 25},
    "digitalio": {},
}
GONE = ("machine", "_thread", "uos", "utime", "vfs", "deflate", "uhashlib", "ubinascii", "select", "micropython")
HIDDEN = {
    "os": ("ilistdir", "mount", "umount", "system"),
    "time": ("ticks_ms", "ticks_us", "ticks_diff", "ticks_add", "ticks_cpu", "sleep_ms", "sleep_us"),
}
