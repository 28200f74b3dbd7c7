//! Tests of the simulated `machine`, from inside a board.

use super::tests::{Board, PROMPT, RAW};

/// Runs each snippet on a fresh board and compares its output.
fn cases(cases: &[(&str, &str)]) {
    let mut board = Board::raw("");
    for (code, expected) in cases {
        board.start(&format!("import machine, _sim, time\nfrom machine import *\n{code}"));
        let (output, error) = board.result();
        assert_eq!((output.as_str(), error.as_str()), (format!("{expected}\n").as_str(), ""), "{code}");
        board.send("\x04");
        board.until(RAW);
    }
}

#[test]
fn pins() {
    cases(&[
        (
            "p=Pin(2,Pin.OUT); p.on(); print(p.value(), p(), _sim.level(2)); p.toggle(); print(p(), Pin(2) is p)",
            "1 1 1\n0 True",
        ),
        (
            "p=Pin('LED',Pin.OUT,value=1); print(p, p(), Pin('GP5'), _sim.level('LED'))",
            "Pin(LED, mode=OUT) 1 Pin(GPIO5, mode=IN) 1",
        ),
        ("print(Pin(3)(), Pin(4,Pin.IN,Pin.PULL_UP)(), Pin(5,Pin.IN,Pin.PULL_DOWN)())", "0 1 0"),
        ("p=Pin(3,Pin.IN,Pin.PULL_UP); _sim.pin(3,0); print(p()); _sim.pin(3,None); print(p())", "0\n1"),
        (
            "p=Pin(3,Pin.OPEN_DRAIN); p(1); print(p()); _sim.pin(3,0); print(p()); _sim.pin(3,1); p(0); print(p())",
            "1\n0\n0",
        ),
        (
            "seen=[]\np=Pin(7,Pin.IN)\np.irq(lambda q: seen.append((q is p, q.irq().flags())), Pin.IRQ_RISING)\nprint(1)",
            "1",
        ),
        (
            "seen=[]\np=Pin(7,Pin.IN)\ni=p.irq(lambda q: seen.append(i.flags()), Pin.IRQ_RISING|Pin.IRQ_FALLING)\n\
             _sim.pin(7,1);time.sleep_ms(1);_sim.pin(7,1);_sim.pin(7,0);time.sleep_ms(1);print(seen)",
            "[1, 2]",
        ),
        (
            "seen=[]\nPin(7,Pin.IN).irq(lambda p: seen.append(p()), Pin.IRQ_FALLING, hard=True)\n_sim.pin(7,1);_sim.pin(7,0);print(seen)",
            "[0]",
        ),
        ("_sim.wire(2,3); p=Pin(2,Pin.OUT); q=Pin(3,Pin.IN); p(1); print(q()); p(0); print(q())", "1\n0"),
        (
            "s=Signal(Pin(2,Pin.OUT),invert=True); s.on(); print(_sim.level(2)); s.off(); print(_sim.level(2), s.value())",
            "0\n1 0",
        ),
        (
            "for n in ('nonsense',-1,None,3.5):\n try: Pin(n)\n except (ValueError,TypeError) as e: print(repr(e))",
            "ValueError('unknown named pin \"nonsense\"',)\nValueError('invalid pin',)\n\
             TypeError(\"can't convert NoneType to pin\",)\nTypeError(\"can't convert float to pin\",)",
        ),
        (
            "p=Pin(1,Pin.OUT); print(p.mode()==Pin.OUT, {p:1}[Pin(1)], isinstance(p,Pin)); p.init(mode=Pin.IN); print(p.mode())",
            "True 1 True\n0",
        ),
    ]);
}

#[test]
fn analog() {
    cases(&[
        (
            "a=ADC(26); print(a.read_u16(), a.read_uv()); _sim.adc(26,65535); print(a.read_u16(), a.read_uv(), a.read())",
            "32768 1650025\n65535 3300000 4095",
        ),
        ("_sim.adc(0,[1,2,3]); a=ADC(0); print([a.read_u16() for _ in range(5)])", "[1, 2, 3, 3, 3]"),
        (
            "_sim.adc(Pin(27),lambda: 9); print(ADC(Pin(27)).read_u16()); _sim.adc(27,None); print(ADC(27).read_u16())",
            "9\n32768",
        ),
        ("_sim.adc(1,99999.5); print(ADC(1).read_u16())", "65535"),
        ("try: ADC('nonsense')\nexcept ValueError as e: print(e)", "unknown named pin \"nonsense\""),
        (
            "p=PWM(Pin(15),freq=1000,duty_u16=32768); print(_sim.pwm(15), p.duty_ns()); p.duty_ns(250000); print(p.duty_u16())",
            "(1000, 32768) 500008\n16384",
        ),
        (
            "p=PWM(15); p.freq(50); p.duty_u16(100); print(p.freq(), _sim.pwm(15)); p.deinit(); print(_sim.pwm(15))",
            "50 (50, 100)\nNone",
        ),
        ("try: PWM(1,freq=1,duty_u16=70000)\nexcept ValueError as e: print(e)", "duty_u16 out of range"),
    ]);
}

#[test]
fn lights_thermometers_and_networks() {
    cases(&[
        (
            "machine.bitstream(Pin(9),0,(400,850,800,450),b'ab'); bitstream(Pin(9),0,(1,2,3,4),b'c'); print(_sim.bitstream_sent(9), _sim.bitstream_sent(9))",
            "b'abc' b''",
        ),
        (
            "import _onewire as w\np=Pin(4); print(w.reset(p), w.readbit(p)); _sim.onewire(4,{'021cb801000000':25.0625}); print(w.reset(p))\n\
             def read(n,*c):\n for b in c: w.writebyte(p,b)\n return bytes([w.readbyte(p) for _ in range(n)])\n\
             print(read(8,0x33)); w.reset(p); print(read(9,0xCC,0xBE)); w.reset(p); read(1,0xCC,0x44); w.reset(p); print(read(9,0x55,2,0x1c,0xb8,1,0,0,0,0xa2,0xBE))",
            "False 1\nTrue\nb'\\x02\\x1c\\xb8\\x01\\x00\\x00\\x00\\xa2'\nb'P\\x05KF\\x7f\\xff\\x0c\\x10\\x1c'\nb'\\x91\\x01KF\\x7f\\xff\\x0c\\x10p'",
        ),
        (
            "import network as n\ns=n.WLAN(n.STA_IF)\ntry: s.scan()\nexcept OSError as e: print(e)\n\
             _sim.wifi({'lab':('key',-40)}); s.active(True); print(s.scan()); s.connect('lab','no'); print(s.status()==n.STAT_CONNECTING)\n\
             while s.status()==n.STAT_CONNECTING: pass\nprint(s.isconnected(), s.status()==n.STAT_WRONG_PASSWORD); s.connect('lab','key')\n\
             while not s.isconnected(): pass\nprint(s.ifconfig()[0], s.status('rssi'), s is n.WLAN(n.WLAN.IF_STA)); s.disconnect(); print(s.ifconfig()[0])",
            "STA must be active\n[(b'lab', b'\\x02\\x00\\x00\\x00\\x00\\x00', 1, -40, 4, False)]\nTrue\nFalse True\n192.168.4.2 -40 True\n0.0.0.0",
        ),
    ]);
}

#[test]
fn buses() {
    cases(&[
        (
            "i=I2C(0,scl=Pin(1),sda=Pin(0)); print(i.scan()); _sim.i2c(0,0x48,b'\\x01\\x02\\x03'); print(i.scan(), i.readfrom_mem(0x48,1,2))",
            "[]\n[72] b'\\x02\\x03'",
        ),
        (
            "_sim.i2c(0,0x48,bytes(4)); i=I2C(0); i.writeto_mem(0x48,1,b'ab'); i.writeto(0x48,b'\\x03z'); print(_sim.i2c_registers(0,0x48)); i.writeto(0x48,b'\\x01'); print(i.readfrom(0x48,3))",
            "b'\\x00abz'\nb'abz'",
        ),
        (
            "_sim.i2c(1,0x76,{0xD0:0x58,0xF7:b'\\x01\\x02'}); i=I2C(1); b=bytearray(2); i.readfrom_mem_into(0x76,0xF7,b); print(b, i.readfrom_mem(0x76,0xD0,1)); i.writeto_mem(0x76,0xF8,b'\\x09'); print(_sim.i2c_registers(1,0x76)[0xF7])",
            "bytearray(b'\\x01\\x02') b'X'\nb'\\x01\\t'",
        ),
        ("_sim.i2c(0,0x50,b'abc'); print(I2C(0).readfrom_mem(0x50,1,1,addrsize=16))", "b'b'"),
        (
            "for f in (lambda i:i.readfrom(9,1), lambda i:i.writeto(9,b''), lambda i:i.readfrom_mem(9,0,1)):\n try: f(I2C(0))\n except OSError as e: print(e)",
            "[Errno 5] EIO\n[Errno 5] EIO\n[Errno 5] EIO",
        ),
        (
            "class D:\n def write(self,b): self.b=b\n def read(self,n): return bytes(reversed(self.b))\n_sim.i2c(-1,0x20,D()); i=SoftI2C(scl=Pin(1),sda=Pin(0)); print(i.writevto(0x20,[b'a',b'bc']), i.readfrom(0x20,4)); _sim.i2c(-1,0x20,None); print(i.scan())",
            "3 b'cba\\xff'\n[]",
        ),
        (
            "s=SPI(1,baudrate=1000000); print(s.read(2)); _sim.spi(1,b'\\x01\\x02\\x03'); b=bytearray(4); s.write_readinto(b'wxyz',b); print(b, s.read(1,0x55), _sim.spi_sent(1), _sim.spi_sent(1))",
            "b'\\x00\\x00'\nbytearray(b'\\x01\\x02\\x03\\x01') b'\\x02' b'wxyzU' b''",
        ),
        (
            "_sim.spi(-1,lambda w: bytes(reversed(w))); s=SoftSPI(sck=Pin(1),mosi=Pin(2),miso=Pin(3)); b=bytearray(3); s.write_readinto(b'abc',b); print(b); s.write(b'q')",
            "bytearray(b'cba')",
        ),
        (
            "u=UART(0,9600); print(u.read(), u.any()); u.write('ab\\ncd'); print(u.any(), u.readline(), u.read(1), u.read(), u.read())",
            "None 0\n5 b'ab\\n' b'c' b'd' None",
        ),
        (
            "u=UART(1); _sim.uart(1,b'in'); u.write(b'out'); b=bytearray(8); print(u.readinto(b), b[:2], u.any(), _sim.uart_sent(1), _sim.uart_sent(1))",
            "2 bytearray(b'in') 0 b'out' b''",
        ),
    ]);
}

#[test]
fn time() {
    cases(&[
        (
            "n=[]\nt=Timer(mode=Timer.PERIODIC,period=5,callback=lambda t:n.append(1))\nwhile len(n)<4: time.sleep_ms(1)\nt.deinit()\ntime.sleep_ms(20)\nk=len(n)\ntime.sleep_ms(30)\nprint(k==len(n))",
            "True",
        ),
        (
            "n=[]\nt=Timer(0)\nt.init(mode=Timer.ONE_SHOT,period=2,callback=n.append)\ntime.sleep_ms(40)\nprint(n==[t])",
            "True",
        ),
        ("n=[]\nt=Timer(freq=100,callback=lambda t:n.append(1))\nwhile len(n)<2: pass\nprint(True)", "True"),
        ("try: Timer(period=0,callback=print)\nexcept ValueError as e: print(e)", "Timer needs a period or a freq"),
        ("r=RTC(); r.datetime((2030,5,6,0,7,8,9,0)); print(r.datetime()[:6])", "(2030, 5, 6, 0, 7, 8)"),
        (
            "w=WDT(timeout=300)\nfor i in range(20):\n time.sleep_ms(25); w.feed()\nprint('fed')\nimport os\nmachine.WDT._only._timeout=10**6",
            "fed",
        ),
    ]);
}

#[test]
fn the_rest() {
    cases(&[
        (
            "print(len(unique_id()), unique_id()==unique_id(), freq()); freq(48000000); print(freq())",
            "8 True 133000000\n48000000",
        ),
        (
            "s=disable_irq(); enable_irq(s); idle(); lightsleep(1); print(reset_cause()==SOFT_RESET, len(dir(mem32))>0)",
            "True True",
        ),
        ("p=Pin(3); print(time_pulse_us(p,1,1000)); bitstream(p,0,(1,2,3,4),b'x')", "-2"),
        (
            "import sys; print(machine, sys.modules['machine'] is machine, 'I2C' in dir(machine), hasattr(machine,'nonsense'))",
            "<module 'machine' from '/.sim/machine.py'> True True False",
        ),
        ("import os; print(os.listdir('/'), sys.path if 'sys' in globals() else 0)", "[] 0"),
    ]);
}

#[test]
fn a_board_that_resets_itself_restarts_in_the_friendly_mode() {
    fn case(code: &str, cause: &str, name: &str) {
        let mut board = Board::raw("");
        board.write_file("boot.py", "import machine\nprint('cause', machine.reset_cause())\n");
        board.write_file("main.py", "print('main')\n");
        board.start(&format!("import machine, time\n{code}"));
        let text = board.until(PROMPT);
        let expected = format!("rst:0x{cause} ({name}),boot:0x0 (SIMULATED)\r\ncause {cause}\r\nmain\r\nMicroPython ");
        assert!(text.starts_with(&expected), "{code}: {text:?}");
        board.send("\x01");
        board.until(RAW);
        assert_eq!(board.exec("import os; print(os.listdir())"), "['boot.py', 'main.py']\n");
    }
    case("machine.reset()", "2", "SW_RESET");
    case("machine.WDT(timeout=30)\nwhile True: pass", "3", "WDT_RESET");
    case("machine.deepsleep(5)", "4", "DEEPSLEEP_RESET");
    case("try:\n  while True:\n    try: machine.reset()\n    except: pass\nfinally: pass", "2", "SW_RESET");
}

#[test]
fn a_board_knows_its_name_and_reset_cause() {
    let mut first = Board::raw("one");
    let code = "import machine; print(machine.unique_id().hex(), machine.reset_cause())";
    let output = first.exec(code);
    assert!(output.ends_with(" 1\n"), "{output}");
    assert_ne!(output, Board::raw("two").exec(code));
    assert_eq!(output, Board::raw("one").exec(code));
}

#[test]
fn a_small_heap_has_room_for_machine() {
    let mut board = Board::raw("?heap=74k");
    let free = "import gc; gc.collect(); print(gc.mem_free())";
    let before: u32 = board.exec(free).trim().parse().unwrap();
    board.exec("from machine import Pin, ADC; ADC(26).read_u16()");
    let core: u32 = board.exec(free).trim().parse().unwrap();
    board.exec("from machine import I2C, PWM, Timer");
    let all: u32 = board.exec(free).trim().parse().unwrap();
    assert!(before > 50_000 && core > 35_000 && all > 20_000, "{before} {core} {all}");
}
