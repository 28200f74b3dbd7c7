# boot.py of a reduced board: takes away what its firmware lacks. Uses names that the test puts in front: GONE (modules),
# HIDDEN (module -> names that it lacks), GIVEN (module -> names that it has), FREE (bytes of memory that are left; 0: all).
import builtins, sys


def _reduce(GONE, HIDDEN, GIVEN):
    real = builtins.__import__
    parts = {}

    class Part:
        pass

    def part(name):
        part = Part()
        if name not in NEW:
            module = real(name)
            for key in dir(module):
                if key not in HIDDEN.get(name, ()) and key != "__class__":
                    setattr(part, key, getattr(module, key))
        for key, value in GIVEN.get(name, {}).items():
            setattr(part, key, value)
        return part

    NEW = ("supervisor", "storage", "board", "digitalio")
    if "machine" not in GONE:
        # The simulator's own hook goes with its first import.
        real("machine")

    def find(name, *rest):
        if name in GONE or (name in NEW and name not in GIVEN):
            raise ImportError("no module named '" + name + "'")
        if name not in HIDDEN and name not in GIVEN:
            return real(name, *rest)
        if name not in parts:
            parts[name] = part(name)
        return parts[name]

    builtins.__import__ = find


class _Fields:
    def __init__(self, **fields):
        for key, value in fields.items():
            setattr(self, key, value)


# A stream without `buffer`.
class _Text:
    def __init__(self, stream):
        self.read = stream.read
        self.readline = stream.readline
        self.write = stream.write


# 32-bit floats: what `repr` makes of them.
def _float_32(v, r=repr, t=type):
    import struct

    k = t(v)
    if k is float:
        text = "%.8g" % struct.unpack("f", struct.pack("f", v))[0]
        return text if "." in text or "e" in text or "n" in text else text + ".0"
    if k is list:
        return "[" + ", ".join([_float_32(i) for i in v]) + "]"
    if k is tuple:
        return "(" + ", ".join([_float_32(i) for i in v]) + (",)" if len(v) == 1 else ")")
    return r(v)


# The drive is mounted on a computer.
def _read_only(real_open):
    def refuse(*a):
        raise OSError(30)

    def open_to_read(name, mode="r"):
        if mode[0] in "wax" or "+" in mode:
            refuse()
        return real_open(name, mode)

    builtins.open = open_to_read
    return refuse
