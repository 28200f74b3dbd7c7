def __belay_blink():
    import time
    try:
        from machine import Pin
        led = Pin("LED", Pin.OUT)
    except Exception:
        try:
            import pyb
            led = pyb.LED(1)
        except Exception:
            try:
                import board, digitalio
                led = digitalio.DigitalInOut(board.LED)
                led.switch_to_output()
            except Exception:
                return False
    for step in range(10):
        on = step % 2 == 0
        if hasattr(led, "on"):
            if on:
                led.on()
            else:
                led.off()
        else:
            led.value = on
        time.sleep(0.1)
    if hasattr(led, "deinit"):
        led.deinit()
    return True
