# Plays a pattern on an LED.
import led


def play(pin, states):
    return [led.set(pin, state) for state in states][-1]
