# The module `network` of a simulated board. The bench sets the networks (`_sim`).
import _sim

STA_IF = 0
AP_IF = 1
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_GOT_IP = 3
STAT_CONNECT_FAIL = -1
STAT_NO_AP_FOUND = -2
STAT_WRONG_PASSWORD = -3


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    # One object per interface, as on a board.
    _known = {}

    def __new__(cls, interface=STA_IF):
        wlan = cls._known.get(interface)
        if wlan is None:
            if interface not in (STA_IF, AP_IF):
                raise ValueError("invalid interface")
            wlan = cls._known[interface] = super().__new__(cls)
            wlan._active = False
            wlan._ssid = None
            wlan._status = STAT_IDLE
            wlan._polls = 0
        return wlan

    def __init__(self, interface=STA_IF):
        pass

    def active(self, *on):
        if not on:
            return self._active
        self._active = bool(on[0])
        if not self._active:
            self.disconnect()

    def _need_active(self):
        if not self._active:
            raise OSError("STA must be active")

    # Name, address, channel, signal in dBm, security, whether hidden.
    def scan(self):
        self._need_active()
        found = []
        for name, about in _sim.networks.items():
            address = bytes([2, 0, 0, 0, 0, len(found)])
            found.append((name.encode(), address, 1 + 5 * len(found) % 13, about[1], 4 if about[0] else 0, False))
        return found

    # The result appears after a few polls.
    def connect(self, ssid=None, key=None, *, bssid=None):
        self._need_active()
        self._ssid = ssid
        self._status = STAT_CONNECTING
        self._polls = 3
        about = _sim.networks.get(ssid)
        if about is None:
            self._outcome = STAT_NO_AP_FOUND
        elif about[0] and about[0] != key:
            self._outcome = STAT_WRONG_PASSWORD
        else:
            self._outcome = STAT_GOT_IP

    def disconnect(self):
        self._status = STAT_IDLE
        self._ssid = None

    def _poll(self):
        if self._status == STAT_CONNECTING:
            self._polls -= 1
            if self._polls < 0:
                self._status = self._outcome
        return self._status

    def isconnected(self):
        return self._poll() == STAT_GOT_IP

    def status(self, *what):
        if not what:
            return self._poll()
        if what[0] != "rssi":
            raise ValueError("unknown status param")
        return _sim.networks[self._ssid][1]

    def ifconfig(self, *settings):
        if self._status != STAT_GOT_IP:
            return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
        return ("192.168.4.2", "255.255.255.0", "192.168.4.1", "192.168.4.1")

    def config(self, *what, **settings):
        if what:
            return {"ssid": self._ssid or "", "essid": self._ssid or "", "mac": b"\x02\0\0\0\0\xfe", "channel": 1}[what[0]]
