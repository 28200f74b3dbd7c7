# Pins of the simulated `machine`. The bench drives them from outside (`_sim`).
import micropython
import _sim
from _sim_board import INPUTS
from _sim_pin_id import among, pin_id
from umachine import PinBase


class _Interrupt:
    def __init__(self, pin):
        self._pin = pin
        self._flags = 0

    def trigger(self, *trigger):
        if trigger:
            self._pin._trigger = trigger[0]
        return self._pin._trigger

    def flags(self):
        return self._flags


class Pin(PinBase):
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    ALT = 3
    ANALOG = 4
    PULL_UP = 1
    PULL_DOWN = 2
    PULL_HOLD = 4
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3
    IRQ_RISING = 1
    IRQ_FALLING = 2
    IRQ_LOW_LEVEL = 4
    IRQ_HIGH_LEVEL = 8

    # One object per pin, as on a board.
    def __new__(cls, id, *rest, **named):
        name = pin_id(id)
        pin = _sim.pins.get(name)
        if pin is None:
            pin = super().__new__(cls)
            pin._id = name
            pin._mode = cls.IN
            pin._pull = None
            pin._out = 0
            pin._outside = None
            pin._handler = None
            pin._trigger = 0
            pin._hard = False
            pin._interrupt = None
            pin._wired = ()
            _sim.pins[name] = pin
        return pin

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, alt=None):
        if mode != -1 or pull != -1 or value is not None:
            self.init(mode, pull, value=value)

    def __repr__(self):
        mode = ("IN", "OUT", "OPEN_DRAIN", "ALT", "ANALOG")[self._mode]
        name = self._id
        return "Pin(" + (name if isinstance(name, str) else "GPIO" + str(name)) + ", mode=" + mode + ")"

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, alt=None):
        before = self._level()
        # Set the value first, so that an output does not start with a pulse.
        if value is not None:
            self._out = 1 if value else 0
        if mode is not None and mode != -1:
            if mode not in (0, 1, 2, 3, 4):
                raise ValueError("invalid pin mode")
            if mode in (1, 2) and isinstance(self._id, int) and among(self._id, INPUTS):
                raise ValueError("pin can only be input")
            self._mode = mode
        if pull != -1:
            self._pull = pull
        self._changed(before)

    # The level at the pin.
    def _level(self):
        if self._mode == 1 or (self._mode == 2 and not self._out):
            return self._out
        if self._outside is not None:
            return self._outside
        return 1 if self._mode == 2 or self._pull == 1 else 0

    def _drive(self, level):
        before = self._level()
        self._outside = None if level is None else 1 if level else 0
        self._changed(before)

    def _changed(self, before):
        now = self._level()
        if now == before:
            return
        if self._wired:
            self._spread()
        edge = 1 if now else 2
        if self._handler is not None and self._trigger & edge:
            self._interrupt._flags = edge
            if self._hard:
                self._handler(self)
            else:
                try:
                    micropython.schedule(self._handler, self)
                except RuntimeError:
                    # As on a board: too many at once are lost.
                    pass

    def _spread(self):
        level = self._level()
        for target in self._wired:
            if target._outside != level:
                target._drive(level)

    def value(self, *value):
        if not value:
            return self._level()
        before = self._level()
        self._out = 1 if value[0] else 0
        self._changed(before)

    __call__ = value

    def on(self):
        self.value(1)

    high = on

    def off(self):
        self.value(0)

    low = off

    def toggle(self):
        self.value(not self._out)

    def mode(self, *mode):
        if not mode:
            return self._mode
        self.init(mode[0])

    def pull(self, *pull):
        if not pull:
            return self._pull
        self.init(pull=pull[0])

    def irq(self, handler=None, trigger=3, *, priority=1, wake=None, hard=False):
        if self._interrupt is None:
            self._interrupt = _Interrupt(self)
        self._trigger = trigger
        self._hard = hard
        self._handler = handler
        return self._interrupt
