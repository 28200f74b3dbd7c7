# Which pins a simulated board has, and their names.
from _sim_board import NAME, NAMES, NUMBER, PINS, PREFIX
from umachine import PinBase


def among(number, ranges):
    for first, end in ranges:
        if first <= number < end:
            return True
    return False


# The internal name of a pin with this name or number.
def pin_id(name):
    if isinstance(name, PinBase):
        return name._id
    if isinstance(name, int):
        if among(name, PINS):
            return name
        raise ValueError(NUMBER.format(name))
    if isinstance(name, str):
        if name in NAMES:
            return NAMES[name]
        digits = name.lstrip("GPIOD") if PREFIX is None else name[len(PREFIX) :] if name.startswith(PREFIX) else ""
        if digits.isdigit() and len(digits) < 4 and among(int(digits), PINS):
            return int(digits)
        raise ValueError(NAME.format(name))
    raise TypeError("can't convert " + type(name).__name__ + " to pin")
