# Timer, RTC and WDT for the simulated `machine`.
#
# A thread keeps the time. This MicroPython has no lock around its virtual machine, so the thread only sleeps, reads
# variables that others assign, and hands calls to the scheduler, which runs them on the main thread while code runs or
# sleeps there.
import _thread, machine, micropython, time

# Longest sleep of a thread before it checks whether it is still needed.
SLICE = 20


# Sleeps until `end`; False if the timer was stopped or restarted meanwhile.
def _wait(timer, turn, end):
    while timer._turn == turn:
        left = time.ticks_diff(end, time.ticks_ms())
        if left <= 0:
            return True
        time.sleep_ms(left if left < SLICE else SLICE)
    return False


def _keep_time(timer, turn):
    end = time.ticks_add(time.ticks_ms(), timer._period)
    while _wait(timer, turn, end):
        # A pending call is not scheduled again: the queue is short.
        if not timer._waiting:
            timer._waiting = True
            try:
                micropython.schedule(timer._fire, turn)
            except RuntimeError:
                timer._waiting = False
        if timer._mode == Timer.ONE_SHOT:
            return
        end = time.ticks_add(end, timer._period)


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        self._id = id
        self._turn = 0
        self._waiting = False
        self._callback = None
        self._fire = self._call
        if settings:
            self.init(**settings)

    def init(self, *, mode=1, period=-1, freq=-1, callback=None, hard=False, tick_hz=1000):
        self.deinit()
        if freq > 0:
            period = 1000 / freq
        elif period > 0:
            period = period * 1000 // tick_hz
        else:
            raise ValueError("Timer needs a period or a freq")
        self._period = max(1, int(period))
        self._mode = mode
        self._callback = callback
        _thread.start_new_thread(_keep_time, (self, self._turn))

    # The thread of an earlier start ends by itself.
    def deinit(self):
        self._callback = None
        self._waiting = False
        self._turn += 1

    def _call(self, turn):
        self._waiting = False
        if turn == self._turn and self._callback is not None:
            self._callback(self)


class RTC:
    _ahead = 0

    def __init__(self, id=0, **settings):
        pass

    def datetime(self, *when):
        if not when:
            now = time.localtime(time.time() + RTC._ahead)
            return (now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0)
        year, month, day, _, hour, minute, second = when[0][:7]
        RTC._ahead = int(time.mktime((year, month, day, hour, minute, second, 0, 0, -1)) - time.time())

    def init(self, when):
        year, month, day = when[:3]
        hour, minute, second = (tuple(when[3:6]) + (0, 0, 0))[:3]
        self.datetime((year, month, day, 0, hour, minute, second, 0))

    def now(self):
        now = self.datetime()
        return (now[0], now[1], now[2], now[4], now[5], now[6], 0, None)


def _watch(dog):
    while True:
        left = dog._timeout - time.ticks_diff(time.ticks_ms(), dog._fed)
        if left <= 0:
            machine._end(b"W")
        time.sleep_ms(max(1, min(left, SLICE)))


class WDT:
    _only = None

    def __init__(self, id=0, timeout=5000):
        if timeout <= 0:
            raise ValueError("timeout out of range")
        self._timeout = timeout
        self._fed = time.ticks_ms()
        # It cannot be stopped; creating it again changes the timeout.
        if WDT._only is None:
            WDT._only = self
            _thread.start_new_thread(_watch, (self,))
        else:
            WDT._only._timeout = timeout
            WDT._only._fed = self._fed

    def feed(self):
        WDT._only._fed = time.ticks_ms()
