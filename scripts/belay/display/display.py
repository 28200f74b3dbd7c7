# A display of 160 x 80 dots with an ST7735S, at the pins of a Pico: a frame buffer that is sent as a whole.
from framebuf import RGB565, FrameBuffer
from machine import SPI, Pin


class Display(FrameBuffer):
    WIDTH = 160
    HEIGHT = 80

    def __init__(self):
        self.buffer = bytearray(2 * self.WIDTH * self.HEIGHT)
        super().__init__(self.buffer, self.WIDTH, self.HEIGHT, RGB565)
        self.select = Pin(9, Pin.OUT, value=1)
        self.is_data = Pin(8, Pin.OUT)
        self.bus = SPI(1, baudrate=10_000_000, sck=Pin(10), mosi=Pin(11), miso=None)
        # Out of sleep, inverted colours, 16 bits a dot, turned by 90 degrees, on.
        for command, data in ((0x11, b""), (0x21, b""), (0x3A, b"\x05"), (0x36, b"\xa8"), (0x29, b"")):
            self.send(command, data)

    def send(self, command, data):
        self.select(0)
        self.is_data(0)
        self.bus.write(bytes((command,)))
        self.is_data(1)
        self.bus.write(data)
        self.select(1)

    # Sends the buffer; returns how many dots are not black.
    def show(self):
        self.send(0x2A, bytes((0, 1, 0, self.WIDTH)))
        self.send(0x2B, bytes((0, 26, 0, self.HEIGHT + 25)))
        self.send(0x2C, self.buffer)
        lit = 0
        for at in range(0, len(self.buffer), 2):
            lit += self.buffer[at] != 0 or self.buffer[at + 1] != 0
        return lit
