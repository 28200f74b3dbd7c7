# `sys` as programs on a board see it, in place of the interpreter's own.
#
# A board sends CR LF for each LF of text, and the bytes of `sys.stdout.buffer` unchanged. The host adds the CR, so raw
# bytes are announced to it by MARK, their number and a colon. 0xFF starts a mark and never occurs in UTF-8.
import io
import os as _os
import sys as _sys

_PIECE = 256


class TextIOWrapper(io.IOBase):
    # With `mark`, it sends bytes unchanged.
    def __init__(self, mark=None):
        self._mark = mark

    # `write(data, size)` and `write(data, offset, size)`, as MicroPython's streams have them (py/stream.c).
    def write(self, data, *part):
        if part:
            data = data[sum(part[:-1]) :][: part[-1]]
        if self._mark is None:
            if isinstance(data, str) or 255 not in bytes(data):
                return _sys.stdout.write(data)
            self.buffer.write(bytes(data).replace(b"\n", b"\r\n"))
            return len(data)
        if isinstance(data, str):
            data = data.encode()
        elif not isinstance(data, (bytes, bytearray)):
            data = bytes(data)
        data = memoryview(data)
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            # One write: output of a thread cannot get in between.
            _sys.stdout.write(self._mark + b"%d:" % len(piece) + piece)
        return len(data)

    def read(self, *size):
        raise OSError(1)

    readinto = readline = readlines = read

    # As on boards, where nothing closes a standard stream.
    def close(self):
        return self

    __enter__ = close

    def __exit__(self, *error):
        pass

    # Always ready to write.
    def ioctl(self, request, argument):
        return argument & 4 if request == 3 else 0 if request == 4 else -22


class module:
    path = property(lambda self: _sys.path, lambda self, value: setattr(_sys, "path", value))
    ps1 = property(lambda self: _sys.ps1, lambda self, value: setattr(_sys, "ps1", value))
    ps2 = property(lambda self: _sys.ps2, lambda self, value: setattr(_sys, "ps2", value))

    def __repr__(self):
        return "<module 'sys'>"


# `os` plus the extras of boards.
class OS:
    def __init__(self, platform, machine):
        self._about = platform, machine
        copy(_os, self)

    def __repr__(self):
        return "<module 'os'>"

    def uname(self):
        from collections import namedtuple

        platform, machine = self._about
        version = _sys.version.split("MicroPython ")[-1]
        fields = namedtuple("", ("sysname", "nodename", "release", "version", "machine"))
        return fields(platform, platform, ".".join([str(n) for n in _sys.implementation[1][:3]]), version, machine)


# Attributes of a built-in module cannot be set or deleted.
def refuse(self, name, value=None):
    raise AttributeError("'module' object has no attribute '" + name + "'")


def copy(source, target):
    names = [name for name in dir(source) if name[0] != "_" and name not in ("atexit", "exc_info", "executable")]
    for name in names:
        if name not in ("path", "ps1", "ps2"):
            setattr(target, name, getattr(source, name))
    return names


def install(mark, profile):
    board = module()
    # For `from sys import *`, which does not find properties.
    board.__all__ = copy(_sys, board)
    old = _sys.implementation
    board.platform = profile[0] or _sys.platform
    if profile[0]:
        from collections import namedtuple

        names = [name for name in ("name", "version", "_machine", "_mpy", "_build", "_thread") if hasattr(old, name)]
        new = {"_machine": profile[1], "_build": profile[2]}
        board.implementation = namedtuple("", names)(*[new.get(name, getattr(old, name)) for name in names])
    _sys.modules["os"] = _sys.modules["uos"] = OS(board.platform, board.implementation._machine)
    board.stdout, board.stderr = TextIOWrapper(), TextIOWrapper()
    board.stdout.buffer = board.stderr.buffer = TextIOWrapper(mark)
    for kind in module, OS:
        kind.__setattr__ = kind.__delattr__ = refuse
    # `import` searches here first.
    _sys.modules["sys"] = _sys.modules["usys"] = board
