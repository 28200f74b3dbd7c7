# Switches an LED.
from machine import Pin


def set(pin, state):
    led = Pin(pin, Pin.OUT)
    led.value(state)
    return "LED {} is {}".format(pin, "on" if led.value() else "off")
