"""Runs a command on a terminal of its own and passes bytes both ways; what the command prints is changed on the way.

relay.py crlf COMMAND...            a line feed without a carriage return gets one, as on a serial board
relay.py swap FROM TO COMMAND...    the byte FROM becomes the byte TO, both hexadecimal: a link that is not clean
"""

import os
import pty
import select
import sys
import termios
import tty


def crlf():
    last = b""

    def change(data):
        nonlocal last
        out = bytearray()
        for byte in data:
            if byte == 10 and last != b"\r":
                out += b"\r"
            out.append(byte)
            last = bytes([byte])
        return bytes(out)

    return change


def swap(source, target):
    return lambda data: data.replace(bytes.fromhex(source), bytes.fromhex(target))


def write(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


def main(how, *rest):
    change, command = (crlf(), rest) if how == "crlf" else (swap(*rest[:2]), rest[2:])
    child, inner = pty.fork()
    if child == 0:
        # The command finds a terminal that changes nothing, on which Ctrl-C is a signal.
        tty.setraw(0)
        modes = termios.tcgetattr(0)
        modes[3] |= termios.ISIG
        termios.tcsetattr(0, termios.TCSANOW, modes)
        os.execvp(command[0], command)
    if os.isatty(0):
        tty.setraw(0)
    while True:
        for ready in select.select([0, inner], [], [])[0]:
            try:
                data = os.read(ready, 65536)
            except OSError:
                data = b""
            if not data:
                return
            write(inner, data) if ready == 0 else write(1, change(data))


main(*sys.argv[1:])
