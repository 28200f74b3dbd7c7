//! Tests of profiles over the raw REPL of each kind of board.

use super::profile::PROFILES;
use super::tests::Board;

/// The output of `code`, or the last line of its traceback.
#[track_caller]
fn says(board: &mut Board, code: &str) -> String {
    board.start(code);
    let (output, error) = board.result();
    let last = error.lines().last().unwrap_or_default();
    format!("{output}{last}").trim_end().to_owned()
}

fn cases(board: &str, cases: &[(&str, &str)]) {
    let mut port = Board::raw(&format!("?board={board}"));
    says(&mut port, "import machine, os, sys, gc\nfrom machine import Pin, ADC, I2C, SPI, UART");
    for (code, expected) in cases {
        assert_eq!(says(&mut port, code), *expected, "{board}: {code}");
    }
}

#[test]
fn every_profile_identifies_itself() {
    for profile in PROFILES {
        let mut board = Board::raw(&format!("?board={}", profile.name));
        if !profile.platform.is_empty() {
            assert_eq!(says(&mut board, "import sys; print(sys.platform)"), profile.platform);
            assert_eq!(says(&mut board, "print(sys.implementation._machine)"), profile.machine);
            assert_eq!(says(&mut board, "print(sys.implementation._build)"), profile.build);
            assert_eq!(says(&mut board, "import os; print(os.uname().sysname)"), profile.platform);
            assert_eq!(says(&mut board, "print(os.uname().machine)"), profile.machine);
        }
        assert_eq!(says(&mut board, "import sys; print(sys.implementation.name)"), "micropython");
        assert_eq!(says(&mut board, "import machine; print(len(machine.unique_id()))"), profile.id.to_string());
        assert_eq!(says(&mut board, "print(machine.freq())"), profile.frequency.to_string());
        let blocks = says(&mut board, "import os; s = os.statvfs('/'); print(s[0] * s[2])");
        assert_eq!(blocks, profile.flash.to_string(), "{}", profile.name);
        if let Some(heap) = profile.heap {
            let free: u64 = says(&mut board, "import gc; gc.collect(); print(gc.mem_free())").parse().unwrap();
            assert!(free < heap + 48 * 1024 && free > heap / 2, "{}: {free} of {heap}", profile.name);
        }
        for module in profile.lacks {
            let error = says(&mut board, &format!("import {module}"));
            assert_eq!(error, format!("ImportError: no module named '{module}'"), "{}", profile.name);
        }
        for module in profile.frozen {
            assert_eq!(says(&mut board, &format!("import {module}; print({module}.__name__)")), *module);
        }
        // As on a board: its own timers work without threads for programs.
        let timer = "from machine import Timer\nn = []\nt = Timer(-1, mode=Timer.ONE_SHOT, period=1, callback=lambda t: n.append(1))\n\
                     import time\nwhile not n: time.sleep_ms(1)\nprint(n)";
        assert_eq!(says(&mut board, timer), "[1]", "{}", profile.name);
    }
}

#[test]
fn a_pico_has_its_pins_and_buses() {
    let pins = [
        ("print(Pin(29).value(), Pin('GP25') is Pin(25))", "0 True"),
        ("Pin(30)", "ValueError: invalid pin"),
        ("Pin(99)", "ValueError: invalid pin"),
        ("Pin('GP99')", "ValueError: unknown named pin \"GP99\""),
        ("Pin('X1')", "ValueError: unknown named pin \"X1\""),
        ("print(ADC(26).read_u16(), ADC(Pin(27)), ADC(4).read_u16())", "32768 ADC(27) 32768"),
        ("import _sim; _sim.adc(26, 5); print(ADC(0).read_u16())", "5"),
        ("ADC(5)", "ValueError: invalid channel"),
        ("ADC(Pin(2))", "ValueError: Pin doesn't have ADC capabilities"),
        ("I2C(2)", "ValueError: I2C(2) doesn't exist"),
        ("SPI(2)", "ValueError: SPI(2) doesn't exist"),
        ("UART(2)", "ValueError: UART(2) doesn't exist"),
        ("print(I2C(0), SPI(1), UART(1))", "I2C(0, freq=400000) SPI(1, baudrate=1000000) UART(1, baudrate=115200)"),
    ];
    cases(
        "pico",
        &[
            &pins[..],
            &[
                ("print(Pin('LED') is Pin(25))", "True"),
                ("Pin('WL_GPIO0')", "ValueError: unknown named pin \"WL_GPIO0\""),
            ],
        ]
        .concat(),
    );
    cases(
        "pico-w",
        &[&pins[..], &[("print(Pin('LED') is Pin('WL_GPIO0'), Pin('LED') is Pin(25))", "True False")]].concat(),
    );
}

#[test]
fn an_esp32_has_its_pins_and_buses() {
    cases(
        "esp32",
        &[
            ("print(Pin(39, Pin.IN).value())", "0"),
            ("Pin(34, Pin.OUT)", "ValueError: pin can only be input"),
            ("Pin(6)", "ValueError: invalid pin"),
            ("Pin(99)", "ValueError: invalid pin"),
            ("Pin('LED')", "ValueError: invalid pin"),
            ("print(ADC(Pin(34)), ADC(36))", "ADC(34) ADC(36)"),
            ("ADC(5)", "ValueError: invalid channel"),
            ("SPI(0)", "ValueError: SPI(0) doesn't exist"),
            ("print(SPI(2), UART(2))", "SPI(2, baudrate=1000000) UART(2, baudrate=115200)"),
            ("I2C(2)", "ValueError: I2C(2) doesn't exist"),
        ],
    );
}

#[test]
fn an_esp8266_is_small_and_has_no_threads() {
    cases(
        "esp8266",
        &[
            ("print(Pin(16).value())", "0"),
            ("Pin(7)", "ValueError: invalid pin"),
            ("Pin(99)", "ValueError: invalid pin"),
            ("print(ADC(0).read())", "2048"),
            ("ADC(1)", "ValueError: invalid channel"),
            ("import _thread", "ImportError: no module named '_thread'"),
        ],
    );
}

#[test]
fn a_pyboard_has_named_pins() {
    cases(
        "pyboard",
        &[
            ("print(Pin('X1').value(), Pin('LED_BLUE').value())", "0 0"),
            ("Pin('X13')", "ValueError: Pin(X13) doesn't exist"),
            ("Pin(99)", "ValueError: Pin(99) doesn't exist"),
            ("print(ADC('X19').read(), ADC(Pin('X1')))", "2048 ADC(X1)"),
            ("ADC('Y1')", "ValueError: invalid channel"),
            ("print(I2C('X'), UART(6))", "I2C(X, freq=400000) UART(6, baudrate=115200)"),
            ("I2C(0)", "ValueError: I2C(0) doesn't exist"),
            ("import neopixel", "ImportError: no module named 'neopixel'"),
        ],
    );
}

#[test]
fn a_file_takes_precedence_over_a_frozen_driver() {
    let mut board = Board::raw("");
    let lights = "from machine import Pin\nimport neopixel, _sim\nl = neopixel.NeoPixel(Pin(9), 2)\nl[0] = (1, 2, 3)\nl[1] = (4, 5, 6)\n\
                  l.write()\nprint(_sim.bitstream_sent(9), l[0], len(l))\nl.fill((7, 8, 9))\nl.write()\nprint(_sim.bitstream_sent(9))";
    assert_eq!(
        says(&mut board, lights),
        "b'\\x02\\x01\\x03\\x05\\x04\\x06' (1, 2, 3) 2\nb'\\x08\\x07\\t\\x08\\x07\\t'"
    );
    let thermometers = "import onewire, ds18x20\n_sim.onewire(4, {'28000000000001': 21.5, '28000000000002': -3.25, '10000000000007': 1})\n\
                        d = ds18x20.DS18X20(onewire.OneWire(Pin(4)))\nroms = d.scan()\nd.convert_temp()\n\
                        print(sorted([d.read_temp(r) for r in roms]), len(set([bytes(r) for r in roms])))";
    assert_eq!(says(&mut board, thermometers), "[-3.25, 1.0, 21.5] 3");
    let climate = "import dht\n_sim.dht(5, -2.5, 40.5)\ns = dht.DHT22(Pin(5))\ns.measure()\nprint(s.temperature(), s.humidity())\n\
                   _sim.dht(6, 21, 40)\ns = dht.DHT11(Pin(6))\ns.measure()\nprint(s.temperature(), s.humidity())";
    assert_eq!(says(&mut board, climate), "-2.5 40.5\n21 40");
    assert!(says(&mut board, "dht.DHT22(Pin(7)).measure()").starts_with("OSError: [Errno 110]"));
    board.write_file("neopixel.py", "OWN = 1\n");
    board.send("\x04");
    board.until(super::tests::RAW);
    assert_eq!(says(&mut board, "import neopixel; print(neopixel.OWN)"), "1");
}

#[test]
fn signals_and_pulses() {
    let mut board = Board::raw("");
    let code = "import machine, _sim, _thread, time\nfrom machine import Pin, PinBase, Signal, time_pulse_us\n\
                print(isinstance(Pin(1), PinBase))\ns = Signal(Pin(2, Pin.OUT), invert=True)\ns.on()\nprint(Pin(2).value(), s.value(), s())\n\
                s.off()\nprint(Pin(2).value())\ns = Signal(3, Pin.OUT, invert=True)\ns(1)\nprint(_sim.level(3))";
    assert_eq!(says(&mut board, code), "True\n0 1 1\n1\n0");
    let code = "p = Pin(4, Pin.IN)\nprint(time_pulse_us(p, 1, 1000))\n_sim.pin(4, 1)\nprint(time_pulse_us(p, 1, 1000))";
    assert_eq!(says(&mut board, code), "-2\n-1");
    let code = "_sim.wire(8, 4)\no = Pin(8, Pin.OUT, value=0)\ndef pulse():\n    time.sleep_ms(20)\n    o.on()\n    time.sleep_ms(10)\n    o.off()\n\
                _thread.start_new_thread(pulse, ())\nprint(5000 < time_pulse_us(p, 1) < 500000)";
    assert_eq!(says(&mut board, code), "True");
    assert_eq!(says(&mut board, "time_pulse_us(4, 1)"), "TypeError: expecting a Pin");
}

#[cfg(target_os = "linux")]
mod input {
    use super::*;
    use crate::port::sim::profile::Profile;

    const READ: &str = "import sys, time, select\np = select.poll()\np.register(sys.stdin, 1)\nprint('go')\n";

    fn read_later(profile: &Profile, typed: &[&str]) -> String {
        let mut board = Board::raw(&format!("?board={}", profile.name));
        board.start(&format!(
            "{READ}time.sleep(0.7)\nt = ''\nwhile p.poll(200): t += sys.stdin.read(1)\nprint(len(t), t[:3], t[-3:])"
        ));
        board.until("go\r\n");
        for text in typed {
            board.send(text);
        }
        board.result().0
    }

    #[test]
    fn unread_input_is_lost_on_a_uart_and_held_back_on_usb() {
        let text = format!("abc{}xyz", "-".repeat(1018));
        for profile in PROFILES.iter().filter(|profile| profile.name != "generic") {
            let read = read_later(profile, &[&text]);
            let expected = match profile.name {
                "esp32" => "259 abc ---\n",
                "esp8266" => "255 abc ---\n",
                _ => "1024 abc xyz\n",
            };
            assert_eq!(read, expected, "{}", profile.name);
        }
        // What fits is kept, whatever the pieces.
        let esp8266 = Profile::named("esp8266").unwrap();
        assert_eq!(read_later(esp8266, &["abc", &"-".repeat(249), "xyz"]), "255 abc xyz\n");
    }

    #[test]
    fn input_read_in_time_is_not_lost() {
        let mut board = Board::raw("?board=esp8266");
        board.start(&format!("{READ}t = ''\nwhile len(t) < 3000: t += sys.stdin.read(1)\nprint(len(t), t[-3:])"));
        board.until("go\r\n");
        board.send(&format!("{}xyz", "-".repeat(2997)));
        assert_eq!(board.result().0, "3000 xyz\n");
    }

    #[test]
    fn an_interrupt_bypasses_the_buffer() {
        let mut board = Board::raw("?board=esp32");
        board.start("print('go')\nwhile True: pass");
        board.until("go\r\n");
        board.send(&format!("{}\x03", "x".repeat(2000)));
        let (_, error) = board.result();
        assert!(error.contains("KeyboardInterrupt"), "{error}");
    }
}
